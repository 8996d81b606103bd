// Subscribers that cost next to nothing, so that a server's limit shows and not theirs: plain
// TCP connections that count the messages in the frames that come, and acknowledge them as
// our client does.
import { ByteWriter } from "../../protocol/mod.ts";
import {
  MUX_VERSION,
  RECORD_COST_BYTES,
  RecordReader,
  type RecordSink,
  RecordWriter,
} from "../../websocket/mod.ts";
import { encodeControl } from "../../websocket/mux/control_message.ts";

/** What is spoken in the WebSocket's messages. */
export type Dialect = "plain" | "mux" | "socket.io";

const WINDOW_BYTES = 262_144;
const READ_BYTES = 32_768;
const ACK_BATCH = 256;
const ACK_DELAY_MS = 1_000;
const TEXT = 0x1;
const BINARY = 0x2;
const LENGTH_16 = 126;
const LENGTH_64 = 127;
const MASKED = 0x80;
/** What packets of Socket.IO begin with: its transport is open, we are, an event. */
const OPENED = 0x30;
const CONNECTED = "40";
const EVENT_DIGIT = 0x32;

/** Subscribers of one server. */
export class Subscribers {
  readonly #all: Subscriber[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  #wanted = Infinity;
  #count = 0;
  #onReached: () => void = () => {};

  private constructor() {
    this.#timer = setInterval(() => {
      for (const subscriber of this.#all) subscriber.acknowledge();
    }, ACK_DELAY_MS);
  }

  static async connect(
    port: number,
    count: number,
    dialect: Dialect,
  ): Promise<Subscribers> {
    const subscribers = new Subscribers();
    for (let i = 0; i < count; i++) {
      subscribers.#all.push(
        await Subscriber.connect(port, dialect, (n) => subscribers.#add(n)),
      );
    }
    await Promise.all(subscribers.#all.map(({ ready }) => ready));
    return subscribers;
  }

  get size(): number {
    return this.#all.length;
  }

  /** Resolves when so many messages have come, all together, after this call. */
  expect(count: number): Promise<void> {
    this.#count = 0;
    this.#wanted = count;
    return new Promise((resolve) => this.#onReached = resolve);
  }

  close(): void {
    clearInterval(this.#timer);
    for (const subscriber of this.#all) subscriber.close();
  }

  #add(count: number): void {
    this.#count += count;
    if (this.#count < this.#wanted) return;
    this.#wanted = Infinity;
    this.#onReached();
  }
}

class Subscriber {
  /** Resolves when it gets what is published. */
  readonly ready: Promise<void>;
  readonly #conn: Deno.Conn;
  readonly #dialect: Dialect;
  readonly #onMessages: (count: number) => void;
  readonly #buffer = new Uint8Array(READ_BYTES);
  /** Bytes of a frame that is not whole. */
  #held = new Uint8Array(0);
  #onReady: () => void = () => {};
  readonly #reader = new RecordReader();
  readonly #sink: RecordSink;
  readonly #frame = new ByteWriter({ maxBytes: 125 });
  readonly #records = new RecordWriter(this.#frame);
  #messages = 0;
  #channel = 0;
  #isExactlyOnce = false;
  #sequenced = 0;
  #acked = 0;
  #cost = 0;
  #limit = WINDOW_BYTES;

  private constructor(
    conn: Deno.Conn,
    dialect: Dialect,
    onMessages: (count: number) => void,
  ) {
    this.#conn = conn;
    this.#dialect = dialect;
    this.#onMessages = onMessages;
    this.ready = new Promise((resolve) => this.#onReady = resolve);
    this.#sink = this.#makeSink();
  }

  static async connect(
    port: number,
    dialect: Dialect,
    onMessages: (count: number) => void,
  ): Promise<Subscriber> {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    const path = dialect === "socket.io"
      ? "/socket.io/?EIO=4&transport=websocket"
      : "/";
    await conn.write(new TextEncoder().encode(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
        "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
        "Sec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ));
    const subscriber = new Subscriber(conn, dialect, onMessages);
    // A byte at a time, as frames may follow at once.
    const byte = new Uint8Array(1);
    let head = "";
    while (!head.endsWith("\r\n\r\n")) {
      if (await conn.read(byte) === null) break;
      head += String.fromCharCode(byte[0]!);
    }
    if (!head.startsWith("HTTP/1.1 101")) {
      throw new Error(
        `Cannot subscribe as the server must switch to the WebSocket: current answer is "${
          head.split("\r\n")[0]
        }"`,
      );
    }
    void subscriber.#read();
    if (dialect === "plain") subscriber.#onReady();
    if (dialect === "mux") {
      subscriber.#records.hello({
        minVersion: MUX_VERSION,
        maxVersion: MUX_VERSION,
        canDeflate: false,
        session: undefined,
        received: 0,
        maxFrameBytes: 65_536,
        maxMessageBytes: 1_048_576,
        windowBytes: WINDOW_BYTES,
      });
      subscriber.#flush();
    }
    return subscriber;
  }

  close(): void {
    this.#conn.close();
  }

  /** Tells the hub what was taken. */
  acknowledge(): void {
    if (this.#sequenced === this.#acked) return;
    this.#acked = this.#sequenced;
    this.#records.ack(this.#acked);
    this.#flush();
  }

  async #read(): Promise<void> {
    try {
      for (let length; (length = await this.#conn.read(this.#buffer));) {
        this.#take(this.#buffer.subarray(0, length));
      }
    } catch {
      // It was closed, by whichever end.
    }
  }

  #take(chunk: Uint8Array<ArrayBuffer>): void {
    let bytes = chunk;
    if (this.#held.length > 0) {
      bytes = new Uint8Array(this.#held.length + chunk.length);
      bytes.set(this.#held);
      bytes.set(chunk, this.#held.length);
    }
    let at = 0;
    this.#messages = 0;
    while (at + 2 <= bytes.length) {
      let length = bytes[at + 1]!;
      let start = at + 2;
      if (length === LENGTH_16) {
        if (start + 2 > bytes.length) break;
        length = bytes[start]! << 8 | bytes[start + 1]!;
        start += 2;
      } else if (length === LENGTH_64) {
        if (start + 8 > bytes.length) break;
        length = bytes[start + 5]! << 16 | bytes[start + 6]! << 8 |
          bytes[start + 7]!;
        start += 8;
      }
      const end = start + length;
      if (end > bytes.length) break;
      const opcode = bytes[at]! & 0x0f;
      if (opcode === TEXT || opcode === BINARY) {
        this.#onFrame(bytes, start, end);
      }
      at = end;
    }
    this.#held = bytes.slice(at);
    if (this.#sequenced - this.#acked >= ACK_BATCH) this.acknowledge();
    if (this.#isExactlyOnce) this.#grant();
    if (this.#messages > 0) this.#onMessages(this.#messages);
  }

  #onFrame(bytes: Uint8Array, start: number, end: number): void {
    switch (this.#dialect) {
      case "plain":
        this.#messages++;
        return;
      case "mux":
        this.#reader.read(bytes.subarray(start, end), this.#sink);
        return;
      case "socket.io":
        if (bytes[start] === OPENED) {
          this.#write(TEXT, new TextEncoder().encode(CONNECTED));
        } else if (bytes[start + 1] === EVENT_DIGIT) this.#messages++;
        else this.#onReady();
    }
  }

  #makeSink(): RecordSink {
    const sink: Partial<RecordSink> = {
      welcome: () => {
        this.#records.control(encodeControl({
          type: "subscribe",
          request: 1,
          channel: "news",
          history: 0,
          withPresence: false,
        }));
        this.#flush();
        return true;
      },
      control: () => {
        this.#sequenced++;
        this.#onReady();
        return true;
      },
      open: ({ channel, delivery }) => {
        this.#channel = channel;
        this.#isExactlyOnce = delivery === 0;
        return true;
      },
      ack: () => true,
      ping: (buffer, start, end) => {
        this.#records.pong(buffer.subarray(start, end));
        this.#acked = this.#sequenced;
        this.#records.ack(this.#acked);
        this.#flush();
        return true;
      },
      data: (_channel, _flags, _request, _buffer, start, end) => {
        this.#messages++;
        if (this.#isExactlyOnce) {
          this.#sequenced++;
          this.#cost += end - start + RECORD_COST_BYTES;
        }
        return true;
      },
    };
    return sink as RecordSink;
  }

  #grant(): void {
    const limit = this.#cost + WINDOW_BYTES;
    if (limit - this.#limit < WINDOW_BYTES / 2) return;
    this.#limit = limit;
    this.#records.credit(this.#channel, limit);
    this.#flush();
  }

  #flush(): void {
    this.#write(BINARY, this.#frame.view());
    this.#frame.reset();
  }

  #write(opcode: number, payload: Uint8Array): void {
    // A mask of zeros changes nothing.
    const frame = new Uint8Array(6 + payload.length);
    frame[0] = 0x80 | opcode;
    frame[1] = MASKED | payload.length;
    frame.set(payload, 6);
    // Short, and the kernel's buffer is empty: it goes as a whole.
    this.#conn.write(frame).catch(() => {});
  }
}

// A subscriber that takes in nothing: a TCP connection that says what it must, and reads no more.
import { ByteWriter } from "../../protocol/mod.ts";
import { MUX_VERSION, RecordWriter } from "../mod.ts";
import { encodeControl } from "../mux/control_message.ts";

const BINARY = 0x82;
const MASKED = 0x80;
/** What the answer to the upgrade has before the hub's first frame. */
const HEAD_END = "\r\n\r\n";

/**
 * Subscribes to a channel and reads no further.
 *
 * @returns The connection.
 */
export async function subscribeAndStall(
  port: number,
  channel: string,
): Promise<Deno.Conn> {
  const conn = await Deno.connect({ hostname: "127.0.0.1", port });
  await conn.write(new TextEncoder().encode(
    `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
      "Upgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  ));
  // A byte at a time, as nothing behind it may be lost.
  const byte = new Uint8Array(1);
  for (let head = ""; !head.endsWith(HEAD_END);) {
    if (await conn.read(byte) === null) throw new Error(`Refused: ${head}`);
    head += String.fromCharCode(byte[0]!);
  }
  await write(conn, (records) => {
    records.hello({
      minVersion: MUX_VERSION,
      maxVersion: MUX_VERSION,
      canDeflate: false,
      session: undefined,
      received: 0,
      maxFrameBytes: 65_536,
      maxMessageBytes: 1_048_576,
      windowBytes: 262_144,
    });
  });
  const answer = new Uint8Array(1_024);
  await conn.read(answer);
  await write(conn, (records) => {
    records.control(encodeControl({
      type: "subscribe",
      request: 1,
      channel,
      history: 0,
      withPresence: false,
    }));
  });
  await conn.read(answer);
  return conn;
}

async function write(
  conn: Deno.Conn,
  fill: (records: RecordWriter) => void,
): Promise<void> {
  const payload = new ByteWriter({ maxBytes: 125 });
  fill(new RecordWriter(payload));
  // A mask of zeros changes nothing.
  const frame = new Uint8Array(6 + payload.length);
  frame[0] = BINARY;
  frame[1] = MASKED | payload.length;
  frame.set(payload.view(), 6);
  await conn.write(frame);
}

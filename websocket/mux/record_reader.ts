// This module is browser compatible.
import {
  ByteReader,
  MAX_CLOSE_REASON_BYTES,
  type ReadError,
} from "../../protocol/mod.ts";
import {
  type Bye,
  DataFlag,
  type Delivery,
  type Hello,
  isCloseCode,
  MAX_CHANNEL,
  MAX_CONTROL_BYTES,
  MAX_DURATION_MS,
  MAX_FRAME_BYTES,
  MAX_HELD_US,
  MAX_MESSAGE_BYTES,
  MAX_NAME_BYTES,
  MAX_PING_BYTES,
  MAX_PRIORITY,
  MAX_WINDOW_BYTES,
  MIN_FRAME_BYTES,
  type Open,
  RecordType,
  type Refuse,
  SESSION_ID_BYTES,
  type Welcome,
} from "./record.ts";

/**
 * Why a frame was not read to its end.
 *
 * - `empty`: a frame without a record.
 * - `unknownType`: a record of no type that there is.
 * - `truncated`: the frame ends inside a record.
 * - `overlong`: a varint that has shorter bytes.
 * - `range`: a number or a length that is not allowed.
 * - `utf8`: text that is not UTF-8.
 * - `flags`: reserved bits that are set, or flags that do not go together.
 * - `stopped`: the sink returned `false`.
 */
export type RecordError =
  | "empty"
  | "unknownType"
  | "truncated"
  | "overlong"
  | "range"
  | "utf8"
  | "flags"
  | "stopped";

/**
 * Takes the records of a frame, in their order: one method for each type. Each
 * returns whether to go on; after `false` the rest of the frame is not read.
 *
 * Bytes are given as a range of the frame, and are the caller's only during the
 * call. Objects, and the session ids in them, belong to the sink.
 */
export interface RecordSink {
  /**
   * Takes a message or a fragment of one.
   *
   * @param channel The number of its channel: 1 to 65535.
   * @param flags Bits of `DataFlag`.
   * @param request With `HasRequest` 2n for the request n, 2n + 1 for the reply to
   * it; 0 without.
   * @param buffer The frame.
   * @param start Where the bytes begin in it.
   * @param end Where they end.
   * @returns Whether to go on.
   */
  data(
    channel: number,
    flags: number,
    request: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean;
  /**
   * Takes a client's first record.
   *
   * @param hello The record.
   * @returns Whether to go on.
   */
  hello(hello: Hello): boolean;
  /**
   * Takes the hub's answer.
   *
   * @param welcome The record.
   * @returns Whether to go on.
   */
  welcome(welcome: Welcome): boolean;
  /**
   * Takes the hub's refusal.
   *
   * @param refuse The record.
   * @returns Whether to go on.
   */
  refuse(refuse: Refuse): boolean;
  /**
   * Takes the number of a channel.
   *
   * @param open The record.
   * @returns Whether to go on.
   */
  open(open: Open): boolean;
  /**
   * Takes the end of a channel.
   *
   * @param channel Its number: 1 to 65535.
   * @returns Whether to go on.
   */
  shut(channel: number): boolean;
  /**
   * Takes an acknowledgement.
   *
   * @param received How many sequenced records were taken: 0 to 2^53 - 1.
   * @returns Whether to go on.
   */
  ack(received: number): boolean;
  /**
   * Takes a grant.
   *
   * @param channel The number of the channel: 1 to 65535.
   * @param limitBytes How much may have been sent on it in all: 0 to 2^53 - 1.
   * @returns Whether to go on.
   */
  credit(channel: number, limitBytes: number): boolean;
  /**
   * Takes a ping.
   *
   * @param buffer The frame.
   * @param start Where the ping's bytes begin in it.
   * @param end Where they end: up to 125 further.
   * @returns Whether to go on.
   */
  ping(buffer: Uint8Array, start: number, end: number): boolean;
  /**
   * Takes the answer to a ping.
   *
   * @param buffer The frame.
   * @param start Where the ping's bytes begin in it.
   * @param end Where they end: up to 125 further.
   * @param heldUs How long the ping waited for its answer, in microseconds: 0 to
   * 2^31 - 1.
   * @returns Whether to go on.
   */
  pong(
    buffer: Uint8Array,
    start: number,
    end: number,
    heldUs: number,
  ): boolean;
  /**
   * Takes which sequenced records will not come.
   *
   * @param from The number of the first: 1 to `to`.
   * @param to The number of the last: up to 2^53 - 1.
   * @returns Whether to go on.
   */
  gap(from: number, to: number): boolean;
  /**
   * Takes that the socket is about to be closed.
   *
   * @param bye The record.
   * @returns Whether to go on.
   */
  bye(bye: Bye): boolean;
  /**
   * Takes a message of the hub's own layer.
   *
   * @param buffer The frame.
   * @param start Where the message begins in it.
   * @param end Where it ends: up to 65535 further.
   * @returns Whether to go on.
   */
  control(buffer: Uint8Array, start: number, end: number): boolean;
}

const DATA = 0x80;
const RESERVED = 0x60;
/** What only the first fragment says, as the others would say the same. */
const OF_FIRST = DataFlag.Text | DataFlag.Deflated | DataFlag.HasRequest;

/**
 * Reads frames of the mux protocol (`websocket/PROTOCOL.md`), from bytes that may
 * come from anybody: it throws nothing, reads nothing outside of the frame and
 * allocates nothing for data, pings, control messages and numbers.
 *
 * It knows the form of each record, and not which may come when: the first of all
 * being a Hello, numbers that only grow and channels that are open are the
 * session's matter, as is the length of a frame.
 *
 * @example A frame of one message
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RecordReader, type RecordSink } from "@tickwire/net/websocket";
 *
 * const seen: string[] = [];
 * const sink = {
 *   data(channel, _flags, _request, buffer, start, end): boolean {
 *     seen.push(`${channel}: ${new TextDecoder().decode(buffer.subarray(start, end))}`);
 *     return true;
 *   },
 * } as RecordSink; // a real sink has all methods
 * const reader = new RecordReader();
 * assertEquals(reader.read(new Uint8Array([0x81, 7, 2, 0x67, 0x67]), sink), undefined);
 * assertEquals(reader.read(new Uint8Array([0x81, 7, 3, 0x67, 0x67]), sink), "truncated");
 * assertEquals(seen, ["7: gg"]);
 * ```
 */
export class RecordReader {
  readonly #reader = new ByteReader();
  #recordsRead = 0;

  /** How many records the last `read()` has come to the end of. */
  get recordsRead(): number {
    return this.#recordsRead;
  }

  /** How many bytes of the frame lie in them and, if there is one, in the wrong one. */
  get bytesRead(): number {
    return this.#reader.position;
  }

  /**
   * Reads a frame, record by record. It stops at the first that is wrong; the sink
   * has then got those before.
   *
   * @param frame The frame, which is neither copied nor kept.
   * @param sink What takes the records. It may not call `read()` of this reader.
   * What it throws goes to the caller.
   * @param maxRecords How many records to read at the most: the rest of the frame is one
   * for the next time.
   * @returns `undefined` if all of these were read, or else why not.
   */
  read(
    frame: Uint8Array,
    sink: RecordSink,
    maxRecords = Infinity,
  ): RecordError | undefined {
    const reader = this.#reader;
    reader.reset(frame);
    this.#recordsRead = 0;
    if (frame.length === 0) return "empty";
    for (
      ;
      !reader.atEnd && this.#recordsRead < maxRecords;
      this.#recordsRead++
    ) {
      const first = reader.u8();
      const mayGoOn = first >= DATA
        ? this.#data(first & ~DATA, sink)
        : this.#other(first, sink);
      if (mayGoOn) continue;
      const { error } = reader;
      return error !== undefined
        ? codeOf(error)
        : isType(first)
        ? "stopped"
        : "unknownType";
    }
    return undefined;
  }

  #data(flags: number, sink: RecordSink): boolean {
    const reader = this.#reader;
    if (
      (flags & RESERVED) !== 0 ||
      ((flags & DataFlag.Continues) !== 0 && (flags & OF_FIRST) !== 0)
    ) {
      reader.fail("padding");
      return false;
    }
    const channel = reader.varint();
    if (channel === 0 || channel > MAX_CHANNEL) reader.fail("range");
    const request = (flags & DataFlag.HasRequest) !== 0 ? reader.varint() : 0;
    const length = reader.varint();
    // Fragments without a byte would make a message that never ends nor grows.
    if (
      length === 0 && (flags & (DataFlag.More | DataFlag.Continues)) !== 0
    ) {
      reader.fail("range");
    }
    const start = reader.position;
    reader.skip(length);
    return reader.ok &&
      sink.data(channel, flags, request, reader.buffer, start, start + length);
  }

  /** Returns `false` without an error if the sink does, or there is no such type. */
  #other(type: number, sink: RecordSink): boolean {
    const reader = this.#reader;
    switch (type) {
      case RecordType.Ack: {
        const received = reader.varint();
        return reader.ok && sink.ack(received);
      }
      case RecordType.Credit: {
        const channel = this.#number(1, MAX_CHANNEL);
        const limitBytes = reader.varint();
        return reader.ok && sink.credit(channel, limitBytes);
      }
      case RecordType.Control: {
        const start = this.#bytes(MAX_CONTROL_BYTES);
        return reader.ok && sink.control(reader.buffer, start, reader.position);
      }
      case RecordType.Ping: {
        const start = this.#bytes(MAX_PING_BYTES);
        return reader.ok && sink.ping(reader.buffer, start, reader.position);
      }
      case RecordType.Pong: {
        const start = this.#bytes(MAX_PING_BYTES);
        const end = reader.position;
        const heldUs = this.#number(0, MAX_HELD_US);
        return reader.ok && sink.pong(reader.buffer, start, end, heldUs);
      }
      case RecordType.Open: {
        const open = this.#open();
        return reader.ok && sink.open(open);
      }
      case RecordType.Shut: {
        const channel = this.#number(1, MAX_CHANNEL);
        return reader.ok && sink.shut(channel);
      }
      case RecordType.Gap: {
        const from = this.#number(1, Number.MAX_SAFE_INTEGER);
        const to = this.#number(from, Number.MAX_SAFE_INTEGER);
        return reader.ok && sink.gap(from, to);
      }
      case RecordType.Hello: {
        const hello = this.#hello();
        return reader.ok && sink.hello(hello);
      }
      case RecordType.Welcome: {
        const welcome = this.#welcome();
        return reader.ok && sink.welcome(welcome);
      }
      case RecordType.Refuse: {
        const refuse = this.#refuse();
        return reader.ok && sink.refuse(refuse);
      }
      case RecordType.Bye: {
        const bye = this.#refuse();
        return reader.ok && sink.bye(bye);
      }
      default:
        return false;
    }
  }

  #hello(): Hello {
    const reader = this.#reader;
    const minVersion = this.#u8(1, 255);
    const maxVersion = this.#u8(minVersion, 255);
    const flags = this.#flags(0x01);
    const idBytes = reader.varint();
    if (idBytes !== 0 && idBytes !== SESSION_ID_BYTES) reader.fail("range");
    const session = idBytes === 0 ? undefined : reader.raw(idBytes).slice();
    const received = this.#number(
      0,
      session === undefined ? 0 : Number.MAX_SAFE_INTEGER,
    );
    return {
      minVersion,
      maxVersion,
      canDeflate: (flags & 0x01) !== 0,
      session,
      received,
      maxFrameBytes: this.#number(MIN_FRAME_BYTES, MAX_FRAME_BYTES),
      maxMessageBytes: this.#number(1, MAX_MESSAGE_BYTES),
      windowBytes: this.#number(0, MAX_WINDOW_BYTES),
    };
  }

  #welcome(): Welcome {
    const version = this.#u8(1, 255);
    const flags = this.#flags(0x03);
    const isResumed = (flags & 0x02) !== 0;
    // A new session begins with nothing behind it.
    const most = isResumed ? Number.MAX_SAFE_INTEGER : 0;
    return {
      version,
      canDeflate: (flags & 0x01) !== 0,
      isResumed,
      session: this.#reader.raw(SESSION_ID_BYTES).slice(),
      received: this.#number(0, most),
      available: this.#number(1, Math.max(1, most)),
      keepaliveMs: this.#number(0, MAX_DURATION_MS),
      resumeWindowMs: this.#number(0, MAX_DURATION_MS),
      maxFrameBytes: this.#number(MIN_FRAME_BYTES, MAX_FRAME_BYTES),
      maxMessageBytes: this.#number(1, MAX_MESSAGE_BYTES),
      windowBytes: this.#number(0, MAX_WINDOW_BYTES),
    };
  }

  #refuse(): Refuse {
    const code = this.#reader.varint();
    if (!isCloseCode(code)) this.#reader.fail("range");
    return {
      code,
      retryAfterMs: this.#number(0, MAX_DURATION_MS),
      reason: this.#reader.string(MAX_CLOSE_REASON_BYTES),
    };
  }

  #open(): Open {
    const channel = this.#number(1, MAX_CHANNEL);
    const delivery = this.#u8(0, 2) as Delivery;
    const priority = this.#u8(0, MAX_PRIORITY);
    const name = this.#reader.string(MAX_NAME_BYTES);
    if (name === "") this.#reader.fail("range");
    return { channel, delivery, priority, name };
  }

  #number(min: number, max: number): number {
    const value = this.#reader.varint();
    if (value < min || value > max) this.#reader.fail("range");
    return value;
  }

  #u8(min: number, max: number): number {
    const value = this.#reader.u8();
    if (value < min || value > max) this.#reader.fail("range");
    return value;
  }

  #flags(known: number): number {
    const flags = this.#reader.u8();
    if ((flags & ~known) !== 0) this.#reader.fail("padding");
    return flags;
  }

  /** Passes over bytes after their length; returns where they begin. */
  #bytes(maxBytes: number): number {
    const length = this.#number(0, maxBytes);
    const start = this.#reader.position;
    this.#reader.skip(length);
    return start;
  }
}

function isType(first: number): boolean {
  return first >= DATA ||
    (first >= RecordType.Hello && first <= RecordType.Control);
}

function codeOf(error: ReadError): RecordError {
  switch (error) {
    case "padding":
      return "flags";
    case "nan": // No record has a float.
      return "range";
    default:
      return error;
  }
}

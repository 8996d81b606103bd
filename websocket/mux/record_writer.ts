// This module is browser compatible.
import {
  type ByteWriter,
  cutCloseReason,
  MAX_CLOSE_REASON_BYTES,
} from "../../protocol/mod.ts";
import {
  type Bye,
  DataFlag,
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

const DATA = 0x80;
const ALL_FLAGS = 0x1f;
const OF_FIRST = DataFlag.Text | DataFlag.Deflated | DataFlag.HasRequest;
/** Up to here a loop is faster than a view and a copy of it. */
const SHORT = 32;

const encoder = new TextEncoder();

/**
 * Writes records of the mux protocol (`websocket/PROTOCOL.md`) into frames.
 *
 * Each method writes one record behind those before and returns whether it fitted;
 * if not, nothing of it is left, and the frame is what it was. A value that no
 * record can hold is the caller's mistake, and throws.
 *
 * @example A frame of two records
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { ByteWriter } from "@tickwire/net/protocol";
 * import { DataFlag, RecordWriter } from "@tickwire/net/websocket";
 *
 * const frame = new ByteWriter({ maxBytes: 16_384 });
 * const records = new RecordWriter(frame);
 * const text = new TextEncoder().encode("gg");
 * assert(records.ack(300));
 * assert(records.data(7, DataFlag.Text, 0, text));
 * assertEquals(frame.toBytes(), new Uint8Array([6, 0xac, 2, 0x81, 7, 2, 0x67, 0x67]));
 * frame.reset(); // for the next frame
 * ```
 */
export class RecordWriter {
  /** Where the records go. Whoever sends it, resets it. */
  readonly frame: ByteWriter;

  /**
   * Creates a writer.
   *
   * @param frame Where the records go; its limit is that of a frame.
   */
  constructor(frame: ByteWriter) {
    this.frame = frame;
  }

  /**
   * Writes a message or a fragment of one. It allocates nothing for short ones,
   * and a view of `source` for others.
   *
   * @param channel The number of its channel: 1 to 65535.
   * @param flags Bits of `DataFlag`: of those that only the first fragment has,
   * none with `Continues`.
   * @param request With `HasRequest` 2n for the request n, 2n + 1 for the reply to
   * it: 0 to 2^53 - 1. Without, it means nothing.
   * @param source What holds the bytes, which are copied.
   * @param start Where they begin in it.
   * @param end Where they end: beyond `start`, or there if it is a whole message.
   * @returns Whether it fitted.
   * @throws {RangeError} If an argument is none of these.
   */
  data(
    channel: number,
    flags: number,
    request: number,
    source: Uint8Array,
    start = 0,
    end: number = source.length,
  ): boolean {
    const length = end - start;
    if (
      !(start >= 0 && end <= source.length && length >= 0 &&
        (length | 0) === length)
    ) {
      throw new RangeError(
        `Cannot write data as 0 <= start <= end <= ${source.length} must hold: current values are ${start} and ${end}`,
      );
    }
    checkData(channel, flags, request);
    if (length === 0 && (flags & (DataFlag.More | DataFlag.Continues)) !== 0) {
      throw new RangeError(
        "Cannot write data as a fragment must have 1 byte or more: current value is 0",
      );
    }
    const { frame } = this;
    const from = frame.length;
    if (
      !frame.reserve(dataHeaderBytes(channel, flags, request, length) + length)
    ) {
      frame.rewind(from);
      return false;
    }
    const { buffer } = frame;
    buffer[from] = DATA | flags;
    let at = putVarint(buffer, from + 1, channel);
    if ((flags & DataFlag.HasRequest) !== 0) {
      frame.length = at;
      frame.varint(request);
      at = frame.length;
    }
    at = putVarint(buffer, at, length);
    if (length <= SHORT) {
      for (let i = start; i < end; i++) buffer[at++] = source[i]!;
      frame.length = at;
    } else {
      buffer.set(
        length === source.length ? source : source.subarray(start, end),
        at,
      );
      frame.length = at + length;
    }
    return true;
  }

  /**
   * Writes a client's first record.
   *
   * @param hello The record.
   * @returns Whether it fitted.
   * @throws {RangeError} If one of its values is out of its range.
   */
  hello(hello: Hello): boolean {
    const { minVersion, maxVersion, session, received } = hello;
    check("minVersion", minVersion, 1, 255);
    check("maxVersion", maxVersion, minVersion, 255);
    if (session !== undefined) checkId(session);
    check("received", received, 0, session === undefined ? 0 : MAX_NUMBER);
    checkLimits(hello);
    const { frame } = this;
    const from = frame.length;
    frame.u8(RecordType.Hello);
    frame.u8(minVersion);
    frame.u8(maxVersion);
    frame.u8(hello.canDeflate ? 0x01 : 0);
    frame.varint(session === undefined ? 0 : SESSION_ID_BYTES);
    if (session !== undefined) frame.raw(session);
    frame.varint(received);
    this.#limits(hello);
    return this.#end(from);
  }

  /**
   * Writes the hub's answer.
   *
   * @param welcome The record.
   * @returns Whether it fitted.
   * @throws {RangeError} If one of its values is out of its range.
   */
  welcome(welcome: Welcome): boolean {
    const { isResumed, session, received, available } = welcome;
    check("version", welcome.version, 1, 255);
    checkId(session);
    check("received", received, 0, isResumed ? MAX_NUMBER : 0);
    check("available", available, 1, isResumed ? MAX_NUMBER : 1);
    check("keepaliveMs", welcome.keepaliveMs, 0, MAX_DURATION_MS);
    check("resumeWindowMs", welcome.resumeWindowMs, 0, MAX_DURATION_MS);
    checkLimits(welcome);
    const { frame } = this;
    const from = frame.length;
    frame.u8(RecordType.Welcome);
    frame.u8(welcome.version);
    frame.u8((welcome.canDeflate ? 0x01 : 0) | (isResumed ? 0x02 : 0));
    frame.raw(session);
    frame.varint(received);
    frame.varint(available);
    frame.varint(welcome.keepaliveMs);
    frame.varint(welcome.resumeWindowMs);
    this.#limits(welcome);
    return this.#end(from);
  }

  /**
   * Writes the hub's refusal.
   *
   * @param refuse The record. A reason that is too long is cut.
   * @returns Whether it fitted.
   * @throws {RangeError} If its code or duration is out of its range.
   */
  refuse(refuse: Refuse): boolean {
    return this.#ending(RecordType.Refuse, refuse);
  }

  /**
   * Writes the number of a channel.
   *
   * @param open The record.
   * @returns Whether it fitted.
   * @throws {RangeError} If one of its values is out of its range.
   */
  open(open: Open): boolean {
    const { channel, delivery, priority, name } = open;
    check("channel", channel, 1, MAX_CHANNEL);
    check("delivery", delivery, 0, 2);
    check("priority", priority, 0, MAX_PRIORITY);
    // No character takes less than a byte, so that a long text is not encoded.
    const nameBytes = name.length > MAX_NAME_BYTES
      ? name.length
      : encoder.encode(name).length;
    check("the bytes of name", nameBytes, 1, MAX_NAME_BYTES);
    const { frame } = this;
    const from = frame.length;
    frame.u8(RecordType.Open);
    frame.varint(channel);
    frame.u8(delivery);
    frame.u8(priority);
    frame.string(name);
    return this.#end(from);
  }

  /**
   * Writes the end of a channel.
   *
   * @param channel Its number: 1 to 65535.
   * @returns Whether it fitted.
   * @throws {RangeError} If it is none.
   */
  shut(channel: number): boolean {
    check("channel", channel, 1, MAX_CHANNEL);
    const { frame } = this;
    const from = frame.length;
    frame.u8(RecordType.Shut);
    frame.varint(channel);
    return this.#end(from);
  }

  /**
   * Writes an acknowledgement.
   *
   * @param received How many sequenced records were taken: 0 to 2^53 - 1.
   * @returns Whether it fitted.
   * @throws {RangeError} If it is no such integer.
   */
  ack(received: number): boolean {
    check("received", received, 0, MAX_NUMBER);
    const { frame } = this;
    const from = frame.length;
    frame.u8(RecordType.Ack);
    frame.varint(received);
    return this.#end(from);
  }

  /**
   * Writes a grant.
   *
   * @param channel The number of the channel: 1 to 65535.
   * @param limitBytes How much may have been sent on it in all: 0 to 2^53 - 1.
   * @returns Whether it fitted.
   * @throws {RangeError} If an argument is out of its range.
   */
  credit(channel: number, limitBytes: number): boolean {
    check("channel", channel, 1, MAX_CHANNEL);
    check("limitBytes", limitBytes, 0, MAX_NUMBER);
    const { frame } = this;
    const from = frame.length;
    frame.u8(RecordType.Credit);
    frame.varint(channel);
    frame.varint(limitBytes);
    return this.#end(from);
  }

  /**
   * Writes a ping.
   *
   * @param bytes What comes back: at most 125 bytes.
   * @returns Whether it fitted.
   * @throws {RangeError} If there are more.
   */
  ping(bytes: Uint8Array): boolean {
    return this.#bytes(RecordType.Ping, bytes, MAX_PING_BYTES);
  }

  /**
   * Writes the answer to a ping.
   *
   * @param bytes The ping's: at most 125 bytes.
   * @param heldUs How long it waited, in microseconds: 0 to 2^31 - 1.
   * @returns Whether it fitted.
   * @throws {RangeError} If there are more, or it is no such integer.
   */
  pong(bytes: Uint8Array, heldUs = 0): boolean {
    check("the length of bytes", bytes.length, 0, MAX_PING_BYTES);
    check("heldUs", heldUs, 0, MAX_HELD_US);
    const { frame } = this;
    const from = frame.length;
    frame.u8(RecordType.Pong);
    frame.bytes(bytes);
    frame.varint(heldUs);
    return this.#end(from);
  }

  /**
   * Writes which sequenced records will not come.
   *
   * @param from The number of the first: 1 to `to`.
   * @param to The number of the last: up to 2^53 - 1.
   * @returns Whether it fitted.
   * @throws {RangeError} If they are no such integers.
   */
  gap(from: number, to: number): boolean {
    check("from", from, 1, MAX_NUMBER);
    check("to", to, from, MAX_NUMBER);
    const { frame } = this;
    const begin = frame.length;
    frame.u8(RecordType.Gap);
    frame.varint(from);
    frame.varint(to);
    return this.#end(begin);
  }

  /**
   * Writes that the socket is about to be closed.
   *
   * @param bye The record. A reason that is too long is cut.
   * @returns Whether it fitted.
   * @throws {RangeError} If its code or duration is out of its range.
   */
  bye(bye: Bye): boolean {
    return this.#ending(RecordType.Bye, bye);
  }

  /**
   * Writes a message of the hub's own layer.
   *
   * @param bytes The message: at most 65535 bytes.
   * @returns Whether it fitted.
   * @throws {RangeError} If there are more.
   */
  control(bytes: Uint8Array): boolean {
    return this.#bytes(RecordType.Control, bytes, MAX_CONTROL_BYTES);
  }

  #limits(record: Hello | Welcome): void {
    const { frame } = this;
    frame.varint(record.maxFrameBytes);
    frame.varint(record.maxMessageBytes);
    frame.varint(record.windowBytes);
  }

  #ending(type: RecordType, record: Refuse): boolean {
    const { code, retryAfterMs, reason } = record;
    if (!isCloseCode(code)) {
      throw new RangeError(
        `Cannot write a record as code must be 1000 or an integer from 3000 to 4999: current value is ${code}`,
      );
    }
    check("retryAfterMs", retryAfterMs, 0, MAX_DURATION_MS);
    const { frame } = this;
    const from = frame.length;
    frame.u8(type);
    frame.varint(code);
    frame.varint(retryAfterMs);
    frame.string(
      reason.length * 3 > MAX_CLOSE_REASON_BYTES
        ? cutCloseReason(reason)
        : reason,
    );
    return this.#end(from);
  }

  #bytes(type: RecordType, bytes: Uint8Array, maxBytes: number): boolean {
    check("the length of bytes", bytes.length, 0, maxBytes);
    const { frame } = this;
    const from = frame.length;
    frame.u8(type);
    frame.bytes(bytes);
    return this.#end(from);
  }

  /** Takes a record back that did not fit. */
  #end(from: number): boolean {
    if (this.frame.ok) return true;
    this.frame.rewind(from);
    return false;
  }
}

/**
 * Tells how many bytes a data record takes besides the message's.
 *
 * @param channel As for `RecordWriter.data`.
 * @param flags As for `RecordWriter.data`.
 * @param request As for `RecordWriter.data`.
 * @param length How many bytes of the message are in it: 0 to 2^31 - 1.
 * @returns 3 to 17.
 *
 * @example A short message and a long one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dataHeaderBytes } from "@tickwire/net/websocket";
 *
 * assertEquals(dataHeaderBytes(7, 0, 0, 100), 3);
 * assertEquals(dataHeaderBytes(300, 0, 0, 16_384), 6);
 * ```
 */
export function dataHeaderBytes(
  channel: number,
  flags: number,
  request: number,
  length: number,
): number {
  const bytes = 1 + varintBytes(channel) + varintBytes(length);
  return (flags & DataFlag.HasRequest) === 0
    ? bytes
    : bytes + varintBytes(request);
}

/**
 * Tells how many bytes of a message a data record may have that is to take no more
 * than a number of bytes itself: where to cut a fragment.
 *
 * @param channel As for `RecordWriter.data`.
 * @param flags As for `RecordWriter.data`.
 * @param request As for `RecordWriter.data`.
 * @param budgetBytes The bytes for the whole record: up to 2^31 - 1.
 * @returns How many: 0 or more; or -1 if not even the record without any fits.
 *
 * @example What fits into 131 bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { dataBytesWithin } from "@tickwire/net/websocket";
 *
 * // A length of 128 would take a byte more than one of 127.
 * assertEquals([130, 131, 132].map((bytes) => dataBytesWithin(7, 0, 0, bytes)), [127, 127, 128]);
 * assertEquals(dataBytesWithin(7, 0, 0, 2), -1);
 * ```
 */
export function dataBytesWithin(
  channel: number,
  flags: number,
  request: number,
  budgetBytes: number,
): number {
  const rest = budgetBytes - dataHeaderBytes(channel, flags, request, 0) + 1;
  if (rest < 1) return -1;
  const length = rest - varintBytes(rest);
  // At the edge the shorter length may leave its own varint a byte shorter.
  return length + 1 + varintBytes(length + 1) <= rest ? length + 1 : length;
}

const MAX_NUMBER = Number.MAX_SAFE_INTEGER;

function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  if (value < 2 ** 28) return 4;
  if (value < 2 ** 35) return 5;
  if (value < 2 ** 42) return 6;
  return value < 2 ** 49 ? 7 : 8;
}

/** Writes a number below 2^31 where there is room for it. */
function putVarint(buffer: Uint8Array, at: number, value: number): number {
  let rest = value;
  while (rest > 0x7f) {
    buffer[at++] = rest | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}

function checkData(channel: number, flags: number, request: number): void {
  if (!(channel >= 1 && (channel & MAX_CHANNEL) === channel)) {
    check("channel", channel, 1, MAX_CHANNEL);
  }
  if (
    (flags & ALL_FLAGS) !== flags ||
    ((flags & DataFlag.Continues) !== 0 && (flags & OF_FIRST) !== 0)
  ) {
    throw new RangeError(
      `Cannot write data as flags must be bits of DataFlag, without Text, Deflated and HasRequest if with Continues: current value is ${flags}`,
    );
  }
  if ((flags & DataFlag.HasRequest) !== 0) {
    check("request", request, 0, MAX_NUMBER);
  }
}

function checkId(session: Uint8Array): void {
  check(
    "the length of session",
    session.length,
    SESSION_ID_BYTES,
    SESSION_ID_BYTES,
  );
}

function checkLimits(record: Hello | Welcome): void {
  const { maxFrameBytes, maxMessageBytes, windowBytes } = record;
  check("maxFrameBytes", maxFrameBytes, MIN_FRAME_BYTES, MAX_FRAME_BYTES);
  check("maxMessageBytes", maxMessageBytes, 1, MAX_MESSAGE_BYTES);
  check("windowBytes", windowBytes, 0, MAX_WINDOW_BYTES);
}

function check(what: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot write a record as ${what} must be an integer from ${min} to ${max}: current value is ${value}`,
  );
}

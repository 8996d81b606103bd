// This module is browser compatible.
import {
  F32,
  F32_NAN,
  F32_WORD,
  F64,
  F64_NAN_HIGH,
  F64_WORDS,
  HIGH,
  LOW,
} from "./_float_words.ts";
import { utf8Length, writeUtf8 } from "./utf8.ts";
import { putVarint32, varintLength32 } from "./_varint.ts";
import { ProtocolError } from "./protocol_error.ts";

/** Options for {@linkcode ByteWriter}. */
export interface ByteWriterOptions {
  /**
   * The bytes to begin with: an integer, 1 or more.
   *
   * @default {256}
   */
  readonly initialBytes?: number;
  /**
   * The bytes never to exceed: an integer from `initialBytes` to 2^30.
   *
   * @default {65536}
   */
  readonly maxBytes?: number;
}

/**
 * Why a {@linkcode ByteWriter} stopped writing: `full`, its bytes are used up;
 * `range`, a value that the format cannot hold.
 */
export type WriteError = "full" | "range";

const DEFAULT_INITIAL_BYTES = 256;
const DEFAULT_MAX_BYTES = 65_536;
const LARGEST_BUFFER = 2 ** 30;
const TWO_28 = 2 ** 28;
const TWO_52 = 2 ** 52;

/**
 * Writes numbers, bytes and text into one buffer, which is reused from packet to
 * packet. Fixed integers and floats are little-endian.
 *
 * Nothing throws in the middle of a packet: a value out of range and a buffer
 * that is full set {@linkcode ByteWriter.error}, which stays set; from then on
 * nothing is written, and one look at {@linkcode ByteWriter.ok} at the end tells.
 *
 * @example A message in a reused buffer
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { ByteReader, ByteWriter } from "@tickwire/net/protocol";
 *
 * const writer = new ByteWriter();
 * writer.reset();
 * writer.u8(7);
 * writer.varint(300);
 * writer.string("Ada");
 * assert(writer.ok);
 * assertEquals(writer.toBytes(), new Uint8Array([7, 0xac, 2, 3, 65, 100, 97]));
 *
 * const reader = new ByteReader(writer.view());
 * assertEquals([reader.u8(), reader.varint(), reader.string()], [7, 300, "Ada"]);
 * ```
 */
export class ByteWriter {
  /**
   * The bytes, of which the first {@linkcode ByteWriter.length} are written.
   * Another array takes its place when the writer grows.
   */
  buffer: Uint8Array;
  /** How many bytes are written. */
  length = 0;
  /** Why writing stopped, or `undefined`. It stays until `reset()`. */
  error: WriteError | undefined = undefined;
  /** Up to where may be written without further questions; -1 after an error. */
  #capacity: number;
  #maxBytes: number;
  /** What it is until the next `reset()`. */
  #limit: number;

  /**
   * Creates a writer that grows.
   *
   * @param options How far.
   * @throws {RangeError} If `initialBytes` or `maxBytes` is out of its range.
   */
  constructor(options: ByteWriterOptions = {}) {
    const { maxBytes = DEFAULT_MAX_BYTES } = options;
    const { initialBytes = Math.min(DEFAULT_INITIAL_BYTES, maxBytes) } =
      options;
    if (
      !Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > LARGEST_BUFFER
    ) {
      throw new RangeError(
        `Cannot create a ByteWriter as maxBytes must be an integer from 1 to 2^30: current value is ${maxBytes}`,
      );
    }
    if (
      !Number.isInteger(initialBytes) || initialBytes < 1 ||
      initialBytes > maxBytes
    ) {
      throw new RangeError(
        `Cannot create a ByteWriter as initialBytes must be an integer from 1 to maxBytes (${maxBytes}): current value is ${initialBytes}`,
      );
    }
    this.buffer = new Uint8Array(initialBytes);
    this.#capacity = initialBytes;
    this.#maxBytes = maxBytes;
    this.#limit = maxBytes;
  }

  /**
   * Creates a writer into bytes of the caller's, which never grow.
   *
   * @param bytes Where to write, from the first byte on.
   * @returns The writer.
   */
  static over(bytes: Uint8Array): ByteWriter {
    const writer = new ByteWriter({ initialBytes: 1, maxBytes: 1 });
    writer.buffer = bytes;
    writer.#maxBytes = bytes.length;
    writer.#limit = bytes.length;
    writer.#capacity = bytes.length;
    return writer;
  }

  /** Whether everything so far was written. */
  get ok(): boolean {
    return this.error === undefined;
  }

  /**
   * Begins anew in the same buffer, without an error.
   *
   * @param limitBytes The bytes not to exceed this time, where that is less than
   * `maxBytes`: one buffer then serves peers that take in different lengths. 0 or more.
   * @throws {RangeError} If it is not.
   */
  reset(limitBytes = Infinity): void {
    if (!(limitBytes >= 0)) {
      throw new RangeError(
        `Cannot reset a ByteWriter as limitBytes must be >= 0: current value is ${limitBytes}`,
      );
    }
    this.length = 0;
    this.error = undefined;
    this.#limit = Math.min(this.#maxBytes, limitBytes);
    this.#capacity = Math.min(this.buffer.length, this.#limit);
  }

  /**
   * Takes back what was written after a place, and the error: for a message of
   * several parts, the last of which does not fit.
   *
   * @param length What `length` was: an integer from 0 to `length`.
   * @throws {RangeError} If it is no such integer.
   */
  rewind(length: number): void {
    if (!(Number.isInteger(length) && length >= 0 && length <= this.length)) {
      throw new RangeError(
        `Cannot rewind a ByteWriter as length must be an integer from 0 to ${this.length}: current value is ${length}`,
      );
    }
    this.length = length;
    this.error = undefined;
    this.#capacity = Math.min(this.buffer.length, this.#limit);
  }

  /**
   * Stops writing. The first error stays.
   *
   * @param error Why.
   */
  fail(error: WriteError): void {
    if (this.error !== undefined) return;
    this.error = error;
    this.#capacity = -1;
  }

  /**
   * Makes room for bytes that the caller will put into `buffer` at `length`,
   * moving `length` on itself.
   *
   * @param byteCount How many: an integer, 0 or more.
   * @returns Whether there is room; if not, the error is set.
   */
  reserve(byteCount: number): boolean {
    return this.length + byteCount <= this.#capacity || this.#grow(byteCount);
  }

  /**
   * Writes an unsigned integer of 1 byte.
   *
   * @param value 0 to 255.
   */
  u8(value: number): void {
    if ((value & 0xff) !== value) return this.fail("range");
    const at = this.#claim(1);
    if (at >= 0) this.buffer[at] = value;
  }

  /**
   * Writes an unsigned integer of 2 bytes.
   *
   * @param value 0 to 65535.
   */
  u16(value: number): void {
    if ((value & 0xffff) !== value) return this.fail("range");
    const at = this.#claim(2);
    if (at >= 0) this.#put16(at, value);
  }

  /**
   * Writes an unsigned integer of 4 bytes.
   *
   * @param value 0 to 4294967295.
   */
  u32(value: number): void {
    if (value >>> 0 !== value) return this.fail("range");
    const at = this.#claim(4);
    if (at >= 0) this.#put32(at, value);
  }

  /**
   * Writes a signed integer of 1 byte, two's complement.
   *
   * @param value -128 to 127.
   */
  i8(value: number): void {
    if (value << 24 >> 24 !== value) return this.fail("range");
    const at = this.#claim(1);
    if (at >= 0) this.buffer[at] = value;
  }

  /**
   * Writes a signed integer of 2 bytes, two's complement.
   *
   * @param value -32768 to 32767.
   */
  i16(value: number): void {
    if (value << 16 >> 16 !== value) return this.fail("range");
    const at = this.#claim(2);
    if (at >= 0) this.#put16(at, value);
  }

  /**
   * Writes a signed integer of 4 bytes, two's complement.
   *
   * @param value -2147483648 to 2147483647.
   */
  i32(value: number): void {
    if ((value | 0) !== value) return this.fail("range");
    const at = this.#claim(4);
    if (at >= 0) this.#put32(at, value);
  }

  /**
   * Writes a float of 4 bytes, IEEE 754 binary32. Every NaN becomes 7FC00000.
   *
   * @param value Any number; the nearest float is written.
   */
  f32(value: number): void {
    const at = this.#claim(4);
    if (at < 0) return;
    F32[0] = value;
    this.#put32(at, value !== value ? F32_NAN : F32_WORD[0]!);
  }

  /**
   * Writes a float of 8 bytes, IEEE 754 binary64. Every NaN becomes
   * 7FF8000000000000.
   *
   * @param value Any number.
   */
  f64(value: number): void {
    const at = this.#claim(8);
    if (at < 0) return;
    F64[0] = value;
    const isNaN = value !== value;
    this.#put32(at, isNaN ? 0 : F64_WORDS[LOW]!);
    this.#put32(at + 4, isNaN ? F64_NAN_HIGH : F64_WORDS[HIGH]!);
  }

  /**
   * Writes an unsigned integer of 8 bytes, given as two halves.
   *
   * @param low The low 32 bits: 0 to 4294967295.
   * @param high The high 32 bits: 0 to 4294967295.
   */
  u64(low: number, high: number): void {
    if (low >>> 0 !== low || high >>> 0 !== high) return this.fail("range");
    const at = this.#claim(8);
    if (at < 0) return;
    this.#put32(at, low);
    this.#put32(at + 4, high);
  }

  /**
   * Writes an unsigned integer as a varint (LEB128): seven bits a byte, the low
   * ones first, the high bit set on all bytes but the last; 1 byte below 2^7, 2
   * below 2^14, and so on to 8.
   *
   * @param value An integer from 0 to 2^53 - 1.
   */
  varint(value: number): void {
    if (value >>> 0 === value) {
      if (value < 0x80) {
        const at = this.#claim(1);
        if (at >= 0) this.buffer[at] = value;
        return;
      }
      const at = this.#claim(varintLength32(value));
      if (at >= 0) putVarint32(this.buffer, at, value);
    } else if (value > 0 && Number.isSafeInteger(value)) {
      this.#largeVarint(value);
    } else {
      this.fail("range");
    }
  }

  /**
   * Writes a signed integer as a varint of its zigzag form: 2n for n of 0 or more,
   * -2n - 1 below 0, so that small numbers of either sign are short.
   *
   * @param value A safe integer, -(2^53 - 1) to 2^53 - 1.
   */
  zigzag(value: number): void {
    if ((value | 0) === value) {
      return this.varint(((value << 1) ^ (value >> 31)) >>> 0);
    }
    if (!Number.isSafeInteger(value)) return this.fail("range");
    const sign = value < 0 ? 1 : 0;
    const magnitude = value < 0 ? -(value + 1) : value;
    if (magnitude < TWO_52) return this.varint(magnitude * 2 + sign);
    // Doubled, it would leave the integers that a double holds: the first seven
    // bits are written apart.
    const rest = Math.floor(magnitude / 64);
    this.u8(0x80 | ((magnitude - rest * 64) * 2 + sign));
    this.varint(rest);
  }

  /**
   * Writes bytes as they are, without their length.
   *
   * @param bytes The bytes, which are copied.
   */
  raw(bytes: Uint8Array): void {
    const at = this.#claim(bytes.length);
    if (at >= 0) this.buffer.set(bytes, at);
  }

  /**
   * Writes bytes after their length as a varint.
   *
   * @param bytes The bytes, which are copied.
   */
  bytes(bytes: Uint8Array): void {
    this.varint(bytes.length);
    this.raw(bytes);
  }

  /**
   * Writes text as UTF-8 after its length in bytes as a varint. An unpaired
   * surrogate is written as U+FFFD, as TextEncoder does.
   *
   * @param text The text.
   */
  string(text: string): void {
    const units = text.length;
    if (units <= 64) {
      const start = this.#claim(units + 1);
      if (start < 0) return;
      const buffer = this.buffer;
      buffer[start] = units;
      let i = 0;
      for (; i < units; i++) {
        const unit = text.charCodeAt(i);
        if (unit > 0x7f) break;
        buffer[start + 1 + i] = unit;
      }
      if (i === units) return;
      this.length = start;
    }
    const byteLength = utf8Length(text);
    this.varint(byteLength);
    const at = this.#claim(byteLength);
    if (at >= 0) writeUtf8(text, this.buffer, at, byteLength);
  }

  /**
   * Shows what was written, without a copy.
   *
   * @returns The bytes; they change with the next write.
   */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /**
   * Copies what was written.
   *
   * @returns Bytes that belong to the caller.
   * @throws {ProtocolError} `encodeError` if a value was out of range or the
   * buffer full.
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    if (this.error !== undefined) {
      throw new ProtocolError(
        "encodeError",
        this.error === "full"
          ? `Cannot encode as at most ${this.#limit} bytes may be written`
          : "Cannot encode as a value was out of its range",
      );
    }
    // A Buffer of Node's, which one may write over, gives views by slice().
    return new Uint8Array(this.view());
  }

  /** Moves on by `byteCount`; returns where they begin, or -1. */
  #claim(byteCount: number): number {
    const at = this.length;
    // Written so that NaN is refused too.
    if (!(at + byteCount <= this.#capacity) && !this.#grow(byteCount)) {
      return -1;
    }
    this.length = at + byteCount;
    return at;
  }

  #grow(byteCount: number): boolean {
    if (this.error !== undefined) return false;
    const needed = this.length + byteCount;
    if (!(needed <= this.#limit)) {
      this.fail("full");
      return false;
    }
    const larger = new Uint8Array(
      Math.min(this.#limit, Math.max(needed, this.buffer.length * 2)),
    );
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
    this.#capacity = larger.length;
    return true;
  }

  #put16(at: number, value: number): void {
    const buffer = this.buffer;
    buffer[at] = value;
    buffer[at + 1] = value >>> 8;
  }

  #put32(at: number, value: number): void {
    const buffer = this.buffer;
    buffer[at] = value;
    buffer[at + 1] = value >>> 8;
    buffer[at + 2] = value >>> 16;
    buffer[at + 3] = value >>> 24;
  }

  /** From 2^32 on: four bytes of the low 28 bits, then the rest. */
  #largeVarint(value: number): void {
    const high = Math.floor(value / TWO_28);
    const low = value - high * TWO_28;
    const at = this.#claim(4 + varintLength32(high));
    if (at < 0) return;
    const buffer = this.buffer;
    buffer[at] = low | 0x80;
    buffer[at + 1] = (low >>> 7) | 0x80;
    buffer[at + 2] = (low >>> 14) | 0x80;
    buffer[at + 3] = (low >>> 21) | 0x80;
    putVarint32(buffer, at + 4, high);
  }
}

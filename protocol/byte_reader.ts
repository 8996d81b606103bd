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
import { readUtf8 } from "./utf8.ts";

/**
 * Why a {@linkcode ByteReader} stopped reading.
 *
 * - `truncated`: the bytes end too early.
 * - `overlong`: a varint that has shorter bytes.
 * - `range`: a number beyond what is allowed.
 * - `nan`: a NaN other than the one that writers write.
 * - `utf8`: text that is not UTF-8.
 * - `padding`: bits between values and the end of their byte that are not zero.
 */
export type ReadError =
  | "truncated"
  | "overlong"
  | "range"
  | "nan"
  | "utf8"
  | "padding";

/** An unsigned integer of 64 bits as two halves, which a reader fills. */
export interface U64 {
  /** The low 32 bits: 0 to 4294967295. */
  low: number;
  /** The high 32 bits: 0 to 4294967295. */
  high: number;
}

const NOTHING = new Uint8Array(0);
const TWO_27 = 2 ** 27;
const TWO_28 = 2 ** 28;
const MAX_VARINT_BYTES = 8;
/** What lies above the low 28 bits of a varint stays below: 53 bits in all. */
const VARINT_HIGH_END = 2 ** 25;
/** The same for a zigzag form, which has the sign as a 54th bit. */
const ZIGZAG_HIGH_END = 2 ** 26;

/**
 * Reads what a {@linkcode ByteWriter} wrote, from bytes that may come from
 * anybody. It never throws and never reads beyond the range it was given.
 *
 * The first thing that is wrong sets {@linkcode ByteReader.error}, which stays
 * set; from then on each read returns 0, no bytes or no text, and `position`
 * stands where that thing begins. One look at {@linkcode ByteReader.ok} at the
 * end tells. Do not act on any value before you have looked.
 *
 * Only the bytes that a writer writes are accepted: a varint with needless bytes
 * or another NaN is an error, so that equal messages have equal bytes.
 *
 * @example Bytes that end too early
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ByteReader } from "@tickwire/net/protocol";
 *
 * const reader = new ByteReader(new Uint8Array([1, 2, 3]));
 * assertEquals([reader.u16(), reader.u32(), reader.u8()], [513, 0, 0]);
 * assertEquals(reader.error, "truncated");
 * ```
 */
export class ByteReader {
  /** The bytes that are read. */
  buffer: Uint8Array = NOTHING;
  /** Where the next read begins in `buffer`. */
  position = 0;
  /** Where the bytes end in `buffer`. */
  end = 0;
  /** Why reading stopped, or `undefined`. It stays until `reset()`. */
  error: ReadError | undefined = undefined;
  /** Up to where may be read: `end`, or -1 after an error. */
  #limit = 0;
  #low = 0;
  #high = 0;

  /**
   * Creates a reader.
   *
   * @param bytes What to read, which is not copied.
   */
  constructor(bytes: Uint8Array = NOTHING) {
    this.buffer = bytes;
    this.end = bytes.length;
    this.#limit = bytes.length;
  }

  /**
   * Begins to read other bytes, without an error.
   *
   * @param bytes What to read, which is not copied.
   * @param start Where to begin: an integer from 0 to `end`.
   * @param end Where to end: an integer up to `bytes.length`.
   * @throws {RangeError} If `start` or `end` lies outside.
   */
  reset(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (
      !(start >= 0 && start <= end && end <= bytes.length &&
        Number.isInteger(start) && Number.isInteger(end))
    ) {
      throw new RangeError(
        `Cannot read bytes as 0 <= start <= end <= ${bytes.length} must hold: current values are ${start} and ${end}`,
      );
    }
    this.buffer = bytes;
    this.position = start;
    this.end = end;
    this.error = undefined;
    this.#limit = end;
  }

  /** Whether everything so far was right. */
  get ok(): boolean {
    return this.error === undefined;
  }

  /** How many bytes are left; 0 after an error. */
  get remaining(): number {
    return this.error === undefined ? this.end - this.position : 0;
  }

  /** Whether every byte was read, and nothing was wrong. */
  get atEnd(): boolean {
    return this.position === this.#limit;
  }

  /**
   * Stops reading. The first error stays.
   *
   * @param error Why.
   */
  fail(error: ReadError): void {
    if (this.error !== undefined) return;
    this.error = error;
    this.#limit = -1;
  }

  /**
   * Passes over bytes.
   *
   * @param byteCount How many: an integer, 0 or more.
   */
  skip(byteCount: number): void {
    this.#claim(byteCount);
  }

  /**
   * Reads an unsigned integer of 1 byte.
   *
   * @returns 0 to 255.
   */
  u8(): number {
    const at = this.#claim(1);
    return at < 0 ? 0 : this.buffer[at]!;
  }

  /**
   * Reads an unsigned integer of 2 bytes.
   *
   * @returns 0 to 65535.
   */
  u16(): number {
    const at = this.#claim(2);
    return at < 0 ? 0 : this.buffer[at]! | (this.buffer[at + 1]! << 8);
  }

  /**
   * Reads an unsigned integer of 4 bytes.
   *
   * @returns 0 to 4294967295.
   */
  u32(): number {
    return this.i32() >>> 0;
  }

  /**
   * Reads a signed integer of 1 byte, two's complement.
   *
   * @returns -128 to 127.
   */
  i8(): number {
    return this.u8() << 24 >> 24;
  }

  /**
   * Reads a signed integer of 2 bytes, two's complement.
   *
   * @returns -32768 to 32767.
   */
  i16(): number {
    return this.u16() << 16 >> 16;
  }

  /**
   * Reads a signed integer of 4 bytes, two's complement.
   *
   * @returns -2147483648 to 2147483647.
   */
  i32(): number {
    const at = this.#claim(4);
    return at < 0 ? 0 : word(this.buffer, at);
  }

  /**
   * Reads a float of 4 bytes, IEEE 754 binary32. A NaN other than 7FC00000 is
   * the error `nan`.
   *
   * @returns Any float.
   */
  f32(): number {
    const at = this.#claim(4);
    if (at < 0) return 0;
    F32_WORD[0] = word(this.buffer, at);
    const value = F32[0]!;
    if (value !== value && F32_WORD[0] !== F32_NAN) return this.#back(at);
    return value;
  }

  /**
   * Reads a float of 8 bytes, IEEE 754 binary64. A NaN other than
   * 7FF8000000000000 is the error `nan`.
   *
   * @returns Any number.
   */
  f64(): number {
    const at = this.#claim(8);
    if (at < 0) return 0;
    const low = word(this.buffer, at);
    const high = word(this.buffer, at + 4);
    F64_WORDS[LOW] = low;
    F64_WORDS[HIGH] = high;
    const value = F64[0]!;
    if (value !== value && (low !== 0 || high !== F64_NAN_HIGH)) {
      return this.#back(at);
    }
    return value;
  }

  /**
   * Reads an unsigned integer of 8 bytes as two halves.
   *
   * @param into What takes the halves; after an error, zeros.
   * @returns `into`.
   */
  u64(into: U64): U64 {
    const at = this.#claim(8);
    into.low = at < 0 ? 0 : word(this.buffer, at) >>> 0;
    into.high = at < 0 ? 0 : word(this.buffer, at + 4) >>> 0;
    return into;
  }

  /**
   * Reads an unsigned integer as a varint (see `ByteWriter.varint`). Needless
   * bytes are the error `overlong`, more than 2^53 - 1 is `range`.
   *
   * @returns An integer from 0 to 2^53 - 1.
   */
  varint(): number {
    const at = this.position;
    const buffer = this.buffer;
    const first = at < this.#limit ? buffer[at]! : 0x80;
    if (first < 0x80) {
      this.position = at + 1;
      return first;
    }
    // Up to four bytes fit 28 bits, so that no sign gets in the way. A last byte
    // of 0 would be needless: the long way tells so.
    if (at + 4 <= this.#limit) {
      const second = buffer[at + 1]!;
      let value = (first & 0x7f) | ((second & 0x7f) << 7);
      if (second < 0x80) {
        if (second !== 0) {
          this.position = at + 2;
          return value;
        }
      } else {
        const third = buffer[at + 2]!;
        value |= (third & 0x7f) << 14;
        if (third < 0x80) {
          if (third !== 0) {
            this.position = at + 3;
            return value;
          }
        } else {
          const fourth = buffer[at + 3]!;
          if (fourth < 0x80 && fourth !== 0) {
            this.position = at + 4;
            return value | (fourth << 21);
          }
        }
      }
    }
    return this.#wide(VARINT_HIGH_END) ? this.#low + this.#high * TWO_28 : 0;
  }

  /**
   * Reads a signed integer as a varint of its zigzag form (see
   * `ByteWriter.zigzag`).
   *
   * @returns A safe integer.
   */
  zigzag(): number {
    const at = this.position;
    const first = at < this.#limit ? this.buffer[at]! : 0x80;
    if (first < 0x80) {
      this.position = at + 1;
      return (first >>> 1) ^ -(first & 1);
    }
    if (!this.#wide(ZIGZAG_HIGH_END)) return 0;
    // Halved in two parts, as the whole may have 54 bits.
    const magnitude = (this.#low >>> 1) + this.#high * TWO_27;
    if ((this.#low & 1) === 0) return magnitude;
    if (magnitude < Number.MAX_SAFE_INTEGER) return -magnitude - 1;
    this.position = at;
    this.fail("range");
    return 0;
  }

  /**
   * Reads bytes as they are.
   *
   * @param byteCount How many: an integer, 0 or more.
   * @returns A view of the reader's own bytes; copy what is to be kept.
   */
  raw(byteCount: number): Uint8Array {
    const at = this.#claim(byteCount);
    return at < 0 ? NOTHING : this.buffer.subarray(at, at + byteCount);
  }

  /**
   * Reads bytes after their length. More than `maxBytes` is the error `range`.
   *
   * @param maxBytes The most to accept. What lies in the buffer is a limit anyway.
   * @returns A view of the reader's own bytes; copy what is to be kept.
   */
  bytes(maxBytes = Infinity): Uint8Array {
    const at = this.#claimPrefixed(maxBytes);
    return at < 0 ? NOTHING : this.buffer.subarray(at, this.position);
  }

  /**
   * Reads UTF-8 text after its length in bytes. More than `maxBytes` is the error
   * `range`; overlong forms, surrogates and anything else that is not UTF-8 are
   * `utf8`.
   *
   * @param maxBytes The most bytes to accept.
   * @returns The text.
   */
  string(maxBytes = Infinity): string {
    const start = this.position;
    const at = this.#claimPrefixed(maxBytes);
    if (at < 0) return "";
    const text = readUtf8(this.buffer, at, this.position);
    if (text !== undefined) return text;
    this.position = start;
    this.fail("utf8");
    return "";
  }

  /** Moves on by `byteCount`; returns where they begin, or -1. */
  #claim(byteCount: number): number {
    const at = this.position;
    const next = at + byteCount;
    // Written so that NaN is refused too, and `| 0` refuses parts of a byte.
    if (!(next <= this.#limit && byteCount >= 0 && (next | 0) === next)) {
      this.fail("truncated");
      return -1;
    }
    this.position = next;
    return at;
  }

  #claimPrefixed(maxBytes: number): number {
    const start = this.position;
    const byteLength = this.varint();
    if (this.error !== undefined) return -1;
    // Written so that NaN is no absence of a limit.
    if (!(byteLength <= maxBytes)) {
      this.position = start;
      this.fail("range");
      return -1;
    }
    const at = this.#claim(byteLength);
    if (at < 0) this.position = start;
    return at;
  }

  /** A float's bits are not allowed. */
  #back(at: number): number {
    this.position = at;
    this.fail("nan");
    return 0;
  }

  /**
   * Reads a varint of any length into `#low`, its low 28 bits, and `#high`, the
   * rest, which must be below `highEnd`.
   */
  #wide(highEnd: number): boolean {
    const buffer = this.buffer;
    const start = this.position;
    let low = 0;
    let high = 0;
    // The ninth byte would be above what any number here can have.
    for (let i = 0; i < MAX_VARINT_BYTES; i++) {
      if (start + i >= this.#limit) return this.#refuse("truncated");
      const byte = buffer[start + i]!;
      if (i < 4) low |= (byte & 0x7f) << (7 * i);
      else high |= (byte & 0x7f) << (7 * i - 28);
      if (byte > 0x7f) continue;
      if (byte === 0 && i > 0) return this.#refuse("overlong");
      if (high >= highEnd) break;
      this.#low = low;
      this.#high = high;
      this.position = start + i + 1;
      return true;
    }
    return this.#refuse("range");
  }

  #refuse(error: ReadError): false {
    this.fail(error);
    return false;
  }
}

/** Four bytes as a signed integer. */
function word(buffer: Uint8Array, at: number): number {
  return buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) |
    (buffer[at + 3]! << 24);
}

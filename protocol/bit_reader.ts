// This module is browser compatible.
import type { Quat } from "../core/mod.ts";
import { checkWidth, rangeWidth } from "./_bit_width.ts";
import { PARTS } from "./_quat_parts.ts";
import type { AngleQuantizer } from "./angle_quantizer.ts";
import { ByteReader, type ReadError } from "./byte_reader.ts";
import type { FloatQuantizer } from "./float_quantizer.ts";
import type { QuatQuantizer } from "./quat_quantizer.ts";

/**
 * Reads what a {@linkcode BitWriter} wrote, from bytes that may come from anybody.
 * It throws for no bytes and reads none beyond the range of its
 * {@linkcode ByteReader}, whose error the first thing wrong sets; from then on each
 * read returns what all bits 0 stand for. Reset and fail through this, and use the
 * reader of bytes only after {@linkcode BitReader.align}.
 *
 * @example Bits, then whole bytes
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BitReader } from "@tickwire/net/protocol";
 *
 * const reader = new BitReader(new Uint8Array([0b101, 2, 104, 105]));
 * assertEquals([reader.bool(), reader.bits(2)], [true, 2]);
 * assertEquals(reader.align().string(), "hi");
 * assertEquals(reader.atEnd, true);
 * ```
 */
export class BitReader {
  readonly #reader: ByteReader;
  /** Bits of the byte that was begun. */
  #pending = 0;
  /** How many they are: 0 to 7. */
  #count = 0;

  /**
   * Creates a reader of bits.
   *
   * @param source The bytes, which are not copied, or what reads them.
   */
  constructor(source: Uint8Array | ByteReader = new ByteReader()) {
    this.#reader = source instanceof ByteReader
      ? source
      : new ByteReader(source);
  }

  /** Whether everything so far was right. */
  get ok(): boolean {
    return this.#reader.error === undefined;
  }

  /** Why reading stopped, or `undefined`. It stays until `reset()`. */
  get error(): ReadError | undefined {
    return this.#reader.error;
  }

  /**
   * Whether every byte was read, the last bits are zeros, and nothing was wrong.
   */
  get atEnd(): boolean {
    return this.#pending === 0 && this.#reader.atEnd;
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
    this.#reader.reset(bytes, start, end);
    this.#pending = 0;
    this.#count = 0;
  }

  /**
   * Stops reading. The first error stays.
   *
   * @param error Why.
   */
  fail(error: ReadError): void {
    this.#reader.fail(error);
    this.#pending = 0;
    this.#count = 0;
  }

  /**
   * Passes over the rest of a byte that was begun, whose bits must be zeros; if
   * not, that is the error `padding`.
   *
   * @returns The reader of the bytes, for what takes whole bytes.
   */
  align(): ByteReader {
    if (this.#pending !== 0) this.fail("padding");
    this.#count = 0;
    return this.#reader;
  }

  /**
   * Reads an unsigned integer.
   *
   * @param width Bits: an integer from 1 to 32.
   * @returns 0 to 2^width - 1.
   * @throws {RangeError} If `width` is no such integer.
   */
  bits(width: number): number {
    checkWidth(width);
    if (width <= 24) return this.#take(width);
    const low = this.#take(16);
    const high = this.#take(width - 16);
    return this.#reader.error === undefined ? ((high << 16) | low) >>> 0 : 0;
  }

  /**
   * Reads a flag.
   *
   * @returns The flag.
   */
  bool(): boolean {
    return this.#take(1) === 1;
  }

  /**
   * Reads flags.
   *
   * @param flags What takes them, as many as it is long.
   * @returns `flags`.
   */
  bools(flags: boolean[]): boolean[] {
    for (let i = 0; i < flags.length; i++) flags[i] = this.#take(1) === 1;
    return flags;
  }

  /**
   * Reads an integer of a known range. One above `max` is the error `range`.
   *
   * @param min The smallest: a safe integer.
   * @param max The largest: a safe integer, at most 2^32 - 1 above `min`.
   * @returns An integer from `min` to `max`.
   * @throws {RangeError} If `min` and `max` make no such range.
   */
  ranged(min: number, max: number): number {
    const width = rangeWidth(min, max);
    const value = min + (width === 0 ? 0 : this.bits(width));
    if (value <= max) return value;
    this.fail("range");
    return min;
  }

  /**
   * Reads a quantized float. A step beyond the last one is the error `range`.
   *
   * @param quantizer The steps, as the writer had them.
   * @returns A number from `quantizer.min` to `quantizer.max`.
   */
  float(quantizer: FloatQuantizer): number {
    let index = this.bits(quantizer.bits);
    if (index > quantizer.maxIndex) {
      this.fail("range");
      index = 0;
    }
    return quantizer.fromIndex(index);
  }

  /**
   * Reads a quantized angle.
   *
   * @param quantizer The steps, as the writer had them.
   * @returns Radians, from 0 (included) to 2π (excluded).
   */
  angle(quantizer: AngleQuantizer): number {
    return quantizer.fromIndex(this.bits(quantizer.bits));
  }

  /**
   * Reads a rotation. One that no writer writes is the error `range`.
   *
   * @param quantizer How exactly, as the writer had it.
   * @param into What takes the rotation, of length 1; after an error, none at all.
   * @returns `into`.
   */
  quat(quantizer: QuatQuantizer, into: Quat): Quat {
    PARTS[0] = this.bits(2);
    PARTS[1] = this.bits(quantizer.bits);
    PARTS[2] = this.bits(quantizer.bits);
    PARTS[3] = this.bits(quantizer.bits);
    if (this.ok && quantizer.fromParts(PARTS, into)) return into;
    this.fail("range");
    into.x = into.y = into.z = 0;
    into.w = 1;
    return into;
  }

  /** Reads up to 24 bits. */
  #take(width: number): number {
    const reader = this.#reader;
    let pending = this.#pending;
    let count = this.#count;
    if (count < width) {
      let at = reader.position;
      const next = at + ((width - count + 7) >>> 3);
      if (reader.error !== undefined || next > reader.end) {
        this.fail("truncated");
        return 0;
      }
      const { buffer } = reader;
      // Never more than 31 bits: 7 are left over, at most, of what was taken.
      for (; at < next; at++) {
        pending |= buffer[at]! << count;
        count += 8;
      }
      reader.position = next;
    }
    this.#pending = pending >>> width;
    this.#count = count - width;
    return pending & ((1 << width) - 1);
  }
}

// This module is browser compatible.
import type { Quat } from "../core/mod.ts";
import { checkWidth, rangeWidth } from "./_bit_width.ts";
import { PARTS } from "./_quat_parts.ts";
import type { AngleQuantizer } from "./angle_quantizer.ts";
import { ByteWriter, type WriteError } from "./byte_writer.ts";
import type { FloatQuantizer } from "./float_quantizer.ts";
import type { QuatQuantizer } from "./quat_quantizer.ts";

/**
 * Writes values of a few bits each behind what a {@linkcode ByteWriter} holds. The
 * lowest bit of a value goes first, into the lowest bit that is free.
 *
 * Like the writer it appends to, it throws nothing in the middle of a packet: a
 * value that does not fit sets the writer's error, and one look at
 * {@linkcode BitWriter.ok} at the end tells. Until {@linkcode BitWriter.align} the
 * last bits, up to seven, are not in the writer yet: reset and rewind through this,
 * and use the writer of bytes only after `align()`.
 *
 * @example Twelve bits in two bytes
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { BitReader, BitWriter } from "@tickwire/net/protocol";
 *
 * const writer = new BitWriter();
 * writer.bool(true);
 * writer.ranged(-3, -10, 10); // 21 values: 5 bits
 * writer.bits(42, 6);
 * assert(writer.ok);
 * const bytes = writer.toBytes();
 * assertEquals(bytes, new Uint8Array([0b10001111, 0b1010]));
 *
 * const reader = new BitReader(bytes);
 * assertEquals([reader.bool(), reader.ranged(-10, 10), reader.bits(6)], [true, -3, 42]);
 * assert(reader.atEnd);
 * ```
 */
export class BitWriter {
  readonly #writer: ByteWriter;
  /** Bits that do not fill a byte yet. */
  #pending = 0;
  /** How many they are: 0 to 7. */
  #count = 0;

  /**
   * Creates a writer of bits.
   *
   * @param writer Where the bytes go, behind what it holds; a new one if left out.
   */
  constructor(writer: ByteWriter = new ByteWriter()) {
    this.#writer = writer;
  }

  /** Whether everything so far was written. */
  get ok(): boolean {
    return this.#writer.error === undefined;
  }

  /** Why writing stopped, or `undefined`. It stays until `reset()` or `rewind()`. */
  get error(): WriteError | undefined {
    return this.#writer.error;
  }

  /** How many bits the writer holds, those of its bytes included. */
  get bitLength(): number {
    return this.#writer.length * 8 + this.#count;
  }

  /** Begins anew in the same buffer, without an error. */
  reset(): void {
    this.#pending = 0;
    this.#count = 0;
    this.#writer.reset();
  }

  /**
   * Takes back what was written after a place, and the error: for a message of
   * several parts, the last of which does not fit.
   *
   * @param bitLength What `bitLength` was: an integer from 0 to `bitLength`.
   * @throws {RangeError} If it is no such integer.
   */
  rewind(bitLength: number): void {
    if (
      !(Number.isInteger(bitLength) && bitLength >= 0 &&
        bitLength <= this.bitLength)
    ) {
      throw new RangeError(
        `Cannot rewind a BitWriter as bitLength must be an integer from 0 to ${this.bitLength}: current value is ${bitLength}`,
      );
    }
    const length = Math.floor(bitLength / 8);
    const begun = length < this.#writer.length
      ? this.#writer.buffer[length]!
      : this.#pending;
    this.#count = bitLength - length * 8;
    this.#pending = begun & ((1 << this.#count) - 1);
    this.#writer.rewind(length);
  }

  /**
   * Stops writing. The first error stays.
   *
   * @param error Why.
   */
  fail(error: WriteError): void {
    this.#writer.fail(error);
  }

  /**
   * Fills the last byte with zeros, so that the next bit begins a byte.
   *
   * @returns The writer of the bytes, for what takes whole bytes.
   */
  align(): ByteWriter {
    if (this.#count > 0) this.bits(0, 8 - this.#count);
    return this.#writer;
  }

  /**
   * Writes an unsigned integer.
   *
   * @param value 0 to 2^width - 1.
   * @param width Bits: an integer from 1 to 32.
   * @throws {RangeError} If `width` is no such integer.
   */
  bits(value: number, width: number): void {
    checkWidth(width);
    if (value >>> 0 !== value || width < 32 && value >>> width !== 0) {
      return this.fail("range");
    }
    if (width <= 24) return this.#put(value, width);
    this.#put(value & 0xffff, 16);
    this.#put(value >>> 16, width - 16);
  }

  /**
   * Writes a flag as one bit.
   *
   * @param value The flag.
   */
  bool(value: boolean): void {
    this.#put(value ? 1 : 0, 1);
  }

  /**
   * Writes flags, one bit each, the first one first, without their number.
   *
   * @param flags The flags.
   */
  bools(flags: readonly boolean[]): void {
    for (let i = 0; i < flags.length; i++) this.#put(flags[i] ? 1 : 0, 1);
  }

  /**
   * Writes an integer of a known range in as few bits as the range needs: the
   * distance from `min`. A range of one value takes none.
   *
   * @param value An integer from `min` to `max`.
   * @param min The smallest: a safe integer.
   * @param max The largest: a safe integer, at most 2^32 - 1 above `min`.
   * @throws {RangeError} If `min` and `max` make no such range.
   */
  ranged(value: number, min: number, max: number): void {
    const width = rangeWidth(min, max);
    const index = value - min;
    // What is no integer fails here as well: `>>>` makes another number of it.
    if (index >>> 0 !== index || value > max) return this.fail("range");
    if (width > 0) this.bits(index, width);
  }

  /**
   * Writes a float as the nearest of its quantizer's steps. One out of its range
   * becomes the nearest in it; NaN is out of any range.
   *
   * @param value Any number but NaN.
   * @param quantizer The steps.
   */
  float(value: number, quantizer: FloatQuantizer): void {
    const index = quantizer.toIndex(value);
    if (index < 0) return this.fail("range");
    this.bits(index, quantizer.bits);
  }

  /**
   * Writes an angle as the nearest of its quantizer's steps.
   *
   * @param radians Any finite number: whole turns make no difference.
   * @param quantizer The steps.
   */
  angle(radians: number, quantizer: AngleQuantizer): void {
    const index = quantizer.toIndex(radians);
    if (index < 0) return this.fail("range");
    this.bits(index, quantizer.bits);
  }

  /**
   * Writes a rotation: the number of its largest component, and the other three.
   *
   * @param rotation A quaternion of any length but 0.
   * @param quantizer How exactly.
   */
  quat(rotation: Readonly<Quat>, quantizer: QuatQuantizer): void {
    if (!quantizer.toParts(rotation, PARTS)) return this.fail("range");
    this.bits(PARTS[0]!, 2);
    this.bits(PARTS[1]!, quantizer.bits);
    this.bits(PARTS[2]!, quantizer.bits);
    this.bits(PARTS[3]!, quantizer.bits);
  }

  /**
   * Fills the last byte with zeros and copies everything written.
   *
   * @returns Bytes that belong to the caller.
   * @throws {ProtocolError} `encodeError` if a value was out of range or the
   * buffer full.
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.align().toBytes();
  }

  /** Writes up to 24 bits, which with the pending ones fit 31. */
  #put(value: number, width: number): void {
    let pending = this.#pending | (value << this.#count);
    let count = this.#count + width;
    if (count >= 8) {
      const writer = this.#writer;
      if (!writer.reserve(count >>> 3)) return;
      const { buffer } = writer;
      let at = writer.length;
      do {
        buffer[at++] = pending;
        pending >>>= 8;
        count -= 8;
      } while (count >= 8);
      writer.length = at;
    }
    this.#pending = pending;
    this.#count = count;
  }
}

// This module is browser compatible.
import type { ByteWriter } from "../../../protocol/mod.ts";

/**
 * Bits behind each other, the lowest first, in memory of its own that grows. It has no
 * checks: its owner knows how many bits a value takes, and makes room for them.
 */
export class BitPacker {
  /** Whole words; bytes only come of them in the end, which spares most stores. */
  #words = new Int32Array(256);
  #length = 0;
  /** Bits that do not fill a word yet, fewer than 32. */
  #pending = 0;
  #count = 0;

  /** Begins anew. */
  reset(): void {
    this.#length = 0;
    this.#pending = 0;
    this.#count = 0;
  }

  /**
   * Makes room.
   *
   * @param bitCount How many bits come at most until it is called again.
   */
  reserve(bitCount: number): void {
    const needed = this.#length + Math.ceil(bitCount / 32) + 1;
    if (needed <= this.#words.length) return;
    const words = new Int32Array(Math.max(needed, 2 * this.#words.length));
    words.set(this.#words.subarray(0, this.#length));
    this.#words = words;
  }

  /**
   * Adds bits.
   *
   * @param value 0 to 2^width - 1, or the signed integer of the same 32 bits.
   * @param width 0 to 32.
   */
  put(value: number, width: number): void {
    const count = this.#count;
    const pending = this.#pending | value << count;
    const next = count + width;
    if (next < 32) {
      this.#pending = pending;
      this.#count = next;
      return;
    }
    this.#words[this.#length++] = pending;
    // A shift by 32 would be one by 0.
    this.#pending = count === 0 ? 0 : value >>> 32 - count;
    this.#count = next - 32;
  }

  /**
   * Fills the last byte with zeros, and writes all bytes.
   *
   * @param writer Takes them; its error is set if there is no room.
   */
  finish(writer: ByteWriter): void {
    const whole = this.#length;
    const rest = this.#count + 7 >>> 3;
    if (!writer.reserve(4 * whole + rest)) return;
    const words = this.#words;
    const bytes = writer.buffer;
    let at = writer.length;
    for (let i = 0; i < whole; i++, at += 4) {
      const word = words[i]!;
      bytes[at] = word;
      bytes[at + 1] = word >>> 8;
      bytes[at + 2] = word >>> 16;
      bytes[at + 3] = word >>> 24;
    }
    for (let i = 0; i < rest; i++) bytes[at++] = this.#pending >>> 8 * i;
    writer.length = at;
  }
}

// This module is browser compatible.

/** The offset basis CBF29CE484222325. */
const OFFSET_HIGH = 0xcbf2_9ce4;
const OFFSET_LOW = 0x8422_2325;

/**
 * A running 64-bit FNV-1a hash (Glenn Fowler, Landon Curt Noll and Kiem-Phong Vo;
 * RFC 9923), as two halves, without BigInt.
 *
 * It tells apart what differs by accident, such as two versions of a contract or
 * two states of a simulation. It is no protection against anybody: whoever wants to
 * can make two inputs with one hash.
 *
 * @example The hash of a text
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Fnv1a64 } from "@tickwire/net/core";
 *
 * const hash = new Fnv1a64();
 * hash.update(new TextEncoder().encode("foobar"));
 * assertEquals(hash.hex(), "85944171f73967e8");
 * ```
 */
export class Fnv1a64 {
  #low = OFFSET_LOW;
  #high = OFFSET_HIGH;

  /** The low 32 bits of what was hashed so far: 0 to 4294967295. */
  get low(): number {
    return this.#low;
  }

  /** The high 32 bits of what was hashed so far: 0 to 4294967295. */
  get high(): number {
    return this.#high;
  }

  /** Begins anew. */
  reset(): void {
    this.#low = OFFSET_LOW;
    this.#high = OFFSET_HIGH;
  }

  /**
   * Hashes further bytes. Where they are cut into calls makes no difference.
   *
   * @param bytes The bytes.
   * @param start The first of them: an integer from 0.
   * @param end The index after the last of them: an integer up to `bytes.length`.
   * @throws {RangeError} If `start` or `end` lies outside of the bytes.
   */
  update(bytes: Uint8Array, start = 0, end: number = bytes.length): void {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new RangeError(
        `Cannot hash bytes as 0 <= start <= end <= ${bytes.length} must hold: current values are ${start} and ${end}`,
      );
    }
    let low = this.#low;
    let high = this.#high;
    for (let i = start; i < end; i++) {
      low = (low ^ bytes[i]!) >>> 0;
      // The prime is 2^40 + 435, so that the product modulo 2^64 needs three
      // parts; low * 435 stays below 2^41, where doubles are exact.
      const product = low * 435;
      high = (Math.imul(high, 435) + (low << 8) +
        Math.floor(product / 0x1_0000_0000)) >>> 0;
      low = product >>> 0;
    }
    this.#low = low;
    this.#high = high;
  }

  /**
   * Tells the hash as text.
   *
   * @returns 16 hexadecimal digits, the highest first.
   */
  hex(): string {
    return this.#high.toString(16).padStart(8, "0") +
      this.#low.toString(16).padStart(8, "0");
  }
}

// This module is browser compatible.

/** A source of random numbers, replaceable so that a run can be repeated. */
export interface Random {
  /** The next unsigned 32-bit integer: 0 to 4294967295. */
  nextU32(): number;
  /** The next double with 53 random bits: 0 (included) to 1 (excluded). */
  nextFloat(): number;
  /** Fills `bytes` with random bytes. */
  fill(bytes: Uint8Array): void;
}

/**
 * Random numbers that repeat: the same seed gives the same numbers, on every
 * machine and in every runtime.
 *
 * The generator is xoshiro128** 1.1 (David Blackman and Sebastiano Vigna,
 * "Scrambled Linear Pseudorandom Number Generators", 2021) with a period of
 * 2^128 - 1. A seed given as one number is spread over the state by SplitMix64,
 * as its authors recommend. Whoever sees some of the numbers can compute all the
 * others: secrets come from {@linkcode SecureRandom}.
 *
 * @example The same seed, the same numbers
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SeededRandom } from "@tickwire/net/core";
 *
 * const one = new SeededRandom(42);
 * const two = new SeededRandom(42);
 * assertEquals(one.nextU32(), two.nextU32());
 * assertEquals(one.nextFloat(), two.nextFloat());
 * ```
 */
export class SeededRandom implements Random {
  readonly #state = new Uint32Array(4);

  /**
   * Creates a generator from a seed.
   *
   * @param seed A safe integer, of which every value gives different numbers;
   * or the four 32-bit words of the generator's state, not all of them zero.
   * @throws {RangeError} If the number is not a safe integer, or the state is
   * not four unsigned 32-bit integers or is all zero.
   */
  constructor(seed: number | readonly [number, number, number, number]) {
    if (typeof seed === "number") {
      seedState(this.#state, seed);
    } else {
      checkState(seed);
      this.#state.set(seed);
    }
  }

  /**
   * Makes the next unsigned 32-bit integer.
   *
   * @returns An integer from 0 to 4294967295.
   */
  nextU32(): number {
    const state = this.#state;
    const s0 = state[0]!;
    const s1 = state[1]!;
    const s2 = state[2]! ^ s0;
    const s3 = state[3]! ^ s1;
    const scrambled = Math.imul(s1, 5);
    state[0] = s0 ^ s3;
    state[1] = s1 ^ s2;
    state[2] = s2 ^ (s1 << 9);
    state[3] = (s3 << 11) | (s3 >>> 21);
    return Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
  }

  /**
   * Makes the next double, from two 32-bit integers.
   *
   * @returns A multiple of 2^-53 from 0 (included) to 1 (excluded).
   */
  nextFloat(): number {
    return floatFromWords(this.nextU32(), this.nextU32());
  }

  /**
   * Fills an array with random bytes: little-endian 32-bit integers, the last
   * one cut to the bytes that are left.
   *
   * @param bytes The array to fill.
   */
  fill(bytes: Uint8Array): void {
    fillFromWords(this, bytes);
  }
}

/** Words that {@linkcode SecureRandom} fetches at once: one call per 1 KiB. */
const SECURE_WORDS = 256;

/**
 * Random numbers nobody can predict, from `crypto.getRandomValues()`.
 *
 * They are fetched 1 KiB at a time, which makes a single number cheap enough
 * for everyday use (jitter, ids, nonces). They never repeat, so whatever a test
 * or a replay must reproduce takes a {@linkcode SeededRandom} instead.
 *
 * @example Make a session token
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * import { SecureRandom } from "@tickwire/net/core";
 *
 * const random = new SecureRandom();
 * const token = new Uint8Array(16);
 * random.fill(token);
 * assertNotEquals(token, new Uint8Array(16));
 * assertEquals(token.length, 16);
 * ```
 */
export class SecureRandom implements Random {
  readonly #words = new Uint32Array(SECURE_WORDS);
  #used = SECURE_WORDS;

  /**
   * Makes the next unsigned 32-bit integer.
   *
   * @returns An integer from 0 to 4294967295.
   */
  nextU32(): number {
    const words = this.#words;
    if (this.#used === SECURE_WORDS) {
      crypto.getRandomValues(words);
      this.#used = 0;
    }
    const index = this.#used++;
    const word = words[index]!;
    // What was handed out may have become a key: a later leak of this buffer
    // must not give it away.
    words[index] = 0;
    return word;
  }

  /**
   * Makes the next double, from two 32-bit integers.
   *
   * @returns A multiple of 2^-53 from 0 (included) to 1 (excluded).
   */
  nextFloat(): number {
    return floatFromWords(this.nextU32(), this.nextU32());
  }

  /**
   * Fills an array with random bytes.
   *
   * @param bytes The array to fill.
   */
  fill(bytes: Uint8Array): void {
    fillFromWords(this, bytes);
  }
}

/** 27 bits of one word and 26 of the other: all that a double below 1 can hold. */
function floatFromWords(high: number, low: number): number {
  return ((high >>> 5) * 0x400_0000 + (low >>> 6)) / 0x20_0000_0000_0000;
}

function fillFromWords(random: Random, bytes: Uint8Array): void {
  const whole = bytes.length & ~3;
  let i = 0;
  while (i < whole) {
    const word = random.nextU32();
    bytes[i++] = word;
    bytes[i++] = word >>> 8;
    bytes[i++] = word >>> 16;
    bytes[i++] = word >>> 24;
  }
  if (i === bytes.length) return;
  for (let word = random.nextU32(); i < bytes.length; word >>>= 8) {
    bytes[i++] = word;
  }
}

/**
 * SplitMix64 (Guy Steele, Doug Lea and Christine Flood, "Fast Splittable
 * Pseudorandom Number Generators", 2014), two outputs. Its mixing is one to one,
 * so two counters in a row are never both mixed to zero: the all-zero state,
 * which xoshiro cannot leave, does not come up.
 */
function seedState(state: Uint32Array, seed: number): void {
  if (!Number.isSafeInteger(seed)) {
    throw new RangeError(
      `Cannot seed a SeededRandom as seed must be a safe integer: current value is ${seed}`,
    );
  }
  let counter = BigInt(seed);
  for (let i = 0; i < 4; i += 2) {
    counter = BigInt.asUintN(64, counter + 0x9e3779b97f4a7c15n);
    let mixed = counter;
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
    mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
    mixed ^= mixed >> 31n;
    state[i] = Number(mixed & 0xffff_ffffn);
    state[i + 1] = Number(mixed >> 32n);
  }
}

function checkState(state: readonly number[]): void {
  const words = state.length === 4 &&
    state.every((word) => Number.isInteger(word) && word === word >>> 0);
  if (!words || state.every((word) => word === 0)) {
    throw new RangeError(
      `Cannot seed a SeededRandom as the state must be four unsigned 32-bit integers, not all zero: current value is [${state}]`,
    );
  }
}

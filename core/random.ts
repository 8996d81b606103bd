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

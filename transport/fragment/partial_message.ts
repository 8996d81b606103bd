// This module is browser compatible.

/** A message of which not all fragments have come. */
export class PartialMessage {
  /** Its bytes, those that have come. */
  readonly bytes: Uint8Array;
  /** How many fragments are missing. */
  missing: number;
  /** When its first fragment came, in milliseconds. */
  readonly beganMs: number;
  /** How many bytes each fragment has but the last. */
  readonly fragmentBytes: number;
  readonly #has: Uint8Array;

  /** Of `length` bytes in fragments of `fragmentBytes`, but for the last. */
  constructor(length: number, fragmentBytes: number, nowMs: number) {
    this.bytes = new Uint8Array(length);
    this.missing = Math.max(1, Math.ceil(length / fragmentBytes));
    this.beganMs = nowMs;
    this.fragmentBytes = fragmentBytes;
    this.#has = new Uint8Array((this.missing + 7) >> 3);
  }

  /** Whether a fragment has come. */
  has(index: number): boolean {
    return (this.#has[index >> 3]! & (1 << (index & 7))) !== 0;
  }

  /**
   * Takes a fragment: `source` from `from` on. Its index and length were checked.
   * Returns `false` if it has come before.
   */
  take(index: number, source: Uint8Array, from: number, to: number): boolean {
    if (this.has(index)) return false;
    this.#has[index >> 3]! |= 1 << (index & 7);
    this.bytes.set(source.subarray(from, to), index * this.fragmentBytes);
    this.missing--;
    return true;
  }
}

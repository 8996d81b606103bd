/** The newest round trips, and how they are spread. */
export class RoundTrips {
  readonly #newest: Float64Array;
  #count = 0;

  /**
   * Creates it without any.
   *
   * @param capacity How many it remembers: 1 or more.
   */
  constructor(capacity: number) {
    this.#newest = new Float64Array(capacity);
  }

  /** How many it remembers. */
  get size(): number {
    return Math.min(this.#count, this.#newest.length);
  }

  /** The last one, in milliseconds; `NaN` before the first. */
  get last(): number {
    if (this.#count === 0) return NaN;
    return this.#newest[(this.#count - 1) % this.#newest.length]!;
  }

  /**
   * Adds one.
   *
   * @param ms How long it took, in milliseconds.
   */
  add(ms: number): void {
    this.#newest[this.#count++ % this.#newest.length] = ms;
  }

  /**
   * Quantiles of those that it remembers.
   *
   * @param shares Of which each is from 0 to 1.
   * @returns As many, in milliseconds; `NaN` while there is none.
   */
  quantiles(...shares: readonly number[]): number[] {
    const sorted = this.#newest.slice(0, this.size).sort();
    const last = sorted.length - 1;
    return shares.map((share) =>
      sorted[Math.min(last, Math.floor(share * sorted.length))] ?? NaN
    );
  }

  /** Forgets all. */
  clear(): void {
    this.#count = 0;
  }
}

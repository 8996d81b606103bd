// This module is browser compatible.

/** Beyond it the oldest are forgotten: a replay of one of them is then only a new client. */
const MAX_USED = 4_096;

/** Numbers that are remembered for a time. */
export class UsedSet {
  readonly #keepMs: number;
  /** When each may be forgotten, in the order of adding, which is that of forgetting. */
  readonly #forgetMs = new Map<number, number>();

  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  get size(): number {
    return this.#forgetMs.size;
  }

  has(value: number, nowMs: number): boolean {
    const forgetMs = this.#forgetMs.get(value);
    return forgetMs !== undefined && nowMs < forgetMs;
  }

  add(value: number, nowMs: number): void {
    this.#forgetMs.delete(value);
    for (const [old, forgetMs] of this.#forgetMs) {
      if (this.#forgetMs.size < MAX_USED && nowMs < forgetMs) break;
      this.#forgetMs.delete(old);
    }
    this.#forgetMs.set(value, nowMs + this.#keepMs);
  }
}

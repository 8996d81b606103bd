// This module is browser compatible.

/** How many events were dropped, of a name and for a reason. */
export interface DropCount {
  /** The event's name. */
  readonly event: string;
  /** Why. */
  readonly reason: string;
  /** How many: an integer, 1 or more. */
  readonly count: number;
}

/** Sums by name and reason. Both come from bounded sets. */
export class DropCounts {
  readonly #counts = new Map<string, Map<string, number>>();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  add(event: string, reason: string, count = 1): void {
    let reasons = this.#counts.get(event);
    if (reasons === undefined) {
      reasons = new Map();
      this.#counts.set(event, reasons);
    }
    const sum = (reasons.get(reason) ?? 0) + count;
    if (sum > 0) {
      reasons.set(reason, sum);
      return;
    }
    reasons.delete(reason);
    if (reasons.size === 0) this.#counts.delete(event);
  }

  addAll(drops: Iterable<DropCount>): void {
    for (const { event, reason, count } of drops) {
      this.add(event, reason, count);
    }
  }

  subtractAll(drops: Iterable<DropCount>): void {
    for (const { event, reason, count } of drops) {
      this.add(event, reason, -count);
    }
  }

  clear(): void {
    this.#counts.clear();
  }

  *[Symbol.iterator](): IterableIterator<DropCount> {
    for (const [event, reasons] of this.#counts) {
      for (const [reason, count] of reasons) yield { event, reason, count };
    }
  }
}

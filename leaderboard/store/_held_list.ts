// This module is browser compatible.
import type { HeldSubmission } from "./store.ts";

/** The held submissions of one board, by their sequence. */
export class HeldList {
  readonly #byId = new Map<string, HeldSubmission>();
  readonly #sorted: HeldSubmission[] = [];

  get(id: string): HeldSubmission | undefined {
    return this.#byId.get(id);
  }

  put(held: HeldSubmission): void {
    this.remove(held.id);
    this.#sorted.splice(this.#behind(held.sequence), 0, held);
    this.#byId.set(held.id, held);
  }

  remove(id: string): void {
    const held = this.#byId.get(id);
    if (held === undefined) return;
    this.#byId.delete(id);
    this.#sorted.splice(this.#sorted.lastIndexOf(held), 1);
  }

  list(
    state: HeldSubmission["state"],
    afterSequence: number,
    limit: number,
  ): HeldSubmission[] {
    const sorted = this.#sorted;
    const found: HeldSubmission[] = [];
    for (
      let i = this.#behind(afterSequence);
      i < sorted.length && found.length < limit;
      i++
    ) {
      if (sorted[i]!.state === state) found.push(sorted[i]!);
    }
    return found;
  }

  /** How many have this sequence or a lower one. */
  #behind(sequence: number): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#sorted[middle]!.sequence <= sequence) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

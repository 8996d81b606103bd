// This module is browser compatible.
import type { DropReason } from "./session_event.ts";

/** What was given up since somebody looked, by reason. */
export class DropCount {
  readonly #counts = new Map<
    DropReason,
    { messages: number; bytes: number }
  >();

  get isEmpty(): boolean {
    return this.#counts.size === 0;
  }

  add(reason: DropReason, bytes: number): void {
    const count = this.#counts.get(reason);
    if (count === undefined) this.#counts.set(reason, { messages: 1, bytes });
    else {
      count.messages += 1;
      count.bytes += bytes;
    }
  }

  /** Hands out what was counted, and begins anew. */
  *take(): IterableIterator<
    { reason: DropReason; messages: number; bytes: number }
  > {
    for (const [reason, count] of this.#counts) {
      this.#counts.delete(reason);
      yield { reason, ...count };
    }
  }
}

// This module is browser compatible.
import type { LateMessage } from "./channel_stats.ts";
import { TICKS_PER_MS } from "./_frame.ts";

const KEPT = 16;
const EMPTY = new Int32Array(0);

/** The latest messages that were late. Nothing is allocated before the first. */
export class LateMessages {
  #values = EMPTY;
  #count = 0;

  /** Notes one; times in ticks. */
  add(
    channel: number,
    id: number,
    queued: number,
    congested: number,
    heldBack: number,
    underWay: number,
    resent: number,
    copies: number,
  ): void {
    if (this.#values.length === 0) this.#values = new Int32Array(KEPT * 8);
    const values = this.#values;
    const at = (this.#count++ % KEPT) * 8;
    values[at] = channel;
    values[at + 1] = id;
    values[at + 2] = queued;
    values[at + 3] = congested;
    values[at + 4] = heldBack;
    values[at + 5] = underWay;
    values[at + 6] = resent;
    values[at + 7] = copies;
  }

  /** All that are kept, oldest first. */
  toArray(): LateMessage[] {
    const late: LateMessage[] = [];
    for (let i = Math.max(0, this.#count - KEPT); i < this.#count; i++) {
      const values = this.#values.subarray((i % KEPT) * 8);
      late.push({
        channel: values[0]!,
        id: values[1]! >>> 0,
        queuedMs: values[2]! / TICKS_PER_MS,
        congestionMs: values[3]! / TICKS_PER_MS,
        budgetMs: values[4]! / TICKS_PER_MS,
        underWayMs: values[5]! / TICKS_PER_MS,
        resent: values[6]!,
        copies: values[7]!,
      });
    }
    return late;
  }
}

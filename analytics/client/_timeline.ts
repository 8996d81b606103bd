// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";

/**
 * The time by which events are stamped: the wall clock as it was when this was made, and since then the monotonic one. A
 * wall clock that jumps tears no session, and `sentAt` is wrong by as much as the stamps are.
 */
export class Timeline {
  readonly #clock: Clock;
  readonly #offsetMs: number;
  #lookedAtMs = NaN;
  #monotonicMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offsetMs = clock.epochMs() - clock.nowMs();
  }

  /**
   * The monotonic time, to the millisecond. Runtimes take ten times as long to tell it as to tell the wall clock, so it is
   * looked at again only where that says something else.
   */
  roughlyNowMs(): number {
    const epochMs = this.#clock.epochMs();
    if (epochMs !== this.#lookedAtMs) {
      this.#lookedAtMs = epochMs;
      this.#monotonicMs = this.#clock.nowMs();
    }
    return this.#monotonicMs;
  }

  /** Epoch milliseconds now: an integer. */
  nowMs(): number {
    return this.at(this.#clock.nowMs());
  }

  /** Epoch milliseconds at a monotonic time. */
  at(monotonicMs: number): number {
    return Math.floor(this.#offsetMs + monotonicMs);
  }
}

// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";

/** The clock is read once in so many questions, or units of work: some tens of microseconds. */
const CLOCK_EVERY = 32;
const CLOCK_WORK = 4096;

/** Counts the work of a tick, and says when it is enough. */
export class WorkMeter {
  /** Units of work since the tick began. */
  done = 0;
  #limit = Infinity;
  #deadlineMs = Infinity;
  #clock: Clock | undefined;
  #asked = 0;
  /** How much was done when the clock was read last. */
  #doneThen = 0;

  /** Begins a tick with a limit of work, and of time by a clock. */
  begin(limit: number, clock: Clock | undefined, budgetMs: number): void {
    this.done = 0;
    this.#limit = limit;
    this.#clock = clock;
    this.#asked = 0;
    this.#doneThen = 0;
    this.#deadlineMs = clock === undefined
      ? Infinity
      : clock.nowMs() + budgetMs;
  }

  /** Whether nothing more should begin. */
  isSpent(): boolean {
    if (this.done >= this.#limit) return true;
    if (this.#clock === undefined) return false;
    const isMuchDone = this.done - this.#doneThen >= CLOCK_WORK;
    if (this.#asked++ % CLOCK_EVERY !== 0 && !isMuchDone) return false;
    this.#doneThen = this.done;
    if (this.#clock.nowMs() < this.#deadlineMs) return false;
    // What has been refused once is refused for the rest of the tick.
    this.#limit = 0;
    return true;
  }
}

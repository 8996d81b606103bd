// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import { shareOf } from "./_host_share.ts";

/** Keys tried in vain per millisecond: a tenth of a processor, at some 50 µs each. */
const FAILURES_PER_MS = 2;
/** How many may come at once after a silence, or in one step of a server that is polled ten times a second. */
const MAX_FAILURES = 100 * FAILURES_PER_MS;
const WINDOW_MS = 100;
/** Of a window's, one host has so many at most, or it would keep all others out. */
const MAX_FAILURES_OF_HOST = MAX_FAILURES / 4;

/**
 * Bounds the work that tokens which do not open can cause: it is the dearest that somebody
 * without a token can ask for. Those that open cost nothing of it.
 *
 * It is spread evenly over time: were it given out for a window at once, then a flood would have
 * all of it at the window's beginning, and the connected clients would wait meanwhile.
 */
export class OpeningBudget {
  readonly #random: Random;
  readonly #ofHost = new Map<string, number>();
  #left = MAX_FAILURES;
  #refilledMs = 0;
  #endMs = -Infinity;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether a token from a host may be tried. */
  mayOpen(host: string, nowMs: number): boolean {
    const came = (nowMs - this.#refilledMs) * FAILURES_PER_MS;
    this.#left = Math.min(this.#left + came, MAX_FAILURES);
    this.#refilledMs = nowMs;
    if (nowMs >= this.#endMs) {
      // Of random length, or a client that asks ten times a second would always meet the
      // same part of a window, which may be the one where nothing is left to its host.
      this.#endMs = nowMs + WINDOW_MS * (0.5 + this.#random.nextFloat());
      this.#ofHost.clear();
    }
    if (this.#left < 1) return false;
    return this.#ofHost.size === 0 ||
      (this.#ofHost.get(shareOf(host)) ?? 0) < MAX_FAILURES_OF_HOST;
  }

  /** Notes that so many keys did not open one. */
  fail(host: string, keys: number): void {
    const share = shareOf(host);
    this.#left -= keys;
    this.#ofHost.set(share, (this.#ofHost.get(share) ?? 0) + keys);
  }
}

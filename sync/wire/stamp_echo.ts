// This module is browser compatible.

import { STAMPS_PER_MS } from "../clock/stamp.ts";

const MAX_HELD = 0xffff;

/**
 * What is echoed to the other end: the newest stamp of its own that has come, and how
 * long ago.
 */
export class StampEcho {
  /** The other end's stamp. */
  stamp = 0;
  #receivedMs = 0;
  #isKnown = false;

  /** Takes the stamp of a message, unless a newer one has come before. */
  receive(stamp: number, nowMs: number): void {
    if (this.#isKnown && (stamp - this.stamp | 0) <= 0) return;
    this.#isKnown = true;
    this.stamp = stamp;
    this.#receivedMs = nowMs;
  }

  /**
   * Tells how long the stamp has been held.
   *
   * @returns 0 to 65535 units; -1 if there is none, or it is too old to tell.
   */
  held(nowMs: number): number {
    if (!this.#isKnown) return -1;
    const units = Math.floor((nowMs - this.#receivedMs) * STAMPS_PER_MS);
    return units >= 0 && units <= MAX_HELD ? units : -1;
  }
}

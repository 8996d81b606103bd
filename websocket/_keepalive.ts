// This module is browser compatible.

import { Patience } from "./_patience.ts";

/** What a {@linkcode Keepalive} wants done. */
export type KeepaliveVerdict = "idle" | "ping" | "dead";

/** Finds out whether the other end of an open socket is there. */
export class Keepalive {
  readonly #intervalMs: number;
  readonly #patience: Patience;
  #sincePingMs = 0;
  #isWaiting = false;

  constructor(intervalMs: number, timeoutMs: number) {
    this.#intervalMs = intervalMs;
    this.#patience = new Patience(timeoutMs);
  }

  /** Begins with a new socket. */
  restart(): void {
    this.#sincePingMs = 0;
    this.#isWaiting = false;
  }

  /** Notes that something came: whatever it is, the other end is there. */
  heard(): void {
    this.#isWaiting = false;
  }

  /** The ping that it wanted was not made: nobody can answer it. */
  skipped(): void {
    this.#isWaiting = false;
  }

  /** Lets time pass, after all that came was taken in. */
  tick(stepMs: number): KeepaliveVerdict {
    this.#sincePingMs += stepMs;
    const isLong = this.#patience.isLong(stepMs);
    if (this.#isWaiting) {
      if (this.#patience.tick(stepMs)) return "dead";
      return isLong ? this.#ping() : "idle";
    }
    if (this.#sincePingMs < this.#intervalMs && !isLong) return "idle";
    this.#isWaiting = true;
    this.#patience.restart();
    return this.#ping();
  }

  #ping(): KeepaliveVerdict {
    this.#sincePingMs = 0;
    return "ping";
  }
}

import { setImmediate } from "node:timers";

/** How long a read may go on before others have a turn, in milliseconds. */
const MAX_TURN_MS = 8;

/** Turns that a long read gives to others. */
export class Slices {
  #endMs = performance.now() + MAX_TURN_MS;

  /** To be awaited after each slice, which is to take a few milliseconds at most. */
  async next(): Promise<void> {
    if (performance.now() < this.#endMs) return;
    await new Promise<void>((resolve) => setImmediate(resolve));
    this.#endMs = performance.now() + MAX_TURN_MS;
  }
}

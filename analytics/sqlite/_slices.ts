/** How long a read may go on before others have a turn, in milliseconds. */
const MAX_TURN_MS = 8;

/** Turns that a long read gives to others. */
export class Slices {
  #endMs = performance.now() + MAX_TURN_MS;

  /** To be awaited after each slice, which is to take a few milliseconds at most. */
  async next(): Promise<void> {
    if (performance.now() < this.#endMs) return;
    // Not setImmediate: where there is always one more of these, Deno looks at its sockets after 61 of them only.
    await new Promise<void>((resolve) => setTimeout(resolve, 0));
    this.#endMs = performance.now() + MAX_TURN_MS;
  }
}

// How loops of the benches' programs wait between two polls of a socket.
import type { NonBlockingSocketBackend } from "../transport/deno.ts";

/** How a loop waits: not at all, or for a millisecond. */
export type Pause = "spin" | "pause";

/** A loop that never pauses lets the event loop turn so often. */
const SPINS_PER_TURN = 64;

/** Lets the event loop turn. */
export class Waiter {
  readonly #kind: NonBlockingSocketBackend;
  readonly #pause: Pause;
  #spins = 0;

  constructor(kind: NonBlockingSocketBackend, pause: Pause) {
    this.#kind = kind;
    this.#pause = pause;
  }

  /** What to await; `undefined` for nothing, as an `await` takes time itself. */
  wait(): Promise<void> | undefined {
    if (this.#pause === "pause") {
      return new Promise((resolve) => setTimeout(resolve, 1));
    }
    // Only the native socket does without the event loop.
    if (this.#kind === "native" && ++this.#spins % SPINS_PER_TURN !== 0) {
      return undefined;
    }
    return new Promise((resolve) => setImmediate(resolve));
  }
}

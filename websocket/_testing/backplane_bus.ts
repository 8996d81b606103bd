// A backplane in memory that loses, repeats and damages what it is told to.
import type { Backplane } from "../hub/backplane.ts";

/** What becomes of an envelope on its way to one of the others: each that it gets. */
export type Fate = (
  envelope: Uint8Array,
  from: number,
  to: number,
) => readonly Uint8Array[];

/** Carries envelopes between the ends that it opens, when `run` is called. */
export class BackplaneBus {
  /** By default all arrives. */
  fate: Fate = (envelope) => [envelope];
  /** Whether nothing more is taken. */
  isFull = false;
  readonly #listeners: ((envelope: Uint8Array) => void)[] = [];
  readonly #sent: { from: number; envelope: Uint8Array }[] = [];

  open(): Backplane {
    const index = this.#listeners.length;
    const nobody = (): void => {};
    this.#listeners.push(nobody);
    return {
      publish: (envelope) => {
        if (this.isFull) return false;
        this.#sent.push({ from: index, envelope: envelope.slice() });
        return true;
      },
      subscribe: (onEnvelope) => {
        this.#listeners[index] = onEnvelope;
        return () => {
          this.#listeners[index] = nobody;
        };
      },
      close: () => Promise.resolve(),
    };
  }

  /** Delivers what was published. */
  run(): void {
    for (const { from, envelope } of this.#sent.splice(0)) {
      for (const [to, listener] of this.#listeners.entries()) {
        for (const one of this.fate(envelope, from, to)) listener(one.slice());
      }
    }
  }
}

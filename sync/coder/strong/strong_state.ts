// This module is browser compatible.
import type { CoderState } from "../table_coder.ts";
import { type Layout, RECORDS } from "./layout.ts";

/** What the strong coder has learnt with a snapshot: models, and how things moved. */
export class StrongState implements CoderState {
  /** Header, counters, weights, and a record of each entity that moved. */
  readonly words: Uint16Array;
  readonly #layout: Layout;
  readonly #fresh: Uint16Array;

  constructor(layout: Layout, fresh: Uint16Array) {
    this.#layout = layout;
    this.#fresh = fresh;
    const { modelWords, recordWords, maxRecords } = layout;
    this.words = new Uint16Array(modelWords + recordWords * maxRecords);
    this.reset();
  }

  get byteLength(): number {
    return this.words.byteLength;
  }

  /** How many bytes of it are in use. */
  get usedBytes(): number {
    const { modelWords, recordWords } = this.#layout;
    return 2 * (modelWords + recordWords * this.words[RECORDS]!);
  }

  copyFrom(other: CoderState): void {
    this.words.set((other as StrongState).words);
  }

  reset(): void {
    this.words.fill(0);
    this.words.set(this.#fresh);
  }
}

// This module is browser compatible.

/** Gives out the numbers 0 to `count - 1`, the lowest free one first, as netcode's clients are told theirs. */
export class ClientSlots {
  readonly #isTaken: Uint8Array;
  /** None below it is free. */
  #from = 0;

  constructor(count: number) {
    this.#isTaken = new Uint8Array(count);
  }

  /** Takes the lowest free one; -1 if there is none. */
  take(): number {
    const slot = this.#isTaken.indexOf(0, this.#from);
    if (slot < 0) return -1;
    this.#isTaken[slot] = 1;
    this.#from = slot + 1;
    return slot;
  }

  free(slot: number): void {
    this.#isTaken[slot] = 0;
    if (slot < this.#from) this.#from = slot;
  }
}

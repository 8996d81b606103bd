// This module is browser compatible.

// One for all: empty arrays take room too.
const NO_DUE = new Float64Array(0);
const NO_CHANNEL = new Uint8Array(0);
const NO_PLACE = new Int32Array(0);

/**
 * Which copies of messages are due when: a binary heap by time (J. W. J. Williams, "Algorithm 232:
 * Heapsort", 1964), of a channel's index and the lowest 32 bits of a message's place.
 */
export class CopyHeap {
  #due = NO_DUE;
  #channel = NO_CHANNEL;
  #place = NO_PLACE;
  /** How many copies wait. */
  length = 0;

  /** When the first one is due, in milliseconds; `Infinity` if none waits. */
  get dueMs(): number {
    return this.length === 0 ? Infinity : this.#due[0]!;
  }

  /** The channel of the first one. */
  get channel(): number {
    return this.#channel[0]!;
  }

  /** The place of the first one. */
  get place(): number {
    return this.#place[0]!;
  }

  /** Puts one in. */
  push(dueMs: number, channel: number, place: number): void {
    let at = this.length;
    if (at === this.#due.length) this.#resize(Math.max(8, at * 2));
    this.length++;
    const due = this.#due;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (due[parent]! <= dueMs) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#put(at, dueMs, channel, place);
  }

  /** Takes the first one out. */
  pop(): void {
    const last = --this.length;
    if (last === 0) {
      // What a burst needed is not kept for ever.
      if (this.#due.length > 64) this.rest();
      return;
    }
    const due = this.#due;
    const dueMs = due[last]!;
    let at = 0;
    while (true) {
      let child = at * 2 + 1;
      if (child >= last) break;
      if (child + 1 < last && due[child + 1]! < due[child]!) child++;
      if (due[child]! >= dueMs) break;
      this.#move(child, at);
      at = child;
    }
    this.#put(at, dueMs, this.#channel[last]!, this.#place[last]!);
  }

  /** Keeps no room for copies that are not there. */
  rest(): void {
    if (this.length > 0) return;
    this.#due = NO_DUE;
    this.#channel = NO_CHANNEL;
    this.#place = NO_PLACE;
  }

  #put(at: number, dueMs: number, channel: number, place: number): void {
    this.#due[at] = dueMs;
    this.#channel[at] = channel;
    this.#place[at] = place;
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#due[from]!, this.#channel[from]!, this.#place[from]!);
  }

  #resize(capacity: number): void {
    const due = new Float64Array(capacity);
    const channel = new Uint8Array(capacity);
    const place = new Int32Array(capacity);
    due.set(this.#due.subarray(0, this.length));
    channel.set(this.#channel.subarray(0, this.length));
    place.set(this.#place.subarray(0, this.length));
    this.#due = due;
    this.#channel = channel;
    this.#place = place;
  }
}

// This module is browser compatible.

const FIRST_CAPACITY = 64;
/** Four children for each: fewer levels, and those of one lie in one line of the cache. */
const ARITY = 4;

/**
 * Numbers of slots, each with a time: the earliest comes first, of the same time the one that was pushed first. Typed arrays
 * that double, so that nothing is allocated for an entry.
 */
export class EventHeap {
  #times = new Float64Array(FIRST_CAPACITY);
  #orders = new Float64Array(FIRST_CAPACITY);
  #slots = new Int32Array(FIRST_CAPACITY);
  #length = 0;
  #pushed = 0;

  get length(): number {
    return this.#length;
  }

  /** The earliest time, `Infinity` if it is empty. */
  get nextMs(): number {
    return this.#length === 0 ? Infinity : this.#times[0]!;
  }

  push(atMs: number, slot: number): void {
    if (this.#length === this.#slots.length) this.#grow();
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    let at = this.#length++;
    while (at > 0) {
      const parent = ((at - 1) / ARITY) | 0;
      // What was pushed before goes first, so an equal time stops here.
      if (times[parent]! <= atMs) break;
      times[at] = times[parent]!;
      orders[at] = orders[parent]!;
      slots[at] = slots[parent]!;
      at = parent;
    }
    times[at] = atMs;
    orders[at] = this.#pushed++;
    slots[at] = slot;
  }

  /** Takes out the earliest; there must be one. */
  pop(): number {
    const times = this.#times;
    const orders = this.#orders;
    const slots = this.#slots;
    const taken = slots[0]!;
    const length = --this.#length;
    const atMs = times[length]!;
    const order = orders[length]!;
    const slot = slots[length]!;
    let at = 0;
    for (let child = 1; child < length; child = at * ARITY + 1) {
      const end = Math.min(child + ARITY, length);
      let least = child;
      for (let other = child + 1; other < end; other++) {
        if (
          times[other]! < times[least]! ||
          times[other] === times[least] && orders[other]! < orders[least]!
        ) least = other;
      }
      if (
        times[least]! > atMs || times[least] === atMs && orders[least]! > order
      ) break;
      times[at] = times[least]!;
      orders[at] = orders[least]!;
      slots[at] = slots[least]!;
      at = least;
    }
    times[at] = atMs;
    orders[at] = order;
    slots[at] = slot;
    return taken;
  }

  #grow(): void {
    const capacity = this.#slots.length * 2;
    const times = new Float64Array(capacity);
    const orders = new Float64Array(capacity);
    const slots = new Int32Array(capacity);
    times.set(this.#times);
    orders.set(this.#orders);
    slots.set(this.#slots);
    this.#times = times;
    this.#orders = orders;
    this.#slots = slots;
  }
}

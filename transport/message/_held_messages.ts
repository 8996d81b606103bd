// This module is browser compatible.
import { copyBytes } from "./_frame.ts";

const EMPTY_BYTES = new Uint8Array(0);
const EMPTY_INTS = new Int32Array(0);

/**
 * Messages by number, in one ring of bytes in the order they came. What comes out of order is let
 * go of when all that came before it is: with a hole filled, everything is.
 */
export class HeldMessages {
  /** The numbers that are held are from here … */
  #low = 0;
  /** … to before this one. */
  #high = 0;
  /** By number: where its bytes are and how many + 1, 0 if it is not there. */
  #slots = EMPTY_INTS;
  #slotMask = -1;
  /** The numbers in the order they came, their lowest 32 bits. */
  #order = EMPTY_INTS;
  #orderMask = -1;
  #orderFirst = 0;
  #orderEnd = 0;
  #bytes = EMPTY_BYTES;
  #head = 0;
  #tail = 0;
  /** How many are held. */
  length = 0;
  /** How many bytes they have. */
  heldBytes = 0;

  /** Bytes of its arrays. */
  get capacityBytes(): number {
    return this.#bytes.length + this.#slots.byteLength + this.#order.byteLength;
  }

  /** Whether a message is held. */
  has(number: number): boolean {
    return number >= this.#low && number < this.#high &&
      this.#slots[((number & this.#slotMask) << 1) + 1] !== 0;
  }

  /** Copies a message in that is not held. Numbers span at most 2^30. */
  put(number: number, source: Uint8Array, from: number, to: number): void {
    const size = to - from;
    if (this.length === 0) {
      this.#low = number;
      this.#high = number + 1;
    } else {
      if (number < this.#low) this.#low = number;
      if (number >= this.#high) this.#high = number + 1;
    }
    if (this.#high - this.#low > this.#slotMask + 1) this.#growSlots();
    if (this.#orderEnd - this.#orderFirst > this.#orderMask) this.#growOrder();
    // Without bytes head and tail could not be told apart.
    const at = this.#allocate(size || 1);
    copyBytes(source, from, to, this.#bytes, at);
    const slot = (number & this.#slotMask) << 1;
    this.#slots[slot] = at;
    this.#slots[slot + 1] = size + 1;
    this.#order[this.#orderEnd++ & this.#orderMask] = number;
    this.length++;
    this.heldBytes += size;
  }

  /** How many bytes a message has; `undefined` if it is not held. */
  sizeOf(number: number): number | undefined {
    if (!this.has(number)) return undefined;
    return this.#slots[((number & this.#slotMask) << 1) + 1]! - 1;
  }

  /** A view of a message that is held; good until the next `put()`. */
  view(number: number): Uint8Array {
    const slot = (number & this.#slotMask) << 1;
    const at = this.#slots[slot]!;
    return this.#bytes.subarray(at, at + this.#slots[slot + 1]! - 1);
  }

  /** Lets go of a message that is held. Returns how many bytes it had. */
  remove(number: number): number {
    const slots = this.#slots;
    const slot = (number & this.#slotMask) << 1;
    const size = slots[slot + 1]! - 1;
    slots[slot + 1] = 0;
    this.heldBytes -= size;
    if (--this.length === 0) {
      this.#orderFirst = this.#orderEnd = 0;
      this.#head = this.#tail = 0;
      if (
        this.#bytes.length > KEPT_BYTES || this.#slots.length > KEPT_SLOTS
      ) this.#release();
      return size;
    }
    if (number === this.#low) {
      let low = number + 1;
      while (slots[((low & this.#slotMask) << 1) + 1] === 0) low++;
      this.#low = low;
    }
    while (true) {
      const oldest = this.#order[this.#orderFirst & this.#orderMask]!;
      const at = (oldest & this.#slotMask) << 1;
      if (slots[at + 1] !== 0 && this.#isOldest(oldest)) {
        this.#tail = slots[at]!;
        break;
      }
      this.#orderFirst++;
    }
    return size;
  }

  /** Keeps no room for messages that are not there. */
  rest(): void {
    if (this.length === 0) this.#release();
  }

  /** Lets go of all. */
  clear(): void {
    this.length = 0;
    this.heldBytes = 0;
    this.#orderFirst = this.#orderEnd = 0;
    this.#head = this.#tail = 0;
    this.#release();
  }

  /** Whether a slot still is that of a number: numbers that were let go of may share it. */
  #isOldest(low32: number): boolean {
    const number = this.#low + ((low32 - this.#low) | 0);
    return number >= this.#low && number < this.#high;
  }

  #release(): void {
    this.#bytes = EMPTY_BYTES;
    this.#slots = EMPTY_INTS;
    this.#slotMask = -1;
    this.#order = EMPTY_INTS;
    this.#orderMask = -1;
  }

  #allocate(count: number): number {
    const capacity = this.#bytes.length;
    let at = this.#head;
    if (this.length === 0 || at > this.#tail) {
      if (capacity - at < count) {
        if (this.length > 0 && this.#tail > count) at = 0;
        else at = this.#growBytes(count);
      }
    } else if (this.#tail - at <= count) {
      at = this.#growBytes(count);
    }
    this.#head = at + count;
    return at;
  }

  /** Moves what is held into a larger array in the order it came. */
  #growBytes(count: number): number {
    const needed = this.heldBytes + this.length + count;
    let capacity = Math.max(256, this.#bytes.length);
    while (capacity < needed * 1.5) capacity *= 2;
    const bytes = new Uint8Array(capacity);
    const slots = this.#slots;
    let to = 0;
    let kept = this.#orderFirst;
    for (let i = this.#orderFirst; i < this.#orderEnd; i++) {
      const low32 = this.#order[i & this.#orderMask]!;
      const slot = (low32 & this.#slotMask) << 1;
      if (slots[slot + 1] === 0 || !this.#isOldest(low32)) continue;
      const from = slots[slot]!;
      const size = slots[slot + 1]! - 1;
      bytes.set(this.#bytes.subarray(from, from + size), to);
      slots[slot] = to;
      to += size || 1;
      this.#order[kept++ & this.#orderMask] = low32;
    }
    this.#orderEnd = kept;
    this.#bytes = bytes;
    this.#tail = 0;
    return to;
  }

  #growSlots(): void {
    const span = this.#high - this.#low;
    let mask = Math.max(7, this.#slotMask);
    while (mask < span) mask = mask * 2 + 1;
    const slots = new Int32Array((mask + 1) << 1);
    // The number that made it grow is not in yet.
    for (let i = this.#orderFirst; i < this.#orderEnd; i++) {
      const low32 = this.#order[i & this.#orderMask]!;
      const from = (low32 & this.#slotMask) << 1;
      if (this.#slots[from + 1] === 0 || !this.#isOldest(low32)) continue;
      const to = (low32 & mask) << 1;
      slots[to] = this.#slots[from]!;
      slots[to + 1] = this.#slots[from + 1]!;
    }
    this.#slots = slots;
    this.#slotMask = mask;
  }

  #growOrder(): void {
    const mask = Math.max(7, this.#orderMask * 2 + 1);
    const order = new Int32Array(mask + 1);
    for (let i = this.#orderFirst; i < this.#orderEnd; i++) {
      order[i & mask] = this.#order[i & this.#orderMask]!;
    }
    this.#order = order;
    this.#orderMask = mask;
  }
}

/** What an empty one keeps. */
const KEPT_BYTES = 0x1_0000;
const KEPT_SLOTS = 0x2000;

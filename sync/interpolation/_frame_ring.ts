// This module is browser compatible.
import { bitSet } from "../world/bit_set.ts";
import { Frame } from "./frame.ts";
import type { FrameLayout } from "./frame_layout.ts";

/** The frame of a snapshot. */
export class SampledFrame extends Frame {
  /** Places of which the snapshot had nothing new: what is here is made of others. */
  readonly guessed: Uint32Array = bitSet(this.capacity);
}

/** The frames of the newest snapshots, in the order of their ticks. */
export class FrameRing {
  readonly #layout: FrameLayout;
  readonly #capacity: number;
  readonly #ring: SampledFrame[] = [];
  #first = 0;
  #size = 0;

  constructor(layout: FrameLayout, capacity: number) {
    this.#layout = layout;
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /** The frame at a place, 0 being the oldest. */
  at(place: number): SampledFrame {
    return this.#ring[(this.#first + place) % this.#ring.length]!;
  }

  /** The frame of a tick. */
  find(tick: number): SampledFrame | undefined {
    const place = this.placeAfter(tick) - 1;
    if (place < 0) return undefined;
    const found = this.at(place);
    return found.tick === tick ? found : undefined;
  }

  /** The first place that is after a moment; `size` if there is none. */
  placeAfter(tick: number): number {
    let low = 0;
    let high = this.#size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.at(middle).tick <= tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Makes room for a snapshot.
   *
   * @returns The frame that takes it, whatever it holds; `undefined` if there is one of
   * the tick, or all of a full ring are newer.
   */
  insert(tick: number): SampledFrame | undefined {
    let place = this.placeAfter(tick);
    if (place > 0 && this.at(place - 1).tick === tick) return undefined;
    const isFull = this.#size === this.#capacity;
    if (isFull) {
      if (place === 0) return undefined;
      this.#first = (this.#first + 1) % this.#capacity;
      place--;
    } else {
      // Frames are made as they are needed; until then the ring begins at 0.
      if (this.#size === this.#ring.length) {
        this.#ring.push(new SampledFrame(this.#layout));
      }
      this.#size++;
    }
    const frame = this.at(this.#size - 1);
    for (let i = this.#size - 1; i > place; i--) this.#set(i, this.at(i - 1));
    this.#set(place, frame);
    frame.tick = tick;
    return frame;
  }

  clear(): void {
    this.#size = 0;
    this.#first = 0;
  }

  #set(place: number, frame: SampledFrame): void {
    this.#ring[(this.#first + place) % this.#ring.length] = frame;
  }
}

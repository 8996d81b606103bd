// This module is browser compatible.
import { type PeerId, peerSlot } from "./peer_id.ts";

const MAX_SLOTS = 65_536;
/** Freed slots rest until so many have been, which keeps ids from coming again soon. */
const RESTING_SLOTS = 64;

/** Mints the ids of peers and finds peers by them. */
export class SlotTable<T> {
  readonly #slots: (T | undefined)[] = [];
  /** The generation of each slot, 1 to 65535: no id is 0. */
  readonly #generations: number[] = [];
  /** Free slots, the longest free one first. */
  readonly #free: number[] = [];
  #freeHead = 0;

  /** An id for {@linkcode SlotTable.add}; `undefined` if all slots are taken. */
  nextId(): PeerId | undefined {
    const resting = this.#free.length - this.#freeHead;
    let slot = this.#slots.length;
    if (resting > RESTING_SLOTS || (resting > 0 && slot === MAX_SLOTS)) {
      slot = this.#free[this.#freeHead++]!;
      if (this.#freeHead > 1_024) {
        this.#free.splice(0, this.#freeHead);
        this.#freeHead = 0;
      }
    } else if (slot === MAX_SLOTS) return undefined;
    else {
      this.#slots.push(undefined);
      this.#generations.push(0);
    }
    const generation = this.#generations[slot]! % 0xffff + 1;
    this.#generations[slot] = generation;
    return (generation * 0x1_0000 + slot) as PeerId;
  }

  add(id: PeerId, value: T): void {
    this.#slots[peerSlot(id)] = value;
  }

  get(id: PeerId): T | undefined {
    const slot = peerSlot(id);
    return this.#generations[slot] === id >>> 16
      ? this.#slots[slot]
      : undefined;
  }

  remove(id: PeerId): void {
    const slot = peerSlot(id);
    if (this.get(id) === undefined) return;
    this.#slots[slot] = undefined;
    this.#free.push(slot);
  }
}

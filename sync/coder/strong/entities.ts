// This module is browser compatible.
import { hasBit } from "../../world/bit_set.ts";
import {
  FOLLOWED,
  GENERATION,
  INNER,
  type Layout,
  LEVELS,
  SIGNS,
  TREES,
} from "./layout.ts";
import type { Pass } from "./pass.ts";

/** Codes entities that come or go, whose numbers are told by those of the one before. */
export class Entities {
  readonly #layout: Layout;
  readonly #previous: Int32Array;
  #generation = 0;

  constructor(layout: Layout, columns: number) {
    this.#layout = layout;
    this.#previous = new Int32Array(columns);
  }

  /** Begins a message. */
  begin(): void {
    this.#previous.fill(0);
    this.#generation = 0;
  }

  /**
   * Codes a place that has another entity than before, or has one no more.
   *
   * @param wasAlive Whether it had one.
   */
  code(pass: Pass, slot: number, wasAlive: boolean): void {
    const { coder, base, current } = pass;
    const { decoding } = coder;
    if (wasAlive) {
      const isAlive = decoding || hasBit(current.alive, slot) ? 1 : 0;
      if (coder.bit(isAlive, FOLLOWED) === 0) {
        if (decoding) pass.filled.clear(slot);
        return;
      }
    }
    // What a place without an entity has for a generation, the other end does not know.
    const before = wasAlive ? base.generations[slot]! : this.#generation;
    const likely = wasAlive ? before + 1 & 0xffff : before;
    let generation = decoding ? 0 : current.generations[slot]!;
    const at = GENERATION + (wasAlive ? 1 : 0);
    if (coder.bit(generation === likely ? 1 : 0, at) === 1) {
      generation = likely;
    } else {
      generation = coder.even(generation, 16);
      if (generation === likely || wasAlive && generation === before) {
        pass.fault = "notCanonical";
        return;
      }
    }
    this.#generation = generation;
    if (decoding) pass.filled.place(slot, generation);
    this.#content(pass, slot);
  }

  #content(pass: Pass, slot: number): void {
    const { coder, after, capacity } = pass;
    const previous = this.#previous;
    for (const { kind, first, count, max, counters } of this.#layout.groups) {
      for (let c = 0; c < count; c++) {
        const i = (first + c) * capacity + slot;
        const limit = max[c]!;
        let value = after[i]!;
        if (kind === "vector") {
          const guess = previous[first + c]!;
          const off = coder.number(
            value - guess | 0,
            counters + TREES + (LEVELS - 1) * 16,
            counters + SIGNS + 27,
            counters + INNER,
          );
          value = guess + off | 0;
        } else value = coder.evenBits(value >>> 0, 32 - Math.clz32(limit)) | 0;
        if (value >>> 0 > limit) {
          pass.fault = "range";
          return;
        }
        after[i] = value;
        previous[first + c] = value;
      }
    }
  }
}

// This module is browser compatible.
import type { EntityType } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { addBits, bitSet } from "./bit_set.ts";
import type { EntityStore } from "./entity_store.ts";

/** How many ticks are kept: what is older is no base for a difference. */
export const HISTORY_TICKS = 64;

/** One tick: all entities, and which places have changed since the tick before. */
interface Moment {
  tick: number;
  readonly tables: readonly EntityTable[];
  readonly changed: readonly Uint32Array[];
}

/**
 * The last ticks of a world, each whole: what differences are made to, what rewinding
 * looks at, and what checksums are of.
 *
 * Each recorded tick costs one copy of the tables, whatever has changed.
 */
export class WorldHistory {
  readonly #moments: readonly Moment[];
  /** The newest tick; -1 before the first. */
  #newest = -1;
  #count = 0;

  /**
   * Creates a history without ticks.
   *
   * @param types What the tables hold.
   * @param ticks How many ticks are kept: 1 or more.
   */
  constructor(types: readonly EntityType[], ticks: number = HISTORY_TICKS) {
    this.#moments = Array.from({ length: ticks }, () => ({
      tick: -1,
      tables: types.map(({ schema }) => new EntityTable(schema)),
      changed: types.map(({ schema }) => bitSet(schema.maxEntities)),
    }));
  }

  /** The newest tick; `undefined` before the first. */
  get newest(): number | undefined {
    return this.#count === 0 ? undefined : this.#newest;
  }

  /** The oldest tick that is kept; `undefined` before the first. */
  get oldest(): number | undefined {
    return this.#count === 0 ? undefined : this.#newest - this.#count + 1;
  }

  /**
   * Records the next tick, and forgets the oldest if the history is full.
   *
   * @param store The state; its changes are taken.
   * @returns The number of the tick: 0 for the first.
   */
  record(store: EntityStore): number {
    const tick = this.#newest + 1;
    const moment = this.#moments[tick % this.#moments.length]!;
    moment.tick = tick;
    store.tables.forEach((table, type) => {
      moment.tables[type]!.copyFrom(table);
      store.takeChanged(type, moment.changed[type]!);
    });
    this.#newest = tick;
    if (this.#count < this.#moments.length) this.#count++;
    return tick;
  }

  /** Whether a tick is kept. */
  has(tick: number): boolean {
    return Number.isInteger(tick) && tick <= this.#newest &&
      tick > this.#newest - this.#count;
  }

  /**
   * Tells the tables of a tick, by the numbers of the types.
   *
   * @param tick One that is kept.
   * @returns Tables to be read, until the tick is forgotten.
   */
  tablesAt(tick: number): readonly EntityTable[] {
    return this.#moments[tick % this.#moments.length]!.tables;
  }

  /**
   * Adds the places of a type that have changed after a tick. What has changed and
   * changed back is among them.
   *
   * @param type The number of the type.
   * @param tick One that is kept.
   * @param into Takes the places, beside those that it holds.
   */
  changedSince(type: number, tick: number, into: Uint32Array): void {
    const { length } = this.#moments;
    for (let at = tick + 1; at <= this.#newest; at++) {
      addBits(into, this.#moments[at % length]!.changed[type]!);
    }
  }
}

// This module is browser compatible.
import type { EntityType } from "../schema/define_world.ts";
import type { EntityTable } from "../snapshot/entity_table.ts";
import { bitSet, clearBit, hasBit, setBit } from "../world/bit_set.ts";
import { entityIdOf } from "../world/entity_id.ts";
import type { SyncClientEvent } from "./sync_client_event.ts";

/**
 * Which entities the game was told of. What it has not been told yet is found by
 * comparing, when it asks: there is no queue that could overflow.
 */
export class EntityNews {
  readonly #types: readonly EntityType[];
  readonly #alive: readonly Uint32Array[];
  readonly #generations: readonly Uint16Array[];
  /** Where the comparison is: a type, and a word of its places. */
  #type = 0;
  #word = 0;

  constructor(types: readonly EntityType[]) {
    this.#types = types;
    this.#alive = types.map(({ schema }) => bitSet(schema.maxEntities));
    this.#generations = types.map(({ schema }) =>
      new Uint16Array(schema.maxEntities)
    );
  }

  /** Whether a comparison is under way. */
  get isBegun(): boolean {
    return this.#type > 0 || this.#word > 0;
  }

  /**
   * Tells the next piece of news.
   *
   * @param tables What there is.
   * @returns The event; `undefined` if all was told: the next call begins anew.
   */
  next(tables: readonly EntityTable[]): SyncClientEvent | undefined {
    for (; this.#type < tables.length; this.#type++, this.#word = 0) {
      const table = tables[this.#type]!;
      for (; this.#word < table.alive.length; this.#word++) {
        const event = this.#compare(table);
        if (event !== undefined) return event;
      }
    }
    this.#type = 0;
    this.#word = 0;
    return undefined;
  }

  #compare(table: EntityTable): SyncClientEvent | undefined {
    const type = this.#types[this.#type]!;
    const alive = this.#alive[this.#type]!;
    const generations = this.#generations[this.#type]!;
    let left = alive[this.#word]! | table.alive[this.#word]!;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      const at = (this.#word << 5) + 31 - Math.clz32(bit);
      const generation = table.generations[at]!;
      if (hasBit(alive, at)) {
        const told = generations[at]!;
        if (table.isAlive(at) && told === generation) continue;
        clearBit(alive, at);
        return {
          type: "entityDespawned",
          id: entityIdOf(type.number, at, told),
          entity: type.name,
        };
      }
      setBit(alive, at);
      generations[at] = generation;
      return {
        type: "entitySpawned",
        id: entityIdOf(type.number, at, generation),
        entity: type.name,
      };
    }
    return undefined;
  }
}

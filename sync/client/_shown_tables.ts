// This module is browser compatible.
import type { EntityType } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import type { WorldSnapshot } from "./world_snapshot.ts";

/**
 * The newest that is known of each entity.
 *
 * That is the newest snapshot, if the server had room for all of it. If not, what it
 * left out is there as in its base, while a snapshot in between may have had it newer:
 * each builds upon what the server knows to have come, not upon the one before. Then
 * what came last of each entity is kept here.
 */
export class ShownTables {
  readonly #types: readonly EntityType[];
  readonly #empty: readonly EntityTable[];
  #own: readonly EntityTable[] | undefined;
  #tables: readonly EntityTable[];

  constructor(types: readonly EntityType[]) {
    this.#types = types;
    this.#empty = types.map(({ schema }) => new EntityTable(schema));
    this.#tables = this.#empty;
  }

  /** The tables. */
  get tables(): readonly EntityTable[] {
    return this.#tables;
  }

  /**
   * Takes the newest snapshot.
   *
   * @param snapshot Which.
   */
  show(snapshot: WorldSnapshot): void {
    if (!snapshot.isPartial) {
      this.#tables = snapshot.tables;
      return;
    }
    const own = this.#own ??= this.#types.map(({ schema }) =>
      new EntityTable(schema)
    );
    if (this.#tables !== own) {
      own.forEach((table, i) => table.copyFrom(this.#tables[i]!));
      this.#tables = own;
    }
    const { tables, stale } = snapshot;
    own.forEach((table, i) => update(table, tables[i]!, stale[i]!));
  }
}

function update(
  table: EntityTable,
  from: EntityTable,
  stale: Uint32Array,
): void {
  for (let i = 0; i < stale.length; i++) {
    // What is stale there was here as it is there, or has come newer since.
    const kept = table.alive[i]! & from.alive[i]! & stale[i]!;
    let left = (table.alive[i]! | from.alive[i]!) & ~kept;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      table.copySlot(from, (i << 5) + 31 - Math.clz32(bit));
    }
  }
}

// This module is browser compatible.
import type { EntityType } from "../schema/define_world.ts";
import { EntityTable } from "../snapshot/entity_table.ts";
import { hasBit } from "../world/bit_set.ts";
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
   * @param changed The places that it has written, by type.
   */
  show(snapshot: WorldSnapshot, changed: readonly Uint32Array[]): void {
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
    own.forEach((table, i) => update(table, snapshot.tables[i]!, changed[i]!));
  }
}

function update(
  table: EntityTable,
  from: EntityTable,
  changed: Uint32Array,
): void {
  for (let i = 0; i < changed.length; i++) {
    const both = table.alive[i]! & from.alive[i]!;
    // Those that nothing is said about stay, if they are the same entity still.
    let left = table.alive[i]! | from.alive[i]!;
    while (left !== 0) {
      const bit = left & -left;
      left ^= bit;
      const at = (i << 5) + 31 - Math.clz32(bit);
      if (
        (both & bit) === 0 || hasBit(changed, at) ||
        table.generations[at] !== from.generations[at]
      ) table.copySlot(from, at);
    }
  }
}

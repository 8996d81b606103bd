import type { Column, ColumnKind } from "../../sync/schema/column.ts";
import {
  EntityTable,
  type TableForm,
} from "../../sync/snapshot/entity_table.ts";

/** How many cubes the recording has. */
export const CUBES = 901;
/** How many snapshots the recording has, at 60 each second. */
export const SNAPSHOTS = 2837;
const FIELDS = 8;
const HEADER_BYTES = 16;

// Which field of the recording each column is, and what is added so that it begins at 0.
const COLUMNS: readonly [string, ColumnKind, number, number, number][] = [
  ["position", "linear", 4, 16_383, 32_766],
  ["position", "linear", 5, 16_383, 32_766],
  ["position", "linear", 6, 0, 8_191],
  ["rotation", "largest", 0, 0, 3],
  ["rotation", "part", 1, 0, 511],
  ["rotation", "part", 2, 0, 511],
  ["rotation", "part", 3, 0, 511],
  ["held", "bits", 7, 0, 1],
];

/** The cubes as columns: the recording's own numbers, which no field quite gives. */
export const CUBE_FORM: TableForm = {
  columns: COLUMNS.map(([field, kind, , , max], index): Column => ({
    index,
    field,
    kind,
    max,
    bits: 32 - Math.clz32(max),
    first: COLUMNS.findIndex(([name]) => name === field),
    count: COLUMNS.filter(([name]) => name === field).length,
  })),
  blobs: [],
  maxEntities: CUBES,
};

/**
 * Reads the recording of `bench/data`.
 *
 * @param count How many snapshots, from the first on.
 * @returns A table per snapshot.
 */
export async function readRecording(
  count: number = SNAPSHOTS,
): Promise<EntityTable[]> {
  const file = new URL("../data/cubes901.cubes.gz", import.meta.url);
  const packed = await Deno.readFile(file);
  const stream = new Blob([packed]).stream().pipeThrough(
    new DecompressionStream("gzip"),
  );
  const bytes = await new Response(stream).arrayBuffer();
  const steps = new Int16Array(bytes, HEADER_BYTES);
  const size = CUBES * FIELDS;
  const now = new Int32Array(size);
  const tables: EntityTable[] = [];
  for (let n = 0; n < count; n++) {
    for (let i = 0; i < size; i++) now[i]! += steps[n * size + i]!;
    const table = new EntityTable(CUBE_FORM);
    for (let slot = 0; slot < CUBES; slot++) table.place(slot, 0);
    COLUMNS.forEach(([, , field, offset], c) => {
      for (let slot = 0; slot < CUBES; slot++) {
        table.values[c * CUBES + slot] = now[field * CUBES + slot]! + offset;
      }
    });
    tables.push(table);
  }
  return tables;
}

/** Which places differ between two tables of cubes, none of which comes or goes. */
export function changedCubes(a: EntityTable, b: EntityTable): Uint32Array {
  const changed = new Uint32Array(a.alive.length);
  for (let i = 0; i < a.values.length; i++) {
    if (a.values[i] === b.values[i]) continue;
    const slot = i % CUBES;
    changed[slot >>> 5]! |= 1 << (slot & 31);
  }
  return changed;
}

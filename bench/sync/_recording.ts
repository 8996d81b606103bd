// The recording of bench/data as tables: web APIs alone, so that it can be read wherever the library runs.
import { type ColumnForm, columnsOf } from "../../sync/schema/column.ts";
import { bitSet, setBit } from "../../sync/world/bit_set.ts";
import type { TableContent, TableForm } from "../../sync/mod.ts";

/** What moved, tick after tick. */
export interface Recording {
  readonly form: TableForm;
  /** The cubes at each tick. */
  readonly tables: readonly TableContent[];
  /** By tick: which cubes differ from the tick before. */
  readonly changes: readonly Uint32Array[];
}

/** Columns of {@linkcode Recording}, for those that write fields by hand. */
export const Col = {
  x: 0,
  y: 1,
  z: 2,
  largest: 3,
  a: 4,
  b: 5,
  c: 6,
  held: 7,
} as const;

export const COLUMN_COUNT = 8;

const SOURCE = new URL("../data/cubes901.cubes.gz", import.meta.url);
const HEADER_BYTES = 16;
/** In the order of the file. */
const FILE_COLUMNS = [
  Col.largest,
  Col.a,
  Col.b,
  Col.c,
  Col.x,
  Col.y,
  Col.z,
  Col.held,
];
const MAX_HORIZONTAL = 32_767;
const MAX_HEIGHT = 8_191;
/** Makes x and y begin at 0. */
const HORIZONTAL_OFFSET = 16_384;
const MAX_PART = 511;

/** Reads the recording. */
export async function loadRecording(): Promise<Recording> {
  const { body } = await fetch(SOURCE);
  const stream = body!.pipeThrough(new DecompressionStream("gzip"));
  const buffer = await new Response(stream).arrayBuffer();
  const view = new DataView(buffer);
  const cubes = view.getUint16(4, true);
  const ticks = view.getUint32(8, true);
  const form: TableForm = {
    columns: columnsOf(
      new Map<string, ColumnForm[]>([
        ["position", [
          { kind: "linear", max: MAX_HORIZONTAL },
          { kind: "linear", max: MAX_HORIZONTAL },
          { kind: "linear", max: MAX_HEIGHT },
        ]],
        ["rotation", [
          { kind: "largest", max: 3 },
          { kind: "part", max: MAX_PART },
          { kind: "part", max: MAX_PART },
          { kind: "part", max: MAX_PART },
        ]],
        ["held", [{ kind: "bits", max: 1 }]],
      ]),
    ),
    blobs: [],
    maxEntities: cubes,
  };
  const alive = bitSet(cubes);
  for (let slot = 0; slot < cubes; slot++) setBit(alive, slot);
  const generations = new Uint16Array(cubes);
  const tables: TableContent[] = [];
  const changes: Uint32Array[] = [];
  const length = cubes * COLUMN_COUNT;
  let before = new Int32Array(length);
  before.fill(HORIZONTAL_OFFSET, Col.x * cubes, (Col.y + 1) * cubes);
  const differences = new Int16Array(buffer, HEADER_BYTES);
  for (let tick = 0, at = 0; tick < ticks; tick++) {
    const values = before.slice();
    const changed = bitSet(cubes);
    for (const column of FILE_COLUMNS) {
      for (let slot = 0; slot < cubes; slot++, at++) {
        // The file is little-endian, and so is whatever runs this.
        const difference = differences[at]!;
        if (difference === 0) continue;
        values[column * cubes + slot]! += difference;
        setBit(changed, slot);
      }
    }
    tables.push({
      form,
      capacity: cubes,
      values,
      generations,
      alive,
      blobs: [],
    });
    changes.push(changed);
    before = values;
  }
  return { form, tables, changes };
}

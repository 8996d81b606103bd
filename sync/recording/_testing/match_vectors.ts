// This module is browser compatible.
import { columnsOf } from "../../schema/column.ts";
import { EntityTable, type TableForm } from "../../snapshot/entity_table.ts";
import { viewChecksum } from "../../wire/view_checksum.ts";
import { MatchPlayer } from "../match_player.ts";
import { MATCH } from "./match_game.ts";
import { playMatch, replayMatch } from "./play_match.ts";

/** An entity: its type, its place, its generation, its numbers, and bytes beside them. */
export type VectorEntity = readonly [
  type: number,
  slot: number,
  generation: number,
  numbers: readonly number[],
  blobs: readonly string[],
];

/** What `sync/vectors/match_recording.json` holds. */
export interface MatchVectors {
  readonly about: string;
  readonly contract: string;
  /** By number. */
  readonly types: readonly {
    readonly name: string;
    readonly maxEntities: number;
    /** Of each field with columns: what they mean, and the largest number. */
    readonly fields: readonly (readonly (readonly [string, number])[])[];
    /** The fields beside the columns. */
    readonly blobs: readonly string[];
  }[];
  readonly recording: string;
  readonly rolling: string;
  readonly ticks: readonly {
    readonly tick: number;
    readonly checksum: number;
    readonly set: readonly VectorEntity[];
    readonly cleared: readonly (readonly [type: number, slot: number])[];
  }[];
  readonly damaged: readonly {
    readonly name: string;
    readonly length: number;
    readonly at: number;
    readonly bytes: string;
    readonly ending: string;
    readonly shown: number;
  }[];
}

/** What chance does in the published match, and how long it takes. */
export const VECTOR_SEED = 2;
export const VECTOR_TICKS = 32;

/** What can be checked in any runtime: each throws if it is not so. */
export const MATCH_VECTOR_CASES: readonly {
  readonly name: string;
  readonly run: (vectors: MatchVectors) => void;
}[] = [
  {
    name: "MatchRecorder writes the recording of the vectors",
    run: record,
  },
  {
    name: "MatchPlayer shows every state of the vectors",
    run: play,
  },
  {
    name: "MatchPlayer tells how damaged recordings of the vectors end",
    run: playDamaged,
  },
];

/** The numbers of each type, as the vectors tell them. */
export function vectorTypes(): MatchVectors["types"] {
  return MATCH.types.map(({ name, schema }) => ({
    name,
    maxEntities: schema.maxEntities,
    fields: [...new Set(schema.columns.map(({ field }) => field))].map(
      (field) =>
        schema.columns.filter((column) => column.field === field).map(
          ({ kind, max }): [string, number] => [kind, max],
        ),
    ),
    blobs: schema.blobs,
  }));
}

/** The entities of a state, by type and place. */
export function entitiesOf(
  tables: readonly EntityTable[],
): Map<string, VectorEntity> {
  const entities = new Map<string, VectorEntity>();
  tables.forEach((table, type) => {
    const { capacity, form: { columns, blobs } } = table;
    for (let slot = 0; slot < capacity; slot++) {
      if (!table.isAlive(slot)) continue;
      entities.set(`${type} ${slot}`, [
        type,
        slot,
        table.generations[slot]!,
        columns.map(({ index }) =>
          table.values[index * capacity + slot]! >>> 0
        ),
        blobs.map((_, i) => toHex(table.blobs[i * capacity + slot]!)),
      ]);
    }
  });
  return entities;
}

/** Bytes as hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

/** Hexadecimal as bytes. */
export function fromHex(text: string): Uint8Array {
  return Uint8Array.from(
    text.match(/../g) ?? [],
    (digits) => parseInt(digits, 16),
  );
}

/** Throws unless two are the same. */
export function expect(actual: unknown, wanted: unknown, where: string): void {
  if (actual !== wanted) {
    throw new Error(`${where}: ${actual} instead of ${wanted}`);
  }
}

function record(vectors: MatchVectors): void {
  const { hashLow, hashHigh } = MATCH.contract;
  const hash = [hashHigh, hashLow].map((half) =>
    half.toString(16).padStart(8, "0")
  ).join("");
  expect(hash, vectors.contract, "contract");
  expect(
    JSON.stringify(vectorTypes()),
    JSON.stringify(vectors.types),
    "types",
  );
  const { recording, checksums, rolling } = playMatch(
    VECTOR_SEED,
    VECTOR_TICKS,
  );
  expect(
    `${checksums}`,
    `${vectors.ticks.map(({ checksum }) => checksum)}`,
    "checksums",
  );
  expect(rolling, vectors.rolling, "rolling");
  expect(toHex(recording), vectors.recording, "recording");
}

function play(vectors: MatchVectors): void {
  // What the vectors say, put together without the world.
  const tables = vectors.types.map(({ maxEntities, fields, blobs }) => {
    const forms = fields.map((columns, i) =>
      [
        `${i}`,
        columns.map(([kind, max]) => ({ kind, max })),
      ] as unknown as [string, TableForm["columns"]]
    );
    const columns = columnsOf(new Map(forms));
    return new EntityTable({ columns, blobs, maxEntities });
  });
  let shown = 0;
  const { rolling } = replayMatch(fromHex(vectors.recording), (tick, is) => {
    const wanted = vectors.ticks[shown++]!;
    expect(tick, wanted.tick, "tick");
    for (const [type, slot] of wanted.cleared) tables[type]!.clear(slot);
    for (const [type, slot, generation, numbers, blobs] of wanted.set) {
      const table = tables[type]!;
      table.place(slot, generation);
      numbers.forEach((value, c) => {
        table.values[c * table.capacity + slot] = value;
      });
      blobs.forEach((bytes, b) => {
        table.blobs[b * table.capacity + slot] = fromHex(bytes);
      });
    }
    const where = `tick ${tick}`;
    expect(
      JSON.stringify([...entitiesOf(is).values()]),
      JSON.stringify([...entitiesOf(tables).values()]),
      where,
    );
    expect(viewChecksum(tables), wanted.checksum, where);
  });
  expect(shown, vectors.ticks.length, "ticks");
  expect(rolling, vectors.rolling, "rolling");
}

function playDamaged(vectors: MatchVectors): void {
  const recording = fromHex(vectors.recording);
  for (const { name, length, at, bytes, ending, shown } of vectors.damaged) {
    const damaged = recording.slice(0, length);
    damaged.set(fromHex(bytes), at);
    const player = new MatchPlayer(MATCH, damaged);
    let ticks = 0;
    while (player.next()) {
      const { tick, checksum } = vectors.ticks[ticks++]!;
      expect(player.tick, tick, name);
      expect(viewChecksum(player.tables), checksum, name);
    }
    expect(`${player.ending}, ${ticks}`, `${ending}, ${shown}`, name);
  }
  expect(vectors.damaged.length > 5, true, "damaged recordings");
}

// This module is browser compatible.
import { ByteWriter } from "../../../../protocol/mod.ts";
import {
  type ColumnForm,
  type ColumnKind,
  columnsOf,
} from "../../../schema/column.ts";
import { EntityTable, type TableForm } from "../../../snapshot/entity_table.ts";
import { bitSet, hasBit, nextBit, setBit } from "../../../world/bit_set.ts";
import { FastCoder } from "../fast_coder.ts";

/** A form: how many places there are, and the columns of each field. */
export interface VectorForm {
  readonly maxEntities: number;
  readonly fields: readonly (readonly (readonly (string | number)[])[])[];
}

/** Entities: each its place, its generation and its numbers. */
export type VectorEntities = readonly (readonly number[])[];

/** What `sync/vectors/fast_coder.json` holds. */
export interface FastVectors {
  readonly about: string;
  readonly tables: readonly {
    readonly name: string;
    readonly form: VectorForm;
    readonly base: VectorEntities;
    readonly current: VectorEntities;
    readonly changed: readonly number[];
    readonly bytes: string;
  }[];
  readonly refused: readonly {
    readonly name: string;
    readonly form: VectorForm;
    readonly base: VectorEntities;
    readonly bytes: string;
    readonly fault: string;
  }[];
}

/** What can be checked in any runtime: each throws if it is not so. */
export const FAST_VECTOR_CASES: readonly {
  readonly name: string;
  readonly run: (vectors: FastVectors) => void;
}[] = [
  { name: "FastCoder.encode() writes the bytes of every vector", run: write },
  { name: "FastCoder.decode() reads the table of every vector", run: read },
  {
    name:
      "FastCoder.decode() calls every vector truncated that is cut anywhere",
    run: cut,
  },
  { name: "FastCoder.decode() refuses every refused vector", run: refuse },
];

function write({ tables }: FastVectors): void {
  for (const { name, form, base, current, changed, bytes } of tables) {
    const tableForm = formOf(form);
    const set = bitSet(form.maxEntities);
    for (const slot of changed) setBit(set, slot);
    const writer = new ByteWriter();
    new FastCoder(tableForm).encode(
      tableOf(tableForm, base),
      undefined,
      tableOf(tableForm, current),
      undefined,
      set,
      writer,
    );
    expect(toHex(writer.toBytes()), bytes, name);
  }
}

function read({ tables }: FastVectors): void {
  for (const { name, form, base, current, bytes } of tables) {
    const tableForm = formOf(form);
    const whole = fromHex(bytes);
    const { table, changed, end } = decode(tableOf(tableForm, base), whole);
    expect(end, whole.length, name);
    expect(
      JSON.stringify(entitiesOf(table)),
      JSON.stringify(current),
      name,
    );
    for (let slot = 0; slot < form.maxEntities; slot++) {
      const was = base.find(([it]) => it === slot);
      const is = current.find(([it]) => it === slot);
      const isOther = JSON.stringify(was) !== JSON.stringify(is);
      expect(hasBit(changed, slot), isOther, `${name}, place ${slot}`);
    }
  }
}

function cut({ tables }: FastVectors): void {
  for (const { name, form, base, bytes } of tables) {
    const table = tableOf(formOf(form), base);
    const whole = fromHex(bytes);
    for (let length = 0; length < whole.length; length++) {
      const { end } = decode(table, whole.subarray(0, length));
      expect(end, "truncated", `${name}, ${length} bytes`);
    }
  }
}

function refuse({ refused }: FastVectors): void {
  for (const { name, form, base, bytes, fault } of refused) {
    const { end } = decode(tableOf(formOf(form), base), fromHex(bytes));
    expect(end, fault, name);
  }
  expect(refused.length > 10, true, "refused vectors");
}

function formOf({ maxEntities, fields }: VectorForm): TableForm {
  const forms = fields.map((columns, i): [string, ColumnForm[]] => [
    `field${i}`,
    columns.map(([kind, max]) => ({
      kind: kind as ColumnKind,
      max: max as number,
    })),
  ]);
  return { columns: columnsOf(new Map(forms)), blobs: [], maxEntities };
}

function tableOf(form: TableForm, entities: VectorEntities): EntityTable {
  const table = new EntityTable(form);
  for (const [slot, generation, ...values] of entities) {
    table.place(slot!, generation!);
    for (const [c, value] of values.entries()) {
      table.values[c * table.capacity + slot!] = value;
    }
  }
  return table;
}

/** The entities of a table, as the vectors write them. */
function entitiesOf(table: EntityTable): number[][] {
  const { alive, capacity, values, generations, form } = table;
  const entities: number[][] = [];
  for (
    let slot = nextBit(alive, 0);
    slot >= 0;
    slot = nextBit(alive, slot + 1)
  ) {
    const numbers = form.columns.map(({ index }) =>
      values[index * capacity + slot]! >>> 0
    );
    entities.push([slot, generations[slot]!, ...numbers]);
  }
  return entities;
}

function decode(base: EntityTable, bytes: Uint8Array): {
  table: EntityTable;
  changed: Uint32Array;
  end: number | string;
} {
  const table = new EntityTable(base.form);
  table.copyFrom(base);
  const changed = bitSet(base.capacity);
  const end = new FastCoder(base.form).decode(
    bytes,
    0,
    bytes.length,
    base,
    undefined,
    table,
    undefined,
    changed,
  );
  return { table, changed, end };
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(
    text.match(/../g) ?? [],
    (digits) => parseInt(digits, 16),
  );
}

function expect(actual: unknown, wanted: unknown, where: string): void {
  if (actual !== wanted) {
    throw new Error(`${where}: ${actual} instead of ${wanted}`);
  }
}

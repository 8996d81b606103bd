// The bytes of WIRE.md beside this, both ways.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { ByteWriter } from "../../../protocol/mod.ts";
import { type ColumnForm, columnsOf } from "../../schema/column.ts";
import { EntityTable, type TableForm } from "../../snapshot/entity_table.ts";
import { bitSet, nextBit, setBit } from "../../world/bit_set.ts";
import vectors from "../../vectors/fast_coder.json" with { type: "json" };
import { FastCoder } from "./fast_coder.ts";

/** A form as the vectors write it. */
interface FormOf {
  readonly maxEntities: number;
  /** The columns of each field. */
  readonly fields: readonly (readonly (readonly (string | number)[])[])[];
}

function formOf({ maxEntities, fields }: FormOf): TableForm {
  const forms = fields.map((columns, i): [string, ColumnForm[]] => [
    `field${i}`,
    columns.map(([kind, max]) => ({ kind, max } as ColumnForm)),
  ]);
  return { columns: columnsOf(new Map(forms)), blobs: [], maxEntities };
}

/** A table of entities, each its place, its generation and its numbers. */
function tableOf(
  form: TableForm,
  entities: readonly (readonly number[])[],
): EntityTable {
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
  for (let slot = nextBit(alive, 0); slot >= 0;) {
    entities.push([
      slot,
      generations[slot]!,
      ...form.columns.map(({ index }) =>
        values[index * capacity + slot]! >>> 0
      ),
    ]);
    slot = nextBit(alive, slot + 1);
  }
  return entities;
}

function decode(base: EntityTable, bytes: Uint8Array) {
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

Deno.test("FastCoder.encode() writes the bytes of every vector", () => {
  for (const { name, form, base, current, changed, bytes } of vectors.tables) {
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
    assertEquals([name, encodeHex(writer.toBytes())], [name, bytes]);
  }
});

Deno.test("FastCoder.decode() reads the table of every vector", () => {
  for (const { name, form, base, current, bytes } of vectors.tables) {
    const tableForm = formOf(form);
    const whole = decodeHex(bytes);
    const { table, changed, end } = decode(tableOf(tableForm, base), whole);
    assertEquals([name, end], [name, whole.length]);
    assertEquals([name, entitiesOf(table)], [name, current]);
    const differing = new Set([...base, ...current].map(([slot]) => slot!));
    for (const slot of differing) {
      const was = base.find(([it]) => it === slot);
      const is = current.find(([it]) => it === slot);
      const isOther = JSON.stringify(was) !== JSON.stringify(is);
      assertEquals(changed[slot >>> 5]! >>> (slot & 31) & 1, isOther ? 1 : 0);
    }
  }
});

Deno.test("FastCoder.decode() calls every vector truncated that is cut anywhere", () => {
  for (const { name, form, base, bytes } of vectors.tables) {
    const table = tableOf(formOf(form), base);
    const whole = decodeHex(bytes);
    for (let length = 0; length < whole.length; length++) {
      const { end } = decode(table, whole.subarray(0, length));
      assertEquals([name, length, end], [name, length, "truncated"]);
    }
  }
});

Deno.test("FastCoder.decode() refuses every refused vector", () => {
  for (const { name, form, base, bytes, fault } of vectors.refused) {
    const { end } = decode(tableOf(formOf(form), base), decodeHex(bytes));
    assertEquals([name, end], [name, fault]);
  }
  assert(vectors.refused.length > 10);
});

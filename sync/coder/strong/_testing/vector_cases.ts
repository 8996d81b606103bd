// This module is browser compatible.
import { ByteWriter } from "../../../../protocol/mod.ts";
import {
  type ColumnForm,
  type ColumnKind,
  columnsOf,
} from "../../../schema/column.ts";
import { EntityTable, type TableForm } from "../../../snapshot/entity_table.ts";
import { layoutOf, RECORDS } from "../layout.ts";
import { StrongCoder, type StrongCoderOptions } from "../strong_coder.ts";
import type { StrongState } from "../strong_state.ts";

/** An entity: its place, its generation, and its numbers. */
export type VectorEntity = readonly number[];

/** A message. */
export interface VectorStep {
  /** The step whose table is the base; -1 for an empty table. */
  readonly base: number;
  /** How thorough the encoder is. */
  readonly effort: string;
  /** Entities that are otherwise than in the base, as they become. */
  readonly set: readonly VectorEntity[];
  /** Places that lose theirs. */
  readonly cleared: readonly number[];
  /** The message. */
  readonly bytes: string;
  /** Sum of the state that comes with it. */
  readonly state: string;
}

/** Messages of one form. */
export interface VectorRun {
  readonly name: string;
  readonly form: {
    readonly maxEntities: number;
    /** The columns of each field: what they mean, and the largest number. */
    readonly fields: readonly (readonly (readonly (string | number)[])[])[];
  };
  readonly steps: readonly VectorStep[];
  /** Messages that do not follow a step, and why. */
  readonly refused: readonly {
    readonly base: number;
    readonly bytes: string;
    readonly fault: string;
  }[];
}

/** What `sync/vectors/strong_coder.json` holds. */
export interface StrongVectors {
  readonly about: string;
  readonly runs: readonly VectorRun[];
}

/** A table, and what was learnt with it. */
export interface VectorEnd {
  readonly table: EntityTable;
  readonly state: StrongState;
}

/** What can be checked in any runtime: each throws if it is not so. */
export const VECTOR_CASES: readonly {
  readonly name: string;
  readonly run: (vectors: StrongVectors) => void;
}[] = [
  { name: "StrongCoder.encode() writes the bytes of every vector", run: write },
  { name: "StrongCoder.decode() reads the table of every vector", run: read },
  { name: "StrongCoder.decode() refuses every refused vector", run: refuse },
];

/** The form of a run. */
export function vectorForm({ form }: Pick<VectorRun, "form">): TableForm {
  const fields = form.fields.map((columns, i): [string, ColumnForm[]] => [
    `field${i}`,
    columns.map(([kind, max]) => ({
      kind: kind as ColumnKind,
      max: max as number,
    })),
  ]);
  return {
    columns: columnsOf(new Map(fields)),
    blobs: [],
    maxEntities: form.maxEntities,
  };
}

/**
 * Sums up what counts of a state: 32 bits by FNV-1a over its words, each its lower byte
 * first, in hexadecimal.
 */
export function stateSum({ words }: StrongState, form: TableForm): string {
  const { modelWords, recordWords } = layoutOf(form);
  const end = modelWords + recordWords * words[RECORDS]!;
  let sum = 0x811c_9dc5;
  for (let i = 0; i < end; i++) {
    sum = Math.imul(sum ^ words[i]! & 255, 0x0100_0193);
    sum = Math.imul(sum ^ words[i]! >> 8, 0x0100_0193);
  }
  return (sum >>> 0).toString(16).padStart(8, "0");
}

/** A table without entities, and nothing learnt. */
export function vectorEnd(coder: StrongCoder, form: TableForm): VectorEnd {
  return {
    table: new EntityTable(form),
    state: coder.createState() as StrongState,
  };
}

/** Puts into a table, which is that of the base, what a step tells. */
export function applyStep(
  table: EntityTable,
  { set, cleared }: Pick<VectorStep, "set" | "cleared">,
): void {
  const { capacity, values } = table;
  for (const slot of cleared) table.clear(slot);
  for (const [slot, generation, ...numbers] of set) {
    table.place(slot!, generation!);
    for (const [c, value] of numbers.entries()) {
      values[c * capacity + slot!] = value;
    }
  }
}

/** Bytes as hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"))
    .join("");
}

function fromHex(text: string): Uint8Array {
  return Uint8Array.from(
    text.match(/../g) ?? [],
    (digits) => parseInt(digits, 16),
  );
}

function write({ runs }: StrongVectors): void {
  for (const run of runs) {
    const form = vectorForm(run);
    const any = new Uint32Array((form.maxEntities + 31) >>> 5).fill(
      0xffff_ffff,
    );
    const ends: VectorEnd[] = [];
    for (const [i, step] of run.steps.entries()) {
      const coder = new StrongCoder(
        form,
        { effort: step.effort } as StrongCoderOptions,
      );
      const base = ends[step.base] ?? vectorEnd(coder, form);
      const end = vectorEnd(coder, form);
      end.table.copyFrom(base.table);
      applyStep(end.table, step);
      const writer = new ByteWriter();
      coder.encode(base.table, base.state, end.table, end.state, any, writer);
      const where = `${run.name}, step ${i}`;
      expect(toHex(writer.toBytes()), step.bytes, where);
      expect(stateSum(end.state, form), step.state, `state of ${where}`);
      ends.push(end);
    }
  }
}

function read({ runs }: StrongVectors): void {
  for (const run of runs) {
    const form = vectorForm(run);
    const ends = readSteps(run, form);
    for (const [i, step] of run.steps.entries()) {
      const where = `${run.name}, step ${i}`;
      const { table, state } = ends[i]!;
      const wanted = new EntityTable(form);
      if (step.base >= 0) wanted.copyFrom(ends[step.base]!.table);
      applyStep(wanted, step);
      expect(`${table.values}`, `${wanted.values}`, where);
      expect(`${table.alive}`, `${wanted.alive}`, where);
      for (const [slot, generation] of step.set) {
        expect(table.generations[slot!], generation, where);
      }
      expect(stateSum(state, form), step.state, `state of ${where}`);
    }
  }
}

function refuse({ runs }: StrongVectors): void {
  for (const run of runs) {
    const form = vectorForm(run);
    const ends = readSteps(run, form);
    const coder = new StrongCoder(form);
    for (const [i, { base, bytes, fault }] of run.refused.entries()) {
      const from = ends[base] ?? vectorEnd(coder, form);
      const { result } = decode(coder, from, fromHex(bytes), form);
      expect(result, fault, `${run.name}, refused ${i}`);
    }
  }
}

function readSteps(run: VectorRun, form: TableForm): VectorEnd[] {
  const coder = new StrongCoder(form);
  const ends: VectorEnd[] = [];
  for (const [i, step] of run.steps.entries()) {
    const base = ends[step.base] ?? vectorEnd(coder, form);
    const bytes = fromHex(step.bytes);
    const { result, end } = decode(coder, base, bytes, form);
    expect(result, bytes.length, `${run.name}, step ${i}`);
    ends.push(end);
  }
  return ends;
}

/** Decodes a message against a base. */
export function decode(
  coder: StrongCoder,
  base: VectorEnd,
  bytes: Uint8Array,
  form: TableForm,
): { result: number | string; end: VectorEnd } {
  const end = vectorEnd(coder, form);
  end.table.copyFrom(base.table);
  const changed = new Uint32Array((form.maxEntities + 31) >>> 5);
  const result = coder.decode(
    bytes,
    0,
    bytes.length,
    base.table,
    base.state,
    end.table,
    end.state,
    changed,
  );
  return { result, end };
}

function expect(actual: unknown, wanted: unknown, where: string): void {
  if (actual !== wanted) {
    throw new Error(`${where}: ${actual} instead of ${wanted}`);
  }
}

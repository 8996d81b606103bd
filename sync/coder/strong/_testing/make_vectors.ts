/**
 * Prints `sync/vectors/strong_coder.json`, which is to be made anew only when the format
 * is another, with its chances.
 *
 *     deno run sync/coder/strong/_testing/make_vectors.ts > sync/vectors/strong_coder.json
 */
import { SeededRandom } from "../../../../core/mod.ts";
import { ByteWriter } from "../../../../protocol/mod.ts";
import type { EntityTable } from "../../../snapshot/entity_table.ts";
import { StrongCoder, type StrongCoderOptions } from "../strong_coder.ts";
import { rollBodies } from "./rolling_bodies.ts";
import {
  decode,
  stateSum,
  type StrongVectors,
  toHex,
  type VectorEnd,
  vectorEnd,
  type VectorEntity,
  vectorForm,
  type VectorRun,
  type VectorStep,
} from "./vector_cases.ts";

const BODIES = 12;
const STEPS = 14;
const REFUSED = 12;

const bodies: VectorRun["form"] = {
  maxEntities: BODIES,
  fields: [
    [["linear", 4095], ["linear", 4095], ["linear", 4095]],
    [["largest", 3], ["part", 511], ["part", 511], ["part", 511]],
    [["bits", 1]],
  ],
};
const kinds: VectorRun["form"] = {
  maxEntities: 20,
  fields: [
    [["linear", 1000], ["linear", 1000]],
    [["largest", 3], ["part", 62], ["part", 62], ["part", 62]],
    [["angle", 511]],
    [["angle", 0xffff_ffff]],
    [["integer", 0xffff_ffff]],
    [["raw", 0xffff_ffff]],
    [["bits", 5]],
  ],
};

const random = new SeededRandom(12);
const rolled = rollBodies(4, STEPS + 20);
const vectors: StrongVectors = {
  about:
    "WIRE.md in coder/strong; bytes are hexadecimal. A form is how many places there are, and for each field its columns (what they mean and the largest number). A step is a message: from the table of the step `base`, -1 being an empty one with nothing learnt, to one where the places of `cleared` have no entity and those of `set` have another: place, generation, numbers. `state`: FNV-1a, 32 bits, of the words of the state up to its last record, lower bytes first. `refused`: bytes that do not follow the step `base`, and why.",
  runs: [
    makeRun("bodies that roll", bodies, (table, step) => {
      const from = rolled[step + 20]!;
      for (let slot = 0; slot < BODIES; slot++) {
        if (!table.isAlive(slot)) table.place(slot, 0);
        for (let c = 0; c < 8; c++) {
          table.values[c * BODIES + slot] = from.values[
            c * from.capacity + slot
          ]!;
        }
      }
    }),
    makeRun("all kinds, which come and go", kinds, disturb),
  ],
};
console.log(JSON.stringify(vectors, undefined, 1));

function makeRun(
  name: string,
  form: VectorRun["form"],
  move: (table: EntityTable, step: number) => void,
): VectorRun {
  const tableForm = vectorForm({ form });
  const usual = new StrongCoder(tableForm);
  const ends: VectorEnd[] = [];
  const steps: VectorStep[] = [];
  const refused: VectorRun["refused"][number][] = [];
  const any = new Uint32Array((form.maxEntities + 31) >>> 5).fill(0xffff_ffff);
  for (let n = 0; n < STEPS; n++) {
    const effort = n % 3 === 2 ? "high" : "usual";
    const coder = new StrongCoder(tableForm, { effort } as StrongCoderOptions);
    const base = n - 1 - random.nextU32() % Math.min(n + 1, 4);
    const from = ends[base] ?? vectorEnd(usual, tableForm);
    const to = vectorEnd(usual, tableForm);
    to.table.copyFrom((ends[n - 1] ?? from).table);
    move(to.table, n);
    const writer = new ByteWriter();
    coder.encode(from.table, from.state, to.table, to.state, any, writer);
    const bytes = writer.toBytes();
    steps.push({
      base: Math.max(base, -1),
      effort,
      ...difference(from.table, to.table),
      bytes: toHex(bytes),
      state: stateSum(to.state, tableForm),
    });
    ends.push(to);
  }
  for (let i = 0; refused.length < REFUSED; i++) {
    const { base, bytes } = steps[i % STEPS]!;
    const whole = Uint8Array.from(
      bytes.match(/../g)!,
      (digits) => parseInt(digits, 16),
    );
    whole[random.nextU32() % whole.length] = random.nextU32();
    const bad = i % 4 === 0 ? whole.subarray(0, whole.length >> 1) : whole;
    const from = ends[base] ?? vectorEnd(usual, tableForm);
    const { result } = decode(usual, from, bad, tableForm);
    if (typeof result === "number") continue;
    refused.push({ base, bytes: toHex(bad), fault: result });
  }
  return { name, form, steps, refused };
}

function difference(
  from: EntityTable,
  to: EntityTable,
): Pick<VectorStep, "set" | "cleared"> {
  const set: VectorEntity[] = [];
  const cleared: number[] = [];
  for (let slot = 0; slot < to.capacity; slot++) {
    if (!to.isAlive(slot)) {
      if (from.isAlive(slot)) cleared.push(slot);
      continue;
    }
    const is = entityOf(to, slot);
    if (!from.isAlive(slot) || `${is}` !== `${entityOf(from, slot)}`) {
      set.push(is);
    }
  }
  return { set, cleared };
}

function entityOf(table: EntityTable, slot: number): VectorEntity {
  const { capacity, form, values, generations } = table;
  return [
    slot,
    generations[slot]!,
    ...form.columns.map((_, c) => values[c * capacity + slot]! >>> 0),
  ];
}

function disturb(table: EntityTable): void {
  const { form: { columns }, capacity, values } = table;
  for (let slot = 0; slot < capacity; slot++) {
    const what = random.nextU32() % 16;
    if (!table.isAlive(slot) || what === 1) {
      if (what > 2) continue;
      table.place(slot, table.generations[slot]! + 1 + random.nextU32() % 2);
    } else if (what === 0) table.clear(slot);
    if (!table.isAlive(slot) || what > 8) continue;
    for (const { index, max } of columns) {
      const i = index * capacity + slot;
      const how = random.nextU32() % 8;
      if (how < 4) {
        const near = (values[i]! >>> 0) + random.nextU32() % 9 - 4;
        values[i] = Math.min(max, Math.max(0, near));
      } else if (how === 4) values[i] = random.nextU32() % (max + 1);
    }
  }
}

/**
 * What the strong coder makes of the recording of 901 cubes: bytes for each message,
 * microseconds of both ends, and bytes of state, at several ages of the base. Every
 * message is decoded and compared, to the bit.
 *
 * Messages 6 to 1421 are what the coder's numbers were fitted to ("fitted"), 1422 to
 * 2836 are not ("unseen"). "Best" is the mean over messages of the shortest of five runs,
 * which is what a quiet machine takes; "median" is of the first runs.
 *
 *     deno run -A bench/sync/strong_figures.ts [--learn]
 *
 * With `--learn`, prints `sync/coder/strong/_chances.ts` instead, learnt from messages
 * 6 to 1421.
 */
import { ByteWriter } from "../../protocol/mod.ts";
import { chancesSource } from "../../sync/coder/strong/fresh_words.ts";
import { layoutOf } from "../../sync/coder/strong/layout.ts";
import { StrongCoder } from "../../sync/coder/strong/strong_coder.ts";
import type { StrongState } from "../../sync/coder/strong/strong_state.ts";
import { EntityTable } from "../../sync/snapshot/entity_table.ts";
import {
  changedCubes,
  CUBE_FORM,
  readRecording,
  SNAPSHOTS,
} from "./_cubes.ts";

const FIRST = 6;
const FIRST_UNSEEN = 1422;
const AGES = [1, 3, 6, 12];
const NEIGHBOURS = [128, 24];
const RUNS = 5;
const ROUNDS = 10;

const tables = await readRecording();
if (Deno.args.includes("--learn")) learn();
else {
  console.log(
    "neighbours age | bytes: fitted unseen whole | µs: encode best median, decode best median | state bytes: mean most",
  );
  for (const neighbours of NEIGHBOURS) {
    for (const age of AGES) figures(age, neighbours);
  }
}

function figures(age: number, neighbours: number): void {
  const coder = new StrongCoder(CUBE_FORM, { neighbours });
  const states = Array.from({ length: age + 1 }, () => coder.createState());
  const read = Array.from({ length: age + 1 }, () => coder.createState());
  const got = new EntityTable(CUBE_FORM);
  const writer = new ByteWriter();
  const bytes: number[] = [];
  const encode: number[][] = [];
  const decode: number[][] = [];
  let most = 0;
  let total = 0;
  for (let n = FIRST; n < SNAPSHOTS; n++) {
    const base = tables[Math.max(0, n - age)]!;
    const from = (n - age + 2 * (age + 1)) % (age + 1);
    const to = n % (age + 1);
    const current = tables[n]!;
    const changed = changedCubes(base, current);
    const encodeRuns: number[] = [];
    const decodeRuns: number[] = [];
    for (let run = 0; run < RUNS; run++) {
      writer.reset();
      const start = performance.now();
      coder.encode(base, states[from], current, states[to], changed, writer);
      encodeRuns.push(performance.now() - start);
    }
    const message = writer.view();
    for (let run = 0; run < RUNS; run++) {
      got.copyFrom(base);
      const seen = new Uint32Array(changed.length);
      const start = performance.now();
      const end = coder.decode(
        message,
        0,
        message.length,
        base,
        read[from],
        got,
        read[to],
        seen,
      );
      decodeRuns.push(performance.now() - start);
      if (end !== message.length || !areEqual(got.values, current.values)) {
        throw new Error(`Message ${n} is decoded otherwise: ${end}`);
      }
    }
    bytes.push(message.length);
    encode.push(encodeRuns);
    decode.push(decodeRuns);
    total += states[to]!.usedBytes;
    most = Math.max(most, states[to]!.usedBytes);
  }
  const split = FIRST_UNSEEN - FIRST;
  console.log(
    [
      neighbours,
      age,
      "|",
      mean(bytes.slice(0, split)).toFixed(1),
      mean(bytes.slice(split)).toFixed(1),
      mean(bytes).toFixed(1),
      "|",
      ...times(encode),
      ...times(decode),
      "|",
      Math.round(total / bytes.length),
      most,
    ].join(" "),
  );
}

/** Averages what the states hold, again and again from what came out. */
function learn(): void {
  const layout = layoutOf(CUBE_FORM);
  const coder = new StrongCoder(CUBE_FORM);
  const writer = new ByteWriter();
  let begin: Uint16Array | undefined;
  for (let round = 0; round < ROUNDS; round++) {
    const states: StrongState[] = Array.from(
      { length: FIRST + 1 },
      () => coder.createState(),
    );
    for (const state of states) if (begin !== undefined) state.words.set(begin);
    const sums = new Float64Array(layout.modelWords);
    for (let n = FIRST; n < FIRST_UNSEEN; n++) {
      const base = tables[n - FIRST]!;
      const state = states[n % (FIRST + 1)]!;
      writer.reset();
      coder.encode(
        base,
        states[(n + 1) % (FIRST + 1)],
        tables[n]!,
        state,
        changedCubes(base, tables[n]!),
        writer,
      );
      for (let i = 0; i < sums.length; i++) sums[i]! += state.words[i]!;
    }
    begin = Uint16Array.from(
      sums,
      (sum) => Math.round(sum / (FIRST_UNSEEN - FIRST)),
    );
    begin[0] = 0;
  }
  console.log(chancesSource(layout, begin!));
}

function times(runs: readonly number[][]): string[] {
  const best = mean(runs.map((all) => Math.min(...all)));
  const firsts = runs.map((all) => all[0]!).sort((a, b) => a - b);
  return [best, firsts[firsts.length >> 1]!].map((ms) =>
    (ms * 1000).toFixed(0)
  );
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}

function areEqual(a: Int32Array, b: Int32Array): boolean {
  return a.every((value, i) => value === b[i]);
}

// What the load programs of this folder share: contenders that take turns, medians, bars
// and one way to print them all.
import { cpuUsage } from "node:process";

/** Something that is measured: it does a number of operations. */
export interface Contender {
  readonly name: string;
  run(count: number): Promise<void> | void;
}

/** What one operation cost in one repetition. */
export interface Sample {
  readonly us: number;
  /** Processor time of the whole process, all of its threads. */
  readonly cpuUs: number;
}

/** How {@linkcode takeTurns} measures. */
export interface TurnOptions {
  /** Operations of one repetition. */
  readonly count: number;
  readonly repetitions: number;
  readonly warmUps: number;
}

/** A figure that was promised. */
export interface Bar {
  readonly what: string;
  readonly wanted: string;
  readonly measured: string;
  readonly isMet: boolean;
}

/** A table with its bars. */
export interface Section {
  readonly title: string;
  /** What was measured, and how. */
  readonly notes: readonly string[];
  readonly rows: readonly Row[];
  readonly bars: readonly Bar[];
}

/** A line of a table: the name, then the figures by column. */
export interface Row {
  readonly name: string;
  readonly [column: string]: string | number;
}

/**
 * Measures contenders in turns (ABAB…, each round beginning with another one), so that what
 * disturbs the machine meets them all. The samples of one round belong together.
 */
export async function takeTurns(
  contenders: readonly Contender[],
  { count, repetitions, warmUps }: TurnOptions,
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>(
    contenders.map(({ name }) => [name, []]),
  );
  for (let round = -warmUps; round < repetitions; round++) {
    for (let i = 0; i < contenders.length; i++) {
      const turn = (i + round + warmUps) % contenders.length;
      const contender = contenders[turn]!;
      const cpuBefore = cpuUsage();
      const startMs = performance.now();
      await contender.run(count);
      const us = (performance.now() - startMs) * 1_000 / count;
      const cpu = cpuUsage(cpuBefore);
      if (round < 0) continue;
      samples.get(contender.name)!.push({
        us,
        cpuUs: (cpu.user + cpu.system) / count,
      });
    }
  }
  return samples;
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The median of what each round gives for two contenders. */
export function pairedMedian(
  a: readonly Sample[],
  b: readonly Sample[],
  compare: (a: number, b: number) => number,
): number {
  return median(a.map(({ us }, i) => compare(us, b[i]!.us)));
}

export function atMost(
  what: string,
  limit: number,
  value: number,
  unit: string,
): Bar {
  return {
    what,
    wanted: `<= ${shown(limit)} ${unit}`,
    measured: `${shown(value)} ${unit}`,
    isMet: value <= limit,
  };
}

export function atLeast(
  what: string,
  limit: number,
  value: number,
  unit: string,
): Bar {
  return {
    what,
    wanted: `>= ${shown(limit)} ${unit}`,
    measured: `${shown(value)} ${unit}`,
    isMet: value >= limit,
  };
}

/** Prints a section as a table, or nothing if JSON is wanted. */
function printSection(section: Section, asJson: boolean): void {
  if (asJson) return;
  console.log(`\n## ${section.title}\n`);
  for (const note of section.notes) console.log(note);
  if (section.rows.length > 0) console.log("\n" + table(section.rows));
  if (section.bars.length > 0) console.log("");
  for (const { what, wanted, measured, isMet } of section.bars) {
    console.log(
      `${isMet ? "met   " : "MISSED"} ${what}: ${measured} (${wanted})`,
    );
  }
}

/** The parts of a load program by name: each measures and gives its sections. */
export type Parts = Readonly<
  Record<string, (isSmoke: boolean) => Promise<Section | Section[]>>
>;

/**
 * Runs a load program: all of its parts, or those of `--only=name,name`. `--smoke` takes
 * seconds, `--json` prints for programs.
 */
export async function runParts(
  parts: Parts,
  args: readonly string[],
): Promise<void> {
  const isSmoke = args.includes("--smoke");
  const asJson = args.includes("--json");
  const only = args.find((it) => it.startsWith("--only="))?.slice(7).split(",");
  if (!asJson) console.log(machine());
  const sections: Section[] = [];
  for (const [name, measure] of Object.entries(parts)) {
    if (only !== undefined && !only.includes(name)) continue;
    for (const section of [await measure(isSmoke)].flat()) {
      sections.push(section);
      printSection(section, asJson);
    }
  }
  if (asJson) {
    console.log(
      JSON.stringify({ machine: machine(), isSmoke, sections }, null, 2),
    );
  }
}

/** What the figures depend on besides the code. */
function machine(): string {
  const { deno, v8 } = Deno.version;
  return `${navigator.hardwareConcurrency} cores, ${Deno.build.os} ${Deno.build.arch}, Deno ${deno}, V8 ${v8}`;
}

function table(rows: readonly Row[]): string {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const lines = [
    columns.map((column) => column === "name" ? "" : column),
    ...rows.map((row) =>
      columns.map((column) => {
        const value = row[column];
        return typeof value === "number" ? shown(value) : value ?? "";
      })
    ),
  ];
  const widths = columns.map((_, i) =>
    Math.max(...lines.map((line) => line[i]!.length))
  );
  return lines.map((line) =>
    line.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)
    ).join("  ").trimEnd()
  ).join("\n");
}

function shown(value: number): string {
  const digits = Math.abs(value) >= 100
    ? 0
    : Math.abs(value) >= 10
    ? 1
    : Math.abs(value) >= 1
    ? 2
    : 3;
  return Number(value.toFixed(digits)).toLocaleString("en-US", {
    maximumFractionDigits: digits,
  });
}

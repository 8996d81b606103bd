// Looks for bytes that reach all code of decoders, guided by what the engine counts. Programs of their own do it, as counting
// slows what else runs, and functions are counted from the beginning only; tests start them.
import { Coverage, type Place, type Scope } from "./fuzz_coverage.ts";
import type { FuzzTarget } from "./fuzz_targets.ts";
import { Mutator } from "./mutator.ts";

/** What to look for, and where. */
export interface CoverageSearch {
  /** The URL of the folder that the files of `scope` lie below. */
  readonly root: string;
  /** Which functions read bytes from anybody. */
  readonly scope: Scope;
  /** Loads the targets, and with them the code of the scope, for the first time. */
  load(): Promise<readonly FuzzTarget[]>;
}

/** What was found. */
export interface CoverageReport {
  /** Beginning with four zeros for each target. */
  readonly fromNothing: {
    readonly executed: number;
    /** How many inputs reached what none before them did. */
    readonly kept: number;
    readonly reachedShare: number;
    readonly unreached: number;
    readonly neverPassed: number;
  };
  /** Inputs in all, those made of the vectors as well. */
  readonly executed: number;
  readonly unreached: readonly Place[];
  readonly neverPassed: readonly Place[];
}

/** Inputs between two looks at the counts, which take half a millisecond. */
const BATCH = 64;
const MAX_BYTES = 2_048;

/**
 * Searches, and prints what it found as JSON. Arguments of the program: a seed, the number of
 * inputs made of nothing, and that of those made of the vectors as well.
 */
export async function printSearch(
  { root, scope, load }: CoverageSearch,
  [seed = 1, fromNothing = 80_000, fromVectors = 60_000]: readonly number[],
): Promise<void> {
  const coverage = new Coverage(root, scope);
  await coverage.start();
  const targets = await load();
  // What preparing the targets ran does not count.
  await coverage.take();
  const missing = coverage.missing();
  if (missing.length > 0) {
    throw new Error(`Cannot search as there are no decoders in ${missing}`);
  }

  const mutator = new Mutator(MAX_BYTES);
  const corpora: Uint8Array[][] = targets.map(() => [
    Uint8Array.of(0, 0, 0, 0),
  ]);
  let executed = 0;
  let nextSeed = seed * 0x1000_0000;

  async function runAll(
    target: FuzzTarget,
    inputs: readonly Uint8Array[],
  ): Promise<void> {
    for (const input of inputs) {
      const pending = target.run(input, 0, input.length);
      if (typeof pending !== "number") await pending;
    }
    executed += inputs.length;
  }

  /** Adds those of the inputs to the corpus that reach what none before them did. */
  async function search(
    target: FuzzTarget,
    corpus: Uint8Array[],
    inputs: readonly Uint8Array[],
  ): Promise<void> {
    await runAll(target, inputs);
    const counts = await coverage.take();
    if (!coverage.isNew(counts)) return;
    if (inputs.length === 1) {
      corpus.push(inputs[0]!);
    } else {
      const half = inputs.length >>> 1;
      await search(target, corpus, inputs.slice(0, half));
      await search(target, corpus, inputs.slice(half));
    }
    // Also what happens once only, and not again in the halves.
    coverage.add(counts);
  }

  async function round(pool: readonly Uint8Array[]): Promise<void> {
    for (const [i, target] of targets.entries()) {
      const corpus = corpora[i]!;
      const inputs = Array.from({ length: BATCH }, () => {
        const length = mutator.mutate(corpus, pool, nextSeed++);
        return mutator.buffer.slice(0, length);
      });
      await search(target, corpus, inputs);
    }
  }

  /** Goes from target to target until so many inputs were run. */
  async function searchOn(limit: number): Promise<void> {
    for (let rounds = 0; executed < limit; rounds++) {
      // Pieces of what another target likes, each round of another one.
      await round(corpora[rounds % corpora.length]!);
    }
  }

  await searchOn(fromNothing);
  const nothing = {
    executed,
    kept: corpora.reduce((sum, { length }) => sum + length, 0),
    reachedShare: coverage.reachedShare(),
    unreached: coverage.unreached().length,
    neverPassed: coverage.neverPassed().length,
  };
  for (const [i, { corpus }] of targets.entries()) {
    await search(targets[i]!, corpora[i]!, corpus);
    corpora[i]!.push(...corpus);
  }
  await searchOn(executed + fromVectors);
  const report: CoverageReport = {
    fromNothing: nothing,
    executed,
    unreached: coverage.unreached(),
    neverPassed: coverage.neverPassed(),
  };
  console.log(JSON.stringify(report, undefined, 2));
}

/** Runs a program that calls `printSearch`. */
export async function runSearch(
  program: URL,
  args: readonly number[],
): Promise<CoverageReport> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program.href, ...args.map(String)],
    cwd: new URL("../..", import.meta.url),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

/** File, function, how the code begins, and why no bytes get there, or past it. */
export type ExpectedPlace = readonly [
  file: string,
  name: string,
  code: string,
  reason: string,
];

/** The places as they are expected, or in full. */
export function shownPlaces(
  places: readonly Place[],
  expected: readonly ExpectedPlace[],
): string[] {
  return places.map((place) => {
    const known = expected.find(([file, name, code]) =>
      file === place.file && name === place.name && place.code.startsWith(code)
    );
    return `${place.file} ${place.name}: ${known?.[2] ?? place.code}`;
  }).sort();
}

/** What `shownPlaces` gives if all is as expected. */
export function expectedPlaces(expected: readonly ExpectedPlace[]): string[] {
  return expected.map(([file, name, code]) => `${file} ${name}: ${code}`)
    .sort();
}

/**
 * Runs the benches of `bench/`. The names of files choose among them; the arguments from
 * the first flag on go to each of them:
 *
 *     deno task bench http_bench.ts --smoke --json
 *
 * A file that calls `Deno.bench` is run by `deno bench`, any other as a program.
 *
 * @module
 */

import { ROOT, runDeno } from "./run.ts";
import type { Tally } from "./tally.ts";
import { chooseStd } from "./with_std.ts";

/**
 * Runs benches, one after the other, so that none disturbs another.
 *
 * @param flags The flags of {@linkcode chooseStd}.
 * @param args Names of files in `bench/`, all of them when there is none, then arguments
 * for the programs.
 * @returns The files counted by exit code.
 */
export async function runBenches(
  flags: readonly string[],
  args: readonly string[],
): Promise<Tally> {
  const end = args.findIndex((arg) => arg.startsWith("-"));
  const wanted = end < 0 ? args : args.slice(0, end);
  const rest = end < 0 ? [] : args.slice(end);
  const all = benchFiles();
  const unknown = wanted.find((name) => !all.includes(name));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot run bench as it must be one of ${
        all.join(", ")
      }: current value is "${unknown}"`,
    );
  }
  let passed = 0;
  const failures: string[] = [];
  for (const name of wanted.length > 0 ? wanted : all) {
    const file = `bench/${name}`;
    const source = await Deno.readTextFile(new URL(file, ROOT));
    const command = /\bDeno\.bench\(/.test(source)
      ? ["bench", "-A", ...flags, file, ...(rest.length > 0 ? ["--"] : [])]
      : ["run", "-A", ...flags, file];
    // Standard output may be JSON for a program.
    console.error(`bench ${name}`);
    if (await runDeno([...command, ...rest]) === 0) passed++;
    else failures.push(file);
  }
  return { passed, failed: failures.length, failures, skipped: [] };
}

function benchFiles(): string[] {
  return [...Deno.readDirSync(new URL("bench/", ROOT))]
    .map((entry) => entry.name)
    .filter((name) => name.endsWith(".ts") && !name.startsWith("_"))
    .sort();
}

if (import.meta.main) {
  const { failed } = await runBenches(await chooseStd(), Deno.args);
  Deno.exit(failed > 0 ? 1 : 0);
}

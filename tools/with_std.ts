/**
 * Runs a subcommand of Deno with the `@std` packages of JSR, or, where JSR does not
 * answer, with the stand-ins of `tools/std`:
 *
 *     deno run -A tools/with_std.ts test -A core
 *
 * @module
 */

import { IMPORT_MAP, ROOT, runDeno } from "./run.ts";

/** What {@linkcode chooseStd} may be told. */
export interface ChooseStdOptions {
  /**
   * Milliseconds that JSR has for handing out all of `@std` that the tests use. It is a
   * bound for networks that swallow packets: a refused connection fails at once.
   *
   * @default {10000}
   */
  readonly timeoutMs?: number;
}

/**
 * Finds out where `@std` comes from, and says so on standard error.
 *
 * @param options How long JSR may take.
 * @returns The flags that every subcommand which loads tests has to be given.
 */
export async function chooseStd(
  options: ChooseStdOptions = {},
): Promise<string[]> {
  const { timeoutMs = 10_000 } = options;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "tools/std/std_test.ts"],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
    signal: AbortSignal.timeout(timeoutMs),
  }).output();
  if (success) {
    console.error("@std: the packages of JSR");
    return [];
  }
  console.error("@std: the stand-ins of tools/std, as JSR does not answer");
  return [`--import-map=${IMPORT_MAP}`];
}

if (import.meta.main) {
  const [subcommand, ...args] = Deno.args;
  if (subcommand === undefined) {
    console.error("Usage: with_std.ts <subcommand of deno> [arguments]");
    Deno.exit(2);
  }
  const flags = await chooseStd();
  Deno.exit(await runDeno([subcommand, ...flags, ...args]));
}

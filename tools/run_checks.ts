/**
 * Everything that is known without running the code: formatting, lint, types (also those
 * of the examples in comments, and once more with nothing but a browser's types),
 * documentation, and what publishing would refuse.
 *
 * @module
 */

import { runDeno } from "./run.ts";
import { printTally, type Tally } from "./tally.ts";
import { chooseStd } from "./with_std.ts";
import { moduleEntries, portableEntries } from "./entries.ts";

/**
 * Runs every check, also after one has failed.
 *
 * @param flags The flags of {@linkcode chooseStd}.
 * @returns The checks counted.
 */
export async function runChecks(flags: readonly string[]): Promise<Tally> {
  const checks: [name: string, args: string[]][] = [
    ["formatting", ["fmt", "--check"]],
    ["lint", ["lint", "--quiet"]],
    ["types", ["check", "--quiet", "--doc", ...flags, "."]],
    ["types in a browser", [
      "check",
      "--quiet",
      "--config=tools/browser.json",
      ...portableEntries(),
    ]],
    ["documentation", ["doc", "--lint", "--quiet", ...moduleEntries()]],
    // The working tree may be dirty here; what is published comes from a clean checkout.
    ["publishing", ["publish", "--dry-run", "--allow-dirty", "--quiet"]],
  ];
  const failures: string[] = [];
  for (const [name, args] of checks) {
    const success = await runDeno(args) === 0;
    console.log(`check ${name} ... ${success ? "ok" : "FAILED"}`);
    if (!success) failures.push(`check ${name}`);
  }
  const failed = failures.length;
  return { passed: checks.length - failed, failed, failures, skipped: [] };
}

if (import.meta.main) {
  const tally = await runChecks(await chooseStd());
  printTally(tally);
  Deno.exit(tally.failed > 0 ? 1 : 0);
}

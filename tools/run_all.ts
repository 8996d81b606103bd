/**
 * Runs everything that has to hold before a change lands: the checks, the tests, a short
 * run of each bench, and the demo.
 *
 * @module
 */

import { runDeno } from "./run.ts";
import { runBenches } from "./run_benches.ts";
import { runChecks } from "./run_checks.ts";
import { runTests } from "./run_tests.ts";
import { printTally, sumTallies, type Tally } from "./tally.ts";
import { chooseStd } from "./with_std.ts";

async function runDemo(): Promise<Tally> {
  const success =
    await runDeno(["task", "--quiet", "demo", "--frames", "120", "--json"]) ===
      0;
  console.log(`demo ... ${success ? "ok" : "FAILED"}`);
  return { passed: success ? 1 : 0, failed: success ? 0 : 1, skipped: [] };
}

const flags = await chooseStd();
const tally = sumTallies([
  await runChecks(flags),
  await runTests(flags, []),
  await runBenches(flags, ["--smoke"]),
  await runDemo(),
]);
printTally(tally);
Deno.exit(tally.failed > 0 ? 1 : 0);

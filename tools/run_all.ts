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
  const args = ["task", "--quiet", "demo", "--frames", "120", "--json"];
  const success = await runDeno(args) === 0;
  console.log(`demo ... ${success ? "ok" : "FAILED"}`);
  return {
    passed: success ? 1 : 0,
    failed: success ? 0 : 1,
    failures: success ? [] : ["demo"],
    skipped: [],
  };
}

const flags = await chooseStd();
const stages: (() => Promise<Tally>)[] = [
  () => runChecks(flags),
  () => runTests(flags, []),
  () => runBenches(flags, ["--smoke"]),
  runDemo,
];
const tallies: Tally[] = [];
for (const stage of stages) {
  try {
    tallies.push(await stage());
  } catch (error) {
    console.error(error);
    tallies.push({
      passed: 0,
      failed: 1,
      failures: [String(error)],
      skipped: [],
    });
  }
}
const tally = sumTallies(tallies);
printTally(tally);
Deno.exit(tally.failed > 0 ? 1 : 0);

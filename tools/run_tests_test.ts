import { assertEquals } from "@std/assert";
import { countTests } from "./run_tests.ts";

const REPORT = `<testsuites name="deno test" tests="2" failures="0" errors="0">
  <testsuite name="./a_test.ts" tests="2" disabled="1" errors="0" failures="0">
    <testcase name="one" classname="./a_test.ts" time="0.001" line="1" col="6">
    </testcase>
    <testcase name="a &lt; b &amp;amp; &quot;c&quot;" classname="./a_test.ts">
      <skipped/>
    </testcase>
  </testsuite>
</testsuites>`;

Deno.test("countTests() takes the counts of the last summary", () => {
  const output = "ok | 9 passed | 0 failed (1s)\n" +
    "\x1b[31mFAILED\x1b[0m | 12 passed (3 steps) | 2 failed (1 step) | 1 ignored \x1b[38m(3s)\x1b[0m\n";
  const { passed, failed } = countTests(output, "", false);
  assertEquals([passed, failed], [12, 2]);
});

Deno.test("countTests() names the ignored tests", () => {
  const output = "ok | 1 passed | 0 failed | 1 ignored (1s)\n";
  const skipped = [`a < b &amp; "c"`];
  assertEquals(countTests(output, REPORT, true), {
    passed: 1,
    failed: 0,
    failures: [],
    skipped,
  });
});

Deno.test("countTests() names the failed tests, with what they said", () => {
  const output = "FAILED | 1 passed | 1 failed (1s)\n";
  const report = REPORT.replace(
    "<skipped/>",
    '<failure message="Uncaught Error: 1 &lt; 2">at a_test.ts</failure>',
  );
  assertEquals(countTests(output, report, false).failures, [
    `a < b &amp; "c": Uncaught Error: 1 < 2`,
  ]);
});

Deno.test("countTests() counts a run that dies as a failure", () => {
  const none = { passed: 0, failed: 1, failures: [], skipped: [] };
  assertEquals(countTests("error: Type checking failed\n", "", false), none);
  assertEquals(countTests("", "", true), none);
  const killed = countTests("ok | 4 passed | 0 failed (1s)\n", "", false);
  assertEquals(killed, { passed: 4, failed: 1, failures: [], skipped: [] });
});

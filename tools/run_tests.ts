/**
 * Runs the unit tests, the integration tests and every `@example`, and counts them.
 * Arguments go to `deno test`:
 *
 *     deno task test http --filter cache
 *
 * @module
 */

import { ROOT } from "./run.ts";
import { printTally, type Tally } from "./tally.ts";
import { chooseStd } from "./with_std.ts";

/** What a failure says is cut there: the whole stands further up. */
const MAX_MESSAGE_LENGTH = 300;

/**
 * Runs `deno test` in the folder of the repository and shows its output.
 *
 * @param flags The flags of {@linkcode chooseStd}.
 * @param args Further arguments, such as files.
 * @returns The tests counted; a run that dies before its summary is one failure.
 */
export async function runTests(
  flags: readonly string[],
  args: readonly string[],
): Promise<Tally> {
  const report = await Deno.makeTempFile({ suffix: ".xml" });
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "-A",
        "--doc",
        "--parallel",
        `--junit-path=${report}`,
        ...flags,
        ...args,
      ],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const [shown, copy] = child.stdout.tee();
    const [output, status] = await Promise.all([
      new Response(copy).text(),
      child.status,
      shown.pipeTo(Deno.stdout.writable, { preventClose: true }),
    ]);
    return countTests(output, await Deno.readTextFile(report), status.success);
  } finally {
    await Deno.remove(report);
  }
}

/**
 * Counts the tests of one run.
 *
 * @param output What `deno test` printed: its summary also counts the modules that fail
 * outside of a test, which the report leaves out.
 * @param report Its JUnit report, for the names of the failed and the ignored tests and steps.
 * @param success Whether it ended with exit code 0.
 * @returns The tests counted. A run without a summary, or one that fails without a
 * failed test, has one failure.
 */
export function countTests(
  output: string,
  report: string,
  success: boolean,
): Tally {
  // deno-lint-ignore no-control-regex
  const plain = output.replaceAll(/\x1b\[[0-9;]*m/g, "");
  const summary = [
    ...plain.matchAll(
      /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/gm,
    ),
  ].at(-1);
  const passed = Number(summary?.[1] ?? 0);
  const failed = Number(summary?.[2] ?? 1);
  return {
    passed,
    failed: success ? failed : Math.max(failed, 1),
    ...readReport(report),
  };
}

function readReport(report: string): Pick<Tally, "failures" | "skipped"> {
  const failures: string[] = [];
  const skipped: string[] = [];
  for (
    const [, escaped = "", body = ""] of report.matchAll(
      /<testcase name="([^"]*)"[^>]*>(.*?)<\/testcase>/gs,
    )
  ) {
    const name = unescapeXml(escaped);
    const message = /<failure message="([^"]*)"/.exec(body)?.[1];
    if (message !== undefined) {
      failures.push(
        `${name}: ${unescapeXml(message).slice(0, MAX_MESSAGE_LENGTH)}`,
      );
    }
    if (body.includes("<skipped/>")) skipped.push(name);
  }
  return { failures, skipped };
}

function unescapeXml(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

if (import.meta.main) {
  const tally = await runTests(await chooseStd(), Deno.args);
  printTally(tally);
  Deno.exit(tally.failed > 0 ? 1 : 0);
}

/**
 * Runs the same cases in each runtime as steps of a test.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  missingNote,
  type PortableRuntime,
  portableRuntimes,
  type PortableSite,
  readResults,
} from "./portable_run.ts";

/** A process that has closed its clients ends before a runtime's own patience does. */
const MAX_LINGER_MS = 2_000;

/**
 * Runs a site's program in each runtime, and makes a step of each case.
 *
 * @param t The test.
 * @param site What runs.
 * @param names The cases that the program has.
 * @param without Runtimes that cannot do it.
 */
export async function testInEachRuntime(
  t: Deno.TestContext,
  site: PortableSite,
  names: readonly string[],
  without: readonly PortableRuntime["name"][] = [],
): Promise<void> {
  const runtimes = (await portableRuntimes()).filter(({ name }) =>
    !without.includes(name)
  );
  // All at the same time, as they mostly wait.
  const runs = await Promise.allSettled(
    runtimes.map((where) => site.run(where)),
  );
  for (const [i, where] of runtimes.entries()) {
    const { note, ignore } = missingNote(where);
    await t.step({
      name: `in ${where.name}${note}`,
      ignore,
      fn: async (t) => {
        const run = runs[i]!;
        if (run.status === "rejected") throw run.reason;
        const { results, others } = readResults(run.value);
        for (const { name, error } of results) {
          await t.step(name, () => {
            if (error !== undefined) throw new Error(error);
          });
        }
        assertEquals(others, []);
        assertEquals(results.map(({ name }) => name), names);
        const { lingerMs } = run.value;
        if (lingerMs === undefined) return;
        await t.step("the process ends by itself", () => {
          assert(lingerMs < MAX_LINGER_MS, `after ${lingerMs} ms`);
        });
      },
    });
  }
}

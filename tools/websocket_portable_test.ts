// The same cases of `websocket` in each runtime, on the files that would be published.
import { assert, assertEquals } from "@std/assert";
import { PORTABLE_CASES } from "../websocket/_testing/portable_cases.ts";
import {
  missingNote,
  portableRuntimes,
  PortableSite,
  readResults,
} from "./portable_run.ts";
import { Worlds } from "./portable_worlds.ts";

/** A process that has closed its clients ends before a runtime's own patience does. */
const MAX_LINGER_MS = 2_000;

const MAIN = `export { main } from "./tools/portable_cases_main.js";`;
const NAMES = PORTABLE_CASES.map(({ name }) => name);

Deno.test("websocket does the same in every runtime", async (t) => {
  await using worlds = new Worlds();
  await using site = await PortableSite.open({
    main: MAIN,
    sources: [
      "tools/portable_cases_main.ts",
      "websocket/_testing/portable_cases.ts",
    ],
    handler: (request) => worlds.answer(request),
    timeoutMs: 90_000,
  });
  const runtimes = await portableRuntimes();
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
        assertEquals(results.map(({ name }) => name), NAMES);
        const { lingerMs } = run.value;
        if (lingerMs === undefined) return;
        await t.step("the process ends by itself", () => {
          assert(lingerMs < MAX_LINGER_MS, `after ${lingerMs} ms`);
        });
      },
    });
  }
});

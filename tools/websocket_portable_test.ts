// The same cases of `websocket` in each runtime, on the files that would be published.
import { PORTABLE_CASES } from "../websocket/_testing/portable_cases.ts";
import { PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";
import { Worlds } from "./portable_worlds.ts";

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
    timeoutMs: 300_000,
  });
  await testInEachRuntime(t, site, NAMES);
});

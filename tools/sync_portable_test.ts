// The vectors of the strong coder in each runtime, on the files that would be published: its models are numbers with fractions,
// which every engine must round alike.
import { VECTOR_CASES } from "../sync/coder/strong/_testing/vector_cases.ts";
import vectors from "../sync/vectors/strong_coder.json" with { type: "json" };
import { PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";

const MAIN = `export { main } from "./tools/sync_portable_main.js";`;
const NAMES = VECTOR_CASES.map(({ name }) => name);

Deno.test("StrongCoder does the same in every runtime", async (t) => {
  await using site = await PortableSite.open({
    main: MAIN,
    sources: [
      "tools/sync_portable_main.ts",
      "sync/coder/strong/_testing/vector_cases.ts",
    ],
    handler: () => Response.json(vectors),
  });
  await testInEachRuntime(t, site, NAMES);
});

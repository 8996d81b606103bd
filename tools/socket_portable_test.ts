// The same cases of a socket in each runtime that has some, on the files that would be published.
import { SOCKET_CASES } from "../transport/socket/_testing/socket_cases.ts";
import { PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";

const MAIN = `export { main } from "./tools/socket_portable_main.js";`;
const NAMES = SOCKET_CASES.map(({ name }) => name);

Deno.test("NonBlockingSocket does the same in every runtime with node:dgram", async (t) => {
  await using site = await PortableSite.open({
    main: MAIN,
    sources: [
      "tools/socket_portable_main.ts",
      "transport/socket/_testing/socket_cases.ts",
    ],
  });
  await testInEachRuntime(t, site, NAMES, ["Chromium"]);
});

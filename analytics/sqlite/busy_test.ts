import { assert } from "@std/assert";
import { ServerProcess } from "../../tools/process_signal.ts";

const PROGRAM = new URL("_testing/busy_server.ts", import.meta.url);
const REQUESTS = 10;

for (const mode of ["read", "write"]) {
  Deno.test(`SqliteAnalyticsStore leaves turns to those who ask while it has no end to ${mode}`, async () => {
    await using server = await ServerProcess.start(PROGRAM, { args: [mode] });
    const beganMs = performance.now();
    for (let i = 0; i < REQUESTS; i++) {
      await (await fetch(`http://127.0.0.1:${server.port}/`)).text();
    }
    const eachMs = (performance.now() - beganMs) / REQUESTS;
    // Some 20 ms; 500 where the runtime looks at its sockets after 61 turns only.
    assert(eachMs < 250, `${eachMs} ms`);
  });
}

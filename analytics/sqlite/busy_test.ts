import { assert } from "@std/assert";
import { ServerProcess } from "../../tools/process_signal.ts";

const PROGRAM = new URL("_testing/busy_server.ts", import.meta.url);
const REQUESTS = 10;

for (const mode of ["read", "write"]) {
  Deno.test(`SqliteAnalyticsStore leaves turns to those who ask while it has no end to ${mode}`, async () => {
    await using server = await ServerProcess.start(PROGRAM, { args: [mode] });
    async function ask(): Promise<number> {
      const response = await fetch(`http://127.0.0.1:${server.port}/`);
      return Number(await response.text());
    }
    // One request may come at a bad time, as the processes take turns as well.
    const waits: number[] = [];
    let before = await ask();
    for (let i = 0; i < REQUESTS; i++) {
      const pieces = await ask();
      waits.push(pieces - before);
      before = pieces;
    }
    waits.sort((a, b) => a - b);
    // Two or so; 61 where the runtime looks at its sockets after so many turns only.
    assert(waits[REQUESTS / 2]! < 30, `${waits}`);
  });
}

import { assert, assertEquals } from "@std/assert";
import { ServerProcess } from "../tools/process_signal.ts";
import { PotionDrunk } from "./analytics_collector.ts";

const PROGRAM = new URL("analytics_collector.ts", import.meta.url);

for (const where of ["memory", "a file"]) {
  Deno.test(`analytics_collector.ts takes batches and shows them, from ${where}`, async () => {
    const folder = await Deno.makeTempDir();
    try {
      await using server = await ServerProcess.start(PROGRAM, {
        args: [
          ...["--port", "0"],
          ...(where === "memory" ? [] : ["--database", `${folder}/a.db`]),
        ],
      });
      const url = `http://127.0.0.1:${server.port}/`;
      assertEquals(await server.nextLine(), `Dashboard: ${url}`);
      const { name, fields } = PotionDrunk.create({
        potion: "red",
        healthBefore: 12,
      });
      const response = await fetch(`${url}v1/batch`, {
        method: "POST",
        body: JSON.stringify({
          v: 1,
          sentAt: Date.now(),
          runs: [{
            s: "AAECAwQFBgcICQoLDA0ODw",
            b: "1.2.0",
            p: "linux",
            n: 0,
            t: Date.now(),
            d: [[name, ...Object.keys(fields)], ["death", "cause", "floor"]],
            e: [[0, 0, ...Object.values(fields)], [1, 250, "spikes", 3]],
          }],
        }),
      });
      assertEquals([response.status, await response.json()], [
        200,
        { accepted: 2, duplicates: 0, refused: [] },
      ]);
      const deaths = await fetch(`${url}v1/query/deaths`);
      assertEquals((await deaths.json()).rows, [
        { floor: 3, cause: "spikes", count: 1 },
      ]);
      const page = await fetch(url);
      assert((await page.text()).startsWith("<!doctype html>"));
      Deno.kill(server.pid, "SIGINT");
      assertEquals(await server.nextLine(), undefined);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

// The client of `analytics` in each runtime, on the files that would be published, with a collector of another origin.
import { assertEquals } from "@std/assert";
import { allEvents } from "../analytics/_testing/stored_events.ts";
import { AnalyticsCollector, MemoryAnalyticsStore } from "../analytics/mod.ts";
import { ANALYTICS_CASES } from "./analytics_portable_main.ts";
import { portableRuntimes, PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";

const MAIN = `export { main } from "./tools/analytics_portable_main.js";`;

Deno.test("analytics does the same in every runtime", async (t) => {
  await using store = new MemoryAnalyticsStore();
  const collector = new AnalyticsCollector({
    store,
    apiKeys: [{ key: "game-key", role: "game" }],
  });
  const encodings: (string | null)[] = [];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request, info) => {
      if (request.method === "POST") {
        encodings.push(request.headers.get("content-encoding"));
      }
      return collector.handler(request, info);
    },
  );
  await using site = await PortableSite.open({
    main: MAIN,
    sources: ["tools/analytics_portable_main.ts"],
    handler: () => new Response(`http://127.0.0.1:${server.addr.port}`),
    timeoutMs: 300_000,
  });
  await testInEachRuntime(t, site, ANALYTICS_CASES);

  const ran = (await portableRuntimes())
    .filter(({ runtime }) => "program" in runtime).length;
  const counts = new Map<string, number>();
  for (const { name, data } of await allEvents(store)) {
    const { key } = JSON.parse(data);
    const what = name === "custom" ? key : name;
    counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  assertEquals(counts.get("portable"), 500 * ran);
  assertEquals(counts.get("left"), ran);
  assertEquals(counts.get("before"), undefined);
  assertEquals(counts.get("sessionEnd"), counts.get("sessionStart"));
  assertEquals(new Set(encodings), new Set(["gzip"]));
  await collector.close();
});

import { assert, assertEquals } from "@std/assert";
import { gzip } from "../../http/server/_testing/bodies.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";
import { GAME_KEY, idOf, READER_KEY, runOf } from "./_testing/harness.ts";
import { AnalyticsCollector } from "./collector.ts";

Deno.test("AnalyticsCollector takes batches over a socket, once each, and answers queries", async () => {
  const store = new MemoryAnalyticsStore();
  const collector = new AnalyticsCollector({
    store,
    apiKeys: [
      { key: GAME_KEY, role: "game" },
      { key: READER_KEY, role: "reader" },
    ],
  });
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    collector.handler,
  );
  const url = `http://127.0.0.1:${http.addr.port}`;
  const nowMs = Date.now();
  const bodyOf = (s: number): string =>
    JSON.stringify({
      v: 1,
      sentAt: nowMs,
      runs: [runOf({ s: idOf(s), t: nowMs - 5_000 })],
    });
  try {
    const sends = Array.from({ length: 60 }, async (_, i) => {
      const text = bodyOf(i % 20);
      // As it is, compressed, and as a page sends it that is being closed.
      const response = i % 3 === 2
        ? await fetch(`${url}/v1/batch?key=${GAME_KEY}`, {
          method: "POST",
          body: text,
        })
        : await fetch(`${url}/v1/batch`, {
          method: "POST",
          headers: {
            "x-api-key": GAME_KEY,
            "content-type": "application/json",
            ...(i % 3 === 1 ? { "content-encoding": "gzip" } : {}),
          },
          body: i % 3 === 1 ? await gzip(new TextEncoder().encode(text)) : text,
        });
      assertEquals(response.status, 200);
      return await response.json();
    });
    const answers = await Promise.all(sends);
    const accepted = answers.reduce((sum, it) => sum + it.accepted, 0);
    const duplicates = answers.reduce((sum, it) => sum + it.duplicates, 0);
    assertEquals([accepted, duplicates], [60, 120]);

    const deaths = await fetch(`${url}/v1/query/deaths`, {
      headers: { "x-api-key": READER_KEY },
    });
    assertEquals((await deaths.json()).rows[0].count, 40);
    const head = await fetch(`${url}/v1/query/deaths`, {
      method: "HEAD",
      headers: { "x-api-key": READER_KEY },
    });
    assertEquals([head.status, await head.text()], [200, ""]);

    const long = await fetch(`${url}/v1/batch`, {
      method: "POST",
      headers: { "x-api-key": GAME_KEY },
      body: new Uint8Array(1_000_000),
    });
    assertEquals(long.status, 413);
    assertEquals((await long.json()).code, "bodyTooLarge");

    const own = `${url}/v1/players/${idOf(1_001)}`;
    const headers = { "x-api-key": GAME_KEY };
    const data = await (await fetch(own, { headers })).json();
    assertEquals([data.events.length, data.isComplete], [60, true]);
    // Whoever does not read all of it holds nothing up.
    const cut = await fetch(own, { headers });
    await cut.body?.cancel();
    const erased = await fetch(own, { method: "DELETE", headers });
    assertEquals(await erased.json(), { sessions: 20, events: 60 });
    const late = await fetch(`${url}/v1/batch`, {
      method: "POST",
      headers,
      body: bodyOf(1),
    });
    assert((await late.text()).includes('"erased"'));
  } finally {
    await collector.close();
    await http.shutdown();
    await store.close();
  }
});

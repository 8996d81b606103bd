import { assert, assertEquals } from "@std/assert";
import type { Clock } from "../../core/mod.ts";
import { ExpectedAnswers } from "../_testing/expected_answers.ts";
import { batchesOf, generateSessions } from "../_testing/generate_sessions.ts";
import { AnalyticsCollector } from "../collector/collector.ts";
import { MemoryAnalyticsStore } from "../store/memory_analytics_store.ts";

const DAY_MS = 86_400_000;
const NOW_MS = Date.UTC(2025, 10, 26, 12, 34);

Deno.test("AnalyticsCollector answers of what was posted what a plain count gives", async () => {
  const sessions = [
    ...generateSessions({
      seed: 11,
      players: 25,
      days: 21,
      nowMs: NOW_MS,
      framesPerMinute: 10,
    }),
  ];
  const expected = new ExpectedAnswers(sessions);
  const clock: Clock = { nowMs: () => NOW_MS, epochMs: () => NOW_MS };
  const store = new MemoryAnalyticsStore({ maxEvents: 1_000_000 });
  const collector = new AnalyticsCollector({ store, clock });
  async function post(batch: unknown): Promise<unknown> {
    const response = await collector.handler(
      new Request("https://collector/v1/batch", {
        method: "POST",
        body: JSON.stringify(batch),
      }),
    );
    assertEquals(response.status, 200);
    return await response.json();
  }
  function ask(path: string, tag = ""): Promise<Response> {
    return collector.handler(
      new Request(`https://collector/v1/query/${path}`, {
        headers: { "if-none-match": tag },
      }),
    );
  }
  for (const batch of batchesOf(sessions, { sentAt: NOW_MS })) {
    await post(batch);
  }

  const range = { fromMs: NOW_MS - 28 * DAY_MS, toMs: NOW_MS };
  const span = `from=${range.fromMs}&to=${range.toMs}`;
  const deaths = await (await ask(`deaths?${span}`)).json();
  assertEquals(deaths.rows, expected.deaths(range));
  assert(deaths.rows.length > 5);
  const retention = await (await ask(`retention?${span}`)).json();
  assertEquals(
    {
      ...retention.total,
      rows: retention.rows.map((
        { start, ...it }: Record<string, unknown>,
      ) => ({ startMs: start, ...it })),
    },
    (({ rows, total }) => ({ ...total, rows }))(
      expected.retention(range, NOW_MS) as {
        rows: unknown[];
        total: Record<string, unknown>;
      },
    ),
  );
  const funnel = await (await ask(
    `funnel?${span}&steps=sessionStart,floorComplete;floor=2,death&by=session&withinMs=3600000`,
  )).json();
  assertEquals(
    funnel.rows.map(({ count }: { count: number }) => count),
    expected.funnel(
      range,
      [{ event: "sessionStart" }, {
        event: "floorComplete",
        where: { floor: "2" },
      }, { event: "death" }],
      "session",
      3_600_000,
    ).map(({ count }) => count),
  );
  const whole = await ask(`drops?${span}`);
  const tag = whole.headers.get("etag")!;
  const drops = await whole.json();
  assertEquals(drops.rows, expected.drops(range, NOW_MS, 1_800_000).rows);

  // Unchanged until something comes, also if that is refused.
  assertEquals((await ask(`drops?${span}`, tag)).status, 304);
  const { s, b, p } = [...batchesOf(sessions, { sentAt: NOW_MS })][0]!.runs[0]!;
  const run = { s, b, p, n: 9_000, t: NOW_MS, d: [["death", "none"]] };
  await post({ v: 1, sentAt: NOW_MS, runs: [{ ...run, e: [[0, 0, 1]] }] });
  const changed = await ask(`drops?from=${range.fromMs}`, tag);
  assertEquals(changed.status, 200);
  const after = await changed.json();
  assertEquals(after.refused, 1);
  assertEquals(
    after.rows.find(({ event }: { event: string }) => event === "death"),
    { event: "death", reason: "refused: unknownField", count: 1 },
  );
  assertEquals((await ask(`drops?${span}`, tag)).status, 200);
  await collector.close();
  await store.close();
});

import { assert, assertEquals } from "@std/assert";
import { MemoryJournal } from "../../core/mod.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { ClientRig, DEATH, settle, START_MS } from "./_testing/client_rig.ts";
import { CrashJournal } from "./_testing/crash_journal.ts";
import { textOf } from "./_testing/fake_collector.ts";

/** An answer that is one of the protocol. */
function refusal(
  status: number,
  code: string,
  headers: HeadersInit = {},
  more: Record<string, unknown> = {},
): Response {
  return Response.json({ code, message: `no: ${code}`, ...more }, {
    status,
    headers,
  });
}

/** A client with one batch under way. */
async function sending(
  options: ConstructorParameters<typeof ClientRig>[0] = {},
  events = 1,
): Promise<ClientRig> {
  const rig = await new ClientRig(options).enable();
  for (let i = 0; i < events; i++) rig.analytics.record(DEATH);
  rig.analytics.flush();
  await rig.until(() => rig.fake.open.length > 0);
  return rig;
}

Deno.test("Analytics sends when 100 events wait, or a minute is over", async () => {
  const rig = await new ClientRig().connect().enable();
  for (let i = 0; i < 98; i++) rig.analytics.record(DEATH);
  await rig.step(1);
  await rig.step(1);
  assertEquals(rig.fake.calls.length, 0);
  rig.analytics.record(DEATH); // with the sessionStart it is the hundredth
  await rig.until(() => rig.analytics.uploadsSent === 1, 0);
  assertEquals(rig.collector.events.size, 100);

  rig.analytics.record(DEATH);
  await rig.step(50);
  await rig.step(5);
  assertEquals(rig.analytics.uploadsSent, 1);
  await rig.step(3);
  await rig.until(() => rig.analytics.uploadsSent === 2, 0);
  assertEquals(rig.collector.events.size, 101);
  await rig.analytics.close();
});

Deno.test("Analytics compresses batches, and names the key in a header", async () => {
  const rig = await sending({ apiKey: "game-key" }, 50);
  const [call] = rig.fake.open;
  assertEquals(call!.headers.get("x-api-key"), "game-key");
  assertEquals(call!.headers.get("content-encoding"), "gzip");
  assertEquals(call!.headers.get("content-type"), "application/json");
  const bytes = new Uint8Array(
    await new Response(call!.init.body as BodyInit).arrayBuffer(),
  );
  assertEquals([...bytes.subarray(0, 2)], [0x1f, 0x8b]);
  assertEquals(JSON.parse(await textOf(call!)).runs[1].e.length, 50);
  await rig.analytics.close(0);
});

Deno.test("Analytics keeps a batch that is answered 429, waits as asked, and sends it with a new sentAt", async () => {
  const rig = await sending();
  const [first] = rig.fake.open;
  const before = JSON.parse(await textOf(first!));
  first!.answer(refusal(429, "rateLimited", { "retry-after": "30" }));
  await rig.until(() => rig.all("uploadFailed").length > 0, 0);
  const { reason, willRetry, retryInMs, status } = rig.all("uploadFailed")[0]!;
  assertEquals([reason, willRetry, status], ["rateLimited", true, 429]);
  assert(retryInMs >= 30_000 && retryInMs <= 31_000, `${retryInMs}`);

  // Not even a flush is a reason to ask before.
  rig.analytics.flush();
  await rig.step(29);
  await rig.step(0);
  assertEquals(rig.fake.calls.length, 1);
  rig.connect();
  await rig.until(() => rig.analytics.uploadsSent === 1, 0.5);
  const again = JSON.parse(await textOf(rig.fake.calls[1]!));
  assertEquals(again.runs, before.runs);
  assert(again.sentAt >= before.sentAt + 30_000);
  assertEquals(rig.collector.count("death"), 1);
  await rig.analytics.close();
});

Deno.test("Analytics takes the page of a portal for no answer", async () => {
  const answers = [
    () => new Response("<html>log in</html>", { status: 200 }),
    () => Response.json({ ok: true }),
    () => Response.json({ accepted: "1", duplicates: 0 }),
    () => new Response("<html>bad request</html>", { status: 400 }),
    () => new Response(null, { status: 204 }),
    () => new Response("no such page", { status: 404 }),
  ];
  for (const answer of answers) {
    const rig = await sending();
    rig.fake.open[0]!.answer(answer());
    await rig.until(() => rig.all("uploadFailed").length > 0, 0);
    const [failed] = rig.all("uploadFailed");
    assertEquals([failed!.reason, failed!.willRetry], [
      "malformedResponse",
      true,
    ]);
    rig.connect();
    await rig.until(() => rig.analytics.uploadsSent === 1);
    assertEquals(rig.collector.count("death"), 1);
    await rig.analytics.close();
  }
});

Deno.test("Analytics drops and reports a batch that the collector cannot read", async () => {
  for (const status of [400, 415]) {
    const rig = await sending({}, 3);
    rig.fake.open[0]!.answer(refusal(status, "invalidRequest"));
    await rig.until(() => rig.all("uploadFailed").length > 0, 0);
    const [failed] = rig.all("uploadFailed");
    assertEquals([failed!.reason, failed!.willRetry, failed!.events], [
      "refused",
      false,
      4,
    ]);
    rig.connect();
    await rig.flush();
    assertEquals(rig.collector.count("death"), 0);
    assertEquals(rig.collector.dropped("death"), 3);
    assertEquals(rig.collector.dropped("sessionStart"), 1);
    assertEquals(
      rig.analytics.drops.find(({ event }) => event === "death"),
      { event: "death", reason: "refused", count: 3 },
    );
    await rig.analytics.close();
  }
});

Deno.test("Analytics knows after a crash, too, what the collector could not read", async () => {
  const inner = new MemoryJournal();
  const journal = new CrashJournal(inner);
  const rig = await sending({ journal: () => journal }, 3);
  // Behind what is under way there is a run with the state of before.
  rig.analytics.record(AnalyticsEvent.custom({ key: "k" }));
  await rig.step(1);
  rig.fake.open[0]!.answer(refusal(400, "invalidRequest"));
  await rig.until(() => rig.all("uploadFailed").length > 0, 0);
  await settle();
  journal.crash();

  const after = new ClientRig({
    collector: rig.collector,
    journal: () => new CrashJournal(inner),
  }).connect();
  await after.enable();
  await after.flush();
  assertEquals(after.collector.count("custom"), 1);
  assertEquals(after.collector.dropped("death"), 3);
  await after.analytics.close();
});

Deno.test("Analytics halves a batch that is too large, and drops what cannot be cut", async () => {
  const rig = new ClientRig();
  // Whoever is between here and the collector takes no more than two runs.
  rig.fake.onCall = (call) => {
    textOf(call).then((text) => {
      const { runs } = JSON.parse(text);
      call.answer(
        runs.length > 2
          ? new Response("<html>413</html>", { status: 413 })
          : rig.collector.takeText(text),
      );
    });
  };
  await rig.enable();
  for (let i = 0; i < 9; i++) {
    rig.analytics.record(DEATH);
    await rig.step(0.3);
    await rig.step();
  }
  await rig.flush();
  assertEquals(rig.collector.count("death"), 9);
  assertEquals(rig.analytics.drops, []);

  rig.fake.onCall = (call) => call.answer(refusal(413, "bodyTooLarge"));
  rig.analytics.record(DEATH);
  rig.analytics.flush();
  await rig.until(() => rig.analytics.drops.length > 0);
  assertEquals(rig.analytics.drops, [
    { event: "death", reason: "refused", count: 1 },
  ]);
  await rig.analytics.close(0);
});

Deno.test("Analytics asks rarely where it is not let in", async () => {
  const rig = await sending();
  rig.fake.open[0]!.answer(refusal(401, "unauthenticated"));
  await rig.until(() => rig.all("uploadFailed").length > 0, 0);
  assertEquals(rig.all("uploadFailed")[0]!.reason, "unauthorised");
  await rig.step(800);
  await rig.step(0);
  assertEquals(rig.fake.calls.length, 1);
  await rig.step(110);
  await rig.until(() => rig.fake.calls.length === 2, 0);
  await rig.analytics.close(0);
});

Deno.test("Analytics waits longer after every failure, and starts over after a success", async () => {
  const rig = await sending({
    http: { backoffBaseMs: 1_000, backoffMaxMs: 60_000 },
  });
  rig.fake.onCall = (call) => call.fail();
  rig.fake.open[0]!.fail();
  await rig.until(() => rig.all("uploadFailed").length >= 9, 1);
  const waits = rig.all("uploadFailed").map(({ retryInMs }) => retryInMs);
  waits.forEach((waitMs, attempt) => {
    assert(waitMs <= Math.min(60_000, 1_000 * 2 ** attempt), `${waits}`);
  });
  assert(Math.max(...waits) > 8_000, `${waits}`);
  rig.connect();
  await rig.until(() => rig.analytics.uploadsSent === 1, 1);
  assertEquals(rig.analytics.counters.uploadsFailed, waits.length);
  rig.fake.onCall = (call) => call.fail();
  rig.analytics.record(DEATH);
  rig.analytics.flush();
  await rig.until(() => rig.all("uploadFailed").length > waits.length, 0.1);
  assert(rig.all("uploadFailed").at(-1)!.retryInMs <= 1_000);
  await rig.analytics.close(0);
});

Deno.test("Analytics tells what the collector refused, and counts it as arrived", async () => {
  const rig = await sending({}, 2);
  rig.fake.open[0]!.answer(
    Response.json({
      accepted: 1,
      duplicates: 0,
      refused: [["death", "invalidTime", 2]],
    }),
  );
  await rig.until(() => rig.analytics.uploadsSent === 1, 0);
  assertEquals(rig.all("uploaded")[0]!.refused, [
    { event: "death", reason: "invalidTime", count: 2 },
  ]);
  await rig.step();
  assertEquals(rig.analytics.counters.stored, 0);
  assertEquals(rig.analytics.drops, []);
  await rig.analytics.close(0);
});

Deno.test("Analytics never writes for longer than its slice", async () => {
  const rig = await new ClientRig({ sliceMs: 1 }).connect().enable();
  for (let i = 0; i < 5_000; i++) rig.analytics.record(DEATH);
  await settle(); // the journal has the beginning of the session
  // Every look at this clock takes a millisecond.
  const { clock } = rig;
  const nowMs = clock.nowMs.bind(clock);
  clock.nowMs = () => {
    clock.advance(1);
    return nowMs();
  };
  const before = rig.analytics.counters.queued;
  rig.analytics.tick(0);
  assertEquals(before - rig.analytics.counters.queued, 32);
  delete (clock as { nowMs?: unknown }).nowMs;
  await rig.flush();
  assertEquals(rig.collector.count("death"), 5_000);
  await rig.analytics.close();
});

Deno.test("Analytics sends a burst of 20,000 events that is followed by close()", async () => {
  const rig = new ClientRig().connect();
  rig.analytics.enable("http://game.test/analytics");
  for (let i = 0; i < 20_000; i++) assert(rig.analytics.record(DEATH));
  await rig.analytics.close();
  assertEquals(rig.collector.count("death"), 20_000);
  assertEquals(rig.collector.of("sessionEnd").length, 1);
});

Deno.test("Analytics.close() tries what is in memory until the time is over", async () => {
  const rig = await new ClientRig().enable();
  rig.analytics.record(DEATH);
  const closed = rig.analytics.close(30);
  assertEquals(rig.analytics.record(DEATH), false);
  await closed;
  assertEquals(rig.analytics.record(DEATH), false);
  rig.analytics.tick(1);
  assertEquals(rig.fake.open.length, 0);
});

Deno.test("Analytics.close() leaves to a journal what cannot be sent", async () => {
  const journal = new MemoryJournal();
  const rig = new ClientRig({ journal: () => journal });
  rig.fake.onCall = (call) => call.fail();
  await rig.enable();
  rig.analytics.record(AnalyticsEvent.custom({ key: "k" }));
  await rig.analytics.close(60_000);
  assertEquals(rig.fake.calls.length, 1);
});

Deno.test("Analytics.close() tries once more what failed before", async () => {
  const rig = new ClientRig({ journal: () => new MemoryJournal() });
  rig.fake.onCall = (call) => call.fail();
  await rig.enable();
  rig.analytics.record(DEATH);
  rig.analytics.flush();
  await rig.until(() => rig.all("uploadFailed").length > 0);
  rig.connect();
  await rig.analytics.close();
  assertEquals(rig.collector.count("death"), 1);
  assertEquals(rig.collector.of("sessionEnd").length, 1);
});

Deno.test("Analytics.close() does not wait for what the collector asks to wait for", async () => {
  const rig = await sending({ journal: () => new MemoryJournal() });
  rig.fake.open[0]!.answer(
    refusal(503, "unavailable", {}, { retryAfterMs: 600_000 }),
  );
  await rig.until(() => rig.all("uploadFailed").length > 0, 0);
  const { setTimeout } = globalThis;
  let isLate = false;
  globalThis.setTimeout = ((run: () => void, ms?: number) =>
    setTimeout(() => {
      if (ms === 20_000) isLate = true;
      run();
    }, ms)) as typeof setTimeout;
  try {
    await rig.analytics.close(20_000);
  } finally {
    globalThis.setTimeout = setTimeout;
  }
  assert(!isLate, "It waits as long as it may");
  assertEquals(rig.fake.calls.length, 1);
});

Deno.test("Analytics sends as it is what the runtime cannot compress", async () => {
  const { CompressionStream } = globalThis;
  Reflect.deleteProperty(globalThis, "CompressionStream");
  try {
    const rig = await sending({}, 50);
    const [call] = rig.fake.open;
    assertEquals(call!.headers.has("content-encoding"), false);
    assertEquals(JSON.parse(await textOf(call!)).runs[1].e.length, 50);
    await rig.analytics.close(0);
  } finally {
    Object.defineProperty(globalThis, "CompressionStream", {
      value: CompressionStream,
      configurable: true,
      writable: true,
    });
  }
});

Deno.test("Analytics waits as a proxy asks it to, in whichever form, and no longer than a day", async () => {
  const dayMs = 86_400_000;
  const waits: readonly (readonly [string, string | undefined, number])[] = [
    ["1000000000000", undefined, dayMs],
    ["9".repeat(400), undefined, dayMs],
    ["-5", undefined, 0],
    ["soon", undefined, 0],
    [new Date(START_MS + 60_000).toUTCString(), undefined, 60_000],
    ["Fri, 31 Dec 2100 23:59:59 GMT", undefined, dayMs],
    ["Sun, 06 Nov 1994 08:49:37 GMT", undefined, 0],
    // The player's clock is a year slow, or fast.
    [
      "Thu, 25 Nov 2027 00:02:00 GMT",
      "Thu, 25 Nov 2027 00:00:00 GMT",
      120_000,
    ],
    ["Tue, 25 Nov 2025 00:02:00 GMT", "Tue, 25 Nov 2025 00:00:00 GMT", 120_000],
  ];
  for (const [retryAfter, date, waitMs] of waits) {
    const rig = await sending();
    rig.fake.open[0]!.answer(
      new Response("<html>", {
        status: 503,
        headers: {
          "retry-after": retryAfter,
          ...(date !== undefined && { date }),
        },
      }),
    );
    await rig.until(() => rig.all("uploadFailed").length > 0, 0);
    const { retryInMs } = rig.all("uploadFailed")[0]!;
    assert(
      retryInMs >= waitMs && retryInMs <= waitMs + 1_500,
      `${retryAfter}: ${retryInMs}`,
    );
    await rig.analytics.close(0);
  }
});

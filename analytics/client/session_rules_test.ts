import { assert, assertEquals } from "@std/assert";
import { ManualClock, MemoryJournal } from "../../core/mod.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import {
  ClientRig,
  DEATH,
  ENDPOINT,
  settle,
  START_MS,
} from "./_testing/client_rig.ts";
import { CrashJournal } from "./_testing/crash_journal.ts";
import { FakeCollector } from "./_testing/fake_collector.ts";

const MINUTE_MS = 60_000;

/** Two processes on one journal, of which the first is killed. */
async function restart(
  afterMs: number,
  options: {
    readonly build?: string;
    readonly identity?: "session" | "install";
    readonly isClosed?: boolean;
  } = {},
): Promise<{ before: ClientRig; after: ClientRig; collector: FakeCollector }> {
  const inner = new MemoryJournal();
  const collector = new FakeCollector();
  const first = new CrashJournal(inner);
  const before = new ClientRig({
    collector,
    journal: () => first,
    identity: options.identity ?? "session",
  }).connect();
  await before.enable();
  before.clock.advance(MINUTE_MS);
  before.analytics.record(DEATH);
  await before.step(1);
  await before.step(1);
  const endMs = before.clock.epochMs();
  if (options.isClosed === true) await before.analytics.close();
  first.crash();
  const after = new ClientRig({
    collector,
    clock: new ManualClock({ epochMs: endMs + afterMs }),
    journal: () => new CrashJournal(inner),
    identity: options.identity ?? "session",
    build: options.build ?? "1.2.0",
  }).connect();
  await after.enable();
  return { before, after, collector };
}

Deno.test("Analytics begins a new session after 30 minutes without a record", async () => {
  const rig = await new ClientRig().connect().enable();
  const first = rig.analytics.sessionId;
  rig.analytics.record(DEATH);
  await rig.step(29 * 60);
  assertEquals(rig.analytics.sessionId, first);
  assertEquals(rig.analytics.sessionDuration, 29 * 60);
  rig.analytics.record(DEATH);
  await rig.step(30 * 60);
  assertEquals(rig.analytics.sessionId, undefined);
  assertEquals(rig.analytics.sessionDuration, 0);
  rig.analytics.record(DEATH);
  const second = rig.analytics.sessionId;
  assert(second !== undefined && second !== first);
  await rig.flush();

  const [end] = rig.collector.of("sessionEnd");
  assertEquals(end!.session, first);
  assertEquals(end!.timeMs, START_MS + 29 * MINUTE_MS);
  assertEquals(end!.fields.reason, "idle");
  assertEquals(end!.fields.durationMs, 29 * MINUTE_MS);
  assertEquals(end!.fields.deaths, 2);
  assertEquals(rig.collector.of("sessionStart").map((it) => it.fields), [
    { isFirst: true, isResumed: false },
    { isFirst: false, isResumed: false },
  ]);
  assertEquals(rig.all("sessionEnded").map((it) => it.reason), ["idle"]);
  await rig.analytics.close();
});

Deno.test("Analytics ends a session after a day, and begins another at once", async () => {
  const rig = await new ClientRig().connect().enable();
  const first = rig.analytics.sessionId;
  for (let hour = 0; hour < 4 * 24; hour++) {
    rig.analytics.record(DEATH);
    await rig.step(900);
  }
  const second = rig.analytics.sessionId;
  assert(second !== undefined && second !== first);
  await rig.flush();
  assertEquals(rig.collector.of("sessionEnd").map((it) => it.fields.reason), [
    "maxLength",
  ]);
  await rig.analytics.close();
  assertEquals(rig.collector.of("sessionEnd").map((it) => it.fields.reason), [
    "maxLength",
    "closed",
  ]);
});

Deno.test("Analytics is not torn by a wall clock that jumps", async () => {
  const rig = await new ClientRig().connect().enable();
  const { sessionId } = rig.analytics;
  for (const days of [1, -2, 1]) {
    rig.clock.setEpochMs(rig.clock.epochMs() + days * 86_400_000);
    rig.analytics.record(DEATH);
    await rig.step(60);
  }
  await rig.flush();
  assertEquals(rig.analytics.sessionId, sessionId);
  assertEquals(
    rig.collector.of("death").map(({ timeMs }) => timeMs - START_MS),
    [0, 60_000, 120_000],
  );
  await rig.analytics.close();
});

Deno.test("Analytics resumes a session that a crash ended, within the idle limit", async () => {
  const { before, after, collector } = await restart(10 * MINUTE_MS);
  assertEquals(after.analytics.sessionId, before.analytics.sessionId);
  assertEquals(after.analytics.sessionDuration, 11 * 60 + 2);
  after.analytics.record(DEATH);
  await after.flush();
  assertEquals(
    collector.of("sessionStart").map(({ number, fields }) => [number, fields]),
    [
      [0, { isFirst: true, isResumed: false }],
      [2 ** 20, { isFirst: false, isResumed: true }],
    ],
  );
  assertEquals(collector.of("death").map(({ number }) => number), [
    1,
    2 ** 20 + 1,
  ]);
  assertEquals(after.all("sessionStarted")[0]!.isResumed, true);
  await after.analytics.close();
});

Deno.test("Analytics ends a session that a crash ended too long ago", async () => {
  for (const afterMs of [31 * MINUTE_MS, -86_400_000]) {
    const { before, after, collector } = await restart(afterMs);
    const { sessionId } = before.analytics;
    assert(after.analytics.sessionId !== sessionId);
    after.analytics.record(DEATH);
    await after.flush();
    const [end] = collector.of("sessionEnd");
    assertEquals(end!.session, sessionId);
    assertEquals(end!.number, 2 ** 20);
    assertEquals(end!.fields.reason, "repaired");
    assertEquals(end!.fields.durationMs, MINUTE_MS);
    if (afterMs > 0) assertEquals(end!.timeMs, START_MS + MINUTE_MS);
    assertEquals(
      collector.of("sessionStart").map(({ fields }) => fields.isFirst),
      [true, false],
    );
    await after.analytics.close();
  }
});

Deno.test("Analytics does not resume the session of another build", async () => {
  const { before, after, collector } = await restart(1_000, {
    build: "1.3.0",
  });
  assert(after.analytics.sessionId !== before.analytics.sessionId);
  await after.flush();
  const builds = new Map(collector.runs.map(({ s, b }) => [s, b]));
  assertEquals(builds.get(before.analytics.sessionId!), "1.2.0");
  assertEquals(builds.get(after.analytics.sessionId!), "1.3.0");
  assertEquals(collector.of("sessionEnd")[0]!.fields.reason, "repaired");
  await after.analytics.close();
});

Deno.test("Analytics does not resume a session that was closed", async () => {
  const { after, collector } = await restart(1_000, { isClosed: true });
  await after.flush();
  assertEquals(collector.of("sessionEnd").map(({ fields }) => fields.reason), [
    "closed",
  ]);
  assertEquals(after.all("sessionStarted")[0]!.isResumed, false);
  assertEquals(collector.dropped("death"), 0);
  await after.analytics.close();
});

Deno.test("Analytics keeps the id of an install over restarts, and sends none by default", async () => {
  for (const identity of ["install", "session"] as const) {
    const { after, collector } = await restart(86_400_000, { identity });
    after.analytics.record(DEATH);
    await after.flush();
    const players = new Set(collector.runs.map(({ i }) => i));
    assertEquals(players.size, 1);
    const [player] = players;
    assertEquals(
      typeof player,
      identity === "install" ? "string" : "undefined",
    );
    await after.analytics.close();
  }
});

Deno.test("Analytics does not use a number again that a page sent before it crashed", async () => {
  const inner = new MemoryJournal();
  const collector = new FakeCollector();
  let endMs = START_MS;
  for (let process = 0; process < 4; process++) {
    const journal = new CrashJournal(inner);
    const rig = new ClientRig({
      collector,
      journal: () => journal,
      clock: new ManualClock({ epochMs: endMs }),
    }).connect();
    await rig.enable();
    await rig.step(1);
    // From now on nothing reaches the journal.
    journal.isLazy = true;
    for (let i = 0; i < 3; i++) {
      rig.analytics.record(
        AnalyticsEvent.custom({ key: `process ${process}`, value: i }),
      );
    }
    rig.analytics.handlePageHide();
    await rig.step();
    assertEquals(rig.fake.calls.at(-1)!.init.keepalive, true);
    journal.crash();
    endMs = rig.clock.epochMs() + 1_000;
  }
  // The collector of the test throws where a number is that of another event.
  assertEquals(collector.count("custom"), 12);
  assertEquals(new Set(collector.runs.map(({ s }) => s)).size, 1);
});

Deno.test("Analytics sums up frames and memory for each flush, and ends with the figures", async () => {
  const rig = await new ClientRig().connect().enable();
  for (let frame = 0; frame < 600; frame++) {
    rig.analytics.recordFrame(frame === 500 ? 90 : 16);
    rig.analytics.recordMemory(1e6);
    await rig.step(0.1);
  }
  await rig.until(() => rig.analytics.uploadsSent > 0);
  rig.analytics.stats.score = 4200;
  const [frames] = rig.collector.of("frameTime");
  const [sum, , max] = frames!.fields.sketch as number[];
  assertEquals([sum, max], [599 * 16 + 90, 90]);
  assertEquals(frames!.fields.hitches, 1);
  assertEquals(rig.collector.of("memoryUsage").length, 1);
  await rig.analytics.close();
  const [end] = rig.collector.of("sessionEnd");
  assertEquals(end!.fields.score, 4200);
  const playTimeMs = end!.fields.playTimeMs as number;
  assert(playTimeMs >= 60_000 && playTimeMs < 61_000, `${playTimeMs}`);
});

Deno.test("Analytics sends nothing of a resumed session from a page before the journal knows of it", async () => {
  const inner = new MemoryJournal();
  const collector = new FakeCollector();
  for (let process = 0; process < 3; process++) {
    const journal = new CrashJournal(inner);
    const rig = new ClientRig({
      collector,
      journal: () => journal,
      clock: new ManualClock({ epochMs: START_MS + process * 1_000 }),
    }).connect();
    rig.analytics.enable(ENDPOINT);
    await settle();
    // The journal can be read; what is appended to it afterwards is lost, but for the first process.
    journal.isLazy = process > 0;
    await rig.step();
    await rig.step();
    rig.analytics.record(AnalyticsEvent.custom({ key: `process ${process}` }));
    rig.analytics.handlePageHide();
    await rig.step();
    assertEquals(rig.all("sessionStarted")[0]!.isResumed, process > 0);
    journal.crash();
  }
  // The collector of the test throws where a number is that of another event.
  assertEquals(collector.count("custom"), 1);
});

Deno.test("Analytics keeps its state when all has arrived", async () => {
  const inner = new MemoryJournal();
  const collector = new FakeCollector();
  const journal = new CrashJournal(inner);
  const before = new ClientRig({
    collector,
    journal: () => journal,
    identity: "install",
  }).connect();
  await before.enable();
  before.analytics.record(DEATH);
  await before.flush();
  await before.step();
  journal.crash();
  assertEquals((await inner.read(0, 1e9)).length, 1);
  const after = new ClientRig({
    collector,
    journal: () => new CrashJournal(inner),
    identity: "install",
  }).connect();
  await after.enable();
  assertEquals(after.analytics.sessionId, before.analytics.sessionId);
  await after.flush();
  assertEquals(new Set(collector.runs.map(({ i }) => i)).size, 1);
  await after.analytics.close();
});

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Journal,
  LocalStorageJournal,
  ManualClock,
  MemoryJournal,
  type StorageLike,
} from "../../core/mod.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { SessionStats } from "../session/session_stats.ts";
import { Analytics } from "./analytics.ts";
import { decodeEntry } from "./_entry.ts";
import { ClientRig, DEATH, ENDPOINT, settle } from "./_testing/client_rig.ts";
import { CrashJournal } from "./_testing/crash_journal.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RUNS = IS_SOAK ? 10_000 : 300;

/** What a game may call at any time. */
type Call = (analytics: Analytics, errors: EventTarget) => unknown;

const CALLS: readonly Call[] = [
  (analytics) => analytics.record(DEATH),
  (analytics) => analytics.record({} as AnalyticsEvent),
  (analytics) =>
    analytics.record(AnalyticsEvent.custom({ key: "ada@example.com" })),
  (analytics) => analytics.recordFrame(16),
  (analytics) => analytics.recordMemory(1e6),
  (analytics) => analytics.stats.recordFrame(16),
  (analytics) => analytics.stats.kills++,
  (analytics) => analytics.tick(0.1),
  (analytics) => analytics.tick(3_600),
  (analytics) => analytics.flush(),
  (analytics) => [...analytics.drainEvents()],
  (analytics) => analytics.pollEvent(),
  (analytics) => analytics.localLogEntries(),
  (analytics) => analytics.clearLocalLog(),
  (analytics) => analytics.exportCsv(),
  (analytics) => analytics.exportMyData(),
  (analytics) => analytics.deleteMyData(),
  (analytics) => analytics.disable(),
  (analytics) => analytics.handlePageHide(),
  (analytics) => analytics.handlePageHide(true),
  (analytics, errors) => analytics.captureErrors(errors),
  (_, errors) => errors.dispatchEvent(errorEvent()),
  (analytics) => analytics.drops,
  (analytics) => analytics.counters,
  (analytics) => analytics.sessionId,
  (analytics) => analytics.sessionDuration,
];

/** Whoever touches it has not been asked. */
function forbidden(): never {
  throw new Error("It must not be used without consent");
}

function errorEvent(): Event {
  return Object.assign(new Event("error"), { error: new Error("boom") });
}

/** What is held of a player. */
async function assertNothing(analytics: Analytics): Promise<void> {
  assertEquals(analytics.localLogEntries(), []);
  assertEquals(analytics.drops, []);
  assertEquals(analytics.sessionId, undefined);
  assertEquals(analytics.sessionDuration, 0);
  assertEquals(analytics.counters, {
    recorded: 0,
    dropped: 0,
    queued: 0,
    stored: 0,
    uploadsSent: 0,
    uploadsFailed: 0,
    droppedNotices: analytics.counters.droppedNotices,
  });
  assertEquals(analytics.stats.toCsvRow(), new SessionStats().toCsvRow());
  const { json, csv } = await analytics.exportMyData();
  assertEquals(JSON.parse(json), { consent: analytics.consent });
  assertEquals(csv, "time,number,name\r\n");
}

Deno.test("Analytics holds, stores, opens and sends nothing before the player agrees", async () => {
  const calls = fc.array(fc.nat(CALLS.length - 1), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(calls, async (indices) => {
      const fake = new EventTarget();
      const analytics = new Analytics("1.2.0", "linux", {
        journal: forbidden,
        http: { fetch: forbidden },
        clock: new ManualClock(),
        random: {
          nextU32: forbidden,
          nextFloat: forbidden,
          fill: forbidden,
        },
      });
      for (const index of indices) {
        await CALLS[index]!(analytics, fake);
        assert(analytics.consent !== "granted");
      }
      await settle();
      await assertNothing(analytics);
      await analytics.close(0);
      await assertNothing(analytics);
    }),
    { numRuns: RUNS, seed: 1 },
  );
});

Deno.test("Analytics holds and stores nothing when the player has taken his consent back", async () => {
  const calls = fc.array(fc.nat(CALLS.length - 1), { maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(calls, calls, async (before, after) => {
      const journals: MemoryJournal[] = [];
      const rig = new ClientRig({
        journal: () => {
          const journal = new MemoryJournal();
          // To be looked into when the client has closed it.
          journals.push(journal);
          return Object.assign(Object.create(null), {
            append: (bytes: Uint8Array) => journal.append(bytes),
            read: (id: number, max: number) => journal.read(id, max),
            remove: (id: number) => journal.remove(id),
            close: () => Promise.resolve(),
          }) as Journal;
        },
      });
      const { analytics, fake } = rig;
      const errors = new EventTarget();
      analytics.enable(ENDPOINT);
      for (const index of before) {
        const call = CALLS[index]!;
        try {
          await call(analytics, errors);
        } catch (error) {
          // Of what is no event at all.
          assert(error instanceof TypeError);
        }
      }
      analytics.disable();
      const requests = fake.calls.length;
      await assertNothing(analytics);
      for (const index of after) await CALLS[index]!(analytics, errors);
      await settle();
      await settle();
      await assertNothing(analytics);
      for (const journal of journals) {
        assertEquals(await journal.read(0, 1e9), []);
      }
      // What the player has asked to be erased is all that may be asked for.
      for (const call of fake.calls.slice(requests)) {
        assertEquals(call.init.method, "DELETE");
      }
      for (const call of fake.open) assertEquals(call.init.method, "DELETE");
      await analytics.close(0);
    }),
    { numRuns: RUNS, seed: 2 },
  );
});

Deno.test("Analytics works where storage and network throw", async () => {
  const rig = new ClientRig({
    journal: () => {
      const storage = new Proxy({} as StorageLike, {
        get: () => {
          throw new DOMException("denied", "SecurityError");
        },
      });
      return new LocalStorageJournal(storage, "unsent");
    },
    http: {
      fetch: () => {
        throw new TypeError("no network");
      },
    },
  });
  await rig.enable();
  assert(rig.analytics.record(DEATH));
  rig.analytics.flush();
  await rig.until(() => rig.all("uploadFailed").length > 0);
  assertEquals(rig.all("journalFailed").length, 1);
  assertEquals(rig.all("uploadFailed")[0]!.reason, "unreachable");
  assertEquals(rig.analytics.counters.stored, 2);
  rig.analytics.handlePageHide();
  await rig.analytics.close(0);
});

Deno.test("Analytics.enable() waits for the purge of an earlier consent", async () => {
  const log: string[] = [];
  const inner = new MemoryJournal();
  let isOpen = false;
  const rig = new ClientRig({
    journal: () => {
      assert(!isOpen, "It is open twice");
      isOpen = true;
      log.push("open");
      return {
        append: (bytes) => inner.append(bytes),
        read: (id, max) => inner.read(id, max),
        remove: (id) => inner.remove(id),
        close: () => {
          isOpen = false;
          log.push("close");
          return Promise.resolve();
        },
      };
    },
  });
  await rig.enable();
  const first = rig.analytics.sessionId;
  rig.analytics.record(DEATH);
  await rig.step(1);
  rig.analytics.disable();
  rig.analytics.enable(ENDPOINT);
  assert(rig.analytics.record(DEATH));
  await rig.step(1);
  await rig.step(1);
  assertEquals(log, ["open", "close", "open"]);
  assert(rig.analytics.sessionId !== first);
  for (const { bytes } of await inner.read(0, 1e9)) {
    const entry = decodeEntry(bytes)!;
    assert(entry.state.session?.id !== first);
    assert(entry.run?.session !== first);
  }
  await rig.analytics.close(0);
});

Deno.test("Analytics.disable() counts while the client is being closed", async () => {
  const journal = new MemoryJournal();
  const rig = await new ClientRig({
    journal: () =>
      Object.assign(Object.create(journal), {
        append: (bytes: Uint8Array) => journal.append(bytes),
        read: (id: number, max: number) => journal.read(id, max),
        remove: (id: number) => journal.remove(id),
        close: () => Promise.resolve(),
      }) as Journal,
  }).enable();
  rig.analytics.record(DEATH);
  await rig.step(1);
  const closing = rig.analytics.close(60_000);
  await settle();
  await rig.until(() => rig.fake.open.length === 1);
  rig.analytics.disable();
  assertEquals(rig.analytics.consent, "denied");
  assertEquals(rig.fake.open, []);
  await closing;
  assertEquals(await journal.read(0, 1e9), []);
  assertEquals(rig.fake.calls.length, 1);
});

Deno.test("Analytics.disable() lets nothing be stored that waits for its turn", async () => {
  const inner = new MemoryJournal();
  const journal = new CrashJournal(inner);
  const rig = await new ClientRig({ journal: () => journal }).enable();
  await rig.step(1);
  journal.isLazy = true;
  for (let i = 0; i < 3; i++) {
    rig.analytics.record(DEATH);
    rig.analytics.handlePageHide();
  }
  await settle();
  let appended = 0;
  journal.onAppend = () => () => appended++;
  rig.analytics.disable();
  for (let i = 0; i < 10; i++) {
    journal.proceed();
    await settle();
  }
  assertEquals(appended, 0);
  assertEquals(await inner.read(0, 1e9), []);
  await rig.analytics.close(0);
});

Deno.test("Analytics.disable() behind enable() removes what an earlier process left, and sends nothing", async () => {
  const inner = new MemoryJournal();
  function shared(): Journal {
    return {
      append: (bytes) => inner.append(bytes),
      read: (id, max) => inner.read(id, max),
      remove: (id) => inner.remove(id),
      close: () => Promise.resolve(),
    };
  }
  const earlier = await new ClientRig({ journal: shared }).enable();
  earlier.analytics.record(DEATH);
  await earlier.step(1);
  await earlier.analytics.close(0);
  assert((await inner.read(0, 1e9)).length > 0);

  const rig = new ClientRig({ journal: shared });
  rig.analytics.enable(ENDPOINT);
  rig.analytics.disable();
  await rig.step(60);
  await rig.analytics.close();
  assertEquals(await inner.read(0, 1e9), []);
  assertEquals(rig.fake.calls, []);
});

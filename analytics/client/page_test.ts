import { assert, assertEquals } from "@std/assert";
import { MemoryJournal } from "../../core/mod.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { ClientRig, DEATH, ENDPOINT, settle } from "./_testing/client_rig.ts";
import { CrashJournal } from "./_testing/crash_journal.ts";
import { textOf } from "./_testing/fake_collector.ts";
import { installPageHandlers } from "./page_handlers.ts";

/** A page as far as it is needed. */
function makePage(): EventTarget & {
  document: EventTarget & { visibilityState: string };
} {
  return Object.assign(new EventTarget(), {
    document: Object.assign(new EventTarget(), { visibilityState: "visible" }),
  });
}

Deno.test("installPageHandlers() sends what waits when the page is hidden or closed", async () => {
  const rig = await new ClientRig({ apiKey: "game-key" }).connect().enable();
  const page = makePage();
  const stop = installPageHandlers(rig.analytics, page);
  rig.analytics.record(DEATH);
  await rig.step(1); // one is in the journal,
  rig.analytics.record(DEATH); // and one in memory

  page.document.dispatchEvent(new Event("visibilitychange"));
  assertEquals(rig.fake.calls.length, 0);
  page.document.visibilityState = "hidden";
  page.document.dispatchEvent(new Event("visibilitychange"));
  const [call] = rig.fake.calls;
  assertEquals(call!.url, `${ENDPOINT}/v1/batch?key=game-key`);
  assertEquals(call!.init.keepalive, true);
  // Nothing that a browser would ask leave for.
  assertEquals([...call!.headers.keys()], ["content-type"]);
  assert(call!.headers.get("content-type")!.startsWith("text/plain"));
  assertEquals(JSON.parse(await textOf(call!)).runs.length, 3);
  await rig.step();
  assertEquals(rig.collector.count("death"), 2);

  // The page lives on: what it sent is sent again, and is a duplicate.
  await rig.flush();
  assertEquals(rig.collector.count("death"), 2);
  assertEquals(rig.collector.duplicates, 3);

  rig.analytics.record(DEATH);
  page.dispatchEvent(
    Object.assign(new Event("pagehide"), { persisted: false }),
  );
  await rig.step();
  assertEquals(rig.collector.of("sessionEnd")[0]!.fields.reason, "closed");
  assertEquals(rig.collector.count("death"), 3);
  stop();
  const { length } = rig.fake.calls;
  rig.analytics.record(DEATH);
  page.dispatchEvent(new Event("pagehide"));
  assertEquals(rig.fake.calls.length, length);
  await rig.analytics.close();
});

Deno.test("Analytics.handlePageHide() sends no more than a page may", async () => {
  const rig = await new ClientRig().enable();
  for (let i = 0; i < 9_000; i++) {
    rig.analytics.record(
      AnalyticsEvent.custom({ key: `key number ${i}`, value: i }),
    );
  }
  rig.analytics.handlePageHide();
  const [call] = rig.fake.calls;
  const { length } = new TextEncoder().encode(await textOf(call!));
  assert(length <= 61_440 && length > 20_000, `${length}`);
  rig.connect();
  await rig.flush();
  assertEquals(rig.collector.count("custom"), 9_000);
  await rig.analytics.close();
});

Deno.test("Analytics.handlePageHide() sends nothing twice where a page is hidden and then closed", async () => {
  const journal = new CrashJournal(new MemoryJournal());
  const rig = await new ClientRig({ journal: () => journal }).enable();
  for (let i = 0; i < 2_000; i++) rig.analytics.record(DEATH);
  journal.isLazy = true;
  rig.analytics.handlePageHide();
  rig.analytics.handlePageHide(true);
  rig.analytics.handlePageHide();
  const texts = await Promise.all(rig.fake.calls.map(textOf));
  const counts = texts.map((text) =>
    JSON.parse(text).runs.map(({ e }: { e: unknown[] }) => e.length)
  );
  // All that a browser lets a page send is 64 KiB, so the end of the session would find no room.
  assertEquals(counts, [[1, 1_000, 1_000], [1]]);
  await rig.analytics.close(0);
});

Deno.test("Analytics.handlePageHide() uses no number of a resumed session before the journal knows of it", async () => {
  const inner = new MemoryJournal();
  const shared = {
    append: (bytes: Uint8Array) => inner.append(bytes),
    read: (id: number, max: number) => inner.read(id, max),
    remove: (id: number) => inner.remove(id),
    close: () => Promise.resolve(),
  };
  const first = await new ClientRig({ journal: () => shared }).enable();
  first.analytics.record(DEATH);
  await first.step(1);
  const journal = new CrashJournal(shared);
  const second = await new ClientRig({ journal: () => journal }).connect();
  second.analytics.enable(ENDPOINT);
  await settle();
  journal.isLazy = true;
  second.analytics.record(DEATH);
  second.analytics.handlePageHide();
  assertEquals(second.analytics.sessionId, first.analytics.sessionId);
  second.analytics.handlePageHide(true);
  assertEquals(second.fake.calls, []);
  journal.crash();

  const third = await new ClientRig({
    journal: () => shared,
    collector: second.collector,
  }).connect().enable();
  third.analytics.record(AnalyticsEvent.death({ cause: "lava", floor: 9 }));
  await third.flush();
  const causes = third.collector.of("death").map(({ fields }) => fields.cause);
  assertEquals(causes, ["spikes", "lava"]);
  for (const { analytics } of [first, second, third]) await analytics.close(0);
});

/** Puts another value in the place of a property until it is disposed of. */
function replaced(
  object: object,
  name: string,
  value: PropertyDescriptor | undefined,
): Disposable {
  const before = Object.getOwnPropertyDescriptor(object, name);
  if (value === undefined) delete (object as Record<string, unknown>)[name];
  else Object.defineProperty(object, name, { configurable: true, ...value });
  return {
    [Symbol.dispose]: () => {
      if (before !== undefined) Object.defineProperty(object, name, before);
      else delete (object as Record<string, unknown>)[name];
    },
  };
}

Deno.test("Analytics.handlePageHide() asks for a beacon only where fetch does not outlive a page", async () => {
  const beacons: string[] = [];
  using _beacon = replaced(globalThis.navigator, "sendBeacon", {
    value: (url: string, body: string) => {
      beacons.push(url);
      rig.collector.takeText(body);
      return true;
    },
  });
  const rig = await new ClientRig({ apiKey: "k" }).enable();
  rig.analytics.record(DEATH);
  {
    using _old = replaced(Request.prototype, "keepalive", undefined);
    rig.analytics.handlePageHide();
  }
  assertEquals(rig.fake.calls, []);
  assertEquals(beacons, [`${ENDPOINT}/v1/batch?key=k`]);
  assertEquals(rig.collector.count("death"), 1);

  rig.analytics.record(DEATH);
  using _new = replaced(Request.prototype, "keepalive", { value: false });
  rig.analytics.handlePageHide();
  // A beacon would follow the redirection that this may be.
  rig.fake.calls[0]!.fail();
  await rig.step();
  assertEquals(beacons.length, 1);
  await rig.analytics.close(0);
});

/** What the runtime says of an error that nothing caught. */
function uncaught(error: unknown): Event {
  return Object.assign(new Event("error"), { error });
}

Deno.test("Analytics.captureErrors() records what nothing catches, and stores it at once", async () => {
  const rig = await new ClientRig().connect().enable();
  const target = new EventTarget();
  const stop = rig.analytics.captureErrors(target);
  const error = new RangeError("no such floor, ada@example.com");
  target.dispatchEvent(uncaught(error));
  assertEquals(rig.analytics.counters.queued, 0);
  for (let i = 0; i < 6; i++) target.dispatchEvent(uncaught(error));
  target.dispatchEvent(
    Object.assign(new Event("unhandledrejection"), { reason: "just a text" }),
  );
  for (let i = 0; i < 20; i++) {
    target.dispatchEvent(uncaught(new Error(`number ${"x".repeat(i)}`)));
  }
  await rig.step(61);
  await rig.flush();
  const found = rig.collector.of("exception").map(({ fields }) => fields);
  assertEquals(found[0]!.name, "RangeError");
  assertEquals(found[0]!.isFatal, true);
  assert(!(found[0]!.message as string).includes("ada@"));
  const counts = found.filter(({ name }) => name === "RangeError")
    .map(({ count }) => count);
  assertEquals(counts, [1, 6]);
  // Ten are told apart in a minute; the others are one number.
  assertEquals(found.length, 12);
  assertEquals(found.find(({ name }) => name === "other")!.count, 12);

  stop();
  target.dispatchEvent(uncaught(error));
  await rig.flush();
  assertEquals(rig.collector.count("exception"), 12);
  await rig.analytics.close();
});

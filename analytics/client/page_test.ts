import { assert, assertEquals } from "@std/assert";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import { ClientRig, DEATH, ENDPOINT } from "./_testing/client_rig.ts";
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

Deno.test("Analytics.handlePageHide() asks for a beacon where fetch does not do it", async () => {
  const beacons: string[] = [];
  const before = Object.getOwnPropertyDescriptor(
    globalThis.navigator,
    "sendBeacon",
  );
  Object.defineProperty(globalThis.navigator, "sendBeacon", {
    configurable: true,
    value: (url: string, body: string) => {
      beacons.push(url);
      rig.collector.takeText(body);
      return true;
    },
  });
  const rig = await new ClientRig({ apiKey: "k" }).enable();
  try {
    rig.analytics.record(DEATH);
    rig.analytics.handlePageHide();
    rig.fake.calls[0]!.fail();
    await rig.step();
    assertEquals(beacons, [`${ENDPOINT}/v1/batch?key=k`]);
    assertEquals(rig.collector.count("death"), 1);
  } finally {
    if (before === undefined) {
      delete (globalThis.navigator as { sendBeacon?: unknown }).sendBeacon;
    } else {
      Object.defineProperty(globalThis.navigator, "sendBeacon", before);
    }
  }
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

import { assert, assertEquals, assertThrows } from "@std/assert";
import { MemoryJournal } from "../../core/mod.ts";
import { ClientRig, DEATH, ENDPOINT } from "./_testing/client_rig.ts";

/** Answers erasures; what else comes is as it was. */
function erase(rig: ClientRig, answer: () => Response): void {
  rig.fake.onCall = (call) => {
    if (call.init.method === "DELETE") call.answer(answer());
  };
}

function erased(): Response {
  return Response.json({ sessions: 1, events: 3 });
}

Deno.test("Analytics.deleteMyData() forgets everything and has the collector erase it", async () => {
  const journal = new MemoryJournal();
  const rig = await new ClientRig({
    identity: "install",
    apiKey: "game-key",
    journal: () =>
      Object.assign(Object.create(journal), {
        append: (bytes: Uint8Array) => journal.append(bytes),
        read: (id: number, max: number) => journal.read(id, max),
        remove: (id: number) => journal.remove(id),
        close: () => Promise.resolve(),
      }),
  }).connect().enable();
  rig.analytics.record(DEATH);
  await rig.flush();
  rig.analytics.record(DEATH);
  const player = rig.collector.runs[0]!.i;
  erase(rig, erased);
  rig.analytics.deleteMyData();
  assertEquals(rig.analytics.consent, "denied");
  assertEquals(rig.analytics.localLogEntries(), []);
  await rig.until(() => rig.all("dataDeleted").length > 0);
  assertEquals(rig.all("dataDeleted"), [
    { type: "dataDeleted", sessions: 1, events: 3, isComplete: true },
  ]);
  const call = rig.fake.calls.at(-1)!;
  assertEquals(call.url, `${ENDPOINT}/v1/players/${player}`);
  assertEquals(call.headers.get("x-api-key"), "game-key");
  assertEquals(await journal.read(0, 1e9), []);

  // Who agrees again is somebody else.
  rig.connect();
  await rig.enable();
  await rig.flush();
  const last = rig.collector.runs.at(-1)!;
  assert(last.i !== undefined && last.i !== player);
  await rig.analytics.close();
});

Deno.test("Analytics.deleteMyData() erases the sessions that it knows, where installs have no id", async () => {
  const rig = await new ClientRig().connect().enable();
  const ids = [rig.analytics.sessionId];
  rig.analytics.record(DEATH);
  await rig.step(31 * 60);
  rig.analytics.record(DEATH);
  ids.push(rig.analytics.sessionId);
  erase(rig, erased);
  rig.analytics.deleteMyData();
  await rig.until(() => rig.all("dataDeleted").length > 0);
  assertEquals(
    rig.fake.paths.filter((path) => path.includes("/players/")),
    ids.map((id) => `/analytics/v1/players/${id}`),
  );
  assertEquals(rig.all("dataDeleted")[0]!.sessions, 2);
  assertEquals(rig.all("dataDeleted")[0]!.isComplete, true);
  await rig.analytics.close();
});

Deno.test("Analytics.deleteMyData() repeats itself, and tells what is needed where it fails", async () => {
  const rig = await new ClientRig({ identity: "install" }).connect().enable();
  rig.analytics.record(DEATH);
  await rig.flush();
  const player = rig.collector.runs[0]!.i!;
  let attempts = 0;
  rig.fake.onCall = (call) => {
    attempts++;
    call.fail();
  };
  rig.analytics.deleteMyData();
  await rig.until(() => rig.all("deletionFailed").length > 0, 1);
  assertEquals(attempts, 8);
  const [failed] = rig.all("deletionFailed");
  assertEquals(failed!.reason, "unreachable");
  assertEquals(failed!.again, {
    endpoint: `${ENDPOINT}/`,
    ids: [player],
    isComplete: true,
  });

  erase(rig, erased);
  rig.analytics.deleteMyData(JSON.parse(JSON.stringify(failed!.again)));
  await rig.until(() => rig.all("dataDeleted").length > 0);
  assertEquals(rig.all("dataDeleted")[0]!.events, 3);
  assertThrows(
    () =>
      rig.analytics.deleteMyData({
        endpoint: ENDPOINT,
        ids: ["../all"],
        isComplete: true,
      }),
    TypeError,
  );
  await rig.analytics.close();
});

Deno.test("Analytics.close() ends an erasure that goes on, and tells so", async () => {
  const rig = await new ClientRig().enable();
  const id = rig.analytics.sessionId!;
  rig.analytics.deleteMyData();
  await rig.analytics.close(20);
  await rig.step();
  assertEquals(
    rig.all("deletionFailed").map(({ reason, again }) => [
      reason,
      again.ids,
    ]),
    [["closed", [id]]],
  );
});

Deno.test("Analytics.deleteMyData() is heard while the client is being closed", async () => {
  const rig = await new ClientRig({ identity: "install" }).connect().enable();
  await rig.flush();
  const player = rig.collector.runs[0]!.i;
  rig.analytics.record(DEATH);
  erase(rig, erased);
  const closing = rig.analytics.close(60_000);
  rig.analytics.deleteMyData();
  await closing;
  const last = rig.fake.calls.at(-1)!;
  assertEquals(last.init.method, "DELETE");
  assertEquals(last.url, `${ENDPOINT}/v1/players/${player}`);
  assertEquals([...rig.analytics.drainEvents()].at(-1), {
    type: "dataDeleted",
    sessions: 1,
    events: 3,
    isComplete: true,
  });
});

Deno.test("Analytics.deleteMyData() tells that another collector may have data", async () => {
  const rig = await new ClientRig({ identity: "install" }).connect().enable();
  await rig.flush();
  rig.analytics.enable("http://other.test");
  rig.analytics.enable("http://other.test");
  erase(rig, erased);
  rig.analytics.deleteMyData();
  await rig.until(() => rig.all("dataDeleted").length > 0);
  assertEquals(rig.fake.calls.at(-1)!.url.slice(0, 17), "http://other.test");
  assertEquals(rig.all("dataDeleted")[0]!.isComplete, false);
  await rig.analytics.close(0);
});

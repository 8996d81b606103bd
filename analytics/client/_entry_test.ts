import { assertEquals } from "@std/assert";
import { MemoryJournal, SeededRandom } from "../../core/mod.ts";
import { decodeEntry, encodeEntry, type Entry } from "./_entry.ts";
import { ClientRig, DEATH } from "./_testing/client_rig.ts";

const ID = "AAECAwQFBgcICQoLDA0ODw";
const ENTRY: Entry = {
  state: {
    player: ID,
    session: {
      id: ID,
      player: ID,
      build: "1.2.0",
      platform: "linux",
      common: '{"region":"eu"}',
      startMs: 1,
      lastMs: 2,
      lastEventMs: 3,
      nextNumber: 4,
      playTimeMs: 5,
    },
    waiting: [["death", 2]],
    drops: [{ event: "death", reason: "sampled", count: 3 }],
  },
  run: {
    session: ID,
    startMs: 1,
    lastMs: 2,
    count: 1,
    names: [["death", 1]],
    drops: [],
    body: '{"s":"…"',
  },
};

Deno.test("decodeEntry() gives what encodeEntry() took", () => {
  const state = {
    player: undefined,
    session: undefined,
    waiting: [],
    drops: [],
  };
  for (
    const entry of [
      ENTRY,
      { ...ENTRY, run: undefined },
      { state, run: undefined },
    ]
  ) {
    assertEquals(decodeEntry(encodeEntry(entry)), entry);
  }
});

Deno.test("decodeEntry() takes any bytes", () => {
  const bytes = encodeEntry(ENTRY);
  // Only the text of the run has no structure here: the collector reads it.
  const bodyAt = bytes.length -
    new TextEncoder().encode(ENTRY.run!.body).length;
  for (let length = 0; length < bodyAt; length++) {
    assertEquals(decodeEntry(bytes.subarray(0, length)), undefined);
  }
  for (let bit = 0; bit < 8 * bytes.length; bit++) {
    const broken = bytes.slice();
    broken[bit >> 3]! ^= 1 << (bit & 7);
    decodeEntry(broken);
  }
  const random = new SeededRandom(1);
  for (let i = 0; i < 2_000; i++) {
    const noise = new Uint8Array(random.nextU32() % 300);
    random.fill(noise);
    noise[0] = 1 + i % 2;
    decodeEntry(noise);
  }
  const wrong: unknown[] = [
    null,
    [],
    {},
    { state: null },
    { state: { waiting: [], drops: [{ event: "a", reason: "b", count: 0 }] } },
    { state: { waiting: [["a"]], drops: [] } },
    { state: { waiting: [], drops: [], player: "me" } },
    { state: { waiting: [], drops: [], session: { id: ID } } },
  ];
  for (const json of wrong) {
    const head = new TextEncoder().encode(JSON.stringify(json));
    assertEquals(
      decodeEntry(new Uint8Array([1, head.length, 0, 0, 0, ...head])),
      undefined,
    );
  }
});

Deno.test("Analytics passes over what is in a journal and not its own", async () => {
  const journal = new MemoryJournal();
  const random = new SeededRandom(2);
  for (let i = 0; i < 50; i++) {
    const noise = new Uint8Array(random.nextU32() % 300);
    random.fill(noise);
    await journal.append(noise);
  }
  const rig = await new ClientRig({ journal: () => journal }).connect()
    .enable();
  rig.analytics.record(DEATH);
  await rig.flush();
  assertEquals(rig.collector.count("death"), 1);
  await rig.step();
  assertEquals((await journal.read(0, 1e9)).length, 1);
  await rig.analytics.close();
});

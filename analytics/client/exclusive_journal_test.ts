import { assertEquals, assertRejects } from "@std/assert";
import { IDBFactory } from "fake-indexeddb";
import {
  IndexedDbJournal,
  JournalError,
  LocalStorageJournal,
  MemoryJournal,
  type StorageLike,
} from "../../core/mod.ts";
import { ClientRig, DEATH, ENDPOINT, settle } from "./_testing/client_rig.ts";
import { FakeCollector } from "./_testing/fake_collector.ts";
import { exclusiveJournal, type LocksLike } from "./exclusive_journal.ts";

/** The web's locks, in one page. */
class FakeLocks implements LocksLike {
  readonly held = new Set<string>();

  async request(
    name: string,
    _: { readonly ifAvailable: boolean },
    callback: (lock: unknown) => Promise<void> | undefined,
  ): Promise<void> {
    await Promise.resolve();
    if (this.held.has(name)) return await callback(null);
    this.held.add(name);
    try {
      await callback({ name });
    } finally {
      this.held.delete(name);
    }
  }
}

/** The web's `Storage`. */
class FakeStorage implements StorageLike {
  readonly items = new Map<string, string>();

  get length(): number {
    return this.items.size;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

Deno.test("exclusiveJournal() lets one page have the journal at a time", async () => {
  const locks = new FakeLocks();
  const inner = new MemoryJournal();
  const open = exclusiveJournal("analytics", () => inner, locks);
  const journal = await open();
  await journal.append(new Uint8Array([1]));
  const error = await assertRejects(open, JournalError, "another page has it");
  assertEquals(error.code, "locked");
  await journal.close();
  await settle();
  assertEquals(locks.held.size, 0);
  await (await open()).close();
});

Deno.test("exclusiveJournal() gives the lock back where the journal cannot be opened", async () => {
  const locks = new FakeLocks();
  const open = exclusiveJournal("analytics", () => {
    throw new JournalError("storage", "no storage");
  }, locks);
  await assertRejects(open, JournalError, "no storage");
  await settle();
  assertEquals(locks.held.size, 0);
});

Deno.test("Analytics in two pages has two sessions, and each has its events once", async () => {
  const locks = new FakeLocks();
  const indexedDB = new IDBFactory();
  const collector = new FakeCollector();
  const rigs = [1, 2].map((seed) =>
    new ClientRig({
      seed,
      collector,
      identity: "install",
      journal: exclusiveJournal(
        "analytics",
        () => IndexedDbJournal.open("analytics", { indexedDB }),
        locks,
      ),
    }).connect()
  );
  for (const rig of rigs) {
    rig.analytics.enable(ENDPOINT);
    await rig.until(() => rig.analytics.sessionId !== undefined);
    rig.analytics.record(DEATH);
  }
  for (const rig of rigs) await rig.flush();
  assertEquals(rigs.map((rig) => rig.all("journalFailed").length), [0, 1]);
  assertEquals(collector.count("death"), 2);
  assertEquals(new Set(collector.runs.map(({ s }) => s)).size, 2);
  for (const rig of rigs) await rig.analytics.close();
  assertEquals(collector.of("sessionEnd").length, 2);
});

Deno.test("Analytics.disable() empties the journals of pages", async () => {
  const indexedDB = new IDBFactory();
  const storage = new FakeStorage();
  const journals = [
    () => IndexedDbJournal.open("analytics", { indexedDB }),
    () => new LocalStorageJournal(storage, "analytics"),
  ];
  for (const journal of journals) {
    const rig = new ClientRig({ journal });
    rig.analytics.enable(ENDPOINT);
    await rig.until(() => rig.analytics.sessionId !== undefined);
    rig.analytics.record(DEATH);
    await rig.step(1);
    await rig.until(() => rig.analytics.counters.queued === 0);
    rig.analytics.disable();
    await rig.analytics.close();
    await using after = await journal();
    assertEquals(await after.read(0, 1e9), []);
  }
  // All that is left is which id was given last.
  assertEquals([...storage.items.keys()], ["analytics/last"]);
});

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { testJournal } from "./_testing/journal_conformance.ts";
import { JournalError } from "./journal.ts";
import {
  LocalStorageJournal,
  type StorageLike,
} from "./local_storage_journal.ts";

/** The web's `Storage`, with a quota in characters that a test can set. */
class FakeStorage implements StorageLike {
  readonly items = new Map<string, string>();
  quota = Infinity;
  error: Error | undefined;

  get length(): number {
    return this.items.size;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    if (this.error !== undefined) throw this.error;
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    if (this.error !== undefined) throw this.error;
    let used = key.length + value.length;
    for (const [k, v] of this.items) if (k !== key) used += k.length + v.length;
    if (used > this.quota) {
      throw new DOMException("The quota is exceeded", "QuotaExceededError");
    }
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }
}

function subjectIn(storage: StorageLike) {
  return {
    persistent: true,
    open: (limits?: { maxBytes?: number; maxEntries?: number }) =>
      new Promise<LocalStorageJournal>((resolve) =>
        resolve(new LocalStorageJournal(storage, "queue", limits))
      ),
  };
}

testJournal(
  "LocalStorageJournal",
  (run) => run(subjectIn(new FakeStorage())),
);

Deno.test("LocalStorageJournal works in a real Storage", async () => {
  sessionStorage.clear();
  sessionStorage.setItem("other", "kept");
  const journal = new LocalStorageJournal(sessionStorage, "queue");
  const id = await journal.append(new Uint8Array([0, 128, 255]));
  const again = new LocalStorageJournal(sessionStorage, "queue");
  assertEquals(await again.read(0, 10), [
    { id, bytes: new Uint8Array([0, 128, 255]) },
  ]);
  await again.remove(id);
  assertEquals(sessionStorage.getItem("other"), "kept");
  assertEquals(sessionStorage.length, 2);
  sessionStorage.clear();
});

Deno.test("LocalStorageJournal keeps to the keys of its name", async () => {
  const storage = new FakeStorage();
  const one = new LocalStorageJournal(storage, "a");
  const two = new LocalStorageJournal(storage, "ab");
  storage.setItem("a/x", "not ours");
  storage.setItem("a/007", "not ours");
  storage.setItem("a/-1", "not ours");
  await one.append(new Uint8Array([1]));
  await two.append(new Uint8Array([2]));
  await one.remove(Number.MAX_SAFE_INTEGER);
  const again = new LocalStorageJournal(storage, "a");
  assertEquals(await again.read(0, 10), []);
  assertEquals((await two.read(0, 10)).length, 1);
  assertEquals(storage.getItem("a/x"), "not ours");
  assertEquals(storage.getItem("a/007"), "not ours");
});

Deno.test('LocalStorageJournal.append() rejects with "full" at the quota', async () => {
  const storage = new FakeStorage();
  const journal = new LocalStorageJournal(storage, "queue");
  for (let i = 0; i < 9; i++) await journal.append(new Uint8Array(3));
  let used = 0;
  for (const [key, value] of storage.items) used += key.length + value.length;
  const entry = "queue/10".length + 4;
  // First the entry has no room, then it has but the longer note of its id not.
  for (const quota of [used + entry - 1, used + entry]) {
    storage.quota = quota;
    const before = new Map(storage.items);
    const error = await assertRejects(
      () => journal.append(new Uint8Array(3)),
      JournalError,
      "Cannot append to the journal as its storage has no room: The quota is exceeded",
    );
    assertEquals(error.code, "full");
    assertEquals(storage.items, before);
  }
  storage.quota = used + entry + 1;
  assertEquals(await journal.append(new Uint8Array(3)), 10);
  assertEquals((await journal.read(0, 1000)).length, 10);
});

Deno.test('LocalStorageJournal rejects with "storage" when the storage fails', async () => {
  const storage = new FakeStorage();
  const journal = new LocalStorageJournal(storage, "queue");
  storage.error = new DOMException("Denied", "SecurityError");
  const error = await assertRejects(
    () => journal.append(new Uint8Array(1)),
    JournalError,
    "Cannot use the journal as its storage failed: Denied",
  );
  assertEquals(error.code, "storage");
  assertEquals(error.cause, storage.error);
  storage.items.set("queue/1", "AAAA");
  assertThrows(
    () => new LocalStorageJournal(storage, "queue"),
    JournalError,
    "Denied",
  );
});

Deno.test("LocalStorageJournal removes entries that are not base64", async () => {
  const storage = new FakeStorage();
  const journal = new LocalStorageJournal(storage, "queue");
  for (let i = 1; i <= 4; i++) await journal.append(new Uint8Array([i]));
  storage.items.set("queue/2", "§§§");
  storage.items.set("queue/4", "A");
  const again = new LocalStorageJournal(storage, "queue");
  assertEquals((await again.read(0, 100)).map(({ id }) => id), [1, 3]);
  assertEquals(storage.items.has("queue/2"), false);
  assertEquals(await again.append(new Uint8Array([5])), 5);
});

Deno.test("LocalStorageJournal survives a lost or wrong note of the last id", async () => {
  for (const last of [undefined, "", "nonsense", "1e999", "-3", "1"]) {
    const storage = new FakeStorage();
    const journal = new LocalStorageJournal(storage, "queue");
    for (let i = 1; i <= 3; i++) await journal.append(new Uint8Array([i]));
    if (last === undefined) storage.items.delete("queue/last");
    else storage.items.set("queue/last", last);
    const again = new LocalStorageJournal(storage, "queue");
    assertEquals((await again.read(0, 100)).length, 3);
    assertEquals(await again.append(new Uint8Array([4])), 4);
  }
});

Deno.test("LocalStorageJournal.append() ends at the last safe integer", async () => {
  const storage = new FakeStorage();
  storage.items.set("queue/last", String(Number.MAX_SAFE_INTEGER - 1));
  const journal = new LocalStorageJournal(storage, "queue");
  assertEquals(await journal.append(new Uint8Array(1)), 2 ** 53 - 1);
  const error = await assertRejects(
    () => journal.append(new Uint8Array(1)),
    JournalError,
  );
  assertEquals(error.code, "full");
});

Deno.test("LocalStorageJournal gives no id twice when two pages append", async () => {
  const storage = new FakeStorage();
  const one = new LocalStorageJournal(storage, "queue");
  const two = new LocalStorageJournal(storage, "queue");
  const ids: number[] = [];
  for (let i = 0; i < 5; i++) {
    ids.push(await one.append(new Uint8Array([i])));
    ids.push(await two.append(new Uint8Array([i])));
  }
  assertEquals(ids, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const later = new LocalStorageJournal(storage, "queue");
  assertEquals((await later.read(0, 100)).length, 10);
});

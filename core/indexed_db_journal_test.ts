import { assert, assertEquals, assertRejects } from "@std/assert";
import { IDBFactory } from "fake-indexeddb";
import { testJournal } from "./_testing/journal_conformance.ts";
import type { IdbDatabase, IdbOpenRequest } from "./_indexed_db_types.ts";
import { IndexedDbJournal, type IndexedDbLike } from "./indexed_db_journal.ts";
import { JournalError, type JournalLimits } from "./journal.ts";

testJournal("IndexedDbJournal", async (run) => {
  const indexedDB = new IDBFactory();
  let open: IndexedDbJournal | undefined;
  await run({
    persistent: true,
    open: async (limits: JournalLimits = {}) => {
      await open?.close();
      return open = await IndexedDbJournal.open("queue", {
        ...limits,
        indexedDB,
      });
    },
  });
  await open?.close();
});

Deno.test("IndexedDbJournal.open() rejects where there is no IndexedDB", async () => {
  const error = await assertRejects(
    () => IndexedDbJournal.open("queue"),
    JournalError,
    "Cannot open the journal as the runtime has no IndexedDB",
  );
  assertEquals(error.code, "storage");
});

Deno.test("IndexedDbJournal keeps journals of different names apart", async () => {
  const indexedDB = new IDBFactory();
  await using one = await IndexedDbJournal.open("one", { indexedDB });
  await using two = await IndexedDbJournal.open("two", { indexedDB });
  await one.append(new Uint8Array([1]));
  assertEquals(await two.read(0, 100), []);
});

Deno.test("IndexedDbJournal is one journal in two pages", async () => {
  const indexedDB = new IDBFactory();
  const options = { indexedDB, maxEntries: 10 };
  await using one = await IndexedDbJournal.open("queue", options);
  await using two = await IndexedDbJournal.open("queue", options);
  const ids = await Promise.all(
    Array.from(
      { length: 10 },
      (_, i) => (i % 2 === 0 ? one : two).append(new Uint8Array([i])),
    ),
  );
  assertEquals(new Set(ids).size, 10);
  const error = await assertRejects(
    () => one.append(new Uint8Array(1)),
    JournalError,
  );
  assertEquals(error.code, "full");
  await two.remove(ids.toSorted((a, b) => a - b)[8]!);
  assertEquals((await one.read(0, 100)).length, 1);
});

Deno.test("IndexedDbJournal lets another page delete the database", async () => {
  const indexedDB = new IDBFactory();
  const journal = await IndexedDbJournal.open("queue", { indexedDB });
  await journal.append(new Uint8Array([1]));
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const request = indexedDB.deleteDatabase("queue");
  request.onsuccess = () => resolve();
  request.onblocked = () => reject(new Error("blocked"));
  await promise;
  const error = await assertRejects(() => journal.read(0, 1), JournalError);
  assertEquals(error.code, "closed");
  await journal.close();
});

/** A database in which one step fails as a full or broken disk makes it fail. */
function failing(step: "open" | "put" | "commit", name: string): IndexedDbLike {
  const error = new DOMException("No room", name);
  const factory: IndexedDbLike = new IDBFactory();
  function open(...args: [string, number?]): object {
    if (step === "open") throw error;
    const request = factory.open(...args) as IdbOpenRequest & EventTarget;
    request.addEventListener("success", () => failWrites(request.result));
    return request;
  }
  function failWrites(database: IdbDatabase): void {
    const begin = database.transaction.bind(database);
    database.transaction = (...args) => {
      const transaction = begin(...args);
      const objectStore = transaction.objectStore.bind(transaction);
      transaction.objectStore = (name) => {
        const store = objectStore(name);
        store.put = () => {
          if (step === "put") throw error;
          Object.defineProperty(transaction, "error", {
            value: error,
            writable: true,
          });
          const request = store.get(1);
          request.onsuccess = () => transaction.abort();
          return request;
        };
        return store;
      };
      return transaction;
    };
  }
  return { open };
}

Deno.test('IndexedDbJournal.append() rejects with "full" at the quota', async () => {
  for (const when of ["put", "commit"] as const) {
    const indexedDB = failing(when, "QuotaExceededError");
    await using journal = await IndexedDbJournal.open("queue", { indexedDB });
    const error = await assertRejects(
      () => journal.append(new Uint8Array(1)),
      JournalError,
      "Cannot append to the journal as its storage has no room: No room",
    );
    assertEquals(error.code, "full");
    assert(error.cause instanceof DOMException);
    assertEquals(await journal.read(0, 100), []);
  }
});

Deno.test('IndexedDbJournal rejects with "storage" when the storage fails', async () => {
  for (const when of ["put", "commit", "open"] as const) {
    const indexedDB = failing(when, "UnknownError");
    const error = await assertRejects(async () => {
      await using journal = await IndexedDbJournal.open("queue", { indexedDB });
      await journal.append(new Uint8Array(1));
    }, JournalError);
    assertEquals(error.code, "storage");
  }
});

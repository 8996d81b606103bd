import { assert, assertEquals, assertRejects } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { type Undo, type WriteJob, WriteQueue } from "./write_queue.ts";

function openTable(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  db.exec("PRAGMA foreign_keys = ON");
  db.exec("CREATE TABLE t (x INTEGER PRIMARY KEY) STRICT");
  // What refers to nothing fails at the commit.
  db.exec(
    "CREATE TABLE late (x INTEGER REFERENCES t DEFERRABLE INITIALLY DEFERRED)",
  );
  return db;
}

function rowsOf(db: DatabaseSync): unknown[] {
  return db.prepare("SELECT x FROM t ORDER BY x").all().map(({ x }) => x);
}

function write(queue: WriteQueue, run: (undo: Undo) => void): Promise<void> {
  return new Promise((resolve, reject) =>
    queue.push({ run, settle: resolve, fail: reject })
  );
}

Deno.test("WriteQueue commits together what comes in one turn, in order", async () => {
  using db = openTable();
  let batches = 0;
  const queue = new WriteQueue(db, () => batches++, () => {});
  const order: number[] = [];
  await Promise.all(
    Array.from({ length: 3000 }, (_, i) =>
      write(queue, () => {
        db.exec(`INSERT INTO t VALUES (${i})`);
        order.push(i);
      })),
  );
  assertEquals(order, Array.from({ length: 3000 }, (_, i) => i));
  assertEquals(rowsOf(db).length, 3000);
  // At most 1024 at once, and 16 at least, after which the clock is looked at.
  assert(batches >= 3 && batches <= 188, `${batches}`);
});

Deno.test("WriteQueue looks at the clock as often as jobs are heavy", async () => {
  using db = openTable();
  const sizes: number[] = [];
  let size = 0;
  const queue = new WriteQueue(db, () => size = 0, () => sizes.push(size));
  await Promise.all(
    Array.from(
      { length: 6 },
      () =>
        new Promise<void>((resolve, reject) =>
          queue.push({
            weight: 100,
            run: () => {
              size++;
              const endMs = performance.now() + 15;
              while (performance.now() < endMs);
            },
            settle: resolve,
            fail: reject,
          })
        ),
    ),
  );
  // A batch has 20 ms: one is within that, and two are not.
  assert(sizes.every((size) => size <= 2), `${sizes}`);
});

Deno.test("WriteQueue lets a job wait for others, but not where it is urgent, or there is enough to do", async () => {
  using db = openTable();
  let commits = 0;
  const queue = new WriteQueue(db, () => commits++, () => {}, 1_000_000);
  const settled: number[] = [];
  function push(x: number, job: Partial<WriteJob>): Promise<void> {
    return new Promise((resolve, reject) =>
      queue.push({
        ...job,
        run: () => db.exec(`INSERT INTO t VALUES (${x})`),
        settle: () => {
          settled.push(x);
          resolve();
        },
        fail: reject,
      })
    );
  }
  const first = push(1, {});
  const second = push(2, { weight: 200 });
  await push(3, { isUrgent: true });
  assertEquals([settled, commits], [[1, 2, 3], 1]);
  const fourth = push(4, { weight: 200 });
  await push(5, { weight: 100 });
  assertEquals([settled, commits], [[1, 2, 3, 4, 5], 2]);
  await Promise.all([first, second, fourth]);
});

Deno.test("WriteQueue writes a job that nobody joins", async () => {
  using db = openTable();
  const queue = new WriteQueue(db, () => {}, () => {}, 1);
  await write(queue, () => db.exec("INSERT INTO t VALUES (1)"));
  await write(queue, () => db.exec("INSERT INTO t VALUES (2)"));
  assertEquals(rowsOf(db), [1, 2]);
});

Deno.test("WriteQueue undoes what fails, and nothing else", async () => {
  using db = openTable();
  const queue = new WriteQueue(db, () => {}, () => {});
  const memory = new Set<number>();
  const results = await Promise.allSettled(
    [1, 2, 2, 3].map((x) =>
      write(queue, (undo) => {
        memory.add(x * 10 + memory.size);
        const added = [...memory].at(-1)!;
        undo.add(() => memory.delete(added));
        db.exec(`INSERT INTO t VALUES (${x})`);
      })
    ),
  );
  assertEquals(results.map(({ status }) => status), [
    "fulfilled",
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  assertEquals(rowsOf(db), [1, 2, 3]);
  assertEquals([...memory], [10, 21, 32]);
});

Deno.test("WriteQueue rejects all of a commit that fails, and whatever comes later", async () => {
  using db = openTable();
  const queue = new WriteQueue(db, () => {}, () => {});
  const undone: number[] = [];
  const results = await Promise.allSettled(
    [1, 2, 3].map((x) =>
      write(queue, (undo) => {
        undo.add(() => undone.push(x));
        db.exec(`INSERT INTO t VALUES (${x})`);
        if (x === 2) db.exec("INSERT INTO late VALUES (99)");
      })
    ),
  );
  assertEquals(results.map(({ status }) => status), [
    "rejected",
    "rejected",
    "rejected",
  ]);
  assertEquals(undone, [3, 2, 1]);
  assertEquals(db.isTransaction, false);
  assertEquals(rowsOf(db), []);
  let wasRun = false;
  await assertRejects(() =>
    write(queue, () => {
      wasRun = true;
    }), Error);
  assertEquals(wasRun, false);
});

Deno.test("WriteQueue goes on after a commit for which the disk was full", async () => {
  using db = openTable();
  let isFull = true;
  const queue = new WriteQueue(
    // A disk that is full when the log is written, which no real one is to order.
    new Proxy(db, {
      get(_, name) {
        const value = Reflect.get(db, name, db);
        if (name !== "prepare") {
          return typeof value === "function" ? value.bind(db) : value;
        }
        return (sql: string) => {
          const statement = db.prepare(sql);
          if (sql !== "COMMIT") return statement;
          return {
            run() {
              if (!isFull) return statement.run();
              throw Object.assign(new Error("full"), { errcode: 13 });
            },
          };
        };
      },
    }),
    () => {},
    () => {},
  );
  function put(x: number): Promise<void> {
    return write(queue, () => db.exec(`INSERT INTO t VALUES (${x})`));
  }
  const results = await Promise.allSettled([put(1), put(2)]);
  assertEquals(results.map(({ status }) => status), ["rejected", "rejected"]);
  isFull = false;
  await put(3);
  assertEquals(rowsOf(db), [3]);
});

Deno.test("WriteQueue waits for others no longer than some come", async () => {
  using db = openTable();
  let batches = 0;
  const queue = new WriteQueue(db, () => batches++, () => {}, 600_000);
  const written: Promise<void>[] = [];
  for (let i = 0; i < 20; i++) {
    written.push(write(queue, () => db.exec(`INSERT INTO t VALUES (${i})`)));
    await Promise.resolve();
  }
  assertEquals(batches, 0);
  await Promise.all(written);
  assertEquals(batches, 1);
  assertEquals(rowsOf(db).length, 20);
});

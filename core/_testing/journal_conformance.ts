import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Journal, JournalError, type JournalLimits } from "../journal.ts";
import { SeededRandom } from "../random.ts";

/** One journal of an implementation, which a case may open more than once. */
export interface JournalSubject {
  /** Opens the journal; the one opened before is closed. */
  open(limits?: JournalLimits): Promise<Journal>;
  /** Whether the entries are still there after closing and opening again. */
  readonly persistent: boolean;
}

/** One thing that every {@linkcode Journal} does. */
export interface JournalCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /** Throws where the subject does otherwise. */
  run(subject: JournalSubject): Promise<void>;
}

/**
 * Registers a test for each of the cases.
 *
 * @param name The name of the implementation.
 * @param withSubject Calls back with a fresh, empty subject, then cleans up.
 */
export function testJournal(
  name: string,
  withSubject: (
    run: (subject: JournalSubject) => Promise<void>,
  ) => Promise<void>,
): void {
  for (const { name: behaviour, run } of JOURNAL_CASES) {
    Deno.test(`${name}.${behaviour}`, () => withSubject(run));
  }
}

/** What every {@linkcode Journal} does. */
export const JOURNAL_CASES: readonly JournalCase[] = [
  {
    name: "append() gives ascending ids from 1",
    async run(subject) {
      const journal = await subject.open();
      assertEquals(await journal.append(bytesOf(1)), 1);
      let last = 1;
      for (let i = 0; i < 20; i++) {
        const id = await journal.append(bytesOf(i));
        assert(Number.isSafeInteger(id) && id > last);
        last = id;
      }
      await journal.close();
    },
  },
  {
    name: "append() copies the bytes before it returns",
    async run(subject) {
      const journal = await subject.open();
      const buffer = bytesOf(9, 1, 2, 3, 9);
      const appended = journal.append(buffer.subarray(1, 4));
      buffer.fill(0);
      await appended;
      const [entry] = await journal.read(0, 100);
      assertEquals(entry?.bytes, bytesOf(1, 2, 3));
      await journal.close();
    },
  },
  {
    name: "append() takes every byte and no bytes",
    async run(subject) {
      const journal = await subject.open();
      const contents = [
        new Uint8Array(0),
        Uint8Array.from({ length: 256 }, (_, i) => i),
        new Uint8Array(1000),
        new Uint8Array(1000).fill(255),
        bytesOf(0),
      ];
      for (const bytes of contents) await journal.append(bytes);
      assertEquals(await contentsOf(journal), contents);
      if (subject.persistent) {
        assertEquals(await contentsOf(await subject.open()), contents);
      }
      await (await subject.open()).close();
    },
  },
  {
    name: 'append() rejects with "full" at maxBytes',
    async run(subject) {
      const journal = await subject.open({ maxBytes: 10 });
      await assertRejectsWith("full", () => journal.append(new Uint8Array(11)));
      const id = await journal.append(new Uint8Array(6));
      await assertRejectsWith("full", () => journal.append(new Uint8Array(5)));
      await journal.append(new Uint8Array(4));
      await journal.append(new Uint8Array(0));
      await assertRejectsWith("full", () => journal.append(new Uint8Array(1)));
      assertEquals((await journal.read(0, 100)).length, 3);
      await journal.remove(id);
      await journal.append(new Uint8Array(6));
      await journal.close();
    },
  },
  {
    name: "append() has the room that a removal before it makes",
    async run(subject) {
      const journal = await subject.open({ maxBytes: 10 });
      const first = await journal.append(new Uint8Array(5));
      await journal.append(new Uint8Array(5));
      // Neither waits for the other, so that no crash comes between them where they are written at once.
      const removed = journal.remove(first);
      const appended = journal.append(new Uint8Array(5).fill(3));
      await removed;
      const third = await appended;
      await assertRejectsWith("full", () => journal.append(new Uint8Array(1)));
      assertEquals((await journal.read(first, 100)).at(-1)!.id, third);
      await journal.close();
    },
  },
  {
    name: 'append() rejects with "full" at maxEntries',
    async run(subject) {
      const journal = await subject.open({ maxEntries: 3 });
      const id = await journal.append(bytesOf(1));
      await journal.append(bytesOf(2));
      await journal.append(bytesOf(3));
      await assertRejectsWith("full", () => journal.append(bytesOf(4)));
      assertEquals((await journal.read(0, 100)).length, 3);
      await journal.remove(id);
      await journal.append(bytesOf(5));
      await assertRejectsWith("full", () => journal.append(bytesOf(6)));
      await journal.close();
    },
  },
  {
    name: "append() counts what is under way towards the limits",
    async run(subject) {
      const journal = await subject.open({ maxBytes: 10, maxEntries: 3 });
      const sizes = [4, 4, 4, 2, 0];
      const results = await Promise.allSettled(
        sizes.map((size) => journal.append(new Uint8Array(size))),
      );
      assertEquals(
        results.map(({ status }) => status),
        ["fulfilled", "fulfilled", "rejected", "fulfilled", "rejected"],
      );
      await journal.close();
    },
  },
  {
    name: "append() counts what was there before towards the limits",
    async run(subject) {
      if (!subject.persistent) return;
      let journal = await subject.open();
      for (let i = 0; i < 5; i++) await journal.append(new Uint8Array(10));
      journal = await subject.open({ maxBytes: 55 });
      await assertRejectsWith("full", () => journal.append(new Uint8Array(6)));
      journal = await subject.open({ maxEntries: 5 });
      await assertRejectsWith("full", () => journal.append(new Uint8Array(0)));
      // Smaller limits than before never cost an entry.
      journal = await subject.open({ maxBytes: 20, maxEntries: 2 });
      assertEquals((await journal.read(0, 1000)).length, 5);
      await assertRejectsWith("full", () => journal.append(new Uint8Array(0)));
      await journal.close();
    },
  },
  {
    name: "read() returns entries after an id, oldest first",
    async run(subject) {
      const journal = await subject.open();
      const ids: number[] = [];
      for (let i = 0; i < 5; i++) ids.push(await journal.append(bytesOf(i)));
      assertEquals(
        await journal.read(0, 100),
        ids.map((id, i) => ({ id, bytes: bytesOf(i) })),
      );
      assertEquals(
        (await journal.read(ids[2]!, 100)).map(({ id }) => id),
        ids.slice(3),
      );
      assertEquals(await journal.read(ids[4]!, 100), []);
      assertEquals(await journal.read(Number.MAX_SAFE_INTEGER, 100), []);
      await journal.close();
    },
  },
  {
    name: "read() stops at maxBytes but returns at least one entry",
    async run(subject) {
      const journal = await subject.open();
      const ids: number[] = [];
      for (const size of [10, 10, 50, 1, 1]) {
        ids.push(await journal.append(new Uint8Array(size)));
      }
      async function sizes(after: number, maxBytes: number): Promise<number[]> {
        const entries = await journal.read(after, maxBytes);
        return entries.map(({ bytes }) => bytes.length);
      }
      assertEquals(await sizes(0, 20), [10, 10]);
      assertEquals(await sizes(0, 19), [10]);
      assertEquals(await sizes(0, 0), [10]);
      assertEquals(await sizes(ids[1]!, 5), [50]);
      assertEquals(await sizes(ids[1]!, 51), [50, 1]);
      assertEquals(await sizes(0, Infinity), [10, 10, 50, 1, 1]);
      await journal.close();
    },
  },
  {
    name: "read() gives the bytes away",
    async run(subject) {
      const journal = await subject.open();
      await journal.append(bytesOf(1, 2, 3));
      const [entry] = await journal.read(0, 100);
      entry?.bytes.fill(0);
      assertEquals(await contentsOf(journal), [bytesOf(1, 2, 3)]);
      await journal.close();
    },
  },
  {
    name: "remove() removes up to an id, and no more",
    async run(subject) {
      let journal = await subject.open();
      const ids: number[] = [];
      for (let i = 0; i < 5; i++) ids.push(await journal.append(bytesOf(i)));
      await journal.remove(0);
      assertEquals((await journal.read(0, 100)).length, 5);
      await journal.remove(ids[1]!);
      await journal.remove(ids[0]!);
      const left = ids.slice(2).map((id, i) => ({ id, bytes: bytesOf(i + 2) }));
      assertEquals(await journal.read(0, 100), left);
      assertEquals(await journal.read(ids[2]!, 100), left.slice(1));
      if (subject.persistent) {
        journal = await subject.open();
        assertEquals(await journal.read(0, 100), left);
      }
      await journal.close();
    },
  },
  {
    name: "remove() does not touch ids that were not given yet",
    async run(subject) {
      let journal = await subject.open();
      await journal.append(bytesOf(1));
      await journal.remove(Number.MAX_SAFE_INTEGER);
      assertEquals(await journal.read(0, 100), []);
      await journal.append(bytesOf(2));
      assertEquals(await contentsOf(journal), [bytesOf(2)]);
      if (subject.persistent) {
        journal = await subject.open();
        assertEquals(await contentsOf(journal), [bytesOf(2)]);
      }
      await journal.close();
    },
  },
  {
    name: "append() never gives an id twice",
    async run(subject) {
      let journal = await subject.open();
      const ids: number[] = [];
      for (let round = 0; round < 4; round++) {
        ids.push(await journal.append(bytesOf(round)));
        ids.push(await journal.append(bytesOf(round)));
        await journal.remove(ids.at(-1)!);
        if (subject.persistent) journal = await subject.open();
      }
      assertEquals(ids, ids.toSorted((a, b) => a - b));
      assertEquals(new Set(ids).size, ids.length);
      await journal.close();
    },
  },
  {
    name: "append(), remove() and read() take effect in the order of the calls",
    async run(subject) {
      const journal = await subject.open();
      const appended = [1, 2, 3].map((i) => journal.append(bytesOf(i)));
      const before = journal.read(0, 100);
      const removed = journal.remove(Number.MAX_SAFE_INTEGER);
      const between = journal.read(0, 100);
      const last = journal.append(bytesOf(4));
      const after = journal.read(0, 100);
      const ids = await Promise.all(appended);
      await removed;
      assertEquals(
        await before,
        ids.map((id, i) => ({ id, bytes: bytesOf(i + 1) })),
      );
      assertEquals(await between, []);
      assertEquals(await after, [{ id: await last, bytes: bytesOf(4) }]);
      await journal.close();
    },
  },
  {
    name: "close() finishes what is under way",
    async run(subject) {
      let journal = await subject.open();
      let id = 0;
      journal.append(bytesOf(1)).then((given) => id = given);
      await journal.close();
      assertEquals(id, 1);
      if (subject.persistent) {
        journal = await subject.open();
        assertEquals(await journal.read(0, 100), [{ id, bytes: bytesOf(1) }]);
        await journal.close();
      }
    },
  },
  {
    name: 'close() makes every other call reject with "closed"',
    async run(subject) {
      const journal = await subject.open();
      await journal.append(bytesOf(1));
      await journal.close();
      await assertRejectsWith("closed", () => journal.append(bytesOf(1)));
      await assertRejectsWith("closed", () => journal.read(0, 100));
      await assertRejectsWith("closed", () => journal.remove(1));
      await journal.close();
    },
  },
  {
    name: "append(), read() and remove() refuse bad arguments",
    async run(subject) {
      const journal = await subject.open();
      await assertRejects(
        () => journal.append("text" as unknown as Uint8Array),
        TypeError,
        "Cannot append to the journal as bytes must be a Uint8Array: current value is of type string",
      );
      for (const id of [-1, 0.5, NaN, Infinity]) {
        await assertRejects(
          () => journal.read(id, 1),
          RangeError,
          `Cannot read the journal as afterId must be a safe integer >= 0: current value is ${id}`,
        );
        await assertRejects(
          () => journal.remove(id),
          RangeError,
          `Cannot remove from the journal as upToId must be a safe integer >= 0: current value is ${id}`,
        );
      }
      for (const maxBytes of [-1, NaN]) {
        await assertRejects(
          () => journal.read(0, maxBytes),
          RangeError,
          `Cannot read the journal as maxBytes must be >= 0: current value is ${maxBytes}`,
        );
      }
      await journal.append(bytesOf(1));
      await journal.close();
    },
  },
  {
    name: "open() refuses bad limits",
    async run(subject) {
      for (const value of [0, -1, 1.5, NaN, Infinity]) {
        for (const limit of ["maxBytes", "maxEntries"]) {
          await assertRejects(
            () => subject.open({ [limit]: value }),
            RangeError,
            `Cannot create a journal as ${limit} must be an integer >= 1: current value is ${value}`,
          );
        }
      }
    },
  },
  {
    name: "append(), read() and remove() behave like an array over restarts",
    async run(subject) {
      for (let seed = 0; seed < 10; seed++) await runModel(subject, seed);
    },
  },
];

async function runModel(subject: JournalSubject, seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const where = `seed ${seed}`;
  let journal = await subject.open();
  const given = (await journal.read(0, Infinity)).at(-1)?.id ?? 0;
  await journal.remove(given);
  let model: { id: number; bytes: Uint8Array }[] = [];
  let lastId = given;
  for (let step = 0; step < 60; step++) {
    const choice = random.nextU32() % 10;
    if (choice < 6) {
      const bytes = new Uint8Array(random.nextU32() % 700);
      random.fill(bytes);
      const id = await journal.append(bytes);
      assert(id > lastId, where);
      lastId = id;
      model.push({ id, bytes });
    } else if (choice < 7) {
      const upTo = model[random.nextU32() % (model.length + 1)]?.id ?? 0;
      await journal.remove(upTo);
      model = model.filter(({ id }) => id > upTo);
    } else if (choice < 9) {
      const after = model[random.nextU32() % (model.length + 1)]?.id ?? 0;
      const rest = model.filter(({ id }) => id > after);
      const found = await journal.read(after, 1000);
      assertEquals(found, rest.slice(0, found.length), where);
      let bytes = 0;
      for (const entry of found) bytes += entry.bytes.length;
      const next = rest[found.length]?.bytes.length ?? Infinity;
      assert(bytes + next > 1000, where);
      assert(bytes <= 1000 || found.length === 1, where);
    } else if (subject.persistent) {
      journal = await subject.open();
      assertEquals(await journal.read(0, Infinity), model, where);
    }
  }
  assertEquals(await journal.read(0, Infinity), model, where);
  await journal.close();
}

async function contentsOf(journal: Journal): Promise<Uint8Array[]> {
  return (await journal.read(0, Infinity)).map(({ bytes }) => bytes);
}

async function assertRejectsWith(
  code: string,
  call: () => Promise<unknown>,
): Promise<void> {
  const error = await assertRejects(call, JournalError);
  assertEquals(error.code, code);
}

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}

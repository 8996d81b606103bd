import { assert, assertEquals, assertRejects } from "@std/assert";
import { FileJournal } from "./file_journal.ts";
import { testJournal } from "./_testing/journal_conformance.ts";
import { JournalError, type JournalLimits } from "./journal.ts";
import { SeededRandom } from "./random.ts";

async function withFolder(
  run: (path: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await run(`${folder}/queue.journal`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}

async function idsIn(journal: FileJournal): Promise<number[]> {
  return (await journal.read(0, Infinity)).map(({ id }) => id);
}

testJournal("FileJournal", (run) =>
  withFolder(async (path) => {
    let open: FileJournal | undefined;
    await run({
      persistent: true,
      open: async (limits?: JournalLimits) => {
        await open?.close();
        return open = await FileJournal.open(path, limits);
      },
    });
    await open?.close();
  }));

Deno.test("FileJournal.open() lets one writer in at a time", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    const error = await assertRejects(
      () => FileJournal.open(path),
      JournalError,
      `Cannot open the journal as it is open elsewhere: "${path}"`,
    );
    assertEquals(error.code, "locked");
    await journal.append(bytesOf(1));
    await journal.close();
    await using again = await FileJournal.open(path);
    assertEquals(await idsIn(again), [1]);
  }));

Deno.test('FileJournal.open() rejects with "storage" without a folder', () =>
  withFolder(async (path) => {
    const error = await assertRejects(
      () => FileJournal.open(`${path}/missing/queue`),
      JournalError,
      "Cannot use the journal as its storage failed: ",
    );
    assertEquals(error.code, "storage");
    assert(error.cause instanceof Error);
  }));

Deno.test("FileJournal.open() takes a path relative to the working folder", () =>
  withFolder(async (path) => {
    const before = Deno.cwd();
    Deno.chdir(path.slice(0, path.lastIndexOf("/")));
    try {
      const journal = await FileJournal.open("queue.journal");
      await journal.append(bytesOf(1));
      await journal.close();
    } finally {
      Deno.chdir(before);
    }
    await using journal = await FileJournal.open(path);
    assertEquals(await idsIn(journal), [1]);
  }));

Deno.test("FileJournal.open() cuts a torn record off, wherever it tore", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    for (let i = 0; i < 3; i++) {
      await journal.append(new Uint8Array(10).fill(i));
    }
    await journal.close();
    const log = await Deno.readFile(path);
    const two = log.length * 2 / 3;
    for (let length = two; length < log.length; length++) {
      await Deno.writeFile(path, log.subarray(0, length));
      {
        await using journal = await FileJournal.open(path);
        assertEquals(await idsIn(journal), [1, 2], `length ${length}`);
        assertEquals(journal.corruptRecords, 0);
        const { size } = await Deno.stat(path);
        assert(size >= two && size <= length && size <= two + 1);
        // What is appended next is whole in spite of what was before it.
        assert(await journal.append(bytesOf(7)) >= 3);
      }
      await using again = await FileJournal.open(path);
      assertEquals((await again.read(2, 100))[0]?.bytes, bytesOf(7));
    }
  }));

Deno.test("FileJournal.open() skips and counts damaged records", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    for (let i = 1; i <= 5; i++) {
      await journal.append(new Uint8Array(20).fill(i));
    }
    await journal.close();
    const log = await Deno.readFile(path);
    const frame = log.length / 5;
    for (let at = 0; at < log.length; at++) {
      const damaged = log.slice();
      damaged[at]! ^= 0x81;
      await Deno.writeFile(path, damaged);
      await using journal = await FileJournal.open(path);
      const lost = Math.floor(at / frame) + 1;
      const entries = await journal.read(0, Infinity);
      for (const { id, bytes } of entries) {
        assertEquals(bytes, new Uint8Array(20).fill(id), `byte ${at}`);
      }
      const ids = entries.map(({ id }) => id);
      for (let id = 1; id <= 5; id++) {
        assert(id === lost || ids.includes(id), `byte ${at}, id ${id}`);
      }
      // A last record whose closing zero is gone counts as torn.
      const torn = at === log.length - 1 ? 1 : 0;
      assertEquals(journal.corruptRecords + torn + ids.length, 5);
      assert(await journal.append(bytesOf(1)) > 5);
    }
  }));

Deno.test("FileJournal.open() takes any file", () =>
  withFolder(async (path) => {
    const random = new SeededRandom(3);
    for (let i = 0; i < 50; i++) {
      const noise = new Uint8Array(random.nextU32() % 5000);
      random.fill(noise);
      await Deno.writeFile(path, noise);
      await using journal = await FileJournal.open(path);
      assertEquals(await idsIn(journal), []);
      const id = await journal.append(bytesOf(1));
      assertEquals(await idsIn(journal), [id]);
    }
  }));

Deno.test("FileJournal shortens its file when most is removed", () =>
  withFolder(async (path) => {
    let journal = await FileJournal.open(path);
    const random = new SeededRandom(4);
    let model: { id: number; bytes: Uint8Array }[] = [];
    let largest = 0;
    for (let i = 0; i < 2000; i++) {
      const bytes = new Uint8Array(200 + random.nextU32() % 400);
      random.fill(bytes);
      const appended = journal.append(bytes);
      if (i % 10 === 9) {
        model.push({ id: await appended, bytes });
        // Twenty entries of 400 bytes stay: never more than 12,000 bytes.
        const upTo = model.at(-20)?.id ?? 0;
        await journal.remove(upTo);
        model = model.filter(({ id }) => id > upTo);
        largest = Math.max(largest, (await Deno.stat(path)).size);
      } else {
        model.push({ id: await appended, bytes });
      }
    }
    assertEquals(await journal.read(0, Infinity), model);
    // About 800,000 bytes were appended.
    assert(largest < 65_536 + 10 * 700, `${largest} bytes`);
    await journal.close();
    journal = await FileJournal.open(path);
    assertEquals(await journal.read(0, Infinity), model);
    assertEquals(journal.corruptRecords, 0);
    await journal.remove(Number.MAX_SAFE_INTEGER);
    assertEquals(await journal.append(bytesOf(1)), 2001);
    await journal.close();
  }));

Deno.test("FileJournal.close() leaves nothing in the file of what was removed", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    await journal.append(new TextEncoder().encode("who is this"));
    await journal.append(new TextEncoder().encode("this is kept"));
    await journal.remove(1);
    await journal.close();
    const text = await Deno.readTextFile(path);
    assert(!text.includes("who is") && text.includes("is kept"));
    await using again = await FileJournal.open(path);
    assertEquals(await idsIn(again), [2]);
  }));

Deno.test("FileJournal gives no id twice after all entries are compacted away", () =>
  withFolder(async (path) => {
    let journal = await FileJournal.open(path);
    for (let i = 0; i < 10; i++) await journal.append(new Uint8Array(9000));
    await journal.remove(10);
    await journal.close();
    assertEquals((await Deno.stat(path)).size < 100, true);
    journal = await FileJournal.open(path);
    assertEquals(await idsIn(journal), []);
    assertEquals(await journal.append(bytesOf(1)), 11);
    await journal.close();
  }));

Deno.test("FileJournal does not mind a new file that a crash left behind", () =>
  withFolder(async (path) => {
    const junk = new Uint8Array(200_000).fill(7);
    await Deno.writeFile(`${path}.new`, junk);
    let journal = await FileJournal.open(path);
    for (let i = 0; i < 10; i++) await journal.append(new Uint8Array(9000));
    await journal.remove(9);
    await journal.append(bytesOf(1));
    await journal.remove(5);
    await journal.close();
    journal = await FileJournal.open(path);
    assertEquals(await idsIn(journal), [10, 11]);
    assertEquals(journal.corruptRecords, 0);
    assert((await Deno.stat(path)).size < 10_000);
    await journal.close();
  }));

Deno.test("FileJournal.remove() writes nothing where nothing is to remove", () =>
  withFolder(async (path) => {
    await using journal = await FileJournal.open(path);
    for (let i = 0; i < 3; i++) await journal.append(bytesOf(i));
    await journal.remove(2);
    const { size } = await Deno.stat(path);
    for (const id of [0, 1, 2]) await journal.remove(id);
    assertEquals((await Deno.stat(path)).size, size);
  }));

/** Replaces a method of all files while `run` runs. */
async function withStub<K extends "write" | "syncData" | "truncate">(
  method: K,
  stub: Deno.FsFile[K],
  run: () => Promise<void>,
): Promise<void> {
  const original = Deno.FsFile.prototype[method];
  Deno.FsFile.prototype[method] = stub;
  try {
    await run();
  } finally {
    Deno.FsFile.prototype[method] = original;
  }
}

function diskFull(): Error {
  return Object.assign(new Error("No space left on device (os error 28)"), {
    code: "ENOSPC",
  });
}

Deno.test("FileJournal.append() waits for the disk, once for many", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    let syncs = 0;
    const { syncData } = Deno.FsFile.prototype;
    await withStub("syncData", function (this: Deno.FsFile) {
      syncs++;
      return syncData.call(this);
    }, async () => {
      await journal.append(bytesOf(1));
      assertEquals(syncs, 1);
      await Promise.all(
        Array.from({ length: 100 }, (_, i) => journal.append(bytesOf(i))),
      );
      assertEquals(syncs, 2);
      await journal.read(0, 100);
      await journal.remove(1);
      assertEquals(syncs, 2);
      await journal.close();
      assertEquals(syncs, 3);
    });
  }));

Deno.test('FileJournal.append() rejects with "full" when the disk is', () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    await journal.append(bytesOf(1));
    const { write } = Deno.FsFile.prototype;
    // Half of the record gets to the disk before it is full.
    await withStub("write", function (this: Deno.FsFile, bytes) {
      if (bytes.length < 10) return Promise.reject(diskFull());
      return write.call(this, bytes.subarray(0, bytes.length >> 1));
    }, async () => {
      const read = journal.read(0, 100);
      const error = await assertRejects(
        () => journal.append(new Uint8Array(50).fill(1)),
        JournalError,
        "Cannot append to the journal as its storage has no room: No space left on device",
      );
      assertEquals(error.code, "full");
      assertEquals((await read).length, 1);
    });
    // There is room again: nothing of what was refused is left in the way.
    const id = await journal.append(bytesOf(2));
    assertEquals(await idsIn(journal), [1, id]);
    await journal.close();
    await using again = await FileJournal.open(path);
    assertEquals(await idsIn(again), [1, id]);
    assertEquals(again.corruptRecords, 0);
  }));

Deno.test("FileJournal.append() leaves nothing of a batch that was refused", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    await journal.append(bytesOf(1));
    const { write } = Deno.FsFile.prototype;
    let writes = 0;
    await withStub("write", function (this: Deno.FsFile, bytes) {
      return ++writes > 1
        ? Promise.reject(diskFull())
        : write.call(this, bytes.subarray(0, bytes.length - 1));
    }, async () => {
      // The first record is on the disk as a whole when the second fails.
      const results = await Promise.allSettled([
        journal.append(bytesOf(2)),
        journal.append(bytesOf(3)),
      ]);
      assertEquals(results.map((it) => it.status), ["rejected", "rejected"]);
    });
    await journal.close();
    await using again = await FileJournal.open(path);
    assertEquals(await idsIn(again), [1]);
  }));

Deno.test("FileJournal.append() frees the room of what was refused", () =>
  withFolder(async (path) => {
    await using journal = await FileJournal.open(path, { maxBytes: 10 });
    await withStub("write", () => Promise.reject(diskFull()), async () => {
      await assertRejects(() => journal.append(new Uint8Array(10)));
    });
    await journal.append(new Uint8Array(10));
  }));

Deno.test("FileJournal trusts no file whose sync failed", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    await journal.append(bytesOf(1));
    await withStub(
      "syncData",
      () => Promise.reject(new Error("EIO")),
      () =>
        assertRejects(() => journal.append(bytesOf(2)), JournalError).then(
          (error) => assertEquals(error.code, "storage"),
        ),
    );
    for (
      const call of [
        () => journal.append(bytesOf(3)),
        () => journal.read(0, 1),
        () => journal.remove(1),
        () => journal.close(),
      ]
    ) {
      const error = await assertRejects(
        call,
        JournalError,
        "Cannot use the journal as the state of its file is unknown",
      );
      assertEquals(error.code, "storage");
    }
    await using again = await FileJournal.open(path);
    assertEquals((await idsIn(again))[0], 1);
  }));

Deno.test("FileJournal keeps a log that it cannot shorten", () =>
  withFolder(async (path) => {
    const journal = await FileJournal.open(path);
    await Deno.mkdir(`${path}.new`);
    for (let i = 0; i < 10; i++) await journal.append(new Uint8Array(9000));
    await journal.remove(9);
    await journal.append(bytesOf(1));
    assertEquals(await idsIn(journal), [10, 11]);
    assert((await Deno.stat(path)).size > 90_000);
    // Later it can: it tries again when the log has doubled.
    await Deno.remove(`${path}.new`);
    for (let i = 0; i < 11; i++) await journal.append(new Uint8Array(9000));
    await journal.remove(21);
    assertEquals(await idsIn(journal), [22]);
    assert((await Deno.stat(path)).size < 10_000);
    await journal.close();
  }));

Deno.test("FileJournal keeps every promise over a kill", async () => {
  const script = `
    import { FileJournal } from ${
    JSON.stringify(new URL("file_journal.ts", import.meta.url).href)
  };
    const journal = await FileJournal.open(Deno.args[0]);
    const line = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\\n"));
    for (let i = 0; ; i++) {
      const appended = [0, 1, 2].map((j) =>
        journal.append(new Uint8Array(50 + 61 * (i % 20)).fill(i + j)));
      for (const id of await Promise.all(appended)) line("appended " + id);
      if (i % 7 === 6) {
        const upTo = 3 * i - 10;
        line("removing " + upTo);
        await journal.remove(upTo);
      }
    }`;
  await withFolder(async (path) => {
    let lastId = 0;
    for (let round = 0; round < 3; round++) {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["eval", "--no-lock", script, path],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      let output = "";
      for await (
        const chunk of child.stdout.pipeThrough(new TextDecoderStream())
      ) {
        output += chunk;
        if (output.length > 5000 + round * 1500) {
          try {
            child.kill("SIGKILL");
          } catch {
            break; // It is dead already; the rest of its output follows.
          }
        }
      }
      await child.status;
      const lines = output.split("\n").slice(0, -1);
      const removing = lines.findLast((line) => line.startsWith("removing "));
      const removed = Number(removing?.slice(9) ?? 0);
      const appended = lines.filter((line) => line.startsWith("appended "))
        .map((line) => Number(line.slice(9)));
      assert(appended.length > 100);

      await using journal = await FileJournal.open(path);
      const ids = new Set(await idsIn(journal));
      for (const id of appended) {
        assert(id > lastId, `id ${id} was given before`);
        assert(id <= removed || ids.has(id), `id ${id} is lost`);
      }
      lastId = Math.max(lastId, ...ids);
      await journal.remove(lastId);
    }
  });
});

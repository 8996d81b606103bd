import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import { LeaderboardError } from "../../leaderboard_error.ts";
import type {
  ReplayAppendResult,
  ReplayStore,
  ReplayStoreOptions,
  ReplayUpload,
  ReplayUploadRequest,
  StoredReplay,
} from "../replay_store.ts";

/** One store of an implementation, which a case may open more than once. */
export interface ReplayStoreSubject {
  /** Opens the store; the one opened before is closed. */
  open(options?: ReplayStoreOptions): Promise<ReplayStore>;
  /** Whether what was there is still there after closing and opening again. */
  readonly persistent: boolean;
}

/** One thing that every {@linkcode ReplayStore} does. */
export interface ReplayStoreCase {
  /** Symbol, then behaviour. */
  readonly name: string;
  /** Throws where the subject does otherwise. */
  run(subject: ReplayStoreSubject): Promise<void>;
}

/**
 * Registers a test for each of the cases.
 *
 * @param name The name of the implementation.
 * @param withSubject Calls back with a fresh, empty subject, then closes what is open and cleans up.
 * @param ignore Whether it cannot run here.
 */
export function testReplayStore(
  name: string,
  withSubject: (
    run: (subject: ReplayStoreSubject) => Promise<void>,
  ) => Promise<void>,
  ignore = false,
): void {
  for (const { name: behaviour, run } of REPLAY_STORE_CASES) {
    Deno.test({
      name: `${name}.${behaviour}`,
      ignore,
      fn: () => withSubject(run),
    });
  }
}

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 50 : 2;
const DAY_MS = 86_400_000;
const A = "a".repeat(64);
const B = "b".repeat(64);
const C = "c".repeat(64);

/** What every {@linkcode ReplayStore} does. */
export const REPLAY_STORE_CASES: readonly ReplayStoreCase[] = [
  {
    name: "begin() opens an upload that append() and complete() end",
    async run(subject) {
      const store = await subject.open();
      const request = asRequest({ sha256: A, encodedBytes: 5, bytes: 9 });
      const { nowMs: _, ...announced } = request;
      const opened = { ...announced, offset: 0 };
      assertEquals(await store.begin(request), {
        type: "open",
        upload: opened,
        given: 0,
      });
      assertEquals(await store.upload("u1"), opened);
      assertEquals(await store.replay(A), undefined);
      assertEquals(await store.append("u1", 0, bytesOf(1, 2, 3), 77), {
        type: "appended",
        upload: { ...opened, offset: 3, expiresMs: 77 },
      });
      assertEquals(await store.complete("u1", 9), undefined);
      assertEquals(await store.append("u1", 3, bytesOf(4, 5), 78), {
        type: "appended",
        upload: { ...opened, offset: 5, expiresMs: 78 },
      });
      const replay: StoredReplay = {
        sha256: A,
        bytes: 9,
        encoding: "gzip",
        encodedBytes: 5,
        owner: "ada",
        usedMs: 9,
        isLinked: false,
      };
      assertEquals(await store.complete("u1", 9), replay);
      assertEquals(await store.replay(A), replay);
      assertEquals(await store.upload("u1"), undefined);
      assertEquals(await store.complete("u1", 9), undefined);
      assertEquals(await store.read(A, 0, 100), bytesOf(1, 2, 3, 4, 5));
    },
  },
  {
    name: "begin() takes a replay of no bytes",
    async run(subject) {
      const store = await subject.open();
      await store.begin(asRequest({ bytes: 0, encodedBytes: 0 }));
      assertEquals(await store.readUpload("u1", 0, 10), bytesOf());
      assertEquals(
        (await store.append("u1", 0, bytesOf(), 1)).type,
        "appended",
      );
      assertEquals((await store.complete("u1", 1))?.encodedBytes, 0);
      assertEquals(await store.read(A, 0, 10), bytesOf());
      assertEquals(await store.read(A, 1, 10), bytesOf());
    },
  },
  {
    name: "begin() goes on where the same owner's upload of the same was",
    async run(subject) {
      let store = await subject.open();
      await store.begin(asRequest({ encodedBytes: 4 }));
      await store.append("u1", 0, bytesOf(1, 2), 1);
      if (subject.persistent) store = await subject.open();
      const again = await store.begin(
        asRequest({ encodedBytes: 4, id: "u2", expiresMs: 5 }),
      );
      assert(again.type === "open");
      assertEquals(again.upload.id, "u1");
      assertEquals(again.upload.offset, 2);
      assertEquals(again.upload.expiresMs, 5);
      assertEquals(await store.upload("u1"), again.upload);
      assertEquals(await store.upload("u2"), undefined);
    },
  },
  {
    name: "begin() gives up an upload of the same in another form",
    async run(subject) {
      const store = await subject.open();
      const forms = [
        { encodedBytes: 4, bytes: 9 },
        { encodedBytes: 5, bytes: 9 },
        { encodedBytes: 5, bytes: 10 },
        { encodedBytes: 5, bytes: 5, encoding: "identity" as const },
      ];
      for (const [i, form] of forms.entries()) {
        const begun = await store.begin(asRequest({ ...form, id: `u${i}` }));
        assert(begun.type === "open");
        assertEquals(begun.given, i === 0 ? 0 : 1);
        assertEquals(begun.upload.id, `u${i}`);
        assertEquals(begun.upload.offset, 0);
        await store.append(`u${i}`, 0, bytesOf(1), 1);
        assertEquals(await store.upload(`u${i - 1}`), undefined);
      }
    },
  },
  {
    name: "begin() keeps owners apart, and complete() shares what they upload",
    async run(subject) {
      const store = await subject.open({ maxBytes: 6, maxBytesPerOwner: 3 });
      await store.begin(asRequest({ encodedBytes: 3 }));
      await store.begin(asRequest({ encodedBytes: 3, id: "u2", owner: "bob" }));
      await store.append("u1", 0, bytesOf(1, 2, 3), 1);
      await store.append("u2", 0, bytesOf(1, 2, 3), 1);
      const first = await store.complete("u2", 10);
      assertEquals(first?.owner, "bob");
      assertEquals(await store.complete("u1", 20), { ...first!, usedMs: 20 });
      assertEquals(await store.upload("u1"), undefined);
      assertEquals(await store.read(A, 0, 10), bytesOf(1, 2, 3));
      // Ada's bytes are gone: three of six are free, and all of her quota.
      const next = { sha256: B, encodedBytes: 3, id: "u3" };
      assertEquals((await store.begin(asRequest(next))).type, "open");
      assertEquals(
        (await store.begin(asRequest({ ...next, owner: "bob" }))).type,
        "quotaExceeded",
      );
    },
  },
  {
    name: "begin() finds what is complete, and touches it",
    async run(subject) {
      const store = await subject.open();
      await put(store, A, bytesOf(1, 2), { nowMs: 10 });
      const begun = await store.begin(
        asRequest({ id: "u2", owner: "bob", nowMs: 30, encodedBytes: 9 }),
      );
      assertEquals(begun, {
        type: "complete",
        replay: (await store.replay(A))!,
      });
      assertEquals((await store.replay(A))?.usedMs, 30);
      assertEquals(await store.upload("u2"), undefined);
      assertEquals(await store.remove(A, 10), false);
    },
  },
  {
    name: "begin() gives up what stood still for the longest at the bound",
    async run(subject) {
      const store = await subject.open({ maxUploadsPerOwner: 3 });
      for (const [i, sha256] of [A, B, C].entries()) {
        await store.begin(asRequest({ sha256, id: `u${i}` }));
        await store.begin(asRequest({ sha256, id: `b${i}`, owner: "bob" }));
      }
      await store.append("u0", 0, bytesOf(1), DAY_MS);
      await store.begin(asRequest({ sha256: B, id: "again" }));
      const begun = await store.begin(
        asRequest({ sha256: "d".repeat(64), id: "u3" }),
      );
      assert(begun.type === "open");
      assertEquals(begun.given, 1);
      assertEquals(await idsOf(store, ["u0", "u1", "u2", "u3"]), [
        "u0",
        "u1",
        "u3",
      ]);
      assertEquals(await idsOf(store, ["b0", "b1", "b2"]), ["b0", "b1", "b2"]);
    },
  },
  {
    name: 'begin() answers "full" at maxUploads',
    async run(subject) {
      const store = await subject.open({
        maxUploads: 2,
        maxUploadsPerOwner: 1,
      });
      await store.begin(asRequest({}));
      await store.begin(asRequest({ id: "u2", owner: "bob" }));
      const third = asRequest({ id: "u3", owner: "cy" });
      assertEquals(await store.begin(third), { type: "full" });
      // His own one makes room.
      assertEquals(
        (await store.begin(asRequest({ sha256: B, id: "u4", owner: "bob" })))
          .type,
        "open",
      );
      await store.abort("u1");
      assertEquals((await store.begin(third)).type, "open");
    },
  },
  {
    name: "begin() and append() refuse what goes beyond a bound",
    async run(subject) {
      const store = await subject.open({ maxBytes: 10, maxBytesPerOwner: 6 });
      assertEquals(await store.begin(asRequest({ encodedBytes: 11 })), {
        type: "full",
      });
      assertEquals(await store.begin(asRequest({ encodedBytes: 7 })), {
        type: "quotaExceeded",
      });
      // What is announced is no room taken: others may be faster.
      await store.begin(asRequest({ encodedBytes: 6 }));
      await store.begin(asRequest({ sha256: B, encodedBytes: 6, id: "u2" }));
      await store.append("u1", 0, bytesOf(1, 2, 3, 4), 1);
      assertEquals(await store.append("u2", 0, bytesOf(1, 2, 3), 1), {
        type: "quotaExceeded",
      });
      assertEquals((await store.upload("u2"))?.offset, 0);
      await store.append("u2", 0, bytesOf(1, 2), 1);
      const bob = asRequest({ encodedBytes: 5, id: "u3", owner: "bob" });
      assertEquals(await store.begin(bob), { type: "full" });
      await store.begin({ ...bob, encodedBytes: 4 });
      assertEquals(
        (await store.append("u3", 0, bytesOf(1, 2, 3, 4), 1)).type,
        "appended",
      );
      // Nothing more is needed for what is there to end.
      assertEquals(
        (await store.append("u3", 4, bytesOf(), 1)).type,
        "appended",
      );
      const eve = asRequest({ encodedBytes: 1, id: "u4", owner: "eve" });
      assertEquals(await store.begin(eve), { type: "full" });
      await store.abort("u2");
      assertEquals((await store.begin(eve)).type, "open");
    },
  },
  {
    name: "begin() gives nothing up for what it refuses",
    async run(subject) {
      const store = await subject.open({
        maxBytesPerOwner: 6,
        maxUploadsPerOwner: 1,
      });
      await store.begin(asRequest({ encodedBytes: 6 }));
      await store.append("u1", 0, bytesOf(1, 2, 3, 4), 1);
      assertEquals(
        await store.begin(
          asRequest({ sha256: B, id: "u2", encodedBytes: 7 }),
        ),
        { type: "quotaExceeded" },
      );
      assertEquals((await store.upload("u1"))?.offset, 4);
      // What is given up makes room for it.
      const begun = await store.begin(
        asRequest({ sha256: B, id: "u2", encodedBytes: 6 }),
      );
      assertEquals(begun.type === "open" && begun.given, 1);
      assertEquals(await store.upload("u1"), undefined);
    },
  },
  {
    name: "touch() with isLinked takes a replay off its owner's quota",
    async run(subject) {
      let store = await subject.open({ maxBytesPerOwner: 4 });
      await put(store, A, bytesOf(1, 2, 3));
      const next = asRequest({ sha256: B, encodedBytes: 2, id: "u2" });
      assertEquals((await store.begin(next)).type, "quotaExceeded");
      await store.touch(A, 1, true);
      assertEquals((await store.touch(A, 2))?.isLinked, true);
      assertEquals((await store.begin(next)).type, "open");
      await store.abort("u2");
      if (subject.persistent) {
        store = await subject.open({ maxBytesPerOwner: 4 });
      }
      assertEquals((await store.touch(A, 3, false))?.isLinked, false);
      assertEquals((await store.begin(next)).type, "quotaExceeded");
      assertEquals(await store.remove(A, 3), true);
      assertEquals((await store.begin(next)).type, "open");
    },
  },
  {
    name: "append() takes the part that is awaited, and no other",
    async run(subject) {
      const store = await subject.open();
      await store.begin(asRequest({ encodedBytes: 6 }));
      const { upload } = await appended(store, "u1", 0, bytesOf(1, 2, 3));
      for (const offset of [0, 1, 2, 4, 6, 7]) {
        assertEquals(await store.append("u1", offset, bytesOf(9), 99), {
          type: "offsetMismatch",
          upload,
        });
      }
      assertEquals(await store.append("u1", 3, bytesOf(4, 5, 6, 7), 99), {
        type: "tooLong",
        upload,
      });
      assertEquals(await store.append("u2", 0, bytesOf(9), 99), {
        type: "notFound",
      });
      assertEquals(await store.upload("u1"), upload);
      assertEquals(await store.readUpload("u1", 0, 9), bytesOf(1, 2, 3));
    },
  },
  {
    name: "append() takes one of the parts that come at once",
    async run(subject) {
      const store = await subject.open();
      await store.begin(asRequest({ encodedBytes: 100 }));
      for (let offset = 0; offset < 100; offset += 10) {
        const results = await Promise.all(
          [1, 2, 3, 4].map((value) =>
            store.append("u1", offset, new Uint8Array(10).fill(value), 1)
          ),
        );
        assertEquals(
          results.map(({ type }) => type).sort(),
          ["appended", "offsetMismatch", "offsetMismatch", "offsetMismatch"],
        );
        const winner = results.findIndex(({ type }) => type === "appended");
        assertEquals(
          await store.readUpload("u1", offset, 100),
          new Uint8Array(10).fill(winner + 1),
        );
      }
    },
  },
  {
    name: "append() copies the part, and read() gives its bytes away",
    async run(subject) {
      const store = await subject.open();
      await store.begin(asRequest({ encodedBytes: 3 }));
      const buffer = bytesOf(9, 1, 2, 3, 9);
      await store.append("u1", 0, buffer.subarray(1, 4), 1);
      buffer.fill(0);
      (await store.readUpload("u1", 0, 9))?.fill(0);
      await store.complete("u1", 1);
      (await store.read(A, 0, 9))?.fill(0);
      assertEquals(await store.read(A, 0, 9), bytesOf(1, 2, 3));
    },
  },
  {
    name: "read() and readUpload() read any range over any parts",
    async run(subject) {
      const store = await subject.open();
      const bytes = new Uint8Array(300);
      new SeededRandom(1).fill(bytes);
      await store.begin(asRequest({ encodedBytes: bytes.length }));
      let offset = 0;
      for (const size of [1, 99, 100, 7, 0, 93]) {
        await store.append(
          "u1",
          offset,
          bytes.subarray(offset, offset += size),
          1,
        );
      }
      const ranges: [number, number][] = [
        [0, 300],
        [0, 1],
        [0, 2],
        [1, 99],
        [99, 2],
        [100, 100],
        [150, 151],
        [206, 2],
        [299, 1],
        [299, 50],
        [300, 1],
        [400, 1],
      ];
      for (const [from, length] of ranges) {
        assertEquals(
          await store.readUpload("u1", from, length),
          bytes.slice(from, from + length),
        );
      }
      await store.complete("u1", 1);
      assertEquals(await store.readUpload("u1", 0, 1), undefined);
      for (const [from, length] of ranges) {
        assertEquals(
          await store.read(A, from, length),
          bytes.slice(from, from + length),
        );
      }
      assertEquals(await store.read(B, 0, 1), undefined);
    },
  },
  {
    name: "abort() gives an upload up",
    async run(subject) {
      const store = await subject.open({ maxBytes: 3 });
      await store.begin(asRequest({ encodedBytes: 3 }));
      await store.append("u1", 0, bytesOf(1, 2, 3), 1);
      assertEquals(await store.abort("u1"), true);
      assertEquals(await store.abort("u1"), false);
      assertEquals(await store.upload("u1"), undefined);
      assertEquals(
        (await store.append("u1", 3, bytesOf(), 1)).type,
        "notFound",
      );
      assertEquals(await store.complete("u1", 1), undefined);
      assertEquals(await store.readUpload("u1", 0, 1), undefined);
      assertEquals(
        (await store.begin(asRequest({ encodedBytes: 3, id: "u2" }))).type,
        "open",
      );
    },
  },
  {
    name: "removeExpired() gives up what nothing came for",
    async run(subject) {
      const store = await subject.open({ maxBytes: 6 });
      const times = [30, 10, 40, 20];
      for (const [i, expiresMs] of times.entries()) {
        await store.begin(
          asRequest({ sha256: `${i}`.repeat(64), id: `u${i}`, expiresMs }),
        );
        await store.append(`u${i}`, 0, bytesOf(1), expiresMs);
      }
      await store.append("u1", 1, bytesOf(), 35);
      const ids = ["u0", "u1", "u2", "u3"];
      assertEquals(await store.removeExpired(19, 10), 0);
      assertEquals(await store.removeExpired(35, 2), 2);
      assertEquals(await idsOf(store, ids), ["u1", "u2"]);
      assertEquals(await store.removeExpired(35, 2), 1);
      assertEquals(await idsOf(store, ids), ["u2"]);
      assertEquals(
        (await store.begin(asRequest({ sha256: A, encodedBytes: 5 }))).type,
        "open",
      );
    },
  },
  {
    name: "unused() lists the longest unused first",
    async run(subject) {
      const store = await subject.open();
      for (const [i, nowMs] of [30, 10, 40, 20].entries()) {
        await put(store, `${i}`.repeat(64), bytesOf(i), { nowMs });
      }
      async function firsts(beforeMs: number, limit: number): Promise<string> {
        const found = await store.unused(beforeMs, limit);
        return found.map(({ sha256 }) => sha256[0]).join("");
      }
      assertEquals(await firsts(10, 9), "");
      assertEquals(await firsts(11, 9), "1");
      assertEquals(await firsts(100, 9), "1302");
      assertEquals(await firsts(100, 2), "13");
      await store.touch("1".repeat(64), 50);
      assertEquals(await firsts(100, 2), "30");
      assertEquals(
        (await store.unused(100, 9))[0],
        await store.replay("3".repeat(64)),
      );
    },
  },
  {
    name: "remove() removes what was not touched meanwhile",
    async run(subject) {
      const store = await subject.open({ maxBytes: 2 });
      await put(store, A, bytesOf(1, 2), { nowMs: 10 });
      await store.touch(A, 20);
      assertEquals(await store.remove(A, 10), false);
      assertEquals(await store.read(A, 0, 9), bytesOf(1, 2));
      assertEquals(await store.remove(A, 20), true);
      assertEquals(await store.remove(A, 20), false);
      assertEquals(await store.replay(A), undefined);
      assertEquals(await store.read(A, 0, 9), undefined);
      assertEquals(await store.touch(A, 30), undefined);
      assertEquals(await store.unused(100, 9), []);
      await put(store, A, bytesOf(3, 4));
      assertEquals(await store.read(A, 0, 9), bytesOf(3, 4));
    },
  },
  {
    name: "touch() and remove() at once: who touches first keeps it",
    async run(subject) {
      const store = await subject.open();
      for (let round = 0; round < 50; round++) {
        await put(store, A, bytesOf(1), { nowMs: 10, id: `u${round}` });
        const calls = [
          () => store.touch(A, 20).then((replay) => replay !== undefined),
          () => store.remove(A, 10),
        ];
        if (round % 2 === 0) calls.reverse();
        const results = await Promise.all(calls.map((call) => call()));
        if (round % 2 === 0) results.reverse();
        const [isTouched, isRemoved] = results;
        assertEquals(isTouched, !isRemoved);
        assertEquals(await store.replay(A) !== undefined, isTouched);
        await store.remove(A, 20);
      }
    },
  },
  {
    name: "open() finds what was there",
    async run(subject) {
      if (!subject.persistent) return;
      let store = await subject.open({ maxBytes: 6 });
      await put(store, A, bytesOf(1, 2, 3));
      await store.begin(asRequest({ sha256: B, encodedBytes: 3, id: "u2" }));
      const { upload } = await appended(store, "u2", 0, bytesOf(4, 5));
      store = await subject.open({ maxBytes: 6 });
      assertEquals(await store.upload("u2"), upload);
      assertEquals(await store.read(A, 0, 9), bytesOf(1, 2, 3));
      assertEquals(
        await store.begin(asRequest({ sha256: C, encodedBytes: 2, id: "u3" })),
        { type: "full" },
      );
      await store.append("u2", 2, bytesOf(6), 1);
      await store.complete("u2", 1);
      assertEquals(await store.read(B, 0, 9), bytesOf(4, 5, 6));
    },
  },
  {
    name: "close() makes every other call reject",
    async run(subject) {
      const store = await subject.open();
      await store.begin(asRequest({}));
      await store.close();
      await store.close();
      const calls: (() => Promise<unknown>)[] = [
        () => store.begin(asRequest({})),
        () => store.upload("u1"),
        () => store.append("u1", 0, bytesOf(), 1),
        () => store.readUpload("u1", 0, 1),
        () => store.complete("u1", 1),
        () => store.abort("u1"),
        () => store.removeExpired(1, 1),
        () => store.replay(A),
        () => store.read(A, 0, 1),
        () => store.touch(A, 1),
        () => store.unused(1, 1),
        () => store.remove(A, 1),
      ];
      for (const call of calls) {
        const error = await assertRejects(call, LeaderboardError);
        assertEquals(error.code, "closed");
      }
    },
  },
  {
    name: "open() refuses bad bounds",
    async run(subject) {
      const bounds = [
        "maxBytes",
        "maxBytesPerOwner",
        "maxUploads",
        "maxUploadsPerOwner",
      ];
      for (const bound of bounds) {
        for (const value of [0, -1, 1.5, NaN, Infinity]) {
          await assertRejects(
            () => subject.open({ [bound]: value }),
            RangeError,
            `Cannot use ${bound} as it must be an integer from 1 to`,
          );
        }
      }
    },
  },
  {
    name: "every call behaves like a naive model",
    async run(subject) {
      for (let seed = 1; seed <= SEEDS; seed++) await runModel(subject, seed);
    },
  },
];

/** What the model knows, in the order in which something was done with it. */
interface Model {
  readonly limits: Required<ReplayStoreOptions>;
  uploads: { info: ReplayUpload; bytes: number[] }[];
  replays: { info: StoredReplay; bytes: number[] }[];
}

async function runModel(
  subject: ReplayStoreSubject,
  seed: number,
): Promise<void> {
  const random = new SeededRandom(seed);
  function below(limit: number): number {
    return random.nextU32() % limit;
  }
  const limits = {
    maxBytes: 60,
    maxBytesPerOwner: 25,
    maxUploads: 7,
    maxUploadsPerOwner: 3,
  };
  const model: Model = { limits, uploads: [], replays: [] };
  let store = await subject.open(limits);
  // The subject may have been used by the seed before.
  for (const { sha256, usedMs } of await store.unused(1e9, 1000)) {
    await store.remove(sha256, usedMs);
  }
  await store.removeExpired(1e9, 1000);
  const names = Array.from({ length: 8 }, (_, i) => `${i}`.repeat(64));
  for (let step = 0; step < 400; step++) {
    const where = `seed ${seed}, step ${step}`;
    const nowMs = 1000 + step;
    const sha256 = names[below(names.length)]!;
    const known = model.uploads[below(model.uploads.length + 1)];
    const id = known?.info.id ?? "nobody's";
    const choice = below(20);
    if (choice < 5) {
      const encodedBytes = below(9);
      const request = asRequest({
        sha256,
        encodedBytes,
        id: `s${seed}u${step}`,
        owner: ["ada", "bob", "cy"][below(3)]!,
        nowMs,
        expiresMs: nowMs + below(60),
      });
      const expected = modelBegin(model, request);
      assertEquals(await store.begin(request), expected, where);
    } else if (choice < 12) {
      const offset = below(6) === 0 ? below(9) : known?.info.offset ?? 0;
      const bytes = new Uint8Array(below(6));
      random.fill(bytes);
      const expected = modelAppend(model, id, offset, bytes, nowMs + 50);
      assertEquals(
        await store.append(id, offset, bytes, nowMs + 50),
        expected,
        where,
      );
    } else if (choice < 15) {
      assertEquals(
        await store.complete(id, nowMs),
        modelComplete(model, id, nowMs),
        where,
      );
    } else if (choice === 15) {
      const before = model.uploads.length;
      model.uploads = model.uploads.filter(({ info }) => info.id !== id);
      const isThere = model.uploads.length < before;
      assertEquals(await store.abort(id), isThere, where);
    } else if (choice === 16) {
      const isLinked = [true, false, undefined][below(3)];
      const replay = modelTouch(model, sha256, nowMs, isLinked);
      assertEquals(await store.touch(sha256, nowMs, isLinked), replay, where);
    } else if (choice === 17) {
      const oldest = model.replays.map(({ info }) => info)
        .filter(({ usedMs }) => usedMs < nowMs - 40)
        .sort((a, b) => a.usedMs - b.usedMs);
      assertEquals(await store.unused(nowMs - 40, 9), oldest, where);
      for (const { sha256, usedMs } of oldest) {
        assertEquals(await store.remove(sha256, usedMs), true, where);
      }
      model.replays = model.replays.filter(({ info }) =>
        !oldest.includes(info)
      );
    } else if (choice === 18) {
      const expired = model.uploads.filter(({ info }) =>
        info.expiresMs <= nowMs
      );
      model.uploads = model.uploads.filter((held) => !expired.includes(held));
      assertEquals(
        await store.removeExpired(nowMs, 1000),
        expired.length,
        where,
      );
    } else if (subject.persistent) {
      store = await subject.open(limits);
    }
    for (const { info, bytes } of model.uploads) {
      assertEquals(await store.upload(info.id), info, where);
      assertEquals(
        await store.readUpload(info.id, 0, 99),
        new Uint8Array(bytes),
        where,
      );
    }
    for (const name of names) {
      const held = model.replays.find(({ info }) => info.sha256 === name);
      assertEquals(await store.replay(name), held?.info, where);
      assertEquals(
        await store.read(name, 1, 99),
        held && new Uint8Array(held.bytes.slice(1)),
        where,
      );
    }
  }
}

function modelBegin(
  model: Model,
  { nowMs, ...announced }: ReplayUploadRequest,
): Awaited<ReturnType<ReplayStore["begin"]>> {
  const replay = modelTouch(model, announced.sha256, nowMs, undefined);
  if (replay !== undefined) return { type: "complete", replay };
  const own = model.uploads.filter(({ info }) =>
    info.owner === announced.owner
  );
  const same = own.find(({ info }) => info.sha256 === announced.sha256);
  if (
    same !== undefined && same.info.bytes === announced.bytes &&
    same.info.encodedBytes === announced.encodedBytes
  ) {
    same.info = { ...same.info, expiresMs: announced.expiresMs };
    model.uploads = model.uploads.filter((held) => held !== same);
    model.uploads.push(same);
    return { type: "open", upload: same.info, given: 0 };
  }
  const given = new Set(same === undefined ? [] : [same]);
  for (const held of own) {
    if (own.length - given.size < model.limits.maxUploadsPerOwner) break;
    given.add(held);
  }
  const left: Model = {
    ...model,
    uploads: model.uploads.filter((held) => !given.has(held)),
  };
  if (left.uploads.length >= model.limits.maxUploads) return { type: "full" };
  const refusal = modelRefusal(left, announced.owner, announced.encodedBytes);
  // Where less is needed than is given up, nothing is refused.
  let gained = 0;
  for (const { bytes } of given) gained += bytes.length;
  if (announced.encodedBytes > gained && refusal !== undefined) return refusal;
  const info = { ...announced, offset: 0 };
  model.uploads = [...left.uploads, { info, bytes: [] }];
  return { type: "open", upload: info, given: given.size };
}

function modelAppend(
  model: Model,
  id: string,
  offset: number,
  bytes: Uint8Array,
  expiresMs: number,
): ReplayAppendResult {
  const held = model.uploads.find(({ info }) => info.id === id);
  if (held === undefined) return { type: "notFound" };
  const upload = held.info;
  if (offset !== held.bytes.length) return { type: "offsetMismatch", upload };
  if (offset + bytes.length > upload.encodedBytes) {
    return { type: "tooLong", upload };
  }
  const refusal = modelRefusal(model, upload.owner, bytes.length);
  if (bytes.length > 0 && refusal !== undefined) return refusal;
  held.bytes.push(...bytes);
  held.info = { ...upload, offset: held.bytes.length, expiresMs };
  model.uploads = model.uploads.filter((other) => other !== held);
  model.uploads.push(held);
  return { type: "appended", upload: held.info };
}

function modelRefusal(
  model: Model,
  owner: string,
  bytes: number,
): { type: "full" | "quotaExceeded" } | undefined {
  let all = bytes;
  let own = bytes;
  for (const { info, bytes } of [...model.uploads, ...model.replays]) {
    all += bytes.length;
    const counts = !("isLinked" in info && info.isLinked);
    if (info.owner === owner && counts) own += bytes.length;
  }
  if (all > model.limits.maxBytes) return { type: "full" };
  return own > model.limits.maxBytesPerOwner
    ? { type: "quotaExceeded" }
    : undefined;
}

function modelComplete(
  model: Model,
  id: string,
  nowMs: number,
): StoredReplay | undefined {
  const held = model.uploads.find(({ info }) => info.id === id);
  if (held === undefined) return undefined;
  const { sha256, bytes, encoding, encodedBytes, owner } = held.info;
  if (held.bytes.length < encodedBytes) return undefined;
  model.uploads = model.uploads.filter((other) => other !== held);
  const there = modelTouch(model, sha256, nowMs, undefined);
  if (there !== undefined) return there;
  const info = {
    sha256,
    bytes,
    encoding,
    encodedBytes,
    owner,
    usedMs: nowMs,
    isLinked: false,
  };
  model.replays.push({ info, bytes: held.bytes });
  return info;
}

function modelTouch(
  model: Model,
  sha256: string,
  usedMs: number,
  isLinked: boolean | undefined,
): StoredReplay | undefined {
  const held = model.replays.find(({ info }) => info.sha256 === sha256);
  if (held === undefined) return undefined;
  held.info = {
    ...held.info,
    usedMs,
    isLinked: isLinked ?? held.info.isLinked,
  };
  return held.info;
}

function asRequest(
  request: Partial<ReplayUploadRequest>,
): ReplayUploadRequest {
  return {
    sha256: A,
    bytes: 9,
    encoding: "gzip",
    encodedBytes: 3,
    id: "u1",
    owner: "ada",
    nowMs: 0,
    expiresMs: DAY_MS,
    ...request,
  };
}

async function put(
  store: ReplayStore,
  sha256: string,
  bytes: Uint8Array,
  request: Partial<ReplayUploadRequest> = {},
): Promise<void> {
  const { id = `put ${sha256}`, nowMs = 0 } = request;
  const encodedBytes = bytes.length;
  const begun = await store.begin(
    asRequest({ ...request, sha256, encodedBytes, id }),
  );
  assertEquals(begun.type, "open");
  await appended(store, id, 0, bytes);
  assert(await store.complete(id, nowMs) !== undefined);
}

async function appended(
  store: ReplayStore,
  id: string,
  offset: number,
  bytes: Uint8Array,
): Promise<{ upload: ReplayUpload }> {
  const result = await store.append(id, offset, bytes, DAY_MS);
  assert(result.type === "appended", `current type is ${result.type}`);
  return result;
}

async function idsOf(
  store: ReplayStore,
  ids: readonly string[],
): Promise<string[]> {
  const found = await Promise.all(ids.map((id) => store.upload(id)));
  return found.flatMap((upload) => upload === undefined ? [] : [upload.id]);
}

function bytesOf(...bytes: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

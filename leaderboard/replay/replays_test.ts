import { assert, assertEquals, assertRejects } from "@std/assert";
import { playerId } from "../../core/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import type { RankedEntry, RankingPosition } from "../store/store.ts";
import {
  assertBytes,
  gzip,
  randomBytes,
  recordedBytes,
} from "./_testing/replay_bytes.ts";
import { ReplayServer } from "./_testing/replay_server.ts";
import { REPLAY_STORES } from "./_testing/replay_stores.ts";
import { MemoryReplayStore } from "./memory_replay_store.ts";
import type { ReplayStore, ReplayStoreOptions } from "./replay_store.ts";
import { sha256 } from "./sha256.ts";

const DAY_SECONDS = 86_400;
const MIB = 2 ** 20;

/** Registers a test for each store. */
function test(
  name: string,
  run: (
    make: (options?: ReplayStoreOptions) => ReplayStore,
  ) => Promise<void>,
): void {
  for (const [store, make] of REPLAY_STORES) {
    Deno.test(`${name} (${store})`, async () => {
      const made: ReplayStore[] = [];
      await run((options) => {
        const store = make(options);
        made.push(store);
        return store;
      });
      for (const store of made) await store.close();
    });
  }
}

test("Replays take a replay in parts and give it back, of any size", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const lengths = [0, 1, 4_095, 262_143, 262_144, 262_145, 3 * MIB];
  for (const length of lengths) {
    for (const bytes of [randomBytes(length), recordedBytes(length)]) {
      const upload = await describe(bytes);
      assertEquals(await uploadAll(server, upload), { isComplete: true });
      const answer = await server.ask("GET", `replays/${upload.sha256}`);
      assertEquals(answer.status, 200);
      assertEquals(answer.headers.get("etag"), `"${upload.sha256}"`);
      assertEquals(
        answer.headers.get("cache-control"),
        "public, max-age=31536000, immutable",
      );
      const encoding = answer.headers.get("content-encoding");
      assertEquals(encoding ?? "identity", upload.encoding);
      assertEquals(
        answer.headers.get("content-length"),
        `${upload.encoded.length}`,
      );
      assertBytes(await bytesOf(answer), upload.encoded);
      const again = await begin(server, upload);
      assertEquals(again, {
        status: 200,
        body: { replay: upload.sha256, isComplete: true },
      });
    }
  }
  assertEquals(server.errors, []);
});

test("Replays go on where an upload was", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(randomBytes(300_000));
  const { body } = await begin(server, upload);
  const id = body.upload as string;
  await patch(server, id, 0, upload.encoded.slice(0, 100_000));
  assertEquals((await begin(server, upload)).body.upload, id);
  assertEquals((await begin(server, upload)).body.offset, 100_000);
  const status = await server.ask("GET", `uploads/${id}`);
  assertEquals(await status.json(), {
    offset: 100_000,
    isComplete: false,
    replay: upload.sha256,
  });
  const wrong = await patch(server, id, 0, upload.encoded.slice(0, 100_000));
  assertEquals(wrong.status, 409);
  assertEquals(wrong.body.code, "offsetMismatch");
  assertEquals(wrong.body.offset, 100_000);
  const rest = await patch(server, id, 100_000, upload.encoded.slice(100_000));
  assertEquals(rest, {
    status: 200,
    body: { offset: 300_000, isComplete: true, replay: upload.sha256 },
  });
  assertEquals((await server.ask("GET", `uploads/${id}`)).status, 404);
});

test("Replays verify once more what was not verified before a restart", async (make) => {
  const store = make();
  const upload = await describe(randomBytes(10_000));
  const { body } = await begin(new ReplayServer({ replays: store }), upload);
  const id = body.upload as string;
  // The server dies between the last part and its verification.
  await store.append(id, 0, upload.encoded, 2e12);
  const server = new ReplayServer({ replays: store });
  assertEquals((await begin(server, upload)).body.offset, 10_000);
  assertEquals((await patch(server, id, 10_000, new Uint8Array(0))).body, {
    offset: 10_000,
    isComplete: true,
    replay: upload.sha256,
  });
});

test("Replays refuse what is not what its hash and length say", async (make) => {
  const bytes = recordedBytes(20_000);
  const right = await describe(bytes);
  const other = await gzip(recordedBytes(20_000, 2));
  const wrongs: Partial<Upload>[] = [
    { sha256: "0".repeat(64) },
    { bytes: 19_999 },
    { bytes: 20_001 },
    { encoded: other },
    { encoded: right.encoded.slice(0, -1) },
    { encoded: new Uint8Array([...right.encoded, 0]) },
    { encoded: new Uint8Array([...right.encoded, ...right.encoded]) },
    { encoded: randomBytes(right.encoded.length) },
    { encoded: new Uint8Array(0) },
    { encoded: await gzip(new Uint8Array(8 * MIB)) },
    { encoding: "identity", encoded: randomBytes(20_000) },
  ];
  for (const [i, wrong] of wrongs.entries()) {
    const server = new ReplayServer({ replays: make() });
    const upload = { ...right, ...wrong };
    const { body } = await begin(server, upload);
    const id = body.upload as string;
    const answer = await patch(server, id, 0, upload.encoded);
    assertEquals(answer.status, 422, `wrong ${i}`);
    assertEquals(answer.body.code, "replayInvalid");
    assertEquals((await server.ask("GET", `uploads/${id}`)).status, 404);
    const { status } = await server.ask("GET", `replays/${upload.sha256}`);
    assertEquals(status, 404);
    // Nothing is left of it: the right one finds no offset.
    assertEquals(await uploadAll(server, right), { isComplete: true });
  }
});

test("Replays refuse or verify every flipped bit and every truncation", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const right = await describe(recordedBytes(60));
  const variants: Uint8Array<ArrayBuffer>[] = [];
  for (let bit = 0; bit < right.encoded.length * 8; bit++) {
    const broken = right.encoded.slice();
    broken[bit >> 3]! ^= 1 << (bit & 7);
    variants.push(broken);
  }
  for (let length = 0; length < right.encoded.length; length++) {
    variants.push(right.encoded.slice(0, length));
  }
  let accepted = 0;
  for (const encoded of variants) {
    const { body } = await begin(server, { ...right, encoded });
    const { status } = await patch(server, body.upload as string, 0, encoded);
    if (status === 422) continue;
    assertEquals(status, 200);
    accepted++;
    // It is the same when it is decompressed, then.
    const replay = await server.replays.use(right.sha256);
    assertEquals(
      await server.replays.toVerify(replay!).read(),
      recordedBytes(60),
    );
    server.clock.advance(2 * DAY_SECONDS * 1_000);
    server.replays.tick(DAY_SECONDS);
    await server.replays.settled();
  }
  // The ten bytes of the header have a time, a system and hints.
  assert(accepted > 0 && accepted <= 64, `${accepted}`);
});

test("Replays share what several upload at once", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(randomBytes(600_000));
  const results = await Promise.all(
    ["ada", "bob", "cy", "ada"].map((player) =>
      uploadAll(server, upload, player)
    ),
  );
  for (const result of results) assertEquals(result, { isComplete: true });
  const answer = await server.ask("GET", `replays/${upload.sha256}`);
  assertBytes(await bytesOf(answer), upload.encoded);
  assertEquals(server.errors, []);
});

test("Replays keep an upload to its owner", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(randomBytes(10_000));
  const { body } = await begin(server, upload);
  const path = `uploads/${body.upload}`;
  for (const method of ["GET", "DELETE"]) {
    const answer = await server.ask(method, path, { player: "bob" });
    assertEquals(answer.status, 404);
    assertEquals((await answer.json()).code, "uploadNotFound");
  }
  const id = body.upload as string;
  const part = upload.encoded;
  assertEquals((await patch(server, id, 0, part, "bob")).status, 404);
  assertEquals((await patch(server, id, 0, part, "")).status, 401);
  assertEquals((await begin(server, upload, "")).status, 401);
  assertEquals((await server.ask("DELETE", path)).status, 204);
  assertEquals((await server.ask("DELETE", path)).status, 404);
  // A game server needs to be no player.
  const asServer = { player: "", role: "server" } as const;
  const made = await server.ask("POST", "replays", {
    ...asServer,
    body: JSON.stringify(described(upload)),
  });
  assertEquals(made.status, 201);
  const { upload: own } = await made.json();
  assertEquals((await server.ask("GET", `uploads/${own}`)).status, 404);
  const answer = await server.ask("GET", `uploads/${own}`, asServer);
  assertEquals((await answer.json()).offset, 0);
});

test("Replays refuse what is not described rightly", async (make) => {
  const server = new ReplayServer({ replays: make(), maxReplayBytes: 1_000 });
  const right = described(await describe(randomBytes(1_000)));
  assertEquals(right.encoding, "identity");
  const wrongs: [Record<string, unknown>, number, string, string][] = [
    [{ sha256: undefined }, 400, "invalidRequest", "sha256"],
    [{ sha256: "A".repeat(64) }, 400, "invalidRequest", "sha256"],
    [{ sha256: 7 }, 400, "invalidRequest", "sha256"],
    [{ bytes: -1 }, 400, "invalidRequest", "bytes"],
    [{ bytes: 1.5 }, 400, "invalidRequest", "bytes"],
    [{ bytes: "1000" }, 400, "invalidRequest", "bytes"],
    [{ bytes: 1_001 }, 413, "replayTooLarge", "bytes"],
    [{ encodedBytes: 1_001 }, 413, "replayTooLarge", "encodedBytes"],
    [{ encodedBytes: 999 }, 400, "invalidRequest", "encodedBytes"],
    [{ encoding: "br" }, 400, "invalidRequest", "encoding"],
    [{ encoding: undefined }, 400, "invalidRequest", "encoding"],
  ];
  for (const [wrong, status, code, field] of wrongs) {
    const answer = await server.ask("POST", "replays", {
      body: JSON.stringify({ ...right, ...wrong }),
    });
    const { message: _, ...error } = await answer.json();
    assertEquals([answer.status, error], [status, { code, field }]);
  }
});

test("Replays refuse a part that is no part", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(randomBytes(3 * MIB));
  const { body } = await begin(server, upload);
  const path = `uploads/${body.upload}`;
  const type = { "content-type": "application/octet-stream" };
  async function refused(
    headers: Record<string, string>,
    part: Uint8Array<ArrayBuffer>,
  ): Promise<string> {
    const answer = await server.ask("PATCH", path, { headers, body: part });
    return `${answer.status} ${(await answer.json()).code}`;
  }
  const part = upload.encoded.slice(0, 10_000);
  for (const offset of ["-1", "0x0", "", "1e3", "9".repeat(16)]) {
    assertEquals(
      await refused({ ...type, "upload-offset": offset }, part),
      "400 invalidRequest",
    );
  }
  assertEquals(await refused(type, part), "400 invalidRequest");
  assertEquals(
    await refused({ "upload-offset": "0", "content-type": "text/plain" }, part),
    "415 unsupportedMediaType",
  );
  const at0 = { ...type, "upload-offset": "0" };
  assertEquals(await refused(at0, part.slice(0, 4_095)), "400 invalidRequest");
  assertEquals(await refused(at0, part.slice(0, 0)), "400 invalidRequest");
  const long = upload.encoded.slice(0, MIB + 1);
  assertEquals(await refused(at0, long), "413 bodyTooLarge");
  // Without a length in the header too.
  const stream = new Blob([long]).stream();
  const answer = await server.ask("PATCH", path, {
    headers: at0,
    body: stream,
  });
  assertEquals(answer.status, 413);
  await answer.body?.cancel();
  for (const offset of [0, MIB, 2 * MIB]) {
    const part = upload.encoded.slice(offset, offset + MIB);
    if (offset === 2 * MIB) {
      const tooLong = new Uint8Array([...part.slice(0, MIB - 1), 1, 2]);
      const headers = { ...type, "upload-offset": `${offset}` };
      assertEquals(
        await refused(headers, tooLong),
        "413 bodyTooLarge",
      );
    }
    assertEquals(
      (await patch(server, body.upload as string, offset, part)).status,
      200,
    );
  }
});

test("Replays refuse what the announced length has no room for", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(randomBytes(10_000));
  const { body } = await begin(server, upload);
  const id = body.upload as string;
  const long = new Uint8Array(10_001);
  const answer = await patch(server, id, 0, long);
  assertEquals(answer.status, 413);
  assertEquals((await patch(server, id, 0, upload.encoded)).status, 200);
});

test("Replays refuse what is beyond a bound of the store", async (make) => {
  const server = new ReplayServer({
    replays: make({ maxBytes: 25_000, maxBytesPerOwner: 15_000 }),
  });
  const uploads = await Promise.all(
    [1, 2, 3].map((seed) => describe(randomBytes(10_000, seed))),
  );
  assertEquals(await uploadAll(server, uploads[0]!), { isComplete: true });
  const second = await begin(server, uploads[1]!);
  assertEquals([second.status, second.body.code], [422, "quotaExceeded"]);
  await server.replays.linked(uploads[0]!.sha256);
  assertEquals(await uploadAll(server, uploads[1]!), { isComplete: true });
  const third = await begin(server, uploads[2]!, "bob");
  assertEquals([third.status, third.body.code], [422, "quotaExceeded"]);
  assert((third.body.message as string).includes("server has no room"));
});

test("Replays answer conditional and range requests", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(randomBytes(600_000));
  assertEquals(await uploadAll(server, upload), { isComplete: true });
  const path = `replays/${upload.sha256}`;
  const tag = `"${upload.sha256}"`;
  for (const value of [tag, `W/${tag}`, "*", `"x", ${tag}`]) {
    const headers = { "if-none-match": value };
    const answer = await server.ask("GET", path, { headers });
    assertEquals(answer.status, 304, value);
    assertEquals(answer.headers.get("etag"), tag);
    assertEquals(answer.body, null);
  }
  const other = await server.ask("GET", path, {
    headers: { "if-none-match": '"x"' },
  });
  assertBytes(await bytesOf(other), upload.encoded);
  const ranges: [string, number, number, number][] = [
    ["bytes=0-0", 206, 0, 1],
    ["bytes=0-", 206, 0, 600_000],
    ["bytes=10-99", 206, 10, 100],
    ["BYTES=599999-", 206, 599_999, 600_000],
    ["bytes=-5", 206, 599_995, 600_000],
    ["bytes=-700000", 206, 0, 600_000],
    ["bytes=100000-999999", 206, 100_000, 600_000],
    ["bytes=600000-", 416, 0, 0],
    ["bytes=-0", 416, 0, 0],
    ["bytes=5-4", 200, 0, 600_000],
    ["bytes=-", 200, 0, 600_000],
    ["bytes=0-1,5-6", 200, 0, 600_000],
    ["lines=0-1", 200, 0, 600_000],
  ];
  for (const [range, status, start, end] of ranges) {
    const answer = await server.ask("GET", path, { headers: { range } });
    assertEquals(answer.status, status, range);
    if (status === 416) {
      assertEquals(answer.headers.get("content-range"), "bytes */600000");
      assertEquals((await answer.json()).code, "invalidRange");
      continue;
    }
    assertEquals(
      answer.headers.get("content-range"),
      status === 206 ? `bytes ${start}-${end - 1}/600000` : null,
    );
    assertEquals(answer.headers.get("content-length"), `${end - start}`);
    assertBytes(await bytesOf(answer), upload.encoded.slice(start, end));
  }
  for (const [condition, status] of [[tag, 206], ['"x"', 200]] as const) {
    const headers = { range: "bytes=0-0", "if-range": condition };
    const answer = await server.ask("GET", path, { headers });
    assertEquals(answer.status, status);
    await answer.body?.cancel();
  }
  const head = await server.ask("HEAD", path);
  assertEquals([head.status, head.body], [200, null]);
  assertEquals(head.headers.get("content-length"), "600000");
  assertEquals(head.headers.get("accept-ranges"), "bytes");
});

test("Replays send a compressed one whole", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(recordedBytes(100_000));
  assertEquals(upload.encoding, "gzip");
  await uploadAll(server, upload);
  const answer = await server.ask("GET", `replays/${upload.sha256}`, {
    headers: { range: "bytes=0-0" },
  });
  assertEquals(answer.status, 200);
  assertEquals(answer.headers.get("accept-ranges"), null);
  assertBytes(await bytesOf(answer), upload.encoded);
});

test("Replays break a download off when the replay is removed", async (make) => {
  const store = make();
  const server = new ReplayServer({ replays: store });
  const upload = await describe(randomBytes(2 * MIB));
  await uploadAll(server, upload);
  const answer = await server.ask("GET", `replays/${upload.sha256}`);
  const replay = await store.replay(upload.sha256);
  await store.remove(upload.sha256, replay!.usedMs);
  await assertRejects(() => answer.arrayBuffer());
  const gone = await server.ask("GET", `replays/${upload.sha256}`);
  assertEquals([gone.status, (await gone.json()).code], [
    404,
    "replayNotFound",
  ]);
});

test("Replays give up uploads that stand still for a day", async (make) => {
  const server = new ReplayServer({ replays: make() });
  const upload = await describe(randomBytes(20_000));
  const { body } = await begin(server, upload);
  const id = body.upload as string;
  async function pass(seconds: number): Promise<void> {
    server.clock.advance(seconds * 1_000);
    server.replays.tick(seconds);
    await server.replays.settled();
  }
  await pass(DAY_SECONDS - 1);
  await patch(server, id, 0, upload.encoded.slice(0, 5_000));
  await pass(DAY_SECONDS - 1);
  assertEquals((await begin(server, upload)).body.offset, 5_000);
  await pass(DAY_SECONDS - 1);
  assertEquals((await server.ask("GET", `uploads/${id}`)).status, 200);
  await pass(60);
  assertEquals((await server.ask("GET", `uploads/${id}`)).status, 404);
  assertEquals((await begin(server, upload)).body.offset, 0);
});

test("Replays remove what no score has for a day", async (make) => {
  const linked = new Set<string>();
  const server = new ReplayServer({
    replays: make(),
    store: {
      ...EMPTY,
      isReplayLinked: (replay) => Promise.resolve(linked.has(replay)),
    },
  });
  async function pass(seconds: number): Promise<void> {
    for (; seconds > 0; seconds -= 3_600) {
      server.clock.advance(3_600_000);
      server.replays.tick(3_600);
      await server.replays.settled();
    }
  }
  async function isThere(sha: string): Promise<boolean> {
    return (await server.ask("HEAD", `replays/${sha}`)).status === 200;
  }
  const [one, two] = await Promise.all(
    [1, 2].map((seed) => describe(randomBytes(5_000, seed))),
  );
  await uploadAll(server, one!);
  await uploadAll(server, two!);
  linked.add(one!.sha256);
  await pass(DAY_SECONDS - 3_600);
  assertEquals(await isThere(two!.sha256), true);
  await pass(2 * 3_600);
  assertEquals(await isThere(two!.sha256), false);
  await pass(10 * DAY_SECONDS);
  assertEquals(await isThere(one!.sha256), true);
  // Another one takes its place: it is there for another day at least.
  linked.clear();
  await pass(DAY_SECONDS);
  assertEquals(await isThere(one!.sha256), true);
  await pass(2 * DAY_SECONDS);
  assertEquals(await isThere(one!.sha256), false);
});

test("Replays leave no submission without its replay, however a sweep comes between", async (make) => {
  // What a submission does, step by step, against what a sweep does: every order of both.
  for (const order of interleavings(3, 3)) await runOrder(make(), order);
});

test("Replays.toVerify() gives the bytes, and finds what is damaged", async (make) => {
  const store = make();
  const server = new ReplayServer({ replays: store });
  for (const bytes of [recordedBytes(700_000), randomBytes(700_000)]) {
    const upload = await describe(bytes);
    await uploadAll(server, upload);
    const replay = (await server.replays.use(upload.sha256))!;
    const given = server.replays.toVerify(replay);
    assertEquals([given.sha256, given.bytes], [upload.sha256, 700_000]);
    assertBytes(await given.read(), bytes);
    const damaged = server.replays.toVerify({
      ...replay,
      encodedBytes: replay.encodedBytes - 1,
    });
    const error = await assertRejects(() => damaged.read(), LeaderboardError);
    assertEquals(error.code, "storeFailed");
    await store.remove(replay.sha256, replay.usedMs);
    await assertRejects(() => given.read(), LeaderboardError);
  }
  assertEquals(await server.replays.use("0".repeat(64)), undefined);
});

test("Replays list the entries that have one", async (make) => {
  const entries: RankedEntry[] = Array.from({ length: 25 }, (_, i) => ({
    rank: i + 1,
    entry: {
      playerId: playerId(`p${i}`),
      name: `P${i}`,
      score: 100 - i,
      subscore: 0,
      sequence: i + 1,
      className: "",
      metadata: "",
      replay: i % 3 === 0 ? `${i % 10}`.repeat(64) : "",
      submittedMs: 0,
      isHidden: false,
    },
  }));
  const server = new ReplayServer({
    replays: make(),
    store: {
      ...EMPTY,
      page: (_, { limit, after }) => {
        const from = after === undefined ? 0 : 100 - Number(after.score) + 1;
        return Promise.resolve({
          entries: entries.slice(from, from + limit),
          total: 25,
          offset: from,
        });
      },
    },
  });
  const seen: number[] = [];
  let cursor: string | undefined = "";
  for (let page = 0; cursor !== undefined; page++) {
    assert(page < 7);
    const query: string = cursor === "" ? "" : `&cursor=${cursor}`;
    const answer = await server.ask(
      "GET",
      `boards/speedrun/replays?pageSize=4${query}`,
    );
    const body: {
      replays: { replay: string; entry: { rank: number; replayUrl: string } }[];
      nextCursor?: string;
    } = await answer.json();
    for (const { replay, entry } of body.replays) {
      assertEquals(entry.replayUrl, `/v1/replays/${replay}`);
      seen.push(entry.rank);
    }
    cursor = body.nextCursor;
  }
  assertEquals(seen, [1, 4, 7, 10, 13, 16, 19, 22, 25]);
  const bad = await server.ask("GET", "boards/speedrun/replays?cursor=x");
  assertEquals((await bad.json()).code, "invalidCursor");
});

Deno.test("Replays answer other methods and paths as a server does", async () => {
  const server = new ReplayServer({ replays: new MemoryReplayStore() });
  const paths: [string, string, string][] = [
    ["GET", "replays", "POST, OPTIONS"],
    ["PUT", `replays/${"0".repeat(64)}`, "GET, HEAD, OPTIONS"],
    ["POST", "uploads/x", "GET, PATCH, DELETE, HEAD, OPTIONS"],
    ["POST", "boards/b/replays", "GET, HEAD, OPTIONS"],
  ];
  for (const [method, path, allow] of paths) {
    const answer = await server.ask(method, path);
    assertEquals(answer.status, 405, path);
    assertEquals(answer.headers.get("allow"), allow);
  }
  for (const path of ["uploads", "uploads/a/b", "replays/a/b", "boards/b"]) {
    const answer = await server.ask("GET", path);
    assertEquals((await answer.json()).code, "notFound", path);
  }
  for (const name of ["x", "A".repeat(64), "..", "0".repeat(63)]) {
    const answer = await server.ask(
      "GET",
      `replays/${encodeURIComponent(name)}`,
    );
    assertEquals(answer.status, 404, name);
  }
});

Deno.test("Replays answer 503 where the store fails, and tell", async () => {
  const inner = new MemoryReplayStore();
  let isBroken = false;
  const server = new ReplayServer({
    replays: new Proxy(inner, {
      get: (target, name) => (...args: unknown[]) => {
        if (isBroken) throw new Error("disk");
        const method = target[name as keyof ReplayStore] as unknown;
        return (method as (...args: unknown[]) => unknown).apply(target, args);
      },
    }),
  });
  const upload = await describe(randomBytes(5_000));
  isBroken = true;
  assertEquals((await begin(server, upload)).status, 503);
  server.replays.tick(60);
  await server.replays.settled();
  assertEquals(server.errors.length, 2);
  isBroken = false;
  assertEquals(await uploadAll(server, upload), { isComplete: true });
  const values = new Map(
    [...server.replays.metrics()].map(({ name, value }) => [name, value]),
  );
  const prefix = "tickwire_leaderboard_replay_";
  assertEquals(values.get(`${prefix}store_failures`), 2);
  assertEquals(values.get(`${prefix}completed`), 1);
  assertEquals(values.get(`${prefix}received_bytes`), 5_000);
});

Deno.test("Replays read the newer parts of an upload, and none that takes too long", async () => {
  const server = new ReplayServer({ replays: new MemoryReplayStore() });
  const upload = await describe(randomBytes(10_000));
  const { body } = await begin(server, upload);
  const id = body.upload as string;
  function slow(): Promise<Response> {
    // It sends some bytes and then nothing.
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue(upload.encoded.slice(0, 100)),
    });
    return server.ask("PATCH", `uploads/${id}`, {
      headers: {
        "upload-offset": "0",
        "content-type": "application/octet-stream",
      },
      body: stream,
    });
  }
  const first = slow();
  await settle();
  const second = slow();
  await settle();
  const third = slow();
  const superseded = await first;
  assertEquals(superseded.status, 400);
  await superseded.body?.cancel();
  server.replays.tick(119);
  await settle();
  server.replays.tick(2);
  for (const late of [await second, await third]) {
    assertEquals((await late.json()).code, "invalidRequest");
  }
  assertEquals((await patch(server, id, 0, upload.encoded)).status, 200);
});

Deno.test("Replays bound the parts that are read at once", async () => {
  const server = new ReplayServer({ replays: new MemoryReplayStore() });
  const upload = await describe(randomBytes(10_000));
  const closers: (() => void)[] = [];
  const answers: Promise<Response>[] = [];
  for (let i = 0; i < 65; i++) {
    const { body } = await begin(server, upload, `p${i}`);
    const stream = new ReadableStream({
      start: (controller) => {
        closers.push(() => controller.close());
      },
    });
    answers.push(server.ask("PATCH", `uploads/${body.upload}`, {
      player: `p${i}`,
      headers: {
        "upload-offset": "0",
        "content-type": "application/octet-stream",
      },
      body: stream,
    }));
    await settle();
  }
  const refused = await answers.pop()!;
  assertEquals(refused.status, 429);
  assertEquals((await refused.json()).retryAfterMs, 1_000);
  for (const close of closers) close();
  for (const answer of answers) await (await answer).body?.cancel();
});

Deno.test("Replays verify a few at a time, and each once", async () => {
  const inner = new MemoryReplayStore();
  const reads = new Map<string, number>();
  let reading = 0;
  let most = 0;
  const server = new ReplayServer({
    replays: new Proxy(inner, {
      get(target, name) {
        const method = target[name as keyof ReplayStore] as unknown;
        return async (...args: unknown[]) => {
          if (name === "readUpload") {
            const id = args[0] as string;
            reads.set(id, (reads.get(id) ?? 0) + 1);
            most = Math.max(most, ++reading);
            await settle();
            reading--;
          }
          return await (method as (...args: unknown[]) => unknown).apply(
            target,
            args,
          );
        };
      },
    }),
  });
  const uploads = await Promise.all(
    Array.from({ length: 20 }, (_, i) => describe(randomBytes(5_000, i))),
  );
  const results = await Promise.all(uploads.map(async (upload, i) => {
    const player = `p${i}`;
    const { body } = await begin(server, upload, player);
    const id = body.upload as string;
    const first = patch(server, id, 0, upload.encoded, player);
    await settle();
    const again = patch(server, id, 5_000, new Uint8Array(0), player);
    return [(await first).status, (await again).status];
  }));
  for (const [first, again] of results) {
    assertEquals(first, 200);
    // It may come when all is over.
    assert(again === 200 || again === 404);
  }
  assertEquals(most, 2);
  for (const count of reads.values()) assertEquals(count, 1);
});

async function runOrder(
  replays: ReplayStore,
  order: readonly ("first" | "second")[],
): Promise<void> {
  let isLinked = false;
  const gates: (() => void)[] = [];
  let isStepping = false;
  /** Waits for the turn of whoever calls. */
  function step(): Promise<void> {
    return isStepping
      ? new Promise((resolve) => gates.push(resolve))
      : Promise.resolve();
  }
  const stepped: ReplayStore = new Proxy(replays, {
    get(target, name) {
      const method = target[name as keyof ReplayStore] as unknown;
      return async (...args: unknown[]) => {
        if (name === "remove" || name === "unused") await step();
        return await (method as (...args: unknown[]) => unknown).apply(
          target,
          args,
        );
      };
    },
  });
  const server = new ReplayServer({
    replays: stepped,
    store: {
      ...EMPTY,
      isReplayLinked: async () => {
        await step();
        return isLinked;
      },
    },
  });
  const upload = await describe(randomBytes(5_000));
  await uploadAll(server, upload);
  server.clock.advance(DAY_SECONDS * 1_000 + 1);
  isStepping = true;
  server.replays.tick(DAY_SECONDS);
  let found: boolean | undefined;
  const submission = [
    async () => found = await server.replays.use(upload.sha256) !== undefined,
    () => isLinked = found === true,
    () => found ? server.replays.linked(upload.sha256) : undefined,
  ];
  for (const turn of order) {
    if (turn === "first") await submission.shift()!();
    else gates.shift()?.();
    await settle();
  }
  isStepping = false;
  for (const gate of gates) gate();
  await server.replays.settled();
  const there = await replays.replay(upload.sha256);
  assertEquals(there !== undefined, isLinked, order.join(" "));
}

const EMPTY = {
  isReplayLinked: () => Promise.resolve(false),
  page: (_: unknown, __: { limit: number; after?: RankingPosition }) =>
    Promise.resolve({ entries: [] as RankedEntry[], total: 0, offset: 0 }),
};

interface Upload {
  readonly sha256: string;
  readonly bytes: number;
  readonly encoding: "gzip" | "identity";
  readonly encoded: Uint8Array<ArrayBuffer>;
}

async function describe(bytes: Uint8Array<ArrayBuffer>): Promise<Upload> {
  const compressed = await gzip(bytes);
  const isSmaller = compressed.length < bytes.length;
  return {
    sha256: await sha256(bytes),
    bytes: bytes.length,
    encoding: isSmaller ? "gzip" : "identity",
    encoded: isSmaller ? compressed : bytes,
  };
}

function described(
  { sha256, bytes, encoding, encoded }: Upload,
): Record<string, unknown> {
  return { sha256, bytes, encoding, encodedBytes: encoded.length };
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function begin(
  server: ReplayServer,
  upload: Upload,
  player = "ada",
): Promise<Answer> {
  const body = JSON.stringify(described(upload));
  const answer = await server.ask("POST", "replays", { player, body });
  return { status: answer.status, body: await answer.json() };
}

async function patch(
  server: ReplayServer,
  id: string,
  offset: number,
  part: Uint8Array<ArrayBuffer>,
  player = "ada",
): Promise<Answer> {
  const answer = await server.ask("PATCH", `uploads/${id}`, {
    player,
    headers: {
      "upload-offset": `${offset}`,
      "content-type": "application/octet-stream",
    },
    body: part,
  });
  return { status: answer.status, body: await answer.json() };
}

/** Uploads as a client does: from wherever the server says. */
async function uploadAll(
  server: ReplayServer,
  upload: Upload,
  player = "ada",
): Promise<Record<string, unknown>> {
  for (let round = 0; round < 10; round++) {
    const { body } = await begin(server, upload, player);
    if (body.isComplete) return { isComplete: true };
    if (body.upload === undefined) return body;
    let offset = body.offset as number;
    for (let part = 0; part < 100; part++) {
      const end = offset + 262_144;
      const { status, body: answer } = await patch(
        server,
        body.upload as string,
        offset,
        upload.encoded.slice(offset, end),
        player,
      );
      if (answer.isComplete) return { isComplete: true };
      if (answer.offset === undefined) {
        if (status === 404) break;
        return answer;
      }
      offset = answer.offset as number;
    }
  }
  return {};
}

async function bytesOf(answer: Response): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await answer.arrayBuffer());
}

/** Lets everything go on that waits for nothing but promises. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

/** Every order of so many turns of the first and of the second. */
function interleavings(
  first: number,
  second: number,
): ("first" | "second")[][] {
  if (first === 0 && second === 0) return [[]];
  const orders: ("first" | "second")[][] = [];
  if (first > 0) {
    for (const rest of interleavings(first - 1, second)) {
      orders.push(["first", ...rest]);
    }
  }
  if (second > 0) {
    for (const rest of interleavings(first, second - 1)) {
      orders.push(["second", ...rest]);
    }
  }
  return orders;
}

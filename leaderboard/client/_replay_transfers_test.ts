import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { type FakeCall, FakeFetch } from "../../http/_testing/fake_fetch.ts";
import {
  assertBytes,
  randomBytes,
  recordedBytes,
} from "../replay/_testing/replay_bytes.ts";
import { ReplayServer } from "../replay/_testing/replay_server.ts";
import { MemoryReplayStore } from "../replay/memory_replay_store.ts";
import type { ReplayStore } from "../replay/replay_store.ts";
import { sha256 } from "../replay/sha256.ts";
import { entryJson, settle } from "./_testing/client_rig.ts";
import { LeaderboardClient } from "./client.ts";
import type { LeaderboardClientOptions } from "./client_options.ts";
import type {
  LeaderboardCallId,
  LeaderboardEvent,
  LeaderboardTerminalEvent,
} from "./event.ts";
import { LeaderboardFilter } from "./filter.ts";
import type { ReplayFailureReason, ReplayProgress } from "./replay_event.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? 500 : 4;
const PART = 262_144;

Deno.test("LeaderboardClient.uploadReplay() and downloadReplay() bring bytes of any size there and back", async () => {
  const world = new World();
  for (const length of [0, 1, 5_000, PART - 1, PART, PART + 1, 3_145_728]) {
    for (const bytes of [randomBytes(length), recordedBytes(length)]) {
      const hash = await sha256(bytes);
      const uploaded = await world.ended(world.client.uploadReplay(bytes));
      assert(uploaded.type === "replayUploaded", uploaded.type);
      assertEquals([uploaded.sha256, uploaded.bytes], [hash, length]);
      const stored = await world.store.replay(hash);
      assertEquals(stored?.encodedBytes, uploaded.sentBytes);
      // How far a runtime compresses depends on how it is fed.
      if (stored?.encoding === "gzip") assert(uploaded.sentBytes < length);
      else assertEquals(uploaded.sentBytes, length);
      const downloaded = await world.ended(world.client.downloadReplay(hash));
      assert(downloaded.type === "replayDownloaded", downloaded.type);
      assertBytes(downloaded.bytes, bytes);
      const again = await world.ended(world.client.uploadReplay(bytes));
      assertEquals(again.type === "replayUploaded" && again.sentBytes, 0);
    }
  }
  assertEquals(world.server.errors, []);
});

Deno.test("LeaderboardClient.uploadReplay() sends parts and tells how far it is", async () => {
  const world = new World();
  const bytes = randomBytes(2 * PART + 5);
  const id = world.client.uploadReplay(bytes);
  bytes.fill(0); // it has a copy
  await world.ended(id);
  assertEquals(world.offsets(), [0, PART, 2 * PART]);
  const progress = world.progressOf(id);
  assertEquals(progress.map(({ bytes }) => bytes), [0, PART, 2 * PART]);
  for (const event of progress) {
    assertEquals(
      [event.direction, event.totalBytes],
      ["upload", 2 * PART + 5],
    );
  }
  const calls = world.fake.calls.filter(({ init }) => init.method === "PATCH");
  for (const { headers } of calls) {
    assertEquals(headers.get("content-type"), "application/octet-stream");
  }
});

Deno.test("LeaderboardClient.uploadReplay() asks the server how far it is after a failed part", async () => {
  const world = new World();
  const bytes = randomBytes(4 * PART);
  let parts = 0;
  world.before = (call) => {
    if (call.init.method === "PATCH" && ++parts === 2) call.fail();
  };
  world.after = (call) => {
    // The part is there, but the answer is lost.
    if (call.init.method === "PATCH" && parts === 3) call.fail();
  };
  const ended = await world.ended(world.client.uploadReplay(bytes));
  assertEquals(ended.type, "replayUploaded");
  assertEquals(world.offsets(), [0, PART, PART, 2 * PART, 3 * PART]);
  assertEquals(world.paths("POST").length, 3);
});

Deno.test("LeaderboardClient.uploadReplay() goes on where another run of the game was", async () => {
  const store = new MemoryReplayStore();
  const bytes = recordedBytes(4_000_000);
  const first = new World({ store });
  let parts = 0;
  first.before = (call) => {
    if (call.init.method === "PATCH" && ++parts > 2) return true;
  };
  first.client.uploadReplay(bytes);
  await first.until(() => parts > 2);
  first.client.close();
  const second = new World({ store });
  const id = second.client.uploadReplay(bytes);
  const ended = await second.ended(id);
  assert(ended.type === "replayUploaded");
  assertEquals(second.offsets()[0], 2 * PART);
  assertEquals(second.progressOf(id)[0]?.bytes, 2 * PART);
  const stored = await store.replay(ended.sha256);
  assertEquals(ended.sentBytes, stored!.encodedBytes - 2 * PART);
});

Deno.test("LeaderboardClient.uploadReplay() begins anew where an earlier run compressed otherwise", async () => {
  const world = new World();
  const bytes = recordedBytes(2_000_000);
  const other = new World();
  const first = await other.ended(other.client.uploadReplay(bytes));
  assert(first.type === "replayUploaded");
  // An upload with as many bytes, of which the first ones are others.
  const begun = await world.store.begin({
    sha256: await sha256(bytes),
    bytes: bytes.length,
    encoding: "gzip",
    encodedBytes: first.sentBytes,
    id: "earlier",
    owner: "main/ada",
    nowMs: world.server.clock.epochMs(),
    expiresMs: 2e12,
  });
  assertEquals(begun.type, "open");
  await world.store.append("earlier", 0, randomBytes(10_000), 2e12);
  const ended = await world.ended(world.client.uploadReplay(bytes));
  assertEquals(ended.type, "replayUploaded");
  const offsets = world.offsets();
  assertEquals(offsets[0], 10_000);
  assert(offsets.includes(0), `${offsets}`);
});

Deno.test("LeaderboardClient.uploadReplay() has the server verify what was only sent", async () => {
  const world = new World();
  const bytes = randomBytes(1_000);
  const hash = await sha256(bytes);
  await world.store.begin({
    sha256: hash,
    bytes: 1_000,
    encoding: "identity",
    encodedBytes: 1_000,
    id: "earlier",
    owner: "main/ada",
    nowMs: 0,
    expiresMs: 2e12,
  });
  await world.store.append("earlier", 0, bytes, 2e12);
  const ended = await world.ended(world.client.uploadReplay(bytes));
  assertEquals(ended.type === "replayUploaded" && ended.sentBytes, 0);
  assertEquals(world.offsets(), [1_000]);
});

Deno.test("LeaderboardClient.uploadReplay() fails at once where the server refuses", async () => {
  const refusals: [number, string][] = [
    [401, "unauthenticated"],
    [413, "replayTooLarge"],
    [422, "quotaExceeded"],
    [422, "replayInvalid"],
  ];
  for (const [status, code] of refusals) {
    for (const method of ["POST", "PATCH"]) {
      const world = new World();
      world.before = (call) => {
        if (call.init.method !== method) return;
        call.answer(Response.json({ code, message: "no" }, { status }));
      };
      const bytes = randomBytes(5_000);
      const ended = await world.ended(world.client.uploadReplay(bytes));
      assert(ended.type === "replayFailed", ended.type);
      const { reason, direction } = ended;
      assertEquals([reason, ended.code, direction], [
        "refused",
        code,
        "upload",
      ]);
      assertEquals(ended.sha256, await sha256(bytes));
      assertEquals(world.paths(method).length, 1);
    }
  }
});

Deno.test("LeaderboardClient.uploadReplay() gives up after eight failures without progress", async () => {
  const failures: [ReplayFailureReason, (call: FakeCall) => void][] = [
    ["unreachable", (call) => call.fail()],
    ["serverFailed", (call) => call.answer("", { status: 503 })],
    ["malformedResponse", (call) => call.answer("<p>Log in</p>")],
    ["malformedResponse", (call) => call.answer('{"isComplete":false}')],
    [
      "malformedResponse",
      (call) =>
        call.answer('{"isComplete":false,"upload":"x","offset":9999999}'),
    ],
    [
      "refused",
      (call) =>
        call.answer(
          Response.json({ code: "rateLimited", message: "" }, { status: 429 }),
        ),
    ],
  ];
  for (const [reason, fail] of failures) {
    const world = new World();
    world.before = fail;
    const started = world.clock.nowMs();
    const id = world.client.uploadReplay(randomBytes(5_000));
    const ended = await world.ended(id);
    assertEquals(ended.type === "replayFailed" && ended.reason, reason);
    assertEquals(world.paths("POST").length, 8);
    assert(world.clock.nowMs() - started > 10_000);
  }
});

Deno.test("LeaderboardClient.uploadReplay() is not kept busy for ever by any server", async () => {
  const answers: ((call: FakeCall) => void)[] = [
    (call) => call.answer('{"isComplete":false,"offset":5000}'),
    (call) => call.answer('{"isComplete":false,"offset":0}'),
    (call) => call.answer('{"isComplete":true}', { status: 500 }),
    (call) =>
      call.answer(
        Response.json({ code: "offsetMismatch", message: "", offset: 0 }, {
          status: 409,
        }),
      ),
    (call) =>
      call.answer(
        Response.json({ code: "uploadNotFound", message: "" }, { status: 404 }),
      ),
  ];
  for (const answer of answers) {
    const world = new World();
    world.before = (call) => {
      if (call.init.method === "PATCH") return answer(call);
      call.answer('{"isComplete":false,"upload":"x","offset":0}');
    };
    const id = world.client.uploadReplay(randomBytes(5_000));
    assertEquals((await world.ended(id)).type, "replayFailed");
    assert(world.fake.calls.length <= 20, `${world.fake.calls.length}`);
  }
});

Deno.test("LeaderboardClient.uploadReplay() sends smaller parts where a part takes too long", async () => {
  const world = new World();
  world.before = (call) => {
    // The line takes 100,000 bytes in a minute.
    const { method, body } = call.init;
    if (method === "PATCH" && (body as Blob).size > 100_000) {
      return true;
    }
  };
  const id = world.client.uploadReplay(randomBytes(400_000));
  const ended = await world.ended(id, 0.5);
  assertEquals(ended.type, "replayUploaded");
  assertEquals(world.offsets().slice(0, 4), [0, 0, 0, 65_536]);
});

Deno.test("LeaderboardClient.uploadReplay() refuses what it has no room for", async () => {
  const world = new World({ maxReplayBytes: 10_000 });
  world.before = () => true;
  const tooLarge = world.client.uploadReplay(new Uint8Array(10_001));
  const ids = [1, 2, 3, 4, 5].map((seed) =>
    world.client.uploadReplay(randomBytes(10_000, seed))
  );
  const first = await world.ended(tooLarge);
  assertEquals(first.type === "replayFailed" && first.reason, "tooLarge");
  const last = await world.ended(ids[4]!);
  assertEquals(last.type === "replayFailed" && last.reason, "queueFull");
  assertEquals(world.client.pendingCount, 4);
  await world.until(() => world.fake.calls.length === 2);
  for (let i = 0; i < 20; i++) await world.step();
  // Two at a time; the others wait.
  assertEquals(world.fake.calls.length, 2);
  assert(world.client.cancel(ids[0]!));
  await world.until(() => world.fake.calls.length === 3);
  world.client.close();
  for (const id of ids.slice(0, 4)) {
    assertEquals((await world.ended(id)).type, "cancelled");
  }
  const late = world.client.uploadReplay(randomBytes(1));
  assertEquals((await world.ended(late)).type, "cancelled");
  assertThrows(
    () => world.client.uploadReplay([1] as unknown as Uint8Array),
    TypeError,
  );
  assertThrows(
    () => new World({ maxReplayBytes: 0 }),
    RangeError,
    "maxReplayBytes",
  );
});

Deno.test("LeaderboardClient.uploadReplay() compresses a slice in each frame", async () => {
  const world = new World();
  const id = world.client.uploadReplay(recordedBytes(20 * 32_768));
  let frames = 0;
  while (world.fake.calls.length === 0) {
    await world.step();
    frames++;
    assert(frames < 10_000);
  }
  assert(frames >= 20, `${frames}`);
  assertEquals((await world.ended(id)).type, "replayUploaded");
});

Deno.test("LeaderboardClient.cancel() stops a transfer wherever it is", async () => {
  const bytes = recordedBytes(600_000);
  const hash = await sha256(bytes);
  // A hash that is under way ends by itself, in a thread of its own, and not in the order in which they began.
  const digests: Promise<ArrayBuffer>[] = [];
  const { subtle } = crypto;
  subtle.digest = (algorithm, data): Promise<ArrayBuffer> => {
    const digest = SubtleCrypto.prototype.digest.call(subtle, algorithm, data);
    digests.push(digest);
    return digest;
  };
  try {
    for (let frames = 0; frames < 45; frames += 3) {
      const world = new World();
      if (frames % 2 === 0) await world.ended(world.client.uploadReplay(bytes));
      const id = frames % 2 === 0
        ? world.client.downloadReplay(hash)
        : world.client.uploadReplay(bytes);
      for (let i = 0; i < frames; i++) await world.step();
      const isCancelled = world.client.cancel(id);
      const ended = await world.ended(id);
      assertEquals(ended.type === "cancelled", isCancelled);
      assertEquals(world.client.cancel(id), false);
      await Promise.all(digests);
      for (let i = 0; i < 5; i++) await world.step();
      assertEquals(world.fake.open.length, 0);
      assertEquals(world.client.pendingCount, 0);
    }
    assert(digests.length > 0);
  } finally {
    Reflect.deleteProperty(subtle, "digest");
  }
});

Deno.test("LeaderboardClient.downloadReplay() throws away what has another hash", async () => {
  const world = new World();
  const hash = await sha256(randomBytes(1_000));
  for (
    const wrong of [randomBytes(1_000, 2), randomBytes(999), randomBytes(0)]
  ) {
    world.before = (call) => call.answer(new Response(wrong));
    const ended = await world.ended(world.client.downloadReplay(hash));
    assert(ended.type === "replayFailed");
    assertEquals(
      [ended.reason, ended.direction, ended.sha256],
      ["hashMismatch", "download", hash],
    );
  }
});

Deno.test("LeaderboardClient.downloadReplay() stops at maxReplayBytes", async () => {
  const world = new World({ maxReplayBytes: 100_000 });
  let isCancelled = 0;
  for (const headers of [{}, { "content-length": "100001" }]) {
    world.before = (call) => {
      const stream = new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(60_000)),
        cancel: () => {
          isCancelled++;
        },
      });
      call.answer(new Response(stream, { headers }));
    };
    const id = world.client.downloadReplay("0".repeat(64));
    const ended = await world.ended(id);
    assertEquals(ended.type === "replayFailed" && ended.reason, "tooLarge");
  }
  for (let i = 0; i < 5; i++) await world.step();
  assertEquals(isCancelled, 2);
});

Deno.test("LeaderboardClient.downloadReplay() ends where there is no replay", async () => {
  const world = new World();
  const ended = await world.ended(
    world.client.downloadReplay("0".repeat(64)),
  );
  assert(ended.type === "replayFailed");
  assertEquals([ended.reason, ended.code, ended.status], [
    "refused",
    "replayNotFound",
    404,
  ]);
  assertThrows(
    () => world.client.downloadReplay("0".repeat(63)),
    RangeError,
  );
});

Deno.test("LeaderboardClient.downloadReplay() goes on with a range after a cut", async () => {
  const world = new World();
  const bytes = randomBytes(500_000);
  await world.ended(world.client.uploadReplay(bytes));
  const hash = await sha256(bytes);
  let cuts = 0;
  world.replace = async (call, answer) => {
    if (call.init.method === "POST" || cuts >= 3) return answer;
    cuts++;
    const body = new Uint8Array(await answer.arrayBuffer());
    return new Response(cutOff(body.slice(0, 100_000)), answer);
  };
  const id = world.client.downloadReplay(hash);
  const ended = await world.ended(id);
  assert(ended.type === "replayDownloaded", JSON.stringify(ended));
  assertBytes(ended.bytes, bytes);
  const ranges = world.fake.calls
    .filter(({ init }) => init.method !== "POST" && init.method !== "PATCH")
    .map(({ headers }) => headers.get("range"));
  assertEquals(ranges, [
    null,
    "bytes=100000-",
    "bytes=200000-",
    "bytes=300000-",
  ]);
  const all = world.progressOf(id).map((event) => event.bytes);
  assertEquals(all, all.toSorted((a, b) => a - b));
  assertEquals(world.progressOf(id)[0]?.totalBytes, 500_000);
});

Deno.test("LeaderboardClient.downloadReplay() begins anew where no range comes", async () => {
  const bytes = randomBytes(300_000);
  const hash = await sha256(bytes);
  const seconds: (() => Response)[] = [
    // The whole, whatever was asked for; another range; a compressed one; none.
    () => new Response(bytes),
    () =>
      new Response(bytes.slice(5), {
        status: 206,
        headers: { "content-range": "bytes 5-299999/300000" },
      }),
    () =>
      new Response(bytes.slice(100_000), {
        status: 206,
        headers: {
          "content-range": "bytes 100000-299999/300000",
          "content-encoding": "x",
        },
      }),
    () => new Response(bytes.slice(100_000), { status: 206 }),
    () => Response.json({ code: "invalidRange" }, { status: 416 }),
    () => new Response(null, { status: 204 }),
  ];
  for (const second of seconds) {
    const world = new World();
    let calls = 0;
    world.before = (call) => {
      calls++;
      if (calls === 1) {
        const headers = {
          "accept-ranges": "bytes",
          "content-length": "300000",
        };
        call.answer(
          new Response(cutOff(bytes.slice(0, 100_000)), { headers }),
        );
      } else if (calls === 2) call.answer(second());
      else {
        assertEquals(call.headers.get("range"), null);
        call.answer(new Response(bytes));
      }
    };
    const ended = await world.ended(world.client.downloadReplay(hash));
    assert(ended.type === "replayDownloaded", JSON.stringify(ended));
    assertBytes(ended.bytes, bytes);
  }
});

Deno.test("LeaderboardClient.downloadReplay() gives up after eight failures without progress", async () => {
  for (const retryAfter of [undefined, "5"]) {
    const world = new World();
    world.before = (call) =>
      call.answer("", {
        status: 503,
        ...(retryAfter && { headers: { "retry-after": retryAfter } }),
      });
    const id = world.client.downloadReplay("0".repeat(64));
    const ended = await world.ended(id);
    assertEquals(
      ended.type === "replayFailed" && ended.reason,
      "serverFailed",
    );
    assertEquals(world.fake.calls.length, 8);
  }
});

Deno.test("LeaderboardClient transfers replays over any line, if it works at times", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    await runOnBadLine(seed).catch((cause) => {
      throw new Error(`seed ${seed}`, { cause });
    });
  }
});

Deno.test("LeaderboardClient.fetchReplays() lists entries that have one", async () => {
  const world = new World();
  const hash = "ab".repeat(32);
  world.before = (call) =>
    call.answer(Response.json({
      replays: [{
        replay: hash,
        entry: entryJson(3, { replayUrl: `/v1/replays/${hash}` }),
      }],
      nextCursor: "more",
    }));
  const filter = LeaderboardFilter.weekly().pageSize(5).class("any%").onBoard(
    "speedrun",
  ).cursor("before");
  const id = world.client.fetchReplays(filter);
  const ended = await world.ended(id);
  assert(ended.type === "replaysFetched", ended.type);
  assertEquals(ended.board, "speedrun");
  assertEquals(ended.nextCursor, "more");
  assertEquals(ended.replays[0]?.sha256, hash);
  assertEquals(ended.replays[0]?.entry.rank, 3);
  assertEquals(
    world.fake.calls[0]?.url,
    "http://game.test/v1/boards/speedrun/replays?period=weekly&class=any%25&pageSize=5&cursor=before",
  );
  const wrongs: unknown[] = [
    {},
    { replays: {} },
    { replays: [{ replay: "x", entry: entryJson(1) }] },
    { replays: [{ replay: hash, entry: {} }] },
    { replays: [], nextCursor: "" },
    { replays: Array(6).fill({ replay: hash, entry: entryJson(1) }) },
  ];
  for (const wrong of wrongs) {
    world.before = (call) => call.answer(Response.json(wrong));
    const ended = await world.ended(world.client.fetchReplays(filter));
    assertEquals(
      ended.type === "fetchFailed" && ended.reason,
      "malformedResponse",
    );
  }
  world.before = () => true;
  const open = world.client.fetchReplays();
  await world.step();
  assert(world.client.cancel(open));
  assertEquals((await world.ended(open)).type, "cancelled");
  world.client.close();
  const late = world.client.fetchReplays();
  assertEquals((await world.ended(late)).type, "cancelled");
});

/** Lets replays be sent and fetched while requests are lost, doubled and late, and the server restarts. */
async function runOnBadLine(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  function chance(percent: number): boolean {
    return random.nextU32() % 100 < percent;
  }
  const store = new MemoryReplayStore();
  const world = new World({ store, seed });
  const late: (() => void)[] = [];
  let badness = 30;
  world.before = (call) => {
    const draw = random.nextU32() % 100;
    if (draw < badness / 3) {
      call.fail();
    } else if (draw < badness / 2) {
      // It comes twice: the second time when nobody waits for it any more.
      const copy = requestOf(call);
      late.push(() => void world.server.handler(copy).then(discard));
    } else if (draw < badness / 1.5) {
      // Everything is lost but what is stored.
      world.restart();
    }
  };
  world.replace = async (_, answer) => {
    if (chance(badness / 2)) {
      await discard(answer);
      throw new TypeError("connection reset");
    }
    if (!chance(badness / 2) || answer.body === null) return answer;
    const body = new Uint8Array(await answer.arrayBuffer());
    const cut = body.slice(0, random.nextU32() % (body.length + 1));
    return new Response(cutOff(cut), answer);
  };
  const replays = await Promise.all(
    [0, 1, 2].map(async (i) => {
      const length = random.nextU32() % 600_000;
      const make = i === 1 ? recordedBytes : randomBytes;
      const bytes = make(length, seed * 10 + i);
      return { bytes, hash: await sha256(bytes) };
    }),
  );
  const uploads = replays.map(({ bytes }) => world.client.uploadReplay(bytes));
  for (let i = 0; i < uploads.length; i++) {
    const ended = await world.ended(uploads[i]!, 0.25, () => {
      if (late.length > 0 && chance(30)) late.shift()!();
      if (chance(1)) {
        // A day passes for the server: what stood still is gone.
        world.server.clock.advance(90_000_000);
        world.server.replays.tick(90_000);
      }
    });
    if (ended.type === "replayFailed") {
      // Eight in a row, which a worse line may bring: again, on a better one.
      badness = 0;
      uploads[i] = world.client.uploadReplay(replays[i]!.bytes);
      i--;
      continue;
    }
    assertEquals(ended.type, "replayUploaded");
  }
  // Nothing is on its way any more, and what the day has removed is sent again.
  for (const again of late) again();
  for (let i = 0; i < 20; i++) await world.step();
  badness = 0;
  for (const { bytes } of replays) {
    const ended = await world.ended(world.client.uploadReplay(bytes));
    assertEquals(ended.type, "replayUploaded", JSON.stringify(ended));
  }
  badness = 30;
  for (const { bytes, hash } of replays) {
    let ended = await world.ended(world.client.downloadReplay(hash));
    if (ended.type === "replayFailed") {
      assert(ended.reason !== "hashMismatch");
      badness = 0;
      ended = await world.ended(world.client.downloadReplay(hash));
    }
    assert(ended.type === "replayDownloaded", JSON.stringify(ended));
    assertBytes(ended.bytes, bytes);
  }
  assertEquals(world.client.pendingCount, 0);
  for (const [id, events] of world.byId()) {
    const ends = events.filter((event) => isTerminal(event));
    assertEquals(ends.length, 1, `call ${id}`);
  }
}

interface WorldOptions extends LeaderboardClientOptions {
  readonly store?: ReplayStore;
  readonly seed?: number;
}

/** A client, and a server that its `fetch` reaches without a network. */
class World {
  readonly fake = new FakeFetch();
  readonly clock = new ManualClock({ epochMs: 1e12 });
  readonly store: ReplayStore;
  readonly client: LeaderboardClient;
  readonly events: LeaderboardEvent[] = [];
  server: ReplayServer;
  #working = 0;
  /** Called before the server is asked: it may answer itself, or return `true` for nobody to answer. */
  before: (call: FakeCall) => boolean | void = () => {};
  /** Called when the server has answered, before the client sees it. */
  after: (call: FakeCall) => void = () => {};
  /** Gives another answer than the server's. */
  replace: (call: FakeCall, answer: Response) => Promise<Response> = (
    _,
    answer,
  ) => Promise.resolve(answer);

  constructor(options: WorldOptions = {}) {
    const { store = new MemoryReplayStore(), seed = 1, ...rest } = options;
    this.store = store;
    this.server = new ReplayServer({ replays: store });
    this.client = new LeaderboardClient("http://game.test", {
      playerToken: "ada",
      ...rest,
      http: {
        fetch: this.fake.fetch,
        clock: this.clock,
        random: new SeededRandom(seed),
        circuitBreaker: false,
      },
    });
    this.fake.onCall = (call) => void this.#serve(call);
  }

  /** Another server takes over, on the same store. */
  restart(): void {
    this.server = new ReplayServer({
      replays: this.store,
      clock: this.server.clock,
    });
  }

  async step(dt = 1 / 60): Promise<void> {
    await settle();
    // What a server does in its own time takes none here, or a slow machine would bring timeouts.
    const passed = this.#working > 0 ? 0 : dt;
    this.clock.advance(passed * 1_000);
    this.client.tick(passed);
    this.events.push(...this.client.drainEvents());
  }

  async until(isDone: () => boolean, dt?: number): Promise<void> {
    const deadline = performance.now() + 30_000;
    while (!isDone()) {
      assert(performance.now() < deadline, "deadline");
      await this.step(dt);
    }
  }

  /** The event that ends a call. */
  async ended(
    id: LeaderboardCallId,
    dt = 0.25,
    onStep: () => void = () => {},
  ): Promise<LeaderboardTerminalEvent> {
    let ended: LeaderboardTerminalEvent | undefined;
    await this.until(() => {
      onStep();
      ended = this.events.find((event): event is LeaderboardTerminalEvent =>
        event.id === id && isTerminal(event)
      );
      return ended !== undefined;
    }, dt);
    return ended!;
  }

  progressOf(id: LeaderboardCallId): ReplayProgress[] {
    return this.events.filter((event): event is ReplayProgress =>
      event.type === "replayProgress" && event.id === id
    );
  }

  byId(): Map<LeaderboardCallId, LeaderboardEvent[]> {
    return Map.groupBy(this.events, ({ id }) => id);
  }

  paths(method: string): string[] {
    return this.fake.calls.filter(({ init }) => init.method === method)
      .map(({ path }) => path);
  }

  /** Where the parts that were sent begin. */
  offsets(): number[] {
    return this.fake.calls.filter(({ init }) => init.method === "PATCH")
      .map(({ headers }) => Number(headers.get("upload-offset")));
  }

  async #serve(call: FakeCall): Promise<void> {
    if (this.before(call) === true || call.isSettled) return;
    this.#working++;
    try {
      const answer = await this.server.handler(requestOf(call));
      this.after(call);
      const given = await this.replace(call, decoded(answer));
      if (!call.isSettled) call.answer(given);
      else await discard(given);
    } catch (error) {
      call.fail(error);
    } finally {
      this.#working--;
    }
  }
}

function requestOf({ url, init }: FakeCall): Request {
  const { method = "GET", headers, body } = init;
  return new Request(url, {
    method,
    ...(headers && { headers }),
    ...(body && { body }),
  });
}

/** As `fetch` does it: what is compressed is decompressed, and the header stays. */
function decoded(answer: Response): Response {
  if (answer.headers.get("content-encoding") !== "gzip") return answer;
  const body = answer.body!.pipeThrough(
    new DecompressionStream("gzip") as ReadableWritablePair<
      Uint8Array<ArrayBuffer>,
      Uint8Array<ArrayBuffer>
    >,
  );
  return new Response(body, answer);
}

/** A body that breaks off. */
function cutOff(bytes: Uint8Array<ArrayBuffer>): ReadableStream {
  let isSent = false;
  return new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new TypeError("connection reset"));
      else if (bytes.length > 0) controller.enqueue(bytes);
      else controller.error(new TypeError("connection reset"));
      isSent = true;
    },
  }, { highWaterMark: 0 });
}

async function discard(answer: Response): Promise<void> {
  await answer.body?.cancel();
}

function isTerminal(event: LeaderboardEvent): boolean {
  return /^(?:replay(?:Uploaded|Downloaded|Failed|sFetched)|fetchFailed|cancelled|refused)$/
    .test(event.type);
}

import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { RedisServer, whyNoRedis } from "../../tools/redis_server.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import { testReplayStore } from "../replay/_testing/replay_store_conformance.ts";
import type { ReplayUploadRequest } from "../replay/replay_store.ts";
import { CLIENTS, RedisRig } from "../../tools/redis_rig.ts";
import { RedisReplayStore } from "./redis_replay_store.ts";

const missing = await whyNoRedis();
// The suite makes tens of thousands of round trips. Where clients differ, one short test for each tells.
const SUITE_CLIENTS = Deno.env.get("TICKWIRE_SOAK") === "1"
  ? Object.keys(CLIENTS)
  : ["node-redis"];
const A = "a".repeat(64);

let server: RedisServer;
let subjects = 0;
if (missing === "") {
  Deno.test.beforeAll(async () => {
    server = await RedisServer.start();
  });
  Deno.test.afterAll(() => server[Symbol.asyncDispose]());
}

for (const client of SUITE_CLIENTS) {
  testReplayStore(
    `RedisReplayStore with ${client}${missing}`,
    async (run) => {
      const { redis, close } = await CLIENTS[client]!(server);
      const prefix = `subject${subjects++}`;
      let store: RedisReplayStore | undefined;
      try {
        await run({
          persistent: true,
          async open(options) {
            await store?.close();
            return store = new RedisReplayStore(redis, { ...options, prefix });
          },
        });
      } finally {
        await store?.close();
        await close();
      }
    },
    missing !== "",
  );
}

/** Registers a test that needs a server. */
function testRedis(behaviour: string, fn: () => Promise<void>): void {
  Deno.test({
    name: `RedisReplayStore ${behaviour}${missing}`,
    ignore: missing !== "",
    fn,
  });
}

function requestOf(
  id: string,
  encodedBytes: number,
  sha256 = A,
): ReplayUploadRequest {
  return {
    sha256,
    bytes: encodedBytes,
    encoding: "identity",
    encodedBytes,
    id,
    owner: "ada\n\u{1f600}",
    nowMs: 1,
    expiresMs: 2,
  };
}

for (const [client, connect] of Object.entries(CLIENTS)) {
  testRedis(
    `with ${client} joins parts of any lengths, whatever their bytes`,
    async () => {
      await using rig = await RedisRig.start(connect);
      const redis = await rig.connect();
      await using store = new RedisReplayStore(redis);
      const seed = 3;
      const random = new SeededRandom(seed);
      for (let round = 0; round < 30; round++) {
        const whole = new Uint8Array(random.nextU32() % 50);
        random.fill(whole);
        const sha256 = String(round).padStart(64, "0");
        const id = `u${round}`;
        await store.begin(requestOf(id, whole.length, sha256));
        for (let offset = 0; offset < whole.length;) {
          const part = whole.subarray(
            offset,
            offset + 1 + random.nextU32() % 7,
          );
          const { type } = await store.append(id, offset, part, 2);
          assertEquals(type, "appended");
          offset += part.length;
          assertEquals(
            await store.readUpload(id, 0, 99),
            whole.slice(0, offset),
            `seed ${seed}, round ${round}`,
          );
        }
        assertEquals((await store.complete(id, 5))?.owner, "ada\n\u{1f600}");
        for (let i = 0; i < 10; i++) {
          const offset = random.nextU32() % 52;
          const length = 1 + random.nextU32() % 9;
          assertEquals(
            await store.read(sha256, offset, length),
            whole.slice(offset, offset + length),
            `seed ${seed}, round ${round}`,
          );
        }
      }
      assertEquals((await store.unused(6, 1000)).length, 30);
    },
  );
}

testRedis("takes a part of a mebibyte", async () => {
  await using rig = await RedisRig.start();
  await using store = new RedisReplayStore(await rig.connect());
  const whole = new Uint8Array(2 ** 21 + 5);
  new SeededRandom(1).fill(whole);
  await store.begin(requestOf("u", whole.length));
  for (let offset = 0; offset < whole.length; offset += 2 ** 20) {
    const part = whole.subarray(offset, offset + 2 ** 20);
    assertEquals((await store.append("u", offset, part, 2)).type, "appended");
  }
  await store.complete("u", 3);
  const read = await store.read(A, 0, Infinity);
  assert(read?.length === whole.length);
  assert(read.every((byte, i) => byte === whole[i]));
});

testRedis("has two machines keep to one bound", async () => {
  await using rig = await RedisRig.start();
  await using one = new RedisReplayStore(await rig.connect(), { maxBytes: 50 });
  await using two = new RedisReplayStore(await rig.connect(), { maxBytes: 50 });
  const stores = [one, two];
  for (let i = 0; i < 8; i++) {
    await stores[i % 2]!.begin(requestOf(`u${i}`, 10, String(i)));
  }
  const results = await Promise.all(
    Array.from(
      { length: 80 },
      (_, i) =>
        stores[i % 2]!.append(`u${i % 8}`, i >> 3, new Uint8Array(1), 2),
    ),
  );
  const types = results.map(({ type }) => type);
  assertEquals(types.filter((type) => type === "appended").length, 50);
  assertEquals(
    (await one.upload("u0"))?.offset,
    (await two.upload("u0"))?.offset,
  );
});

testRedis("leaves nothing behind of what is removed", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  await using store = new RedisReplayStore(redis);
  for (let i = 0; i < 12; i++) {
    const id = `u${i}`;
    await store.begin(requestOf(id, 3, String(i)));
    await store.append(id, 0, new Uint8Array(3), 2);
    if (i % 3 === 0) await store.complete(id, 1);
    if (i % 3 === 1) await store.abort(id);
    if (i % 6 === 0) await store.touch(String(i), 1, true);
  }
  assertEquals(await store.removeExpired(2, 100), 4);
  for (const { sha256 } of await store.unused(2, 100)) {
    assertEquals(await store.remove(sha256, 1), true);
  }
  const base = "tickwire:replays:{replays}";
  assertEquals(await redis.command(["KEYS", "*"]), [base]);
  assertEquals(await redis.command(["HGET", base, "bytes"]), "0");
});

testRedis("refuses what no string of Redis holds", async () => {
  await using rig = await RedisRig.start();
  await using store = new RedisReplayStore(await rig.connect(), {
    maxBytes: 2 ** 40,
    maxBytesPerOwner: 2 ** 40,
  });
  const most = 384 * 2 ** 20;
  assertEquals((await store.begin(requestOf("u", most))).type, "open");
  assertEquals(await store.begin(requestOf("v", most + 1, "b")), {
    type: "full",
  });
});

testRedis("keeps what it acknowledged when Redis is killed", async () => {
  await using rig = await RedisRig.start(undefined, [
    ...["--appendonly", "yes", "--appendfsync", "always"],
  ]);
  await using store = new RedisReplayStore(await rig.connect());
  const whole = new Uint8Array(200);
  new SeededRandom(9).fill(whole);
  await store.begin(requestOf("u", whole.length));
  let offset = 0;
  async function upload(): Promise<void> {
    while (offset < whole.length) {
      try {
        const part = whole.subarray(offset, offset + 2);
        const result = await store.append("u", offset, part, 2);
        // Of a part that went through unheard, the upload tells.
        assert(result.type === "appended" || result.type === "offsetMismatch");
        offset = result.upload.offset;
      } catch (error) {
        assert(error instanceof LeaderboardError, String(error));
      }
    }
  }
  const uploading = upload();
  for (const reached of [20, 80]) {
    while (offset < reached) await new Promise((done) => setTimeout(done));
    await rig.server.stop("SIGKILL");
    await rig.server.startAgain();
  }
  await uploading;
  await store.complete("u", 3);
  assertEquals(await store.read(A, 0, 1000), whole);
});

testRedis("rejects what somebody else has written", async () => {
  await using rig = await RedisRig.start();
  const redis = await rig.connect();
  await using store = new RedisReplayStore(redis);
  const base = "tickwire:replays:{replays}";
  await store.begin(requestOf("u", 3));
  await store.append("u", 0, new Uint8Array(3), 2);
  await redis.command(["SET", `${base}:data:u`, "%%%%"]);
  for (const key of ["uploads", "replays"]) {
    await redis.command(["HSET", `${base}:${key}`, "x", "no lines"]);
  }
  for (
    const call of [
      () => store.readUpload("u", 0, 3),
      () => store.upload("x"),
      () => store.replay("x"),
      () => store.touch("x", 5),
      () => store.abort("x"),
    ]
  ) {
    const error = await assertRejects(call, LeaderboardError);
    assertEquals(error.code, "storeFailed");
  }
});

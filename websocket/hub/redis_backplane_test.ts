import { assert, assertEquals, assertRejects } from "@std/assert";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { fromIoredis, fromNodeRedis, type RedisLike } from "../../core/mod.ts";
import { testBackplane } from "../_testing/backplane_conformance.ts";
import { RedisServer, whyNoRedis } from "../../tools/redis_server.ts";
import { RedisBackplane } from "./redis_backplane.ts";

const missing = await whyNoRedis();

testBackplane(
  `RedisBackplane with node-redis${missing}`,
  async (run) => {
    await using server = await RedisServer.start();
    const client = createClient({
      socket: { path: server.socket, tls: false },
    });
    await client.connect();
    try {
      await run(() => RedisBackplane.open(fromNodeRedis(client)));
    } finally {
      client.destroy();
    }
  },
  missing !== "",
);

testBackplane(
  `RedisBackplane with ioredis${missing}`,
  async (run) => {
    await using server = await RedisServer.start();
    const client = new Redis(server.socket);
    try {
      await run(() => RedisBackplane.open(fromIoredis(client)));
    } finally {
      const ended = new Promise((resolve) => client.once("end", resolve));
      client.disconnect();
      await ended;
    }
  },
  missing !== "",
);

/** A server that answers when it is told to. */
class FakeRedis implements RedisLike {
  readonly commands: (readonly string[])[] = [];
  readonly replies: PromiseWithResolvers<unknown>[] = [];
  onMessage: (message: string) => void = () => {};
  ended = 0;

  command(args: readonly string[]): Promise<unknown> {
    this.commands.push(args);
    const reply = Promise.withResolvers<unknown>();
    this.replies.push(reply);
    return reply.promise;
  }

  subscribe(
    _channel: string,
    onMessage: (message: string) => void,
  ): Promise<() => Promise<void>> {
    this.onMessage = onMessage;
    return Promise.resolve(() => {
      this.ended += 1;
      return Promise.reject(new Error("gone"));
    });
  }
}

Deno.test("RedisBackplane.publish() takes no more than maxPendingBytes", async () => {
  const redis = new FakeRedis();
  const backplane = await RedisBackplane.open(redis, {
    channel: "hubs",
    maxPendingBytes: 10,
  });
  assertEquals(backplane.publish(new Uint8Array([1, 2, 3, 4, 5, 6])), true);
  assertEquals(backplane.publish(new Uint8Array(5)), false);
  assertEquals(redis.commands, [["PUBLISH", "hubs", "AQIDBAUG"]]);
  redis.replies[0]!.reject(new Error("down"));
  await redis.replies[0]!.promise.catch(() => {});
  await Promise.resolve();
  assertEquals(backplane.failed, 1);
  assertEquals(backplane.publish(new Uint8Array(10)), true);
  let isClosed = false;
  const closing = backplane.close().then(() => isClosed = true);
  await Promise.resolve();
  assertEquals([isClosed, redis.ended], [false, 0]);
  redis.replies[1]!.resolve(1);
  await closing;
  assertEquals([isClosed, redis.ended], [true, 1]);
});

Deno.test("RedisBackplane hands on text of anybody as bytes, or none", async () => {
  const redis = new FakeRedis();
  const backplane = await RedisBackplane.open(redis);
  const got: Uint8Array[] = [];
  backplane.subscribe((envelope) => got.push(envelope));
  for (const text of ["AQI=", "%", "é", ""]) redis.onMessage(text);
  assertEquals(got, [
    new Uint8Array([1, 2]),
    ...Array(3).fill(new Uint8Array()),
  ]);
  await backplane.close();
  redis.onMessage("AQI=");
  assertEquals(got.length, 4);
});

Deno.test("RedisBackplane.open() needs a client that can subscribe", async () => {
  const redis: RedisLike = { command: () => Promise.resolve(null) };
  await assertRejects(() => RedisBackplane.open(redis), TypeError, "subscribe");
  const fake = new FakeRedis();
  await assertRejects(
    () => RedisBackplane.open(fake, { maxPendingBytes: 0 }),
    RangeError,
    "maxPendingBytes",
  );
  fake.subscribe = () => Promise.reject(new Error("down"));
  await assertRejects(() => RedisBackplane.open(fake), Error, "down");
  assert(fake.commands.length === 0);
});

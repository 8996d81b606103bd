import { assertEquals, assertRejects } from "@std/assert";
import { Redis } from "ioredis";
import { createClient } from "redis";
import { fromIoredis, fromNodeRedis, type RedisLike } from "../core/mod.ts";
import { RedisServer, whyNoRedis } from "./redis_server.ts";

/** What works the same with each of the clients. */
async function useRedis(redis: RedisLike): Promise<void> {
  assertEquals(await redis.command(["SET", "key", "wert ☃"]), "OK");
  assertEquals(await redis.command(["GET", "key"]), "wert ☃");
  assertEquals(await redis.command(["GET", "missing"]), null);
  assertEquals(await redis.command(["INCRBY", "count", "41"]), 41);
  await redis.command(["RPUSH", "list", "a", "b"]);
  assertEquals(await redis.command(["LRANGE", "list", "0", "-1"]), ["a", "b"]);
  await assertRejects(() => redis.command(["INCR", "key"]), Error, "integer");

  const first = Promise.withResolvers<string>();
  const second = Promise.withResolvers<string>();
  const endFirst = await redis.subscribe!("rooms", first.resolve);
  const endSecond = await redis.subscribe!("rooms", second.resolve);
  assertEquals(await redis.command(["PUBLISH", "rooms", "hello"]), 2);
  assertEquals(await first.promise, "hello");
  assertEquals(await second.promise, "hello");
  await redis.subscribe!("other", () => {}).then((end) => end());
  await endFirst();
  await endSecond();
  await until(async () =>
    await redis.command(["PUBLISH", "rooms", "nobody"]) === 0
  );
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 30_000;
  while (!await condition()) {
    if (performance.now() > deadlineMs) throw new Error("It never came true");
  }
}

const missing = await whyNoRedis();

Deno.test({
  name: `fromNodeRedis() works with a real client and server${missing}`,
  ignore: missing !== "",
  fn: async () => {
    await using server = await RedisServer.start();
    const client = createClient({
      socket: { path: server.socket, tls: false },
    });
    await client.connect();
    try {
      await useRedis(fromNodeRedis(client));
    } finally {
      client.destroy();
    }
  },
});

Deno.test({
  name: `fromIoredis() works with a real client and server${missing}`,
  ignore: missing !== "",
  fn: async () => {
    await using server = await RedisServer.start();
    const client = new Redis(server.socket);
    try {
      await useRedis(fromIoredis(client));
    } finally {
      const ended = new Promise((resolve) => client.once("end", resolve));
      client.disconnect();
      await ended;
    }
  },
});

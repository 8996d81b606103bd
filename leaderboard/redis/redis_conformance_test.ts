import { RedisServer, whyNoRedis } from "../../tools/redis_server.ts";
import {
  sharedStoreConformance,
  type SharedStoreSubject,
  storeConformance,
} from "../store/_testing/store_conformance.ts";
import { CLIENTS, type Connected } from "./_testing/redis_rig.ts";
import { RedisLeaderboardStore } from "./redis_leaderboard_store.ts";

const missing = await whyNoRedis();

// One server for all: to start one takes longer than most of the cases do.
let server: RedisServer;
let subjects = 0;
if (missing === "") {
  Deno.test.beforeAll(async () => {
    server = await RedisServer.start();
  });
  Deno.test.afterAll(() => server[Symbol.asyncDispose]());
}

async function open(client: string): Promise<SharedStoreSubject> {
  const prefix = `subject${subjects++}`;
  const connections: Connected[] = [];
  async function another(): Promise<RedisLeaderboardStore> {
    const connected = await CLIENTS[client]!(server);
    connections.push(connected);
    return new RedisLeaderboardStore(connected.redis, { prefix });
  }
  const store = await another();
  return {
    store,
    forgetsByItself: true,
    another,
    async close() {
      await store.close();
      for (const connected of connections) await connected.close();
    },
  };
}

for (const client of ["node-redis", "ioredis"]) {
  const name = `RedisLeaderboardStore with ${client}${missing}`;
  storeConformance(name, () => open(client), missing !== "");
  sharedStoreConformance(name, () => open(client), missing !== "");
}

import { RedisServer, whyNoRedis } from "../../tools/redis_server.ts";
import {
  sharedStoreConformance,
  type SharedStoreSubject,
  storeConformance,
} from "../store/_testing/store_conformance.ts";
import { runStoreModel } from "../store/_testing/store_model.ts";
import { CLIENTS, type Connected } from "../../tools/redis_rig.ts";
import { RedisLeaderboardStore } from "./redis_leaderboard_store.ts";

const missing = await whyNoRedis();
// A million operations, half of them on each client (TICKWIRE_SOAK=1); an ordinary run takes a slice.
const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const OPERATIONS = IS_SOAK ? 500_000 : 1_600;
const SEEDS = IS_SOAK ? 20 : 4;

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

for (const client of ["node-redis", "ioredis"]) {
  Deno.test({
    name:
      `RedisLeaderboardStore with ${client} agrees with a model that sorts anew${missing}`,
    ignore: missing !== "",
    fn: async () => {
      for (let seed = 0; seed < SEEDS; seed++) {
        const { store, close } = await open(client);
        await runStoreModel(store, {
          seed,
          operations: OPERATIONS / SEEDS,
          concurrent: seed % 2 === 0 ? 1 : 8,
          players: seed % 5 === 1 ? 400 : 40,
        });
        await close();
      }
    },
  });
}

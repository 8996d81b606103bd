// What leaderboards cost, beside Redis, SQLite and a skip list in the same run. The contenders
// take turns, the figures are medians over all rounds, and each promised figure is printed with
// what was measured, met or missed.
//
// rank      rank, move + rank, and ten around a rank, at 10,000 to 1,000,000 members
// memory    bytes a member, loading, and the longest insert
// submits   durable submissions through the SQLite store
// load      from the opening of a database until its rankings can be asked
// redis     submissions, ranks and pages of the Redis store, beside ZADD and ZREVRANK by hand
// server    requests over HTTP, beside a bare server
//
//     deno task bench leaderboard_bench.ts [--smoke] [--json] [--only=rank]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureMemory } from "./leaderboard/memory.ts";
import { measureRank } from "./leaderboard/rank.ts";
import { measureRedisStore } from "./leaderboard/redis_store.ts";
import { measureServer } from "./leaderboard/server.ts";
import { measureSqliteLoad } from "./leaderboard/sqlite_load.ts";
import { measureStoreSubmits } from "./leaderboard/store_submits.ts";

const PARTS: Parts = {
  rank: measureRank,
  memory: measureMemory,
  submits: measureStoreSubmits,
  load: measureSqliteLoad,
  redis: measureRedisStore,
  server: measureServer,
};

if (import.meta.main) await runParts(PARTS, Deno.args);

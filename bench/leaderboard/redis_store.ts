// Submissions, ranks and pages per second of the Redis store, beside what a game's server would send by hand through the
// same client: ZADD with ZREVRANK. By hand there are neither idempotency keys nor names nor metadata, scores are doubles,
// and ties go by name; the distance is what these cost.
import { createClient } from "redis";
import { fromNodeRedis, playerId, type RedisLike } from "../../core/mod.ts";
import type { Ranking } from "../../leaderboard/mod.ts";
import { RedisLeaderboardStore } from "../../leaderboard/redis.ts";
import { RedisServer, whyNoRedis } from "../../tools/redis_server.ts";
import {
  type Contender,
  median,
  pairedMedian,
  type Section,
  takeTurns,
} from "../_report.ts";

const BOARD = "main/bench";
const BY_HAND = "ZADD, ZREVRANK by hand";
const IN_FLIGHT = 64;
const NOW_MS = 1_764_000_000_000;

const ALL_TIME: Ranking = {
  board: BOARD,
  period: "allTime",
  season: 0,
  className: "",
  order: "descending",
  subscoreOrder: "descending",
  ties: "earliest",
};
/** What a board with the default periods has to do with: three rankings, and who is hidden. */
const DEFAULT: readonly Ranking[] = ["daily", "weekly", "allTime", "~hidden"]
  .map((period) => ({ ...ALL_TIME, period }));

/** Measures the Redis store, where there is a redis-server. */
export async function measureRedisStore(isSmoke: boolean): Promise<Section[]> {
  const missing = await whyNoRedis();
  if (missing !== "") {
    return [{
      title: `leaderboard: Redis${missing}`,
      notes: ["Not measured."],
      rows: [],
      bars: [],
    }];
  }
  await using server = await RedisServer.start();
  const client = createClient({ socket: { path: server.socket, tls: false } });
  client.on("error", console.error);
  await client.connect();
  try {
    return await measureOn(fromNodeRedis(client), isSmoke);
  } finally {
    client.destroy();
  }
}

async function measureOn(
  redis: RedisLike,
  isSmoke: boolean,
): Promise<Section[]> {
  const store = new RedisLeaderboardStore(redis);
  const members = isSmoke ? 2_000 : 100_000;
  const sink = new Float64Array(1);
  let step = 0;
  /** Another player and score each time, the same for all in each run. */
  function next(): [id: string, score: number] {
    step = (step + 7_919) % members;
    return [`player${step}`, (step * 48_271 + sink[0]!) % 1_000_003];
  }

  async function submit(rankings: readonly Ranking[]): Promise<void> {
    const [id, score] = next();
    const player = playerId(id);
    const { standings } = await store.transact({
      board: BOARD,
      playerId: player,
      rankings,
      nowMs: NOW_MS,
      claims: [`${id}:${score}:${sink[0]}`],
    }, ({ sequence }) => ({
      entries: rankings.map(({ period }) =>
        period === "~hidden" ? undefined : {
          playerId: player,
          name: id,
          score,
          subscore: 0,
          sequence,
          className: "",
          metadata: '{"level":3}',
          replay: "",
          submittedMs: NOW_MS,
          isHidden: false,
        }
      ),
      claims: [{ value: "4f5c", expiresMs: NOW_MS + 1000 }],
    }));
    sink[0]! += standings.at(0)!.rank & 1;
  }

  async function submitByHand(): Promise<void> {
    const [id, score] = next();
    const [, rank] = await Promise.all([
      redis.command(["ZADD", "byhand", String(score), id]),
      redis.command(["ZREVRANK", "byhand", id]),
    ]);
    sink[0]! += Number(rank) & 1;
  }

  await runPool(members, submitByHand);
  await runPool(members, () => submit([ALL_TIME]));

  const sections: Section[] = [];
  for (
    const [title, contenders] of [
      ["submissions", [
        pooled(BY_HAND, submitByHand),
        pooled("ours, one ranking", () => submit([ALL_TIME])),
        pooled("ours, three periods and who is hidden", () => submit(DEFAULT)),
      ]],
      ["a player's score, rank and total", [
        pooled(BY_HAND, async () => {
          const [id] = next();
          const [rank] = await Promise.all([
            redis.command(["ZREVRANK", "byhand", id]),
            redis.command(["ZSCORE", "byhand", id]),
            redis.command(["ZCARD", "byhand"]),
          ]);
          sink[0]! += Number(rank) & 1;
        }),
        pooled("ours", async () => {
          const [id] = next();
          const standing = await store.standing(ALL_TIME, playerId(id));
          sink[0]! += standing!.rank & 1;
        }),
      ]],
      ["ten entries from the middle", [
        pooled(BY_HAND, async () => {
          const first = members >> 1;
          const range = [String(first), String(first + 9)];
          const [page] = await Promise.all([
            redis.command(["ZREVRANGE", "byhand", ...range, "WITHSCORES"]),
            redis.command(["ZCARD", "byhand"]),
          ]);
          sink[0]! += (page as unknown[]).length & 1;
        }),
        pooled("ours", async () => {
          const query = { limit: 10, offset: members >> 1 };
          const { entries } = await store.page(ALL_TIME, query);
          sink[0]! += entries.length & 1;
        }),
      ]],
    ] satisfies [string, Contender[]][]
  ) {
    const samples = await takeTurns(contenders, {
      count: isSmoke ? 300 : 3_000,
      repetitions: isSmoke ? 3 : 15,
      warmUps: isSmoke ? 1 : 3,
    });
    sections.push({
      title: `leaderboard: Redis, ${title}`,
      notes: [
        `${members} members, node-redis over a socket file, ${IN_FLIGHT} calls in flight, nothing kept on disk.`,
      ],
      rows: contenders.map(({ name }) => {
        const own = samples.get(name)!;
        return {
          name,
          "calls/s": Math.round(1e6 / median(own.map(({ us }) => us))),
          "us/call": median(own.map(({ us }) => us)),
          "x by hand": pairedMedian(
            own,
            samples.get(BY_HAND)!,
            (a, b) => a / b,
          ),
        };
      }),
      bars: [],
    });
  }
  await store.close();
  return sections;
}

function pooled(name: string, call: () => Promise<void>): Contender {
  return { name, run: (count) => runPool(count, call) };
}

async function runPool(
  count: number,
  call: () => Promise<void>,
): Promise<void> {
  let left = count;
  async function work(): Promise<void> {
    while (left-- > 0) await call();
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, work));
}

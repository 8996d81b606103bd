// What a rank costs by player id, and after a move, in a ranking that is there. Redis is a server of
// its own on a socket file, asked one by one and by hundreds; SQLite counts on an index that has
// all it needs, in memory; the skip list is one in TypeScript.
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { Redis } from "ioredis";
import { RankIndex } from "../../leaderboard/ranking/rank_index.ts";
import { RedisServer, whyNoRedis } from "../../tools/redis_server.ts";
import {
  atMost,
  type Bar,
  type Contender,
  median,
  type Row,
  type Section,
  takeTurns,
} from "../_report.ts";
import { makeMembers, makeMoves, type Members } from "./_members.ts";
import { SkipList } from "./_skip_list.ts";

const OURS = "tickwire";
const PIPELINED = 100;
const KEY = "ranking";

/** Who has the members of one size, and does one thing with the ones of some moves. */
interface Subject {
  readonly name: string;
  /** How many of the others' operations it does in a turn. */
  readonly share: number;
  readonly rank?: (moves: Members, count: number) => Promise<void> | void;
  readonly moveAndRank?: (
    moves: Members,
    count: number,
  ) => Promise<void> | void;
  readonly page?: (moves: Members, count: number) => Promise<void> | void;
}

type Operation = "rank" | "moveAndRank" | "page";

export async function measureRank(isSmoke: boolean): Promise<Section[]> {
  const sections: Section[] = [];
  for (const size of isSmoke ? [1_000, 10_000] : [10_000, 100_000, 1_000_000]) {
    sections.push(await measureAt(size, isSmoke));
  }
  return sections;
}

async function measureAt(size: number, isSmoke: boolean): Promise<Section> {
  await using stack = new AsyncDisposableStack();
  const members = makeMembers(size);
  const count = isSmoke ? 500 : 20_000;
  const subjects = [
    ourSubject(members),
    skipListSubject(members),
    sqliteSubject(members, stack, count),
  ];
  const missing = await whyNoRedis();
  if (missing === "") subjects.push(...await redisSubjects(members, stack));
  const columns: readonly [title: string, operation: Operation][] = [
    ["rank us", "rank"],
    ["move + rank us", "moveAndRank"],
    ["page of ten us", "page"],
  ];
  const figures = new Map<Operation, Map<string, number>>();
  for (const [, operation] of columns) {
    figures.set(
      operation,
      await measureOperation(subjects, operation, members, count, isSmoke),
    );
  }
  const rows = subjects.map(({ name }): Row => {
    const row: Record<string, string | number> & { name: string } = { name };
    for (const [title, operation] of columns) {
      const us = figures.get(operation)!.get(name);
      const ours = figures.get(operation)!.get(OURS)!;
      row[title] = us ?? "";
      row[`${operation === "moveAndRank" ? "m+r" : operation}, of ours`] =
        us === undefined ? "" : us / ours;
    }
    return row;
  });
  const bars: Bar[] = size < 1_000_000 ? [] : [
    atMost(`rank at ${shown(size)}`, 1, figures.get("rank")!.get(OURS)!, "us"),
    atMost(
      `move + rank at ${shown(size)}`,
      2.5,
      figures.get("moveAndRank")!.get(OURS)!,
      "us",
    ),
  ];
  return {
    title: `leaderboard: ranks among ${shown(size)}`,
    notes: [
      "By player id, as text that is not the one stored; members and new scores at random; us for each.",
      `redis x${PIPELINED}: ${PIPELINED} at a time in one pipeline; its page is ZREVRANK, then ZREVRANGE.`,
      ...missing === "" ? [] : [`Without Redis:${missing}.`],
    ],
    rows,
    bars,
  };
}

async function measureOperation(
  subjects: readonly Subject[],
  operation: Operation,
  members: Members,
  count: number,
  isSmoke: boolean,
): Promise<Map<string, number>> {
  const able = subjects.filter((subject) => subject[operation] !== undefined);
  const moves = makeMoves(members, count);
  const contenders: Contender[] = able.map((subject) => ({
    name: subject.name,
    async run() {
      await subject[operation]!(moves, operationsOf(subject, count));
    },
  }));
  const samples = await takeTurns(contenders, {
    count,
    repetitions: isSmoke ? 3 : 15,
    warmUps: isSmoke ? 1 : 3,
  });
  return new Map(able.map((subject) => [
    subject.name,
    median(samples.get(subject.name)!.map(({ us }) => us)) * count /
    operationsOf(subject, count),
  ]));
}

function operationsOf({ share }: Subject, count: number): number {
  return Math.max(1, Math.round(count * share));
}

/** What was read, so that nobody may leave it out. */
function consume(value: number): void {
  if (Number.isNaN(value)) throw new Error("Cannot measure what is not read");
}

function ourSubject({ ids, scores }: Members): Subject {
  const index = new RankIndex({
    order: "descending",
    subscoreOrder: "descending",
    ties: "earliest",
  });
  let sequence = 0;
  for (const [i, id] of ids.entries()) {
    index.set(id, scores[i]!, 0, ++sequence);
  }
  return {
    name: OURS,
    share: 1,
    rank({ ids }, count) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += index.rankOf(ids[i]!);
      consume(sum);
    },
    moveAndRank({ ids, scores }, count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        index.set(ids[i]!, scores[i]!, 0, ++sequence);
        sum += index.rankOf(ids[i]!);
      }
      consume(sum);
    },
    page({ ids }, count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        const start = Math.max(0, index.offsetOf(ids[i]!) - 5);
        sum += index.slice(start, 10).length;
      }
      consume(sum);
    },
  };
}

function skipListSubject({ ids, scores }: Members): Subject {
  const list = new SkipList();
  let sequence = 0;
  for (const [i, id] of ids.entries()) list.set(id, scores[i]!, ++sequence);
  return {
    name: "skip list",
    share: 0.25,
    rank({ ids }, count) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += list.rankOf(ids[i]!);
      consume(sum);
    },
    moveAndRank({ ids, scores }, count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        list.set(ids[i]!, scores[i]!, ++sequence);
        sum += list.rankOf(ids[i]!);
      }
      consume(sum);
    },
  };
}

function sqliteSubject(
  { ids, scores }: Members,
  stack: AsyncDisposableStack,
  count: number,
): Subject {
  const database = new DatabaseSync(":memory:");
  stack.defer(() => database.close());
  database.exec(`
    CREATE TABLE entries (id TEXT PRIMARY KEY, score INTEGER, sequence INTEGER) WITHOUT ROWID;
    CREATE INDEX by_score ON entries (score DESC, sequence);
    BEGIN;
  `);
  const insert = database.prepare("INSERT INTO entries VALUES (?, ?, ?)");
  let sequence = 0;
  for (const [i, id] of ids.entries()) {
    insert.run(id, scores[i]!, ++sequence);
  }
  database.exec("COMMIT");
  const find = database.prepare(
    "SELECT score, sequence FROM entries WHERE id = ?",
  );
  const better = database.prepare(
    `SELECT (SELECT COUNT(*) FROM entries WHERE score > ?1)
       + (SELECT COUNT(*) FROM entries WHERE score = ?1 AND sequence < ?2) AS count`,
  );
  const move = database.prepare(
    "UPDATE entries SET score = ?, sequence = ? WHERE id = ?",
  );
  return {
    name: "SQLite COUNT(*)",
    // Some twenty in a turn at a million, where one takes tens of milliseconds.
    share: Math.min(0.05, Math.max(1 / count, 2_000 / ids.length / count)),
    rank({ ids }, count) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += countBetter(find, better, ids[i]!);
      consume(sum);
    },
    moveAndRank({ ids, scores }, count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        move.run(scores[i]!, ++sequence, ids[i]!);
        sum += countBetter(find, better, ids[i]!);
      }
      consume(sum);
    },
  };
}

function countBetter(
  find: StatementSync,
  better: StatementSync,
  id: string,
): number {
  const { score, sequence } = find.get(id)!;
  return Number(better.get(score!, sequence!)!.count);
}

async function redisSubjects(
  { ids, scores }: Members,
  stack: AsyncDisposableStack,
): Promise<Subject[]> {
  const server = stack.use(await RedisServer.start());
  const redis = new Redis(server.socket);
  stack.defer(() => redis.disconnect());
  for (let i = 0; i < ids.length; i += 1_000) {
    const end = Math.min(ids.length, i + 1_000);
    const members: (string | number)[] = [];
    for (let k = i; k < end; k++) members.push(scores[k]!, ids[k]!);
    await redis.zadd(KEY, ...members);
  }
  async function inBatches(
    count: number,
    ask: (pipeline: ReturnType<Redis["pipeline"]>, i: number) => void,
  ): Promise<unknown[]> {
    const answers: unknown[] = [];
    for (let i = 0; i < count; i += PIPELINED) {
      const pipeline = redis.pipeline();
      const end = Math.min(count, i + PIPELINED);
      for (let k = i; k < end; k++) ask(pipeline, k);
      for (const [error, answer] of await pipeline.exec() ?? []) {
        if (error !== null) throw error;
        answers.push(answer);
      }
    }
    return answers;
  }
  return [
    {
      name: "redis",
      share: 0.02,
      async rank({ ids }, count) {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          sum += Number(await redis.zrevrank(KEY, ids[i]!));
        }
        consume(sum);
      },
      async moveAndRank({ ids, scores }, count) {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          await redis.zadd(KEY, scores[i]!, ids[i]!);
          sum += Number(await redis.zrevrank(KEY, ids[i]!));
        }
        consume(sum);
      },
      async page({ ids }, count) {
        let sum = 0;
        for (let i = 0; i < count; i++) {
          const rank = Number(await redis.zrevrank(KEY, ids[i]!));
          const start = Math.max(0, rank - 5);
          sum += (await redis.zrevrange(KEY, start, start + 9)).length;
        }
        consume(sum);
      },
    },
    {
      name: `redis x${PIPELINED}`,
      share: 0.1,
      async rank({ ids }, count) {
        const ranks = await inBatches(
          count,
          (pipeline, i) => pipeline.zrevrank(KEY, ids[i]!),
        );
        consume(ranks.reduce((sum: number, rank) => sum + Number(rank), 0));
      },
      async moveAndRank({ ids, scores }, count) {
        const answers = await inBatches(count, (pipeline, i) => {
          pipeline.zadd(KEY, scores[i]!, ids[i]!);
          pipeline.zrevrank(KEY, ids[i]!);
        });
        consume(answers.reduce((sum: number, it) => sum + Number(it), 0));
      },
      async page({ ids }, count) {
        const ranks = await inBatches(
          count,
          (pipeline, i) => pipeline.zrevrank(KEY, ids[i]!),
        );
        const pages = await inBatches(count, (pipeline, i) => {
          const start = Math.max(0, Number(ranks[i]) - 5);
          pipeline.zrevrange(KEY, start, start + 9);
        });
        consume(pages.length);
      },
    },
  ];
}

function shown(size: number): string {
  return size.toLocaleString("en-US");
}

// Submissions that arrive twice, late, out of order, in batches, at two servers and after a restart, and others that
// borrow their keys and runs: each has exactly one effect. TICKWIRE_SOAK=1 sends 100,000 requests to each store, an
// ordinary run some thousands.
import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { STORE_KINDS } from "./_testing/stores.ts";
import { type Board, parseBoard } from "./board/board.ts";
import type { BoardOptions } from "./board/board_options.ts";
import { LeaderboardServer } from "./server/server.ts";
import type { LeaderboardStore, StoredEntry } from "./store/store.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const REQUESTS = IS_SOAK ? 100_000 : 2_000;
const SEED = 20_261_125;
const PER_ROUND = 50;
/** A reset every 144 rounds, and the whole of it within the 30 days that keys are kept. */
const ROUND_MS = 600_000;
const START_MS = Date.UTC(2026, 10, 25);
const KEY = "key-of-a-game-server";

const OPTIONS: Readonly<Record<string, BoardOptions>> = {
  total: {
    operator: "sum",
    classes: ["a", "b"],
    periods: { daily: { cron: "0 0 * * *" }, allTime: {} },
  },
  record: { operator: "best", order: "ascending", periods: { allTime: {} } },
  tries: {
    operator: "increment",
    attempts: { limit: 5, period: "allTime" },
    periods: { allTime: {} },
  },
  run: { operator: "sum", requiresRun: true, periods: { allTime: {} } },
};
const BOARDS: ReadonlyMap<string, Board> = new Map(
  Object.entries(OPTIONS).map((
    [name, options],
  ) => [name, parseBoard(`main/${name}`, options)]),
);

interface Body {
  readonly playerId: string;
  readonly score: number;
  readonly subscore: number;
  readonly class?: string;
  run?: string;
}

/** What a player did once, however often it is sent. */
interface Deed {
  readonly board: string;
  readonly key: string;
  readonly body: Body;
  /** When it took effect, or was refused, in epoch milliseconds. */
  settledMs: number;
  effects: number;
  refusals: number;
  duplicates: number;
}

/** One request for it: with its own key and body, or with something borrowed. */
interface Sending {
  readonly deed: Deed;
  readonly kind: "same" | "otherBody" | "otherKey";
  readonly at: number;
}

interface Answer {
  /** In a batch, a word for what was taken. */
  readonly status: number | "accepted";
  readonly isDuplicate?: boolean;
  readonly code?: string;
}

function makeSendings(random: SeededRandom): Sending[] {
  const players = Math.ceil(REQUESTS / 40);
  const sendings: Sending[] = [];
  const names = [...BOARDS.keys()];
  for (let i = 0; sendings.length < REQUESTS; i++) {
    const board = names[random.nextU32() % names.length]!;
    const isTries = board === "tries";
    const body: Body = {
      playerId: `p${random.nextU32() % players}`,
      score: isTries ? 1 : random.nextU32() % 1_000 - 500,
      subscore: isTries ? 1 : random.nextU32() % 3,
      ...(board === "total" && i % 3 > 0 && { class: i % 3 === 1 ? "a" : "b" }),
    };
    const counts = { settledMs: 0, effects: 0, refusals: 0, duplicates: 0 };
    const deed: Deed = { board, key: `key-${i}`, body, ...counts };
    const first = random.nextFloat();
    sendings.push({ deed, kind: "same", at: first });
    while (random.nextU32() % 4 > 0) {
      // At once, soon, or whenever, which may be long before the others.
      const spread = [1e-6, 1e-3, 1][random.nextU32() % 3]!;
      const at = first + spread * (random.nextFloat() - first);
      const borrowed = random.nextU32() % 8;
      const kind = borrowed === 0
        ? "otherBody"
        : borrowed === 1 && board === "run"
        ? "otherKey"
        : "same";
      sendings.push({ deed, kind, at });
    }
  }
  return sendings.sort((a, b) => a.at - b.at);
}

/** Servers of one store: two at a time, each replaced by a new one now and then. */
class Fleet {
  readonly clock = new ManualClock({ nowMs: 0, epochMs: START_MS });
  readonly #store: LeaderboardStore;
  readonly #runKey = new Uint8Array(32).fill(7);
  readonly #servers: LeaderboardServer[];

  constructor(store: LeaderboardStore) {
    this.#store = store;
    this.#servers = [this.#start(), this.#start()];
  }

  async post(index: number, path: string, body: unknown, key = ""): Promise<
    Record<string, unknown>
  > {
    const response = await this.#servers[index % 2]!.handler(
      new Request(`http://board.test/v1/${path}`, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          "x-api-key": KEY,
          ...(key !== "" && { "idempotency-key": key }),
        },
        body: JSON.stringify(body),
      }),
    );
    return { ...await response.json(), status: response.status };
  }

  async pass(ms: number, replaced: number | undefined): Promise<void> {
    this.clock.advance(ms);
    for (const server of this.#servers) server.tick(ms / 1_000);
    if (replaced === undefined) return;
    await this.#servers[replaced]!.close();
    this.#servers[replaced] = this.#start();
  }

  async close(): Promise<void> {
    for (const server of this.#servers) await server.close();
  }

  #start(): LeaderboardServer {
    return new LeaderboardServer({
      store: this.#store,
      authenticate: () => undefined,
      apiKeys: [{ key: KEY, role: "server" }],
      boards: OPTIONS,
      runKey: this.#runKey,
      clock: this.clock,
      onError: (error) => {
        throw error;
      },
    });
  }
}

function note(sending: Sending, answer: Answer, nowMs: number): void {
  const { deed, kind } = sending;
  const where = `${deed.board} ${deed.key} ${kind}: ${JSON.stringify(answer)}`;
  if (kind !== "same") {
    const code = kind === "otherBody" ? "idempotencyMismatch" : "runUsed";
    assertEquals([answer.status, answer.code], [409, code], where);
    return;
  }
  if (answer.status === 422) {
    assertEquals([deed.board, answer.code], ["tries", "attemptsExhausted"]);
    deed.refusals++;
    return;
  }
  assert(answer.status === 200 || answer.status === "accepted", where);
  if (answer.isDuplicate) {
    deed.duplicates++;
  } else {
    deed.effects++;
    deed.settledMs = nowMs;
  }
}

async function send(
  fleet: Fleet,
  server: number,
  sending: Sending,
): Promise<Answer> {
  const { board, body, key } = sending.deed;
  const other = sending.kind === "otherBody"
    ? { ...body, score: body.score + 1 }
    : body;
  const usedKey = sending.kind === "otherKey" ? `${key}-stolen` : key;
  const path = `boards/${board}/scores`;
  return await fleet.post(server, path, other, usedKey) as unknown as Answer;
}

async function sendBatch(
  fleet: Fleet,
  server: number,
  sendings: readonly Sending[],
): Promise<readonly Answer[]> {
  const submissions = sendings.map(({ deed: { board, key, body } }) => ({
    board,
    idempotencyKey: key,
    ...body,
  }));
  const answer = await fleet.post(server, "scores", { submissions });
  return answer.results as Answer[];
}

/** Sends everything, and notes what is said of it. */
async function sendAll(
  fleet: Fleet,
  random: SeededRandom,
  sendings: readonly Sending[],
): Promise<void> {
  for (let at = 0; at < sendings.length; at += PER_ROUND) {
    const round = sendings.slice(at, at + PER_ROUND);
    // What is borrowed must have been used, or whoever borrowed it would be the first.
    const sent = round.filter(({ kind, deed }) =>
      kind === "same" || deed.effects > 0
    );
    for (const { deed } of sent) {
      if (deed.board !== "run" || deed.body.run !== undefined) continue;
      const { playerId } = deed.body;
      const { run } = await fleet.post(0, "boards/run/runs", { playerId });
      deed.body.run = run as string;
    }
    const nowMs = fleet.clock.epochMs();
    const batch = sent.filter(({ kind }) =>
      kind === "same" && random.nextU32() % 4 === 0
    );
    const answers = await Promise.all([
      sendBatch(fleet, random.nextU32(), batch),
      ...sent.filter((sending) => !batch.includes(sending)).map(
        async (sending) => {
          const answer = await send(fleet, random.nextU32(), sending);
          return [sending, answer] as const;
        },
      ),
    ]);
    const [ofBatch, ...others] = answers;
    assertEquals(ofBatch.length, batch.length);
    for (const [i, answer] of ofBatch.entries()) {
      note(batch[i]!, answer, nowMs);
    }
    for (const [sending, answer] of others) note(sending, answer, nowMs);
    const chance = random.nextU32() % 20;
    await fleet.pass(ROUND_MS, chance < 2 ? chance : undefined);
  }
}

/** All that is in a ranking, by player. */
async function readAll(
  store: LeaderboardStore,
  board: Board,
  period: string,
  season: number,
  className: string,
): Promise<Map<string, StoredEntry>> {
  const ranking = board.ranking(period, season, className);
  const entries = new Map<string, StoredEntry>();
  for (;;) {
    const page = await store.page(ranking, {
      limit: 1_000,
      offset: entries.size,
    });
    for (const { entry } of page.entries) entries.set(entry.playerId, entry);
    if (page.entries.length === 0) return entries;
  }
}

/** What must be in it, from what took effect. */
function oracle(
  board: Board,
  deeds: readonly Deed[],
): Map<string, readonly [number, number]> {
  const entries = new Map<string, readonly [number, number]>();
  for (const { body: { playerId, score, subscore } } of deeds) {
    const before = entries.get(playerId);
    if (before === undefined) entries.set(playerId, [score, subscore]);
    else if (board.operator !== "best") {
      entries.set(playerId, [before[0] + score, before[1] + subscore]);
    } else if (
      score < before[0] || (score === before[0] && subscore < before[1])
    ) entries.set(playerId, [score, subscore]);
  }
  return entries;
}

/** Compares each ranking that there may be; returns how many entries there were. */
async function checkRankings(
  store: LeaderboardStore,
  deeds: readonly Deed[],
): Promise<number> {
  let count = 0;
  const days = Math.ceil(REQUESTS / PER_ROUND * ROUND_MS / 86_400_000) + 1;
  for (const [name, board] of BOARDS) {
    const settled = deeds.filter((deed) =>
      deed.board === name && deed.effects > 0
    );
    for (const period of board.periods.keys()) {
      const seasons = period === "allTime"
        ? [0]
        : Array.from({ length: days }, (_, i) => START_MS + i * 86_400_000);
      for (const season of seasons) {
        for (const className of ["", ...board.classes]) {
          const counted = settled.filter(({ body, settledMs }) =>
            (className === "" || body.class === className) &&
            (season === 0 ||
              (settledMs >= season && settledMs < season + 86_400_000))
          );
          const wanted = oracle(board, counted);
          const found = await readAll(store, board, period, season, className);
          const where = `${name} ${period} ${season} ${className}`;
          assertEquals(found.size, wanted.size, where);
          for (const [playerId, { score, subscore }] of found) {
            assertEquals(
              [score, subscore],
              wanted.get(playerId) as unknown,
              `${where} ${playerId}`,
            );
          }
          count += found.size;
        }
      }
    }
  }
  return count;
}

for (const { name, missing, open } of STORE_KINDS) {
  Deno.test({
    name: `LeaderboardServer gives each submission exactly one effect: ${
      REQUESTS.toLocaleString("en")
    } requests, ${name}${missing}`,
    ignore: missing !== "",
    async fn() {
      await using own = await open();
      const fleet = new Fleet(own.store);
      const random = new SeededRandom(SEED);
      const sendings = makeSendings(random);
      await sendAll(fleet, random, sendings);
      await fleet.close();
      const deeds = [...new Set(sendings.map(({ deed }) => deed))];
      const tries = new Map<string, number>();
      let duplicates = 0;
      for (const { board, body, key, effects, refusals, ...deed } of deeds) {
        assertEquals(effects + Math.sign(refusals), 1, `${board} ${key}`);
        duplicates += deed.duplicates;
        if (board !== "tries") continue;
        const { playerId } = body;
        tries.set(playerId, (tries.get(playerId) ?? 0) + effects);
        if (refusals > 0) assertEquals(deed.duplicates, 0, key);
      }
      for (const { board, body, refusals } of deeds) {
        if (board === "tries" && refusals > 0) {
          assertEquals(tries.get(body.playerId), 5);
        }
      }
      assert(Math.max(...tries.values()) === 5);
      assert(duplicates > sendings.length / 3, `${duplicates} duplicates`);
      const entries = await checkRankings(own.store, deeds);
      assert(entries > sendings.length / 40, `${entries} entries`);
    },
  });
}

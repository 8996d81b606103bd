// Random operations on a store, each of which is held against a model that sorts an array anew.
import { assert, assertEquals } from "@std/assert";
import { type PlayerId, playerId, SeededRandom } from "../../../core/mod.ts";
import {
  randomScore,
  SCORE_KINDS,
  type ScoreKind,
} from "../../ranking/_testing/random_scores.ts";
import { RankOracle } from "../../ranking/_testing/rank_oracle.ts";
import { addScores, MAX_SCORE, MIN_SCORE, type Score } from "../../score.ts";
import type {
  EntryChange,
  HeldSubmission,
  LeaderboardStore,
  PageQuery,
  RankedEntry,
  Ranking,
  RankingKey,
  RankingPosition,
  Standing,
  StoredEntry,
  Transaction,
  TransactionChange,
  TransactionResult,
  TransactionState,
} from "../store.ts";
import { NOW_MS, ORDERS, rankingOf, TIE_RULES } from "./store_fixture.ts";

/** What a store may keep beside the entries that are there. */
const MOST_DEAD = 10_000;

/** How {@linkcode runStoreModel} runs. */
export interface StoreModelOptions {
  /** What the operations are made from. It is named in every failure. */
  readonly seed: number;
  /** How many operations there are. */
  readonly operations: number;
  /** The most players that submit at the same time. */
  readonly concurrent?: number;
  /** How many players there are. */
  readonly players?: number;
  /** Operations after which all of every ranking is compared. */
  readonly checkEvery?: number;
}

/**
 * Does random operations on an empty store, and compares all that it says with what it should.
 *
 * @throws {Error} Where it does not agree, naming seed and operation.
 */
export async function runStoreModel(
  store: LeaderboardStore,
  options: StoreModelOptions,
): Promise<void> {
  const { operations, checkEvery = 500 } = options;
  const run = new ModelRun(store, options);
  let i = 0;
  try {
    await run.start();
    while (i < operations) {
      const before = i;
      i += await run.step();
      if (Math.floor(i / checkEvery) > Math.floor(before / checkEvery)) {
        await run.checkAll();
      }
    }
    await run.checkAll();
    await run.end();
  } catch (cause) {
    throw new Error(
      `The store does not agree with the model: seed ${options.seed}, operation ${i}: ${
        cause instanceof Error ? cause.message : cause
      }`,
      { cause },
    );
  }
}

/** A board's ranking as it should be. */
class ModelRanking {
  readonly ranking: Ranking;
  readonly all = new Map<PlayerId, StoredEntry>();
  readonly shown: RankOracle<StoredEntry>;

  constructor(ranking: Ranking) {
    this.ranking = ranking;
    this.shown = new RankOracle(ranking);
  }

  put(id: PlayerId, entry: StoredEntry | null): void {
    if (entry === null) this.all.delete(id);
    else this.all.set(id, entry);
    if (entry === null || entry.isHidden) this.shown.delete(id);
    else this.shown.set(entry);
  }

  ranked(): RankedEntry[] {
    const ranks = this.shown.ranks();
    return this.shown.sorted().map((entry, i) => ({ entry, rank: ranks[i]! }));
  }

  standing(id: PlayerId): Standing | undefined {
    const entry = this.all.get(id);
    if (entry === undefined) return undefined;
    const at = this.shown.sorted().indexOf(entry);
    const rank = at < 0 ? 0 : this.shown.ranks()[at]!;
    return { entry, rank, total: this.shown.size };
  }
}

/** A submission that was sent, and what was said of it. */
interface Submission {
  readonly transaction: Transaction;
  readonly rankings: readonly ModelRanking[];
  readonly states: TransactionState[];
  readonly result: Promise<TransactionResult<TransactionChange>>;
}

class ModelRun {
  readonly #store: LeaderboardStore;
  readonly #random: SeededRandom;
  readonly #players: readonly PlayerId[];
  readonly #concurrent: number;
  readonly #scores: ScoreKind;
  readonly #subscores: ScoreKind;
  readonly #boards: readonly string[] = ["main/a", "main/b"];
  readonly #rankings: readonly ModelRanking[];
  readonly #options = new Map<string, string>();
  readonly #claims = new Map<string, { value: string; expiresMs: number }>();
  readonly #attempts = new Map<string, number>();
  readonly #held = new Map<string, HeldSubmission>();
  readonly #sequences = new Map<string, number>();
  /** Changes that were told, and those that should be, since the last check. */
  readonly #told: EntryChange[] = [];
  readonly #expected: EntryChange[] = [];
  #isOrdered = true;
  #nowMs = NOW_MS;
  #holds = 0;
  #endListening: () => Promise<void> = () => Promise.resolve();

  constructor(
    store: LeaderboardStore,
    { seed, concurrent = 1, players = 60 }: StoreModelOptions,
  ) {
    this.#store = store;
    this.#random = new SeededRandom(seed);
    this.#players = Array.from(
      { length: players },
      (_, i) => playerId(i % 7 === 0 ? `spieler-\u00e4\u{1f600}${i}` : `p${i}`),
    );
    this.#concurrent = concurrent;
    this.#scores = this.#pick(SCORE_KINDS);
    this.#subscores = this.#pick(SCORE_KINDS);
    this.#rankings = this.#boards.flatMap((board) => {
      const how = {
        board,
        order: this.#pick(ORDERS),
        subscoreOrder: this.#pick(ORDERS),
        ties: this.#pick(TIE_RULES),
      };
      return [
        { period: "allTime", season: 0, className: "" },
        { period: "allTime", season: 0, className: "any%" },
        { period: "daily", season: 86_400_000, className: "" },
        { period: "daily", season: 172_800_000, className: "" },
      ].map((key) => new ModelRanking(rankingOf({ ...how, ...key })));
    });
  }

  async start(): Promise<void> {
    this.#endListening = await this.#store.subscribe((change) =>
      this.#told.push(change)
    );
  }

  async end(): Promise<void> {
    await this.#endListening();
  }

  /** Does something; returns how many operations that was. */
  async step(): Promise<number> {
    this.#nowMs += this.#below(5);
    const dice = this.#below(1000);
    if (dice < 600) return await this.#submit();
    if (dice < 650) await this.#remove();
    else if (dice < 720) await this.#hold();
    else if (dice < 730) await this.#failToDecide();
    else if (dice < 733) await this.#drop();
    else if (dice < 740) await this.#store.prune(this.#nowMs);
    else if (dice < 760) await this.#putBoard();
    else if (dice < 790) await this.#readHeld();
    else if (dice < 800) await this.#readReplay();
    else await this.#read();
    return 1;
  }

  /** Compares all that is there. */
  async checkAll(): Promise<void> {
    for (const model of this.#rankings) {
      const expected = model.ranked();
      const entries: RankedEntry[] = [];
      while (true) {
        const page = await this.#store.page(model.ranking, {
          limit: 1000,
          offset: entries.length,
        });
        assertEquals(page.total, expected.length);
        if (page.entries.length === 0) break;
        entries.push(...page.entries);
      }
      assertSame(entries, expected);
    }
    for (const board of this.#boards) {
      assertSame(
        (await this.#store.rankings(board)).map(nameOf).sort(),
        this.#rankings.filter(({ ranking, all }) =>
          ranking.board === board && all.size > 0
        ).map(({ ranking }) => nameOf(ranking)).sort(),
      );
    }
    await this.#checkTold();
  }

  #below(end: number): number {
    return this.#random.nextU32() % end;
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[this.#below(items.length)]!;
  }

  /** Different players. */
  #pickPlayers(count: number): PlayerId[] {
    const picked = new Set<PlayerId>();
    for (let i = 0; i < count; i++) picked.add(this.#pick(this.#players));
    return [...picked];
  }

  #replay(): string {
    return this.#below(8) > 0 ? "" : `${10 + this.#below(20)}`.repeat(32);
  }

  async #submit(): Promise<number> {
    const players = this.#pickPlayers(1 + this.#below(this.#concurrent));
    const board = this.#pick(this.#boards);
    const isAlone = players.length === 1;
    const submissions = players.map((id) =>
      this.#send(board, id, isAlone && this.#below(10) === 0)
    );
    const sequences: number[] = [];
    const before = this.#sequences.get(board) ?? 0;
    for (const { transaction, rankings, states, result } of submissions) {
      const { change, isFull, standings } = await result;
      const state = states.at(-1)!;
      this.#checkState(transaction, rankings, state);
      const { maxEntries = Infinity } = transaction;
      assertEquals(
        isFull,
        rankings.some(({ all }, i) =>
          change.entries?.[i] && all.size >= maxEntries &&
          !all.has(transaction.playerId)
        ),
      );
      if (!isFull && change.attempts !== undefined) {
        assert(
          state.sequence > before,
          `Sequence ${state.sequence} is not above ${before}`,
        );
        sequences.push(state.sequence);
      }
      if (!isFull) this.#apply(transaction, rankings, change);
      if (isAlone) {
        assertSame(
          standings,
          rankings.map((model) => model.standing(transaction.playerId)),
        );
      } else {
        this.#isOrdered = false;
        assertSame(
          standings.map((standing) => standing?.entry),
          rankings.map(({ all }) => all.get(transaction.playerId)),
        );
      }
    }
    assertEquals(new Set(sequences).size, sequences.length);
    this.#sequences.set(board, Math.max(before, ...sequences));
    return players.length;
  }

  #send(board: string, id: PlayerId, isBounded: boolean): Submission {
    const rankings = this.#rankings.filter(({ ranking }) =>
      ranking.board === board && this.#below(3) > 0
    );
    const transaction: Transaction = {
      board,
      playerId: id,
      rankings: rankings.map(({ ranking }) => ranking),
      nowMs: this.#nowMs,
      claims: [`key-${this.#below(30)}`],
      attempts: { period: "daily", season: this.#pick([1, 2]) * 86_400_000 },
      ...(isBounded ? { maxEntries: this.#below(this.#players.length) } : {}),
    };
    const operator = this.#pick(["latest", "sum", "best"] as const);
    const score = randomScore(this.#random, this.#scores);
    const subscore = randomScore(this.#random, this.#subscores);
    const rest = {
      playerId: id,
      name: `${id}!`,
      className: this.#pick(["", "any%"]),
      metadata: this.#pick(["", '{"level":3}', '{"x":"\u00e9\\""}']),
      replay: this.#replay(),
      submittedMs: this.#nowMs,
      isHidden: this.#below(12) === 0,
    };
    const expiresMs = this.#nowMs + this.#below(2000);
    function decide(state: TransactionState): TransactionChange {
      states.push(state);
      if (state.claimed[0] !== undefined) return {};
      return {
        entries: rankings.map(({ shown }, i) => {
          const before = state.entries[i];
          const place = { score, subscore, sequence: state.sequence };
          if (operator === "best" && before !== undefined) {
            if (shown.compare(before, place) < 0) return undefined;
          }
          if (operator === "sum" && before !== undefined) {
            const sum = addScores(before.score, score);
            if (sum === undefined) return undefined;
            return { ...rest, ...place, score: sum };
          }
          return { ...rest, ...place };
        }),
        claims: [{ value: `${state.sequence}`, expiresMs }],
        attempts: state.attempts + 1,
      };
    }
    const states: TransactionState[] = [];
    const result = this.#store.transact(transaction, decide);
    // Whoever fails first is told of; the others must not be unhandled.
    result.catch(() => {});
    return { transaction, rankings, states, result };
  }

  async #remove(): Promise<void> {
    const model = this.#pick(this.#rankings);
    const id = this.#pick(this.#players);
    const transaction: Transaction = {
      board: model.ranking.board,
      playerId: id,
      rankings: [model.ranking],
      nowMs: this.#nowMs,
    };
    const { standings } = await this.#store.transact(
      transaction,
      (state) => {
        this.#checkState(transaction, [model], state);
        return { entries: [null] };
      },
    );
    assertEquals(standings, [undefined]);
    this.#apply(transaction, [model], { entries: [null] });
  }

  async #hold(): Promise<void> {
    const board = this.#pick(this.#boards);
    const ids = [...this.#held.keys()];
    const heldId = ids.length > 0 ? this.#pick(ids) : "none";
    const known = this.#held.get(heldId);
    const isOwn = known !== undefined && this.#below(5) > 0;
    const transaction: Transaction = {
      board: isOwn ? known.board : board,
      playerId: isOwn ? known.playerId : this.#pick(this.#players),
      rankings: [],
      nowMs: this.#nowMs,
      heldId,
    };
    const isNew = ids.length < 20 && this.#below(2) === 0;
    const releasesHeld = this.#below(2) === 0;
    const id = `held-${this.#holds++}`;
    const replay = this.#replay();
    const { change } = await this.#store.transact(
      transaction,
      (state): TransactionChange => {
        this.#checkState(transaction, [], state);
        const { held } = state;
        if (isNew) {
          const { board, playerId, nowMs: heldMs } = transaction;
          return {
            releasesHeld,
            hold: {
              ...{ id, board, playerId, heldMs, replay },
              sequence: state.sequence,
              state: "unverified",
              data: `{"n":"${id}\u00e9"}`,
            },
          };
        }
        if (releasesHeld || held === undefined) return { releasesHeld };
        return { hold: { ...held, state: "quarantined", replay } };
      },
    );
    if (change.hold !== undefined && isNew) {
      const before = this.#sequences.get(transaction.board) ?? 0;
      assert(change.hold.sequence > before);
      this.#sequences.set(transaction.board, change.hold.sequence);
    }
    this.#apply(transaction, [], change);
  }

  async #failToDecide(): Promise<void> {
    const model = this.#pick(this.#rankings);
    const mistake = new Error("of the model");
    try {
      await this.#store.transact({
        board: model.ranking.board,
        playerId: this.#pick(this.#players),
        rankings: [model.ranking],
        nowMs: this.#nowMs,
      }, () => {
        throw mistake;
      });
    } catch (error) {
      assert(error === mistake, `${error}`);
      return;
    }
    throw new Error("It resolves where decide throws");
  }

  async #drop(): Promise<void> {
    const { ranking, all, shown } = this.#pick(this.#rankings);
    const limit = 1 + this.#below(40);
    let calls = 0;
    while (!await this.#store.dropRanking(ranking, limit)) {
      // A store may count what it keeps of entries that were replaced.
      assert(++calls <= (all.size + MOST_DEAD) / limit + 5, "It never ends");
    }
    for (const id of all.keys()) shown.delete(id);
    all.clear();
    const { board, period, season } = ranking;
    for (const key of this.#attempts.keys()) {
      if (key.startsWith(`${board}\n${period}\n${season}\n`)) {
        this.#attempts.delete(key);
      }
    }
  }

  async #putBoard(): Promise<void> {
    const board = `main/board-${this.#below(5)}`;
    const now = this.#options.get(board);
    const before = this.#below(3) > 0
      ? now
      : this.#pick([undefined, "{}", '{"n":1}']);
    const options = this.#below(3) > 0 ? `{"n":${this.#below(3)}}` : undefined;
    assertEquals(
      await this.#store.putBoard(board, options, before),
      before === now,
    );
    if (before === now) {
      if (options === undefined) this.#options.delete(board);
      else this.#options.set(board, options);
    }
    assertEquals(await this.#store.board(board), this.#options.get(board));
    assertSame(
      await this.#store.boards("main"),
      [...this.#options].map(([board, options]) => ({ board, options })).sort(
        (a, b) => a.board < b.board ? -1 : 1,
      ),
    );
  }

  async #readHeld(): Promise<void> {
    const board = this.#pick(this.#boards);
    const state = this.#pick(["unverified", "quarantined"] as const);
    const afterSequence = this.#below((this.#sequences.get(board) ?? 0) + 1);
    const limit = 1 + this.#below(10);
    assertSame(
      await this.#store.held(board, { state, afterSequence, limit }),
      [...this.#held.values()].filter((held) =>
        held.board === board && held.state === state &&
        held.sequence > afterSequence
      ).sort((a, b) => a.sequence - b.sequence).slice(0, limit),
    );
  }

  async #readReplay(): Promise<void> {
    const replay = `${10 + this.#below(20)}`.repeat(32);
    const isLinked =
      [...this.#held.values()].some((held) => held.replay === replay) ||
      this.#rankings.some(({ all }) =>
        [...all.values()].some((entry) => entry.replay === replay)
      );
    assertEquals(await this.#store.isReplayLinked(replay), isLinked);
  }

  async #read(): Promise<void> {
    const model = this.#pick(this.#rankings);
    const { ranking } = model;
    const ranked = model.ranked();
    const id = this.#pick(this.#players);
    const limit = 1 + this.#below(this.#below(2) ? 5 : 50);
    switch (this.#below(4)) {
      case 0: {
        const standing = model.standing(id);
        assertSame(
          await this.#store.standing(ranking, id),
          standing?.entry.isHidden ? undefined : standing,
        );
        break;
      }
      case 1: {
        const at = ranked.findIndex(({ entry }) => entry.playerId === id);
        const wanted = at - Math.floor(limit / 2);
        const offset = Math.max(0, Math.min(wanted, ranked.length - limit));
        assertSame(
          await this.#store.around(ranking, id, limit),
          at < 0 ? undefined : {
            entries: ranked.slice(offset, offset + limit),
            total: ranked.length,
            offset,
          },
        );
        break;
      }
      case 2: {
        const ids = this.#pickPlayers(limit);
        assertSame(
          await this.#store.ofPlayers(ranking, ids),
          ranked.filter(({ entry }) => ids.includes(entry.playerId)),
        );
        break;
      }
      default:
        await this.#readPage(model, ranked, limit);
    }
  }

  async #readPage(
    { ranking, shown }: ModelRanking,
    ranked: readonly RankedEntry[],
    limit: number,
  ): Promise<void> {
    const minScore = this.#below(3) === 0 ? this.#bound() : undefined;
    const maxScore = this.#below(3) === 0 ? this.#bound() : undefined;
    const after = this.#below(2) === 0 ? this.#place(ranked) : undefined;
    const offset = after === undefined && this.#below(3) > 0
      ? this.#below(ranked.length + 5)
      : undefined;
    const query: PageQuery = {
      limit,
      ...(minScore === undefined ? {} : { minScore }),
      ...(maxScore === undefined ? {} : { maxScore }),
      ...(after === undefined ? {} : { after }),
      ...(offset === undefined ? {} : { offset }),
    };
    const range = ranked.filter(({ entry: { score } }) =>
      score >= (minScore ?? MIN_SCORE) && score <= (maxScore ?? MAX_SCORE)
    );
    const start = after === undefined
      ? Math.min(offset ?? 0, range.length)
      : range.filter(({ entry }) => shown.compare(entry, after) <= 0).length;
    assertSame(await this.#store.page(ranking, query), {
      entries: range.slice(start, start + limit),
      total: range.length,
      offset: start,
    });
  }

  #bound(): Score {
    return this.#pick<Score>([
      MIN_SCORE,
      MAX_SCORE,
      0,
      randomScore(this.#random, this.#scores),
      randomScore(this.#random, this.#scores),
    ]);
  }

  /** Where somebody is, or nearly, or anywhere. */
  #place(ranked: readonly RankedEntry[]): RankingPosition {
    if (ranked.length > 0 && this.#below(2) === 0) {
      const { score, subscore, sequence } = this.#pick(ranked).entry;
      return { score, subscore, sequence: sequence - this.#below(2) };
    }
    return {
      score: randomScore(this.#random, this.#scores),
      subscore: randomScore(this.#random, this.#subscores),
      sequence: this.#below(1000),
    };
  }

  /** Compares what a transaction has seen. */
  #checkState(
    { board, playerId, nowMs, claims = [], attempts, heldId }: Transaction,
    rankings: readonly ModelRanking[],
    state: TransactionState,
  ): void {
    const claimed = claims.map((claim) => {
      const found = this.#claims.get(`${board}\n${playerId}\n${claim}`);
      return found !== undefined && found.expiresMs > nowMs
        ? found.value
        : undefined;
    });
    const held = this.#held.get(heldId ?? "");
    const isOwn = held?.board === board && held.playerId === playerId;
    assertSame([
      state.entries,
      state.claimed,
      state.attempts,
      state.held,
    ], [
      rankings.map(({ all }) => all.get(playerId)),
      claimed,
      attempts === undefined
        ? 0
        : this.#attempts.get(attemptsKey(board, playerId, attempts)) ?? 0,
      isOwn ? held : undefined,
    ]);
  }

  #apply(
    { board, playerId, claims = [], attempts, heldId }: Transaction,
    rankings: readonly ModelRanking[],
    change: TransactionChange,
  ): void {
    for (const [i, model] of rankings.entries()) {
      const entry = change.entries?.[i];
      if (entry === undefined) continue;
      const wasShown = model.shown.get(playerId) !== undefined;
      model.put(playerId, entry);
      const shown = model.shown.get(playerId);
      if (!wasShown && shown === undefined) continue;
      const { board, period, season, className } = model.ranking;
      this.#expected.push({
        ranking: { board, period, season, className },
        playerId,
        entry: shown,
        rank: shown === undefined ? 0 : model.standing(playerId)!.rank,
        total: model.shown.size,
      });
    }
    for (const [i, claim] of claims.entries()) {
      const made = change.claims?.[i];
      if (made === undefined) continue;
      this.#claims.set(`${board}\n${playerId}\n${claim}`, made);
    }
    if (change.attempts !== undefined) {
      const key = attemptsKey(board, playerId, attempts!);
      this.#attempts.set(key, change.attempts);
    }
    const held = this.#held.get(heldId ?? "");
    const isOwn = held?.board === board && held.playerId === playerId;
    if (change.releasesHeld && isOwn) this.#held.delete(held.id);
    if (change.hold !== undefined) this.#held.set(change.hold.id, change.hold);
  }

  /** Compares what listeners were told: where several submitted at once, without ranks and only each player's order. */
  async #checkTold(): Promise<void> {
    const endMs = performance.now() + 30_000;
    while (this.#told.length < this.#expected.length) {
      assert(performance.now() < endMs, "Not all changes are told");
      await new Promise((resolve) => setTimeout(resolve));
    }
    if (this.#isOrdered) assertSame(this.#told, this.#expected);
    else assertSame(byPlayer(this.#told), byPlayer(this.#expected));
    this.#told.length = 0;
    this.#expected.length = 0;
    this.#isOrdered = true;
  }
}

function attemptsKey(
  board: string,
  id: PlayerId,
  { period, season }: { readonly period: string; readonly season: number },
): string {
  return `${board}\n${period}\n${season}\n${id}`;
}

function nameOf({ board, period, season, className }: RankingKey): string {
  return `${board} ${period} ${season} ${className}`;
}

/** Each player's entries in each ranking, in their order. */
function byPlayer(
  changes: readonly EntryChange[],
): [where: string, entries: (StoredEntry | undefined)[]][] {
  const groups = Map.groupBy(
    changes,
    ({ ranking, playerId }) => `${nameOf(ranking)} ${playerId}`,
  );
  return Array.from(
    groups,
    ([where, own]): [string, (StoredEntry | undefined)[]] => [
      where,
      own.map(({ entry }) => entry),
    ],
  ).sort(([a], [b]) => a < b ? -1 : 1);
}

/** As assertEquals, but quick where the two are written alike. */
function assertSame(actual: unknown, expected: unknown): void {
  if (textOf(actual) !== textOf(expected)) assertEquals(actual, expected);
}

function textOf(value: unknown): string {
  return JSON.stringify(
    value,
    (_, part) => typeof part === "bigint" ? `${part}n` : part ?? null,
  );
}

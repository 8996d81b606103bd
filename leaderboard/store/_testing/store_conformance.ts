// What every LeaderboardStore does, as one table of cases.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { playerId } from "../../../core/mod.ts";
import { LeaderboardError } from "../../leaderboard_error.ts";
import { MAX_SCORE, MIN_SCORE, type Score } from "../../score.ts";
import type {
  EntryChange,
  HeldSubmission,
  LeaderboardStore,
  PageQuery,
  RankingPosition,
  StoredEntry,
  Transaction,
  TransactionChange,
  TransactionState,
} from "../store.ts";
import {
  entryOf,
  idsOf,
  NOW_MS,
  ORDERS,
  put,
  rankingOf,
  ranksOf,
  remove,
  TIE_RULES,
} from "./store_fixture.ts";

/** A store over storage of its own. */
export interface StoreSubject {
  /** The store, which nothing has been put in. */
  readonly store: LeaderboardStore;
  /** Whether the storage forgets claims by itself, by its own clock, and leaves `prune` nothing to do. */
  readonly forgetsByItself?: boolean;
  /** Closes what was opened, where it is open, and removes the storage. */
  close(): Promise<void>;
}

/** One whose storage several stores may share. */
export interface SharedStoreSubject extends StoreSubject {
  /** Opens one more over the same storage. */
  another(): Promise<LeaderboardStore>;
}

/**
 * Registers a test for each of the cases.
 *
 * @param name The name of the implementation.
 * @param open Opens a store over fresh storage.
 * @param ignore Whether it cannot run here.
 */
export function storeConformance(
  name: string,
  open: () => Promise<StoreSubject>,
  ignore = false,
): void {
  register(name, open, STORE_CASES, ignore);
}

/**
 * Registers a test for each of the cases of stores over one storage, beside those of {@linkcode storeConformance}.
 *
 * @param name The name of the implementation.
 * @param open Opens a store over fresh storage.
 * @param ignore Whether it cannot run here.
 */
export function sharedStoreConformance(
  name: string,
  open: () => Promise<SharedStoreSubject>,
  ignore = false,
): void {
  register(name, open, SHARED_STORE_CASES, ignore);
}

function register<Subject extends StoreSubject>(
  name: string,
  open: () => Promise<Subject>,
  cases: Readonly<Record<string, (subject: Subject) => Promise<void>>>,
  ignore: boolean,
): void {
  for (const [behaviour, run] of Object.entries(cases)) {
    Deno.test({
      name: `${name}.${behaviour}`,
      ignore,
      fn: async () => {
        const subject = await open();
        try {
          await run(subject);
        } finally {
          await subject.close();
        }
      },
    });
  }
}

const RANKING = rankingOf();
const ADA = playerId("ada");
const BOB = playerId("bob");

/** Scores at which doubles, signs and 64 bits go wrong, lowest first. */
const HARD_SCORES: readonly Score[] = [
  MIN_SCORE,
  MIN_SCORE + 1n,
  -(2n ** 60n) - 1n,
  -(2n ** 60n),
  -(2n ** 53n) - 1n,
  -(2n ** 53n),
  Number.MIN_SAFE_INTEGER,
  -4_294_967_297,
  -2_147_483_648,
  -10,
  -9,
  -1,
  0,
  1,
  9,
  10,
  2_147_483_648,
  4_294_967_296,
  Number.MAX_SAFE_INTEGER - 1,
  Number.MAX_SAFE_INTEGER,
  2n ** 53n,
  2n ** 53n + 1n,
  2n ** 60n,
  2n ** 60n + 1n,
  MAX_SCORE - 1n,
  MAX_SCORE,
];

function transactionOf(part: Partial<Transaction> = {}): Transaction {
  return {
    board: RANKING.board,
    playerId: ADA,
    rankings: [],
    nowMs: NOW_MS,
    ...part,
  };
}

function heldOf(
  id: string,
  sequence: number,
  part: Partial<HeldSubmission> = {},
): HeldSubmission {
  return {
    id,
    board: RANKING.board,
    playerId: ADA,
    sequence,
    heldMs: NOW_MS,
    state: "unverified",
    replay: "",
    data: '{"score":7}',
    ...part,
  };
}

/** What a transaction sees, which changes nothing. */
async function look(
  store: LeaderboardStore,
  part: Partial<Transaction> = {},
): Promise<TransactionState> {
  const { change } = await store.transact(
    transactionOf(part),
    (state): TransactionChange & { state: TransactionState } => ({ state }),
  );
  return change.state;
}

/** Adds up many scores of one player at once, by turns in each of the stores. */
async function sumUp(stores: readonly LeaderboardStore[]): Promise<void> {
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, i) =>
      stores[i % stores.length]!.transact(
        transactionOf({
          rankings: [RANKING],
          attempts: { period: "allTime", season: 0 },
        }),
        ({ sequence, entries: [before], attempts }) => ({
          entries: [entryOf("ada", Number(before?.score ?? 0) + i, sequence)],
          attempts: attempts + 1,
        }),
      )),
  );
  const sequences = results.map(({ standings }) =>
    standings[0]!.entry.sequence
  );
  assertEquals(new Set(sequences).size, 100);
  for (const store of stores) {
    const state = await look(store, {
      rankings: [RANKING],
      attempts: { period: "allTime", season: 0 },
    });
    assertEquals(state.entries[0]?.score, 4950);
    assertEquals(state.attempts, 100);
  }
}

/** Comes to an end in the next turns of the event loop, or fails. */
async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 30_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error("It never came true");
    await new Promise((resolve) => setTimeout(resolve));
  }
}

async function assertClosed(call: () => Promise<unknown>): Promise<void> {
  const error = await assertRejects(call, LeaderboardError);
  assertEquals(error.code, "closed");
}

/** What every {@linkcode LeaderboardStore} does. */
export const STORE_CASES: Readonly<
  Record<string, (subject: StoreSubject) => Promise<void>>
> = {
  "transact() puts an entry with all that it has": async ({ store }) => {
    const entry = entryOf("ada", 4200, 1, {
      name: "Ada \u{1f600} \"'; --",
      subscore: -3,
      className: "any%",
      metadata: '{"level":3,"emoji":"\u{1f600}\\u0000"}',
      replay: "9f".repeat(32),
      submittedMs: 1_764_106_119_123,
    });
    let seen: TransactionState | undefined;
    const result = await store.transact(
      transactionOf({ rankings: [RANKING] }),
      (state) => {
        seen = state;
        return { entries: [{ ...entry, sequence: state.sequence }], extra: 5 };
      },
    );
    const { sequence, ...rest } = seen!;
    assert(Number.isSafeInteger(sequence) && sequence >= 1);
    assertEquals(rest, {
      entries: [undefined],
      claimed: [],
      attempts: 0,
      held: undefined,
    });
    const stored = { ...entry, sequence };
    assertEquals(result.change.extra, 5);
    assertEquals(result.isFull, false);
    assertEquals(result.standings, [{ entry: stored, rank: 1, total: 1 }]);
    assertEquals((await look(store, { rankings: [RANKING] })).entries, [
      stored,
    ]);
    assertEquals(await store.standing(RANKING, ADA), {
      entry: stored,
      rank: 1,
      total: 1,
    });
    assertEquals(await store.page(RANKING, { limit: 10 }), {
      entries: [{ entry: stored, rank: 1 }],
      total: 1,
      offset: 0,
    });
  },

  "transact() replaces, removes and leaves entries": async ({ store }) => {
    await put(store, RANKING, "ada", 1);
    await put(store, RANKING, "bob", 2);
    const moved = await put(store, RANKING, "ada", 3, { name: "Ada" });
    assertEquals(moved.standings[0]!.rank, 1);
    assertEquals(moved.standings[0]!.total, 2);
    for (const change of [{}, { entries: [] }, { entries: [undefined] }]) {
      const left = await store.transact(
        transactionOf({ rankings: [RANKING] }),
        (): TransactionChange => change,
      );
      assertEquals(left.standings[0]!.entry.name, "Ada");
    }
    const removed = await store.transact(
      transactionOf({ rankings: [RANKING] }),
      () => ({ entries: [null] }),
    );
    assertEquals(removed.standings, [undefined]);
    assertEquals(await store.standing(RANKING, ADA), undefined);
    assertEquals((await store.standing(RANKING, BOB))?.rank, 1);
    await remove(store, RANKING, "ada");
    assertEquals((await store.page(RANKING, { limit: 5 })).total, 1);
  },

  "transact() writes several rankings as one": async ({ store }) => {
    const rankings = [
      rankingOf({ period: "daily", season: 1_764_028_800_000 }),
      rankingOf({ period: "daily", season: 1_764_028_800_000, className: "a" }),
      rankingOf({ period: "daily", season: 1_764_115_200_000 }),
      rankingOf({ order: "ascending", ties: "shared" }),
      rankingOf({ className: "a" }),
    ];
    await put(store, rankings, "bob", 10);
    const result = await store.transact(
      transactionOf({ rankings }),
      ({ sequence }) => ({
        entries: rankings.map((_, i) =>
          i === 2 ? undefined : entryOf("ada", i * 5, sequence)
        ),
      }),
    );
    assertEquals(result.standings.map((standing) => standing?.rank), [
      2,
      2,
      undefined,
      2,
      1,
    ]);
    for (const [i, ranking] of rankings.entries()) {
      const standing = await store.standing(ranking, ADA);
      assertEquals(standing?.entry.score, i === 2 ? undefined : i * 5);
    }
  },

  "transact() takes 64 rankings, and none": async ({ store }) => {
    const rankings = Array.from(
      { length: 64 },
      (_, season) => rankingOf({ period: "daily", season }),
    );
    const { standings } = await put(store, rankings, "ada", 1);
    assertEquals(standings.length, 64);
    assert(standings.every((standing) => standing?.rank === 1));
    assertEquals((await look(store)).entries, []);
  },

  "transact() changes nothing where decide throws": async ({ store }) => {
    await put(store, RANKING, "ada", 1);
    const changes: EntryChange[] = [];
    const end = await store.subscribe((change) => changes.push(change));
    const error = await assertRejects(() =>
      store.transact(
        transactionOf({ rankings: [RANKING], claims: ["key"] }),
        () => {
          throw new SyntaxError("of the test");
        },
      ), SyntaxError);
    assertEquals(error.message, "of the test");
    const state = await look(store, { rankings: [RANKING], claims: ["key"] });
    assertEquals(state.entries[0]?.score, 1);
    assertEquals(state.claimed, [undefined]);
    await put(store, RANKING, "bob", 2);
    await until(() => changes.length > 0);
    assertEquals(changes.map((change) => change.playerId), [BOB]);
    await end();
  },

  "transact() gives each that changes something a higher sequence": async (
    { store },
  ) => {
    const sequences: number[] = [];
    const other = rankingOf({ period: "daily", season: 5 });
    for (let i = 0; i < 10; i++) {
      const { standings } = await put(
        store,
        i % 2 ? RANKING : other,
        `p${i % 3}`,
        1,
      );
      sequences.push(standings[0]!.entry.sequence);
    }
    const sorted = [...new Set(sequences)].sort((a, b) => a - b);
    assertEquals(sequences, sorted);
    await store.dropRanking(RANKING, 100);
    await store.dropRanking(other, 100);
    const { sequence } = await look(store);
    assert(sequence > sequences.at(-1)!);
  },

  "transact() loses nothing of many at once on one player": async (
    { store },
  ) => {
    await sumUp([store]);
  },

  "transact() ranks many players at once": async ({ store }) => {
    const results = await Promise.all(
      Array.from(
        { length: 200 },
        (_, i) => put(store, RANKING, `p${i}`, (i * 37) % 200),
      ),
    );
    assert(results.every(({ standings: [standing] }) => standing!.rank >= 1));
    const { entries, total } = await store.page(RANKING, { limit: 1000 });
    assertEquals(total, 200);
    assertEquals(
      entries.map(({ entry, rank }) => [entry.score, rank]),
      Array.from({ length: 200 }, (_, i) => [199 - i, i + 1]),
    );
  },

  "transact() keeps boards and players apart": async ({ store }) => {
    const here = rankingOf();
    const there = rankingOf({ board: "main/other" });
    const title = rankingOf({ board: "second/board" });
    // Ids that are close to each other where case is folded, text normalised, or keys are glued together.
    const ids = ["ada", "Ada", "a:da", "a", "\u00e9", "e\u0301", "ada ", "0"];
    for (const [i, id] of ids.entries()) await put(store, here, id, i);
    await put(store, there, "ada", 100);
    assertEquals((await store.page(here, { limit: 100 })).total, ids.length);
    for (const [i, id] of ids.entries()) {
      const standing = await store.standing(here, playerId(id));
      assertEquals(standing?.entry.score, i, id);
    }
    assertEquals((await store.page(there, { limit: 5 })).total, 1);
    assertEquals((await store.page(title, { limit: 5 })).total, 0);
    assertEquals(await store.standing(title, ADA), undefined);
  },

  "transact() claims a key once, until it expires": async ({ store }) => {
    const expiresMs = NOW_MS + 1000;
    await store.transact(
      transactionOf({ claims: ["key"] }),
      () => ({ claims: [{ value: '{"a":1}', expiresMs }] }),
    );
    assertEquals((await look(store, { claims: ["key"] })).claimed, ['{"a":1}']);
    assertEquals((await look(store, { claims: ["Key"] })).claimed, [undefined]);
    assertEquals((await look(store)).claimed, []);
    const ofBob = await look(store, { claims: ["key"], playerId: BOB });
    assertEquals(ofBob.claimed, [undefined]);
    const elsewhere = await look(store, {
      claims: ["key"],
      board: "main/other",
    });
    assertEquals(elsewhere.claimed, [undefined]);
    const late = { claims: ["key"], nowMs: expiresMs - 1 };
    assertEquals((await look(store, late)).claimed, ['{"a":1}']);
    const over = { claims: ["key"], nowMs: expiresMs };
    assertEquals((await look(store, over)).claimed, [undefined]);
    await store.transact(
      transactionOf(over),
      () => ({ claims: [{ value: "", expiresMs: expiresMs + 1000 }] }),
    );
    assertEquals((await look(store, over)).claimed, [""]);
  },

  "transact() claims several keys, each for itself": async ({ store }) => {
    const claims = ["key", "run"];
    await store.transact(
      transactionOf({ claims }),
      () => ({ claims: [undefined, { value: "r", expiresMs: NOW_MS + 1000 }] }),
    );
    assertEquals((await look(store, { claims })).claimed, [undefined, "r"]);
    await store.transact(
      transactionOf({ claims: ["run", "key"] }),
      () => ({ claims: [undefined, { value: "k", expiresMs: NOW_MS + 1000 }] }),
    );
    assertEquals((await look(store, { claims })).claimed, ["k", "r"]);
  },

  "transact() claims a key once among many at once": async ({ store }) => {
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        store.transact(
          transactionOf({ claims: ["key"] }),
          ({ claimed }): TransactionChange & { first: boolean } =>
            claimed[0] === undefined
              ? {
                first: true,
                claims: [{ value: `${i}`, expiresMs: NOW_MS + 1000 }],
              }
              : { first: false },
        )),
    );
    assertEquals(results.filter(({ change }) => change.first).length, 1);
  },

  "transact() counts attempts of each season": async ({ store }) => {
    const seasons = [
      { period: "daily", season: 1 },
      { period: "daily", season: 2 },
      { period: "weekly", season: 1 },
    ];
    for (const [i, attempts] of seasons.entries()) {
      assertEquals((await look(store, { attempts })).attempts, 0);
      await store.transact(
        transactionOf({ attempts }),
        () => ({ attempts: i + 5 }),
      );
    }
    for (const [i, attempts] of seasons.entries()) {
      assertEquals((await look(store, { attempts })).attempts, i + 5);
      const ofBob = await look(store, { attempts, playerId: BOB });
      assertEquals(ofBob.attempts, 0);
    }
    assertEquals((await look(store)).attempts, 0);
  },

  "transact() changes nothing where a ranking is full": async ({ store }) => {
    const full = rankingOf();
    const roomy = rankingOf({ period: "daily", season: 1 });
    await put(store, full, "bob", 1, { isHidden: true });
    await put(store, full, "cid", 2);
    const transaction = transactionOf({
      rankings: [roomy, full],
      claims: ["key"],
      attempts: { period: "daily", season: 1 },
      maxEntries: 2,
    });
    const changes: EntryChange[] = [];
    const end = await store.subscribe((change) => changes.push(change));
    function decide(
      { sequence }: TransactionState,
    ): TransactionChange {
      const entry = entryOf("ada", 5, sequence, { replay: "ab".repeat(32) });
      return {
        entries: [entry, entry],
        claims: [{ value: "v", expiresMs: NOW_MS + 1000 }],
        attempts: 1,
        hold: heldOf("h", sequence),
      };
    }
    const refused = await store.transact(transaction, decide);
    assertEquals(refused.isFull, true);
    assertEquals(refused.change.attempts, 1);
    assertEquals(refused.standings, [undefined, undefined]);
    const state = await look(store, { ...transaction, heldId: "h" });
    assertEquals(state.entries, [undefined, undefined]);
    assertEquals(state.claimed, [undefined]);
    assertEquals(state.attempts, 0);
    assertEquals(state.held, undefined);
    assertEquals(await store.isReplayLinked("ab".repeat(32)), false);
    // Those that are there move, also where others wait.
    for (const id of ["cid", "bob"]) {
      const moved = await store.transact(
        { ...transaction, playerId: playerId(id) },
        ({ sequence }) => ({ entries: [undefined, entryOf(id, 9, sequence)] }),
      );
      assertEquals(moved.isFull, false);
    }
    await remove(store, full, "bob");
    assertEquals((await store.transact(transaction, decide)).isFull, false);
    assertEquals((await store.standing(full, ADA))?.rank, 2);
    await until(() => changes.length >= 5);
    assertEquals(
      changes.map((change) => `${change.playerId} ${change.entry?.score}`),
      ["cid 9", "bob 9", "bob undefined", "ada 5", "ada 5"],
    );
    await end();
  },

  "transact() holds, changes and releases submissions": async ({ store }) => {
    const held = heldOf("h1", 0);
    const { change } = await store.transact(
      transactionOf(),
      ({ sequence }) => ({ hold: { ...held, sequence } }),
    );
    const stored = change.hold;
    assertEquals((await look(store, { heldId: "h1" })).held, stored);
    assertEquals((await look(store)).held, undefined);
    assertEquals((await look(store, { heldId: "h2" })).held, undefined);
    const ofBob = await look(store, { heldId: "h1", playerId: BOB });
    assertEquals(ofBob.held, undefined);
    const elsewhere = await look(store, { heldId: "h1", board: "main/b" });
    assertEquals(elsewhere.held, undefined);
    // Nobody releases what is another's.
    await store.transact(
      transactionOf({ heldId: "h1", playerId: BOB }),
      () => ({ releasesHeld: true }),
    );
    const changed: HeldSubmission = {
      ...stored,
      state: "quarantined",
      data: "{}",
    };
    await store.transact(
      transactionOf({ heldId: "h1" }),
      () => ({ hold: changed, releasesHeld: false }),
    );
    assertEquals((await look(store, { heldId: "h1" })).held, changed);
    await store.transact(
      transactionOf({ heldId: "h1", rankings: [RANKING] }),
      (state) => ({
        releasesHeld: true,
        entries: [entryOf("ada", 7, state.held!.sequence)],
      }),
    );
    assertEquals((await look(store, { heldId: "h1" })).held, undefined);
    assertEquals(
      (await store.standing(RANKING, ADA))?.entry.sequence,
      stored.sequence,
    );
  },

  "held() lists by state and sequence": async ({ store }) => {
    for (let i = 0; i < 9; i++) {
      await store.transact(
        transactionOf({ playerId: i % 2 ? ADA : BOB }),
        ({ sequence }) => ({
          hold: heldOf(`h${9 - i}`, sequence, {
            playerId: i % 2 ? ADA : BOB,
            state: i % 3 ? "unverified" : "quarantined",
          }),
        }),
      );
    }
    await store.transact(
      transactionOf({ board: "main/other" }),
      ({ sequence }) => ({
        hold: heldOf("x", sequence, { board: "main/other" }),
      }),
    );
    const { board } = RANKING;
    const all = await store.held(board, {
      state: "unverified",
      afterSequence: 0,
      limit: 1000,
    });
    assertEquals(all.map(({ id }) => id), ["h8", "h7", "h5", "h4", "h2", "h1"]);
    const some = await store.held(board, {
      state: "unverified",
      afterSequence: all[1]!.sequence,
      limit: 2,
    });
    assertEquals(some, all.slice(2, 4));
    const others = await store.held(board, {
      state: "quarantined",
      afterSequence: 0,
      limit: 5,
    });
    assertEquals(others.map(({ id }) => id), ["h9", "h6", "h3"]);
    assertEquals(
      await store.held("main/none", {
        state: "unverified",
        afterSequence: 0,
        limit: 5,
      }),
      [],
    );
  },

  "page() has each order with each rule of ties": async ({ store }) => {
    // Scores and subscores such that whoever compares the two on their own goes wrong.
    const tuples: readonly [Score, Score][] = [
      [2, 5],
      [1, 9],
      [2, 5],
      [3, -1],
      [2, 7],
      [1, 9],
      [3, -1],
      [2, 5],
      [0, 0],
    ];
    for (const order of ORDERS) {
      for (const subscoreOrder of ORDERS) {
        for (const ties of TIE_RULES) {
          const ranking = rankingOf({
            board: `main/${order}-${subscoreOrder}-${ties}`,
            order,
            subscoreOrder,
            ties,
          });
          for (const [i, [score, subscore]] of tuples.entries()) {
            await put(store, ranking, `p${i}`, score, { subscore });
          }
          const up = order === "ascending" ? 1 : -1;
          const subUp = subscoreOrder === "ascending" ? 1 : -1;
          const sorted = tuples.map(([score, subscore], i) => ({
            id: `p${i}`,
            key: [up * Number(score), subUp * Number(subscore), i],
          })).sort(({ key: a }, { key: b }) =>
            a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!
          );
          let rank = 0;
          const expected = sorted.map(({ id, key }, i): [string, number] => {
            const before = sorted[i - 1]?.key;
            const isTied = before?.[0] === key[0] && before?.[1] === key[1];
            if (ties === "earliest") rank = i + 1;
            else if (!isTied) rank = ties === "dense" ? rank + 1 : i + 1;
            return [id, rank];
          });
          const { entries } = await store.page(ranking, { limit: 100 });
          assertEquals(ranksOf(entries), expected, ranking.board);
          for (const [id, expectedRank] of expected) {
            const standing = await store.standing(ranking, playerId(id));
            assertEquals(standing?.rank, expectedRank, ranking.board);
          }
          const part = await store.page(ranking, { limit: 3, offset: 4 });
          assertEquals(ranksOf(part.entries), expected.slice(4, 7));
          assertEquals([part.total, part.offset], [9, 4]);
        }
      }
    }
  },

  "page() orders all of 64 bits": async ({ store }) => {
    for (const order of ORDERS) {
      const sorted = order === "ascending"
        ? HARD_SCORES
        : [...HARD_SCORES].reverse();
      const ofScores = rankingOf({ board: `main/${order}`, order });
      const ofSubscores = rankingOf({
        board: `main/sub-${order}`,
        subscoreOrder: order,
      });
      // Put in an order of its own: 7 and 26 have no common divisor.
      for (let i = 0; i < HARD_SCORES.length; i++) {
        const at = (i * 7) % HARD_SCORES.length;
        const score = HARD_SCORES[at]!;
        await put(store, ofScores, `p${at}`, score);
        await put(store, ofSubscores, `p${at}`, 5, { subscore: score });
      }
      const { entries } = await store.page(ofScores, { limit: 100 });
      assertEquals(entries.map(({ entry }) => entry.score), sorted);
      const { entries: others } = await store.page(ofSubscores, { limit: 100 });
      assertEquals(others.map(({ entry }) => entry.subscore), sorted);
      for (const [i, { entry, rank }] of entries.entries()) {
        assertEquals(rank, i + 1);
        assertEquals(
          (await store.standing(ofScores, entry.playerId))?.rank,
          i + 1,
        );
        const here = await store.page(ofScores, {
          limit: 10,
          minScore: entry.score,
          maxScore: entry.score,
        });
        assertEquals(idsOf(here.entries), [entry.playerId]);
        const behind = await store.page(ofScores, { limit: 100, after: entry });
        assertEquals(behind.offset, i + 1);
        assertEquals(idsOf(behind.entries), idsOf(entries.slice(i + 1)));
      }
    }
  },

  "page() has the parts of a range": async ({ store }) => {
    for (const order of ORDERS) {
      const ranking = rankingOf({ board: `main/${order}`, order });
      for (let i = 0; i < 20; i++) {
        await put(store, ranking, `p${i}`, Math.floor(i / 2), {
          subscore: i % 2,
        });
      }
      const { entries: all } = await store.page(ranking, { limit: 100 });
      const bounds = [-5, 0, 3, 4, 9, 12];
      for (const minScore of [undefined, ...bounds]) {
        for (const maxScore of [undefined, ...bounds]) {
          const range = all.filter(({ entry: { score } }) =>
            score >= (minScore ?? -Infinity) && score <= (maxScore ?? Infinity)
          );
          for (const offset of [undefined, 0, 1, 7, 25]) {
            const start = Math.min(offset ?? 0, range.length);
            const query: PageQuery = {
              limit: 4,
              ...(minScore === undefined ? {} : { minScore }),
              ...(maxScore === undefined ? {} : { maxScore }),
              ...(offset === undefined ? {} : { offset }),
            };
            assertEquals(await store.page(ranking, query), {
              entries: range.slice(start, start + 4),
              total: range.length,
              offset: start,
            }, JSON.stringify(query));
          }
        }
      }
    }
  },

  "page() begins behind a place at which nobody needs to be": async (
    { store },
  ) => {
    for (const order of ORDERS) {
      for (const subscoreOrder of ORDERS) {
        const ranking = rankingOf({
          board: `main/${order}-${subscoreOrder}`,
          order,
          subscoreOrder,
          ties: "shared",
        });
        for (let i = 0; i < 24; i++) {
          await put(store, ranking, `p${i}`, (i % 4) * 2, {
            subscore: (i % 3) * 2,
          });
        }
        const { entries: all } = await store.page(ranking, { limit: 100 });
        const sequences = all.map(({ entry }) => entry.sequence);
        const middle = sequences.toSorted((a, b) => a - b)[12]!;
        const up = order === "ascending" ? 1 : -1;
        const subUp = subscoreOrder === "ascending" ? 1 : -1;
        for (const score of [-1, 0, 3, 4, 6, 7]) {
          for (const subscore of [-1, 0, 3, 4, 5]) {
            for (const sequence of [0, middle, Number.MAX_SAFE_INTEGER]) {
              const after: RankingPosition = { score, subscore, sequence };
              const start = all.filter(({ entry }) =>
                (up * (Number(entry.score) - score) ||
                  subUp * (Number(entry.subscore) - subscore) ||
                  entry.sequence - sequence) <= 0
              ).length;
              assertEquals(
                await store.page(ranking, { limit: 5, after }),
                {
                  entries: all.slice(start, start + 5),
                  total: 24,
                  offset: start,
                },
                `${ranking.board} ${JSON.stringify(after)}`,
              );
              const inRange = all.filter(({ entry: { score } }) =>
                score >= 2 && score <= 4
              );
              const startInRange = inRange.filter((entry) =>
                all.indexOf(entry) < start
              ).length;
              assertEquals(
                await store.page(ranking, {
                  limit: 5,
                  after,
                  minScore: 2,
                  maxScore: 4,
                }),
                {
                  entries: inRange.slice(startInRange, startInRange + 5),
                  total: inRange.length,
                  offset: startInRange,
                },
              );
            }
          }
        }
      }
    }
  },

  "page() walks by position past those that move and go": async (
    { store },
  ) => {
    for (let i = 0; i < 30; i++) await put(store, RANKING, `p${i}`, i);
    const seen: string[] = [];
    let after: RankingPosition | undefined;
    while (true) {
      const { entries } = await store.page(RANKING, {
        limit: 4,
        ...(after === undefined ? {} : { after }),
      });
      if (entries.length === 0) break;
      seen.push(...idsOf(entries));
      after = entries.at(-1)!.entry;
      // Whoever the walk stands on goes, and somebody comes before it.
      await remove(store, RANKING, entries.at(-1)!.entry.playerId);
      await put(store, RANKING, `new${seen.length}`, 1000);
    }
    assertEquals(seen, Array.from({ length: 30 }, (_, i) => `p${29 - i}`));
  },

  "page() of nothing is empty": async ({ store }) => {
    const empty = { entries: [], total: 0, offset: 0 };
    const after = { score: 1, subscore: 0, sequence: 1 };
    assertEquals(await store.page(RANKING, { limit: 10 }), empty);
    assertEquals(await store.page(RANKING, { limit: 10, after }), empty);
    assertEquals(await store.page(RANKING, { limit: 10, offset: 5 }), empty);
    assertEquals(await store.around(RANKING, ADA, 10), undefined);
    assertEquals(await store.ofPlayers(RANKING, [ADA]), []);
    assertEquals(await store.rankings(RANKING.board), []);
    assertEquals(await store.isReplayLinked("ab".repeat(32)), false);
    assertEquals(await store.dropRanking(RANKING, 10), true);
  },

  "page() takes 1000 entries": async ({ store }) => {
    await Promise.all(
      Array.from({ length: 1010 }, (_, i) => put(store, RANKING, `p${i}`, i)),
    );
    const page = await store.page(RANKING, { limit: 1000, offset: 5 });
    assertEquals(
      page.entries.map(({ entry }) => entry.score),
      Array.from({ length: 1000 }, (_, i) => 1004 - i),
    );
    assertEquals([page.total, page.offset], [1010, 5]);
  },

  "around() has the player in the middle, or near it at the ends": async (
    { store },
  ) => {
    const size = 11;
    const ranking = rankingOf({ ties: "shared" });
    for (let i = 0; i < size; i++) {
      await put(store, ranking, `p${i}`, 100 - Math.floor(i / 2));
    }
    const { entries: all } = await store.page(ranking, { limit: 100 });
    for (const limit of [1, 2, 3, 4, 5, 10, 11, 12, 1000]) {
      for (let at = 0; at < size; at++) {
        const wanted = at - Math.floor(limit / 2);
        const start = Math.max(0, Math.min(wanted, size - limit));
        assertEquals(
          await store.around(ranking, playerId(`p${at}`), limit),
          {
            entries: all.slice(start, start + limit),
            total: size,
            offset: start,
          },
          `limit ${limit}, at ${at}`,
        );
      }
    }
    assertEquals(await store.around(ranking, ADA, 5), undefined);
  },

  "ofPlayers() has some players, best first": async ({ store }) => {
    const ranking = rankingOf({ ties: "dense" });
    for (let i = 0; i < 20; i++) {
      await put(store, ranking, `p${i}`, Math.floor(i / 4), {
        isHidden: i === 7,
      });
    }
    const ids = ["p2", "p19", "nobody", "p7", "p8", "p11", "p2"].map(playerId);
    assertEquals(ranksOf(await store.ofPlayers(ranking, ids)), [
      ["p19", 1],
      ["p8", 3],
      ["p11", 3],
      ["p2", 5],
    ]);
    assertEquals(await store.ofPlayers(ranking, []), []);
    const many = Array.from({ length: 1000 }, (_, i) => playerId(`p${i}`));
    assertEquals((await store.ofPlayers(ranking, many)).length, 19);
  },

  "hidden entries are in no page and no count": async ({ store }) => {
    for (let i = 0; i < 6; i++) await put(store, RANKING, `p${i}`, i);
    const hidden = playerId("p3");
    const { standings: [standing] } = await put(store, RANKING, "p3", 3, {
      isHidden: true,
    });
    assertEquals(standing?.rank, 0);
    assertEquals(standing?.total, 5);
    assertEquals(standing?.entry.isHidden, true);
    const state = await look(store, { rankings: [RANKING], playerId: hidden });
    assertEquals(state.entries[0]?.isHidden, true);
    assertEquals(await store.standing(RANKING, hidden), undefined);
    assertEquals(await store.around(RANKING, hidden, 5), undefined);
    assertEquals(await store.ofPlayers(RANKING, [hidden]), []);
    const page = await store.page(RANKING, { limit: 10 });
    assertEquals(ranksOf(page.entries), [
      ["p5", 1],
      ["p4", 2],
      ["p2", 3],
      ["p1", 4],
      ["p0", 5],
    ]);
    assertEquals(page.total, 5);
    const range = await store.page(RANKING, {
      limit: 10,
      minScore: 3,
      maxScore: 4,
    });
    assertEquals([idsOf(range.entries), range.total], [["p4"], 1]);
    const near = await store.around(RANKING, playerId("p4"), 3);
    assertEquals(idsOf(near!.entries), ["p5", "p4", "p2"]);
    const shown = await put(store, RANKING, "p3", 3);
    assertEquals(shown.standings[0]?.rank, 3);
    assertEquals((await store.page(RANKING, { limit: 10 })).total, 6);
  },

  "rankings() lists those with entries, hidden ones too": async ({ store }) => {
    const daily = rankingOf({ period: "daily", season: 1_764_028_800_000 });
    const hidden = rankingOf({ period: "~hidden" });
    const ofClass = rankingOf({ className: "any%" });
    const other = rankingOf({ board: "main/other", className: "b" });
    await put(store, [daily, ofClass], "ada", 1);
    await put(store, hidden, "ada", 0, { isHidden: true });
    await put(store, other, "ada", 1);
    await put(store, RANKING, "ada", 1);
    await remove(store, RANKING, "ada");
    const keys = [daily, hidden, ofClass].map((
      { board, period, season, className },
    ) => `${board} ${period} ${season} ${className}`).sort();
    const listed = await store.rankings(RANKING.board);
    assertEquals(
      listed.map(({ board, period, season, className }) =>
        `${board} ${period} ${season} ${className}`
      ).sort(),
      keys,
    );
    assertEquals((await store.rankings("main/other")).length, 1);
    assertEquals(await store.rankings("main/none"), []);
  },

  "dropRanking() removes bit by bit, and attempts of the season": async (
    { store },
  ) => {
    const daily = rankingOf({ period: "daily", season: 1 });
    const next = rankingOf({ period: "daily", season: 2 });
    const replay = "cd".repeat(32);
    for (let i = 0; i < 25; i++) {
      await put(store, [daily, next], `p${i}`, i, {
        isHidden: i % 5 === 0,
        replay: i === 24 ? replay : "",
      });
    }
    for (const attempts of [daily, next]) {
      await store.transact(
        transactionOf({ attempts }),
        () => ({ attempts: 3 }),
      );
    }
    const changes: EntryChange[] = [];
    const end = await store.subscribe((change) => changes.push(change));
    let calls = 1;
    while (!await store.dropRanking(daily, 10)) {
      calls++;
      assert(calls < 10);
    }
    assert(calls >= 3);
    assertEquals(await store.dropRanking(daily, 10), true);
    assertEquals((await store.page(daily, { limit: 100 })).total, 0);
    assertEquals((await store.page(next, { limit: 100 })).total, 20);
    assertEquals((await look(store, { attempts: daily })).attempts, 0);
    assertEquals((await look(store, { attempts: next })).attempts, 3);
    const gone = await look(store, {
      rankings: [daily],
      playerId: playerId("p5"),
    });
    assertEquals(gone.entries, [undefined]);
    assertEquals(
      (await store.rankings(daily.board)).map(({ season }) => season),
      [2],
    );
    assertEquals(await store.isReplayLinked(replay), true);
    while (!await store.dropRanking(next, 1000));
    assertEquals(await store.isReplayLinked(replay), false);
    // What came after the drop is told, nothing of the drop.
    await put(store, daily, "ada", 1);
    await until(() => changes.length > 0);
    assertEquals(changes.map((change) => change.playerId), [ADA]);
    await end();
  },

  "putBoard() writes where nobody else has": async ({ store }) => {
    assertEquals(await store.board("main/a"), undefined);
    assertEquals(await store.putBoard("main/a", "{}", "{ }"), false);
    assertEquals(await store.putBoard("main/a", "{}", undefined), true);
    assertEquals(await store.putBoard("main/a", "{1}", undefined), false);
    assertEquals(await store.board("main/a"), "{}");
    assertEquals(await store.putBoard("main/a", "{2}", "{}"), true);
    assertEquals(await store.putBoard("main/a", undefined, "{}"), false);
    assertEquals(await store.putBoard("main/a", undefined, "{2}"), true);
    assertEquals(await store.board("main/a"), undefined);
    assertEquals(await store.putBoard("main/a", undefined, undefined), true);
    const written = await Promise.all(Array.from(
      { length: 20 },
      (_, i) => store.putBoard("main/a", `{${i}}`, undefined),
    ));
    assertEquals(written.filter((isWritten) => isWritten).length, 1);
    assertEquals(
      await store.board("main/a"),
      `{${written.indexOf(true)}}`,
    );
  },

  "putBoard() leaves entries and held submissions": async ({ store }) => {
    await store.putBoard(RANKING.board, "{}", undefined);
    await put(store, RANKING, "ada", 1);
    await store.transact(
      transactionOf(),
      ({ sequence }) => ({ hold: heldOf("h", sequence) }),
    );
    await store.putBoard(RANKING.board, undefined, "{}");
    assertEquals((await store.standing(RANKING, ADA))?.rank, 1);
    assert((await look(store, { heldId: "h" })).held !== undefined);
  },

  "boards() lists those of a title by name": async ({ store }) => {
    const names = [
      "main/b",
      "main/a",
      "main/B",
      "main2/c",
      "other/d",
      "main/_",
    ];
    for (const name of names) {
      await store.putBoard(name, `{"is":"${name}"}`, undefined);
    }
    await store.putBoard("main/gone", "{}", undefined);
    await store.putBoard("main/gone", undefined, "{}");
    // A title with what is a wildcard somewhere.
    await store.putBoard("m_in/e", "{}", undefined);
    assertEquals(
      await store.boards("main"),
      ["main/B", "main/_", "main/a", "main/b"].map((board) => ({
        board,
        options: `{"is":"${board}"}`,
      })),
    );
    assertEquals(
      (await store.boards("m_in")).map(({ board }) => board),
      ["m_in/e"],
    );
    assertEquals(await store.boards("none"), []);
  },

  "isReplayLinked() tells of entries and of held submissions": async (
    { store },
  ) => {
    const [a, b, c] = ["aa", "bb", "cc"].map((pair) => pair.repeat(32));
    const other = rankingOf({ board: "main/other" });
    await put(store, RANKING, "ada", 1, { replay: a! });
    await put(store, other, "ada", 1, { replay: a! });
    await put(store, RANKING, "bob", 1, { replay: b!, isHidden: true });
    assertEquals(await store.isReplayLinked(a!), true);
    assertEquals(await store.isReplayLinked(b!), true);
    assertEquals(await store.isReplayLinked(c!), false);
    assertEquals(await store.isReplayLinked(""), false);
    await put(store, RANKING, "ada", 2);
    assertEquals(await store.isReplayLinked(a!), true);
    await remove(store, other, "ada");
    assertEquals(await store.isReplayLinked(a!), false);
    await store.transact(
      transactionOf(),
      ({ sequence }) => ({ hold: heldOf("h", sequence, { replay: c! }) }),
    );
    assertEquals(await store.isReplayLinked(c!), true);
    await store.transact(
      transactionOf({ heldId: "h" }),
      ({ held }) => ({ hold: { ...held!, replay: a! } }),
    );
    assertEquals(await store.isReplayLinked(c!), false);
    assertEquals(await store.isReplayLinked(a!), true);
    await store.transact(
      transactionOf({ heldId: "h" }),
      () => ({ releasesHeld: true }),
    );
    assertEquals(await store.isReplayLinked(a!), false);
  },

  "subscribe() tells changes in the order of their commits": async (
    { store },
  ) => {
    const daily = rankingOf({ period: "daily", season: 7, className: "a" });
    const key = { board: "main/board", period: "daily", season: 7 };
    await put(store, daily, "cid", 50);
    const first: EntryChange[] = [];
    const second: EntryChange[] = [];
    const endFirst = await store.subscribe((change) => first.push(change));
    const endSecond = await store.subscribe((change) => second.push(change));
    const put1 = await put(store, daily, "ada", 100);
    const put2 = await put(store, daily, "ada", 10);
    await put(store, daily, "ada", 10, { isHidden: true });
    // Of what stays hidden nobody learns.
    await put(store, daily, "ada", 60, { isHidden: true });
    await remove(store, daily, "ada");
    await remove(store, daily, "ada");
    await put(store, daily, "bob", 70, { isHidden: true });
    const put3 = await put(store, daily, "bob", 70);
    await remove(store, daily, "bob");
    await until(() => first.length >= 5 && second.length >= 5);
    const ranking = { ...key, className: "a" };
    function changeOf(
      id: string,
      entry: StoredEntry | undefined,
      rank: number,
      total: number,
    ): EntryChange {
      return { ranking, playerId: playerId(id), entry, rank, total };
    }
    const expected = [
      changeOf("ada", put1.standings[0]!.entry, 1, 2),
      changeOf("ada", put2.standings[0]!.entry, 2, 2),
      changeOf("ada", undefined, 0, 1),
      changeOf("bob", put3.standings[0]!.entry, 1, 2),
      changeOf("bob", undefined, 0, 1),
    ];
    assertEquals(first, expected);
    assertEquals(second, expected);
    await endFirst();
    await endFirst();
    await put(store, daily, "ada", 1);
    await until(() => second.length >= 6);
    assertEquals(first.length, 5);
    await endSecond();
  },

  "prune() forgets claims that have expired, and no others": async (
    { store, forgetsByItself = false },
  ) => {
    for (let i = 0; i < 20; i++) {
      await store.transact(
        transactionOf({ claims: [`k${i}`] }),
        () => ({ claims: [{ value: "v", expiresMs: NOW_MS + 1 + i }] }),
      );
    }
    for (let i = 0; i < 3; i++) await store.prune(NOW_MS + 10);
    // To whom it is earlier, what is left is still there.
    for (let i = 0; i < 20; i++) {
      const { claimed } = await look(store, { claims: [`k${i}`] });
      const isGone = i < 10 && !forgetsByItself;
      assertEquals(claimed, [isGone ? undefined : "v"], `k${i}`);
    }
  },

  "close() ends all calls, twice without effect": async ({ store }) => {
    await put(store, RANKING, "ada", 1);
    const end = await store.subscribe(() => {});
    await store.close();
    await store.close();
    await assertClosed(() => put(store, RANKING, "ada", 1));
    await assertClosed(() => store.standing(RANKING, ADA));
    await assertClosed(() => store.page(RANKING, { limit: 1 }));
    await assertClosed(() => store.around(RANKING, ADA, 1));
    await assertClosed(() => store.ofPlayers(RANKING, [ADA]));
    await assertClosed(() => store.rankings(RANKING.board));
    await assertClosed(() => store.dropRanking(RANKING, 1));
    await assertClosed(() => store.boards("main"));
    await assertClosed(() => store.board("main/a"));
    await assertClosed(() => store.putBoard("main/a", "{}", undefined));
    await assertClosed(() => store.isReplayLinked(""));
    await assertClosed(() => store.subscribe(() => {}));
    await assertClosed(() => store.prune(NOW_MS));
    await assertClosed(() =>
      store.held(RANKING.board, {
        state: "unverified",
        afterSequence: 0,
        limit: 1,
      })
    );
    await end();
  },

  "close() finishes what is under way": async ({ store }) => {
    const puts = Array.from(
      { length: 20 },
      (_, i) => put(store, RANKING, `p${i}`, i),
    );
    const closing = store.close();
    const results = await Promise.allSettled(puts);
    await closing;
    assertEquals(
      results.filter(({ status }) => status === "rejected").length,
      0,
    );
  },
};

/** What every {@linkcode LeaderboardStore} does beside others over the same storage. */
export const SHARED_STORE_CASES: Readonly<
  Record<string, (subject: SharedStoreSubject) => Promise<void>>
> = {
  "transact() loses nothing of two stores at once on one player": async (
    { store, another },
  ) => {
    const other = await another();
    await sumUp([store, other]);
    await other.close();
  },

  "subscribe() tells what another store commits": async (
    { store, another },
  ) => {
    const other = await another();
    const changes: EntryChange[] = [];
    const end = await store.subscribe((change) => changes.push(change));
    await put(store, RANKING, "ada", 1);
    await put(other, RANKING, "bob", 2);
    await until(() => changes.length >= 2);
    assertEquals(
      changes.map(({ playerId, rank, total }) => [playerId, rank, total]),
      [["ada", 1, 1], ["bob", 1, 2]],
    );
    assertEquals((await store.standing(RANKING, BOB))?.rank, 1);
    assertEquals((await other.standing(RANKING, ADA))?.rank, 2);
    await end();
    await other.close();
  },
};

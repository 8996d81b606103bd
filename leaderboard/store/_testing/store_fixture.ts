// Rankings, entries and transactions of the tests of stores.
import { type PlayerId, playerId } from "../../../core/mod.ts";
import type { ScoreOrder, TieRule } from "../../board/board_options.ts";
import type { Score } from "../../score.ts";
import type {
  LeaderboardStore,
  RankedEntry,
  Ranking,
  StoredEntry,
  TransactionResult,
} from "../store.ts";

export const ORDERS: readonly ScoreOrder[] = ["descending", "ascending"];
export const TIE_RULES: readonly TieRule[] = ["earliest", "shared", "dense"];
/** Epoch milliseconds at which nothing of the tests has expired. */
export const NOW_MS = 1_764_000_000_000;

/** A ranking of a board; descending and with the earliest first unless said otherwise. */
export function rankingOf(part: Partial<Ranking> = {}): Ranking {
  return {
    board: "main/board",
    period: "allTime",
    season: 0,
    className: "",
    order: "descending",
    subscoreOrder: "descending",
    ties: "earliest",
    ...part,
  };
}

/** An entry of a player with nothing but a score, unless said otherwise. */
export function entryOf(
  id: string,
  score: Score,
  sequence: number,
  part: Partial<StoredEntry> = {},
): StoredEntry {
  return {
    playerId: playerId(id),
    name: id,
    score,
    subscore: 0,
    sequence,
    className: "",
    metadata: "",
    replay: "",
    submittedMs: NOW_MS,
    isHidden: false,
    ...part,
  };
}

/** Puts a player's entry, in one ranking or in several, with the sequence of the transaction. */
export function put(
  store: LeaderboardStore,
  rankings: Ranking | readonly Ranking[],
  id: string,
  score: Score,
  part: Partial<StoredEntry> = {},
): Promise<TransactionResult<{ entries: readonly StoredEntry[] }>> {
  const list = "board" in rankings ? [rankings] : rankings;
  return store.transact(
    {
      board: list[0]!.board,
      playerId: playerId(id),
      rankings: list,
      nowMs: NOW_MS,
    },
    ({ sequence }) => ({
      entries: list.map(() => entryOf(id, score, sequence, part)),
    }),
  );
}

/** Takes a player's entry out. */
export async function remove(
  store: LeaderboardStore,
  ranking: Ranking,
  id: string,
): Promise<void> {
  await store.transact(
    {
      board: ranking.board,
      playerId: playerId(id),
      rankings: [ranking],
      nowMs: NOW_MS,
    },
    () => ({ entries: [null] }),
  );
}

/** The ids and ranks of entries, for short comparisons. */
export function ranksOf(
  entries: readonly RankedEntry[],
): [id: string, rank: number][] {
  return entries.map(({ entry, rank }) => [entry.playerId, rank]);
}

/** The ids of entries, for shorter ones. */
export function idsOf(entries: readonly RankedEntry[]): PlayerId[] {
  return entries.map(({ entry }) => entry.playerId);
}

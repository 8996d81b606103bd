// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import {
  locateAround,
  locatePage,
  type PageRange,
} from "../ranking/page_range.ts";
import { RankIndex } from "../ranking/rank_index.ts";
import type {
  PageQuery,
  RankedEntry,
  Ranking,
  RankingKey,
  RankingPage,
  Standing,
  StoredEntry,
} from "./store.ts";

/** The entries of one ranking in memory, those that are not hidden in their order. */
export class MemoryRanking {
  readonly key: RankingKey;
  readonly #ranking: Ranking;
  readonly #entries = new Map<PlayerId, StoredEntry>();
  readonly #index: RankIndex;

  constructor(ranking: Ranking) {
    const { board, period, season, className } = ranking;
    this.key = { board, period, season, className };
    this.#ranking = ranking;
    this.#index = new RankIndex(ranking);
  }

  /** Entries, hidden ones too. */
  get size(): number {
    return this.#entries.size;
  }

  /** Entries that are not hidden. */
  get total(): number {
    return this.#index.size;
  }

  get(playerId: PlayerId): StoredEntry | undefined {
    return this.#entries.get(playerId);
  }

  /** Whose entries are there, hidden or not, in any order. */
  playerIds(): Iterable<PlayerId> {
    return this.#entries.keys();
  }

  put(entry: StoredEntry): void {
    const { playerId, score, subscore, sequence } = entry;
    this.#entries.set(playerId, entry);
    if (entry.isHidden) this.#index.delete(playerId);
    else this.#index.set(playerId, score, subscore, sequence);
  }

  remove(playerId: PlayerId): void {
    this.#entries.delete(playerId);
    this.#index.delete(playerId);
  }

  /** A player's place; of a hidden entry with rank 0. */
  standing(playerId: PlayerId): Standing | undefined {
    const entry = this.#entries.get(playerId);
    if (entry === undefined) return undefined;
    return { entry, rank: this.#index.rankOf(playerId), total: this.total };
  }

  page(query: PageQuery): RankingPage {
    return this.#read(locatePage(this.#index, this.#ranking, query));
  }

  around(playerId: PlayerId, limit: number): RankingPage | undefined {
    const offset = this.#index.offsetOf(playerId);
    if (offset < 0) return undefined;
    return this.#read(locateAround(this.#index, offset, limit));
  }

  ofPlayers(playerIds: readonly PlayerId[]): RankedEntry[] {
    const offsets: number[] = [];
    for (const playerId of new Set(playerIds)) {
      const offset = this.#index.offsetOf(playerId);
      if (offset >= 0) offsets.push(offset);
    }
    return offsets.sort((a, b) => a - b).map((offset) => ({
      entry: this.#entries.get(this.#index.slice(offset, 1)[0]!)!,
      rank: this.#index.rankAt(offset),
    }));
  }

  #read({ start, count, total, offset }: PageRange): RankingPage {
    const entries = this.#index.slice(start, count).map((playerId, i) => ({
      entry: this.#entries.get(playerId)!,
      rank: this.#index.rankAt(start + i),
    }));
    return { entries, total, offset };
  }
}

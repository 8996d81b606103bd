import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";
import type { Ranking, RankingKey } from "../store/store.ts";
import type { EntryTable } from "./_entry_table.ts";
import { RankingLoader } from "./_load_ranking.ts";
import { LoadTurns } from "./_load_turns.ts";
import { LoadedRanking } from "./_loaded_ranking.ts";

/** What a ranking takes beside its members, in members. */
const OVERHEAD = 64;

/**
 * The rankings in memory. The newest season of each stays once it was used; those before it go when there are too many
 * members, least recently used first, and are read again one at a time.
 */
export class LoadedRankings {
  readonly #table: EntryTable;
  readonly #loader: RankingLoader;
  readonly #newest: RowStatement;
  readonly #maxPastMembers: number;
  readonly #loaded = new Map<string, LoadedRanking>();
  readonly #loading = new Map<string, Promise<LoadedRanking>>();
  readonly #pastTurns = new LoadTurns({
    now: () => performance.now(),
    sleep: (ms, signal) => sleep(ms, undefined, { signal }).catch(() => {}),
  });
  #uses = 0;

  constructor(db: DatabaseSync, table: EntryTable, maxPastMembers: number) {
    this.#table = table;
    this.#maxPastMembers = maxPastMembers;
    this.#loader = new RankingLoader(db);
    this.#newest = prepareRows(
      db,
      "SELECT max(season) FROM rankings WHERE board = ? AND period = ? AND class = ?",
    );
  }

  /** Finds a ranking for reading: at once if it is in memory; `undefined` if it has no entries. */
  find(
    ranking: Ranking,
  ): LoadedRanking | Promise<LoadedRanking> | undefined {
    const name = nameOf(ranking);
    const found = this.#loaded.get(name);
    if (found !== undefined) {
      found.lastUse = ++this.#uses;
      return found;
    }
    const loading = this.#loading.get(name);
    if (loading !== undefined) return loading;
    const id = this.#table.idOf(ranking);
    return id === 0 ? undefined : this.#load(name, ranking, id);
  }

  /** Finds a ranking for writing; it may be empty. */
  ensure(ranking: Ranking): LoadedRanking | Promise<LoadedRanking> {
    const found = this.find(ranking);
    if (found !== undefined) return found;
    const empty = new LoadedRanking(ranking, 0);
    empty.lastUse = ++this.#uses;
    this.#loaded.set(nameOf(ranking), empty);
    this.#evict(empty);
    return empty;
  }

  /** Finds a ranking if it is in memory, or waits until it is. */
  peek(
    ranking: RankingKey,
  ): LoadedRanking | Promise<LoadedRanking> | undefined {
    const name = nameOf(ranking);
    return this.#loaded.get(name) ?? this.#loading.get(name);
  }

  /** Resolves when nothing is being loaded; nobody may ask for more. */
  async idle(): Promise<void> {
    this.#pastTurns.hurry();
    while (this.#loading.size > 0) {
      await Promise.allSettled(this.#loading.values());
    }
  }

  #load(name: string, ranking: Ranking, id: number): Promise<LoadedRanking> {
    const empty = new LoadedRanking(ranking, id);
    const loading = this.#isInUse(empty)
      ? this.#fill(name, empty)
      : this.#pastTurns.run(() => this.#fill(name, empty));
    this.#loading.set(name, loading);
    return loading;
  }

  async #fill(name: string, ranking: LoadedRanking): Promise<LoadedRanking> {
    // The caller notes first that it is under way.
    await undefined;
    try {
      await this.#loader.load(ranking);
      this.#loaded.set(name, ranking);
    } finally {
      this.#loading.delete(name);
    }
    ranking.lastUse = ++this.#uses;
    this.#evict(ranking);
    return ranking;
  }

  #evict(kept: LoadedRanking): void {
    const past: [string, LoadedRanking][] = [];
    let members = 0;
    for (const [name, ranking] of this.#loaded) {
      if (this.#isInUse(ranking)) continue;
      members += OVERHEAD + ranking.size;
      past.push([name, ranking]);
    }
    if (members <= this.#maxPastMembers) return;
    past.sort(([, a], [, b]) => a.lastUse - b.lastUse);
    for (const [name, ranking] of past) {
      if (members <= this.#maxPastMembers) return;
      // Who waits for it reads it in this turn.
      if (ranking === kept || ranking.uses > 0) continue;
      this.#loaded.delete(name);
      members -= OVERHEAD + ranking.size;
    }
  }

  #isInUse({ id, key }: LoadedRanking): boolean {
    if (id === 0) return false;
    const { board, period, className, season } = key;
    return this.#newest.get(board, period, className)![0] === season;
  }
}

// Names have no control characters, so that two keys never give one text.
function nameOf({ board, period, season, className }: RankingKey): string {
  return `${board}\0${period}\0${season}\0${className}`;
}

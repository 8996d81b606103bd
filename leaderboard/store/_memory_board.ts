// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { HeldList } from "./_held_list.ts";
import { MemoryRanking } from "./_memory_ranking.ts";
import type { Ranking, RankingKey } from "./store.ts";

/** What is stored under the name of one board. */
export class MemoryBoard {
  readonly held = new HeldList();
  readonly #rankings = new Map<string, MemoryRanking>();
  readonly #attempts = new Map<string, Map<PlayerId, number>>();
  #sequence = 0;

  nextSequence(): number {
    return ++this.#sequence;
  }

  rankings(): RankingKey[] {
    return Array.from(this.#rankings.values(), ({ key }) => key);
  }

  ranking(key: RankingKey): MemoryRanking | undefined {
    return this.#rankings.get(nameOf(key));
  }

  ensureRanking(ranking: Ranking): MemoryRanking {
    const name = nameOf(ranking);
    let found = this.#rankings.get(name);
    if (found === undefined) {
      found = new MemoryRanking(ranking);
      this.#rankings.set(name, found);
    }
    return found;
  }

  /** Forgets a ranking in which nothing is left. */
  tidy(key: RankingKey): void {
    if (this.ranking(key)?.size === 0) this.#rankings.delete(nameOf(key));
  }

  attempts(season: SeasonKey, playerId: PlayerId): number {
    return this.#attempts.get(seasonOf(season))?.get(playerId) ?? 0;
  }

  setAttempts(season: SeasonKey, playerId: PlayerId, attempts: number): void {
    const name = seasonOf(season);
    let counts = this.#attempts.get(name);
    if (counts === undefined) {
      counts = new Map();
      this.#attempts.set(name, counts);
    }
    counts.set(playerId, attempts);
  }

  dropAttempts(season: SeasonKey): void {
    this.#attempts.delete(seasonOf(season));
  }
}

interface SeasonKey {
  readonly period: string;
  readonly season: number;
}

// Names have no control characters, so that two keys never give one text.
function seasonOf({ period, season }: SeasonKey): string {
  return `${period}\0${season}`;
}

function nameOf({ period, season, className }: RankingKey): string {
  return `${period}\0${season}\0${className}`;
}

import type { PlayerId } from "../../core/mod.ts";
import { RankIndex } from "../ranking/rank_index.ts";
import type { Ranking, RankingKey, RankingPosition } from "../store/store.ts";

/** A ranking whose order is in memory; what else its entries have is in the database. */
export class LoadedRanking {
  readonly key: RankingKey;
  readonly ranking: Ranking;
  readonly index: RankIndex;
  /** The versions of hidden entries. */
  readonly hidden = new Map<PlayerId, number>();
  /** The versions of those entries whose sequence is another. */
  readonly #versions = new Map<PlayerId, number>();
  /** 0 while it has no row. */
  id: number;
  /** Rows in the database, those included that nobody has any more. */
  rows = 0;
  /** Whether an entry has a replay, or had one since it was read. */
  hasReplays = false;
  /** What waits for it or is about to use it. */
  uses = 0;
  lastUse = 0;
  /** Rows of the batch under way. */
  appended = 0;
  /** Where the removal of dead rows is, and where it ends: 0 if it is not under way. */
  sweptVersion = 0;
  sweepEndVersion = 0;

  constructor(ranking: Ranking, id: number) {
    const { board, period, season, className } = ranking;
    this.key = { board, period, season, className };
    this.ranking = ranking;
    this.id = id;
    this.index = new RankIndex(ranking);
  }

  /** Entries, hidden ones too. */
  get size(): number {
    return this.index.size + this.hidden.size;
  }

  /** The version of a player's entry; 0 if there is none. */
  versionOf(playerId: PlayerId): number {
    const position = this.index.positionOf(playerId);
    if (position === undefined) return this.hidden.get(playerId) ?? 0;
    return this.versionAt(playerId, position);
  }

  /** The version of an entry that is not hidden, at its position. */
  versionAt(playerId: PlayerId, { sequence }: RankingPosition): number {
    return this.#versions.size === 0
      ? sequence
      : this.#versions.get(playerId) ?? sequence;
  }

  /** Puts an entry that is not hidden, wherever it was before. */
  show(
    playerId: PlayerId,
    { score, subscore, sequence }: RankingPosition,
    version: number,
  ): void {
    if (this.hidden.size > 0) this.hidden.delete(playerId);
    this.setVersion(playerId, sequence, version);
    this.index.set(playerId, score, subscore, sequence);
  }

  /** Notes the version of an entry that is not hidden. */
  setVersion(playerId: PlayerId, sequence: number, version: number): void {
    if (sequence !== version) this.#versions.set(playerId, version);
    else if (this.#versions.size > 0) this.#versions.delete(playerId);
  }

  /** Puts an entry that is hidden. */
  hide(playerId: PlayerId, version: number): void {
    this.delete(playerId);
    this.hidden.set(playerId, version);
  }

  delete(playerId: PlayerId): void {
    this.index.delete(playerId);
    this.hidden.delete(playerId);
    this.#versions.delete(playerId);
  }
}

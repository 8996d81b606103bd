// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ScoreOrder, TieRule } from "../board/board_options.ts";
import { compareScores, type Score } from "../score.ts";
import type { RankingPosition } from "../store/store.ts";

/** How a {@linkcode RankIndex} is ordered. */
export interface RankIndexOptions {
  readonly order: ScoreOrder;
  readonly subscoreOrder: ScoreOrder;
  readonly ties: TieRule;
}

interface Member extends RankingPosition {
  readonly playerId: PlayerId;
}

/** The players of one ranking in their order, counted: which rank who has, and who has which. */
export class RankIndex {
  readonly #options: RankIndexOptions;
  readonly #members: Member[] = [];
  readonly #byId = new Map<PlayerId, Member>();

  constructor(options: RankIndexOptions) {
    this.#options = options;
  }

  /** How many players there are. */
  get size(): number {
    return this.#members.length;
  }

  /** Puts a player at a position, wherever he was before. The sequence must be unique. */
  set(
    playerId: PlayerId,
    score: Score,
    subscore: Score,
    sequence: number,
  ): void {
    this.delete(playerId);
    const member = { playerId, score, subscore, sequence };
    this.#members.splice(this.countBefore(member), 0, member);
    this.#byId.set(playerId, member);
  }

  /** Takes a player out; returns whether he was there. */
  delete(playerId: PlayerId): boolean {
    const member = this.#byId.get(playerId);
    if (member === undefined) return false;
    this.#members.splice(this.countBefore(member), 1);
    return this.#byId.delete(playerId);
  }

  /** Where he is, if he is there. */
  positionOf(playerId: PlayerId): RankingPosition | undefined {
    return this.#byId.get(playerId);
  }

  /** How many players are before him in the order, or -1 if he is not there. */
  offsetOf(playerId: PlayerId): number {
    const member = this.#byId.get(playerId);
    return member === undefined ? -1 : this.countBefore(member);
  }

  /** His rank by the rule of ties: 1 for the best, 0 if he is not there. */
  rankOf(playerId: PlayerId): number {
    const offset = this.offsetOf(playerId);
    return offset < 0 ? 0 : this.rankAt(offset);
  }

  /** The rank of who is at an offset: 0 to size - 1. */
  rankAt(offset: number): number {
    const { ties } = this.#options;
    if (ties === "earliest") return offset + 1;
    const members = this.#members;
    let rank = 1;
    for (let i = 1; i <= offset; i++) {
      const isTied = members[i]!.score === members[i - 1]!.score &&
        members[i]!.subscore === members[i - 1]!.subscore;
      if (!isTied) rank = ties === "dense" ? rank + 1 : i + 1;
    }
    return rank;
  }

  /** The players from an offset on, at most so many, in order. */
  slice(offset: number, limit: number): PlayerId[] {
    return this.#members.slice(offset, offset + limit).map(({ playerId }) =>
      playerId
    );
  }

  /** How many players are before a position; who is exactly there is not. */
  countBefore(position: RankingPosition): number {
    let low = 0;
    let high = this.#members.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(this.#members[middle]!, position) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(a: RankingPosition, b: RankingPosition): number {
    const { order, subscoreOrder } = this.#options;
    return sign(order) * compareScores(a.score, b.score) ||
      sign(subscoreOrder) * compareScores(a.subscore, b.subscore) ||
      a.sequence - b.sequence;
  }
}

function sign(order: ScoreOrder): number {
  return order === "ascending" ? 1 : -1;
}

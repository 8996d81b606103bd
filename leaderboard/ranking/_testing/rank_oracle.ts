// What an index of ranks is held against: an array that is sorted anew.
import type { PlayerId } from "../../../core/mod.ts";
import { compareScores } from "../../score.ts";
import type { RankingPosition } from "../../store/store.ts";
import type { RankIndexMember, RankIndexOptions } from "../rank_index.ts";

/** Players in their order, by the plainest of means. */
export class RankOracle<Member extends RankIndexMember> {
  readonly #options: RankIndexOptions;
  readonly #members = new Map<PlayerId, Member>();
  #sorted: readonly Member[] | undefined;
  #ranks: readonly number[] | undefined;

  constructor(options: RankIndexOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#members.size;
  }

  get(playerId: PlayerId): Member | undefined {
    return this.#members.get(playerId);
  }

  set(member: Member): void {
    this.#members.set(member.playerId, member);
    this.#sorted = undefined;
  }

  delete(playerId: PlayerId): boolean {
    this.#sorted = undefined;
    return this.#members.delete(playerId);
  }

  /** All of them, best first. */
  sorted(): readonly Member[] {
    if (this.#sorted !== undefined) return this.#sorted;
    this.#ranks = undefined;
    this.#sorted = [...this.#members.values()].sort((a, b) =>
      this.compare(a, b)
    );
    return this.#sorted;
  }

  /** The rank of each of {@linkcode sorted}. */
  ranks(): readonly number[] {
    const sorted = this.sorted();
    if (this.#ranks !== undefined) return this.#ranks;
    const ranks: number[] = [];
    for (const [i, { score, subscore }] of sorted.entries()) {
      const before = sorted[i - 1];
      const isTied = before?.score === score && before.subscore === subscore;
      const { ties } = this.#options;
      if (ties === "earliest" || i === 0) ranks.push(i + 1);
      else if (isTied) ranks.push(ranks[i - 1]!);
      else ranks.push(ties === "shared" ? i + 1 : ranks[i - 1]! + 1);
    }
    this.#ranks = ranks;
    return ranks;
  }

  /** Below 0 if `a` is before `b`. */
  compare(a: RankingPosition, b: RankingPosition): number {
    const { order, subscoreOrder } = this.#options;
    const byScore = compareScores(a.score, b.score);
    const bySubscore = compareScores(a.subscore, b.subscore);
    return (order === "ascending" ? byScore : -byScore) ||
      (subscoreOrder === "ascending" ? bySubscore : -bySubscore) ||
      a.sequence - b.sequence;
  }
}

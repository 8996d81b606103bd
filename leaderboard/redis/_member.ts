// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ScoreOrder } from "../board/board_options.ts";
import type { Score } from "../score.ts";
import type { PageQuery, RankingPosition } from "../store/store.ts";

// A sorted set orders by doubles and then by bytes, of which only the bytes can hold 64 bits: all members have the score 0
// and begin with a place, such that the better one has the lower bytes. A place is hexadecimal: 16 digits of the score, 16
// of the subscore, 14 of the sequence. The player's id comes behind it.

/** Characters of score and subscore, which all that are tied have in common. */
export const TUPLE_LENGTH = 32;
/** Characters before the player's id. */
export const PLACE_LENGTH = 46;
/** Above all digits: behind a beginning, it is above all that begin so. */
const ABOVE = "g";

const WORD = 2 ** 32;

/** Which ends are the better ones. */
export interface Orders {
  readonly order: ScoreOrder;
  readonly subscoreOrder: ScoreOrder;
}

/** The member that stands for an entry that is seen. */
export function encodeMember(
  orders: Orders,
  position: RankingPosition,
  playerId: PlayerId,
): string {
  return encodePlace(orders, position, position.sequence) + playerId;
}

/** The lexical bounds of the scores that a query asks for, of which the better one comes first. */
export function encodeRange(
  { order }: Orders,
  { minScore, maxScore }: PageQuery,
): { readonly low: string; readonly high: string } {
  const [best, worst] = order === "descending"
    ? [maxScore, minScore]
    : [minScore, maxScore];
  return {
    low: best === undefined ? "-" : `[${encodeScore(best, order)}`,
    high: worst === undefined ? "+" : `(${encodeScore(worst, order)}${ABOVE}`,
  };
}

/** The lexical bound above all that are up to a place, whoever is there. */
export function encodeAfter(orders: Orders, after: RankingPosition): string {
  return `(${encodePlace(orders, after, after.sequence + 1)}`;
}

function encodePlace(
  { order, subscoreOrder }: Orders,
  { score, subscore }: RankingPosition,
  sequence: number,
): string {
  return encodeScore(score, order) + encodeScore(subscore, subscoreOrder) +
    sequence.toString(16).padStart(14, "0");
}

function encodeScore(score: Score, order: ScoreOrder): string {
  let high: number;
  let low: number;
  if (typeof score === "number") {
    high = Math.floor(score / WORD);
    low = score - high * WORD;
  } else {
    high = Number(score >> 32n);
    low = Number(score & 0xffff_ffffn);
  }
  // Without its sign, the lowest score is 0.
  high ^= 0x8000_0000;
  return order === "descending"
    ? encodeWord(~high) + encodeWord(~low)
    : encodeWord(high) + encodeWord(low);
}

function encodeWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

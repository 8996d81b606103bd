// This module is browser compatible.
import type { ScoreOrder } from "../board/board_options.ts";
import type { Score } from "../score.ts";

/**
 * Places in a key's array. A position's key is compared place by place: the nearest double to the score and what is left of it,
 * which is exact also where a double is not, as rounding keeps the order; the same of the subscore; the sequence. What is
 * better is lower.
 */
export const SCORE = 0;
export const SCORE_REST = 1;
export const SUBSCORE = 2;
export const SUBSCORE_REST = 3;
export const SEQUENCE = 4;
export const KEY_LENGTH = 5;

/** Writes the key of a position. */
export function writeKey(
  key: Float64Array,
  score: Score,
  order: ScoreOrder,
  subscore: Score,
  subscoreOrder: ScoreOrder,
  sequence: number,
): void {
  writeScore(key, SCORE, score, order);
  writeScore(key, SUBSCORE, subscore, subscoreOrder);
  key[SEQUENCE] = sequence;
}

function writeScore(
  key: Float64Array,
  at: number,
  score: Score,
  order: ScoreOrder,
): void {
  const near = Number(score);
  // At most half of what doubles are apart below 2^63: 512.
  const rest = typeof score === "number" ? 0 : Number(score - BigInt(near));
  // Subtracted, as -0 would be another zero.
  key[at] = order === "ascending" ? near : 0 - near;
  key[at + 1] = order === "ascending" ? rest : 0 - rest;
}

/** Reads the score, or the subscore, of a key. */
export function readScore(
  key: Float64Array,
  at: typeof SCORE | typeof SUBSCORE,
  order: ScoreOrder,
): Score {
  const near = order === "ascending" ? key[at]! : 0 - key[at]!;
  if (Number.isSafeInteger(near)) return near;
  const rest = order === "ascending" ? key[at + 1]! : 0 - key[at + 1]!;
  return BigInt(near) + BigInt(rest);
}

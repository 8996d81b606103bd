// Scores such that ties, signs and 64 bits all come up.
import type { Random } from "../../../core/mod.ts";
import { MAX_SCORE, MIN_SCORE, type Score } from "../../score.ts";

/** What scores a run of random operations has. */
export type ScoreKind = "few" | "some" | "many" | "wide" | "mixed";

export const SCORE_KINDS: readonly ScoreKind[] = [
  "few",
  "some",
  "many",
  "wide",
  "mixed",
];

/** A score: one of a few, of hundreds, of a million, one that differs from others in the last of 64 bits, or any of these. */
export function randomScore(random: Random, kind: ScoreKind): Score {
  const value = random.nextU32();
  switch (kind) {
    case "few":
      return value % 7 - 3;
    case "some":
      return value % 400;
    case "many":
      return value % 1_000_000 - 500_000;
    case "wide":
      return wideScore(value);
    case "mixed":
      return randomScore(random, SCORE_KINDS[value % 4]!);
  }
}

function wideScore(value: number): Score {
  const near = BigInt(value >>> 8) % 5n;
  switch (value % 6) {
    case 0:
      return MIN_SCORE + near;
    case 1:
      return MAX_SCORE - near;
    case 2:
      return 2n ** 53n + near;
    case 3:
      return -(2n ** 53n) - near;
    case 4:
      return 2n ** 62n - 513n + near * 256n;
    default:
      return Number.MAX_SAFE_INTEGER - Number(near);
  }
}

// This module is browser compatible.
import type { ScoreOrder } from "../board/board_options.ts";
import { MAX_SCORE, MIN_SCORE, type Score } from "../score.ts";
import type { PageQuery } from "../store/store.ts";
import type { RankIndex } from "./rank_index.ts";

/** Where a page is in the whole order. */
export interface PageRange {
  /** The offset of its first entry in the whole order. */
  readonly start: number;
  /** Its entries. */
  readonly count: number;
  /** Entries between the query's scores. */
  readonly total: number;
  /** How many of these are before the first one. */
  readonly offset: number;
}

/** Finds the page that a query asks for. */
export function locatePage(
  index: RankIndex,
  { order, subscoreOrder }: {
    readonly order: ScoreOrder;
    readonly subscoreOrder: ScoreOrder;
  },
  { limit, offset = 0, after, minScore, maxScore }: PageQuery,
): PageRange {
  const isDescending = order === "descending";
  const best = isDescending ? maxScore : minScore;
  const worst = isDescending ? minScore : maxScore;
  const begin = best === undefined ? 0 : index.countBefore({
    score: best,
    subscore: extreme(subscoreOrder, true),
    sequence: -Infinity,
  });
  const end = worst === undefined ? index.size : Math.max(
    begin,
    index.countBefore({
      score: worst,
      subscore: extreme(subscoreOrder, false),
      sequence: Infinity,
    }),
  );
  const wanted = after === undefined
    ? begin + offset
    : index.countBefore({ ...after, sequence: after.sequence + 1 });
  const start = Math.min(Math.max(wanted, begin), end);
  return {
    start,
    count: Math.min(limit, end - start),
    total: end - begin,
    offset: start - begin,
  };
}

/** Finds the page with an offset in its middle, or as near to it as the ends allow. */
export function locateAround(
  index: RankIndex,
  offset: number,
  limit: number,
): PageRange {
  const total = index.size;
  const start = Math.max(
    0,
    Math.min(offset - Math.floor(limit / 2), total - limit),
  );
  return { start, count: Math.min(limit, total), total, offset: start };
}

function extreme(order: ScoreOrder, isBest: boolean): Score {
  return (order === "descending") === isBest ? MAX_SCORE : MIN_SCORE;
}

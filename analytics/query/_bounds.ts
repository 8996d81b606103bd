// This module is browser compatible.

/** Rows of one page that is read: few enough that reading it holds up nobody. */
export const PAGE_ROWS = 1_000;
/** Players or sessions that a query tells apart: some 30 MB at 10 numbers each. */
export const MAX_KEYS = 200_000;
/** Rows of an answer. */
export const MAX_ROWS = 100_000;
/** What a store gives at most of sums at once. */
export const MAX_COUNT_ROWS = 100_000;
/** What a store gives at most of sketches at once. */
export const MAX_SKETCH_ROWS = 10_000;
/** The most steps of a funnel. */
export const MAX_FUNNEL_STEPS = 10;
/** How long after its first step a funnel may end at most, in milliseconds: 31 days. */
export const MAX_FUNNEL_WINDOW_MS = 2_678_400_000;
/** The most events that `recentEvents` lists. */
export const MAX_RECENT_EVENTS = 1_000;

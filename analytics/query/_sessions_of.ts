// This module is browser compatible.
import type { AnalyticsStore, RangeQuery, SessionRow } from "../store/store.ts";
import { PAGE_ROWS } from "./_bounds.ts";
import type { Pace } from "./_pace.ts";

/** All sessions that began in a range, by their beginning, of which a page is held at a time. */
export async function* sessionsOf(
  store: AnalyticsStore,
  query: RangeQuery,
  pace: Pace,
): AsyncGenerator<readonly SessionRow[]> {
  let after: string | undefined;
  do {
    const page = await store.sessions(query, after, PAGE_ROWS);
    yield page.rows;
    after = page.next;
    await pace.breathe();
  } while (after !== undefined);
}

/**
 * Whether a session broke off: the next one had to end it, or nothing said that it ended, and nothing came of it for as
 * long as a session may be idle.
 */
export function isUnclean(
  { endReason, lastMs }: SessionRow,
  nowMs: number,
  idleMs: number,
): boolean {
  return endReason === "repaired" ||
    endReason === "" && lastMs < nowMs - idleMs;
}

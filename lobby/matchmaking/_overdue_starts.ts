// This module is browser compatible.
import type { SkillIndex } from "./_skill_index.ts";
import { type TicketTable, WAITING } from "./_ticket_table.ts";
import type { WindowSearch } from "./_window_search.ts";

/** So many tickets below an overdue one have its match looked for whatever that costs. */
const MAX_STARTS = 64;

/**
 * The nearest waiting tickets below an overdue one, rising, that the rules allow beside it: one
 * of them, or itself, is the lowest of any match that it is in. The search must have looked at
 * them.
 */
export function overdueStarts(
  search: WindowSearch,
  table: TicketTable,
  { slots, columns: { reach } }: SkillIndex,
  place: number,
): number[] {
  const starts: number[] = [];
  for (let at = place - 1; at >= 0 && starts.length < MAX_STARTS; at--) {
    if (
      table.state(slots[at]!) === WAITING &&
      (reach[at]! & reach[place]!) !== 0 &&
      search.areWithinWindows(at, place)
    ) starts.push(at);
  }
  return starts.reverse();
}

import { dropReport } from "../query/drop_report.ts";
import type { AnalyticsStore, EventRow } from "../store/store.ts";

const PAGE_ROWS = 10_000;
const DAY_MS = 86_400_000;

/** All events of a store, as they were stored. */
export async function allEvents(store: AnalyticsStore): Promise<EventRow[]> {
  const events: EventRow[] = [];
  for (;;) {
    const rows = await store.eventsAfter(events.at(-1)?.id ?? 0, PAGE_ROWS);
    if (rows.length === 0) return events;
    events.push(...rows);
  }
}

/** The ids in events of these names. */
export function idsIn(
  events: readonly EventRow[],
  names: readonly string[],
): number[] {
  return events.filter(({ name }) => names.includes(name))
    .map(({ data }) => JSON.parse(data).id);
}

/** What events say that was dropped of these names, by "name reason", sorted. */
export function dropsOf(
  events: readonly EventRow[],
  names: readonly string[],
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { name, data } of events) {
    if (name !== "drop") continue;
    const { event, reason, count } = JSON.parse(data);
    if (!names.includes(event)) continue;
    const key = `${event} ${reason}`;
    counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return new Map([...counts].sort());
}

/** The same as a developer is told it. */
export async function reportedDrops(
  store: AnalyticsStore,
  names: readonly string[],
  fromMs: number,
  toMs: number,
): Promise<Map<string, number>> {
  const { rows } = await dropReport(store, {
    title: "main",
    fromMs: fromMs - 5 * DAY_MS,
    toMs: toMs + 5 * DAY_MS,
    nowMs: toMs,
    idleMs: 1_800_000,
  });
  const counts = new Map<string, number>();
  for (const { event, reason, count } of rows) {
    if (names.includes(event)) counts.set(`${event} ${reason}`, count);
  }
  return new Map([...counts].sort());
}

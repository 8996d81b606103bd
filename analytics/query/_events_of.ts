// This module is browser compatible.
import type { AnalyticsStore, EventRow, RangeQuery } from "../store/store.ts";
import { PAGE_ROWS } from "./_bounds.ts";
import type { Pace } from "./_pace.ts";

/** The events of one name, of which a page is held. */
interface Source {
  readonly name: string;
  rows: readonly EventRow[];
  at: number;
  next: string | undefined;
}

/** Events of some names in a range, by time and then by id: the lists of the names, merged. */
export async function* eventsOf(
  store: AnalyticsStore,
  query: RangeQuery,
  names: readonly string[],
  pace: Pace,
): AsyncGenerator<EventRow> {
  const sources: Source[] = [];
  for (const name of names) {
    const source = { name, rows: [], at: 0, next: undefined };
    await read(source);
    sources.push(source);
  }
  while (true) {
    let first: Source | undefined;
    for (const source of sources) {
      if (source.at === source.rows.length) continue;
      if (first === undefined || isBefore(headOf(source), headOf(first))) {
        first = source;
      }
    }
    if (first === undefined) return;
    yield headOf(first);
    if (++first.at === first.rows.length && first.next !== undefined) {
      await read(first);
    }
  }

  async function read(source: Source): Promise<void> {
    // A page may be empty though there is another.
    do {
      const page = await store.events(
        { ...query, name: source.name },
        source.next,
        PAGE_ROWS,
      );
      source.rows = page.rows;
      source.at = 0;
      source.next = page.next;
      await pace.breathe();
    } while (source.rows.length === 0 && source.next !== undefined);
  }
}

function headOf({ rows, at }: Source): EventRow {
  return rows[at]!;
}

function isBefore(a: EventRow, b: EventRow): boolean {
  return a.timeMs < b.timeMs || (a.timeMs === b.timeMs && a.id < b.id);
}

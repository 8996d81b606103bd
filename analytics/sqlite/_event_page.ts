import { type PageCursor, writePageCursor } from "../store/page_cursor.ts";
import type { EventQuery, EventRow, Page } from "../store/store.ts";

/** The first events behind a place by time and id, of those that come in any order; it holds a few more than asked for. */
export class EventPage {
  readonly #fromMs: number;
  readonly #toMs: number;
  readonly #cursor: PageCursor;
  readonly #limit: number;
  #rows: EventRow[] = [];
  #trimAt: number;
  #lastMs = Infinity;

  constructor({ fromMs, toMs }: EventQuery, cursor: PageCursor, limit: number) {
    this.#fromMs = fromMs;
    this.#toMs = toMs;
    this.#cursor = cursor;
    this.#limit = limit;
    this.#trimAt = limit + 1;
  }

  /** Nothing that is later can be on the page any more. */
  get lastMs(): number {
    return this.#lastMs;
  }

  /** Whether an event is worth adding. */
  takes(timeMs: number, id: number): boolean {
    if (timeMs < this.#fromMs || timeMs >= this.#toMs) return false;
    if (timeMs > this.#lastMs) return false;
    const { timeMs: afterMs, id: afterId } = this.#cursor;
    return timeMs > afterMs || timeMs === afterMs && id > afterId;
  }

  /** Adds an event that it takes. */
  add(row: EventRow): void {
    this.#rows.push(row);
    if (this.#rows.length >= this.#trimAt) this.#trim();
  }

  end(): Page<EventRow> {
    this.#trim();
    const rows = this.#rows;
    if (rows.length <= this.#limit) return { rows, next: undefined };
    rows.pop();
    return { rows, next: writePageCursor(rows.at(-1)!) };
  }

  #trim(): void {
    const sorted = this.#rows.sort((a, b) =>
      a.timeMs - b.timeMs || a.id - b.id
    );
    // A block that was cut meanwhile may have been read twice.
    const rows = sorted.filter(({ id }, i) =>
      i === 0 || id !== sorted[i - 1]!.id
    );
    // One more tells whether there is another page.
    const most = this.#limit + 1;
    if (rows.length >= most) {
      rows.length = most;
      this.#lastMs = rows[most - 1]!.timeMs;
    }
    this.#rows = rows;
    this.#trimAt = Math.max(most, rows.length) + 256 + (most >> 2);
  }
}

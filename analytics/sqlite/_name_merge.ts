import type { RowStatement } from "../../core/sqlite/mod.ts";
import type { PageCursor } from "../store/page_cursor.ts";

/** Places in the index by time of the events of some names, merged: the next one of all is the first of the next ones of each. */
export class NameMerge {
  readonly #statement: RowStatement;
  readonly #toMs: number;
  readonly #batch: number;
  readonly #heads: Head[];

  /**
   * `statement` takes a name, from when on and until when, a time and an id behind which the places are, and how many there
   * may be. It gives times and ids.
   */
  constructor(
    statement: RowStatement,
    names: readonly number[],
    { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
    cursor: PageCursor,
    wanted: number,
  ) {
    this.#statement = statement;
    this.#toMs = toMs;
    this.#batch = Math.ceil(wanted / Math.max(names.length, 1)) + 16;
    this.#heads = names.map((name) => ({
      name,
      places: [],
      at: 0,
      // Behind everything that is earlier than the range.
      last: cursor.timeMs >= fromMs ? cursor : { timeMs: fromMs, id: 0 },
      isAtEnd: false,
    }));
  }

  /** The next ones, fewer than asked for at the end only. */
  take(count: number): PageCursor[] {
    const taken: PageCursor[] = [];
    while (taken.length < count) {
      let first: Head | undefined;
      for (const head of this.#heads) {
        if (head.at === head.places.length && !this.#refill(head)) continue;
        if (first === undefined || isBefore(head, first)) first = head;
      }
      if (first === undefined) break;
      const [timeMs, id] = first.places[first.at++]!;
      taken.push({ timeMs, id });
    }
    return taken;
  }

  #refill(head: Head): boolean {
    if (head.isAtEnd) return false;
    const { timeMs, id } = head.last;
    head.places = this.#statement.all(
      ...[head.name, timeMs, this.#toMs, timeMs, id, this.#batch],
    ) as [number, number][];
    head.at = 0;
    head.isAtEnd = head.places.length < this.#batch;
    const last = head.places.at(-1);
    if (last === undefined) return false;
    head.last = { timeMs: last[0], id: last[1] };
    return true;
  }
}

/** What is known of the places of a name. */
interface Head {
  readonly name: number;
  places: readonly (readonly [timeMs: number, id: number])[];
  at: number;
  last: PageCursor;
  isAtEnd: boolean;
}

function isBefore(a: Head, b: Head): boolean {
  const [aMs, aId] = a.places[a.at]!;
  const [bMs, bId] = b.places[b.at]!;
  return aMs < bMs || aMs === bMs && aId < bId;
}

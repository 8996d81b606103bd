import { SeededRandom } from "../../../core/mod.ts";
import { QuantileSketch } from "../../sketch/quantile_sketch.ts";
import type { AnalyticsStore, EventRow } from "../../store/store.ts";

export const START_MS = 1_764_115_200_000;

/** A row with what a test does not say. */
export function rowOf(row: Partial<EventRow> = {}): EventRow {
  return {
    id: 1,
    title: "main",
    session: "AAECAwQFBgcICQoLDA0ODw",
    player: "EBESExQVFhcYGRobHB0eHw",
    build: "1.2.0",
    platform: "linux",
    common: "{}",
    number: 0,
    name: "custom",
    timeMs: START_MS,
    data: "{}",
    ...row,
  };
}

/** Rows of several sessions, a tenth of which are of sketches. */
export function makeRows(count: number, seed = 1): EventRow[] {
  const random = new SeededRandom(seed);
  return Array.from({ length: count }, (_, at) => {
    const session = at % 7;
    const row = {
      id: at + 1,
      session: `session${session}`.padEnd(22, "_"),
      build: session < 4 ? "1.2.0" : "1.3.0",
      platform: session % 2 ? "windows" : "linux",
      number: Math.floor(at / 7),
      timeMs: START_MS + 100 * at,
    };
    if (at % 10 !== 9) {
      const data = JSON.stringify({ cause: "spikes", floor: at % 5 });
      return rowOf({ ...row, name: "death", data });
    }
    const sketch = new QuantileSketch();
    for (let i = 0; i < 20; i++) sketch.add(10 + 20 * random.nextFloat());
    const data = JSON.stringify({ sketch: sketch.toJson(), hitches: 1 });
    return rowOf({ ...row, name: "frameTime", data });
  });
}

/** The part of a store that an exporter needs. */
export class FakeStore {
  readonly rows: EventRow[];
  readonly marks = new Map<string, number>();
  /** How many of the next calls are rejected. */
  failures = 0;

  constructor(rows: EventRow[] = []) {
    this.rows = rows;
  }

  asStore(): AnalyticsStore {
    return this as Partial<AnalyticsStore> as AnalyticsStore;
  }

  eventsAfter(id: number, limit: number): Promise<readonly EventRow[]> {
    return this.#answer(() =>
      this.rows.filter((row) => row.id > id).slice(0, limit)
    );
  }

  mark(name: string): Promise<number> {
    return this.#answer(() => this.marks.get(name) ?? 0);
  }

  setMark(name: string, value: number): Promise<void> {
    return this.#answer(() => void this.marks.set(name, value));
  }

  async #answer<T>(get: () => T): Promise<T> {
    await Promise.resolve();
    if (this.failures > 0) {
      this.failures--;
      throw new Error("The disk is full");
    }
    return get();
  }
}

// This module is browser compatible.
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type {
  CountChange,
  CountQuery,
  CountRow,
  RangeQuery,
  SketchChange,
  SketchQuery,
  SketchRow,
} from "./store.ts";
import {
  type GroupKeys,
  Groups,
  MAX_COUNT_ROWS,
  MAX_SKETCH_ROWS,
  sketchRowOf,
  spanStart,
  type SumOwner,
} from "./sum_groups.ts";

interface Row extends GroupKeys {
  readonly title: string;
  readonly metric: string;
  readonly hourMs: number;
}

interface CountedRow extends Row {
  count: number;
}

interface SketchedRow extends Row {
  readonly sketch: QuantileSketch;
}

/** Sums and sketches in memory. */
export class MemorySums {
  readonly #counts = new Map<string, CountedRow>();
  readonly #sketches = new Map<string, SketchedRow>();

  /** How many rows there are. */
  get size(): number {
    return this.#counts.size + this.#sketches.size;
  }

  addCount(owner: SumOwner, change: CountChange): void {
    if (change.count <= 0) return;
    const { metric, hourMs, key1, key2, count } = change;
    const key = keyOf(owner, metric, hourMs, key1, key2);
    const found = this.#counts.get(key);
    if (found !== undefined) {
      found.count += count;
      return;
    }
    const { title, build, platform } = owner;
    this.#counts.set(key, {
      ...{ title, build, platform, metric, hourMs, key1, key2, count },
    });
  }

  removeCount(owner: SumOwner, change: CountChange): void {
    const { metric, hourMs, key1, key2, count } = change;
    const key = keyOf(owner, metric, hourMs, key1, key2);
    const found = this.#counts.get(key);
    if (found === undefined || count <= 0) return;
    found.count -= count;
    if (found.count <= 0) this.#counts.delete(key);
  }

  addSketch(
    owner: SumOwner,
    { metric, hourMs }: SketchChange,
    sketch: QuantileSketch,
  ): void {
    if (sketch.count === 0) return;
    const key = keyOf(owner, metric, hourMs, "", "");
    let found = this.#sketches.get(key);
    if (found === undefined) {
      const { title, build, platform } = owner;
      found = {
        ...{ title, build, platform, metric, hourMs, key1: "", key2: "" },
        sketch: new QuantileSketch(),
      };
      this.#sketches.set(key, found);
    }
    found.sketch.merge(sketch);
  }

  removeSketch(
    owner: SumOwner,
    { metric, hourMs }: SketchChange,
    sketch: QuantileSketch,
  ): void {
    const key = keyOf(owner, metric, hourMs, "", "");
    const found = this.#sketches.get(key);
    if (found === undefined) return;
    found.sketch.subtract(sketch);
    if (found.sketch.count === 0) this.#sketches.delete(key);
  }

  counts(query: CountQuery): CountRow[] {
    const groups = new Groups<number>(query.by);
    for (const row of this.#counts.values()) {
      if (!isAsked(query, row)) continue;
      if (query.key1 !== undefined && query.key1 !== row.key1) continue;
      groups.add(
        spanStart(query, row.hourMs),
        row,
        (before = 0) => before + row.count,
      );
    }
    return groups.rows(MAX_COUNT_ROWS)
      .map(([group, count]) => ({ ...group, count }));
  }

  sketches(query: SketchQuery): SketchRow[] {
    const groups = new Groups<QuantileSketch>(query.by);
    for (const row of this.#sketches.values()) {
      if (!isAsked(query, row)) continue;
      groups.add(
        spanStart(query, row.hourMs),
        row,
        (before = new QuantileSketch()) => {
          before.merge(row.sketch);
          return before;
        },
      );
    }
    return groups.rows(MAX_SKETCH_ROWS).map(sketchRowOf);
  }

  /** Removes what is of before a time; gives how many rows that were. */
  expire(beforeMs: number, limit: number): number {
    let removed = 0;
    for (const rows of [this.#counts, this.#sketches]) {
      for (const [key, { hourMs }] of rows) {
        if (removed >= limit) return removed;
        if (hourMs >= beforeMs) continue;
        rows.delete(key);
        removed++;
      }
    }
    return removed;
  }

  clear(): void {
    this.#counts.clear();
    this.#sketches.clear();
  }
}

function isAsked(
  query: RangeQuery & { readonly metric: string },
  row: Row,
): boolean {
  return row.metric === query.metric && row.title === query.title &&
    row.hourMs >= query.fromMs && row.hourMs < query.toMs &&
    (query.build === undefined || query.build === row.build) &&
    (query.platform === undefined || query.platform === row.platform);
}

function keyOf(
  { title, build, platform }: SumOwner,
  ...parts: readonly (string | number)[]
): string {
  return JSON.stringify([title, build, platform, ...parts]);
}

// This module is browser compatible.
import type { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type { CountQuery, CountRow, Dimension, SketchRow } from "./store.ts";

/** The most rows of sums, and of sketches. */
export const MAX_COUNT_ROWS = 100_000;
export const MAX_SKETCH_ROWS = 10_000;

/** Whose sums these are. */
export interface SumOwner {
  readonly title: string;
  readonly build: string;
  readonly platform: string;
}

/** What a sum or a sketch is told apart by. */
export type GroupKeys = Pick<CountRow, Dimension>;

/** A row of sums or sketches before it has a value. */
export interface Group extends GroupKeys {
  readonly startMs: number;
}

/** The beginning of the time span that an hour is in. */
export function spanStart(
  { fromMs, stepMs }: Pick<CountQuery, "fromMs" | "stepMs">,
  hourMs: number,
): number {
  return stepMs === 0 ? fromMs : hourMs - (hourMs - fromMs) % stepMs;
}

/** Values by group, which are added up as they come. */
export class Groups<Value> {
  readonly #by: readonly Dimension[];
  /** The span's groups by their keys. */
  readonly #spans = new Map<number, Map<string, [Group, Value]>>();

  constructor(by: readonly Dimension[]) {
    this.#by = by;
  }

  /** Adds to a group: `join` gives what it has then, from what it has. */
  add(
    startMs: number,
    keys: GroupKeys,
    join: (before: Value | undefined) => Value,
  ): void {
    let span = this.#spans.get(startMs);
    if (span === undefined) {
      span = new Map();
      this.#spans.set(startMs, span);
    }
    const key = this.#keyOf(keys);
    const found = span.get(key);
    if (found !== undefined) {
      found[1] = join(found[1]);
      return;
    }
    const group: Group = {
      startMs,
      key1: this.#pick("key1", keys),
      key2: this.#pick("key2", keys),
      build: this.#pick("build", keys),
      platform: this.#pick("platform", keys),
    };
    span.set(key, [group, join(undefined)]);
  }

  /** The first groups, by time span, then key1, key2, build and platform. */
  rows(limit: number): [Group, Value][] {
    const rows: [Group, Value][] = [];
    for (const startMs of [...this.#spans.keys()].sort((a, b) => a - b)) {
      if (rows.length >= limit) break;
      const span = [...this.#spans.get(startMs)!.values()];
      span.sort(([a], [b]) => compareKeys(a, b));
      for (const row of span.slice(0, limit - rows.length)) rows.push(row);
    }
    return rows;
  }

  #keyOf(keys: GroupKeys): string {
    const by = this.#by;
    if (by.length === 0) return "";
    if (by.length === 1) return keys[by[0]!];
    let key = "";
    for (const name of by) {
      const text = keys[name];
      // With the length before it no two give one text.
      key += `${text.length}:${text}`;
    }
    return key;
  }

  #pick(name: Dimension, keys: GroupKeys): string {
    return this.#by.includes(name) ? keys[name] : "";
  }
}

/** The row of merged sketches. */
export function sketchRowOf(
  [{ startMs, build, platform }, sketch]: [Group, QuantileSketch],
): SketchRow {
  return { startMs, build, platform, sketch: sketch.toJson() };
}

function compareKeys(a: GroupKeys, b: GroupKeys): number {
  return compareTexts(a.key1, b.key1) || compareTexts(a.key2, b.key2) ||
    compareTexts(a.build, b.build) || compareTexts(a.platform, b.platform);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

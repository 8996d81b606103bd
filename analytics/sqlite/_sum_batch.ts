import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type { CountChange, SketchChange } from "../store/store.ts";
import type { SumOwner } from "../store/sum_groups.ts";

/** By metric and the beginning of an hour, or of a day. */
type ByTime<Value> = Map<string, Map<number, Value>>;
/** By the first key and the second. */
type ByKeys = Map<string, Map<string, number>>;

interface Owned {
  readonly owner: SumOwner;
  readonly counts: ByTime<ByKeys>;
  readonly sketches: ByTime<QuantileSketch>;
}

/** A sum with what it is known by. */
export type CountVisit = (
  owner: SumOwner,
  metric: string,
  timeMs: number,
  key1: string,
  key2: string,
  count: number,
) => void;

/** A sketch with what it is known by. */
export type SketchVisit = (
  owner: SumOwner,
  metric: string,
  timeMs: number,
  sketch: QuantileSketch,
) => void;

/** Which sums are looked at: all, or those of a title, a metric, and a range of time. */
export interface SumRange {
  readonly title: string;
  readonly metric: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** As many sums as one sketch of many buckets are written in the time that it takes. */
const SUMS_OF_SKETCH = 32;

/** Sums and sketches in memory that are yet to be added to those in the tables. */
export class SumBatch {
  readonly #owned = new Map<string, Owned>();
  #size = 0;

  /** About how many sums it takes as long as to write it. */
  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#owned.clear();
    this.#size = 0;
  }

  /** Adds what events of an owner come to. The sketches are the batch's from then on. */
  add(
    owner: SumOwner,
    counts: readonly CountChange[],
    sketches: readonly (readonly [SketchChange, QuantileSketch])[],
  ): void {
    const owned = this.#ownedOf(owner);
    for (const { metric, hourMs, key1, key2, count } of counts) {
      this.#addCount(owned, metric, hourMs, key1, key2, count);
    }
    for (const [{ metric, hourMs }, sketch] of sketches) {
      this.#addSketch(owned, metric, hourMs, sketch);
    }
  }

  /** Adds to a sum. */
  addCount(
    owner: SumOwner,
    metric: string,
    timeMs: number,
    key1: string,
    key2: string,
    count: number,
  ): void {
    this.#addCount(this.#ownedOf(owner), metric, timeMs, key1, key2, count);
  }

  /** Adds all of another one, whose sketches are no longer its own. */
  merge(other: SumBatch): void {
    for (const { owner, counts, sketches } of other.#owned.values()) {
      const owned = this.#ownedOf(owner);
      eachCount(
        counts,
        (metric, timeMs, key1, key2, count) =>
          this.#addCount(owned, metric, timeMs, key1, key2, count),
      );
      for (const [metric, times] of sketches) {
        for (const [timeMs, sketch] of times) {
          this.#addSketch(owned, metric, timeMs, sketch);
        }
      }
    }
  }

  eachCount(visit: CountVisit, range?: SumRange): void {
    for (const { owner, counts } of this.#owned.values()) {
      if (range !== undefined && owner.title !== range.title) continue;
      eachCount(counts, (...count) => visit(owner, ...count), range);
    }
  }

  eachSketch(visit: SketchVisit, range?: SumRange): void {
    for (const { owner, sketches } of this.#owned.values()) {
      if (range !== undefined && owner.title !== range.title) continue;
      for (const [metric, times] of ofMetric(sketches, range)) {
        for (const [timeMs, sketch] of times) {
          if (isInside(timeMs, range)) visit(owner, metric, timeMs, sketch);
        }
      }
    }
  }

  /** The first time in a range that has anything; `Infinity` if none has. */
  firstMs(kind: "counts" | "sketches", range: SumRange): number {
    let firstMs = Infinity;
    for (const owned of this.#owned.values()) {
      if (owned.owner.title !== range.title) continue;
      for (const timeMs of owned[kind].get(range.metric)?.keys() ?? []) {
        if (isInside(timeMs, range)) firstMs = Math.min(firstMs, timeMs);
      }
    }
    return firstMs;
  }

  /** What `addJson()` adds to another one. */
  toJson(): string {
    return JSON.stringify(Array.from(
      this.#owned.values(),
      ({ owner: { title, build, platform }, counts, sketches }) => {
        const sums: unknown[] = [];
        eachCount(counts, (...count) => sums.push(count));
        const rest: unknown[] = [];
        for (const [metric, times] of sketches) {
          for (const [timeMs, sketch] of times) {
            rest.push([metric, timeMs, sketch.toJson()]);
          }
        }
        return [title, build, platform, sums, rest];
      },
    ));
  }

  /**
   * Adds what another one gave.
   *
   * @throws {Error} If it is nothing of the kind.
   */
  addJson(json: string): void {
    for (const owned of listOf(JSON.parse(json))) {
      const [title, build, platform, counts, sketches] = listOf(owned);
      const owner = {
        title: textOf(title),
        build: textOf(build),
        platform: textOf(platform),
      };
      for (const entry of listOf(counts)) {
        const [metric, timeMs, key1, key2, count] = listOf(entry);
        this.addCount(
          ...[owner, textOf(metric), intOf(timeMs)] as const,
          ...[textOf(key1), textOf(key2), intOf(count)] as const,
        );
      }
      for (const entry of listOf(sketches)) {
        const [metric, timeMs, json] = listOf(entry);
        const sketch = QuantileSketch.fromJson(json);
        if (sketch === undefined) throw damaged();
        this.#addSketch(
          this.#ownedOf(owner),
          textOf(metric),
          intOf(timeMs),
          sketch,
        );
      }
    }
  }

  #ownedOf(owner: SumOwner): Owned {
    const { title, build, platform } = owner;
    // With the lengths no two give one text.
    const key = `${title.length},${build.length}:${title}${build}${platform}`;
    let owned = this.#owned.get(key);
    if (owned === undefined) {
      owned = {
        owner: { title, build, platform },
        counts: new Map(),
        sketches: new Map(),
      };
      this.#owned.set(key, owned);
    }
    return owned;
  }

  #addCount(
    { counts }: Owned,
    metric: string,
    timeMs: number,
    key1: string,
    key2: string,
    count: number,
  ): void {
    if (count <= 0) return;
    const times = mapIn(counts, metric);
    const firsts = mapIn(times, timeMs);
    const seconds = mapIn(firsts, key1);
    const before = seconds.get(key2);
    if (before === undefined) this.#size++;
    seconds.set(key2, Math.min((before ?? 0) + count, Number.MAX_SAFE_INTEGER));
  }

  #addSketch(
    { sketches }: Owned,
    metric: string,
    timeMs: number,
    sketch: QuantileSketch,
  ): void {
    if (sketch.count === 0) return;
    const times = mapIn(sketches, metric);
    const found = times.get(timeMs);
    if (found !== undefined) return found.merge(sketch);
    times.set(timeMs, sketch);
    this.#size += SUMS_OF_SKETCH;
  }
}

/** The map of a key, which is made if it is not there. */
function mapIn<Key, InnerKey, Value>(
  map: Map<Key, Map<InnerKey, Value>>,
  key: Key,
): Map<InnerKey, Value> {
  let found = map.get(key);
  if (found === undefined) map.set(key, found = new Map());
  return found;
}

function eachCount(
  counts: ByTime<ByKeys>,
  visit: (
    metric: string,
    timeMs: number,
    key1: string,
    key2: string,
    count: number,
  ) => void,
  range?: SumRange,
): void {
  for (const [metric, times] of ofMetric(counts, range)) {
    for (const [timeMs, firsts] of times) {
      if (!isInside(timeMs, range)) continue;
      for (const [key1, seconds] of firsts) {
        for (const [key2, count] of seconds) {
          visit(metric, timeMs, key1, key2, count);
        }
      }
    }
  }
}

function ofMetric<Value>(
  map: ByTime<Value>,
  range: SumRange | undefined,
): Iterable<readonly [string, Map<number, Value>]> {
  if (range === undefined) return map;
  const times = map.get(range.metric);
  return times === undefined ? [] : [[range.metric, times]];
}

function isInside(timeMs: number, range: SumRange | undefined): boolean {
  return range === undefined || timeMs >= range.fromMs && timeMs < range.toMs;
}

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw damaged();
  return value;
}

function textOf(value: unknown): string {
  if (typeof value !== "string") throw damaged();
  return value;
}

function intOf(value: unknown): number {
  if (!Number.isSafeInteger(value)) throw damaged();
  return value as number;
}

function damaged(): Error {
  return new Error("sums that are pending are damaged");
}

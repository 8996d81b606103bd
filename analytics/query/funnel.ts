// This module is browser compatible.
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type { AnalyticsStore, EventRow, RangeQuery } from "../store/store.ts";
import { MAX_FUNNEL_STEPS, MAX_FUNNEL_WINDOW_MS, MAX_KEYS } from "./_bounds.ts";
import { eventsOf } from "./_events_of.ts";
import { KeyTable } from "./_key_table.ts";
import { Pace } from "./_pace.ts";
import { checkInteger, checkRange, scopeOf } from "./_range.ts";
import type { AnalyticsQueryOptions } from "./query_options.ts";

/** A step of a funnel: an event, of which fields may have to have values. */
export interface FunnelStep {
  /** The event's name. */
  readonly event: string;
  /**
   * The values that fields must have, as texts: `"3"`, `"true"`, `"spikes"`.
   *
   * @default {{}}
   */
  readonly where?: Readonly<Record<string, string>>;
}

/** Whose steps are followed. The range is that of first steps, and not widened. */
export interface FunnelQuery extends RangeQuery {
  /** The steps: 2 to 10. */
  readonly steps: readonly FunnelStep[];
  /** What takes the steps: a player in whichever sessions, or a session. */
  readonly by: "player" | "session";
  /** How long after the first step the last one may be, in milliseconds: 1 to 31 days. */
  readonly withinMs: number;
}

/** How many came as far as a step. */
export interface FunnelRow {
  /** The step. */
  readonly step: FunnelStep;
  /** How many players or sessions took it. */
  readonly count: number;
  /** What half of these needed at most since the step before, in milliseconds, to 0.6 %; 0 of the first step, or of none. */
  readonly medianMs: number;
  /** What half of these needed at most since the first step, in milliseconds, to 0.6 %; 0 as above. */
  readonly medianTotalMs: number;
}

/** How far players or sessions came. */
export interface Funnel {
  /** From when on first steps count, in epoch milliseconds. */
  readonly fromMs: number;
  /** Until when first steps count, exclusive, in epoch milliseconds. */
  readonly toMs: number;
  /** By step. */
  readonly rows: readonly FunnelRow[];
  /** The share of players or sessions that was followed: 1, or less where there are more than 200,000: all counts are estimates then. */
  readonly share: number;
}

/**
 * Follows players or sessions along steps. The first step is taken by the first event in the range that is one; each
 * other by the first event behind the one of the step before (later, or at the same millisecond and stored later) and at
 * most `withinMs` after the first step, also beyond the end of the range. Other events may lie between, an event takes one
 * step at most, and nobody begins twice.
 *
 * @param store The store.
 * @param query Which steps.
 * @param options How the query runs.
 * @returns A promise of the counts.
 * @throws {RangeError} If the range is none, or there are too few steps or too many, or `withinMs` is out of bounds.
 *
 * @example How many die on the third floor within an hour
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsCollector, funnel, MemoryAnalyticsStore } from "@tickwire/net/analytics";
 *
 * const store = new MemoryAnalyticsStore();
 * const clock = { nowMs: () => 0, epochMs: () => 9_000_000 };
 * const collector = new AnalyticsCollector({ store, clock });
 * const run = {
 *   s: "AAECAwQFBgcICQoLDA0ODw", i: "EBESExQVFhcYGRobHB0eHw", b: "1.2.0", p: "linux", n: 0, t: 7_200_000,
 *   d: [["sessionStart", "isFirst", "isResumed"], ["death", "cause", "floor"]],
 *   e: [[0, 0, true, false], [1, 60_000, "spikes", 3]],
 * };
 * await collector.handler(new Request("http://localhost/v1/batch", {
 *   method: "POST",
 *   body: JSON.stringify({ v: 1, sentAt: 9_000_000, runs: [run] }),
 * }));
 *
 * const range = { title: "main", fromMs: 7_200_000, toMs: 10_800_000 };
 * const steps = [{ event: "sessionStart" }, { event: "death", where: { floor: "3" } }];
 * const { rows } = await funnel(store, { ...range, steps, by: "player", withinMs: 3_600_000 });
 * assertEquals(rows.map(({ count }) => count), [1, 1]);
 * await collector.close();
 * await store.close();
 * ```
 */
export async function funnel(
  store: AnalyticsStore,
  query: FunnelQuery,
  options: AnalyticsQueryOptions = {},
): Promise<Funnel> {
  const pace = new Pace(options.signal);
  checkRange(query);
  const { fromMs, toMs, steps, by, withinMs } = query;
  checkInteger("steps.length", steps.length, 2, MAX_FUNNEL_STEPS);
  checkInteger("withinMs", withinMs, 1, MAX_FUNNEL_WINDOW_MS);
  const conditions = steps.map((step) => Object.entries(step.where ?? {}));
  // When each step was taken: not a number of those that were not.
  const taken = new KeyTable(steps.length, MAX_KEYS);
  const names = [...new Set(steps.map(({ event }) => event))];
  // Nobody begins after the range, so that nobody goes on later than this.
  const range = { ...scopeOf(query), fromMs, toMs: toMs + withinMs };
  for await (const event of eventsOf(store, range, names, pace)) {
    const key = event[by];
    let place = taken.find(key);
    let step = 0;
    if (place >= 0) {
      const { values } = taken;
      while (step < steps.length && !Number.isNaN(values[place + step])) step++;
      if (step === steps.length) continue;
      if (event.timeMs - values[place]! > withinMs) continue;
    } else if (event.timeMs >= toMs) continue;
    if (event.name !== steps[step]!.event) continue;
    if (!meets(event, conditions[step]!)) continue;
    if (place < 0) place = taken.add(key);
    if (place >= 0) taken.values[place + step] = event.timeMs;
  }
  const rows: FunnelRow[] = [];
  for (let i = 0; i < steps.length; i++) {
    rows.push(rowOf(taken, steps[i]!, i));
    await pace.breathe();
  }
  return { fromMs, toMs, rows, share: taken.share };
}

function meets(
  { data }: EventRow,
  conditions: readonly (readonly [string, string])[],
): boolean {
  if (conditions.length === 0) return true;
  const fields: Readonly<Record<string, unknown>> = JSON.parse(data);
  return conditions.every(([name, value]) =>
    Object.hasOwn(fields, name) && `${fields[name]}` === value
  );
}

function rowOf(taken: KeyTable, step: FunnelStep, at: number): FunnelRow {
  const { values } = taken;
  const sinceLast = new QuantileSketch();
  const sinceFirst = new QuantileSketch();
  let count = 0;
  for (const place of taken.places()) {
    const timeMs = values[place + at]!;
    if (Number.isNaN(timeMs)) continue;
    count++;
    if (at === 0) continue;
    sinceLast.add(timeMs - values[place + at - 1]!);
    sinceFirst.add(timeMs - values[place]!);
  }
  const isTimed = count > 0 && at > 0;
  return {
    step,
    count: taken.scale(count),
    medianMs: isTimed ? sinceLast.quantile(0.5) : 0,
    medianTotalMs: isTimed ? sinceFirst.quantile(0.5) : 0,
  };
}

// This module is browser compatible.
import type { AnalyticsStore } from "../store/store.ts";
import { hourOf, OTHER, pairOf } from "./roll_up.ts";

const DAY_MS = 86_400_000;
/** What nobody has sent for so long makes room for others. */
const FORGET_DAYS = 30;
const MAX_BUILDS = 1_000;
const MAX_PLATFORMS = 100;
const MAX_LABELS = 10_000;
/** Sums are told apart by both of their keys: the product of their bounds would be 10^8. */
const MAX_PAIRS = 20_000;

interface Labels {
  readonly max: number;
  /** The day on which each came last. */
  readonly days: Map<string, number>;
  /** The day on which room was looked for last: once a day is enough, as it takes its time. */
  clearedDay: number;
}

/**
 * Bounds how many builds, platforms and keys of sums a title has. The key of a game is public, and whoever has it could
 * fill a store, and every list on the dashboard, with names that he makes up. What is beyond is `"other"`, also in the
 * events as they are stored: what is summed up of them must be the same when they are erased.
 */
export class LabelGuard {
  readonly #labels = new Map<string, Labels>();

  /** The build as it is counted. */
  build(build: string, nowMs: number): string {
    return this.#take("build", MAX_BUILDS, build, nowMs);
  }

  /** The platform as it is counted. */
  platform(platform: string, nowMs: number): string {
    return this.#take("platform", MAX_PLATFORMS, platform, nowMs);
  }

  /** A key as it is counted; `of` says which. */
  key(of: string, label: string, nowMs: number): string {
    return this.#take(of, MAX_LABELS, label, nowMs);
  }

  /** Whether both keys of an event's sums have a row of their own together. */
  hasPair(event: string, pair: string, nowMs: number): boolean {
    return this.#take(event, MAX_PAIRS, pair, nowMs) === pair;
  }

  #take(of: string, max: number, label: string, nowMs: number): string {
    let labels = this.#labels.get(of);
    if (labels === undefined) {
      labels = { max, days: new Map(), clearedDay: 0 };
      this.#labels.set(of, labels);
    }
    const { days } = labels;
    const day = Math.floor(nowMs / DAY_MS);
    const last = days.get(label);
    if (last === undefined && days.size >= max && !makeRoom(labels, day)) {
      return OTHER;
    }
    if (last !== day) days.set(label, day);
    return label;
  }
}

/** The guards of all titles, each of which begins with what its title has. */
export class LabelGuards {
  readonly #store: Pick<AnalyticsStore, "counts">;
  readonly #guards = new Map<string, Promise<LabelGuard>>();

  constructor(store: Pick<AnalyticsStore, "counts">) {
    this.#store = store;
  }

  /** The guard of a title. It rejects with what the store rejects with, and is then made again. */
  of(title: string, nowMs: number): Promise<LabelGuard> {
    let guard = this.#guards.get(title);
    if (guard === undefined) {
      guard = this.#load(title, nowMs);
      this.#guards.set(title, guard);
      guard.catch(() => this.#guards.delete(title));
    }
    return guard;
  }

  async #load(title: string, nowMs: number): Promise<LabelGuard> {
    const range = {
      title,
      fromMs: hourOf(nowMs - FORGET_DAYS * DAY_MS),
      toMs: nowMs + DAY_MS,
      stepMs: 0,
    };
    const guard = new LabelGuard();
    const [sessions, deaths, drops] = await Promise.all([
      this.#store.counts({
        ...range,
        metric: "event",
        by: ["build", "platform"],
      }),
      this.#store.counts({ ...range, metric: "death", by: ["key1", "key2"] }),
      this.#store.counts({ ...range, metric: "drop", by: ["key1", "key2"] }),
    ]);
    for (const { build, platform } of sessions) {
      guard.build(build, nowMs);
      guard.platform(platform, nowMs);
    }
    for (const { key1, key2 } of deaths) {
      guard.hasPair("death", pairOf(key1, key2), nowMs);
      guard.key("death.cause", key1, nowMs);
    }
    for (const { key1, key2 } of drops) {
      guard.hasPair("drop", pairOf(key1, key2), nowMs);
      guard.key("drop.event", key1, nowMs);
      guard.key("drop.reason", key2, nowMs);
    }
    return guard;
  }
}

/** Forgets what has not come for long. Returns whether there is room now. */
function makeRoom(labels: Labels, day: number): boolean {
  if (labels.clearedDay === day) return false;
  labels.clearedDay = day;
  for (const [label, last] of labels.days) {
    if (last < day - FORGET_DAYS) labels.days.delete(label);
  }
  return labels.days.size < labels.max;
}

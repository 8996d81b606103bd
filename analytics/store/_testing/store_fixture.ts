// Runs, events and what they come to, for the tests of stores.
import { QuantileSketch } from "../../sketch/quantile_sketch.ts";
import type {
  AnalyticsStore,
  CountQuery,
  EventSums,
  RangeQuery,
  SessionInfo,
  StoredEvent,
  StoredRun,
} from "../store.ts";

export const HOUR_MS = 3_600_000;
/** The beginning of an hour, and of a day. */
export const NOW_MS = 1_764_028_800_000;

/** All of a title. */
export const ALL: RangeQuery = {
  title: "main",
  fromMs: NOW_MS - 1000 * HOUR_MS,
  toMs: NOW_MS + 1000 * HOUR_MS,
};

/** 22 characters of base64url, of a name. */
export function idOf(name: string): string {
  return name.padEnd(22, "_");
}

/** An event, with one that is about nothing unless said otherwise. */
export function eventOf(
  number: number,
  part: Partial<StoredEvent> = {},
): StoredEvent {
  return {
    number,
    name: "custom",
    timeMs: NOW_MS + number * 1000,
    data: '{"key":"k"}',
    ...part,
  };
}

/** A death. */
export function death(
  number: number,
  cause: string,
  floor: number,
  part: Partial<StoredEvent> = {},
): StoredEvent {
  const data = JSON.stringify({ cause, floor });
  return eventOf(number, { name: "death", data, ...part });
}

/** An event with a sketch of some values, which are to be integers so that sums are exact. */
export function frames(
  number: number,
  values: readonly number[],
  part: Partial<StoredEvent> = {},
): StoredEvent {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.add(value);
  const data = JSON.stringify({ sketch: sketch.toJson() });
  return eventOf(number, { name: "frameTime", data, ...part });
}

/** A run of a session, of a player of its own unless said otherwise. */
export function runOf(
  session: string,
  events: readonly StoredEvent[],
  part: Partial<StoredRun> = {},
): StoredRun {
  return {
    title: "main",
    session: idOf(session),
    player: idOf(`p-${session}`),
    build: "1.0",
    platform: "linux",
    common: "{}",
    receivedMs: NOW_MS + 24 * HOUR_MS,
    events,
    ...part,
  };
}

/** What the events of the tests come to. */
export function rollUp(
  _session: SessionInfo,
  events: readonly StoredEvent[],
): EventSums {
  const counts: EventSums["counts"][number][] = [];
  const sketches: EventSums["sketches"][number][] = [];
  let startMs: number | undefined;
  let endReason: string | undefined;
  for (const { name, timeMs, data } of events) {
    const hourMs = Math.floor(timeMs / HOUR_MS) * HOUR_MS;
    counts.push({ metric: "event", hourMs, key1: name, key2: "", count: 1 });
    const fields = JSON.parse(data);
    if (name === "death") {
      counts.push({
        metric: "death",
        hourMs,
        key1: fields.cause,
        key2: String(fields.floor),
        count: 1,
      });
    }
    if (name === "frameTime") {
      sketches.push({ metric: "frameTime", hourMs, sketch: fields.sketch });
    }
    if (name === "sessionStart") startMs = timeMs;
    if (name === "sessionEnd") endReason = fields.reason;
  }
  return { counts, sketches, startMs, endReason };
}

/** What is asked of sums: of events, from `NOW_MS` on, as one span, by nothing, unless said otherwise. */
export function countQuery(part: Partial<CountQuery> = {}): CountQuery {
  return {
    ...ALL,
    fromMs: NOW_MS,
    metric: "event",
    stepMs: 0,
    by: [],
    ...part,
  };
}

/** All rows of pages, of so many rows each. */
export async function allRows<T>(
  read: (
    after: string | undefined,
    limit: number,
  ) => Promise<
    { readonly rows: readonly T[]; readonly next: string | undefined }
  >,
  limit = 10_000,
): Promise<T[]> {
  const rows: T[] = [];
  let after: string | undefined;
  do {
    const page = await read(after, limit);
    rows.push(...page.rows);
    after = page.next;
  } while (after !== undefined);
  return rows;
}

/** Everything that a store tells of some titles, as a value to be compared. */
export async function contentOf(
  store: AnalyticsStore,
  titles: readonly string[] = ["main"],
): Promise<unknown> {
  const content: unknown[] = [];
  for (const title of titles) {
    const range = { ...ALL, title };
    for (const metric of ["event", "death", "drop"]) {
      content.push(
        await store.counts({
          ...range,
          metric,
          stepMs: HOUR_MS,
          by: ["key1", "key2", "build", "platform"],
        }),
      );
    }
    content.push(
      await store.sketches({
        ...range,
        metric: "frameTime",
        stepMs: HOUR_MS,
        by: ["build", "platform"],
      }),
      await allRows((after, limit) => store.sessions(range, after, limit)),
      await allRows((after, limit) => store.events(range, after, limit)),
      await store.recent(range, 1000),
    );
  }
  content.push(await store.eventsAfter(0, 10_000));
  return content;
}

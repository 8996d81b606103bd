import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type Parameter,
  prepareRows,
  type RowStatement,
  type Undo,
} from "../../core/sqlite/mod.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type {
  CountChange,
  CountQuery,
  CountRow,
  Dimension,
  EventSums,
  RangeQuery,
  SketchChange,
  SketchQuery,
  SketchRow,
} from "../store/store.ts";
import { readSketch } from "../store/store_checks.ts";
import {
  type GroupKeys,
  Groups,
  MAX_COUNT_ROWS,
  MAX_SKETCH_ROWS,
  sketchRowOf,
  spanStart,
  type SumOwner,
} from "../store/sum_groups.ts";
import { type CountKey, CountRows } from "./_count_rows.ts";
import { PendingSums } from "./_pending_sums.ts";
import type { Slices } from "./_slices.ts";
import { Statements } from "./_statements.ts";
import { SumBatch } from "./_sum_batch.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Days that are read at once: some thousands of rows, as the hours of one are. */
const DAYS_AT_ONCE = 16;

/** Sketches that are read at once: each may have thousands of buckets, and a day those of as many builds as there may be. */
const SKETCHES_AT_ONCE = 100;

/** Sums and sketches: those in the tables, and those that are pending. */
export class SumTable {
  readonly #statements: Statements;
  readonly #hourRows: CountRows;
  readonly #dayRows: CountRows;
  readonly #findSketch: RowStatement;
  readonly #putSketch: StatementSync;
  readonly #dropSketch: StatementSync;
  readonly #pending: PendingSums;

  constructor(db: DatabaseSync) {
    this.#statements = new Statements(db);
    this.#hourRows = new CountRows(db, "counts", "hour_ms");
    this.#dayRows = new CountRows(db, "day_counts", "day_ms");
    const sketchKey =
      "title = ? AND metric = ? AND hour_ms = ? AND build = ? AND platform = ?";
    this.#findSketch = prepareRows(
      db,
      `SELECT sketch FROM sketches WHERE ${sketchKey}`,
    );
    this.#putSketch = db.prepare(
      `INSERT INTO sketches (title, metric, hour_ms, build, platform, sketch) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET sketch = excluded.sketch`,
    );
    this.#dropSketch = db.prepare(`DELETE FROM sketches WHERE ${sketchKey}`);
    this.#pending = new PendingSums(db, (sums) => this.#write(sums));
  }

  /** To be called before each transaction. */
  begin(): void {
    this.#pending.begin();
  }

  /** To be called at the end of each transaction. */
  end(undo: Undo): void {
    this.#pending.end(undo);
  }

  /** Adds, within a transaction. */
  add(
    owner: SumOwner,
    counts: readonly CountChange[],
    sketches: readonly (readonly [SketchChange, QuantileSketch])[],
  ): void {
    this.#pending.added.add(owner, counts, sketches);
  }

  /** Writes what is pending, within a transaction. */
  flush(): void {
    this.#pending.flush();
  }

  #write(sums: SumBatch): void {
    const days = new SumBatch();
    sums.eachCount((owner, metric, hourMs, key1, key2, count) => {
      const { title, build, platform } = owner;
      this.#hourRows.add(
        [title, metric, hourMs, key1, key2, build, platform],
        count,
      );
      days.addCount(owner, metric, dayOf(hourMs), key1, key2, count);
    });
    days.eachCount((owner, metric, dayMs, key1, key2, count) => {
      const { title, build, platform } = owner;
      this.#dayRows.add(
        [title, metric, dayMs, key1, key2, build, platform],
        count,
      );
    });
    sums.eachSketch((owner, metric, hourMs, sketch) => {
      const key = sketchKeyOf(owner, { metric, hourMs });
      // The one that is given is not changed, as this may be undone.
      const before = this.#sketch(key);
      before?.merge(sketch);
      const text = JSON.stringify((before ?? sketch).toJson());
      this.#putSketch.run(...key, text);
    });
  }

  /** Takes away what events came to. */
  take(owner: SumOwner, { counts, sketches }: EventSums): void {
    this.flush();
    for (const change of counts) {
      if (change.count <= 0) continue;
      const key = countKeyOf(owner, change);
      const taken = this.#hourRows.take(key, change.count);
      if (taken > 0) this.#dayRows.take(dayKeyOf(key), taken);
    }
    for (const change of sketches) {
      const key = sketchKeyOf(owner, change);
      const left = this.#sketch(key);
      if (left === undefined) continue;
      left.subtract(readSketch(change));
      if (left.count === 0) this.#dropSketch.run(...key);
      else this.#putSketch.run(...key, JSON.stringify(left.toJson()));
    }
  }

  async counts(query: CountQuery, slices: Slices): Promise<CountRow[]> {
    const { title, metric, key1 } = query;
    const by = [...new Set(query.by)];
    const filters: [string, string | undefined][] = [
      ["key1", key1],
      ["build", query.build],
      ["platform", query.platform],
    ];
    const { where, values } = filterOf(filters);
    const ofHours = this.#countStatement("counts", "hour_ms", where, by);
    const ofDays = this.#countStatement("day_counts", "day_ms", where, by);
    const groups = new Groups<number>(by);
    const keys = { key1: "", key2: "", build: "", platform: "" };
    await this.#eachSlice("counts", query, slices, (slice) => {
      const { startMs, fromMs, toMs, isDays } = slice;
      const statement = isDays ? ofDays : ofHours;
      for (
        const row of statement.all(title, metric, fromMs, toMs, ...values)
      ) {
        for (const [i, name] of by.entries()) keys[name] = row[i + 1] as string;
        const count = row[0] as number;
        groups.add(startMs, keys, (before = 0) => before + count);
      }
      this.#pending.committed.eachCount(
        (owner, _, __, first, second, count) => {
          if (!isOf(query, owner) || key1 !== undefined && key1 !== first) {
            return;
          }
          const { build, platform } = owner;
          groups.add(
            startMs,
            { key1: first, key2: second, build, platform },
            (before = 0) => before + count,
          );
        },
        { title, metric, fromMs, toMs },
      );
    });
    return groups.rows(MAX_COUNT_ROWS)
      .map(([group, count]) => ({ ...group, count }));
  }

  async sketches(query: SketchQuery, slices: Slices): Promise<SketchRow[]> {
    const { title, metric } = query;
    const { where, values } = filterOf([
      ["build", query.build],
      ["platform", query.platform],
    ]);
    const statement = this.#statements.get(
      `SELECT build, platform, sketch, hour_ms FROM sketches
        WHERE title = ? AND metric = ? AND hour_ms >= ? AND hour_ms < ? AND (hour_ms, build, platform) > (?, ?, ?)${where}
        ORDER BY hour_ms, build, platform LIMIT ${SKETCHES_AT_ONCE}`,
    );
    const groups = new Groups<QuantileSketch>(query.by);
    await this.#eachSlice(
      "sketches",
      query,
      slices,
      async ({ startMs, fromMs, toMs }) => {
        const add = (keys: GroupKeys, sketch: QuantileSketch): void =>
          groups.add(startMs, keys, (before = new QuantileSketch()) => {
            before.merge(sketch);
            return before;
          });
        let at: SketchPlace = [fromMs - 1, "", ""];
        for (;;) {
          const found = statement.all(
            ...[title, metric, at[0], toMs, ...at, ...values],
          );
          const start = at;
          for (const row of found) {
            at = [row[3] as number, row[0] as string, row[1] as string];
            const sketch = parseSketch(row[2] as string);
            if (sketch === undefined) continue;
            add({ key1: "", key2: "", build: at[1], platform: at[2] }, sketch);
          }
          const isLast = found.length < SKETCHES_AT_ONCE;
          // Those at the same places, and before others have a turn in which they may go to the table.
          this.#pending.committed.eachSketch((owner, _, timeMs, sketch) => {
            if (!isOf(query, owner)) return;
            const place = [timeMs, owner.build, owner.platform] as const;
            if (comparePlaces(place, start) <= 0) return;
            if (!isLast && comparePlaces(place, at) > 0) return;
            add({ key1: "", key2: "", ...owner }, sketch);
          }, { title, metric, fromMs, toMs });
          if (isLast) return;
          await slices.next();
        }
      },
    );
    return groups.rows(MAX_SKETCH_ROWS).map(sketchRowOf);
  }

  /** Removes what is of before a time; gives how many rows that were. */
  expire(beforeMs: number, limit: number): number {
    this.flush();
    let removed = 0;
    for (const table of ["counts", "sketches"] as const) {
      const next = this.#statements.get(
        `SELECT title, metric FROM ${table} WHERE (title, metric) > (?, ?) ORDER BY title, metric LIMIT 1`,
      );
      const key = table === "counts"
        ? "(title, metric, hour_ms, key1, key2, build, platform)"
        : "(id)";
      const drop = this.#statements.get(
        `DELETE FROM ${table} WHERE ${key} IN (
          SELECT ${
          key.slice(1, -1)
        } FROM ${table} WHERE title = ? AND metric = ? AND hour_ms < ? LIMIT ?
        ) RETURNING ${
          table === "counts" ? `${key.slice(1, -1)}, count` : "id"
        }`,
      );
      let last = next.get("", "");
      while (last !== undefined && removed < limit) {
        const [title, metric] = last as [string, string];
        const gone = drop.all(title, metric, beforeMs, limit - removed);
        removed += gone.length;
        if (table === "counts") this.#takeDays(gone);
        last = next.get(title, metric);
      }
    }
    return removed;
  }

  /** Takes sums that have gone from those of their days. */
  #takeDays(gone: readonly (readonly unknown[])[]): void {
    for (const row of gone) {
      const key = row.slice(0, -1) as unknown as CountKey;
      this.#dayRows.take(dayKeyOf(key), row.at(-1) as number);
    }
  }

  #countStatement(
    table: string,
    timeColumn: string,
    where: string,
    by: readonly Dimension[],
  ): RowStatement {
    const columns = by.map((name) => `, ${name}`).join("");
    const group = by.length === 0
      ? "HAVING count(*) > 0"
      : `GROUP BY ${by.join(", ")}`;
    // Of more than 64 bits sum() would make an error.
    return this.#statements.get(
      `SELECT total(count)${columns} FROM ${table}
        WHERE title = ? AND metric = ? AND ${timeColumn} >= ? AND ${timeColumn} < ?${where} ${group}`,
    );
  }

  /** Calls for each part of a range that has rows, in one time span each: whole days of sums, or hours of one day. */
  async #eachSlice(
    table: "counts" | "sketches",
    query: CountQuery | SketchQuery,
    slices: Slices,
    read: (slice: Slice) => void | Promise<void>,
  ): Promise<void> {
    const { title, metric, toMs, stepMs } = query;
    const next = this.#statements.get(
      `SELECT hour_ms FROM ${table} WHERE title = ? AND metric = ? AND hour_ms >= ? AND hour_ms < ?
        ORDER BY hour_ms LIMIT 1`,
    );
    let atMs = query.fromMs;
    for (;;) {
      const inTable = next.get(title, metric, atMs, toMs)?.[0] as number;
      const fromMs = Math.min(
        inTable ?? Infinity,
        this.#pending.committed
          .firstMs(table, { title, metric, fromMs: atMs, toMs }),
      );
      if (fromMs === Infinity) return;
      const startMs = spanStart(query, fromMs);
      const endMs = stepMs === 0 ? toMs : Math.min(toMs, startMs + stepMs);
      const dayMs = dayOf(fromMs);
      const days = Math.min(Math.floor((endMs - dayMs) / DAY_MS), DAYS_AT_ONCE);
      // Days that are in the range and the time span as a whole.
      const isDays = table === "counts" && days > 0 &&
        dayMs >= Math.max(atMs, startMs);
      atMs = isDays ? dayMs + days * DAY_MS : Math.min(endMs, dayMs + DAY_MS);
      await read({
        startMs,
        fromMs: isDays ? dayMs : fromMs,
        toMs: atMs,
        isDays,
      });
      await slices.next();
    }
  }

  #sketch(key: SketchKey): QuantileSketch | undefined {
    const row = this.#findSketch.get(...key);
    return row && parseSketch(row[0] as string);
  }
}

/** What a sketch is known by, in the order of its table. */
type SketchKey = readonly [
  title: string,
  metric: string,
  hourMs: number,
  build: string,
  platform: string,
];

/** Part of a range. */
interface Slice {
  /** The beginning of its time span. */
  readonly startMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isDays: boolean;
}

function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS) * DAY_MS;
}

function dayKeyOf([title, metric, hourMs, ...keys]: CountKey): CountKey {
  return [title, metric, dayOf(hourMs), ...keys];
}

function countKeyOf(
  { title, build, platform }: SumOwner,
  { metric, hourMs, key1, key2 }: CountChange,
): CountKey {
  return [title, metric, hourMs, key1, key2, build, platform];
}

function sketchKeyOf(
  { title, build, platform }: SumOwner,
  { metric, hourMs }: Pick<SketchChange, "metric" | "hourMs">,
): SketchKey {
  return [title, metric, hourMs, build, platform];
}

function parseSketch(text: string): QuantileSketch | undefined {
  return QuantileSketch.fromJson(JSON.parse(text));
}

/** Where a sketch of a metric is in the order of its table. */
type SketchPlace = readonly [hourMs: number, build: string, platform: string];

function comparePlaces(a: SketchPlace, b: SketchPlace): number {
  return a[0] - b[0] || compareUtf8(a[1], b[1]) || compareUtf8(a[2], b[2]);
}

/** The order of SQLite, which is that of the bytes: beyond 2^16 it is another one than that of texts in memory. */
function compareUtf8(a: string, b: string): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    if (a[i] === b[i]) continue;
    return a.codePointAt(i)! - b.codePointAt(i)!;
  }
  return a.length - b.length;
}

/** Whether an owner is one of those that are asked for. */
function isOf({ build, platform }: RangeQuery, owner: SumOwner): boolean {
  return (build === undefined || build === owner.build) &&
    (platform === undefined || platform === owner.platform);
}

/** The conditions of what is asked for, of columns that the query names. */
function filterOf(
  filters: readonly (readonly [string, string | undefined])[],
): { where: string; values: Parameter[] } {
  let where = "";
  const values: Parameter[] = [];
  for (const [column, value] of filters) {
    if (value === undefined) continue;
    where += ` AND ${column} = ?`;
    values.push(value);
  }
  return { where, values };
}

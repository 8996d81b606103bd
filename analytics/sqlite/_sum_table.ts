import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type Parameter,
  prepareRows,
  type RowStatement,
} from "../../core/sqlite/mod.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type {
  CountChange,
  CountQuery,
  CountRow,
  Dimension,
  Rollup,
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
import type { Slices } from "./_slices.ts";
import { Statements } from "./_statements.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Days that are read at once: some thousands of rows, as the hours of one are. */
const DAYS_AT_ONCE = 16;

/** Sketches that are read at once: each may have thousands of buckets, and a day those of as many builds as there may be. */
const SKETCHES_AT_ONCE = 100;

interface CountPending {
  readonly key: CountKey;
  count: number;
}

interface SketchPending {
  readonly owner: SumOwner;
  readonly change: SketchChange;
  readonly sketch: QuantileSketch;
}

/** Sums and sketches. What a commit adds is summed up before it is written, as most of it adds to the same rows. */
export class SumTable {
  readonly #counts = new Map<string, CountPending>();
  readonly #dayCounts = new Map<string, CountPending>();
  readonly #sketches = new Map<string, SketchPending>();
  readonly #statements: Statements;
  readonly #hourRows: CountRows;
  readonly #dayRows: CountRows;
  readonly #findSketch: RowStatement;
  readonly #putSketch: StatementSync;
  readonly #dropSketch: StatementSync;

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
  }

  /** Forgets what was not written: the commit was given up. */
  reset(): void {
    this.#counts.clear();
    this.#dayCounts.clear();
    this.#sketches.clear();
  }

  /** Adds, in memory. */
  add(
    owner: SumOwner,
    counts: readonly CountChange[],
    sketches: readonly (readonly [SketchChange, QuantileSketch])[],
  ): void {
    const ownerKey = keyOf(owner.title, owner.build, owner.platform);
    for (const change of counts) {
      const { metric, hourMs, key1, key2, count } = change;
      if (count <= 0) continue;
      const own = keyOf(metric, key1, key2);
      const key = countKeyOf(owner, change);
      addTo(this.#counts, ownerKey + hourMs + own, key, count);
      addTo(
        this.#dayCounts,
        ownerKey + dayOf(hourMs) + own,
        dayKeyOf(key),
        count,
      );
    }
    for (const [change, sketch] of sketches) {
      if (sketch.count === 0) continue;
      const key = ownerKey + change.hourMs + change.metric;
      const found = this.#sketches.get(key);
      // It is nobody else's, so that others may be merged into it.
      if (found === undefined) {
        this.#sketches.set(key, { owner, change, sketch });
      } else found.sketch.merge(sketch);
    }
  }

  /** Writes what was added. */
  flush(): void {
    for (const { key, count } of this.#counts.values()) {
      this.#hourRows.add(key, count);
    }
    this.#counts.clear();
    for (const { key, count } of this.#dayCounts.values()) {
      this.#dayRows.add(key, count);
    }
    this.#dayCounts.clear();
    for (const { owner, change, sketch } of this.#sketches.values()) {
      const before = this.#sketch(owner, change);
      if (before !== undefined) sketch.merge(before);
      const text = JSON.stringify(sketch.toJson());
      this.#putSketch.run(...sketchKeyOf(owner, change), text);
    }
    this.#sketches.clear();
  }

  /** Takes away what events came to. */
  take(owner: SumOwner, { counts, sketches }: Rollup): void {
    this.flush();
    for (const change of counts) {
      if (change.count <= 0) continue;
      const key = countKeyOf(owner, change);
      const taken = this.#hourRows.take(key, change.count);
      if (taken > 0) this.#dayRows.take(dayKeyOf(key), taken);
    }
    for (const change of sketches) {
      const left = this.#sketch(owner, change);
      if (left === undefined) continue;
      left.subtract(readSketch(change));
      const key = sketchKeyOf(owner, change);
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
        let at: [number, string, string] = [fromMs - 1, "", ""];
        for (;;) {
          const found = statement.all(
            ...[title, metric, at[0], toMs, ...at, ...values],
          );
          for (const row of found) {
            at = [row[3] as number, row[0] as string, row[1] as string];
            const sketch = parseSketch(row[2] as string);
            if (sketch === undefined) continue;
            const keys: GroupKeys = {
              key1: "",
              key2: "",
              build: at[1],
              platform: at[2],
            };
            groups.add(startMs, keys, (before) => {
              if (before === undefined) return sketch;
              before.merge(sketch);
              return before;
            });
          }
          if (found.length < SKETCHES_AT_ONCE) return;
          await slices.next();
        }
      },
    );
    return groups.rows(MAX_SKETCH_ROWS).map(sketchRowOf);
  }

  /** Removes what is of before a time; gives how many rows that were. */
  expire(beforeMs: number, limit: number): number {
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
      const row = next.get(title, metric, atMs, toMs);
      if (row === undefined) return;
      const fromMs = row[0] as number;
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

  #sketch(owner: SumOwner, change: SketchChange): QuantileSketch | undefined {
    const row = this.#findSketch.get(...sketchKeyOf(owner, change));
    return row && parseSketch(row[0] as string);
  }
}

/** Part of a range. */
interface Slice {
  /** The beginning of its time span. */
  readonly startMs: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly isDays: boolean;
}

function addTo(
  pending: Map<string, CountPending>,
  text: string,
  key: CountKey,
  count: number,
): void {
  const found = pending.get(text);
  if (found === undefined) pending.set(text, { key, count });
  else found.count += count;
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
  { metric, hourMs }: SketchChange,
): [string, string, number, string, string] {
  return [title, metric, hourMs, build, platform];
}

function parseSketch(text: string): QuantileSketch | undefined {
  return QuantileSketch.fromJson(JSON.parse(text));
}

/** With the length before each no two lists give one text. */
function keyOf(...texts: readonly string[]): string {
  let key = "";
  for (const text of texts) key += `|${text.length}:${text}`;
  return key;
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

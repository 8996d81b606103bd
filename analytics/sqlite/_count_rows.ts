import type { DatabaseSync, StatementSync } from "node:sqlite";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";

/** What a sum is known by, in the order of its table. */
export type CountKey = readonly [
  title: string,
  metric: string,
  timeMs: number,
  key1: string,
  key2: string,
  build: string,
  platform: string,
];

/** The rows of a table of sums. */
export class CountRows {
  readonly #add: StatementSync;
  readonly #take: RowStatement;
  readonly #drop: StatementSync;

  constructor(
    db: DatabaseSync,
    table: "counts" | "day_counts",
    timeColumn: "hour_ms" | "day_ms",
  ) {
    const key =
      `title = ? AND metric = ? AND ${timeColumn} = ? AND key1 = ? AND key2 = ? AND build = ? AND platform = ?`;
    this.#add = db.prepare(
      `INSERT INTO ${table} VALUES (?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET count = min(count + excluded.count, ${Number.MAX_SAFE_INTEGER})`,
    );
    this.#take = prepareRows(
      db,
      `UPDATE ${table} SET count = count - ? WHERE ${key} RETURNING count`,
    );
    this.#drop = db.prepare(`DELETE FROM ${table} WHERE ${key}`);
  }

  add(key: CountKey, count: number): void {
    this.#add.run(...key, count);
  }

  /** Takes from a sum; gives how much there was of it. */
  take(key: CountKey, count: number): number {
    const row = this.#take.get(count, ...key);
    if (row === undefined) return 0;
    const left = row[0] as number;
    if (left > 0) return count;
    this.#drop.run(...key);
    return count + left;
  }
}

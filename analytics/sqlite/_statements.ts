import type { DatabaseSync } from "node:sqlite";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";

/** Statements by their text, each prepared once. There are few texts: what varies is which filters they have. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, RowStatement>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  get(sql: string): RowStatement {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = prepareRows(this.#db, sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }
}

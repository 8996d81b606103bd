import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type DatabaseSchema, migrate } from "./migrate.ts";

/**
 * Opens a database for this process alone, and brings it to the newest version.
 *
 * @throws {Error} If it cannot be opened: its message says why, and its cause is what the database said.
 */
export function openDatabase(
  path: string,
  schema: DatabaseSchema,
): DatabaseSync {
  let db: DatabaseSync | undefined;
  try {
    db = new DatabaseSync(path);
    // Exclusive, as stores keep part of what is there in memory: before the log is used for the first time, so that the
    // index of the log needs no shared memory either. The lock ends with the process.
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    db.exec("PRAGMA journal_mode = WAL");
    db.exec("PRAGMA synchronous = FULL");
    db.exec("PRAGMA cache_size = -65536");
    // Pages that change in every commit are copied out of the log a quarter as often as by default: it has 16 MiB or more.
    db.exec("PRAGMA wal_autocheckpoint = 4096");
    db.exec("BEGIN IMMEDIATE; COMMIT");
    migrate(db, schema);
    return db;
  } catch (cause) {
    if (db?.isOpen) db.close();
    const message = messageOf(cause);
    // Of what is executed at once, no error has a number.
    const reason = message === "database is locked"
      ? "another one has it open"
      : message;
    throw new Error(`Cannot open the database "${path}": ${reason}`, { cause });
  }
}

/** What node:sqlite says of its errors, without the kind of each: 5 is busy, 13 is full. */
export function errorCode(error: unknown): number | undefined {
  const code = (error as { errcode?: unknown } | null)?.errcode;
  return typeof code === "number" ? code & 0xff : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A statement whose rows are arrays, which cost half of what objects do. */
export function prepareRows(db: DatabaseSync, sql: string): RowStatement {
  // The types of Deno lack the call.
  const statement = db.prepare(sql) as unknown as RowStatement & {
    setReturnArrays(isEnabled: boolean): void;
  };
  statement.setReturnArrays(true);
  return statement;
}

/** What is bound to a statement. */
export type Parameter = Parameters<StatementSync["run"]>[number];

/** A statement whose rows are arrays. */
export interface RowStatement {
  get(...parameters: Parameter[]): unknown[] | undefined;
  all(...parameters: Parameter[]): unknown[][];
}

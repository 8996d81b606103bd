import type { DatabaseSync } from "node:sqlite";

/** What a database is for, and what is in it. */
export interface DatabaseSchema {
  /** What its header says: 32 bits. */
  readonly applicationId: number;
  /** What makes a database of version i one of version i + 1. */
  readonly migrations: readonly string[];
}

/**
 * Brings a database to the newest version, each step in a transaction of its own.
 *
 * @throws {Error} If the database is of a newer version, or of something else.
 */
export function migrate(
  db: DatabaseSync,
  { applicationId, migrations }: DatabaseSchema,
): void {
  const id = readPragma(db, "application_id");
  const version = readPragma(db, "user_version");
  if (id !== applicationId && (id !== 0 || version !== 0 || hasTables(db))) {
    throw new Error("it is of another application");
  }
  if (version > migrations.length) {
    throw new Error(
      `its version must be at most ${migrations.length}: current value is ${version}`,
    );
  }
  for (let i = version; i < migrations.length; i++) {
    db.exec("BEGIN IMMEDIATE");
    try {
      db.exec(migrations[i]!);
      db.exec(`PRAGMA application_id = ${applicationId}`);
      db.exec(`PRAGMA user_version = ${i + 1}`);
      db.exec("COMMIT");
    } catch (error) {
      if (db.isTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }
}

function readPragma(db: DatabaseSync, name: string): number {
  return db.prepare(`PRAGMA ${name}`).get()![name] as number;
}

function hasTables(db: DatabaseSync): boolean {
  return db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get() !== undefined;
}

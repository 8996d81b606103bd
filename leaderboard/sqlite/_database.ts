import type { DatabaseSync } from "node:sqlite";
import { openDatabase as open } from "../../core/sqlite/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import { APPLICATION_ID, MIGRATIONS } from "./_schema.ts";

/**
 * Opens a database for this process alone, and brings it to the newest version.
 *
 * @throws {LeaderboardError} If it cannot be opened (`"storeFailed"`).
 */
export function openDatabase(path: string): DatabaseSync {
  try {
    return open(path, {
      applicationId: APPLICATION_ID,
      migrations: MIGRATIONS,
    });
  } catch (error) {
    const { message, cause } = error as Error;
    throw new LeaderboardError("storeFailed", message, { cause });
  }
}

/** The SQL of a score that is a number where it is safe, and digits beyond: never a float, and rarely a bigint. */
export function scoreSql(column: string): string {
  const safe = Number.MAX_SAFE_INTEGER;
  return `CASE WHEN ${column} BETWEEN -${safe} AND ${safe} THEN ${column} ELSE CAST(${column} AS TEXT) END`;
}

/** Reads what {@linkcode scoreSql} gave. */
export function readScore(value: unknown): number | bigint {
  return typeof value === "number" ? value : BigInt(value as string);
}

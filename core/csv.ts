// This module is browser compatible.

/** What a spreadsheet would take for a formula: a player's name would run in the administrator's (CWE-1236). */
const FORMULA = /^[=+\-@\t\r]/;
/** What means nothing to any reader, those included that separate by semicolons. */
const PLAIN = /^[A-Za-z0-9._:-]*$/;

/** What a field of CSV may hold; `null` leaves it empty. */
export type CsvCell = string | number | bigint | boolean | null;

/**
 * Writes a line of CSV (RFC 4180). Texts may come from anybody: one that a spreadsheet would take for a formula begins
 * with an apostrophe.
 *
 * @param cells What is in it.
 * @returns The line, which ends with CR LF.
 *
 * @example A line of three
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { csvLine } from "@tickwire/net/core";
 *
 * assertEquals(csvLine([1, "bone lord", "=1+1"]), `1,"bone lord","'=1+1"\r\n`);
 * ```
 */
export function csvLine(cells: readonly CsvCell[]): string {
  return cells.map(toField).join(",") + "\r\n";
}

function toField(cell: CsvCell): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return `${cell}`;
  const guarded = FORMULA.test(cell) ? `'${cell}` : cell;
  return PLAIN.test(guarded) ? guarded : `"${guarded.replaceAll('"', '""')}"`;
}

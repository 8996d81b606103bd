// This module is browser compatible.

/** What a spreadsheet would take for a formula: a player's name would run in the administrator's. */
const FORMULA = /^[=+\-@\t\r]/;
/** What means nothing to any reader, those included that separate by semicolons. */
const PLAIN = /^[A-Za-z0-9._:-]*$/;

/**
 * A line of CSV (RFC 4180), with its end. Texts are from anybody: one that a spreadsheet would run gets an apostrophe
 * before it.
 *
 * @param cells What is in it; `null` leaves a field empty.
 */
export function csvLine(
  cells: readonly (string | number | bigint | boolean | null)[],
): string {
  return cells.map(toField).join(",") + "\r\n";
}

function toField(cell: string | number | bigint | boolean | null): string {
  if (cell === null) return "";
  if (typeof cell !== "string") return `${cell}`;
  const guarded = FORMULA.test(cell) ? `'${cell}` : cell;
  return PLAIN.test(guarded) ? guarded : `"${guarded.replaceAll('"', '""')}"`;
}

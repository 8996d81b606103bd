// This module is browser compatible.
import type { RankedEntry } from "../store/store.ts";

/** The header line of an export, with its end. */
export const CSV_HEADER =
  "rank,playerId,name,score,subscore,class,timestamp,metadata,replay\r\n";

/** What a spreadsheet would take for a formula: a player's name would run in the administrator's. */
const FORMULA = /^[=+\-@\t\r]/;
/** What means nothing to any reader, those included that separate by semicolons. */
const PLAIN = /^[A-Za-z0-9._:-]*$/;

/** An entry as a line of CSV (RFC 4180), with its end. */
export function toCsvLine({ rank, entry }: RankedEntry): string {
  return [
    rank,
    toField(entry.playerId),
    toField(entry.name),
    entry.score,
    entry.subscore,
    toField(entry.className),
    new Date(entry.submittedMs).toISOString(),
    toField(entry.metadata),
    toField(entry.replay),
  ].join(",") + "\r\n";
}

function toField(text: string): string {
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return PLAIN.test(guarded) ? guarded : `"${guarded.replaceAll('"', '""')}"`;
}

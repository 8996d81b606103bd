// This module is browser compatible.
import { csvLine } from "../../core/mod.ts";
import type { RankedEntry } from "../store/store.ts";

/** The header line of an export, with its end. */
export const CSV_HEADER =
  "rank,playerId,name,score,subscore,class,timestamp,metadata,replay\r\n";

/** An entry as a line of CSV, with its end. */
export function toCsvLine({ rank, entry }: RankedEntry): string {
  return csvLine([
    rank,
    entry.playerId,
    entry.name,
    entry.score,
    entry.subscore,
    entry.className,
    new Date(entry.submittedMs).toISOString(),
    entry.metadata,
    entry.replay,
  ]);
}

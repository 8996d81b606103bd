// This module is browser compatible.
import type { FieldValues } from "../event/event_definition.ts";

/** Whether the player has been asked, and what he said. */
export type AnalyticsConsent = "unset" | "denied" | "granted";

/** An event of the local log. */
export interface LocalLogEntry {
  /** When it was, in epoch milliseconds: an integer. */
  readonly timeMs: number;
  /** The id of its session. */
  readonly session: string;
  /** Its number in the session. */
  readonly number: number;
  /** Its name. */
  readonly name: string;
  /** The values of its fields. */
  readonly fields: FieldValues;
}

/** Everything that a client holds of a player. */
export interface AnalyticsExport {
  /**
   * An object of JSON: the ids, the session, its figures, what was dropped, what waits to be sent, the local log. There is
   * only `consent` in it while the player has not agreed.
   */
  readonly json: string;
  /** The local log, as `exportCsv` gives it. */
  readonly csv: string;
}

/** How many events were dropped, of a name and for a reason. */
export interface AnalyticsDrop {
  /** Their name; `"other"` for those that were not declared. */
  readonly event: string;
  /**
   * Why: `"sampled"`, `"rateLimited"`, `"queueFull"`, `"journalFull"`, `"crash"` (recorded and not stored when an earlier
   * process ended), `"refused"` (the collector did not want the batch), or one of `AnalyticsRefusalReason`. What was sent
   * and never answered may have arrived when it is dropped for `"journalFull"`, or with a page that crashed.
   */
  readonly reason: string;
  /** How many: an integer, 1 or more. */
  readonly count: number;
}

/** What an `Analytics` has counted since the player agreed. */
export interface AnalyticsCounters {
  /** Events that `record` was given. */
  readonly recorded: number;
  /** Events that were dropped, those of earlier processes included. */
  readonly dropped: number;
  /** Events that wait to be written as text. */
  readonly queued: number;
  /** Events that are written and have not arrived. */
  readonly stored: number;
  /** Batches that have arrived. */
  readonly uploadsSent: number;
  /** Batches that have not, each attempt counted. */
  readonly uploadsFailed: number;
  /** Notices that were lost because nobody drained. */
  readonly droppedNotices: number;
}

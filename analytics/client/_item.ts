// This module is browser compatible.
import type { AnalyticsEvent } from "../event/analytics_event.ts";
import type { NameEntry } from "./_name_table.ts";
import type { Session } from "./_session.ts";

/** An event that was recorded. */
export interface Item {
  /** The event. A `sessionStart` gets it anew when it is known whether a session is resumed. */
  event: AnalyticsEvent;
  readonly entry: NameEntry;
  readonly session: Session;
  /** Its number, less the base of its session. */
  readonly number: number;
  /** When it was, in epoch milliseconds. */
  readonly timeMs: number;
}

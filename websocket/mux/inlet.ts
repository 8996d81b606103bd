// This module is browser compatible.
import type { SessionEvent } from "./session_event.ts";

/** What has come in on some channels of a `Session`, for a reader of its own. */
export interface Inlet {
  /** How many events wait. */
  readonly pending: number;
  /**
   * Shows what is next.
   *
   * @returns The oldest event, which stays, or `undefined`.
   */
  peek(): SessionEvent | undefined;
  /**
   * Takes what is next: a `message` or `channelShut` of its channels, `gap` or
   * `undelivered` of any.
   *
   * @returns The oldest event, or `undefined`.
   */
  take(): SessionEvent | undefined;
  /** Ends it: what waits, and what comes, counts as taken. */
  discard(): void;
}

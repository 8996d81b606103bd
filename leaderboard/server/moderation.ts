// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { Score } from "../score.ts";

/** A submission that waits for a moderator. */
export interface QuarantinedSubmission {
  /** Its id, for `LeaderboardServer.decide`. */
  readonly id: string;
  /** Where it stands in the list: what `after` takes. */
  readonly sequence: number;
  /** Who submitted it. */
  readonly playerId: PlayerId;
  /** The name to show. */
  readonly name: string;
  /** The score. */
  readonly score: Score;
  /** The subscore. */
  readonly subscore: Score;
  /** The class, or `""`. */
  readonly className: string;
  /** The metadata. */
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  /** The replay's SHA-256 in hex, or `""`. */
  readonly replay: string;
  /** When it came, in epoch milliseconds. */
  readonly submittedMs: number;
  /** How long before that its run began, in milliseconds, if it has one. */
  readonly runMs: number | undefined;
  /** Why it is held, as `verify` says; `""` if it does not. */
  readonly reason: string;
}

/** Which part of the list of quarantined submissions. */
export interface QuarantineQuery {
  /**
   * Only those behind this `sequence`: an integer of 0 or more.
   *
   * @default {0}
   */
  readonly after?: number;
  /**
   * The most that are given: 1 to 1000.
   *
   * @default {100}
   */
  readonly limit?: number;
}

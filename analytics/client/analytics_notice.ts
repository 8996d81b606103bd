// This module is browser compatible.
import type { SessionEndReason } from "../event/built_in_events.ts";
import type { FieldProblemReason } from "../event/check_fields.ts";

/**
 * Why an event was not taken: what its fields are refused for, or
 *
 * - `"unknownEvent"`: it is none of the ten and was not declared in the options, or is another one of the same name.
 * - `"reserved"`: the client records events of this name itself.
 */
export type AnalyticsRefusalReason =
  | FieldProblemReason
  | "unknownEvent"
  | "reserved";

/**
 * Why a batch, or an erasure, did not succeed.
 *
 * - `"unreachable"`, `"timeout"`: no answer came.
 * - `"malformedResponse"`: what answered is no collector, such as the page of a portal.
 * - `"serverFailed"`: the collector failed, or is overloaded.
 * - `"rateLimited"`: it asks to wait.
 * - `"unauthorised"`: it does not know the API key, or does not let it do this.
 * - `"tooLarge"`: the batch is too large; it is cut into smaller ones, or dropped if it cannot be.
 * - `"refused"`: the batch makes no sense to it; its events are dropped.
 */
export type AnalyticsUploadFailure =
  | "unreachable"
  | "timeout"
  | "malformedResponse"
  | "serverFailed"
  | "rateLimited"
  | "unauthorised"
  | "tooLarge"
  | "refused";

/** Events that a collector refused. */
export interface RefusedEvents {
  /** Their name. */
  readonly event: string;
  /** Why: one of the reasons of PROTOCOL.md, section 4. */
  readonly reason: string;
  /** How many. */
  readonly count: number;
}

/** An event was not taken, as it is not what it was declared to be. */
export interface EventRefused {
  /** The discriminant. */
  readonly type: "eventRefused";
  /** The event's name. */
  readonly event: string;
  /** Why, for programs. */
  readonly reason: AnalyticsRefusalReason;
  /** The field that is at fault; `""` where it is none in particular. */
  readonly field: string;
  /** Why, for people. It repeats no text of the event. */
  readonly message: string;
}

/** A session began, or goes on after a restart. */
export interface SessionStarted {
  /** The discriminant. */
  readonly type: "sessionStarted";
  /** The session's id. */
  readonly session: string;
  /** Whether an earlier process began it. */
  readonly isResumed: boolean;
}

/** A session ended. */
export interface SessionEnded {
  /** The discriminant. */
  readonly type: "sessionEnded";
  /** The session's id. */
  readonly session: string;
  /** Why. */
  readonly reason: SessionEndReason;
  /** How long it was, in milliseconds. */
  readonly durationMs: number;
}

/** A batch has arrived. */
export interface Uploaded {
  /** The discriminant. */
  readonly type: "uploaded";
  /** How many events it had. */
  readonly events: number;
  /** How many of them are new to the collector. */
  readonly accepted: number;
  /** How many of them had arrived before. */
  readonly duplicates: number;
  /** Those that the collector does not want. It has counted them. */
  readonly refused: readonly RefusedEvents[];
  /** How large it was as it was sent. */
  readonly bytes: number;
}

/** A batch has not arrived, or is not known to have. */
export interface UploadFailed {
  /** The discriminant. */
  readonly type: "uploadFailed";
  /** Why, for programs. */
  readonly reason: AnalyticsUploadFailure;
  /** Why, for people. It may be the collector's text. */
  readonly message: string;
  /** The status of the answer, if there was one. */
  readonly status: number | undefined;
  /** How many events it had. */
  readonly events: number;
  /** Whether they will be sent again; else they are dropped. */
  readonly willRetry: boolean;
  /** When, in milliseconds. */
  readonly retryInMs: number;
}

/** Events were dropped: once for each name and reason when the collector is told. */
export interface EventsDropped {
  /** The discriminant. */
  readonly type: "dropped";
  /** Their name; `"other"` for those that were not declared. */
  readonly event: string;
  /** Why, as in {@linkcode AnalyticsDrop.reason}. */
  readonly reason: string;
  /** How many. */
  readonly count: number;
}

/** The journal failed: from now on what waits is kept in memory, and lost with it. */
export interface JournalFailed {
  /** The discriminant. */
  readonly type: "journalFailed";
  /** What is wrong, for people. */
  readonly message: string;
  /** What it rejected with. */
  readonly cause: unknown;
}

/** What has to be known to have data erased. It names a player's data: it is for nobody but him. */
export interface AnalyticsErasure {
  /** Where the collector is mounted. */
  readonly endpoint: string;
  /** By which ids the data is known there: of an install, or of sessions. */
  readonly ids: readonly string[];
  /** Whether there is no more than what these ids name. */
  readonly isComplete: boolean;
}

/** A player's data was erased, here and at the collector. */
export interface DataDeleted {
  /** The discriminant. */
  readonly type: "dataDeleted";
  /** How many sessions the collector had. */
  readonly sessions: number;
  /** How many events it had. */
  readonly events: number;
  /**
   * Whether that is everything. Where there is no id per install, sessions of earlier processes are nobody's any more, and
   * cannot be found; where `enable` has named another collector meanwhile, only the last one was asked.
   */
  readonly isComplete: boolean;
}

/** A player's data was erased here, and not at the collector. */
export interface DeletionFailed {
  /** The discriminant. */
  readonly type: "deletionFailed";
  /** Why, for programs; `"closed"` where the game did not wait for it. */
  readonly reason: AnalyticsUploadFailure | "closed";
  /** Why, for people. */
  readonly message: string;
  /** What `deleteMyData` needs to try it again. The client has forgotten it. */
  readonly again: AnalyticsErasure;
}

/** What an `Analytics` reports. */
export type AnalyticsNotice =
  | EventRefused
  | SessionStarted
  | SessionEnded
  | Uploaded
  | UploadFailed
  | EventsDropped
  | JournalFailed
  | DataDeleted
  | DeletionFailed;

// This module is browser compatible.
import type {
  LeaderboardEventBase,
  LeaderboardFailure,
  LeaderboardFailureReason,
} from "./event.ts";
import type { LeaderboardFilter } from "./filter.ts";
import type { ScoreEntry } from "./score_entry.ts";

/**
 * Why a replay was not sent or fetched.
 *
 * - `"hashMismatch"`: what came has another hash; it was thrown away.
 * - `"tooLarge"`: it has more bytes than `maxReplayBytes`.
 * - `"unsupported"`: the runtime cannot hash (a page that did not come by https).
 * - The others are as for every call.
 */
export type ReplayFailureReason =
  | LeaderboardFailureReason
  | "hashMismatch"
  | "tooLarge"
  | "unsupported";

/** Part of a replay was sent or has come. It may be lost where nobody drains. */
export interface ReplayProgress extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "replayProgress";
  /** Which way it goes. */
  readonly direction: "upload" | "download";
  /** Its SHA-256 in hex. */
  readonly sha256: string;
  /**
   * Bytes so far: of an upload those that the server has, compressed where that makes fewer; of a download those that
   * have come, decompressed. It goes back where something has to be sent or fetched once more.
   */
  readonly bytes: number;
  /** Bytes in all; `undefined` of a download that the server sends compressed. */
  readonly totalBytes: number | undefined;
}

/** The server has the replay, and has found it right: it may be named in a submission. Terminal. */
export interface ReplayUploaded extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "replayUploaded";
  /** Its SHA-256 in hex, for `ScoreSubmission.withReplay`. */
  readonly sha256: string;
  /** How many bytes it has. */
  readonly bytes: number;
  /** How many of this call's bytes went over the network: 0 where the server had it already. */
  readonly sentBytes: number;
}

/** A replay is here, and has the hash that was asked for. Terminal. */
export interface ReplayDownloaded extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "replayDownloaded";
  /** Its SHA-256 in hex. */
  readonly sha256: string;
  /** Its bytes, which belong to the receiver. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A replay could not be sent or fetched. To upload it again goes on where this call came to. Terminal. */
export interface ReplayFailed extends Omit<LeaderboardFailure, "reason"> {
  /** The discriminant. */
  readonly type: "replayFailed";
  /** Which way it should have gone. */
  readonly direction: "upload" | "download";
  /** Its SHA-256 in hex; `undefined` of an upload that was not yet hashed. */
  readonly sha256: string | undefined;
  /** Why, for programs. */
  readonly reason: ReplayFailureReason;
}

/** A replay and whose it is. */
export interface LinkedReplay {
  /** Its SHA-256 in hex, for `downloadReplay`. */
  readonly sha256: string;
  /** The entry that has it. */
  readonly entry: ScoreEntry;
}

/** A page of replays. Terminal. */
export interface ReplaysFetched extends LeaderboardEventBase {
  /** The discriminant. */
  readonly type: "replaysFetched";
  /** The board. */
  readonly board: string;
  /** What was asked for. */
  readonly filter: LeaderboardFilter;
  /** The replays of that part of the ranking, the best entry's first: fewer than the page size, or none, where entries have none. */
  readonly replays: readonly LinkedReplay[];
  /** What `filter.cursor` needs for the page behind this one; `undefined` at the end. */
  readonly nextCursor: string | undefined;
}

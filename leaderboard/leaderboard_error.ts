// This module is browser compatible.

/**
 * Why a leaderboard refused or failed: `"closed"`, `close()` was called before; `"storeFailed"`, the storage failed, as
 * `cause` says; `"conflict"`, others kept changing the same entry, or what is there does not allow the change;
 * `"notFound"`, there is no such board, player or submission.
 */
export type LeaderboardErrorCode =
  | "closed"
  | "storeFailed"
  | "conflict"
  | "notFound";

/**
 * What the methods of stores and servers reject with.
 *
 * @example A store that is closed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LeaderboardError } from "@tickwire/net/leaderboard";
 *
 * const error = new LeaderboardError("closed", "Cannot read as the store is closed");
 * assertEquals(error.code, "closed");
 * ```
 */
export class LeaderboardError extends Error {
  /** Why the call was rejected. */
  readonly code: LeaderboardErrorCode;

  /**
   * Creates an error, for implementations of stores.
   *
   * @param code Why the call is rejected.
   * @param message What is wrong, for people.
   * @param options The `cause`, where there is one.
   */
  constructor(
    code: LeaderboardErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "LeaderboardError";
    this.code = code;
  }
}

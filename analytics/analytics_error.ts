// This module is browser compatible.

/**
 * Why a store or a collector refused or failed: `"closed"`, `close()` was called before; `"storeFailed"`, the storage
 * failed, as `cause` says; `"full"`, it has no room.
 */
export type AnalyticsErrorCode = "closed" | "storeFailed" | "full";

/**
 * What the methods of stores and collectors reject with.
 *
 * @example A store that is closed
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AnalyticsError } from "@tickwire/net/analytics";
 *
 * const error = new AnalyticsError("closed", "Cannot write as the store is closed");
 * assertEquals(error.code, "closed");
 * ```
 */
export class AnalyticsError extends Error {
  /** Why the call was rejected. */
  readonly code: AnalyticsErrorCode;

  /**
   * Creates an error, for implementations of stores.
   *
   * @param code Why the call is rejected.
   * @param message What is wrong, for people.
   * @param options The `cause`, where there is one.
   */
  constructor(
    code: AnalyticsErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
    this.name = "AnalyticsError";
    this.code = code;
  }
}

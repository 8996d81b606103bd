// This module is browser compatible.

/**
 * What options of a board are refused with, wherever they come from.
 *
 * @example A season that never begins
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BoardOptionsError } from "@tickwire/net/leaderboard";
 *
 * const error = new BoardOptionsError("periods.yearly.cron", "Cannot make board as its periods.yearly.cron must …");
 * assertEquals(error.field, "periods.yearly.cron");
 * ```
 */
export class BoardOptionsError extends TypeError {
  /** The path of the option at fault, such as `"periods.daily.cron"`; `""` for all of them. */
  readonly field: string;

  /**
   * Creates an error.
   *
   * @param field The path of the option at fault.
   * @param message What is wrong, for people.
   * @param options The `cause`, where there is one.
   */
  constructor(field: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BoardOptionsError";
    this.field = field;
  }
}

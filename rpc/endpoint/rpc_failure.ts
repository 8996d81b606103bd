// This module is browser compatible.
import { utf8Length } from "../../protocol/mod.ts";
import { MAX_FAILURE_TEXT_BYTES } from "../wire/_limits.ts";

const MAX_CODE = 0xffff;

/**
 * What a handler throws to answer with an error of the game's own: its code and text
 * go to the caller. Anything else that is thrown stays where it was thrown.
 *
 * @example Not enough gold
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { RpcFailure } from "@tickwire/net/rpc";
 *
 * const NOT_ENOUGH_GOLD = 1;
 * const failure = new RpcFailure(NOT_ENOUGH_GOLD, "It costs 30");
 * assertEquals([failure.code, failure.message], [1, "It costs 30"]);
 * assertThrows(() => new RpcFailure(65_536), RangeError);
 * ```
 */
export class RpcFailure extends Error {
  /** What kind of error: 0 to 65535, as the game numbers them. */
  readonly code: number;

  /**
   * Creates an error.
   *
   * @param code What kind: an integer from 0 to 65535.
   * @param message For people: at most 256 bytes of UTF-8.
   * @throws {RangeError} If either is out of its range.
   */
  constructor(code: number, message = "") {
    checkFailure(code, message);
    super(message);
    this.name = "RpcFailure";
    this.code = code;
  }
}

/** Refuses a code or text that cannot be sent. */
export function checkFailure(code: number, message: string): void {
  if (!Number.isInteger(code) || code < 0 || code > MAX_CODE) {
    throw new RangeError(
      `Cannot fail a call as code must be an integer from 0 to ${MAX_CODE}: current value is ${code}`,
    );
  }
  const bytes = utf8Length(message);
  if (bytes > MAX_FAILURE_TEXT_BYTES) {
    throw new RangeError(
      `Cannot fail a call as message must have at most ${MAX_FAILURE_TEXT_BYTES} bytes: current value has ${bytes}`,
    );
  }
}

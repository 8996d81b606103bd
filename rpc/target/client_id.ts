// This module is browser compatible.

/**
 * Which client: a number that the server gives to each connection, 1 to 2^53 - 1. The
 * server itself has none: where a caller is meant, it is `undefined`.
 */
export type ClientId = number & { readonly __brand: "ClientId" };

/** The largest {@linkcode ClientId}. */
export const MAX_CLIENT_ID: number = Number.MAX_SAFE_INTEGER;

/**
 * Makes a client id of a number.
 *
 * @param id An integer from 1 to 2^53 - 1.
 * @returns The same number.
 * @throws {RangeError} If it is not.
 *
 * @example The id of a connection's slot
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { clientId } from "@tickwire/net/rpc";
 *
 * assertEquals(clientId(7), 7);
 * assertThrows(() => clientId(0), RangeError);
 * ```
 */
export function clientId(id: number): ClientId {
  if (!Number.isSafeInteger(id) || id < 1) {
    throw new RangeError(
      `Cannot make a client id as it must be an integer from 1 to 2^53 - 1: current value is ${id}`,
    );
  }
  return id as ClientId;
}

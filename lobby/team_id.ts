// This module is browser compatible.

/** Which team: an integer from 0 to 15. Make one with {@linkcode teamId}. */
export type TeamId = number & { readonly "~brand": "TeamId" };

/** How many teams a lobby can have. */
export const MAX_TEAMS = 16;

/**
 * Makes a team's id of a number.
 *
 * @param id An integer from 0 to 15.
 * @returns The same number.
 * @throws {RangeError} If it is not.
 *
 * @example The first team
 * ```ts
 * import { assertEquals, assertThrows } from "@std/assert";
 * import { teamId } from "@tickwire/net/lobby";
 *
 * assertEquals(teamId(0), 0);
 * assertThrows(() => teamId(16), RangeError);
 * ```
 */
export function teamId(id: number): TeamId {
  if (isTeamId(id)) return id;
  throw new RangeError(
    `Cannot make a team id as it must be an integer from 0 to ${
      MAX_TEAMS - 1
    }: current value is ${id}`,
  );
}

/**
 * Tells whether a value is a team's id.
 *
 * @param value Anything, from anybody.
 * @returns Whether {@linkcode teamId} would take it.
 *
 * @example What came from outside
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { isTeamId } from "@tickwire/net/lobby";
 *
 * assertEquals([0, 15, 16, 0.5, "1"].map(isTeamId), [true, true, false, false, false]);
 * ```
 */
export function isTeamId(value: unknown): value is TeamId {
  return Number.isInteger(value) && (value as number) >= 0 &&
    (value as number) < MAX_TEAMS;
}

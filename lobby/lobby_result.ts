// This module is browser compatible.
import type { LobbyError } from "./lobby_error.ts";

/**
 * What came of an operation that the rules may refuse.
 *
 * @typeParam T What there is if they do not.
 */
export type LobbyResult<T> =
  | { readonly isOk: true; readonly value: T }
  | { readonly isOk: false; readonly error: LobbyError };

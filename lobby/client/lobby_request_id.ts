// This module is browser compatible.
import type { LobbyRequestName } from "../wire/lobby_request.ts";

/**
 * Stands for one request of a `LobbyClient`: an integer from 1, which no other request of the same client has. Exactly one
 * `done`, `refused` or `failed` with it follows as an event.
 *
 * @typeParam K What is asked for.
 */
export type LobbyRequestId<K extends LobbyRequestName = LobbyRequestName> =
  & number
  & {
    /** Tells it from other numbers. */
    readonly "~brand": "LobbyRequestId";
    /** Is never there: it holds what is asked for. */
    readonly "~do"?: K;
  };

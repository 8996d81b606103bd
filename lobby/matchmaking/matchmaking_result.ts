// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";

/** Why a {@linkcode MatchmakingQueue} refused something; an answer, never thrown. */
export interface MatchmakingRefusal {
  /** As a {@linkcode LobbyError} has it. */
  readonly type: "matchmakingError";
  /**
   * - `alreadyQueued`: a player waits in as many tickets as are allowed.
   * - `invalidTicket`: `field` of the request is none.
   * - `ticketNotFound`, `proposalNotFound`, `backfillNotFound`: there is none of that name,
   *   or not any more, or the player is not in it.
   * - `queueFull`: as many as there may be are waiting, or nobody has drained the events.
   */
  readonly reason:
    | "alreadyQueued"
    | "invalidTicket"
    | "ticketNotFound"
    | "queueFull"
    | "proposalNotFound"
    | "backfillNotFound";
  /** Who waits already. */
  readonly player?: PlayerId;
  /** What of a request is wrong, as `players[1].skill`. */
  readonly field?: string;
  /** For people. */
  readonly message: string;
}

/**
 * What came of an operation that a {@linkcode MatchmakingQueue} may refuse.
 *
 * @typeParam T What there is if it does not.
 */
export type MatchmakingResult<T> =
  | { readonly isOk: true; readonly value: T }
  | { readonly isOk: false; readonly error: MatchmakingRefusal };

// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ProposedMatch } from "./proposed_match.ts";
import type { TicketId } from "./ticket.ts";

/** What happened in a {@linkcode MatchmakingQueue} besides its new matches. */
export type MatchmakingEvent =
  /** All players accepted: the tickets have left the queue. */
  | {
    readonly type: "matchConfirmed";
    readonly match: ProposedMatch;
  }
  /** Somebody did not accept. */
  | {
    readonly type: "matchCancelled";
    readonly match: ProposedMatch;
    /** Who declined, or had the ticket taken out of the queue. */
    readonly declined: readonly PlayerId[];
    /** Who had not answered when it ended, if that was why. */
    readonly timedOut: readonly PlayerId[];
    /** Tickets that wait on; their wait was not interrupted. */
    readonly requeued: readonly TicketId[];
    /** Tickets that have left the queue: those of whoever did not accept. */
    readonly removed: readonly TicketId[];
  }
  /** A ticket waited for its whole time to live, and has left the queue. */
  | {
    readonly type: "ticketExpired";
    readonly ticket: TicketId;
    readonly players: readonly PlayerId[];
  }
  /** A ticket has left the queue, as one of its players has a match by another one. */
  | {
    readonly type: "ticketSuperseded";
    readonly ticket: TicketId;
    readonly players: readonly PlayerId[];
  };

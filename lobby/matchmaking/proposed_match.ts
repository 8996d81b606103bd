// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { BackfillId } from "./backfill.ts";
import type { TicketId } from "./ticket.ts";

/** Names a proposed match of one {@linkcode MatchmakingQueue}; never used again by it. */
export type ProposalId = number & { readonly "~brand": "ProposalId" };

/** A team of a {@linkcode ProposedMatch}. */
export interface MatchTeam {
  /** Its parties, none of them split. */
  readonly tickets: readonly TicketId[];
  /** The players of each ticket, in the order of `tickets`. */
  readonly parties: readonly (readonly PlayerId[])[];
  /** Mean of its players' skills; 0 if it has none. */
  readonly skill: number;
}

/** A match that {@linkcode MatchmakingQueue.tick} made. */
export interface ProposedMatch {
  /** Its name. */
  readonly id: ProposalId;
  /** The mode. */
  readonly mode: string;
  /** Where it is played, if the queue has regions. */
  readonly region: string | undefined;
  /** The first map that all its tickets accept, if the mode has maps. */
  readonly map: string | undefined;
  /**
   * The teams: all of them, or as few as {@linkcode FewerTeams} allows; for a backfill those
   * who come to each, which may be nobody.
   */
  readonly teams: readonly MatchTeam[];
  /** Difference between the highest and the lowest skill of its tickets. */
  readonly spread: number;
  /** The longest wait of its tickets, in ms. */
  readonly longestWaitMs: number;
  /** The game that it fills up, if it is not a new one. */
  readonly backfill: BackfillId | undefined;
  /**
   * Whether its players have yet to accept it. If not, it is final: the tickets have left
   * the queue.
   */
  readonly needsAcceptance: boolean;
}

// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";

/** Names a ticket of one {@linkcode MatchmakingQueue}; never used again by it. */
export type TicketId = number & { readonly "~brand": "TicketId" };

/** A player of a ticket. */
export interface TicketPlayer {
  /** Who it is. */
  readonly player: PlayerId;
  /** Mean of the skill, from -1e9 to 1e9, in the points of the rules' windows. */
  readonly skill: number;
  /**
   * Standard deviation of the skill, from 0 to 1e9: how far the mean may be off. It counts only
   * where {@linkcode MatchRules.uncertaintyFactor} is above 0.
   *
   * @default {0}
   */
  readonly uncertainty?: number;
}

/** What {@linkcode MatchmakingQueue.enqueue} is told about a party that wants to play. */
export interface TicketRequest {
  /** The party: 1 to the size of a team. They play in one team, or not at all. */
  readonly players: readonly TicketPlayer[];
  /** Modes of the queue that the party would play, one or more. */
  readonly modes: readonly string[];
  /**
   * Round trip in ms to each region that the party can reach, by the region's name; the
   * worst of the members counts, so give the largest. Whoever has no latencies is refused if
   * the queue has regions. Names that the queue does not know are passed over.
   */
  readonly latenciesMs?: Readonly<Record<string, number>>;
  /**
   * Maps that the party would play, where the mode has any; names that the mode does not
   * know are passed over.
   *
   * @default all maps of the mode
   */
  readonly maps?: readonly string[];
  /**
   * How long the party has waited already, in ms, as before the last tick or in another
   * queue: finite and 0 or more.
   *
   * @default {0}
   */
  readonly waitedMs?: number;
  /**
   * After how many ms in this queue the ticket expires: above 0.
   *
   * @default {Infinity}
   */
  readonly ttlMs?: number;
}

/** A ticket that waits, as custom functions and {@linkcode MatchmakingQueue.ticket} see it. */
export interface TicketView {
  /** Its name. */
  readonly id: TicketId;
  /** The party, in the order of the request. */
  readonly players: readonly PlayerId[];
  /** Skill of the party: see {@linkcode MatchRules.partySkill}. */
  readonly skill: number;
  /** How long it has waited, in ms; a proposal that fell through does not begin it anew. */
  readonly waitMs: number;
  /** Regions within its latency window now, in the order of the queue. */
  readonly regions: readonly string[];
  /** Whether a proposal holds it. */
  readonly isReserved: boolean;
}

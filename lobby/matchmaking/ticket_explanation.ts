// This module is browser compatible.
import type { TicketId } from "./ticket.ts";

/**
 * Why a ticket waits in one mode:
 *
 * - `notEnoughPlayers`: fewer wait than a match needs, whoever they are.
 * - `skill`, `latency`, `maps`: too few are left of those who wait by the rule that rules
 *   out the most.
 * - `partyShape`: enough players would play with it, but their parties do not fill teams.
 * - `patience`: they do, and it waits for a better match, as the mode's patience has it.
 * - `mutual`: they do, but would not play with one another, or play in better matches.
 * - `custom`: the mode has a match function of its own.
 */
export type WaitingReason =
  | "notEnoughPlayers"
  | "skill"
  | "latency"
  | "maps"
  | "partyShape"
  | "patience"
  | "mutual"
  | "custom";

/** Why a ticket waits in one of its modes; tickets are counted besides itself. */
export interface ModeExplanation {
  /** The mode. */
  readonly mode: string;
  /** What is in the way. */
  readonly reason: WaitingReason;
  /** Tickets that wait for the mode. */
  readonly waitingTickets: number;
  /** Players that wait for the mode. */
  readonly waitingPlayers: number;
  /** Tickets that the skill windows rule out, its own or theirs. */
  readonly bySkill: number;
  /** Tickets with which it has no region within both latency windows. */
  readonly byLatency: number;
  /** Tickets with which it has no map in common. */
  readonly byMaps: number;
  /** Tickets that no rule excludes. */
  readonly compatibleTickets: number;
  /** Players of those. */
  readonly compatiblePlayers: number;
  /**
   * Players that a match needs besides its own: for one with the fewest teams, once it or a
   * ticket that no rule excludes has waited for long enough to play with fewer.
   */
  readonly neededPlayers: number;
  /** How far another's skill may be from its own, now. */
  readonly skillWindow: number;
  /** How many ms away a region may be, now. */
  readonly latencyWindowMs: number;
}

/** What {@linkcode MatchmakingQueue.explain} answers. */
export interface TicketExplanation {
  /** The ticket. */
  readonly ticket: TicketId;
  /** How long it has waited, in ms. */
  readonly waitMs: number;
  /**
   * How long such a ticket waits in all, in ms, by the waits of the last matches in its
   * mode, region and range of skill; `undefined` before there were any.
   */
  readonly estimatedWaitMs: number | undefined;
  /** Whether it waits for an answer, its own or of others, and for nothing else. */
  readonly isReserved: boolean;
  /** Why it has no match yet, by mode, in the order of the queue. */
  readonly modes: readonly ModeExplanation[];
}

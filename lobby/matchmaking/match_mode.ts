// This module is browser compatible.
import type { TicketId, TicketView } from "./ticket.ts";

/** A limit that widens while a ticket waits: in a straight line, then no further. */
export interface WideningWindow {
  /** The limit of a ticket that has just come: 0 or more. */
  readonly initial: number;
  /** The limit of one that has waited for `overMs`: `initial` or more. */
  readonly final: number;
  /** How long it widens, in ms: 0 or more. */
  readonly overMs: number;
}

/**
 * Who may play with whom. Every rule is mutual: each pair of tickets must be within the
 * windows of both, and each ticket within its own latency window in the match's region.
 */
export interface MatchRules {
  /**
   * How far two tickets' skills may be apart: the smaller window of the two counts.
   *
   * @default {{ initial: 50, final: 500, overMs: 60000 }}
   */
  readonly skillWindow?: WideningWindow;
  /**
   * Round trip to the match's region that a ticket takes, in ms.
   *
   * @default {{ initial: 80, final: 200, overMs: 30000 }}
   */
  readonly latencyWindow?: WideningWindow;
  /**
   * By how much of its uncertainty (the largest of the members') a ticket's skill window is
   * wider: 0 or more.
   *
   * @default {0}
   */
  readonly uncertaintyFactor?: number;
  /**
   * Which of the members' skills is the party's.
   *
   * @default {"mean"}
   */
  readonly partySkill?: "mean" | "highest";
}

/**
 * What a better match is, in points of skill: of the matches that the rules allow, those are
 * made whose spread and costs are the least.
 */
export interface MatchCosts {
  /**
   * What it costs if all tickets of a match are beyond `comfortMs`; a share of them costs
   * that share. 0 or more.
   *
   * @default {12}
   */
  readonly latency?: number;
  /**
   * Round trip in ms up to which latency costs nothing: 0 or more.
   *
   * @default {50}
   */
  readonly comfortMs?: number;
  /**
   * What it costs if the largest parties of the teams are not of one size, as when a
   * premade of five meets five strangers. 0 or more.
   *
   * @default {0}
   */
  readonly asymmetry?: number;
}

/**
 * What waiting buys. A match is made once its spread and costs are at most what the waits of
 * its tickets are worth together: each `spreadPerTicket * (wait / waitMs) ** 2.5`, beyond
 * `waitMs` with an exponent of 1.5. A match with no cost is made at once, and any that the
 * rules allow once one of its tickets has waited for three times `waitMs`.
 */
export interface Patience {
  /** The wait that most should not exceed, in ms: above 0 and finite. */
  readonly waitMs: number;
  /**
   * What the wait of one ticket is worth after `waitMs`, in points of skill: above 0. The
   * less it is, the longer tickets wait for better matches.
   */
  readonly spreadPerTicket: number;
}

/** When a match may have fewer teams than its mode has. */
export interface FewerTeams {
  /** How many teams it has at the least: 1 to the mode's `teams`. */
  readonly min: number;
  /** How long one of its tickets must have waited, in ms: above 0 and finite. */
  readonly afterMs: number;
}

/** A match that could be made, for {@linkcode MatchMode.score}. */
export interface MatchCandidate {
  /** Its tickets, not yet in teams. */
  readonly tickets: readonly TicketView[];
  /** Its region, if the queue has any. */
  readonly region: string | undefined;
  /** Difference between the highest and the lowest skill of its tickets. */
  readonly spread: number;
  /** Spread and {@linkcode MatchCosts} together. */
  readonly cost: number;
}

/** One kind of match that a {@linkcode MatchmakingQueue} makes. */
export interface MatchMode {
  /** How many teams play: 1 to 128. Free for all is many teams of one. */
  readonly teams: number;
  /** How many players a team has: 1 to 128; teams * teamSize is at most 128. */
  readonly teamSize: number;
  /**
   * When a match may have fewer teams, each of them full. Once a ticket has waited so long, any
   * match with it that the rules allow is made, whatever `patience` says: of all teams if there
   * can be one, or else of as many as there can be.
   *
   * @default none: every match has all of its teams
   */
  readonly fewerTeams?: FewerTeams;
  /**
   * Maps that tickets may choose among: at most 31. A match has one that all accept.
   *
   * @default none
   */
  readonly maps?: readonly string[];
  /** Who may play with whom. */
  readonly rules?: MatchRules;
  /** What a better match is. */
  readonly costs?: MatchCosts;
  /**
   * What waiting buys.
   *
   * @default none: what the rules allow is made at once
   */
  readonly patience?: Patience;
  /**
   * Judges a match that could be made, of which each tick has many: the number is added to
   * its cost, and `Infinity` forbids it. It must answer the same for the same input, and
   * call nothing of the queue. Where it throws the match is not made, and `tick` throws that.
   */
  score?(candidate: MatchCandidate): number;
  /**
   * Makes this mode's matches in place of the engine: it is given all tickets that wait,
   * the lowest skill first, and returns matches as teams of tickets. Only teams' sizes and
   * that no ticket is used twice are checked, the rules are its own: it may leave out teams down to
   * `fewerTeams.min` at any time. What it throws, `tick`
   * throws; so it does for what is no match, and makes those before it.
   */
  match?(
    tickets: readonly TicketView[],
  ): readonly (readonly (readonly TicketId[])[])[];
}

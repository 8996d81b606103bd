// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { MatchMode } from "./match_mode.ts";

/** Options for {@linkcode MatchmakingQueue}. */
export interface MatchmakingQueueOptions {
  /** What can be played, by name: 1 to 31 modes. */
  readonly modes: Readonly<Record<string, MatchMode>>;
  /**
   * Where matches can be played: at most 30. Without any, latency is no matter.
   *
   * @default {[]}
   */
  readonly regions?: readonly string[];
  /**
   * Tickets that may be there at once, 1 to 1048576; further ones are refused (`queueFull`).
   *
   * @default {131072}
   */
  readonly maxTickets?: number;
  /**
   * Tickets that a player may be in at once, 1 to 16; when one has a match, the others leave
   * the queue.
   *
   * @default {1}
   */
  readonly maxTicketsPerPlayer?: number;
  /**
   * Games that may look for players at once, 1 to 1048576.
   *
   * @default {4096}
   */
  readonly maxBackfills?: number;
  /**
   * How long players have to accept a match, in ms: 0 or more. With 0 nobody is asked.
   *
   * @default {0}
   */
  readonly acceptTimeoutMs?: number;
  /**
   * Events that may wait to be drained, 1 to 16777216. Work whose event would have no place
   * is refused: `queueFull`, or no new matches.
   *
   * @default {262144}
   */
  readonly eventCapacity?: number;
  /**
   * What {@linkcode TickBudget.ms} is measured by.
   *
   * @default none: such a budget throws
   */
  readonly clock?: Clock;
}

/** What a tick may spend; what is left undone is gone on with by the next one. */
export interface TickBudget {
  /**
   * Units of work: tickets that are looked at. The same inputs and budgets in units give the
   * same matches.
   *
   * @default {Infinity}
   */
  readonly work?: number;
  /**
   * Time, by the queue's clock. {@linkcode MatchmakingQueue.lastWork} tells how many units
   * it bought: with as many in place of the time, the tick can be repeated.
   *
   * @default none
   */
  readonly ms?: number;
}

// This module is browser compatible.

/** Who waits in a region: each ticket counts where its latency is the least. */
export interface RegionStatistics {
  /** The region; `undefined` if the queue has none. */
  readonly region: string | undefined;
  /** Tickets that wait. */
  readonly tickets: number;
  /** Players of those. */
  readonly players: number;
  /** The longest wait of those, in ms. */
  readonly longestWaitMs: number;
  /** How long tickets from here lately waited for a match, in ms, if any had one. */
  readonly meanWaitMs: number | undefined;
}

/** What {@linkcode MatchmakingQueue.statistics} tells about a mode. */
export interface ModeStatistics {
  /** The mode. */
  readonly mode: string;
  /** Tickets that wait, those of proposals not included. */
  readonly tickets: number;
  /** Players of those. */
  readonly players: number;
  /** Tickets that proposals hold. */
  readonly reserved: number;
  /** Matches that were made since the beginning, those that fell through included. */
  readonly matches: number;
  /** How long tickets lately waited for a match, in ms, if any had one. */
  readonly meanWaitMs: number | undefined;
  /** The same by region, in the order of the queue. */
  readonly regions: readonly RegionStatistics[];
}

// This module is browser compatible.

/** Losses that come in bursts of a fixed length. */
export interface BurstLoss {
  /** The share of all datagrams that is lost in bursts: 0 to 0.99. */
  readonly share: number;
  /** How many datagrams in a row are lost once a burst has begun: an integer from 1 to 1,000,000. */
  readonly length: number;
}

/**
 * Losses of a path with two states (E. N. Gilbert, 1960; E. O. Elliott, 1963). The state is drawn before each datagram, in
 * the good state at first.
 */
export interface GilbertElliottLoss {
  /** How likely a datagram finds that the good state has turned bad: 0 to 1. */
  readonly enterBad: number;
  /** How likely a datagram finds that the bad state has turned good: 0 to 1. */
  readonly leaveBad: number;
  /**
   * How likely a datagram is lost in the bad state: 0 to 1.
   *
   * @default {1}
   */
  readonly lossInBad?: number;
  /**
   * How likely a datagram is lost in the good state: 0 to 1.
   *
   * @default {0}
   */
  readonly lossInGood?: number;
}

/**
 * What one direction of a path does to datagrams. Nothing by default: all arrive, at once.
 *
 * A datagram meets these in the order of the fields' groups: a blackout or the MTU swallows it, the queue of the bottleneck
 * takes or drops it, then it is lost or travels, maybe damaged, maybe doubled. So a datagram that is lost has used the
 * bandwidth.
 */
export interface NetworkConditions {
  /**
   * Whether nothing gets through at all.
   *
   * @default {false}
   */
  readonly isBlackout?: boolean;
  /**
   * The largest datagram that gets through, in bytes; larger ones vanish without a word. 1 or more.
   *
   * @default {Infinity}
   */
  readonly mtuBytes?: number;

  /**
   * How many bytes of datagrams per second pass the bottleneck: above 0.
   *
   * @default {Infinity}
   */
  readonly bytesPerSecond?: number;
  /**
   * How many bytes wait before the bottleneck at most, with the datagram that passes it: a datagram that does not fit is
   * dropped (tail drop). What waits delays everything behind it. 1 or more.
   *
   * @default {65536}
   */
  readonly queueBytes?: number;

  /**
   * How likely each datagram is lost, whatever happens to others: 0 to 1.
   *
   * @default {0}
   */
  readonly loss?: number;
  /** Losses in bursts of a fixed length, beside `loss`. */
  readonly burstLoss?: BurstLoss;
  /** Losses of a path with a good and a bad state, beside `loss`. */
  readonly gilbertElliott?: GilbertElliottLoss;

  /**
   * How long every datagram travels, in milliseconds: finite, 0 or more.
   *
   * @default {0}
   */
  readonly latencyMs?: number;
  /**
   * What a datagram travels longer than `latencyMs`: the most if it is uniform, the mean if it is gamma. Milliseconds,
   * finite, 0 or more.
   *
   * @default {0}
   */
  readonly jitterMs?: number;
  /**
   * How jitter is distributed. `"gamma"`, of shape 2, has most datagrams somewhat late and a few very late.
   *
   * @default {"uniform"}
   */
  readonly jitterShape?: "uniform" | "gamma";
  /**
   * Whether a datagram with little jitter overtakes an earlier one with much. If not, it arrives right behind that one.
   *
   * @default {true}
   */
  readonly jitterReorders?: boolean;
  /**
   * How likely a datagram is held back by `reorderingMs`, so that later ones overtake it: 0 to 1.
   *
   * @default {0}
   */
  readonly reordering?: number;
  /**
   * How long a datagram is held back, in milliseconds: finite, 0 or more.
   *
   * @default {10}
   */
  readonly reorderingMs?: number;

  /**
   * How likely a datagram arrives with 1 to 8 of its bits flipped: 0 to 1.
   *
   * @default {0}
   */
  readonly corruption?: number;
  /**
   * How likely a datagram arrives cut, without its last bytes or without any: 0 to 1.
   *
   * @default {0}
   */
  readonly truncation?: number;
  /**
   * How likely a datagram arrives twice, the second with a jitter of its own: 0 to 1. Each is damaged by itself.
   *
   * @default {0}
   */
  readonly duplication?: number;
}

// This module is browser compatible.

/**
 * How much of messages one connection holds, and for how long. Both ends must have the
 * same: a sender keeps to what the receiver has room for.
 */
export interface MessageLimits {
  /**
   * The longest message of a reliable channel, in bytes: 1 to 2^24.
   *
   * @default {1_048_576}
   */
  readonly maxReliableBytes?: number;
  /**
   * The longest message of an unreliable channel or a "latest" one, in bytes: 1 to 2^24.
   *
   * @default {65_536}
   */
  readonly maxUnreliableBytes?: number;
  /**
   * How many bytes of messages wait or are unacknowledged on one channel. `send()`
   * refuses more.
   *
   * @default {4_194_304}
   */
  readonly maxChannelBytes?: number;
  /**
   * How many messages wait or are unacknowledged on one channel.
   *
   * @default {65_536}
   */
  readonly maxChannelMessages?: number;
  /**
   * How many bytes of messages wait or are unacknowledged on all channels together.
   *
   * @default {16_777_216}
   */
  readonly maxQueuedBytes?: number;
  /**
   * How many bytes a receiver holds that the game has not taken out yet. Packets beyond
   * are not acknowledged.
   *
   * @default {4_194_304}
   */
  readonly maxReadyBytes?: number;
  /**
   * How many messages a receiver holds: that the game has not taken out, and as many that
   * came too early for their order. A sender is never further ahead.
   *
   * @default {131_072}
   */
  readonly maxReadyMessages?: number;
  /**
   * How many bytes a receiver holds of messages that came too early for their order, of
   * all channels. A sender is never further ahead.
   *
   * @default {4_194_304}
   */
  readonly maxReorderBytes?: number;
  /**
   * How many bytes of messages a receiver puts together at once, counted whole from their
   * first fragment. A sender has no more of them under way. The newest message of each
   * "latest" channel has room beside it.
   *
   * @default {4_194_304}
   */
  readonly maxReassemblyBytes?: number;
  /**
   * How long an unreliable message waits for its first sending, in milliseconds, until it
   * is dropped.
   *
   * @default {250}
   */
  readonly maxUnreliableWaitMs?: number;
}

// This module is browser compatible.
import type { Channel } from "../../protocol/mod.ts";

/**
 * One channel of a connection. A connection has the four of {@linkcode Channel} at the
 * indices 0 to 3, and the game's own from 4 on: both ends configure the same ones.
 */
export interface ChannelConfig {
  /** What is promised: one of the four, or `"latest"`. */
  readonly delivery: ChannelDelivery;
  /**
   * Who goes first when not everything can be sent at once: 0 to 7, higher first.
   *
   * @default {4}
   */
  readonly priority?: number;
  /**
   * The most bytes per second that the channel may send, beyond which it waits: 1 or more.
   *
   * @default {Infinity}
   */
  readonly bytesPerSecond?: number;
  /**
   * Whether its messages are sent in copies when the path loses packets.
   *
   * @default {true} for reliable channels of single messages, `false` for unreliable ones.
   */
  readonly redundancy?: boolean;
}

/**
 * What a channel promises: a {@linkcode Channel}, or `"latest"`: only the newest
 * message matters. It is sent until it or a newer one has arrived; what is older is
 * neither sent again nor delivered.
 */
export type ChannelDelivery = Channel | "latest";

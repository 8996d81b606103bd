// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import type { CongestionControl } from "../congestion/congestion_control.ts";
import type { ChannelConfig } from "../message/channel_config.ts";
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";
import type { MessageLimits } from "../message/message_limits.ts";
import type { PacketBuffer } from "./packet_buffer.ts";

/** Options for {@linkcode Connection}. */
export interface ConnectionOptions {
  /**
   * The channels from index 4 on; 0 to 3 are the four of `Channel`. Both ends have the same.
   *
   * @default {[]}
   */
  readonly channels?: readonly ChannelConfig[];
  /** How much of messages is held. Both ends have the same. */
  readonly limits?: MessageLimits;
  /**
   * Makes the congestion control.
   *
   * @default {() => new BandwidthDelayControl()}
   */
  readonly congestion?: () => CongestionControl;
  /**
   * Makes the policy by which messages are sent in copies.
   *
   * @default {() => new AdaptiveRedundancy()}
   */
  readonly redundancy?: () => RedundancyPolicy;
  /**
   * The largest payload that the link and the socket take, in bytes: an integer; with
   * `overheadBytes` 1200 to {@linkcode MTU}.
   *
   * @default {MTU - overheadBytes}
   */
  readonly maxPayloadBytes?: number;
  /**
   * What the link adds to a payload at most, in bytes: 0 to 64.
   *
   * @default {0}
   */
  readonly overheadBytes?: number;
  /**
   * How long this end is silent while the connection is in use, in milliseconds, above 0;
   * up to four times as long while it is not.
   *
   * @default {KEEPALIVE_MS}
   */
  readonly keepaliveMs?: number;
  /**
   * After how much silence the other end is timed out, in milliseconds, above 0. A sleep of this end does not count: a
   * flush that is later than wanted by a second, or by half of this.
   *
   * @default {PEER_TIMEOUT_MS}
   */
  readonly peerTimeoutMs?: number;
  /**
   * The number of the first packet of either end, a safe integer, 0 or more: for tests
   * of what happens where numbers outgrow their bytes. Both ends have the same.
   *
   * @default {0}
   */
  readonly firstPacketNumber?: number;
  /**
   * The number of the first message of every channel, likewise.
   *
   * @default {0}
   */
  readonly firstMessageId?: number;
  /**
   * Which packet numbers are left out, so that who acknowledges everything gives itself
   * away. Connections may share one; nobody else may be able to predict it.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
  /**
   * Where packets are built. Connections may share one.
   *
   * @default {new PacketBuffer()}
   */
  readonly buffer?: PacketBuffer;
}

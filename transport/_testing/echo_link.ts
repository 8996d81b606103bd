import { Channel, type ChannelConfig, type PeerOptions } from "../mod.ts";

/** What both programs of an echo over a bad network speak. */
export const ECHO_PROTOCOL = "echo over a bad network 1";

/** The channels beside the four. */
export const ECHO_CHANNELS: readonly ChannelConfig[] = [{ delivery: "latest" }];

/** What each channel promises, by index. */
export const ECHO_DELIVERIES = [
  Channel.Reliable,
  Channel.Unreliable,
  Channel.ReliableOrdered,
  Channel.UnreliableOrdered,
  "latest",
] as const;

/** A silent end is noticed soon enough for tests that kill it, and later than any that waits for a busy processor. */
export const ECHO_CONNECTION: PeerOptions = {
  channels: ECHO_CHANNELS,
  keepaliveMs: 100,
  peerTimeoutMs: 10_000,
};

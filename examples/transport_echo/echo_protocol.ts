/**
 * What both ends of the echo agree on.
 *
 * @module
 */

import { Channel, type ChannelConfig } from "../../transport/mod.ts";

/** Which game this is: both ends say the same, or they do not meet. */
export const PROTOCOL = "tickwire echo 1";

/** The channels beside the four of `Channel`, from index 4 on: the same at both ends. */
export const CHANNELS: readonly ChannelConfig[] = [{ delivery: "latest" }];

/** The index of the channel on which only the newest message matters. */
export const LATEST = 4;

/** Whether a message that comes after a newer one is against the channel's promise. */
export function isInOrder(channel: number): boolean {
  return channel === Channel.ReliableOrdered ||
    channel === Channel.UnreliableOrdered || channel === LATEST;
}

/** Where the server tells how it is reached. */
export const INFO_PATH = "/info";
/** Where browsers connect to, by WebSocket and by WebTransport. */
export const SOCKET_PATH = "/udp";

/** How the server is reached, as it tells at `/info`. */
export interface EchoInfo {
  /** Its UDP socket. */
  readonly udp: { readonly port: number; readonly backend: string };
  /** Its WebTransport, where it has one. */
  readonly webTransport?: {
    readonly port: number;
    /** The SHA-256 hash of its certificate, in base64, if no authority has signed it. */
    readonly hash?: string;
  };
}

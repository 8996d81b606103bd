// This module is browser compatible.
import type { ChannelRecvStats } from "../message/channel_recv_stats.ts";
import type { ChannelStats } from "../message/channel_stats.ts";

/** What a connection has measured and counted. Counts are since its beginning. */
export interface TransportStats {
  /** Smoothed round-trip time in milliseconds; 0 until it is known. */
  readonly rttMs: number;
  /** The least of the last seconds, in milliseconds; 0 until it is known. */
  readonly minRttMs: number;
  /** Smoothed deviation from `rttMs` in milliseconds (RFC 6298, section 2). */
  readonly jitterMs: number;
  /** Of the packets sent lately, how many were lost, in percent: 0 to 100. */
  readonly packetLossPct: number;
  /** Bytes of datagrams sent per second, over the last second. */
  readonly bandwidthUp: number;
  /** Bytes of datagrams received per second, over the last second. */
  readonly bandwidthDown: number;
  /** Packets sent. */
  readonly packetsSent: number;
  /** Packets received and taken. */
  readonly packetsRecv: number;
  /** Bytes of datagrams sent. */
  readonly bytesSent: number;
  /** Bytes of datagrams received, of packets that were taken. */
  readonly bytesRecv: number;
  /** Messages and fragments that were sent again as their packet was lost. */
  readonly retransmits: number;
  /** Packets known to have arrived. */
  readonly packetsAcked: number;
  /** Packets declared lost that have not come after all. */
  readonly packetsLost: number;
  /** Packets declared lost that had arrived. */
  readonly spuriousLosses: number;
  /** How many later packets must have arrived until one is declared lost; grows with reordering. */
  readonly packetThreshold: number;
  /** Tail-loss probes sent. */
  readonly probesSent: number;
  /** The congestion window: the most bytes in flight. */
  readonly windowBytes: number;
  /** Bytes of datagrams in flight. */
  readonly inFlightBytes: number;
  /** How fast datagrams may leave, in bytes per second; `Infinity` for at once. */
  readonly pacingBytesPerSec: number;
  /** What congestion control is at. */
  readonly phase: string;
  /** The largest datagram proven to arrive, in bytes. */
  readonly pathMtuBytes: number;
  /** The share of packets lost as the redundancy policy sees it, 0 to 1. */
  readonly lossRate: number;
  /** How many packets a burst of losses takes on average, as it sees it. */
  readonly burstLength: number;
  /** Bytes of messages that wait to be sent. */
  readonly queuedBytes: number;
  /** Bytes of messages that have come in and are not handed out. */
  readonly heldBytes: number;
  /** Packets dropped as malformed. */
  readonly malformed: number;
  /** Packets dropped as they had been here, or may have been. */
  readonly duplicates: number;
  /** Packets dropped as there was no room for them: they are sent again. */
  readonly refused: number;
  /** How often the socket was full. */
  readonly socketFull: number;
  /** What each channel has sent, by its index. */
  readonly channels: readonly ChannelStats[];
  /** What each channel has received, by its index. */
  readonly channelsRecv: readonly ChannelRecvStats[];
}

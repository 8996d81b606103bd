// This module is browser compatible.

/** What an acknowledgement tells congestion control. One object, reused: nothing keeps it. */
export interface AckSample {
  /** When it arrived, in milliseconds of the connection's clock. */
  nowMs: number;
  /** Bytes of datagrams that it newly acknowledged. */
  ackedBytes: number;
  /** Bytes of datagrams that were declared lost with it. */
  lostBytes: number;
  /** How many packets `ackedBytes` are. */
  ackedPackets: number;
  /** How many packets `lostBytes` are. */
  lostPackets: number;
  /** Bytes in flight after it. */
  inFlightBytes: number;
  /** The RTT of the largest newly acknowledged packet without the peer's delay; -1 if it was no sample. */
  rttMs: number;
  /** The smoothed RTT in milliseconds. */
  smoothedRttMs: number;
  /** The least RTT seen on this path, in milliseconds. */
  minRttMs: number;
  /**
   * The rate at which the path delivered, after draft-ietf-ccwg-bbr ("delivery rate
   * samples"): bytes per millisecond, 0 if there is no sample.
   */
  deliveryRate: number;
  /** Whether `deliveryRate` was held down by a lack of things to send. */
  isAppLimited: boolean;
  /** All bytes delivered so far when the newest acknowledged packet was sent: it tells round trips apart. */
  priorDeliveredBytes: number;
  /** All bytes delivered so far. */
  deliveredBytes: number;
}

/**
 * How much may be under way, and how fast it may leave. A pure state machine: it is
 * told what happened and read from, and knows no clock of its own.
 */
export interface CongestionControl {
  /** The most bytes of datagrams in flight. */
  readonly windowBytes: number;
  /** How fast datagrams leave, in bytes per millisecond; `Infinity` for at once. */
  readonly pacingRate: number;
  /** The most bytes that may leave in one go, after a pause. */
  readonly burstBytes: number;
  /** A word for statistics: `"startup"`, `"probeBandwidth"`, … */
  readonly phase: string;
  /** A packet leaves. `inFlightBytes` includes it; `isAppLimited`: nothing more waits. */
  onSent(
    bytes: number,
    inFlightBytes: number,
    isAppLimited: boolean,
    nowMs: number,
  ): void;
  /** An acknowledgement came, or a timer declared packets lost (`ackedBytes` 0). */
  onAck(sample: Readonly<AckSample>): void;
  /** Losses turned out not to be: those bytes had arrived. */
  onSpuriousLoss(bytes: number, nowMs: number): void;
  /** The peer is at another address: what was learnt about the path does not hold. */
  onPathChange(nowMs: number): void;
}

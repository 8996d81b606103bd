// This module is browser compatible.

/** What one channel of a connection has sent. All counts are since its beginning. */
export interface ChannelStats {
  /** Messages that left, without copies and repetitions. */
  readonly sent: number;
  /** Messages that are known to have arrived. */
  readonly delivered: number;
  /** Messages and fragments that left again as a packet was lost or long without an answer. */
  readonly resent: number;
  /** Copies that left before anything was known. */
  readonly copies: number;
  /** Messages that `send()` refused. */
  readonly refused: number;
  /** Messages that were accepted and given up: they waited too long, or a newer one took their place. */
  readonly dropped: number;
  /** Bytes of frames that left, with copies and repetitions. */
  readonly sentBytes: number;
  /** Messages that wait for their first sending. */
  readonly queued: number;
  /** Bytes of messages that are held: they wait, or are not acknowledged. */
  readonly heldBytes: number;
  /**
   * Messages that were late: it took longer than {@linkcode LATE_MS} beyond the usual round
   * trip from `send()` until it was known that they had arrived (reliable ones), or longer
   * than {@linkcode LATE_MS} until they left (others).
   */
  readonly late: number;
  /** How long the late ones waited in all, by cause. */
  readonly lateBy: LateCauses;
}

/** How long late messages waited for what, in milliseconds. */
export interface LateCauses {
  /** For the next flush, behind others, or as too many were under way. */
  readonly queuedMs: number;
  /** For congestion control, pacing or the socket. */
  readonly congestionMs: number;
  /** For the channel's own `bytesPerSecond`. */
  readonly budgetMs: number;
  /** From the first sending until it was known to have arrived: the path, and losses on it. */
  readonly underWayMs: number;
}

/** One message that was late, and why. */
export interface LateMessage extends LateCauses {
  /** The channel's index. */
  readonly channel: number;
  /** Which message of the channel in the order of `send()`, its lowest 32 bits. */
  readonly id: number;
  /** How many times it left again after a loss. */
  readonly resent: number;
  /** How many copies were planned for it. */
  readonly copies: number;
}

/** By how much a message must be late to be counted, in milliseconds. */
export const LATE_MS = 50;

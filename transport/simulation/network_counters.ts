// This module is browser compatible.

/** What became of the datagrams that were sent along a path, or along several. Read, never written. */
export interface NetworkCounters {
  /** Datagrams that were sent. Each is counted in exactly one of `carried` and the losses below. */
  readonly sent: number;
  /** Their bytes. */
  readonly sentBytes: number;
  /** Datagrams that got through; their duplicates are not counted. */
  readonly carried: number;
  /** Their bytes as they were sent. */
  readonly carriedBytes: number;
  /** Lost by a blackout. */
  readonly blackout: number;
  /** Lost as they were larger than the MTU. */
  readonly tooLarge: number;
  /** Lost as the queue was full. */
  readonly queueFull: number;
  /** Lost at random. */
  readonly lost: number;
  /** Lost in a burst of a fixed length. */
  readonly lostInBurst: number;
  /** Lost by the Gilbert–Elliott model. */
  readonly lostInBadState: number;
  /** Got through with bits flipped, duplicates included. */
  readonly corrupted: number;
  /** Got through with bytes cut, duplicates included. */
  readonly truncated: number;
  /** Got through a second time. */
  readonly duplicated: number;
  /** Got through, and held back on the way by `reorderingMs`. */
  readonly heldBack: number;
}

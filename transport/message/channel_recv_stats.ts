// This module is browser compatible.

/** What one channel of a connection has received. All counts are since its beginning. */
export interface ChannelRecvStats {
  /** Messages that came, each once. */
  readonly received: number;
  /** Messages and fragments that had come before. */
  readonly duplicates: number;
  /** Messages that a newer one had overtaken, on channels that deliver only newer ones. */
  readonly tooOld: number;
  /** Messages of which not all fragments came in time, or while there was room. */
  readonly abandoned: number;
  /** Messages that wait for an earlier one. */
  readonly held: number;
  /** Messages of which some fragments have come. */
  readonly partial: number;
  /** Messages that waited for an earlier one for longer than {@linkcode LATE_MS}. */
  readonly headOfLine: number;
  /** The longest such wait, in milliseconds. */
  readonly headOfLineMs: number;
}

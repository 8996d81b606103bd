// This module is browser compatible.

/**
 * How large datagrams may be. A pure state machine, told what becomes of packets. All
 * sizes are of whole datagrams, with what the link adds.
 *
 * A probe is a packet of its own, of nothing but PING and PADDING: its fate goes to
 * `onProbeAcked` or `onProbeLost`, that of every other packet to `onPacketAcked` or
 * `onPacketLost`. At most one probe is under way.
 */
export interface PathMtu {
  /** The most bytes of a datagram, as far as is proven. */
  readonly datagramBytes: number;
  /** How large a probe to send now: the whole datagram's bytes, or 0 for none now. Changes nothing. */
  probeBytes(nowMs: number): number;
  /** A probe of `probeBytes` has left. */
  onProbeSent(nowMs: number): void;
  /** The probe under way has arrived. */
  onProbeAcked(nowMs: number): void;
  /** The probe under way was declared lost. Says nothing about congestion. */
  onProbeLost(nowMs: number): void;
  /** A packet that was no probe was declared lost. */
  onPacketLost(bytes: number, nowMs: number): void;
  /** A packet that was no probe has arrived. */
  onPacketAcked(bytes: number, nowMs: number): void;
  /** The path is another one: begins anew. */
  reset(nowMs: number): void;
}

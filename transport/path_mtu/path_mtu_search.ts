// This module is browser compatible.
import { BASE_MTU, MTU } from "../constants.ts";
import type { PathMtu } from "./path_mtu.ts";

/** So many losses in a row rule a size out (RFC 8899, section 5.1.2: MAX_PROBES). */
const MAX_PROBES = 3;
/** Losses come in bursts: between two probes passes more than one. */
const PROBE_INTERVAL_MS = 100;
/** A gain of fewer bytes is not worth a probe. */
const STEP_BYTES = 16;
/** When a search that ended below the limit is repeated (RFC 8899, section 5.1.1: PMTU_RAISE_TIMER). */
const RAISE_INTERVAL_MS = 600_000;
/** After a black hole the search begins again after this, then after twice as long, up to the interval above. */
const BLACK_HOLE_PAUSE_MS = 10_000;
/** So many large packets lost in a row are a black hole if a smaller one has arrived meanwhile. */
const BLACK_HOLE_LOSSES = 6;
/** So many are one even if nothing else was under way that could have arrived. */
const BLACK_HOLE_LOSSES_ALONE = 12;
/** A game whose packets are smaller has no use for larger ones: it is not made to pay for probes. */
const WORTH_BYTES = 1000;

/**
 * Searches for the largest datagram that arrives, from {@linkcode BASE_MTU} upwards
 * (RFC 8899): the limit itself first, which most paths take, then by halving.
 *
 * It begins when a packet of 1,000 bytes or more has arrived: who sends none has no
 * use for larger ones. If only the packets above {@linkcode BASE_MTU} bytes are lost,
 * it falls back to that at once (a black hole: a new path with a smaller MTU that
 * tells nobody) and searches again later.
 */
export class PathMtuSearch implements PathMtu {
  readonly #limitBytes: number;
  #datagramBytes = BASE_MTU;
  /** The largest size that was not ruled out. */
  #ceilingBytes: number;
  #probeBytes = 0;
  #isProbing = false;
  #probesLost = 0;
  #nextProbeMs = -Infinity;
  #isWorth = false;
  #largeLosses = 0;
  #hasSmallArrived = false;
  #pauseMs = BLACK_HOLE_PAUSE_MS;

  /**
   * Creates a search at its beginning.
   *
   * @param limitBytes The largest datagram to try: an integer from
   * {@linkcode BASE_MTU} (which is then final) to {@linkcode MTU}.
   * @throws {RangeError} If `limitBytes` is no such integer.
   */
  constructor(limitBytes: number = MTU) {
    if (
      !Number.isInteger(limitBytes) || limitBytes < BASE_MTU || limitBytes > MTU
    ) {
      throw new RangeError(
        `Cannot create a PathMtuSearch as limitBytes must be an integer from ${BASE_MTU} to ${MTU}: current value is ${limitBytes}`,
      );
    }
    this.#limitBytes = limitBytes;
    this.#ceilingBytes = limitBytes;
  }

  /** The most bytes of a datagram, as far as is proven: {@linkcode BASE_MTU} to the limit. */
  get datagramBytes(): number {
    return this.#datagramBytes;
  }

  /**
   * Tells whether a probe is wanted. Changes nothing.
   *
   * @param nowMs The time in milliseconds.
   * @returns The size of the datagram to probe with in bytes, or 0 for none now.
   */
  probeBytes(nowMs: number): number {
    if (!this.#isWorth || this.#isProbing || nowMs < this.#nextProbeMs) {
      return 0;
    }
    if (this.#probesLost > 0) return this.#probeBytes;
    const low = this.#datagramBytes;
    const high = this.#ceilingBytes;
    if (high === this.#limitBytes && high > low) return high;
    if (high - low >= STEP_BYTES) return (low + high + 1) >>> 1;
    // The search is over; its timer has run out, or nothing is left to gain.
    return low < this.#limitBytes ? this.#limitBytes : 0;
  }

  /**
   * Notes that a probe has left.
   *
   * @param nowMs The time in milliseconds.
   */
  onProbeSent(nowMs: number): void {
    const bytes = this.probeBytes(nowMs);
    if (bytes === 0) return;
    this.#probeBytes = bytes;
    this.#isProbing = true;
    this.#nextProbeMs = nowMs + PROBE_INTERVAL_MS;
  }

  /**
   * Notes that the probe under way has arrived: datagrams may be as large as it.
   *
   * @param nowMs The time in milliseconds.
   */
  onProbeAcked(nowMs: number): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#probesLost = 0;
    this.#datagramBytes = this.#probeBytes;
    this.#largeLosses = 0;
    if (this.#ceilingBytes < this.#probeBytes) {
      this.#ceilingBytes = this.#probeBytes;
    }
    this.#endIfFound(nowMs);
  }

  /**
   * Notes that the probe under way was declared lost. Three of a size rule it out.
   *
   * @param nowMs The time in milliseconds.
   */
  onProbeLost(nowMs: number): void {
    if (!this.#isProbing) return;
    this.#isProbing = false;
    this.#probesLost += 1;
    if (this.#probesLost < MAX_PROBES) return;
    this.#probesLost = 0;
    // At the limit again after the search was over: what was ruled out before stays so.
    if (this.#probeBytes - 1 < this.#ceilingBytes) {
      this.#ceilingBytes = this.#probeBytes - 1;
    }
    this.#endIfFound(nowMs);
  }

  /**
   * Notes that a packet, not a probe, was declared lost.
   *
   * @param bytes The size of its datagram.
   * @param nowMs The time in milliseconds.
   */
  onPacketLost(bytes: number, nowMs: number): void {
    if (bytes <= BASE_MTU || this.#datagramBytes === BASE_MTU) return;
    this.#largeLosses += 1;
    if (this.#largeLosses === 1) this.#hasSmallArrived = false;
    const limit = this.#hasSmallArrived
      ? BLACK_HOLE_LOSSES
      : BLACK_HOLE_LOSSES_ALONE;
    if (this.#largeLosses >= limit) this.#fallBack(nowMs);
  }

  /**
   * Notes that a packet, not a probe, has arrived.
   *
   * @param bytes The size of its datagram.
   * @param _nowMs The time in milliseconds.
   */
  onPacketAcked(bytes: number, _nowMs: number): void {
    if (bytes >= WORTH_BYTES) this.#isWorth = true;
    if (bytes > BASE_MTU) {
      this.#largeLosses = 0;
    } else {
      this.#hasSmallArrived = true;
    }
  }

  /**
   * Begins anew, at {@linkcode BASE_MTU}: the path is another one.
   *
   * @param nowMs The time in milliseconds.
   */
  reset(nowMs: number): void {
    this.#pauseMs = BLACK_HOLE_PAUSE_MS;
    this.#beginAnew(nowMs);
  }

  #fallBack(nowMs: number): void {
    this.#beginAnew(nowMs + this.#pauseMs);
    this.#pauseMs = Math.min(2 * this.#pauseMs, RAISE_INTERVAL_MS);
  }

  #beginAnew(nextProbeMs: number): void {
    this.#datagramBytes = BASE_MTU;
    this.#ceilingBytes = this.#limitBytes;
    this.#isProbing = false;
    this.#probesLost = 0;
    this.#largeLosses = 0;
    this.#hasSmallArrived = false;
    this.#nextProbeMs = nextProbeMs;
  }

  #endIfFound(nowMs: number): void {
    if (
      this.#datagramBytes < this.#limitBytes &&
      this.#ceilingBytes - this.#datagramBytes < STEP_BYTES
    ) {
      this.#nextProbeMs = nowMs + RAISE_INTERVAL_MS;
    }
  }
}

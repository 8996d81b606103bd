// This module is browser compatible.

/**
 * How long the queue on the way may be, on the average, that this end makes and that
 * whatever comes next waits in: about as long as it takes to the next tick of 60 a second,
 * so that the line does not run dry. A long way may have a share of its own time.
 */
const QUEUE_MS = 15;
const QUEUE_SHARE = 0.25;
/** What may be on its way to an unknown peer, and at least. */
const FIRST_BYTES = 65_536;
const LEAST_BYTES = 16_384;
/** Pings, and ends of frames, for each time that what may be on its way is used up. */
const PARTS = 4;
/** An answer that takes so long may not come, as a peer may leave out some. */
const PATIENCE_MS = 1_000;
/** What an answer changes at most, as several come in the time of one way. */
const MAX_CHANGE = 1 / PARTS;
/** The shortest way is believed for so long; then the queue is let run dry to see. */
const SHORTEST_LIFE_MS = 10_000;

/** What the answer to a ping says. */
export interface FlightAnswer {
  /** When it is read, and when it came. */
  readonly nowMs: number;
  readonly receivedMs: number;
  /** How long the ping had waited for it at the peer. */
  readonly heldMs: number;
  /** When the ping was sent, and how many bytes had been sent before it. */
  readonly pingedMs: number;
  readonly sentBytes: number;
}

/**
 * Keeps down what is on its way to the peer, as whatever comes next waits behind it:
 * pings that carry counts of bytes tell how much was on its way, and how long it stood in
 * a queue.
 *
 * The line is used best, and the queue is shortest, where what is in flight is the rate
 * times the shortest round trip ("BBR: Congestion-Based Congestion Control", Cardwell,
 * Cheng, Gunn, Yeganeh and Jacobson, ACM Queue 14(5), 2016); a queue of a given time is
 * aimed at as in LEDBAT (RFC 6817, section 2.4.2). The stream itself loses nothing.
 */
export class Flight {
  #sentBytes = 0;
  #arrivedBytes = 0;
  /** Before the last ping, and when that was. */
  #pingedBytes = 0;
  #pingedMs = 0;
  #limitBytes = FIRST_BYTES;
  /** When something last had to wait for room. */
  #heldMs = -Infinity;
  #shortestMs = Infinity;
  #shortestAtMs = 0;
  /** Until when half as much may go, to see the way without a queue. */
  #dryUntilMs = -Infinity;
  #isDry = false;

  /** How long a frame may be before what is urgent waits too long for its end. */
  get frameBytes(): number {
    return Math.floor(this.#limitBytes / PARTS);
  }

  /** How many more may go, beside `pendingBytes` that are about to. */
  room(pendingBytes: number): number {
    const limitBytes = this.#isDry ? this.#limitBytes / 2 : this.#limitBytes;
    return Math.floor(limitBytes) - pendingBytes -
      (this.#sentBytes - this.#arrivedBytes);
  }

  /** Counts a frame. */
  send(byteCount: number): void {
    this.#sentBytes += byteCount;
  }

  /** Whether a ping is worth its answer, `pendingBytes` after the last frame. */
  wantsPing(pendingBytes: number): boolean {
    return this.#sentBytes + pendingBytes - this.#pingedBytes >=
      this.#limitBytes / PARTS;
  }

  /** Something waits for room; returns whether none is on its way, without a ping. */
  hold(nowMs: number): boolean {
    this.#heldMs = nowMs;
    return this.#pingedBytes <= this.#arrivedBytes ||
      nowMs - this.#pingedMs > PATIENCE_MS;
  }

  /** Counts a ping; returns how many bytes were sent before it. */
  ping(nowMs: number, pendingBytes: number): number {
    this.#pingedMs = nowMs;
    this.#pingedBytes = this.#sentBytes + pendingBytes;
    return this.#pingedBytes;
  }

  /** A ping is answered. Returns whether that can be the answer to one. */
  arrive(answer: FlightAnswer): boolean {
    const { nowMs, receivedMs, heldMs, pingedMs, sentBytes } = answer;
    const wholeMs = receivedMs - pingedMs;
    if (
      !(wholeMs >= 0 && wholeMs < Infinity && sentBytes >= 0 &&
        sentBytes <= this.#sentBytes)
    ) return false;
    this.#arrivedBytes = Math.max(this.#arrivedBytes, sentBytes);
    const flightMs = Math.max(0, wholeMs - heldMs);
    this.observe(receivedMs, flightMs);
    this.#isDry = nowMs < this.#dryUntilMs;
    if (!this.#isDry) {
      // What nobody waited for says nothing of more.
      const wasHeld = this.#heldMs >= pingedMs;
      this.#adjust(flightMs - this.#shortestMs, nowMs - pingedMs, wasHeld);
    }
    return true;
  }

  /** How long any ping was on its way, there and back. */
  observe(nowMs: number, flightMs: number): void {
    const isShorter = flightMs <= this.#shortestMs;
    if (!isShorter && nowMs - this.#shortestAtMs <= SHORTEST_LIFE_MS) return;
    if (!isShorter) this.#dryUntilMs = nowMs + 2 * flightMs;
    this.#shortestMs = flightMs;
    this.#shortestAtMs = nowMs;
  }

  /** Another socket: nothing is on its way, and the way is another. */
  reset(): void {
    this.#sentBytes = 0;
    this.#arrivedBytes = 0;
    this.#pingedBytes = 0;
    this.#limitBytes = FIRST_BYTES;
    this.#heldMs = -Infinity;
    this.#shortestMs = Infinity;
    this.#dryUntilMs = -Infinity;
    this.#isDry = false;
  }

  /**
   * A ping stood in a queue. What is on its way goes in a cycle, until an answer counts;
   * so much more of it, in parts of that, as the queue is to be longer.
   */
  #adjust(queuedMs: number, cycleMs: number, wasHeld: boolean): void {
    const wantedMs = Math.max(QUEUE_MS, QUEUE_SHARE * this.#shortestMs);
    if (queuedMs < wantedMs && !wasHeld) return;
    const change = (wantedMs - queuedMs) / Math.max(1, cycleMs) / PARTS;
    this.#limitBytes *= 1 + Math.min(MAX_CHANGE, Math.max(-MAX_CHANGE, change));
    this.#limitBytes = Math.max(LEAST_BYTES, this.#limitBytes);
  }
}

// This module is browser compatible.

/** How long an acknowledgement waits at most where none can be expected to ride, in milliseconds. */
export const MAX_ACK_DELAY_MS = 10;
/** The longest that an acknowledgement waits for a message to ride with: its delay can be told. */
export const MAX_RIDE_MS = 60;
/** So many packets in turn make a path calm; so many are forgotten for each that is missing or late; more are not counted. */
const CALM_PACKETS = 32;
const LOSS_PACKETS = 24;
/** Numbers are left out on purpose now and then: that alone must not end it. */
const MAX_PACKETS = 96;
/** How late the next message may be: an eighth of what lies between two, and this. */
const SLACK_MS = 2;

/**
 * Says when what came in is to be acknowledged at the latest. A game that sends at a steady
 * rate acknowledges with what it sends: packets that do nothing else would be nearly half of
 * all. Only where nothing was lost lately, as acknowledgements are how losses are found.
 */
export class AckTimer {
  /** Between two sendings of messages, the longer ones counting more; `Infinity` if they are not steady. */
  #gapMs = Infinity;
  #sentMs = -Infinity;
  #calm = 0;

  /** Whether what the peer sends comes in turn: so that it may think the same of this end before this end does. */
  get isCalm(): boolean {
    return this.#calm >= CALM_PACKETS / 2;
  }

  /** Notes that messages leave. */
  onMessagesSent(nowMs: number): void {
    const gapMs = nowMs - this.#sentMs;
    // Packets of one flush are one sending.
    if (gapMs === 0) return;
    this.#sentMs = nowMs;
    if (gapMs > MAX_RIDE_MS) this.#gapMs = Infinity;
    else if (this.#gapMs === Infinity || gapMs > this.#gapMs) {
      this.#gapMs = gapMs;
    } else this.#gapMs += (gapMs - this.#gapMs) / 8;
  }

  /**
   * Notes that a packet came.
   *
   * @param missing How many are missing before it; below 0 if it is late.
   */
  onPacket(missing: number): void {
    if (missing === 0) {
      if (this.#calm < MAX_PACKETS) this.#calm++;
      return;
    }
    const calm = this.#calm - (missing > 0 ? missing : 1) * LOSS_PACKETS;
    this.#calm = calm > 0 ? calm : 0;
  }

  /** When to acknowledge what came in now, in turn. */
  dueMs(nowMs: number): number {
    const soonMs = nowMs + MAX_ACK_DELAY_MS;
    if (this.#calm < CALM_PACKETS || this.#gapMs === Infinity) return soonMs;
    const rideMs = this.#sentMs + this.#gapMs * 1.125 + SLACK_MS;
    // Later than the first one waits the second must not make it.
    const latestMs = nowMs + MAX_RIDE_MS;
    if (rideMs <= soonMs) return soonMs;
    return rideMs < latestMs ? rideMs : latestMs;
  }
}

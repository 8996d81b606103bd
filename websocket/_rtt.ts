// This module is browser compatible.

/** Smooths round-trip times as RFC 6298 section 2 does. */
export class SmoothedRtt {
  #rttMs = 0;
  #jitterMs = 0;
  #isKnown = false;

  get rttMs(): number {
    return this.#rttMs;
  }

  get jitterMs(): number {
    return this.#jitterMs;
  }

  sample(rttMs: number): void {
    if (!this.#isKnown) {
      this.#isKnown = true;
      this.#rttMs = rttMs;
      this.#jitterMs = rttMs / 2;
      return;
    }
    this.#jitterMs += (Math.abs(this.#rttMs - rttMs) - this.#jitterMs) / 4;
    this.#rttMs += (rttMs - this.#rttMs) / 8;
  }
}

// This module is browser compatible.

/** When the other end of a session was heard last, and after how much silence it is given up. */
export class Silence {
  /** When it was heard last, or first asked. */
  heardMs: number;
  /** `Infinity` if it may be silent for ever. */
  readonly timeoutMs: number;
  #excusedMs = -1;
  #excusedAtMs = -1;

  /** @param timeoutSeconds What the token says: 0 or less is for ever. */
  constructor(timeoutSeconds: number, nowMs: number) {
    this.timeoutMs = timeoutSeconds > 0 ? timeoutSeconds * 1_000 : Infinity;
    this.heardMs = nowMs;
  }

  /** When it is too long. */
  get endMs(): number {
    return this.heardMs + this.timeoutMs;
  }

  /**
   * Whether a stall of this end excuses it: once, or an end that is ticked seldom would wait for
   * ever. Asked again within a tick, it says the same.
   */
  excuse(nowMs: number): boolean {
    if (this.#excusedMs === this.heardMs) return nowMs === this.#excusedAtMs;
    this.#excusedMs = this.heardMs;
    this.#excusedAtMs = nowMs;
    return true;
  }
}

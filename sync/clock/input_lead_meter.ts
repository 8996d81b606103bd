// This module is browser compatible.

/** The highest lead that is reported, in milliseconds: what 16 bits hold in quarters. */
export const MAX_REPORTED_LEAD_MS = 8_191.75;

/**
 * The server's half of the control of the input lead: how long before they are needed a
 * client's inputs come.
 *
 * One for each client. What {@linkcode InputLeadMeter.take} tells goes into the next
 * message to the client, whose {@linkcode Timelines.recordInputLead} corrects its
 * prediction by it. It is a whole number of quarters of a millisecond: times 4, it is a
 * signed integer of 16 bits.
 *
 * @example A tick of the server's
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { InputLeadMeter } from "@tickwire/net/sync";
 *
 * const meter = new InputLeadMeter();
 * meter.record(120, 6.3); // came 6.3 ms before tick 120 takes it
 * meter.record(121, -2); // came too late
 * assertEquals(meter.take(), -2);
 * assertEquals(meter.tick, 121); // whose lead that is
 * assertEquals(meter.lateInputs, 1);
 * assertEquals(meter.take(), undefined); // no other input since
 * ```
 */
export class InputLeadMeter {
  #lowest = Infinity;
  #tick = 0;
  #lowestTick = 0;
  #late = 0;
  #inputs = 0;

  /** The tick of the input whose lead was taken last. */
  get tick(): number {
    return this.#tick;
  }

  /** How many inputs came too late. */
  get lateInputs(): number {
    return this.#late;
  }

  /** How many inputs there were. */
  get inputs(): number {
    return this.#inputs;
  }

  /**
   * Takes what an input's first copy had as its lead.
   *
   * @param tick The tick that the input is for.
   * @param leadMs How long before that tick takes its inputs it came, in milliseconds:
   * negative if it was too late. What is not finite is ignored.
   */
  record(tick: number, leadMs: number): void {
    if (!Number.isFinite(leadMs)) return;
    this.#inputs++;
    if (leadMs < 0) this.#late++;
    if (leadMs >= this.#lowest) return;
    this.#lowest = leadMs;
    this.#lowestTick = tick;
  }

  /**
   * Tells the lowest lead since it was told last.
   *
   * @returns Milliseconds, rounded down to a quarter, at most 8191.75 either way;
   * `undefined` if there was no input.
   */
  take(): number | undefined {
    if (this.#lowest === Infinity) return undefined;
    const quarters = Math.floor(this.#lowest * 4) / 4;
    this.#lowest = Infinity;
    this.#tick = this.#lowestTick;
    return Math.min(
      MAX_REPORTED_LEAD_MS,
      Math.max(-MAX_REPORTED_LEAD_MS, quarters),
    );
  }
}

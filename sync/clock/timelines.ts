// This module is browser compatible.
import { checkFinite, checkInteger } from "../../core/mod.ts";
import { DelayNeed } from "./_delay_need.ts";
import { LONG_FRAME_MS } from "./_long_frame.ts";
import { slewed } from "./_slew.ts";
import { TickPhase } from "./_tick_phase.ts";
import type { NetworkClock } from "./network_clock.ts";
import { STAMPS_PER_MS, unwrapStamp } from "./stamp.ts";
import type { TimeSample } from "../client/sync_client_options.ts";

/** Options for {@linkcode Timelines}. */
export interface TimelinesOptions {
  /**
   * How long it is from one snapshot of the server's to the next, in milliseconds: above 0.
   * It counts until delays are measured.
   *
   * @default {1000 / 30}
   */
  readonly sendIntervalMs?: number;
  /**
   * The share of time in which there may be no newer snapshot than the one that is
   * drawn: above 0 and below 1.
   *
   * @default {0.001}
   */
  readonly maxUnderrunShare?: number;
  /**
   * The share of inputs that may come too late: above 0 and below 1.
   *
   * @default {0.01}
   */
  readonly maxLateShare?: number;
  /**
   * The most that the drawn time lies behind what comes at once, and the inputs lie ahead
   * of it, in milliseconds: above 0.
   *
   * @default {500}
   */
  readonly maxDelayMs?: number;
  /**
   * How many ticks are predicted at once after a pause, the newest of those that are due:
   * an integer from 1 to 64.
   *
   * @default {8}
   */
  readonly maxCatchUpTicks?: number;
  /**
   * By how much a timeline may be wrong and still be corrected by running up to 5 % faster
   * or slower, in milliseconds: above 0. Beyond that it jumps forwards, or stands still.
   *
   * @default {250}
   */
  readonly snapMs?: number;
}

/** As a `SyncServer` sends. */
const SEND_INTERVAL_MS = 1_000 / 30;
/** Send intervals and jitters of the delay while nothing was measured. */
const INTERVALS = 1.7;
const JITTERS = 4;
/** How long is measured before that counts alone. */
const TRUSTED_MS = 20_000;
/** Half a millisecond for each report: 200. */
const TRUSTED_NEEDS_MS = 100;
/**
 * The share of the underruns that are allowed that is aimed at: what is drawn follows the
 * delay slowly, and the worst moments are rare, so that they are known roughly.
 */
const AIM = 0.5;
/** How often the targets are looked at. */
const REVIEW_MS = 250;
/** Smaller changes of a target are not followed: its share, and milliseconds. */
const DEAD_SHARE = 0.04;
const DEAD_MS = 1;
const DELAY_HALF_LIFE_MS = 30_000;
const LEAD_HALF_LIFE_MS = 10_000;
/** Longer gaps, and what is older when it comes, are a connection that stands: no delay helps. */
const MAX_GAP_MS = 1_000;
/** How far below what the clock tells the lead may have to be: it may be wrong. */
const BELOW_MS = 250;
/** Inputs are for no later one. */
const MAX_TICK = 0xffff_ffff;
/** Of how many ticks the lead is remembered: 4 s at 64 Hz. */
const LEADS = 256;

/**
 * The three times of a client: what it predicts (ahead of the server, so that its inputs
 * come in time), what the server is doing now, and what it draws of others (behind, so
 * that there are two snapshots to draw between).
 *
 * All three run on smoothly: never backwards, and at most 5 % faster or slower than the
 * local time, unless they are wrong by more than `snapMs`.
 *
 * **The drawn time** lies behind by the lowest delay from the server plus an interpolation
 * delay: at first 1.7 send intervals and 4 times the jitter, as is custom, then what has
 * been measured: the age of the newest snapshot, at any moment, was not above that delay
 * but for `maxUnderrunShare` of the time. That covers lost messages, late ones and bursts
 * without a model of them.
 *
 * **The predicted time** lies ahead by the lowest delay to the server plus a margin: at
 * first a tick and 4 times the jitter, then what the server's reports of the leads it sees
 * ({@linkcode InputLeadMeter}) show to be needed for all but `maxLateShare` of the inputs.
 * The loop through the server also corrects what no clock can know: a way there that takes
 * longer than the way back.
 *
 * @example A frame
 * ```ts
 * import { assert, assertAlmostEquals } from "@std/assert";
 * import { NetworkClock, Timelines } from "@tickwire/net/sync";
 *
 * const clock = new NetworkClock({ tickRate: 50 });
 * const timelines = new Timelines(clock);
 *
 * // A message has come: its stamps and its tick.
 * clock.recordUp(0, 1_030);
 * clock.recordDown(1_040, 70);
 * timelines.recordSnapshot(52, 70);
 *
 * timelines.tick(1 / 50, 90); // ticks the clock, too
 * assertAlmostEquals(timelines.serverTick, 54.5);
 * assert(timelines.predictionTick > timelines.serverTick);
 * assert(timelines.renderTick < 52);
 * ```
 */
export class Timelines {
  /** The clock that drives them. */
  readonly clock: NetworkClock;
  readonly #sendIntervalMs: number;
  readonly #maxUnderrunShare: number;
  readonly #maxLateShare: number;
  readonly #maxDelayMs: number;
  readonly #snapMs: number;
  readonly #maxCatchUpTicks: number;
  readonly #tickMs: number;
  readonly #ages: DelayNeed;
  readonly #needs: DelayNeed;
  readonly #phase = new TickPhase();
  readonly #leads = new Float64Array(LEADS);
  readonly #leadTicks = new Float64Array(LEADS).fill(-1);
  #isRunning = false;
  /** The last tick that was handed out to be predicted. */
  #predictedTick = -1;
  /** All three since tick 0 began, by the server's clock. */
  #serverMs = 0;
  #renderMs = 0;
  #predictionMs = 0;
  #delayMs = 0;
  #marginMs = 0;
  #reviewMs = 0;
  /** The local time of the last frame. */
  #frameMs = -Infinity;
  /** Whether the newest snapshot was taken in after a long frame. */
  #isLate = false;
  #newestMs = -Infinity;
  /** The server's time when the newest snapshot came. */
  #newestCameMs = 0;
  #underrunMs = 0;
  #turnMs: number | undefined;

  /**
   * Creates timelines that stand until the clock is synchronised.
   *
   * @param clock Drives them; {@linkcode Timelines.tick} ticks it.
   * @param options What is aimed at, and the limits.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(clock: NetworkClock, options: TimelinesOptions = {}) {
    this.clock = clock;
    this.#tickMs = 1_000 / clock.tickRate;
    const {
      sendIntervalMs = SEND_INTERVAL_MS,
      maxUnderrunShare = 0.001,
      maxLateShare = 0.01,
      maxDelayMs = 500,
      snapMs = 250,
      maxCatchUpTicks = 8,
    } = options;
    this.#sendIntervalMs = checkFinite("sendIntervalMs", sendIntervalMs);
    this.#maxUnderrunShare = checkShare("maxUnderrunShare", maxUnderrunShare);
    this.#maxLateShare = checkShare("maxLateShare", maxLateShare);
    this.#maxDelayMs = checkFinite("maxDelayMs", maxDelayMs);
    this.#snapMs = checkFinite("snapMs", snapMs);
    this.#maxCatchUpTicks = checkInteger(
      "maxCatchUpTicks",
      maxCatchUpTicks,
      1,
      64,
    );
    this.#ages = new DelayNeed(maxDelayMs, 0, DELAY_HALF_LIFE_MS);
    this.#needs = new DelayNeed(maxDelayMs, BELOW_MS, LEAD_HALF_LIFE_MS);
  }

  /** Where the server is: ticks with a fraction. 0 before the clock is synchronised. */
  get serverTick(): number {
    return this.#serverMs / this.#tickMs;
  }

  /** What is drawn of others: ticks with a fraction. */
  get renderTick(): number {
    return this.#renderMs / this.#tickMs;
  }

  /**
   * What the player's own inputs are for: ticks with a fraction, at most 2^32 - 1,
   * whatever a server says.
   */
  get predictionTick(): number {
    return Math.min(MAX_TICK, this.#predictionMs / this.#tickMs);
  }

  /**
   * What the drawn time should lie behind the newest snapshots that come at once, in
   * milliseconds.
   */
  get interpolationDelayMs(): number {
    return this.#delayMs;
  }

  /** What the drawn time lies behind the server's, in milliseconds. */
  get renderDelayMs(): number {
    return this.#serverMs - this.#renderMs;
  }

  /** What the predicted time lies ahead of the server's, in milliseconds. */
  get leadMs(): number {
    return this.#predictionMs - this.#serverMs;
  }

  /** For how long there was no newer snapshot than what was to be drawn, in ms. */
  get underrunMs(): number {
    return this.#underrunMs;
  }

  /**
   * Iterates over the ticks that are to be predicted now, each once: those that have
   * begun by {@linkcode Timelines.predictionTick}, mostly one in a frame. After a pause
   * there are `maxCatchUpTicks` of them, and those before are passed over: their inputs
   * would come too late.
   *
   * @param afterTick The last tick that needs none any more, such as `Predictor.tick`: a
   * snapshot of the server's may be newer than what was predicted.
   * @returns An iterator over ticks that ascend; those that are not taken from it stay due.
   */
  *ticksToPredict(afterTick = -1): IterableIterator<number> {
    if (!this.#isRunning) return;
    const last = Math.floor(this.predictionTick);
    const first = Math.max(
      this.#predictedTick,
      afterTick,
      last - this.#maxCatchUpTicks,
    ) + 1;
    for (let tick = first; tick <= last; tick++) {
      this.#predictedTick = tick;
      yield tick;
    }
  }

  /**
   * Takes the times of a snapshot of a `SyncServer`, for the clock, too, and what it tells
   * of the inputs' lead: what `SyncClient`
   * has as its option `onTimes`.
   *
   * @param sample The times.
   */
  recordTimes(sample: TimeSample): void {
    const { clock } = this;
    const { sent, received, echo, held, tick, input } = sample;
    const receivedMs = unwrapStamp(received, clock.localMs);
    const sentMs = unwrapStamp(
      sent,
      clock.isSynced ? clock.serverTimeAt(receivedMs) : this.#firstMs(sent),
    );
    if (echo !== undefined) {
      clock.recordUp(
        unwrapStamp(echo, receivedMs),
        sentMs - held / STAMPS_PER_MS,
      );
    }
    clock.recordDown(sentMs, receivedMs);
    this.recordSnapshot(tick, receivedMs, sentMs);
    if (input === undefined) return;
    this.recordInputLead(input.tick, input.lead * this.#tickMs);
  }

  /**
   * Takes note of a snapshot.
   *
   * @param tick Its tick.
   * @param receivedMs When it came, on the local clock.
   * @param sentMs When it was sent, on the server's clock: soon after its tick. Without
   * it, tick 0 began at the server's time 0.
   */
  recordSnapshot(tick: number, receivedMs: number, sentMs?: number): void {
    const timeMs = tick * this.#tickMs;
    const { clock } = this;
    if (sentMs !== undefined) this.#phase.record(sentMs - timeMs, receivedMs);
    if (!clock.isSynced || !(timeMs > this.#newestMs)) return;
    const cameMs = clock.serverTimeAt(receivedMs) - this.#phase.ms;
    // No snapshot comes before it is made: a forged one would make all others old.
    if (!(timeMs < cameMs + this.#maxDelayMs)) return;
    const gapMs = cameMs - this.#newestCameMs;
    const ageMs = this.#newestCameMs - this.#newestMs;
    const wasLate = this.#isLate;
    this.#isLate = receivedMs - this.#frameMs >= LONG_FRAME_MS;
    if (
      gapMs > 0 && gapMs < MAX_GAP_MS &&
      ageMs - clock.downFloorMs < MAX_GAP_MS && !wasLate && !this.#isLate
    ) {
      this.#ages.addRise(
        cameMs,
        ageMs,
        cameMs - this.#newestMs,
        clock.downFloorMs,
      );
    }
    this.#newestMs = timeMs;
    this.#newestCameMs = cameMs;
  }

  /**
   * Takes a report of the server's about an input.
   *
   * @param tick The tick that the input was for.
   * @param leadMs How long before it was needed it came, in milliseconds. What is not
   * finite is ignored, as are ticks that were not predicted lately, and what is told of
   * the same tick again.
   */
  recordInputLead(tick: number, leadMs: number): void {
    const place = tick % LEADS;
    if (!Number.isFinite(leadMs) || this.#leadTicks[place] !== tick) return;
    this.#leadTicks[place] = -1;
    const { clock } = this;
    this.#needs.add(
      this.#serverMs,
      this.#leads[place]! - leadMs,
      clock.upFloorMs,
    );
  }

  /**
   * Lets time pass, for the clock, too.
   *
   * @param dt How much, in seconds: 0 or more.
   * @param nowMs The local time, as for {@linkcode NetworkClock.tick}.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number, nowMs?: number): void {
    const { clock } = this;
    clock.tick(dt, nowMs);
    this.#frameMs = clock.localMs;
    if (!clock.isSynced) return;
    const dtMs = dt * 1_000;
    this.#reviewMs -= dtMs;
    if (this.#reviewMs <= 0 || !this.#isRunning) this.#review();
    // What is known best, and slewed here: the ticks may shift against the clock.
    const serverMs = clock.serverTimeAt(clock.localMs) - this.#phase.ms;
    const renderMs = serverMs - clock.downFloorMs - this.#delayMs;
    const predictionMs = serverMs + clock.upFloorMs + this.#marginMs;
    const before = this.#predictionMs;
    if (this.#isRunning) {
      this.#serverMs = this.#moved(this.#serverMs, dtMs, serverMs);
      this.#renderMs = this.#moved(this.#renderMs, dtMs, renderMs);
      this.#predictionMs = this.#moved(before, dtMs, predictionMs);
    } else {
      this.#isRunning = true;
      this.#serverMs = Math.max(0, serverMs);
      this.#renderMs = Math.max(0, renderMs);
      this.#predictionMs = predictionMs;
    }
    if (this.#renderMs > this.#newestMs) this.#underrunMs += dtMs;
    this.#rememberLeads(before, this.#predictionMs);
  }

  /** Forgets everything, for another server; the clock is reset, too. */
  reset(): void {
    this.clock.reset();
    this.#isRunning = false;
    this.#predictedTick = -1;
    this.#serverMs = 0;
    this.#renderMs = 0;
    this.#predictionMs = 0;
    this.#frameMs = -Infinity;
    this.#isLate = false;
    this.#newestMs = -Infinity;
    this.#newestCameMs = 0;
    this.#turnMs = undefined;
    this.#phase.clear();
    this.#ages.clear();
    this.#needs.clear();
    this.#leadTicks.fill(-1);
  }

  #moved(fromMs: number, dtMs: number, toMs: number): number {
    return slewed(fromMs, dtMs, toMs - fromMs, this.#snapMs);
  }

  /** Stamps before the clock is synchronised are of one turn. */
  #firstMs(sent: number): number {
    this.#turnMs ??= unwrapStamp(sent, 0);
    return this.#turnMs;
  }

  #review(): void {
    this.#reviewMs = REVIEW_MS;
    const { clock } = this;
    const { downFloorMs, upFloorMs } = clock;
    const nowMs = clock.serverTimeAt(clock.localMs) - this.#phase.ms;
    const ages = this.#ages;
    const needs = this.#needs;
    ages.settle(nowMs, downFloorMs);
    needs.settle(nowMs, upFloorMs);
    const delay = blend(
      INTERVALS * this.#sendIntervalMs + JITTERS * clock.jitterDownMs,
      ages.quantile(1 - this.#maxUnderrunShare * AIM),
      ages.evidenceMs / TRUSTED_MS,
    );
    const margin = blend(
      this.#tickMs + JITTERS * clock.jitterUpMs,
      needs.quantile(1 - this.#maxLateShare),
      needs.evidenceMs / TRUSTED_NEEDS_MS,
    );
    // What is suddenly too little is not waited for.
    const delayPeak = ages.peak(nowMs, downFloorMs, delay);
    const marginPeak = needs.peak(nowMs, upFloorMs, margin);
    const most = this.#maxDelayMs;
    this.#delayMs = followed(this.#delayMs, Math.max(delay, delayPeak), most);
    this.#marginMs = followed(
      this.#marginMs,
      Math.max(margin, marginPeak),
      most,
    );
  }

  /** Notes the lead of the ticks that have begun. */
  #rememberLeads(fromMs: number, toMs: number): void {
    const last = Math.floor(toMs / this.#tickMs);
    const first = Math.max(
      Math.floor(fromMs / this.#tickMs) + 1,
      last - LEADS + 1,
      0,
    );
    for (let tick = first; tick <= last; tick++) {
      this.#leads[tick % LEADS] = this.leadMs;
      this.#leadTicks[tick % LEADS] = tick;
    }
  }
}

function blend(assumed: number, measured: number, evidence: number): number {
  const share = Math.min(1, evidence);
  return assumed * (1 - share) + measured * share;
}

/** The new target, unless it is nearly the old one. */
function followed(from: number, to: number, most: number): number {
  const wanted = Math.min(most, to);
  return Math.abs(wanted - from) <= Math.max(DEAD_MS, DEAD_SHARE * from)
    ? from
    : wanted;
}

function checkShare(name: string, value: number): number {
  if (!(value > 0 && value < 1)) {
    throw new RangeError(
      `Cannot use ${name} as it must be above 0 and below 1: current value is ${value}`,
    );
  }
  return value;
}

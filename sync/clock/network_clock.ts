// This module is browser compatible.
import { checkFinite } from "../../core/mod.ts";
import { DelayFloor } from "./_delay_floor.ts";
import { LONG_FRAME_MS } from "./_long_frame.ts";
import { MAX_SLEW, slewed } from "./_slew.ts";

/** Options for {@linkcode NetworkClock}. */
export interface NetworkClockOptions {
  /**
   * How many ticks a second of the server's time has, for
   * {@linkcode NetworkClock.toServerTick}: above 0.
   *
   * @default {60}
   */
  readonly tickRate?: number;
  /**
   * By how much {@linkcode NetworkClock.serverTime} may be wrong and still be corrected
   * by running up to 5 % faster or slower, in milliseconds: above 0. Beyond that it jumps
   * forwards, or stands still until it is right.
   *
   * @default {250}
   */
  readonly snapMs?: number;
}

/** What two clocks may differ in speed: what an operating system slews by at most. */
const MAX_DRIFT = 500e-6;
/** What they differ by before anything is known: a standard deviation. */
const DRIFT_SIGMA = 100e-6;
/** The least that is assumed not to be known of the drift. */
const LEAST_DRIFT_ERROR = 3e-6;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Messages in a row with a delay below 0 that show that a clock has been set. */
const IMPOSSIBLE = 8;
/** How much below 0 a delay is impossible, in milliseconds. */
const TOLERANCE_MS = 2;
/** How far apart the two halves of a clock's step are seen, in milliseconds. */
const STEP_MS = 6_000;
/** The oldest stamp of one's own that is taken back, in milliseconds. */
const MAX_ECHO_MS = 60_000;
/** The highest time, in milliseconds: stamps beyond it are nonsense. */
const MAX_TIME_MS = 2 ** 50;
/** Two stamps are rounded to 1/64 ms. */
const QUANTUM_MS = 1 / 64;

/**
 * Tells the server's time on a client, with how wrong it may be.
 *
 * Every message that carries a stamp counts, alone, in either direction: nothing has to
 * be answered. For each direction the lowest delays of about a minute are kept: they lie
 * on a line that rises as the clocks drift apart. The two lines have one slope, the drift,
 * which is the one that both lie closest under their points with (linear programming as
 * by Sue Moon, Paul Skelly and Don Towsley, "Estimation and Removal of Clock Skew from
 * Network Delay Measurements", 1999; both directions at once, each weighed by how much its
 * delays vary). Half of their difference is the offset, half of their sum the delay.
 *
 * **What cannot be known.** How much of a round trip is the way there and how much the
 * way back: `offset` takes both floors for equal. If they are not, it is wrong by half of
 * their difference, however long one measures. {@linkcode NetworkClock.errorBoundMs}
 * counts that; {@linkcode NetworkClock.floorErrorMs} does not.
 *
 * **Routes that change.** When the floor of one direction steps, either the route has
 * changed or a clock has; by floors alone the two look alike. But clocks run on and only
 * drift, so a step of one direction is a route's: the offset stays, and hangs on the old
 * floor until the new one is as well known. Only equal and opposite steps of both
 * directions, or delays that would be negative, are a clock's (a machine that slept). In
 * the first 8 seconds a lower floor is taken for a better one.
 *
 * Times are milliseconds; local ones are of any clock that never goes backwards (`Clock`'s
 * `nowMs()`), the server's of its own. Stamps from outside never throw: what is no time,
 * or an echo from the future or of more than a minute ago, is ignored and counted. A
 * message costs a bounded number of steps, whatever it says, and no memory.
 *
 * @example From every message
 * ```ts
 * import { assertAlmostEquals } from "@std/assert";
 * import { NetworkClock } from "@tickwire/net/sync";
 *
 * const clock = new NetworkClock({ tickRate: 60 });
 * // The server is 1,000 ms ahead; 30 ms each way.
 * clock.recordUp(0, 1_030); // told by a message of the server's
 * clock.recordDown(1_040, 70); // the stamp of that message
 * assertAlmostEquals(clock.offset, 1_000);
 * assertAlmostEquals(clock.rttMs, 60);
 *
 * clock.tick(1 / 60);
 * assertAlmostEquals(clock.serverTime, 1_070 + 1_000 / 60);
 * ```
 */
export class NetworkClock {
  /** How many ticks a second of the server's time has. */
  readonly tickRate: number;
  readonly #snapMs: number;
  readonly #up = new DelayFloor(1);
  readonly #down = new DelayFloor(-1);
  #drift = 0;
  /** When the drift was estimated. */
  #fitMs = -Infinity;
  #nowMs = -Infinity;
  /** The local time of the last tick. */
  #tickedMs = NaN;
  #serverMs = 0;
  #isSynced = false;
  #heldOffset = 0;
  #impossibleUp = 0;
  #impossibleDown = 0;
  #ignored = 0;
  #steps = 0;
  #jumps = 0;

  /**
   * Creates a clock that knows nothing.
   *
   * @param options The rate of the ticks and the limit of slewing.
   * @throws {RangeError} If an option is not above 0 and finite.
   */
  constructor(options: NetworkClockOptions = {}) {
    const { tickRate = 60, snapMs = 250 } = options;
    this.tickRate = checkFinite("tickRate", tickRate);
    this.#snapMs = checkFinite("snapMs", snapMs);
  }

  /** Whether there was a message in each direction. Before, all times are 0. */
  get isSynced(): boolean {
    return this.#isSynced;
  }

  /**
   * The server's time now, in milliseconds, to be shown and played by: it never goes
   * backwards, and runs at most 5 % faster or slower than the local time except for jumps
   * forwards and standing still (see {@linkcode NetworkClockOptions.snapMs}). 0 before
   * {@linkcode NetworkClock.isSynced}.
   */
  get serverTime(): number {
    return this.#serverMs;
  }

  /**
   * The local time, in milliseconds, as far as messages and ticks have told it: -Infinity
   * before the first.
   */
  get localMs(): number {
    return this.#nowMs;
  }

  /**
   * What the server's clock is ahead of the local one now, in milliseconds, as it is
   * known best: it may step.
   */
  get offset(): number {
    return this.#isSynced ? this.#offsetAt(this.#nowMs) : 0;
  }

  /** What a message and its answer take, on average, in milliseconds. */
  get rttMs(): number {
    return this.rttFloorMs + this.jitterUpMs + this.jitterDownMs;
  }

  /** What a message and its answer take at least, in milliseconds. */
  get rttFloorMs(): number {
    if (!this.#isKnown) return 0;
    const at = this.#nowMs;
    return Math.max(0, this.#up.current(at) + this.#down.current(at));
  }

  /**
   * What a message takes to the server at least, in milliseconds, if the floors of both
   * directions were equal at first.
   */
  get upFloorMs(): number {
    if (!this.#isKnown) return 0;
    const at = this.#nowMs;
    return Math.max(0, this.#up.current(at) - this.#offsetAt(at));
  }

  /** The same for a message from the server. */
  get downFloorMs(): number {
    if (!this.#isKnown) return 0;
    const at = this.#nowMs;
    return Math.max(0, this.#down.current(at) + this.#offsetAt(at));
  }

  /** What messages to the server take above the floor, on average, in milliseconds. */
  get jitterUpMs(): number {
    return this.#up.jitterMs;
  }

  /**
   * What messages from the server take above the floor, on average, in milliseconds. What
   * comes in a frame of more than 150 ms does not count: it has waited here.
   */
  get jitterDownMs(): number {
    return this.#down.jitterMs;
  }

  /** How much faster the server's clock runs, in millionths: -500 to 500. */
  get driftPpm(): number {
    return this.#drift * 1e6;
  }

  /**
   * What the error of {@linkcode NetworkClock.offset} is below, in milliseconds,
   * whatever share of the round trip each direction has: a little more than half of the
   * lowest round trip. `Infinity` while nothing is known.
   */
  get errorBoundMs(): number {
    if (!this.#isKnown) return Infinity;
    const at = this.#nowMs;
    const offset = this.#offsetAt(at);
    const above = this.#highest(at) - offset;
    const below = offset - this.#lowest(at);
    return Math.max(above, below, 0) + this.#driftErrorMs(at) + QUANTUM_MS;
  }

  /**
   * What the error of {@linkcode NetworkClock.offset} is below in 99 % of all cases, in
   * milliseconds, if the lowest delays of both directions were equal at first: what jitter
   * hides. `Infinity` while little is known.
   */
  get floorErrorMs(): number {
    if (!this.#isKnown) return Infinity;
    const { uncertaintyMs: up } = this.#up;
    const { uncertaintyMs: down } = this.#down;
    return (up + down) / 2 + this.#driftErrorMs(this.#nowMs) + QUANTUM_MS;
  }

  /** How many stamps were ignored, as they could not be true. */
  get ignoredStamps(): number {
    return this.#ignored;
  }

  /** How often a clock has stepped (a machine slept, or its clock was set). */
  get clockSteps(): number {
    return this.#steps;
  }

  /** How often {@linkcode NetworkClock.serverTime} has jumped forwards. */
  get jumps(): number {
    return this.#jumps;
  }

  /**
   * Takes the stamp of a message from the server.
   *
   * @param serverSentMs When it was sent, on the server's clock.
   * @param clientReceivedMs When it came, on the local clock.
   */
  recordDown(serverSentMs: number, clientReceivedMs: number): void {
    if (!isTime(serverSentMs) || !isTime(clientReceivedMs)) {
      this.#ignored++;
      return;
    }
    if (clientReceivedMs > this.#nowMs) this.#nowMs = clientReceivedMs;
    const value = clientReceivedMs - serverSentMs;
    const isImpossible = !this.#up.isEmpty &&
      value + this.#up.current(clientReceivedMs) < -TOLERANCE_MS;
    this.#impossibleDown = isImpossible ? this.#impossibleDown + 1 : 0;
    if (isImpossible && !this.#restarts(this.#impossibleDown)) return;
    const isPrompt = !(clientReceivedMs - this.#tickedMs >= LONG_FRAME_MS);
    if (this.#down.record(clientReceivedMs, value, isPrompt)) this.#estimate();
    this.#synchronise();
  }

  /**
   * Takes what the server says of a message of one's own.
   *
   * @param clientSentMs When it was sent, on the local clock.
   * @param serverReceivedMs When it came, on the server's clock.
   */
  recordUp(clientSentMs: number, serverReceivedMs: number): void {
    const ageMs = this.#nowMs - clientSentMs;
    if (
      !isTime(clientSentMs) || !isTime(serverReceivedMs) ||
      ageMs > MAX_ECHO_MS ||
      ageMs < -1_000 && this.#nowMs > -Infinity
    ) {
      this.#ignored++;
      return;
    }
    const value = serverReceivedMs - clientSentMs;
    const isImpossible = !this.#down.isEmpty &&
      value + this.#down.current(clientSentMs) < -TOLERANCE_MS;
    this.#impossibleUp = isImpossible ? this.#impossibleUp + 1 : 0;
    if (isImpossible && !this.#restarts(this.#impossibleUp)) return;
    if (this.#up.record(clientSentMs, value)) this.#estimate();
    this.#synchronise();
  }

  /**
   * Takes a ping that was answered.
   *
   * @param clientSentMs When the ping was sent, on the local clock.
   * @param serverReceivedMs When it came, on the server's clock.
   * @param clientReceivedMs When the answer came, on the local clock.
   * @param serverSentMs When the answer was sent, on the server's clock; as the ping came
   * unless told otherwise.
   */
  recordPingPong(
    clientSentMs: number,
    serverReceivedMs: number,
    clientReceivedMs: number,
    serverSentMs: number = serverReceivedMs,
  ): void {
    if (isTime(clientReceivedMs) && clientReceivedMs > this.#nowMs) {
      this.#nowMs = clientReceivedMs;
    }
    this.recordUp(clientSentMs, serverReceivedMs);
    this.recordDown(serverSentMs, clientReceivedMs);
  }

  /**
   * Lets time pass.
   *
   * @param dt How much, in seconds: 0 or more.
   * @param nowMs The local time, on the clock of the stamps. Without it, time since the
   * last message is what `dt` sums up to.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number, nowMs?: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick the clock as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    const dtMs = dt * 1_000;
    const thenMs = nowMs ?? this.#nowMs + dtMs;
    if (thenMs > this.#nowMs) this.#nowMs = thenMs;
    this.#tickedMs = this.#nowMs;
    if (!this.#isSynced) return;
    const awayMs = this.#nowMs + this.#offsetAt(this.#nowMs) - this.#serverMs;
    const before = this.#serverMs;
    this.#serverMs = slewed(before, dtMs, awayMs, this.#snapMs);
    if (this.#serverMs - before > dtMs * (1 + MAX_SLEW) + 1) this.#jumps++;
  }

  /**
   * Tells which tick the server is in at a time.
   *
   * @param serverTimeMs The time on the server's clock, of which tick 0 began at 0; now
   * unless told otherwise.
   * @returns The number of the tick: an integer from 0.
   */
  toServerTick(serverTimeMs: number = this.serverTime): number {
    return Math.max(0, Math.floor(serverTimeMs * this.tickRate / 1_000));
  }

  /**
   * Tells what the server's clock showed or will show, as it is known best now.
   *
   * @param localMs A time on the local clock.
   * @returns The time on the server's clock, in milliseconds.
   */
  serverTimeAt(localMs: number): number {
    return this.#isSynced ? localMs + this.#offsetAt(localMs) : 0;
  }

  /** Forgets everything, for another server. Counters go on. */
  reset(): void {
    this.#forget();
    this.#up.reset();
    this.#down.reset();
    this.#drift = 0;
    this.#nowMs = -Infinity;
    this.#tickedMs = NaN;
    this.#serverMs = 0;
    this.#isSynced = false;
  }

  get #isKnown(): boolean {
    return !this.#up.isEmpty && !this.#down.isEmpty;
  }

  #offsetAt(atMs: number): number {
    if (!this.#isKnown) return this.#heldOffset;
    const up = this.#up;
    const down = this.#down;
    const high = up.reference(atMs) - up.biasMs - up.shiftMs;
    const low = down.shiftMs + down.biasMs - down.reference(atMs);
    const offset = (high + low) / 2;
    const highest = this.#highest(atMs);
    const lowest = this.#lowest(atMs);
    // No delay is negative.
    return lowest > highest
      ? (lowest + highest) / 2
      : Math.min(highest, Math.max(lowest, offset));
  }

  /** The highest offset that is possible: a message up would take no time. */
  #highest(atMs: number): number {
    return Math.min(this.#up.reference(atMs), this.#up.current(atMs));
  }

  /** The lowest one: a message down would take no time. */
  #lowest(atMs: number): number {
    return -Math.min(this.#down.reference(atMs), this.#down.current(atMs));
  }

  /** What drift that is not known makes since the newest points. */
  #driftErrorMs(atMs: number): number {
    const up = this.#up;
    const down = this.#down;
    const points = Math.min(up.points, down.points);
    const spanMs = Math.max(1_000, points * 500);
    const hiddenMs = Math.min(spanMs, up.uncertaintyMs + down.uncertaintyMs);
    const error = Math.min(
      2 * DRIFT_SIGMA,
      Math.max(LEAST_DRIFT_ERROR, hiddenMs / spanMs),
    );
    const ageMs = Math.max(0, atMs - up.newestMs) +
      Math.max(0, atMs - down.newestMs);
    return error * ageMs / 2;
  }

  /** The first time that both directions are known sets the time that is shown. */
  #synchronise(): void {
    if (!this.#isKnown) return;
    this.#heldOffset = this.#offsetAt(this.#nowMs);
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#serverMs = Math.max(0, this.#nowMs + this.#heldOffset);
  }

  /** Whether so many impossible delays show that a clock was set: all begins anew. */
  #restarts(inRow: number): boolean {
    if (inRow < IMPOSSIBLE) return false;
    this.#forget();
    this.#steps++;
    return true;
  }

  #forget(): void {
    this.#up.clear();
    this.#down.clear();
    this.#impossibleUp = 0;
    this.#impossibleDown = 0;
    this.#fitMs = -Infinity;
  }

  #estimate(): void {
    const atMs = this.#nowMs;
    // Both directions close their blocks twice a second: once is enough.
    if (!(Math.abs(atMs - this.#fitMs) < 400)) {
      this.#drift = this.#fitDrift(atMs);
      this.#fitMs = atMs;
    }
    this.#up.lay(this.#drift, atMs);
    this.#down.lay(this.#drift, atMs);
    this.#pairSteps();
  }

  /** Equal and opposite steps of both directions are one of a clock. */
  #pairSteps(): void {
    const { step: up } = this.#up;
    const { step: down } = this.#down;
    const sum = Math.abs(up.byMs + down.byMs);
    const size = Math.min(Math.abs(up.byMs), Math.abs(down.byMs));
    if (
      up.byMs * down.byMs < 0 && sum < size / 3 &&
      Math.abs(up.atMs - down.atMs) < STEP_MS
    ) {
      this.#up.adoptCurrent();
      this.#down.adoptCurrent();
      this.#steps++;
    }
  }

  /** The best slope: golden sections of what is concave. */
  #fitDrift(atMs: number): number {
    const isSettled = this.#up.points > 60 && this.#down.points > 60;
    const reach = isSettled ? 64e-6 : MAX_DRIFT;
    const centre = isSettled ? this.#drift : 0;
    let low = Math.max(-MAX_DRIFT, centre - reach);
    let high = Math.min(MAX_DRIFT, centre + reach);
    let left = high - GOLDEN * (high - low);
    let right = low + GOLDEN * (high - low);
    let ofLeft = this.#score(left, atMs);
    let ofRight = this.#score(right, atMs);
    while (high - low > 0.5e-6) {
      if (ofLeft < ofRight) {
        low = left;
        left = right;
        ofLeft = ofRight;
        right = low + GOLDEN * (high - low);
        ofRight = this.#score(right, atMs);
      } else {
        high = right;
        right = left;
        ofRight = ofLeft;
        left = high - GOLDEN * (high - low);
        ofLeft = this.#score(left, atMs);
      }
    }
    return (low + high) / 2;
  }

  /** The logarithm of how likely the points are, if their heights are exponential. */
  #score(drift: number, atMs: number): number {
    const up = this.#up;
    const down = this.#down;
    const away = drift / DRIFT_SIGMA;
    return up.fit(drift, atMs) / Math.max(0.05, up.spreadMs) +
      down.fit(drift, atMs) / Math.max(0.05, down.spreadMs) - away * away / 2;
  }
}

function isTime(ms: number): boolean {
  return Math.abs(ms) <= MAX_TIME_MS;
}

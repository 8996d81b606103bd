// This module is browser compatible.

/** Options for {@linkcode BandwidthTracker}. */
export interface BandwidthTrackerOptions {
  /**
   * How far back the rates look, in milliseconds: finite, 1 or more.
   *
   * @default {1000}
   */
  readonly windowMs?: number;
}

const DEFAULT_WINDOW_MS = 1000;
/** A power of two, so that a bucket of the default window is an exact number. */
const BUCKETS = 16;

/**
 * Measures how many bytes and packets go up and down: rates over the last
 * second, peaks and totals, in constant memory.
 *
 * The window is a ring of 16 buckets, the last of them still filling. A rate is
 * what they hold, divided by the time that they cover: the last 15/16 of the
 * window and what passed of the bucket that fills, or less right after the start,
 * but one bucket at least. Sums are integers and therefore exact.
 *
 * @example A tenth of a second
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BandwidthTracker } from "@tickwire/net/protocol";
 *
 * const bandwidth = new BandwidthTracker();
 * bandwidth.recordSend(1200);
 * bandwidth.recordRecv(50);
 * bandwidth.tick(0.1);
 * assertEquals(bandwidth.bytesPerSecUp, 12_000);
 * assertEquals(bandwidth.bytesPerSecDown, 500);
 * bandwidth.tick(1);
 * assertEquals(bandwidth.bytesPerSecUp, 0);
 * assertEquals(bandwidth.totalSent, 1200);
 * ```
 */
export class BandwidthTracker {
  readonly #bucketSeconds: number;
  readonly #up = new Direction();
  readonly #down = new Direction();
  /** Which bucket is filling. */
  #current = 0;
  /** How many were filled before it, up to {@linkcode BUCKETS}. */
  #filled = 0;
  /** How much time of it passed, less than a bucket. */
  #elapsedSeconds = 0;

  /**
   * Creates a tracker, at the beginning of its time.
   *
   * @param options How far back it looks.
   * @throws {RangeError} If `windowMs` is not finite or below 1.
   */
  constructor(options: BandwidthTrackerOptions = {}) {
    const { windowMs = DEFAULT_WINDOW_MS } = options;
    if (!(windowMs >= 1 && windowMs < Infinity)) {
      throw new RangeError(
        `Cannot create a BandwidthTracker as windowMs must be finite and >= 1: current value is ${windowMs}`,
      );
    }
    this.#bucketSeconds = windowMs / 1000 / BUCKETS;
  }

  /** The bytes sent per second over the window, 0 or more. */
  get bytesPerSecUp(): number {
    return this.#up.windowBytes / this.#coveredSeconds();
  }

  /** The bytes received per second over the window, 0 or more. */
  get bytesPerSecDown(): number {
    return this.#down.windowBytes / this.#coveredSeconds();
  }

  /**
   * The most bytes per second that were sent over a whole window, looked at
   * whenever a bucket is full; 0 until the first whole window has passed.
   */
  get peakBytesPerSecUp(): number {
    return this.#up.peakBytes / (this.#bucketSeconds * BUCKETS);
  }

  /** The most bytes per second that were received over a whole window, likewise. */
  get peakBytesPerSecDown(): number {
    return this.#down.peakBytes / (this.#bucketSeconds * BUCKETS);
  }

  /** All bytes sent: an integer, exact up to 2^53. */
  get totalSent(): number {
    return this.#up.totalBytes;
  }

  /** All bytes received: an integer, exact up to 2^53. */
  get totalReceived(): number {
    return this.#down.totalBytes;
  }

  /** How often `recordSend` was called. */
  get packetsSent(): number {
    return this.#up.packets;
  }

  /** How often `recordRecv` was called. */
  get packetsReceived(): number {
    return this.#down.packets;
  }

  /**
   * Counts a packet that was sent, now.
   *
   * @param bytes Its bytes, with whatever below it is to be counted: an integer,
   * 0 to 2^32 - 1.
   * @throws {RangeError} If `bytes` is no such integer.
   */
  recordSend(bytes: number): void {
    checkBytes(bytes);
    this.#up.record(this.#current, bytes);
  }

  /**
   * Counts a packet that was received, now.
   *
   * @param bytes Its bytes, with whatever below it is to be counted: an integer,
   * 0 to 2^32 - 1.
   * @throws {RangeError} If `bytes` is no such integer.
   */
  recordRecv(bytes: number): void {
    checkBytes(bytes);
    this.#down.record(this.#current, bytes);
  }

  /**
   * Lets time pass. However much it is, the work is bounded by the buckets.
   *
   * @param dt How much time passed, in seconds: finite, 0 or more.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    const seconds = this.#elapsedSeconds + dt;
    if (seconds < this.#bucketSeconds) {
      this.#elapsedSeconds = seconds;
      return;
    }
    // A remainder is exact in floating point, which a quotient is not.
    this.#elapsedSeconds = seconds % this.#bucketSeconds;
    const passed = Math.round(
      (seconds - this.#elapsedSeconds) / this.#bucketSeconds,
    );
    // After a whole window of silence all buckets are empty already.
    for (let i = Math.min(passed, BUCKETS); i > 0; i--) this.#rotate();
  }

  /** Begins anew: rates, peaks, totals and time. */
  reset(): void {
    this.#up.reset();
    this.#down.reset();
    this.#current = 0;
    this.#filled = 0;
    this.#elapsedSeconds = 0;
  }

  /** Closes the bucket that was filling and empties the oldest for the next. */
  #rotate(): void {
    if (this.#filled < BUCKETS) this.#filled += 1;
    if (this.#filled === BUCKETS) {
      this.#up.notePeak();
      this.#down.notePeak();
    }
    this.#current = (this.#current + 1) % BUCKETS;
    this.#up.empty(this.#current);
    this.#down.empty(this.#current);
  }

  #coveredSeconds(): number {
    const whole = Math.min(this.#filled, BUCKETS - 1);
    return Math.max(
      this.#bucketSeconds,
      whole * this.#bucketSeconds + this.#elapsedSeconds,
    );
  }
}

/** One of the two ways. */
class Direction {
  /** The bytes of each bucket: doubles, as they hold integers up to 2^53. */
  readonly #buckets = new Float64Array(BUCKETS);
  windowBytes = 0;
  peakBytes = 0;
  totalBytes = 0;
  packets = 0;

  record(bucket: number, bytes: number): void {
    this.#buckets[bucket]! += bytes;
    this.windowBytes += bytes;
    this.totalBytes += bytes;
    this.packets += 1;
  }

  empty(bucket: number): void {
    this.windowBytes -= this.#buckets[bucket]!;
    this.#buckets[bucket] = 0;
  }

  notePeak(): void {
    if (this.windowBytes > this.peakBytes) this.peakBytes = this.windowBytes;
  }

  reset(): void {
    this.#buckets.fill(0);
    this.windowBytes = 0;
    this.peakBytes = 0;
    this.totalBytes = 0;
    this.packets = 0;
  }
}

function checkBytes(bytes: number): void {
  if (bytes >>> 0 !== bytes) {
    throw new RangeError(
      `Cannot record a packet as its bytes must be an integer from 0 to 2^32 - 1: current value is ${bytes}`,
    );
  }
}

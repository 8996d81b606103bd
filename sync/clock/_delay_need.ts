// This module is browser compatible.
import { FadingHistogram } from "./_fading_histogram.ts";

const BIN_MS = 0.5;
/**
 * How long something waits before it counts: a step of the floor is seen after 2 s, and
 * what came meanwhile belongs to the new floor.
 */
const WAIT_MS = 3_000;
/** How many wait at most; then the oldest counts at once. */
const WAITING = 512;
/** What is looked at to see that all has changed, and the share of it that shows that. */
const RECENT_MS = 1_000;
const RECENT_SHARE = 0.1;

/**
 * What delay is needed above a floor that may step: from values that rise while time
 * passes, or single ones.
 */
export class DelayNeed {
  readonly #histogram: FadingHistogram;
  readonly #belowMs: number;
  readonly #at = new Float64Array(WAITING);
  readonly #from = new Float64Array(WAITING);
  readonly #to = new Float64Array(WAITING);
  #first = 0;
  #count = 0;
  #countedMs = -Infinity;

  /**
   * @param maxMs The highest need above the floor.
   * @param belowMs The furthest below it.
   * @param halfLifeMs When half is forgotten.
   */
  constructor(maxMs: number, belowMs: number, halfLifeMs: number) {
    const bins = Math.min(4_096, Math.ceil((maxMs + belowMs) / BIN_MS));
    this.#belowMs = belowMs;
    this.#histogram = new FadingHistogram(BIN_MS, bins, halfLifeMs);
  }

  /** How much counts, in milliseconds; single values are half of one each. */
  get evidenceMs(): number {
    return this.#histogram.evidenceMs;
  }

  /** Adds what rose from one value to another by a time; the floor is still in both. */
  addRise(
    atMs: number,
    fromMs: number,
    toMs: number,
    floorMs: number,
  ): void {
    if (this.#count === WAITING) this.#countOldest(floorMs);
    const place = (this.#first + this.#count++) % WAITING;
    this.#at[place] = atMs;
    this.#from[place] = fromMs;
    this.#to[place] = toMs;
  }

  /** Adds a single value. */
  add(atMs: number, valueMs: number, floorMs: number): void {
    this.addRise(atMs, valueMs, valueMs + BIN_MS, floorMs);
  }

  /** Lets what has waited long enough count. */
  settle(nowMs: number, floorMs: number): void {
    while (this.#count > 0 && nowMs - this.#at[this.#first]! > WAIT_MS) {
      this.#countOldest(floorMs);
    }
  }

  /** What is enough in the given share of all. */
  quantile(share: number): number {
    return this.#histogram.quantile(share) - this.#belowMs;
  }

  /**
   * The highest need of the last second if that was above a delay too often; else what is
   * below everything.
   */
  peak(nowMs: number, floorMs: number, delayMs: number): number {
    let total = 0;
    let above = 0;
    let highest = -Infinity;
    for (let i = this.#count - 1; i >= 0; i--) {
      const place = (this.#first + i) % WAITING;
      if (nowMs - this.#at[place]! > RECENT_MS) break;
      const from = this.#from[place]! - floorMs;
      const to = this.#to[place]! - floorMs;
      total += to - from;
      above += Math.max(0, to - Math.max(from, delayMs));
      if (to > highest) highest = to;
    }
    return above > RECENT_SHARE * total ? highest : -Infinity;
  }

  clear(): void {
    this.#histogram.clear();
    this.#count = 0;
    this.#countedMs = -Infinity;
  }

  #countOldest(floorMs: number): void {
    const place = this.#first;
    const atMs = this.#at[place]!;
    const passedMs = atMs - this.#countedMs;
    if (passedMs > 0 && passedMs < Infinity) this.#histogram.fade(passedMs);
    if (passedMs > 0) this.#countedMs = atMs;
    const away = this.#belowMs - floorMs;
    this.#histogram.addRise(this.#from[place]! + away, this.#to[place]! + away);
    this.#first = (place + 1) % WAITING;
    this.#count--;
  }
}

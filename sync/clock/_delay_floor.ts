// This module is browser compatible.

/** How long a block is of which the lowest delay is kept. */
const BLOCK_MS = 500;
/** How many blocks are kept: 64 s of steady traffic. */
const BLOCKS = 128;
/** Blocks of a new level before it becomes the one that the offset hangs on: 30 s. */
const SETTLED_BLOCKS = 60;
/** Blocks before a step down is a route's and not just a better sample: 8 s. */
const YOUNG_BLOCKS = 16;
/** Blocks in a row that show a step up: 2 s. */
const UP_BLOCKS = 4;
/** No step is smaller, in milliseconds. */
const LEAST_STEP_MS = 3;
/** How many of the lowest blocks tell how far the floor may be below them. */
const LOWEST = 32;
/** Over how many estimates the shape of the jitter is averaged: some minutes. */
const SHAPES = 400;

const NONE = 0;
/** Of the level that the offset hangs on. */
const REFERENCE = 1;
/** Of the level that there is now, since a step. */
const CURRENT = 2;
/** So low that the next block has to confirm it. */
const SUSPECT = 3;

/** The last step that was seen in a direction. */
export interface FloorStep {
  atMs: number;
  byMs: number;
}

/**
 * The lowest delays of one direction, on clocks that differ and drift: a value is a true
 * delay plus or minus the offset, so that the lowest ones lie on a line that rises or
 * falls as the offset does.
 *
 * The lowest value of each half second is kept with its time. A line is laid under these
 * points (its slope is found in common with the other direction). A route that changes
 * begins a new level; the old points stay what the offset hangs on until the new level
 * is as well known.
 */
export class DelayFloor {
  /** 1 if values rise as the offset does, else -1. */
  readonly #sign: 1 | -1;
  readonly #times = new Float64Array(BLOCKS);
  readonly #values = new Float64Array(BLOCKS);
  readonly #labels = new Uint8Array(BLOCKS);
  #next = 0;
  #count = 0;
  /** The open block. */
  #startMs = NaN;
  #minMs = 0;
  #minValue = Infinity;
  /** Blocks in a row that were far above. */
  #above = 0;
  /** Blocks of the current level; 0 if that is the reference. */
  #currentBlocks = 0;
  #blocks = 0;
  readonly #lowest = new Float64Array(LOWEST);

  /** How much the level that the offset hangs on lies above the first one's. */
  shiftMs = 0;
  /** The mean of what single messages lie above the floor. */
  jitterMs = 0;
  #samples = 0;
  /** The mean of what the blocks lie above the line. */
  spreadMs = 0;
  /** The line at `lineMs`: of the reference and of the current level. */
  #lineMs = 0;
  #referenceMs = Infinity;
  #currentMs = Infinity;
  #slope = 0;
  /** How far the true floor may lie below the line. */
  uncertaintyMs = Infinity;
  readonly step: FloorStep = { atMs: -Infinity, byMs: 0 };
  /** How far it probably lies below. */
  biasMs = 0;
  /** What the shape of the jitter is near the floor, slowly learned: 1 to 3. */
  #shape = 1;
  #shapes = 0;
  /** Blocks that were too low to be true, alone. */
  outliers = 0;

  constructor(sign: 1 | -1) {
    this.#sign = sign;
  }

  get isEmpty(): boolean {
    return this.#referenceMs === Infinity;
  }

  get isYoung(): boolean {
    return this.#blocks < YOUNG_BLOCKS;
  }

  /** When the newest block began; NaN before the first. */
  get newestMs(): number {
    return this.#startMs;
  }

  /** How many points there are. */
  get points(): number {
    return this.#count;
  }

  /** The line that the offset hangs on, at a time. */
  reference(atMs: number): number {
    return this.#referenceMs + this.#slope * (atMs - this.#lineMs);
  }

  /** The line of what the delays are now, at a time. */
  current(atMs: number): number {
    const value = this.#currentBlocks > 0 ? this.#currentMs : this.#referenceMs;
    return value + this.#slope * (atMs - this.#lineMs);
  }

  /** Forgets all delays, but not what the route and the clocks are like. */
  clear(): void {
    this.#labels.fill(NONE);
    this.#count = 0;
    this.#next = 0;
    this.#startMs = NaN;
    this.#minValue = Infinity;
    this.#above = 0;
    this.#currentBlocks = 0;
    this.#blocks = 0;
    this.#samples = 0;
    this.#referenceMs = Infinity;
    this.#currentMs = Infinity;
    this.uncertaintyMs = Infinity;
    this.biasMs = 0;
    this.step.atMs = -Infinity;
  }

  /** Forgets everything. */
  reset(): void {
    this.clear();
    this.shiftMs = 0;
    this.jitterMs = 0;
    this.#slope = 0;
    this.#shape = 1;
    this.#shapes = 0;
  }

  /** Takes the level that there is now for the one that the offset hangs on. */
  adoptCurrent(): void {
    this.step.atMs = -Infinity;
    if (this.#currentBlocks === 0) return;
    this.#relabel(REFERENCE, NONE);
    this.#relabel(CURRENT, REFERENCE);
    this.#currentBlocks = 0;
    this.#referenceMs = this.#currentMs;
  }

  /**
   * Takes a value.
   *
   * @param atMs Its local time.
   * @param value The value.
   * @param isPrompt Whether it was taken when it came: if not, it says nothing of jitter.
   * @returns Whether there is a new point to lay the line under.
   */
  record(atMs: number, value: number, isPrompt = true): boolean {
    let hasNew = false;
    if (!(atMs < this.#startMs + BLOCK_MS)) {
      if (this.#minValue < Infinity) {
        this.#close();
        hasNew = true;
      }
      this.#startMs = atMs;
      this.#minValue = Infinity;
    }
    if (value < this.#minValue) {
      this.#minValue = value;
      this.#minMs = atMs;
      if (this.isEmpty) {
        this.#referenceMs = value;
        this.#lineMs = atMs;
      } else if (this.#blocks < 2 && value < this.reference(atMs)) {
        // The first second: every better sample counts at once.
        this.#referenceMs = value;
        this.#lineMs = atMs;
      }
    }
    if (!isPrompt) return hasNew;
    const above = Math.min(500, Math.max(0, value - this.current(atMs)));
    this.#samples = Math.min(256, this.#samples + 1);
    this.jitterMs += (above - this.jitterMs) / this.#samples;
    return hasNew;
  }

  /** What all points lie above a line of a slope that touches them, below 0. */
  fit(slope: number, atMs: number): number {
    const rise = this.#sign * slope;
    let low1 = Infinity;
    let low2 = Infinity;
    let n1 = 0;
    let n2 = 0;
    let sum1 = 0;
    let sum2 = 0;
    for (let i = 0; i < this.#count; i++) {
      const label = this.#labels[i]!;
      if (label === REFERENCE) {
        const value = this.#values[i]! - rise * (this.#times[i]! - atMs);
        if (value < low1) low1 = value;
        sum1 += value;
        n1++;
      } else if (label === CURRENT) {
        const value = this.#values[i]! - rise * (this.#times[i]! - atMs);
        if (value < low2) low2 = value;
        sum2 += value;
        n2++;
      }
    }
    let total = 0;
    if (n1 > 0) total += n1 * low1 - sum1;
    if (n2 > 0) total += n2 * low2 - sum2;
    return total;
  }

  /** Lays the line under the points. */
  lay(slope: number, atMs: number): void {
    const before = this.reference(atMs);
    this.#slope = this.#sign * slope;
    this.#lineMs = atMs;
    let low1 = Infinity;
    let low2 = Infinity;
    let n = 0;
    let sum = 0;
    const wanted = this.#currentBlocks > 0 ? CURRENT : REFERENCE;
    const lowest = this.#lowest;
    let held = 0;
    for (let i = 0; i < this.#count; i++) {
      const label = this.#labels[i]!;
      if (label === NONE || label === SUSPECT) continue;
      const value = this.#values[i]! - this.#slope * (this.#times[i]! - atMs);
      if (label === REFERENCE) {
        if (value < low1) low1 = value;
        held = insert(lowest, held, value);
      } else if (value < low2) low2 = value;
      if (label === wanted) {
        n++;
        sum += value;
      }
    }
    // A level may lose its last point while the one that follows is still young.
    const isLost = low1 === Infinity;
    this.#referenceMs = isLost ? before : low1;
    if (low2 < Infinity) this.#currentMs = low2;
    if (isLost) {
      if (low2 < Infinity) this.#settle();
      return;
    }
    const low = wanted === CURRENT ? low2 : low1;
    this.spreadMs = n === 0 ? 0 : sum / n - low;
    this.#reachBelow(held);
    if (this.#currentBlocks >= SETTLED_BLOCKS) this.#settle();
  }

  /** Tells from the lowest points how far below them the floor may be. */
  #reachBelow(held: number): void {
    const lowest = this.#lowest;
    const gapMs = lowest[held - 1]! - lowest[0]!;
    this.uncertaintyMs = held < 3 ? Infinity : gapMs * gapFactor(held);
    this.biasMs = 0;
    if (held < 8 || gapMs < 1e-3) return;
    let biasMs = 0;
    for (let round = 0; round < 4; round++) {
      let sum = 0;
      for (let i = 1; i < held - 1; i++) {
        const aboveMs = Math.max(1e-6, lowest[i]! - lowest[0]! + biasMs);
        sum += Math.log((gapMs + biasMs) / aboveMs);
      }
      let shape = Math.min(3, Math.max(1, (held - 3) / sum));
      if (round === 3) {
        this.#shapes = Math.min(SHAPES, this.#shapes + 1);
        this.#shape += (shape - this.#shape) / this.#shapes;
        shape = this.#shape;
      }
      // Gamma(1 + 1 / shape) is 0.89 to 1.
      const share = 0.9 * Math.pow(held, -1 / shape);
      biasMs = gapMs * share / (1 - share);
    }
    this.biasMs = biasMs;
  }

  #close(): void {
    const value = this.#minValue;
    const atMs = this.#minMs;
    const isFirst = this.#blocks === 0;
    const above = isFirst ? 0 : value - this.current(atMs);
    const previous = (this.#next + BLOCKS - 1) % BLOCKS;
    const hadSuspect = this.#count > 0 && this.#labels[previous] === SUSPECT;
    const place = this.#next;
    this.#times[place] = atMs;
    this.#values[place] = value;
    this.#labels[place] = this.#currentBlocks > 0 ? CURRENT : REFERENCE;
    this.#next = (place + 1) % BLOCKS;
    this.#count = Math.max(this.#count, place + 1);
    this.#blocks++;
    if (this.#currentBlocks > 0) this.#currentBlocks++;
    const down = this.isYoung
      ? Math.max(LEAST_STEP_MS, 2 * this.jitterMs)
      : Math.max(LEAST_STEP_MS, this.spreadMs);
    if (hadSuspect) {
      if (above < -down / 2) {
        this.#begin(2, above);
        return;
      }
      this.#labels[previous] = NONE;
      this.outliers++;
    } else if (above < -down) {
      this.#labels[place] = SUSPECT;
      this.#above = 0;
      return;
    }
    const up = Math.max(LEAST_STEP_MS, 2.5 * this.spreadMs);
    this.#above = above > up ? this.#above + 1 : 0;
    if (this.#above >= UP_BLOCKS && this.#blocks > UP_BLOCKS) {
      // The first of them may be of both levels; or the next, if the first was high by chance.
      let blocks = UP_BLOCKS - 1;
      while (blocks > 1 && this.#lowOf(blocks) < this.#lowOf(blocks - 1) - up) {
        blocks--;
      }
      for (let i = blocks; i < UP_BLOCKS; i++) {
        this.#labels[(place + BLOCKS - i) % BLOCKS] = NONE;
      }
      this.#begin(blocks, above);
    }
  }

  /** Begins a level with the newest blocks. */
  #begin(blocks: number, byMs: number): void {
    this.#above = 0;
    // While nothing is known well, a lower delay is simply a better one.
    const isBetter = this.isYoung && byMs < 0;
    const low = this.#lowOf(blocks);
    const away = low - this.reference(this.#lineMs);
    const isReturn = this.#currentBlocks > 0 &&
      Math.abs(away) <= Math.max(LEAST_STEP_MS, this.spreadMs);
    this.step.atMs = isBetter ? -Infinity : this.#minMs;
    this.step.byMs = low - this.current(this.#lineMs);
    this.#relabel(CURRENT, NONE);
    if (isBetter) this.#relabel(REFERENCE, NONE);
    const label = isReturn || isBetter ? REFERENCE : CURRENT;
    if (isBetter) this.#referenceMs = low;
    else if (!isReturn) this.#currentMs = low;
    for (let i = 1; i <= blocks; i++) {
      this.#labels[(this.#next + BLOCKS - i) % BLOCKS] = label;
    }
    this.#currentBlocks = label === CURRENT ? blocks : 0;
  }

  #lowOf(blocks: number): number {
    let low = Infinity;
    for (let i = 1; i <= blocks; i++) {
      const place = (this.#next + BLOCKS - i) % BLOCKS;
      const value = this.#values[place]! -
        this.#slope * (this.#times[place]! - this.#lineMs);
      if (value < low) low = value;
    }
    return low;
  }

  /** The new level is as well known as the old one: the offset hangs on it from now on. */
  #settle(): void {
    const byMs = this.#currentMs - this.#referenceMs;
    this.shiftMs += byMs;
    for (let i = 0; i < this.#count; i++) {
      if (this.#labels[i] === REFERENCE) this.#values[i]! += byMs;
    }
    this.#relabel(CURRENT, REFERENCE);
    this.#currentBlocks = 0;
    this.#referenceMs = this.#currentMs;
    this.#currentMs = Infinity;
  }

  #relabel(from: number, to: number): void {
    for (let i = 0; i < BLOCKS; i++) {
      if (this.#labels[i] === from) this.#labels[i] = to;
    }
  }
}

/** Keeps the lowest values in order. */
function insert(lowest: Float64Array, held: number, value: number): number {
  let i = held;
  if (held === LOWEST) {
    if (value >= lowest[LOWEST - 1]!) return held;
    i = LOWEST - 1;
  }
  while (i > 0 && lowest[i - 1]! > value) {
    lowest[i] = lowest[i - 1]!;
    i--;
  }
  lowest[i] = value;
  return Math.min(LOWEST, held + 1);
}

/**
 * What the gap between the lowest and the k-th lowest is multiplied by to reach below
 * the floor in 99.5 % of all cases, if the density of delays rises from the floor no
 * faster than with the square of the distance (gamma with shape 3; jitter that is added
 * by a few queues in a row).
 *
 * The ratio of the two distances from the floor, to the power of the shape, is that of
 * the first and the k-th arrival of a Poisson process: above r with probability
 * (1 - r)^(k - 1).
 */
function gapFactor(k: number): number {
  const ratio = Math.cbrt(1 - Math.pow(0.005, 1 / (k - 1)));
  return ratio / (1 - ratio);
}

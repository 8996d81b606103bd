/** Percentiles of a series of times, in milliseconds. */
export interface Percentiles {
  /** Half of the times are below. */
  readonly p50: number;
  /** 99 of 100 times are below. */
  readonly p99: number;
  /** The longest time. */
  readonly worst: number;
}

/** What the frames of a run have cost. */
export interface FrameSummary {
  /** Number of frames. */
  readonly frames: number;
  /** Time from the start of a frame to the start of the next. */
  readonly frameMs: Percentiles;
  /** Time a frame's own code took: game, network and drawing. */
  readonly workMs: Percentiles;
  /** Of that, what passed in the network's part: sending requests, ticking the client, draining and handling its events. */
  readonly networkMs: Percentiles;
  /** Time a frame may take. */
  readonly budgetMs: number;
  /** Frames that began more than half a frame late, whatever the reason (other programs on the machine, for one). */
  readonly lateFrames: number;
  /** Frames whose own code took longer than the budget. */
  readonly framesOverBudget: number;
  /**
   * Of these, the ones that would have been within the budget without the network's own
   * work. In the others the game or the drawing took too long, or the machine gave the
   * processor to another program.
   */
  readonly framesOverBudgetBecauseOfNetwork: number;
}

const RECENT = 256;

/** Collects the times of frames. */
export class FrameStats {
  readonly #budgetMs: number;
  readonly #frameMs = new Series();
  readonly #workMs = new Series();
  readonly #networkMs = new Series();
  #late = 0;
  #over = 0;
  #overBecauseOfNetwork = 0;

  /**
   * Makes a collection without frames.
   *
   * @param budgetMs Time a frame may take.
   */
  constructor(budgetMs: number) {
    this.#budgetMs = budgetMs;
  }

  /** Number of frames so far. */
  get frames(): number {
    return this.#workMs.length;
  }

  /**
   * Adds a frame.
   *
   * @param frameMs Time since the frame before began, `undefined` for the first one.
   * @param workMs Time the frame's own code took.
   * @param networkMs Of that, what passed in the network's part.
   * @param networkOwnMs Of that, what was the network's own work.
   */
  add(
    frameMs: number | undefined,
    workMs: number,
    networkMs: number,
    networkOwnMs: number,
  ): void {
    if (frameMs !== undefined) {
      this.#frameMs.push(frameMs);
      if (frameMs > 1.5 * this.#budgetMs) this.#late++;
    }
    this.#workMs.push(workMs);
    this.#networkMs.push(networkMs);
    if (workMs <= this.#budgetMs) return;
    this.#over++;
    if (workMs - networkOwnMs <= this.#budgetMs) this.#overBecauseOfNetwork++;
  }

  /**
   * The last frame times, oldest first.
   *
   * @param count How many at most: up to 256.
   * @returns Times in milliseconds.
   */
  recentFrameMs(count: number): number[] {
    return this.#frameMs.recent(count);
  }

  /**
   * The last times that passed in the network's part, oldest first.
   *
   * @param count How many at most: up to 256.
   * @returns Times in milliseconds.
   */
  recentNetworkMs(count: number): number[] {
    return this.#networkMs.recent(count);
  }

  /**
   * Sums up all frames.
   *
   * @returns The summary.
   */
  summary(): FrameSummary {
    return {
      frames: this.frames,
      frameMs: this.#frameMs.percentiles(),
      workMs: this.#workMs.percentiles(),
      networkMs: this.#networkMs.percentiles(),
      budgetMs: round(this.#budgetMs),
      lateFrames: this.#late,
      framesOverBudget: this.#over,
      framesOverBudgetBecauseOfNetwork: this.#overBecauseOfNetwork,
    };
  }
}

// Counts by size and not a list to sort, so that summing up costs the same after an hour.
const BUCKETS_PER_MS = 100;
const MAX_BUCKET = 100 * BUCKETS_PER_MS;

class Series {
  readonly #recent = new Float64Array(RECENT);
  readonly #buckets = new Uint32Array(MAX_BUCKET + 1);
  #worst = 0;
  length = 0;

  push(ms: number): void {
    this.#recent[this.length % RECENT] = ms;
    this.#buckets[Math.min(Math.floor(ms * BUCKETS_PER_MS), MAX_BUCKET)]! += 1;
    this.#worst = Math.max(this.#worst, ms);
    this.length++;
  }

  recent(count: number): number[] {
    const recent: number[] = [];
    const from = Math.max(this.length - Math.min(count, RECENT), 0);
    for (let i = from; i < this.length; i++) {
      recent.push(this.#recent[i % RECENT]!);
    }
    return recent;
  }

  percentiles(): Percentiles {
    return {
      p50: this.#quantile(0.5),
      p99: this.#quantile(0.99),
      worst: round(this.#worst),
    };
  }

  #quantile(q: number): number {
    const rank = Math.ceil(q * this.length);
    let seen = 0;
    for (let bucket = 0; bucket < MAX_BUCKET; bucket++) {
      seen += this.#buckets[bucket]!;
      // The upper end of the bucket, but not more than what really occurred.
      if (seen >= rank) {
        return round(Math.min((bucket + 1) / BUCKETS_PER_MS, this.#worst));
      }
    }
    return round(this.#worst);
  }
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** What the steps of a polling loop took, and what lay between them. */
export class Steps {
  #workMs: number[] = [];
  #pauseMs: number[] = [];
  #startMs = performance.now();
  #endMs = performance.now();

  begin(): void {
    this.#startMs = performance.now();
    this.#pauseMs.push(this.#startMs - this.#endMs);
  }

  end(): void {
    this.#endMs = performance.now();
    this.#workMs.push(this.#endMs - this.#startMs);
  }

  /** Those since the last time. */
  take(): StepFigures {
    const figures = { workMs: this.#workMs, pauseMs: this.#pauseMs };
    this.#workMs = [];
    this.#pauseMs = [];
    return figures;
  }
}

/** Milliseconds of each step. */
export interface StepFigures {
  /** From its begin to its end. */
  readonly workMs: readonly number[];
  /** From the end of the last one: a timer of a millisecond, and what the system makes of it. */
  readonly pauseMs: readonly number[];
}

// This module is browser compatible.

/** No frame this short is a hitch, in milliseconds: 40 frames per second are smooth. */
const MIN_HITCH_MS = 25;
/** By how much of itself the estimate of the median moves with each frame. */
const STEP = 1.02;
/** Between these the estimate moves, in milliseconds, so that it is soon back after a long load. */
const MIN_MEDIAN_MS = 1;
const MAX_MEDIAN_MS = 250;

/**
 * Finds the frames that are felt as a hitch: longer than twice the median of the
 * frames before, and than 25 ms. Unreal Engine asks for 60 ms and 1.5 times the
 * frame before, PerfDog for 83 ms and twice the three before; against the median a
 * steady 30 frames per second have no hitches, and at 144 one of 26 ms is seen.
 *
 * The median is followed by a step up or down with each frame, after Ma,
 * Muthukrishnan, Sandler: "Frugal Streaming for Estimating Quantiles", 2013, in
 * steps of 2 %: it has forgotten a rate of frames within half a hundred of them.
 */
export class HitchMeter {
  #medianMs = 1000 / 60;

  /**
   * Takes in a frame.
   *
   * @param ms How long it took.
   * @returns Whether it was a hitch.
   */
  isHitch(ms: number): boolean {
    const medianMs = this.#medianMs;
    if (ms > medianMs) {
      this.#medianMs = Math.min(medianMs * STEP, MAX_MEDIAN_MS);
    } else if (ms < medianMs) {
      this.#medianMs = Math.max(medianMs / STEP, MIN_MEDIAN_MS);
    }
    return ms > MIN_HITCH_MS && ms > 2 * medianMs;
  }
}

// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type { CountQuery, SketchChange, SketchQuery } from "./store.ts";

const HOUR_MS = 3_600_000;

/**
 * Refuses spans that sums cannot be told apart by.
 *
 * @throws {RangeError} If `fromMs` is no beginning of an hour, or `stepMs` no multiple of one.
 */
export function checkSpans({ fromMs, stepMs }: CountQuery | SketchQuery): void {
  if (!Number.isSafeInteger(fromMs) || fromMs % HOUR_MS !== 0) {
    throw new RangeError(
      `Cannot read sums as fromMs must be the beginning of an hour: current value is ${fromMs}`,
    );
  }
  if (!Number.isSafeInteger(stepMs) || stepMs < 0 || stepMs % HOUR_MS !== 0) {
    throw new RangeError(
      `Cannot read sums as stepMs must be a multiple of an hour: current value is ${stepMs}`,
    );
  }
}

/**
 * Refuses what is no number of rows.
 *
 * @throws {RangeError} If it is not an integer from 1 to `max`.
 */
export function checkLimit(limit: number, max: number): void {
  checkInteger("limit", limit, 1, max);
}

/**
 * Reads the sketch of a change.
 *
 * @throws {RangeError} If it is none.
 */
export function readSketch({ metric, sketch }: SketchChange): QuantileSketch {
  const read = QuantileSketch.fromJson(sketch);
  if (read === undefined) {
    throw new RangeError(
      `Cannot merge a sketch of "${metric}" as it must be in its form of JSON: current value is ${
        JSON.stringify(sketch)?.slice(0, 100)
      }`,
    );
  }
  return read;
}

// This module is browser compatible.
import type { FloatRange } from "../float_quantizer.ts";

/** A range as it stands in descriptors. */
export function describeRange({ min, max, step }: FloatRange): string {
  return `${min},${max},${step}`;
}

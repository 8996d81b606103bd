// This module is browser compatible.
import { QuantileSketch } from "../sketch/quantile_sketch.ts";

/** More frames than anybody draws between two events, and too few to outweigh everybody else's. */
const MAX_COUNT = 10_000_000;

/**
 * Whether a value is a sketch (PROTOCOL.md, section 3) that every store can read, of at most 10,000,000 values up to
 * `max`. A sum of sketches has 2,048 buckets below its largest value: a stranger's single one far above would push all
 * others into the lowest.
 */
export function isSketch(value: unknown, max: number): boolean {
  const sketch = QuantileSketch.fromJson(value);
  return sketch !== undefined && sketch.count <= MAX_COUNT && sketch.max <= max;
}

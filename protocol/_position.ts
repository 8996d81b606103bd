// This module is browser compatible.
import { ProtocolError } from "./protocol_error.ts";

/** 1/256: about 4 mm where a unit is a metre; a power of two, so that it is exact. */
export const DEFAULT_POSITION_STEP = 1 / 256;

/** Beyond, an index would not always come back from the coordinate it gives. */
const MAX_INDEX = 2 ** 48;

/** A coordinate as a whole number of steps. */
export function positionIndex(value: number, step: number): number {
  checkStep(step);
  const index = Math.round(value / step);
  if (isPositionIndex(index)) return index;
  throw new ProtocolError(
    "encodeError",
    `Cannot encode a position as its coordinates must be finite and at most 2^48 steps of ${step} from 0: current value is ${value}`,
  );
}

/** Whether an index is one that a position may have. */
export function isPositionIndex(index: number): boolean {
  return index >= -MAX_INDEX && index <= MAX_INDEX;
}

/** Refuses a step that is none. */
export function checkStep(step: number): void {
  if (step > 0 && step < Infinity) return;
  throw new RangeError(
    `Cannot encode or decode a position as step must be finite and > 0: current value is ${step}`,
  );
}

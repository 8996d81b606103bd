// This module is browser compatible.

/** Milliseconds as the whole microseconds that a manager counts. */
export function toUs(ms: number): number {
  return ms === Infinity ? Infinity : Math.round(ms * 1000);
}

/** How long it is until then, in milliseconds: 0 if it is past. */
export function leftMsOf(untilUs: number, nowUs: number): number {
  return Math.max(0, untilUs - nowUs) / 1000;
}

// This module is browser compatible.

/** The most that a displayed time runs faster or slower than the local one. */
export const MAX_SLEW = 0.05;

/** How fast a displayed time approaches what it should be, in milliseconds. */
const APPROACH_MS = 500;

/**
 * Moves a time on: by `dtMs`, and towards one that it is `awayMs` from before, at most
 * 5 % faster or slower; if that is further than `snapMs`, at once forwards, or not at
 * all. Never backwards.
 */
export function slewed(
  fromMs: number,
  dtMs: number,
  awayMs: number,
  snapMs: number,
): number {
  const errorMs = awayMs - dtMs;
  if (errorMs > snapMs) return fromMs + awayMs;
  if (errorMs < -snapMs) return fromMs;
  const most = MAX_SLEW * dtMs;
  const wanted = errorMs * dtMs / (dtMs + APPROACH_MS);
  return fromMs + dtMs + Math.min(most, Math.max(-most, wanted));
}

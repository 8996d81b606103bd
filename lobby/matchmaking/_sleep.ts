// This module is browser compatible.

/** A ticket that found nothing is looked at again after this part of its wait so far … */
const RECHECK_PART = 1 / 10;
/** … and after this many seconds at the latest, as windows widen without a sound, … */
const RECHECK_SECONDS = 1;
/** … or this many if waiting alone changes nothing any more. */
const SETTLED_SECONDS = 4;

/** For how many seconds a ticket that found nothing after a wait is left alone. */
export function sleepAfter(wait: number, isSettled: boolean): number {
  return isSettled
    ? SETTLED_SECONDS
    : Math.min(wait * RECHECK_PART, RECHECK_SECONDS);
}

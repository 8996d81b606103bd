// This module is browser compatible.
import type { NetworkCounters } from "./network_counters.ts";

/** Counts as {@linkcode NetworkCounters} do, for whoever counts. */
export class PathCounters implements NetworkCounters {
  sent = 0;
  sentBytes = 0;
  carried = 0;
  carriedBytes = 0;
  blackout = 0;
  tooLarge = 0;
  queueFull = 0;
  lost = 0;
  lostInBurst = 0;
  lostInBadState = 0;
  corrupted = 0;
  truncated = 0;
  duplicated = 0;
  heldBack = 0;
}

/** Adds up what several paths have done. */
export function sumCounters(all: Iterable<NetworkCounters>): PathCounters {
  const total = new PathCounters();
  const names = Object.keys(total) as (keyof PathCounters)[];
  for (const counters of all) {
    for (const name of names) total[name] += counters[name];
  }
  return total;
}

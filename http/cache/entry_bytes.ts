// This module is browser compatible.

import type { CacheEntry } from "./store.ts";

// Measured as growth of the heap with many small entries, and rounded up.
const BYTES_PER_ENTRY = 1_024;
const BYTES_PER_FIELD = 128;
// Strings may take two bytes per unit.
const BYTES_PER_UNIT = 2;

/**
 * Estimates what an entry takes in memory, with what the cache keeps beside it.
 *
 * @param entry The entry.
 * @returns Bytes, rather too many than too few.
 */
export function entryBytes(entry: CacheEntry): number {
  let units = entry.key.length + entry.id.length + entry.statusText.length;
  for (const [name, value] of entry.fields) units += name.length + value.length;
  for (const [name, value] of entry.selecting) {
    units += name.length + (value?.length ?? 0);
  }
  const fieldCount = entry.fields.length + entry.selecting.length;
  return BYTES_PER_ENTRY + BYTES_PER_FIELD * fieldCount +
    BYTES_PER_UNIT * units + entry.body.byteLength;
}

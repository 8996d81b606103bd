// This module is browser compatible.
import type { TableContent } from "../snapshot/entity_table.ts";
import { hasBit, nextBit } from "../world/bit_set.ts";

/**
 * A checksum of all entities of a view, the same wherever they are the same to the
 * bit (the mixing of MurmurHash3_x86_32 by Austin Appleby, over words).
 *
 * @param tables The view, by the numbers of the types.
 * @param stale The places of each type of which nothing counts but that they hold an
 * entity; none if left out.
 * @returns 0 to 4294967295.
 */
export function viewChecksum(
  tables: readonly TableContent[],
  stale?: readonly Uint32Array[],
): number {
  let hash = 0;
  for (let type = 0; type < tables.length; type++) {
    const { alive, generations, values, blobs, capacity } = tables[type]!;
    const passed = stale?.[type];
    for (let i = 0; i < alive.length; i++) hash = mix(hash, alive[i]!);
    for (let at = nextBit(alive, 0); at >= 0; at = nextBit(alive, at + 1)) {
      if (passed !== undefined && hasBit(passed, at)) continue;
      hash = mix(hash, generations[at]!);
      for (let i = at; i < values.length; i += capacity) {
        hash = mix(hash, values[i]!);
      }
      for (let i = at; i < blobs.length; i += capacity) {
        const bytes = blobs[i]!;
        hash = mix(hash, bytes.length);
        for (let k = 0; k < bytes.length; k++) hash = mix(hash, bytes[k]!);
      }
    }
  }
  hash ^= hash >>> 16;
  hash = Math.imul(hash, 0x85eb_ca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2_ae35);
  return (hash ^ hash >>> 16) >>> 0;
}

function mix(hash: number, word: number): number {
  let k = Math.imul(word, 0xcc9e_2d51);
  k = Math.imul(k << 15 | k >>> 17, 0x1b87_3593);
  hash ^= k;
  return Math.imul(hash << 13 | hash >>> 19, 5) + 0xe654_6b64 | 0;
}

// This module is browser compatible.
import type { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import { countBits, hasBit, nextBit, setBit } from "../world/bit_set.ts";
import type { SyncFault } from "./packet_kind.ts";
import { faultOf } from "./snapshot_header.ts";

/**
 * Writes lists of places, one for each type: how many, the first, and how many lie
 * between each and the one before.
 */
export function writePlaces(
  lists: readonly Uint32Array[],
  writer: ByteWriter,
): void {
  for (const list of lists) {
    writer.varint(countBits(list));
    let next = 0;
    for (let at = nextBit(list, 0); at >= 0; at = nextBit(list, at + 1)) {
      writer.varint(at - next);
      next = at + 1;
    }
  }
}

/**
 * Reads lists of places.
 *
 * @param reader Where from.
 * @param within What each place must be in, by type.
 * @param into Takes them, whatever they held.
 * @returns What is wrong, if anything; no places at all are.
 */
export function readPlaces(
  reader: ByteReader,
  within: readonly { readonly alive: Uint32Array }[],
  into: readonly Uint32Array[],
): SyncFault | undefined {
  let total = 0;
  for (let type = 0; type < into.length; type++) {
    const list = into[type]!;
    const { alive } = within[type]!;
    list.fill(0);
    const count = reader.varint();
    let next = 0;
    for (let i = 0; i < count; i++) {
      const at = next + reader.varint();
      if (!reader.ok) return faultOf(reader);
      if (at >= list.length * 32 || !hasBit(alive, at)) return "range";
      setBit(list, at);
      next = at + 1;
    }
    total += count;
  }
  if (!reader.ok) return faultOf(reader);
  return total === 0 ? "notCanonical" : undefined;
}

// This module is browser compatible.
import {
  BitReader,
  type ByteReader,
  type ByteWriter,
  type Field,
} from "../../protocol/mod.ts";
import type { EntityType } from "../schema/define_world.ts";
import type { EntityTable, TableContent } from "../snapshot/entity_table.ts";
import { isSameBytes } from "../snapshot/same_bytes.ts";
import { hasBit, nextBit, setBit } from "../world/bit_set.ts";
import type { SyncFault } from "./packet_kind.ts";
import { faultOf } from "./snapshot_header.ts";

const NO_BYTES = new Uint8Array(0);
const blobReader = new BitReader();

/**
 * Writes what has changed of the bytes that lie beside the columns: for each field how
 * many, then each with the number of places since the one before, its length and bytes.
 *
 * @param base What the other end has.
 * @param current What it is to have.
 * @param written The places that are written.
 * @param writer Where to.
 */
export function writeBlobs(
  base: TableContent,
  current: TableContent,
  written: Uint32Array,
  writer: ByteWriter,
): void {
  const { capacity, form: { blobs } } = current;
  for (let number = 0; number < blobs.length; number++) {
    const first = number * capacity;
    let count = 0;
    for (let at = nextBit(written, 0); at >= 0; at = nextBit(written, at + 1)) {
      if (isChanged(base, current, at, first)) count++;
    }
    writer.varint(count);
    let next = 0;
    for (
      let at = count === 0 ? -1 : nextBit(written, 0);
      at >= 0;
      at = nextBit(written, at + 1)
    ) {
      if (!isChanged(base, current, at, first)) continue;
      writer.varint(at - next);
      writer.bytes(current.blobs[first + at]!);
      next = at + 1;
    }
  }
}

/**
 * Reads what has changed of the bytes beside the columns.
 *
 * @param reader Where from.
 * @param type What the table holds.
 * @param base What the other end knows that this one has.
 * @param current The copy of it, of which the columns are read.
 * @param changed The places that have changed; those that change here are added.
 * @returns What is wrong, if anything.
 */
export function readBlobs(
  reader: ByteReader,
  { schema }: EntityType,
  base: TableContent,
  current: EntityTable,
  changed: Uint32Array,
): SyncFault | undefined {
  const { capacity } = current;
  const { blobs, fields } = schema;
  if (blobs.length === 0) return undefined;
  for (let at = nextBit(changed, 0); at >= 0; at = nextBit(changed, at + 1)) {
    // An entity has nothing of the one that had its place before.
    if (isSameEntity(base, current, at)) continue;
    for (let i = at; i < current.blobs.length; i += capacity) {
      current.blobs[i] = NO_BYTES;
    }
  }
  for (let number = 0; number < blobs.length; number++) {
    const field = fields[blobs[number]!]!;
    const maxBytes = Math.ceil(field.maxBits / 8);
    const first = number * capacity;
    const count = reader.varint();
    let next = 0;
    for (let i = 0; i < count; i++) {
      const at = next + reader.varint();
      const bytes = reader.bytes(maxBytes);
      if (!reader.ok) return faultOf(reader);
      if (at >= capacity || !hasBit(current.alive, at)) return "range";
      if (isSameBytes(current.blobs[first + at]!, bytes)) return "notCanonical";
      if (!isValue(field, bytes)) return "value";
      current.blobs[first + at] = new Uint8Array(bytes);
      setBit(changed, at);
      next = at + 1;
    }
    if (!reader.ok) return faultOf(reader);
    // Those that were not written must be values without any bytes.
    for (let at = nextBit(changed, 0); at >= 0; at = nextBit(changed, at + 1)) {
      const bytes = current.blobs[first + at]!;
      if (bytes.length > 0 || !hasBit(current.alive, at)) continue;
      if (!isValue(field, bytes)) return "value";
    }
  }
  return undefined;
}

function isChanged(
  base: TableContent,
  current: TableContent,
  at: number,
  first: number,
): boolean {
  if (!hasBit(current.alive, at)) return false;
  const after = current.blobs[first + at]!;
  return isSameEntity(base, current, at)
    ? !isSameBytes(base.blobs[first + at]!, after)
    : after.length > 0;
}

function isSameEntity(
  base: TableContent,
  current: TableContent,
  at: number,
): boolean {
  return hasBit(base.alive, at) && hasBit(current.alive, at) &&
    base.generations[at] === current.generations[at];
}

function isValue(field: Field<unknown>, bytes: Uint8Array): boolean {
  blobReader.reset(bytes);
  field.read(blobReader);
  return blobReader.ok && blobReader.atEnd;
}

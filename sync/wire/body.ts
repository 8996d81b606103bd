// This module is browser compatible.
import type { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import type { CoderSet } from "../coder/sync_coders.ts";
import type { CoderState } from "../coder/table_coder.ts";
import { fieldColumnsOf } from "../schema/define_entity.ts";
import type { EntityType } from "../schema/define_world.ts";
import type { EntityTable, TableContent } from "../snapshot/entity_table.ts";
import { hasBit, nextBit } from "../world/bit_set.ts";
import { readBlobs, writeBlobs } from "./blob_section.ts";
import type { SyncFault } from "./packet_kind.ts";
import { faultOf } from "./snapshot_header.ts";

/** What a body says of one type, for the writer. */
export interface BodyPart {
  /** What the other end has. */
  readonly base: TableContent;
  /** What was learnt with it. */
  readonly baseState: CoderState | undefined;
  /** What the other end is to have. */
  readonly current: TableContent;
  /** Takes what is learnt. */
  readonly state: CoderState | undefined;
  /** The places that differ. */
  readonly written: Uint32Array;
}

/** What a body says of one type, for the reader. */
export interface ReadPart {
  /** What is here. */
  readonly base: TableContent;
  /** What was learnt with it. */
  readonly baseState: CoderState | undefined;
  /** A copy of `base`, which takes what is new. */
  readonly current: EntityTable;
  /** Takes what is learnt. */
  readonly state: CoderState | undefined;
  /** Takes the places that have changed, all zeros before. */
  readonly changed: Uint32Array;
}

/**
 * Writes the entities of a snapshot: a bit for each type that has changes, then for
 * each of those what its coder writes and the blobs.
 *
 * @param coders The coder of each type.
 * @param parts What is said of each type.
 * @param writer Where to.
 */
export function writeBody(
  coders: CoderSet,
  parts: readonly BodyPart[],
  writer: ByteWriter,
): void {
  for (let first = 0; first < parts.length; first += 8) {
    let bits = 0;
    for (let i = first; i < Math.min(first + 8, parts.length); i++) {
      if (nextBit(parts[i]!.written, 0) >= 0) bits |= 1 << i - first;
    }
    writer.u8(bits);
  }
  for (let i = 0; i < parts.length; i++) {
    const { base, baseState, current, state, written } = parts[i]!;
    if (nextBit(written, 0) < 0) {
      if (baseState !== undefined) state!.copyFrom(baseState);
      continue;
    }
    coders[i]!.encode(base, baseState, current, state, written, writer);
    writeBlobs(base, current, written, writer);
  }
}

/**
 * Reads the entities of a snapshot, up to the end of the message, and checks every
 * value of them.
 *
 * @param reader At the body.
 * @param types What the tables hold.
 * @param coders What the body was written with.
 * @param parts The tables.
 * @returns What is wrong, if anything: then nothing may be used of the parts.
 */
export function readBody(
  reader: ByteReader,
  types: readonly EntityType[],
  coders: CoderSet,
  parts: readonly ReadPart[],
): SyncFault | undefined {
  const fault = readEntities(reader, types, coders, parts);
  if (fault !== undefined) return fault;
  return reader.atEnd ? undefined : "trailing";
}

/**
 * Reads the entities of a snapshot as {@linkcode readBody} does, where something may
 * follow them.
 *
 * @param reader At the body; afterwards behind it.
 * @param types What the tables hold.
 * @param coders What the body was written with.
 * @param parts The tables.
 * @returns What is wrong, if anything: then nothing may be used of the parts.
 */
export function readEntities(
  reader: ByteReader,
  types: readonly EntityType[],
  coders: CoderSet,
  parts: readonly ReadPart[],
): SyncFault | undefined {
  const bits = reader.raw(types.length + 7 >>> 3);
  if (!reader.ok) return faultOf(reader);
  const spare = bits.length * 8 - types.length;
  if (bits[bits.length - 1]! >>> 8 - spare !== 0) return "notCanonical";
  for (let i = 0; i < types.length; i++) {
    const { base, baseState, current, state, changed } = parts[i]!;
    if ((bits[i >>> 3]! >>> (i & 7) & 1) === 0) {
      if (baseState !== undefined) state!.copyFrom(baseState);
      continue;
    }
    const { buffer, position, end } = reader;
    const at = coders[i]!.decode(
      buffer,
      position,
      end,
      base,
      baseState,
      current,
      state,
      changed,
    );
    if (typeof at !== "number") return at;
    reader.skip(at - position);
    const fault = readBlobs(reader, types[i]!, base, current, changed) ??
      checkColumns(types[i]!, current, changed);
    if (fault !== undefined) return fault;
  }
  return reader.ok ? undefined : faultOf(reader);
}

/** Whether numbers that are each within their column mean something together. */
function checkColumns(
  { schema }: EntityType,
  { alive, values, capacity }: EntityTable,
  changed: Uint32Array,
): SyncFault | undefined {
  for (const columns of fieldColumnsOf(schema).values()) {
    const { kind } = columns.forms[0]!;
    if (kind !== "largest" && kind !== "raw") continue;
    const first = columns.first * capacity;
    for (let at = nextBit(changed, 0); at >= 0; at = nextBit(changed, at + 1)) {
      if (!hasBit(alive, at)) continue;
      if (!columns.isValid(values, first + at, capacity)) return "value";
    }
  }
  return undefined;
}

// This module is browser compatible.
import type { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import type { EntityId } from "../world/entity_id.ts";
import {
  MAX_OWNED,
  SNAPSHOT_RING,
  type SyncFault,
  SyncPacketKind,
} from "./packet_kind.ts";

const ECHO = 1;
const FEEDBACK = 2;
const CHECKSUM = 4;
const FORGOTTEN = 8;
const STRONG = 16;
const PARTIAL = 32;
const OWNED = 64;
const ALL_FLAGS = 127;
const MAX_TICK = 0xffff_ffff;

/** Nobody's entities. */
export const NONE_OWNED: readonly EntityId[] = [];

/** What stands before the entities in a snapshot: written and read as a whole. */
export class SnapshotHeader {
  /** Its number, counted for each client: 0 to 65535, wraps. */
  sequence = 0;
  /** The tick that it is of: 0 to 4294967295. */
  tick = 0;
  /** How many numbers before its own that of its base is: 1 to 63; 0 without a base. */
  baseAge = 0;
  /** Whether it is coded by the strong coder. */
  isStrong = false;
  /** Whether the client still lacks something of the tick when it has decoded it. */
  isPartial = false;
  /** When it was sent, by the server's clock. */
  sentStamp = 0;
  /** Whether there is an echo. */
  hasEcho = false;
  /** The client's newest stamp that the server has. */
  echoStamp = 0;
  /** How long it had it when it sent this: 0 to 65535. */
  echoHeld = 0;
  /** Whether there is something about the client's inputs. */
  hasFeedback = false;
  /** The last tick whose input the server needs no more: 0 to 4294967295. */
  inputTick = 0;
  /**
   * The least that an input came earlier than needed since this was told last, in 1/64 of
   * a tick: -32768 to 32767.
   */
  inputLead = 0;
  /** Whether there is a checksum. */
  hasChecksum = false;
  /** That of all that the client is to have: 0 to 4294967295. */
  checksum = 0;
  /** Whether it tells which entities are the client's own, as the base does not. */
  hasOwned = false;
  /** Those, ascending; none if they are not told. */
  owned: readonly EntityId[] = NONE_OWNED;
  /** Whether a list of places follows that are forgotten first. */
  hasForgotten = false;

  /** Writes it. */
  write(writer: ByteWriter): void {
    writer.u8(SyncPacketKind.Snapshot);
    writer.u16(this.sequence);
    writer.varint(this.tick);
    writer.u8(this.baseAge);
    writer.u8(
      (this.hasEcho ? ECHO : 0) | (this.hasFeedback ? FEEDBACK : 0) |
        (this.hasChecksum ? CHECKSUM : 0) |
        (this.hasForgotten ? FORGOTTEN : 0) | (this.isStrong ? STRONG : 0) |
        (this.isPartial ? PARTIAL : 0) | (this.hasOwned ? OWNED : 0),
    );
    writer.u32(this.sentStamp);
    if (this.hasEcho) {
      writer.u32(this.echoStamp);
      writer.u16(this.echoHeld);
    }
    if (this.hasFeedback) {
      writer.varint(this.inputTick);
      writer.i16(this.inputLead);
    }
    if (this.hasChecksum) writer.u32(this.checksum);
    if (!this.hasOwned) return;
    writer.u8(this.owned.length);
    for (const id of this.owned) writer.u32(id);
  }

  /**
   * Reads one.
   *
   * @param reader At the start of a message, of which the kind is known; afterwards
   * behind the header.
   * @returns What is wrong, if anything.
   */
  read(reader: ByteReader): SyncFault | undefined {
    reader.skip(1);
    this.sequence = reader.u16();
    this.tick = reader.varint();
    this.baseAge = reader.u8();
    const flags = reader.u8();
    this.hasEcho = (flags & ECHO) !== 0;
    this.hasFeedback = (flags & FEEDBACK) !== 0;
    this.hasChecksum = (flags & CHECKSUM) !== 0;
    this.hasForgotten = (flags & FORGOTTEN) !== 0;
    this.isStrong = (flags & STRONG) !== 0;
    this.isPartial = (flags & PARTIAL) !== 0;
    this.hasOwned = (flags & OWNED) !== 0;
    this.owned = NONE_OWNED;
    this.sentStamp = reader.u32();
    if (this.hasEcho) {
      this.echoStamp = reader.u32();
      this.echoHeld = reader.u16();
    }
    if (this.hasFeedback) {
      this.inputTick = reader.varint();
      this.inputLead = reader.i16();
    }
    if (this.hasChecksum) this.checksum = reader.u32();
    if (!reader.ok) return faultOf(reader);
    if (
      this.tick > MAX_TICK || this.baseAge >= SNAPSHOT_RING ||
      flags > ALL_FLAGS || (this.hasFeedback && this.inputTick > MAX_TICK)
    ) return "range";
    return this.hasOwned ? this.#readOwned(reader) : undefined;
  }

  #readOwned(reader: ByteReader): SyncFault | undefined {
    const count = reader.u8();
    if (count > MAX_OWNED) return "range";
    const owned: EntityId[] = [];
    let before = -1;
    for (let i = 0; i < count; i++) {
      const id = reader.u32();
      if (!reader.ok) break;
      if (id <= before) return "notCanonical";
      owned.push((before = id) as EntityId);
    }
    this.owned = owned;
    return reader.ok ? undefined : faultOf(reader);
  }
}

/** Whether two lists name the same entities. */
export function isSameOwned(
  a: readonly EntityId[],
  b: readonly EntityId[],
): boolean {
  return a === b || a.length === b.length && a.every((id, i) => id === b[i]);
}

/** What a reader's error is called here. */
export function faultOf(reader: ByteReader): SyncFault {
  switch (reader.error) {
    case "truncated":
      return "truncated";
    case "overlong":
    case "padding":
      return "notCanonical";
    default:
      return "range";
  }
}

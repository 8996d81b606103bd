// This module is browser compatible.
import { decodeCobs, encodeCobs } from "./_cobs.ts";
import { crc32 } from "./crc32.ts";
import type { JournalEntry } from "./journal.ts";

// The log of a journal is a row of frames:
//
//     00 <frame without zeros, by COBS> 00
//
// A frame, before COBS, all numbers little-endian:
//
//     u32  CRC-32 of all that follows
//     u8   kind: 1 entry, 2 state
//     u64  entry: its id; state: the id up to which entries are removed
//     …    entry: its bytes; state: u64, the last id that was given
//
// Zeros stand before and after a frame, so that damage to one of them costs the
// frame it belongs to and not its neighbour.

const ENTRY = 1;
const STATE = 2;
const KIND_AT = 4;
const ID_AT = 5;
const HEAD_BYTES = 13;
const STATE_BYTES = HEAD_BYTES + 8;

/** What a log says. */
export interface DecodedLog {
  /** The entries that were not removed, in ascending order of their ids. */
  readonly entries: readonly JournalEntry[];
  readonly removedId: number;
  /** No id above this one was given. */
  readonly lastId: number;
  /** How many frames were damaged. */
  readonly corrupt: number;
  /** Where the last whole frame ends; after it comes a torn one, or nothing. */
  readonly end: number;
}

/** Makes the frame of an entry. */
export function encodeEntry(entry: JournalEntry): Uint8Array {
  const frame = new Uint8Array(HEAD_BYTES + entry.bytes.length);
  frame.set(entry.bytes, HEAD_BYTES);
  return encodeFrame(frame, ENTRY, entry.id);
}

/** Makes the frame that says what was removed and which ids were given. */
export function encodeState(removedId: number, lastId: number): Uint8Array {
  const frame = new Uint8Array(STATE_BYTES);
  writeId(frame, HEAD_BYTES, lastId);
  return encodeFrame(frame, STATE, removedId);
}

/** Makes a whole log. The state comes twice, as no entry is a copy of it. */
export function encodeLog(
  entries: Iterable<JournalEntry>,
  removedId: number,
  lastId: number,
): Uint8Array {
  const state = encodeState(removedId, lastId);
  return concat([state, state, ...Array.from(entries, encodeEntry)]);
}

/** Joins frames to what is written at once. */
export function concat(frames: readonly Uint8Array[]): Uint8Array {
  const length = frames.reduce((sum, frame) => sum + frame.length, 0);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

/**
 * Reads a log, whatever became of it. Damaged frames are skipped: none of their
 * bytes come back, and none of their neighbours are lost.
 */
export function decodeLog(log: Uint8Array): DecodedLog {
  const entries: JournalEntry[] = [];
  let removedId = 0;
  let lastId = 0;
  let lastEntryId = 0;
  let corrupt = 0;
  let damagedBytes = 0;
  const end = log.lastIndexOf(0) + 1;
  for (let at = 0; at < end;) {
    const frameEnd = log.indexOf(0, at);
    const encoded = log.subarray(at, frameEnd);
    at = frameEnd + 1;
    if (encoded.length === 0) continue;
    const frame = decodeFrame(encoded);
    const id = frame === undefined ? 0 : readId(frame, ID_AT);
    if (frame?.[KIND_AT] === ENTRY && id > lastEntryId) {
      entries.push({ id, bytes: frame.slice(HEAD_BYTES) });
      lastEntryId = id;
    } else if (frame?.[KIND_AT] === STATE && frame.length === STATE_BYTES) {
      removedId = Math.max(removedId, id);
      lastId = Math.max(lastId, id, readId(frame, HEAD_BYTES));
    } else {
      corrupt++;
      damagedBytes += encoded.length;
    }
  }
  return {
    entries: entries.filter((entry) => entry.id > removedId),
    removedId,
    // What was damaged or torn may have had ids, though fewer than bytes. None
    // of them must be given again.
    lastId: Math.max(lastId, lastEntryId) + damagedBytes +
      (log.length - end),
    corrupt,
    end,
  };
}

function encodeFrame(frame: Uint8Array, kind: number, id: number): Uint8Array {
  frame[KIND_AT] = kind;
  writeId(frame, ID_AT, id);
  viewOf(frame).setUint32(0, crc32(frame.subarray(KIND_AT)), true);
  const encoded = encodeCobs(frame);
  const delimited = new Uint8Array(encoded.length + 2);
  delimited.set(encoded, 1);
  return delimited;
}

function decodeFrame(encoded: Uint8Array): Uint8Array | undefined {
  const frame = decodeCobs(encoded);
  if (frame === undefined || frame.length < HEAD_BYTES) return undefined;
  const crc = viewOf(frame).getUint32(0, true);
  return crc32(frame.subarray(KIND_AT)) === crc ? frame : undefined;
}

function writeId(frame: Uint8Array, at: number, id: number): void {
  viewOf(frame).setUint32(at, id >>> 0, true);
  viewOf(frame).setUint32(at + 4, Math.floor(id / 2 ** 32), true);
}

function readId(frame: Uint8Array, at: number): number {
  const view = viewOf(frame);
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

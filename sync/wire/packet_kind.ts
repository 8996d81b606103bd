// This module is browser compatible.

/** The first byte of a message: what it is. */
export const SyncPacketKind = {
  /** A message of the handshake, from either end. */
  Handshake: 0,
  /** What a client is to have, from the server. */
  Snapshot: 1,
  /** What a client has, and its inputs, from the client. */
  Report: 2,
} as const;

/** The kind of a message. */
export type SyncPacketKind = typeof SyncPacketKind[keyof typeof SyncPacketKind];

/** How many messages each end remembers: a base is at most one less back. */
export const SNAPSHOT_RING = 64;

/** The most bytes of the inputs in a report. */
export const MAX_REPORT_INPUT_BYTES = 1_024;

/** The most bytes of a snapshot, whatever a link takes. */
export const MAX_SNAPSHOT_BYTES = 2 ** 20;

/** The most entities that are a client's own. */
export const MAX_OWNED = 16;

/** The fewest bytes that a link must take. */
export const MIN_LINK_BYTES = 256;

/**
 * Why a message is refused, and nothing of it used:
 *
 * - `kind`: its first byte is not what the other end may send;
 * - `early`: it came before the handshake was over;
 * - `truncated`: it ends too early;
 * - `trailing`: something follows its end;
 * - `range`: a number is beyond what it may be;
 * - `notCanonical`: it is not what a writer would write for the same content;
 * - `value`: four numbers are no rotation, a float is not finite, or bytes are not
 *   what their field allows;
 * - `coder`: it is written with another coder than its base, or one that the reader
 *   does not have;
 * - `inputs`: the inputs are refused, or come from somebody who may not have any.
 */
export type SyncFault =
  | "kind"
  | "early"
  | "truncated"
  | "trailing"
  | "range"
  | "notCanonical"
  | "value"
  | "coder"
  | "inputs";

/** All of them, for counters. */
export const SYNC_FAULTS: readonly SyncFault[] = [
  "kind",
  "early",
  "truncated",
  "trailing",
  "range",
  "notCanonical",
  "value",
  "coder",
  "inputs",
];

/** A count of each, at 0. */
export function noFaults(): Record<SyncFault, number> {
  return Object.fromEntries(SYNC_FAULTS.map((fault) => [fault, 0])) as Record<
    SyncFault,
    number
  >;
}

// This module is browser compatible.

/** What a record is: the first byte of its body. See `REPLAY.md`. */
export const RecordKind = {
  /** Time moved on. */
  Tick: 1,
  /** Time moved on by as much as before. */
  TickAgain: 2,
  /** A peer was connected. */
  Connected: 3,
  /** Its link went from connecting to open. */
  Opened: 4,
  /** Its link was closed. */
  Closed: 5,
  /** The game ended a link. */
  Disconnected: 6,
  /** A packet came in. */
  PacketIn: 7,
  /** A packet went out. */
  PacketOut: 8,
  /** A call or a packet was refused. */
  Rejected: 9,
  /** The clock that measures handlers was read. */
  Clock: 10,
  /** A call of the documented surface. */
  Call: 11,
  /** The recording ends here. */
  End: 12,
} as const;

/** One of the kinds. */
export type RecordKind = typeof RecordKind[keyof typeof RecordKind];

/** "TWRC". */
export const RECORDING_MAGIC: readonly number[] = [0x54, 0x57, 0x52, 0x43];
/** The version of the format. */
export const RECORDING_VERSION = 1;
/** Magic, version, subject, hash, CRC. */
export const RECORDING_HEADER_BYTES = 18;
/** The most bytes of a record's body. */
export const MAX_RECORD_BYTES = 1_048_576;
/** The most bytes of the reason why a link was closed. */
export const MAX_CLOSED_BYTES = 1_024;
/** The most bytes of an rpc's name, and of a reason. */
export const MAX_WORD_BYTES = 64;
/** The flag of a packet that its link did not take, beside the channel. */
export const NOT_TAKEN = 4;

/** Whose recording: what the header says. */
export type RecordingSubject = "server" | "client" | "calls";

/** The subjects, by their number in the header. */
export const SUBJECTS: readonly (RecordingSubject | undefined)[] = [
  undefined,
  "server",
  "client",
  "calls",
];

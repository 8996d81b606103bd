// This module is browser compatible.

/** "TWRS": a recording of sync. */
export const MAGIC: readonly number[] = [0x54, 0x57, 0x52, 0x53];
/** The version of the format. */
export const VERSION = 1;
/** The header, its CRC-32 included. */
export const HEADER_BYTES = 17;
/** Behind each record. */
export const CRC_BYTES = 4;
/** The most bytes of a record. */
export const MAX_RECORD_BYTES = 2 ** 24;

/** The first byte of a record. */
export const RecordKind = {
  /** A whole state: what follows needs nothing before it. */
  Key: 1,
  /** The difference to the record before. */
  Delta: 2,
} as const;

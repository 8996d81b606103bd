// This module is browser compatible.
import type { ByteReader } from "../../protocol/mod.ts";

/** What a capture begins with: a name and the version of the format, 1. */
export const CAPTURE_MAGIC: Uint8Array = new Uint8Array([
  0x54,
  0x57,
  0x43,
  0x41,
  0x50,
  0x54,
  0x01,
  0x0a,
]);

export const MAX_NOTE_BYTES = 1_048_576;
const MAX_DATAGRAM_BYTES = 65_535;
const MAX_KEY_BYTES = 32;
const MAX_HOST_BYTES = 255;

/** The first byte of each record. */
export const CaptureKind = {
  Address: 1,
  Poll: 2,
  Received: 3,
  Sent: 4,
  NotSent: 5,
  Note: 6,
  Closed: 7,
} as const;

/** One of the kinds of records. */
export type CaptureKind = typeof CaptureKind[keyof typeof CaptureKind];

/** A record as it was read. What does not belong to its kind is 0 or empty. */
export interface CaptureRecord {
  readonly kind: CaptureKind;
  /** Of a poll: microseconds since the poll before. */
  readonly elapsedUs: number;
  /** Of a datagram: the index of its address. */
  readonly address: number;
  /** Of what was not sent: why. */
  readonly result: number;
  /** Of an address. */
  readonly host: string;
  /** Of an address. */
  readonly port: number;
  /** Of a datagram or a note; the key of an address. */
  readonly bytes: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const EMPTY = {
  elapsedUs: 0,
  address: 0,
  result: 0,
  host: "",
  port: 0,
  bytes: NOTHING,
};

/**
 * Reads the record at the reader's position, which holds one or more bytes.
 *
 * @param addresses How many addresses were read before.
 * @returns `undefined` if it is not whole, or wrong: as the reader's error tells.
 */
export function readRecord(
  reader: ByteReader,
  addresses: number,
): CaptureRecord | undefined {
  const kind = reader.u8();
  let record: CaptureRecord;
  switch (kind) {
    case CaptureKind.Address: {
      const bytes = reader.bytes(MAX_KEY_BYTES);
      if (reader.ok && bytes.length === 0) reader.fail("range");
      const host = reader.string(MAX_HOST_BYTES);
      record = { ...EMPTY, kind, bytes, host, port: reader.u16() };
      break;
    }
    case CaptureKind.Poll:
      record = { ...EMPTY, kind, elapsedUs: reader.varint() };
      break;
    case CaptureKind.Received:
    case CaptureKind.Sent:
    case CaptureKind.NotSent: {
      const result = kind === CaptureKind.NotSent ? reader.u8() : 0;
      const address = reader.varint();
      const isWrong = address >= addresses ||
        kind === CaptureKind.NotSent && (result < 1 || result > 4);
      if (reader.ok && isWrong) reader.fail("range");
      const bytes = reader.bytes(MAX_DATAGRAM_BYTES);
      record = { ...EMPTY, kind, result, address, bytes };
      break;
    }
    case CaptureKind.Note:
      record = { ...EMPTY, kind, bytes: reader.bytes(MAX_NOTE_BYTES) };
      break;
    case CaptureKind.Closed:
      record = { ...EMPTY, kind };
      break;
    default:
      reader.fail("range");
      return undefined;
  }
  return reader.ok ? record : undefined;
}

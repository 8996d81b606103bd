// This module is browser compatible.
import {
  ByteReader,
  ByteWriter,
  Packet,
  PacketDecoder,
  PacketEncoder,
  PacketKind,
  PacketView,
} from "../../protocol/mod.ts";
import type { Writable } from "../writable.ts";
import type { FileFailReason } from "./file_event.ts";

/** The most bytes of a file in a message: with all headers it fits into a datagram of 1,200. */
export const MAX_CHUNK_BYTES = 1_100;
/** The least: what is held out of order must not cost many times its bytes. */
export const MIN_CHUNK_BYTES = 64;
export const MAX_NAME_BYTES = 255;
export const MAX_VERSION_BYTES = 64;
export const MAX_SIZE = 0xffff_ffff;
const MAX_MESSAGE_BYTES = 1_200;

/** The first byte of a FileRequest: section 6 of PROTOCOL.md. */
export const Op = {
  Request: 0,
  Offer: 1,
  Begin: 2,
  Grant: 3,
  Answer: 4,
  End: 5,
  Done: 6,
  Cancel: 7,
} as const;

/** What a canceled transfer tells, by its code. */
export const CANCEL_REASONS: readonly FileFailReason[] = [
  "canceled",
  "refused",
  "busy",
  "changed",
  "tooLarge",
  "corrupt",
  "stalled",
  "misbehaved",
  "closed",
];

/** A message as it was read; what its op does not have is 0 or "". */
export interface FileMessage {
  /** An `Op`, or -1 for a chunk. */
  readonly op: number;
  /** The transfer, as this end numbers it. */
  readonly transfer: number;
  readonly name: string;
  readonly version: string;
  readonly size: number;
  readonly offset: number;
  readonly upTo: number;
  readonly chunkBytes: number;
  readonly reason: FileFailReason;
  readonly hashLow: number;
  readonly hashHigh: number;
  /** Of a chunk: a view of what was read. */
  readonly bytes: Uint8Array;
}

const encoder = new PacketEncoder();
const NOTHING = new Uint8Array(0);

/** Makes a message of the ops. `transfer` is as this end numbers it. */
export function encodeControl(
  transfer: number,
  op: number,
  write: (body: ByteWriter) => void = () => {},
): Uint8Array {
  const body = new ByteWriter({
    initialBytes: 64,
    maxBytes: MAX_MESSAGE_BYTES,
  });
  body.u8(op);
  write(body);
  return encode(PacketKind.FileRequest, transfer, body);
}

/** Makes a message of bytes of a file, read by `read`. */
export function encodeChunk(
  transfer: number,
  offset: number,
  bytes: Uint8Array,
): Uint8Array {
  const body = new ByteWriter({
    initialBytes: bytes.length + 5,
    maxBytes: MAX_MESSAGE_BYTES,
  });
  body.varint(offset);
  body.raw(bytes);
  return encode(PacketKind.FileChunk, transfer, body);
}

/** Whether a cancelation for that reason has a code. */
export function cancelCode(reason: FileFailReason): number {
  return CANCEL_REASONS.indexOf(reason);
}

/** Reads messages. */
export class FileMessageReader {
  readonly #decoder = new PacketDecoder({ maxPayloadBytes: MAX_MESSAGE_BYTES });
  readonly #view = new PacketView();
  readonly #reader = new ByteReader();

  /**
   * Reads a message: `undefined` if it is none of a transfer's, `"malformed"` if it is
   * not as it should be.
   */
  read(message: Uint8Array): FileMessage | "malformed" | undefined {
    const view = this.#view;
    if (this.#decoder.tryDecode(message, view) !== undefined) return undefined;
    if (view.end !== message.length) return undefined;
    const { kind } = view;
    if (kind !== PacketKind.FileRequest && kind !== PacketKind.FileChunk) {
      return undefined;
    }
    const { buffer, payloadStart, payloadLen } = view;
    this.#reader.reset(buffer, payloadStart, payloadStart + payloadLen);
    // The other end's numbers are odd where ours are even.
    const transfer = (view.sequence ^ 1) >>> 0;
    return kind === PacketKind.FileChunk
      ? this.#chunk(transfer)
      : this.#control(transfer);
  }

  #chunk(transfer: number): FileMessage | "malformed" {
    const reader = this.#reader;
    const offset = reader.varint();
    const { remaining } = reader;
    if (!reader.ok || remaining < 1 || remaining > MAX_CHUNK_BYTES) {
      return "malformed";
    }
    return { ...blank(-1, transfer), offset, bytes: reader.raw(remaining) };
  }

  #control(transfer: number): FileMessage | "malformed" {
    const reader = this.#reader;
    const op = reader.u8();
    const message = blank(op, transfer);
    switch (op) {
      case Op.Request:
        message.name = reader.string(MAX_NAME_BYTES);
        message.version = reader.string(MAX_VERSION_BYTES);
        this.#extent(message);
        break;
      case Op.Offer:
        message.name = reader.string(MAX_NAME_BYTES);
        message.version = reader.string(MAX_VERSION_BYTES);
        message.size = reader.varint();
        break;
      case Op.Begin:
        this.#extent(message);
        break;
      case Op.Grant:
        message.upTo = reader.varint();
        break;
      case Op.Answer:
        message.version = reader.string(MAX_VERSION_BYTES);
        message.size = reader.varint();
        break;
      case Op.End:
        message.hashLow = reader.u32();
        message.hashHigh = reader.u32();
        break;
      case Op.Done:
        break;
      case Op.Cancel: {
        const reason = CANCEL_REASONS[reader.u8()];
        if (reason === undefined) return "malformed";
        message.reason = reason;
        break;
      }
      default:
        return "malformed";
    }
    if (!reader.ok || !reader.atEnd) return "malformed";
    if (op <= Op.Offer && message.name === "") return "malformed";
    const { chunkBytes } = message;
    if (op === Op.Request || op === Op.Begin) {
      if (chunkBytes < MIN_CHUNK_BYTES || chunkBytes > MAX_CHUNK_BYTES) {
        return "malformed";
      }
      if (message.upTo < message.offset) return "malformed";
    }
    return message;
  }

  #extent(message: Writable<FileMessage>): void {
    message.offset = this.#reader.varint();
    message.upTo = this.#reader.varint();
    message.chunkBytes = this.#reader.varint();
  }
}

function encode(
  kind: PacketKind,
  sequence: number,
  body: ByteWriter,
): Uint8Array {
  return encoder.encode(new Packet({ kind, sequence, payload: body.view() }));
}

function blank(op: number, transfer: number): Writable<FileMessage> {
  return {
    op,
    transfer,
    name: "",
    version: "",
    size: 0,
    offset: 0,
    upTo: 0,
    chunkBytes: 0,
    reason: "canceled",
    hashLow: 0,
    hashHigh: 0,
    bytes: NOTHING,
  };
}

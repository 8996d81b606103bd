// This module is browser compatible.
import { crc32 } from "../../core/mod.ts";
import { ByteReader, isChannel } from "../../protocol/mod.ts";
import {
  MAX_CLOSED_BYTES,
  MAX_RECORD_BYTES,
  MAX_WORD_BYTES,
  NOT_TAKEN,
  RECORDING_HEADER_BYTES,
  RECORDING_MAGIC,
  RECORDING_VERSION,
  RecordKind,
  SUBJECTS,
} from "./record_kind.ts";
import type { Recorded, RecordingHeader } from "./recorded.ts";

const CRC_BYTES = 4;
const MIN_BODY_BYTES = 2;
/** Up to here the length of a record is read. */
const MAX_LENGTH_BYTES = 3;

/**
 * What is found at a place: a record; `more`, if its bytes are not all there; `stopped`
 * or `full`, the end; or `corrupt`.
 */
export type Decoded = Recorded | "more" | "stopped" | "full" | "corrupt";

/** Reads the records of one recording in their order. It throws for no bytes. */
export class RecordDecoder {
  readonly #reader = new ByteReader();
  #timeUs = 0;
  #dt = -1;
  #position = 0;
  #fault: string | undefined;

  /** Where what was decoded last ends. */
  get position(): number {
    return this.#position;
  }

  /** What is wrong, after `corrupt`. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /**
   * Reads the header at the beginning of bytes.
   *
   * @returns The header; `undefined` if it is not there, or wrong: see `fault`.
   */
  header(bytes: Uint8Array, end: number): RecordingHeader | undefined {
    const known = Math.min(RECORDING_MAGIC.length, end);
    for (let i = 0; i < known; i++) {
      if (bytes[i] !== RECORDING_MAGIC[i]) {
        this.#fault = "it does not begin as a recording";
        return undefined;
      }
    }
    if (end < RECORDING_HEADER_BYTES) return undefined;
    const reader = this.#reader;
    reader.reset(bytes, RECORDING_MAGIC.length, RECORDING_HEADER_BYTES);
    const version = reader.u8();
    const subject = SUBJECTS[reader.u8()];
    const { low, high } = reader.u64({ low: 0, high: 0 });
    const checked = RECORDING_HEADER_BYTES - CRC_BYTES;
    if (version !== RECORDING_VERSION) {
      this.#fault = `its version is ${version}`;
    } else if (reader.u32() !== crc32(bytes, 0, checked)) {
      this.#fault = "its header is damaged";
    } else if (subject === undefined) {
      this.#fault = "its header names no subject";
    } else {
      this.#position = RECORDING_HEADER_BYTES;
      return { subject, hashLow: low, hashHigh: high };
    }
    return undefined;
  }

  /** Reads what is at a place; `position` moves behind it, unless it is `more` or `corrupt`. */
  next(bytes: Uint8Array, start: number, end: number): Decoded {
    const reader = this.#reader;
    reader.reset(bytes, start, end);
    const bodyBytes = reader.varint();
    if (!reader.ok) {
      return end - start < MAX_LENGTH_BYTES && reader.error === "truncated"
        ? "more"
        : this.#corrupt("a length is wrong");
    }
    if (bodyBytes < MIN_BODY_BYTES || bodyBytes > MAX_RECORD_BYTES) {
      return this.#corrupt("a length is wrong");
    }
    const body = reader.position;
    const bodyEnd = body + bodyBytes;
    if (bodyEnd + CRC_BYTES > end) return "more";
    reader.reset(bytes, bodyEnd, bodyEnd + CRC_BYTES);
    if (reader.u32() !== crc32(bytes, start, bodyEnd)) {
      return this.#corrupt("a checksum is wrong");
    }
    reader.reset(bytes, body, bodyEnd);
    const decoded = this.#body(reader);
    if (decoded === "corrupt" || !reader.atEnd) {
      return this.#corrupt("a record is malformed");
    }
    this.#position = bodyEnd + CRC_BYTES;
    return decoded;
  }

  #corrupt(fault: string): "corrupt" {
    this.#fault = fault;
    return "corrupt";
  }

  #body(reader: ByteReader): Decoded {
    const kind = reader.u8();
    const timeUs = this.#timeUs + reader.varint();
    if (timeUs > Number.MAX_SAFE_INTEGER) return "corrupt";
    const dt = this.#dt;
    const decoded = this.#decode(reader, kind, timeUs);
    // What a record leaves behind counts only if it is right.
    if (decoded === "corrupt" || !reader.atEnd) {
      this.#dt = dt;
      return "corrupt";
    }
    this.#timeUs = timeUs;
    return decoded;
  }

  #decode(reader: ByteReader, kind: number, timeUs: number): Decoded {
    const timeMs = timeUs / 1_000;
    switch (kind) {
      case RecordKind.Tick: {
        const dt = reader.f64();
        if (!isDuration(dt) || dt === this.#dt) return "corrupt";
        this.#dt = dt;
        return { type: "tick", timeMs, dt };
      }
      case RecordKind.TickAgain:
        if (this.#dt < 0) return "corrupt";
        return { type: "tick", timeMs, dt: this.#dt };
      case RecordKind.Connected: {
        const peer = reader.varint();
        const isOpen = reader.u8();
        if (isOpen > 1) return "corrupt";
        const maxMessageBytes = reader.varint();
        return {
          type: "connected",
          timeMs,
          peer,
          isOpen: isOpen === 1,
          maxMessageBytes,
        };
      }
      case RecordKind.Opened: {
        const peer = reader.varint();
        const maxMessageBytes = reader.varint();
        return { type: "opened", timeMs, peer, maxMessageBytes };
      }
      case RecordKind.Closed:
      case RecordKind.Disconnected: {
        const peer = reader.varint();
        const reason = reader.string(MAX_CLOSED_BYTES);
        const type = kind === RecordKind.Closed ? "closed" : "disconnected";
        return { type, timeMs, peer, reason };
      }
      case RecordKind.PacketIn: {
        const peer = reader.varint();
        const channel = reader.u8();
        if (!isChannel(channel)) return "corrupt";
        return { type: "packetIn", timeMs, peer, channel, bytes: rest(reader) };
      }
      case RecordKind.PacketOut: {
        const peer = reader.varint();
        const flags = reader.u8();
        const isTaken = flags < NOT_TAKEN;
        const channel = isTaken ? flags : flags - NOT_TAKEN;
        if (!isChannel(channel)) return "corrupt";
        const bytes = rest(reader);
        return { type: "packetOut", timeMs, peer, channel, isTaken, bytes };
      }
      case RecordKind.Rejected: {
        const peer = reader.varint();
        const rpc = reader.string(MAX_WORD_BYTES);
        const reason = reader.string(MAX_WORD_BYTES);
        return { type: "rejected", timeMs, peer, rpc, reason };
      }
      case RecordKind.Clock:
        return { type: "clock", timeMs, elapsedMs: reader.varint() / 1_000 };
      case RecordKind.Call: {
        const peer = reader.varint();
        return { type: "call", timeMs, peer, bytes: rest(reader) };
      }
      case RecordKind.End: {
        const why = reader.u8();
        if (timeUs !== this.#timeUs || why > 1) return "corrupt";
        return why === 1 ? "full" : "stopped";
      }
      default:
        return "corrupt";
    }
  }
}

/** There is one form of 0. */
function isDuration(value: number): boolean {
  return value >= 0 && value < Infinity && !Object.is(value, -0);
}

function rest(reader: ByteReader): Uint8Array<ArrayBuffer> {
  return new Uint8Array(reader.raw(reader.remaining));
}

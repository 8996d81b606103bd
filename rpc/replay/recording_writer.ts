// This module is browser compatible.
import { crc32 } from "../../core/mod.ts";
import { ByteWriter, type Channel, utf8Length } from "../../protocol/mod.ts";
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
import type { RecordingHeader } from "./recorded.ts";

/** Takes bytes of a recording in their order; they are the writer's own and hold only during the call. */
export type RecordingSink = (bytes: Uint8Array) => void;

/** Options for {@linkcode RecordingWriter}. */
export interface RecordingWriterOptions {
  /**
   * The bytes not to exceed, all in all: 32 or more. The first record that does not fit
   * ends the recording.
   *
   * @default {Infinity}
   */
  readonly maxBytes?: number;
}

/** Length, kind, no time, why, CRC. */
const END_RECORD_BYTES = 1 + 1 + 1 + 1 + 4;
const MIN_BYTES = 32;
/** Room for the varint of the length, which is known last. */
const LENGTH_BYTES = 3;
const CRC_BYTES = 4;
/** Kind, the varints of time and peer, channel. */
const MAX_FIXED_BYTES = 1 + 8 + 8 + 1;

/**
 * Writes a recording, as `REPLAY.md` has it, record by record into a sink: memory, a
 * file. It keeps one record's bytes at most.
 *
 * When the recording is full or was stopped, nothing more is written; what is given to
 * it then is counted.
 *
 * @example Into memory
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { loadRecording, RecordingWriter } from "@tickwire/net/rpc";
 *
 * const bytes: number[] = [];
 * const writer = new RecordingWriter(
 *   { subject: "client", hashLow: 1, hashHigh: 2 },
 *   (part) => bytes.push(...part),
 * );
 * writer.tick(1 / 60);
 * writer.packetIn(0, 0, new Uint8Array([1, 2, 3]));
 * writer.stop();
 *
 * const recording = loadRecording(new Uint8Array(bytes));
 * assertEquals([...recording].map(({ type }) => type), ["tick", "packetIn"]);
 * assertEquals(recording.ending, "stopped");
 * ```
 */
export class RecordingWriter {
  readonly #sink: RecordingSink;
  readonly #maxBytes: number;
  readonly #record = new ByteWriter({
    maxBytes: LENGTH_BYTES + MAX_RECORD_BYTES + CRC_BYTES,
  });
  #byteCount = 0;
  #recordCount = 0;
  #droppedCount = 0;
  #state: "writing" | "full" | "stopped" = "writing";
  #dt = -1;
  /** Not rounded, so that roundings do not add up. */
  #seconds = 0;
  #timeUs = 0;
  #writtenUs = 0;

  /**
   * Creates a writer, which writes the header at once.
   *
   * @param header What the recording is of.
   * @param sink Where the bytes go.
   * @param options How many bytes at most.
   * @throws {RangeError} If `maxBytes` is below 32, or a half of the hash is no u32.
   */
  constructor(
    header: RecordingHeader,
    sink: RecordingSink,
    options: RecordingWriterOptions = {},
  ) {
    const { maxBytes = Infinity } = options;
    if (!(maxBytes >= MIN_BYTES)) {
      throw new RangeError(
        `Cannot create a RecordingWriter as maxBytes must be >= ${MIN_BYTES}: current value is ${maxBytes}`,
      );
    }
    this.#sink = sink;
    this.#maxBytes = maxBytes;
    const record = this.#record;
    for (const byte of RECORDING_MAGIC) record.u8(byte);
    record.u8(RECORDING_VERSION);
    record.u8(SUBJECTS.indexOf(header.subject));
    record.u64(header.hashLow, header.hashHigh);
    if (!record.ok) {
      throw new RangeError(
        `Cannot create a RecordingWriter as hashLow and hashHigh must be from 0 to 2^32 - 1: current values are ${header.hashLow} and ${header.hashHigh}`,
      );
    }
    record.u32(crc32(record.buffer, 0, record.length));
    this.#byteCount = RECORDING_HEADER_BYTES;
    sink(record.view());
  }

  /** How many bytes the sink was given. */
  get byteCount(): number {
    return this.#byteCount;
  }

  /** How many records were written, without the end. */
  get recordCount(): number {
    return this.#recordCount;
  }

  /** How many records were not written, as the recording was full or had been stopped. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  /** `writing`; `full` when a record did not fit; `stopped` after `stop()`. */
  get state(): "writing" | "full" | "stopped" {
    return this.#state;
  }

  /** The simulation time since the recording began, in milliseconds. */
  get timeMs(): number {
    return this.#timeUs / 1_000;
  }

  /**
   * Moves the time on without a record, for the records that follow.
   *
   * @param timeMs Milliseconds since the recording began: finite, and not before
   * `timeMs`. It is rounded to microseconds.
   * @throws {RangeError} If it is not.
   */
  advanceTo(timeMs: number): void {
    if (!(timeMs >= this.timeMs && timeMs < Infinity)) {
      throw new RangeError(
        `Cannot move a recording on as timeMs must be finite and >= ${this.timeMs}: current value is ${timeMs}`,
      );
    }
    this.#advanceTo(timeMs / 1_000);
  }

  /**
   * Moves the time on, and records that.
   *
   * @param dt Seconds: finite, 0 or more.
   * @throws {RangeError} If it is not.
   */
  tick(dt: number): void {
    // -0 is 0: there is one form for each record.
    const seconds = dt + 0;
    if (!(seconds >= 0 && seconds < Infinity)) {
      throw new RangeError(
        `Cannot record a tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    this.#advanceTo(this.#seconds + seconds);
    const isAgain = seconds === this.#dt;
    this.#begin(isAgain ? RecordKind.TickAgain : RecordKind.Tick);
    if (!isAgain) this.#record.f64(seconds);
    if (this.#end()) this.#dt = seconds;
  }

  /**
   * Records that a peer was connected.
   *
   * @param peer 0 to 2^53 - 1.
   * @param isOpen Whether its link is open.
   * @param maxMessageBytes The most bytes of a message of its link: 0 to 2^53 - 1.
   */
  connected(peer: number, isOpen: boolean, maxMessageBytes: number): void {
    this.#begin(RecordKind.Connected, peer);
    this.#record.u8(isOpen ? 1 : 0);
    this.#record.varint(maxMessageBytes);
    this.#end();
  }

  /**
   * Records that a link went from connecting to open.
   *
   * @param peer 0 to 2^53 - 1.
   * @param maxMessageBytes The most bytes of a message of its link: 0 to 2^53 - 1.
   */
  opened(peer: number, maxMessageBytes: number): void {
    this.#begin(RecordKind.Opened, peer);
    this.#record.varint(maxMessageBytes);
    this.#end();
  }

  /**
   * Records that a link was closed.
   *
   * @param peer 0 to 2^53 - 1.
   * @param reason Why; cut to 1,024 bytes.
   */
  closed(peer: number, reason: string): void {
    this.#begin(RecordKind.Closed, peer);
    this.#record.string(cut(reason, MAX_CLOSED_BYTES));
    this.#end();
  }

  /**
   * Records that the game ended a link.
   *
   * @param peer 0 to 2^53 - 1.
   * @param reason Why; cut to 1,024 bytes.
   */
  disconnected(peer: number, reason: string): void {
    this.#begin(RecordKind.Disconnected, peer);
    this.#record.string(cut(reason, MAX_CLOSED_BYTES));
    this.#end();
  }

  /**
   * Records a packet that came in.
   *
   * @param peer 0 to 2^53 - 1.
   * @param channel Over which channel.
   * @param bytes The packet.
   */
  packetIn(peer: number, channel: Channel, bytes: Uint8Array): void {
    this.#begin(RecordKind.PacketIn, peer);
    this.#record.u8(channel);
    this.#rest(bytes);
  }

  /**
   * Records a packet that went out.
   *
   * @param peer 0 to 2^53 - 1.
   * @param channel Over which channel.
   * @param bytes The packet.
   * @param isTaken Whether the link took it.
   */
  packetOut(
    peer: number,
    channel: Channel,
    bytes: Uint8Array,
    isTaken: boolean,
  ): void {
    this.#begin(RecordKind.PacketOut, peer);
    this.#record.u8(isTaken ? channel : channel | NOT_TAKEN);
    this.#rest(bytes);
  }

  /**
   * Records that a call or a packet was refused.
   *
   * @param peer 0 to 2^53 - 1.
   * @param rpc The name of the rpc, or nothing; cut to 64 bytes.
   * @param reason Why; cut to 64 bytes.
   */
  rejected(peer: number, rpc: string, reason: string): void {
    this.#begin(RecordKind.Rejected, peer);
    this.#record.string(cut(rpc, MAX_WORD_BYTES));
    this.#record.string(cut(reason, MAX_WORD_BYTES));
    this.#end();
  }

  /**
   * Records that the clock that measures handlers was read.
   *
   * @param elapsedUs How long after the reading before, in microseconds: 0 to 2^53 - 1.
   */
  clock(elapsedUs: number): void {
    this.#begin(RecordKind.Clock);
    this.#record.varint(elapsedUs);
    this.#end();
  }

  /**
   * Records a call of the documented surface.
   *
   * @param peer Its caller: 0 is the server, up to 2^53 - 1.
   * @param bytes What it is serialised to.
   */
  call(peer: number, bytes: Uint8Array): void {
    this.#begin(RecordKind.Call, peer);
    this.#rest(bytes);
  }

  /** Ends the recording. A second time it does nothing. */
  stop(): void {
    if (this.#state === "writing") this.#finish("stopped");
  }

  #advanceTo(seconds: number): void {
    this.#seconds = seconds;
    this.#timeUs = Math.min(Math.round(seconds * 1e6), Number.MAX_SAFE_INTEGER);
  }

  #begin(kind: RecordKind, peer = -1): void {
    const record = this.#record;
    record.reset();
    record.reserve(MAX_FIXED_BYTES);
    record.length = LENGTH_BYTES;
    record.u8(kind);
    record.varint(this.#timeUs - this.#writtenUs);
    if (peer !== -1) record.varint(peer);
  }

  #rest(bytes: Uint8Array): void {
    this.#record.raw(bytes);
    this.#end();
  }

  /** Writes the record, if it fits; else ends the recording. */
  #end(): boolean {
    if (this.#state !== "writing") {
      this.#droppedCount++;
      return false;
    }
    const record = this.#record;
    if (record.error === "range") {
      throw new RangeError(
        "Cannot record as peers and lengths must be integers from 0 to 2^53 - 1, and channels 0 to 3",
      );
    }
    const isWritten = record.ok && record.length <= LENGTH_BYTES +
          MAX_RECORD_BYTES &&
      this.#write(END_RECORD_BYTES);
    if (isWritten) {
      this.#recordCount++;
      this.#writtenUs = this.#timeUs;
    } else {
      this.#droppedCount++;
      this.#finish("full");
    }
    return isWritten;
  }

  /** Puts the length before the body and the CRC behind it, if `reservedBytes` stay free. */
  #write(reservedBytes: number): boolean {
    const record = this.#record;
    const { buffer } = record;
    const bodyBytes = record.length - LENGTH_BYTES;
    const start = bodyBytes < 0x80 ? 2 : bodyBytes < 0x4000 ? 1 : 0;
    const byteCount = this.#byteCount + record.length - start + CRC_BYTES;
    if (byteCount + reservedBytes > this.#maxBytes) return false;
    let rest = bodyBytes;
    for (let i = start; i < LENGTH_BYTES; i++) {
      buffer[i] = i < LENGTH_BYTES - 1 ? (rest & 0x7f) | 0x80 : rest;
      rest >>>= 7;
    }
    record.u32(crc32(buffer, start, record.length));
    this.#byteCount = byteCount;
    this.#sink(record.buffer.subarray(start, record.length));
    return true;
  }

  #finish(state: "full" | "stopped"): void {
    this.#state = state;
    const record = this.#record;
    record.reset();
    record.reserve(MAX_FIXED_BYTES);
    record.length = LENGTH_BYTES;
    record.u8(RecordKind.End);
    record.varint(0);
    record.u8(state === "full" ? 1 : 0);
    this.#write(0);
  }
}

/** As much of a text as has that many bytes, without half a character. */
function cut(text: string, maxBytes: number): string {
  if (text.length * 3 <= maxBytes || utf8Length(text) <= maxBytes) return text;
  let end = Math.min(text.length, maxBytes);
  while (utf8Length(text.slice(0, end)) > maxBytes) end--;
  const last = text.charCodeAt(end - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? end - 1 : end);
}

// This module is browser compatible.
import { RpcError } from "../rpc_error.ts";
import { RecordDecoder } from "./_record_decoder.ts";
import type { Recorded, RecordingEnding, RecordingHeader } from "./recorded.ts";

/** A recording in memory, as {@linkcode loadRecording} makes it: checked, and read as often as wanted. */
export interface Recording extends Iterable<Recorded> {
  /** What it is of. */
  readonly header: RecordingHeader;
  /** How it ends. Unless that is `stopped` or `full`, something is missing. */
  readonly ending: RecordingEnding;
  /** What is wrong with a corrupt recording, for people; else `undefined`. */
  readonly fault: string | undefined;
  /** How many whole records it has, without the end. */
  readonly count: number;
  /** The time of its last record, in milliseconds. */
  readonly durationMs: number;
  /**
   * Its bytes, as far as they are whole.
   *
   * @returns A copy.
   */
  toBytes(): Uint8Array<ArrayBuffer>;
}

/**
 * Loads a recording: of a file that was cut off as much as is whole, of a damaged one
 * what comes before the damage. Nothing is held but a copy of that.
 *
 * @param bytes The recording.
 * @returns What there is of it: see `ending`.
 * @throws {RpcError} `deserializeError` if its header is not whole, or no recording's.
 *
 * @example A file that was cut off
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { loadRecording, RecordingWriter } from "@tickwire/net/rpc";
 *
 * const bytes: number[] = [];
 * const header = { subject: "server", hashLow: 0, hashHigh: 0 } as const;
 * const writer = new RecordingWriter(header, (part) => bytes.push(...part));
 * writer.tick(0.25);
 * writer.tick(0.5);
 *
 * const recording = loadRecording(new Uint8Array(bytes.slice(0, -3)));
 * assertEquals([recording.count, recording.ending], [1, "truncated"]);
 * ```
 */
export function loadRecording(bytes: Uint8Array): Recording {
  const decoder = new RecordDecoder();
  const header = decoder.header(bytes, bytes.length);
  if (header === undefined) {
    throw new RpcError(
      "deserializeError",
      `Cannot load a recording as ${
        decoder.fault ?? "it ends within its header"
      }`,
    );
  }
  let count = 0;
  let durationMs = 0;
  let ending: RecordingEnding = "truncated";
  let fault: string | undefined;
  while (decoder.position < bytes.length) {
    if (ending !== "truncated") {
      fault = "bytes follow its end";
      break;
    }
    const decoded = decoder.next(bytes, decoder.position, bytes.length);
    if (decoded === "more") break;
    if (decoded === "corrupt") {
      fault = decoder.fault;
      break;
    }
    if (typeof decoded === "string") {
      ending = decoded;
    } else {
      count++;
      durationMs = decoded.timeMs;
    }
  }
  if (fault !== undefined) {
    ending = "corrupt";
    fault = `${fault}, at byte ${decoder.position}`;
  }
  const whole = new Uint8Array(bytes.subarray(0, decoder.position));
  return new LoadedRecording(header, ending, fault, count, durationMs, whole);
}

class LoadedRecording implements Recording {
  readonly header: RecordingHeader;
  readonly ending: RecordingEnding;
  readonly fault: string | undefined;
  readonly count: number;
  readonly durationMs: number;
  readonly #whole: Uint8Array<ArrayBuffer>;

  constructor(
    header: RecordingHeader,
    ending: RecordingEnding,
    fault: string | undefined,
    count: number,
    durationMs: number,
    whole: Uint8Array<ArrayBuffer>,
  ) {
    this.header = header;
    this.ending = ending;
    this.fault = fault;
    this.count = count;
    this.durationMs = durationMs;
    this.#whole = whole;
  }

  toBytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#whole);
  }

  *[Symbol.iterator](): Iterator<Recorded> {
    const whole = this.#whole;
    const decoder = new RecordDecoder();
    decoder.header(whole, whole.length);
    for (let i = 0; i < this.count; i++) {
      const decoded = decoder.next(whole, decoder.position, whole.length);
      if (typeof decoded !== "object") return;
      yield decoded;
    }
  }
}

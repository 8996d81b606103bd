// This module is browser compatible.
import { RecordDecoder } from "./_record_decoder.ts";
import type { Recorded, RecordingEnding, RecordingHeader } from "./recorded.ts";

const NOTHING = new Uint8Array(0);

/**
 * Reads a recording while its bytes come in, such as a large file's: what has been read
 * is not kept. For a recording that fits memory there is `loadRecording()`.
 *
 * It throws for no bytes. What is damaged ends it, and says so.
 *
 * @example Byte by byte
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { RecordingReader, RecordingWriter } from "@tickwire/net/rpc";
 *
 * const reader = new RecordingReader();
 * const writer = new RecordingWriter(
 *   { subject: "server", hashLow: 0, hashHigh: 0 },
 *   (bytes) => reader.push(bytes),
 * );
 * writer.tick(0.5);
 *
 * assertEquals(reader.next(), { type: "tick", timeMs: 500, dt: 0.5 });
 * assertEquals(reader.next(), undefined); // for now
 * assertEquals(reader.header?.subject, "server");
 * ```
 */
export class RecordingReader {
  readonly #decoder = new RecordDecoder();
  #buffer: Uint8Array = NOTHING;
  #start = 0;
  #end = 0;
  #header: RecordingHeader | undefined;
  #ending: RecordingEnding = "truncated";
  #fault: string | undefined;
  #wholeBytes = 0;

  /** The header, when `next()` has read it. */
  get header(): RecordingHeader | undefined {
    return this.#header;
  }

  /** How the recording ends, as far as it has been read: `truncated` if nothing followed. */
  get ending(): RecordingEnding {
    return this.#ending;
  }

  /** What is wrong with a corrupt recording, for people; else `undefined`. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The bytes up to where the last whole record ends that was read. */
  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  /**
   * Takes further bytes. What was not read yet is kept, however much it is: call `next()`
   * until it has nothing before the next push.
   *
   * @param bytes The bytes, which are copied.
   */
  push(bytes: Uint8Array): void {
    if (this.#ending === "corrupt" || bytes.length === 0) return;
    const waiting = this.#end - this.#start;
    const needed = waiting + bytes.length;
    if (this.#end + bytes.length > this.#buffer.length) {
      const isRoomy = needed * 2 <= this.#buffer.length;
      const target = isRoomy ? this.#buffer : new Uint8Array(needed * 2);
      target.set(this.#buffer.subarray(this.#start, this.#end));
      this.#buffer = target;
      this.#start = 0;
      this.#end = waiting;
    }
    this.#buffer.set(bytes, this.#end);
    this.#end += bytes.length;
  }

  /**
   * Reads the next record.
   *
   * @returns What happened; `undefined` if it is not all there, or the recording is over.
   */
  next(): Recorded | undefined {
    if (this.#ending === "corrupt") return undefined;
    if (this.#header === undefined && !this.#readHeader()) return undefined;
    if (this.#ending !== "truncated") {
      if (this.#end > this.#start) this.#corrupt("bytes follow its end");
      return undefined;
    }
    if (this.#start === this.#end) return undefined;
    const decoder = this.#decoder;
    const decoded = decoder.next(this.#buffer, this.#start, this.#end);
    if (decoded === "more") return undefined;
    if (decoded === "corrupt") {
      this.#corrupt(decoder.fault ?? "");
      return undefined;
    }
    this.#moveTo(decoder.position);
    if (typeof decoded === "object") return decoded;
    this.#ending = decoded;
    // Whatever follows is seen at once.
    return this.next();
  }

  #readHeader(): boolean {
    const decoder = this.#decoder;
    this.#header = decoder.header(
      this.#buffer.subarray(this.#start),
      this.#end - this.#start,
    );
    if (this.#header === undefined) {
      if (decoder.fault !== undefined) this.#corrupt(decoder.fault);
      return false;
    }
    this.#moveTo(this.#start + decoder.position);
    return true;
  }

  #moveTo(position: number): void {
    this.#wholeBytes += position - this.#start;
    this.#start = position;
  }

  #corrupt(what: string): void {
    this.#ending = "corrupt";
    this.#fault = `${what}, at byte ${this.#wholeBytes}`;
    this.#buffer = NOTHING;
    this.#start = 0;
    this.#end = 0;
  }
}

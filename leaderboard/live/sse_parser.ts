// This module is browser compatible.

/** One event of a stream. */
export interface SseEvent {
  /** The `event` field, or `"message"` without one. */
  readonly type: string;
  /** The `data` fields, with a line feed between each two. */
  readonly data: string;
}

const LF = 10;
const CR = 13;
const FIRST_BYTES = 1_024;
const NO_BYTES = new Uint8Array(0);
const BOM = [0xef, 0xbb, 0xbf];

/**
 * Reads `text/event-stream` as it comes, after the HTML standard, section 9.2.6. It holds one unfinished line and one
 * unfinished event, both bounded, and never throws.
 *
 * The lines are decoded one by one: no byte of a longer UTF-8 sequence is a line end, so malformed bytes become the same
 * U+FFFD as when the whole stream is decoded at once.
 */
export class SseParser {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  /** The beginning of a line whose end has not come. */
  #held: Uint8Array = NO_BYTES;
  #heldLength = 0;
  /** How much of a byte order mark has come: it can only be at the start. */
  #bomLength = 0;
  #skipsLineFeed = false;
  #isBroken = false;
  #type = "";
  #data = "";
  #dataBytes = 0;
  #hasData = false;
  #nextId = "";
  #lastEventId = "";
  #retryMs: number | undefined;

  /** @param maxBytes The longest line, and the most bytes in the lines of data of one event. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The id of the last event, also of one without data, which is not told: `""` if there was none. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /** Milliseconds to wait before a reconnection, if the server said so. */
  get retryMs(): number | undefined {
    return this.#retryMs;
  }

  /**
   * Takes in bytes.
   *
   * @param bytes The next ones, in any portions; not kept.
   * @param onEvent Called with each event that has become complete.
   * @returns `false` if a bound was exceeded, now or before: nothing more is read.
   */
  push(bytes: Uint8Array, onEvent: (event: SseEvent) => void): boolean {
    let at = this.#skipBom(bytes);
    let start = at;
    for (; at < bytes.length && !this.#isBroken; at++) {
      const byte = bytes[at]!;
      if (byte !== LF && byte !== CR) {
        this.#skipsLineFeed = false;
        continue;
      }
      const isSecond = byte === LF && this.#skipsLineFeed;
      this.#skipsLineFeed = byte === CR;
      if (!isSecond) this.#endLine(bytes.subarray(start, at), onEvent);
      start = at + 1;
    }
    if (!this.#isBroken) this.#hold(bytes.subarray(start));
    return !this.#isBroken;
  }

  /** Returns where the bytes begin that are no byte order mark. */
  #skipBom(bytes: Uint8Array): number {
    let at = 0;
    while (this.#bomLength < BOM.length && at < bytes.length) {
      if (bytes[at] !== BOM[this.#bomLength]) {
        // What came of it belongs to the first line.
        this.#hold(new Uint8Array(BOM.slice(0, this.#bomLength)));
        this.#bomLength = BOM.length;
        return at;
      }
      this.#bomLength++;
      at++;
    }
    return at;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldLength + bytes.length;
    if (length > this.#maxBytes) {
      this.#break();
      return;
    }
    if (length > this.#held.length) {
      const size = Math.max(length, this.#held.length * 2, FIRST_BYTES);
      const larger = new Uint8Array(Math.min(size, this.#maxBytes));
      larger.set(this.#held.subarray(0, this.#heldLength));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = length;
  }

  #endLine(end: Uint8Array, onEvent: (event: SseEvent) => void): void {
    let line = end;
    if (this.#heldLength > 0) {
      this.#hold(end);
      line = this.#held.subarray(0, this.#heldLength);
      this.#heldLength = 0;
    }
    if (line.length > this.#maxBytes) this.#break();
    if (this.#isBroken) return;
    if (line.length === 0) this.#dispatch(onEvent);
    else this.#readLine(this.#decoder.decode(line), line.length);
  }

  #readLine(line: string, bytes: number): void {
    const colon = line.indexOf(":");
    if (colon === 0) return;
    const name = colon < 0 ? line : line.slice(0, colon);
    const from = line[colon + 1] === " " ? colon + 2 : colon + 1;
    const value = colon < 0 ? "" : line.slice(from);
    switch (name) {
      case "event":
        this.#type = value;
        break;
      case "data":
        this.#dataBytes += bytes;
        if (this.#dataBytes > this.#maxBytes) return this.#break();
        this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
        this.#hasData = true;
        break;
      case "id":
        if (!value.includes("\0")) this.#nextId = value;
        break;
      case "retry":
        if (/^[0-9]+$/.test(value)) this.#retryMs = Number(value);
    }
  }

  #dispatch(onEvent: (event: SseEvent) => void): void {
    const [type, data, hasData] = [this.#type, this.#data, this.#hasData];
    this.#lastEventId = this.#nextId;
    this.#type = "";
    this.#data = "";
    this.#dataBytes = 0;
    this.#hasData = false;
    if (hasData) onEvent({ type: type === "" ? "message" : type, data });
  }

  #break(): void {
    this.#isBroken = true;
    this.#held = NO_BYTES;
    this.#heldLength = 0;
    this.#data = "";
  }
}

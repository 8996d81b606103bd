// This module is browser compatible.
import { encodeBase64 } from "../../core/mod.ts";
import { isUtf8, utf8Length } from "../../protocol/mod.ts";
import { decodeControl } from "./control_message.ts";
import {
  type Bye,
  DataFlag,
  type Hello,
  type Open,
  type Refuse,
  type Welcome,
} from "./record.ts";
import { RecordReader, type RecordSink } from "./record_reader.ts";

/** What a data record takes beside its base64, and some to spare. */
const HEADER_BYTES = 128;
/** Flags without which the whole of a message is there, as text. */
const NOT_PLAIN = DataFlag.Deflated | DataFlag.More | DataFlag.Continues;

// A byte order mark is text like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * Writes a frame as JSON text, for people: `websocket/PROTOCOL.md`, section 7. Messages
 * that are text, and the hub's own, are shown as what they say; other bytes as base64.
 *
 * @param frame The frame, which is neither changed nor kept.
 * @param maxBytes The most bytes of UTF-8 of a text: 1024 or more. Records that do not
 * fit into one go into several. Where something would be longer alone if it is shown, it
 * is base64; of a frame of up to {@linkcode frameBytesWithin} bytes everything fits then.
 * @returns The texts: the records in their order.
 * @throws {TypeError} If the frame is none that a `RecordReader` reads.
 *
 * @example A message and an acknowledgement
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { textsFromFrame } from "@tickwire/net/websocket";
 *
 * const frame = new Uint8Array([0x81, 7, 2, 0x67, 0x67, 6, 5]);
 * assertEquals(textsFromFrame(frame), [
 *   '[{"type":"data","channel":7,"text":"gg"},{"type":"ack","received":5}]',
 * ]);
 * ```
 */
export function textsFromFrame(
  frame: Uint8Array,
  maxBytes: number = Infinity,
): string[] {
  const sink = new TextSink(maxBytes);
  const error = new RecordReader().read(frame, sink);
  if (error !== undefined) {
    throw new TypeError(
      `Cannot write a frame as text as it must be one: current error is "${error}"`,
    );
  }
  return sink.end();
}

/**
 * Tells how long a frame may be so that each of its records fits into a text.
 *
 * @param maxBytes The most bytes of UTF-8 of a text: 1024 or more.
 * @returns The bytes: some three quarters.
 *
 * @example What a peer takes that says 64 KiB
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { frameBytesWithin } from "@tickwire/net/websocket";
 *
 * assertEquals(frameBytesWithin(65_536), 49_056);
 * ```
 */
export function frameBytesWithin(maxBytes: number): number {
  return Math.floor((maxBytes - HEADER_BYTES) / 4) * 3;
}

/** Makes text of each record, and puts as many into one as fit. */
class TextSink implements RecordSink {
  readonly #maxBytes: number;
  readonly #texts: string[] = [];
  #records: string[] = [];
  /** Of the records that wait, with the brackets and commas around them. */
  #bytes = 1;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  end(): string[] {
    if (this.#records.length > 0) {
      this.#texts.push(`[${this.#records.join(",")}]`);
    }
    this.#records = [];
    this.#bytes = 1;
    return this.#texts;
  }

  data(
    channel: number,
    flags: number,
    request: number,
    buffer: Uint8Array,
    start: number,
    end: number,
  ): boolean {
    const isText = (flags & DataFlag.Text) !== 0;
    const hasRequest = (flags & DataFlag.HasRequest) !== 0;
    const head = { type: "data", channel, ...(hasRequest && { request }) };
    const isPlain = isText && (flags & NOT_PLAIN) === 0;
    if (isPlain && isUtf8(buffer, start, end)) {
      const text = decoder.decode(buffer.subarray(start, end));
      if (this.#addIfFits({ ...head, text })) return true;
    }
    return this.#add({
      ...head,
      ...(isText && { text: true }),
      ...((flags & DataFlag.Deflated) !== 0 && { deflated: true }),
      ...((flags & DataFlag.More) !== 0 && { more: true }),
      ...((flags & DataFlag.Continues) !== 0 && { continues: true }),
      bytes: base64Of(buffer, start, end),
    });
  }

  hello({ canDeflate, session, ...hello }: Hello): boolean {
    return this.#add({
      type: "hello",
      ...hello,
      ...(canDeflate && { canDeflate }),
      ...(session !== undefined && { session: encodeBase64(session) }),
    });
  }

  welcome({ canDeflate, isResumed, session, ...welcome }: Welcome): boolean {
    return this.#add({
      type: "welcome",
      ...welcome,
      ...(canDeflate && { canDeflate }),
      ...(isResumed && { isResumed }),
      session: encodeBase64(session),
    });
  }

  refuse(refuse: Refuse): boolean {
    return this.#add({ type: "refuse", ...refuse });
  }

  open(open: Open): boolean {
    return this.#add({ type: "open", ...open });
  }

  shut(channel: number): boolean {
    return this.#add({ type: "shut", channel });
  }

  ack(received: number): boolean {
    return this.#add({ type: "ack", received });
  }

  credit(channel: number, limitBytes: number): boolean {
    return this.#add({ type: "credit", channel, limitBytes });
  }

  ping(buffer: Uint8Array, start: number, end: number): boolean {
    return this.#add({ type: "ping", bytes: base64Of(buffer, start, end) });
  }

  pong(
    buffer: Uint8Array,
    start: number,
    end: number,
    heldUs: number,
  ): boolean {
    const bytes = base64Of(buffer, start, end);
    return this.#add({ type: "pong", bytes, ...(heldUs > 0 && { heldUs }) });
  }

  gap(from: number, to: number): boolean {
    return this.#add({ type: "gap", from, to });
  }

  bye(bye: Bye): boolean {
    return this.#add({ type: "bye", ...bye });
  }

  control(buffer: Uint8Array, start: number, end: number): boolean {
    // Whether it is any that there is, is for the layer above.
    const message = decodeControl(buffer.subarray(start, end));
    if (
      message !== undefined && this.#addIfFits({ type: "control", message })
    ) return true;
    return this.#add({ type: "control", bytes: base64Of(buffer, start, end) });
  }

  #addIfFits(record: object): boolean {
    const text = JSON.stringify(record);
    const bytes = utf8Length(text);
    return bytes + 2 <= this.#maxBytes && this.#push(text, bytes);
  }

  #add(record: object): boolean {
    const text = JSON.stringify(record);
    return this.#push(text, utf8Length(text));
  }

  #push(text: string, bytes: number): true {
    if (this.#bytes + bytes + 1 > this.#maxBytes) this.end();
    this.#records.push(text);
    this.#bytes += bytes + 1;
    return true;
  }
}

function base64Of(buffer: Uint8Array, start: number, end: number): string {
  return encodeBase64(buffer.subarray(start, end));
}

// This module is browser compatible.
import type { OutChannel } from "./_out_channel.ts";
import type { OutMessage } from "./out_message.ts";

/** A sequenced record that was sent, to be sent again if the socket goes. */
export type SentRecord =
  | {
    readonly type: "data";
    readonly channel: OutChannel;
    readonly message: OutMessage;
    /** What went of it, and from where to where. */
    readonly wire: Uint8Array;
    readonly start: number;
    readonly end: number;
  }
  | { readonly type: "shut"; readonly channel: OutChannel }
  | { readonly type: "control"; readonly bytes: Uint8Array }
  | {
    /** It was too old to be kept. */
    readonly type: "forgotten";
    /** The message that it was a part of, if any, from where on, and how much of it. */
    readonly channel: OutChannel | undefined;
    readonly message: OutMessage | undefined;
    readonly start: number;
    readonly byteCount: number;
    /** The channel whose end it was, if it was that. */
    readonly shut: OutChannel | undefined;
    /** Whether it was told already: the gap it is in may itself be lost, and sent again. */
    isTold: boolean;
  };

/** Bounds of a {@linkcode ReplayWindow}. */
export interface ReplayWindowOptions {
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly maxAgeSeconds: number;
}

/** Bytes that a record counts as, beyond what it carries. */
const RECORD_OVERHEAD = 32;
/** How many that were taken are kept before what is left moves up. */
const SLACK = 256;

/**
 * The sequenced records that the peer's application has not taken yet, numbered from 1
 * on in the order of the wire.
 */
export class ReplayWindow {
  readonly #options: ReplayWindowOptions;
  /**
   * Those after `acked`, in order, from `#head` on. A message that went whole and as it
   * is stands for its record, with its channel beside it: most do.
   */
  #records: (SentRecord | OutMessage | undefined)[] = [];
  #channels: (OutChannel | undefined)[] = [];
  /** What each counts as, in bytes. */
  #sizes: number[] = [];
  #head = 0;
  /** For each time at which records were sent, the number of the first of them. */
  #firsts: number[] = [];
  #timesSeconds: number[] = [];
  #nowSeconds = 0;
  #bytes = 0;
  #acked = 0;
  /** All up to here were forgotten, or taken. */
  #forgotten = 0;

  constructor(options: ReplayWindowOptions) {
    this.#options = options;
  }

  /** How many records were sent in all. */
  get sent(): number {
    return this.#acked + this.#records.length - this.#head;
  }

  /** Up to which one the peer's application has taken them. */
  get acked(): number {
    return this.#acked;
  }

  /** The first that can still be sent. */
  get available(): number {
    return Math.max(this.#acked, this.#forgotten) + 1;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Whether a record may be sent that keeps so many bytes. */
  hasRoom(byteCount: number): boolean {
    const count = this.#records.length - this.#head;
    return count < this.#options.maxRecords &&
      (count === 0 ||
        this.#bytes + byteCount + RECORD_OVERHEAD <= this.#options.maxBytes);
  }

  /** Whether more than half of what there is room for waits to be acknowledged. */
  get isHalfFull(): boolean {
    return 2 * (this.#records.length - this.#head) > this.#options.maxRecords ||
      2 * this.#bytes > this.#options.maxBytes;
  }

  /** Adds a record that keeps so many bytes. */
  push(record: SentRecord, byteCount: number): void {
    this.#add(record, undefined, byteCount);
  }

  /** Adds a message that went whole and as it is. */
  pushWhole(channel: OutChannel, message: OutMessage): void {
    this.#add(message, channel, message.bytes.length);
  }

  /** The record of a number, if it was not taken. */
  at(sequence: number): SentRecord | undefined {
    return this.#get(this.#head + sequence - this.#acked - 1);
  }

  /** The peer's application has taken all up to a number; returns whether that can be. */
  ack(sequence: number): boolean {
    if (sequence > this.sent) return false;
    if (sequence <= this.#acked) return true;
    const records = this.#records;
    const end = this.#head + sequence - this.#acked;
    for (let i = this.#head; i < end; i++) {
      this.#bytes -= this.#sizes[i]!;
      records[i] = undefined;
      // Else it would be taken for a message, if somebody still asks for it.
      this.#channels[i] = undefined;
    }
    this.#head = end;
    this.#acked = sequence;
    if (end === records.length) this.#empty();
    else if (end >= SLACK && 2 * end >= records.length) {
      this.#records = records.slice(end);
      this.#channels = this.#channels.slice(end);
      this.#sizes = this.#sizes.slice(end);
      this.#head = 0;
    }
    return true;
  }

  /** Lets time pass: what is too old can no longer be sent again. */
  tick(dt: number): void {
    this.#nowSeconds += dt;
    const oldest = this.#nowSeconds - this.#options.maxAgeSeconds;
    // Of each time, those are taken or too old that come before the next one's first.
    let gone = 0;
    while (gone < this.#firsts.length) {
      const end = this.#firsts[gone + 1] ?? this.sent + 1;
      const isOld = this.#timesSeconds[gone]! < oldest;
      if (!isOld && end > this.#acked + 1) break;
      if (isOld) this.#forgetUpTo(end - 1);
      gone += 1;
    }
    if (gone === 0) return;
    this.#firsts.splice(0, gone);
    this.#timesSeconds.splice(0, gone);
  }

  /** Every record that was not taken, in order. */
  *remaining(): IterableIterator<SentRecord> {
    for (let i = this.#head; i < this.#records.length; i++) yield this.#get(i)!;
  }

  /** A new session: nothing was sent. */
  clear(): void {
    this.#empty();
    this.#firsts.length = 0;
    this.#timesSeconds.length = 0;
    this.#bytes = 0;
    this.#acked = 0;
    this.#forgotten = 0;
  }

  #add(
    record: SentRecord | OutMessage,
    channel: OutChannel | undefined,
    byteCount: number,
  ): void {
    const size = RECORD_OVERHEAD + byteCount;
    if (this.#timesSeconds.at(-1) !== this.#nowSeconds) {
      this.#timesSeconds.push(this.#nowSeconds);
      this.#firsts.push(this.sent + 1);
    }
    this.#records.push(record);
    this.#channels.push(channel);
    this.#sizes.push(size);
    this.#bytes += size;
  }

  #get(index: number): SentRecord | undefined {
    const channel = this.#channels[index];
    if (channel === undefined) return this.#records[index] as SentRecord;
    const message = this.#records[index] as OutMessage;
    const { bytes } = message;
    return {
      type: "data",
      channel,
      message,
      wire: bytes,
      start: 0,
      end: bytes.length,
    };
  }

  #forgetUpTo(sequence: number): void {
    for (let next = this.available; next <= sequence; next++) {
      this.#forget(this.#head + next - this.#acked - 1);
      this.#forgotten = next;
    }
  }

  #forget(index: number): void {
    const record = this.#get(index)!;
    const data = record.type === "data" ? record : undefined;
    this.#records[index] = {
      type: "forgotten",
      channel: data?.channel,
      message: data?.message,
      start: data?.start ?? 0,
      byteCount: data === undefined ? 0 : data.end - data.start,
      shut: record.type === "shut" ? record.channel : undefined,
      isTold: false,
    };
    this.#channels[index] = undefined;
    // A message is kept, to be handed back, so that it counts as before.
    if (data !== undefined) return;
    this.#bytes += RECORD_OVERHEAD - this.#sizes[index]!;
    this.#sizes[index] = RECORD_OVERHEAD;
  }

  #empty(): void {
    this.#records.length = 0;
    this.#channels.length = 0;
    this.#sizes.length = 0;
    this.#head = 0;
  }
}

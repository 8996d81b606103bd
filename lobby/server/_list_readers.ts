// This module is browser compatible.
import type { ListingReader } from "../browser/_listing_feed.ts";
import type { ClientId } from "../../websocket/mod.ts";

/** Changes of its list that a reader may be behind, and bytes of them, beside what the list had when it asked. */
const MAX_BEHIND = 256;
const MAX_BYTES_BEHIND = 1_048_576;
/** So many are sent something in a tick at least, however short it is. */
const MIN_READERS_PER_TICK = 16;
/** What one reader, and all of them, are sent in a tick. */
const READER_BYTES_PER_TICK = 65_536;
const BYTES_PER_TICK = 4_194_304;

/** Somebody who reads a list, with what is to be sent. */
export class ListReader implements ListingReader {
  readonly client: ClientId;
  /** The filter's key. */
  key = "";
  /** Messages that many share. */
  readonly messages: Uint8Array[] = [];
  /** How many messages may wait, and how many bytes. */
  #maxWaiting = Infinity;
  #maxBytes = Infinity;
  #bytes = 0;
  readonly #waiting: Set<ListReader>;
  /** Whether it is to be told that there is no more. */
  isSlow = false;
  /** What it is told before the list. */
  answer:
    | { readonly request: number; readonly message: Uint8Array }
    | undefined;

  constructor(client: ClientId, waiting: Set<ListReader>) {
    this.client = client;
    this.#waiting = waiting;
  }

  /** The list is here as a whole, to be sent after the answer to who asked for it; what comes now are changes. */
  begin(key: string, request: number, message: Uint8Array): void {
    this.key = key;
    this.answer = { request, message };
    this.#maxWaiting = this.messages.length + MAX_BEHIND;
    this.#maxBytes = this.#bytes + MAX_BYTES_BEHIND;
  }

  push(message: Uint8Array): void {
    if (this.isSlow) return;
    this.#waiting.add(this);
    this.messages.push(message);
    this.#bytes += message.length;
    if (
      this.messages.length <= this.#maxWaiting && this.#bytes <= this.#maxBytes
    ) return;
    this.isSlow = true;
    this.messages.length = 0;
  }

  /** So many messages, and bytes of them, have been sent. */
  onSent(count: number, bytes: number): void {
    this.messages.splice(0, count);
    this.#bytes -= bytes;
  }
}

/** What lists are sent by. Each tells whether there was room. */
export interface ListSender {
  send(client: ClientId, message: Uint8Array): boolean;
  reply(client: ClientId, request: number, message: Uint8Array): boolean;
  /** A reader takes too little: it is to be told that there is no more. */
  onSlow(reader: ListReader): boolean;
}

/** Those who read lists, of whom each gets its share of what a tick can send. */
export class ListReaders {
  /** Those for whom something waits, in turn. */
  readonly waiting = new Set<ListReader>();
  #count = 0;
  readonly #sender: ListSender;
  #sentBytes = 0;

  constructor(sender: ListSender) {
    this.#sender = sender;
  }

  /** Bytes of lists that were sent. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  open(client: ClientId): ListReader {
    this.#count++;
    return new ListReader(client, this.waiting);
  }

  /** A reader wants no more. */
  close(reader: ListReader): void {
    this.#count--;
    this.waiting.delete(reader);
    // It may have asked for another list before it was told of this one.
    this.#answer(reader);
  }

  /**
   * Sends what there is room for, to a part of the readers: what one list has to tell all of them would else be a long tick
   * for everybody.
   */
  tick(share: number): void {
    let left = BYTES_PER_TICK;
    const most = Math.max(MIN_READERS_PER_TICK, Math.ceil(this.#count * share));
    let looked = Math.min(most, this.waiting.size);
    for (const reader of this.waiting) {
      // Those that were looked at in this tick stand behind.
      if (left <= 0 || looked-- <= 0) break;
      this.waiting.delete(reader);
      if (reader.isSlow) {
        // It is told of the list before it is told of its end.
        const isTold = this.#answer(reader) && this.#sender.onSlow(reader);
        if (!isTold) this.waiting.add(reader);
        continue;
      }
      const sent = this.#sendTo(reader);
      left -= sent;
      if (reader.messages.length > 0) this.waiting.add(reader);
    }
  }

  /** Answers who has asked for a list, if that is still to be done, and tells whether it is done. */
  #answer(reader: ListReader): boolean {
    const { client, answer } = reader;
    if (answer === undefined) return true;
    const { request, message } = answer;
    if (!this.#sender.reply(client, request, message)) return false;
    reader.answer = undefined;
    return true;
  }

  #sendTo(reader: ListReader): number {
    if (!this.#answer(reader)) return 0;
    const { client, messages } = reader;
    let bytes = 0;
    let count = 0;
    while (count < messages.length && bytes < READER_BYTES_PER_TICK) {
      const message = messages[count]!;
      if (!this.#sender.send(client, message)) break;
      bytes += message.length;
      count++;
    }
    reader.onSent(count, bytes);
    this.#sentBytes += bytes;
    return bytes;
  }
}

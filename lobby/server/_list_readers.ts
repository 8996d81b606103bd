// This module is browser compatible.
import type { ListingCursor } from "../browser/_filtered_list.ts";
import type { ListingFeed } from "../browser/_listing_feed.ts";
import type { ClientId, OutMessage } from "../../websocket/mod.ts";

/** How often in a row there may be no room for what a reader is to be told. */
const MAX_REFUSALS = 256;
/** So many of those that have yet to get the whole list are sent something in a tick at least, however short it is. */
const MIN_READERS_PER_TICK = 16;
/** What one reader, and all of them, are sent in a tick. */
const READER_BYTES_PER_TICK = 65_536;
const BYTES_PER_TICK = 4_194_304;

/** Somebody who reads a list. */
export interface ListReader {
  readonly client: ClientId;
  readonly cursor: ListingCursor;
  /** What it is told before the list. */
  answer:
    | { readonly request: number; readonly message: Uint8Array }
    | undefined;
  /** How often in a row there was no room for what it was to be told. */
  refusals: number;
}

/** What lists are sent by. Each tells whether there was room. */
export interface ListSender {
  send(client: ClientId, message: OutMessage): boolean;
  reply(client: ClientId, request: number, message: Uint8Array): boolean;
  /** A reader takes too little: it is to be told that there is no more, and closed. */
  onSlow(reader: ListReader): boolean;
}

/**
 * Those who read lists. Each has its turn once in an interval, and is told what has changed since its last one: what all of
 * them are to be told would else be a long tick for everybody.
 */
export class ListReaders {
  readonly #feed: ListingFeed;
  readonly #sender: ListSender;
  /** Those who lack more than one turn may send, most of the list say: they go on with the next tick. */
  readonly #filling = new Set<ListReader>();
  /** Those who have the list, the one whose turn is next first. */
  readonly #following = new Set<ListReader>();
  /** How many of those should have had their turn by now; a part of one is kept for later. */
  #due = 0;
  #sentBytes = 0;

  constructor(feed: ListingFeed, sender: ListSender) {
    this.#feed = feed;
    this.#sender = sender;
  }

  /** Bytes of lists that were sent. */
  get sentBytes(): number {
    return this.#sentBytes;
  }

  /** Somebody reads a list, and is answered a request first. */
  open(
    client: ClientId,
    cursor: ListingCursor,
    request: number,
    message: Uint8Array,
  ): ListReader {
    const answer = { request, message };
    const reader: ListReader = { client, cursor, answer, refusals: 0 };
    this.#filling.add(reader);
    return reader;
  }

  /** A reader wants no more. */
  close(reader: ListReader): void {
    this.#filling.delete(reader);
    this.#following.delete(reader);
    const { client, answer } = reader;
    // It has asked for another list before it was told of this one.
    if (answer === undefined) return;
    this.#sender.reply(client, answer.request, answer.message);
  }

  /**
   * Sends what there is room for to those whose turn it is.
   *
   * @param share Which part of an interval has passed: 1 if all of it, or more.
   */
  tick(share: number): void {
    const { size } = this.#following;
    this.#due = Math.min(size, this.#due + size * share);
    const turns = Math.floor(this.#due);
    const filling = Math.max(
      MIN_READERS_PER_TICK,
      Math.ceil(this.#filling.size * share),
    );
    let left = BYTES_PER_TICK;
    for (const reader of firstOf(this.#following, turns)) {
      if (left <= 0) return;
      this.#due--;
      left -= this.#sendTo(reader, this.#following);
    }
    for (const reader of firstOf(this.#filling, filling)) {
      if (left <= 0) return;
      left -= this.#sendTo(reader, this.#filling);
    }
  }

  /** Sends a reader of a queue what there is for it, after which it stands in a queue behind; returns how many bytes. */
  #sendTo(reader: ListReader, queue: Set<ListReader>): number {
    const { client, cursor, answer } = reader;
    queue.delete(reader);
    if (cursor.isLost || reader.refusals > MAX_REFUSALS) {
      if (!this.#sender.onSlow(reader)) queue.add(reader);
      return 0;
    }
    if (answer !== undefined) {
      const { request, message } = answer;
      if (!this.#sender.reply(client, request, message)) {
        queue.add(reader);
        return 0;
      }
      reader.answer = undefined;
    }
    let bytes = 0;
    while (bytes < READER_BYTES_PER_TICK) {
      const message = this.#feed.next(cursor);
      if (message === undefined) {
        this.#following.add(reader);
        return bytes;
      }
      if (!this.#sender.send(client, message)) {
        if (queue === this.#following) reader.refusals++;
        queue.add(reader);
        return bytes;
      }
      reader.refusals = 0;
      cursor.take();
      const { length } = message.bytes;
      bytes += length;
      this.#sentBytes += length;
    }
    this.#filling.add(reader);
    return bytes;
  }
}

/** The first ones of a set, as they are now. */
function firstOf<T>(set: ReadonlySet<T>, count: number): T[] {
  const first: T[] = [];
  for (const it of set) {
    if (first.length >= count) break;
    first.push(it);
  }
  return first;
}

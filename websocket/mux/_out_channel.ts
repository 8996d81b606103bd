// This module is browser compatible.
import { DropCount } from "./_drop_count.ts";
import type { Deflater, Deflation } from "./deflater.ts";
import { Delivery } from "./record.ts";
import type { DropReason } from "./session_event.ts";

/** A message on its way out. */
export interface OutMessage {
  readonly channel: OutChannel;
  readonly bytes: Uint8Array;
  /** What goes in its place: the bytes, or a stream of which some may have gone. */
  wire: Uint8Array;
  /** If it is to be deflated, where that comes from. */
  readonly deflation: Deflation | undefined;
  /** Whether it has been given to be deflated, and was not by then. */
  isDeflating: boolean;
  readonly isText: boolean;
  /** The request that it is (2n) or answers (2n + 1), if any. */
  readonly request: number | undefined;
  /** On latest-only channels: what it takes the place of. */
  readonly key: string | undefined;
  /** How long it may wait, in seconds, if that is less than its channel says. */
  readonly ttlSeconds: number;
  /** How many of its bytes lie in records already. */
  offset: number;
  /** How long it has waited, in seconds. */
  waitedSeconds: number;
  /** Whether all of it was in records, once. */
  wasSent: boolean;
  /** Whether it was told that it will not be delivered. */
  isLost: boolean;
}

/** What an {@linkcode OutChannel} is made of. */
export interface OutChannelOptions {
  /** The id that the peer knows it by: 1 to 65535. */
  readonly id: number;
  readonly name: string;
  readonly delivery: Delivery;
  /** 0, the highest, to 7. */
  readonly priority: number;
  /** The most messages that wait: 1 or more. */
  readonly maxMessages: number;
  /** The most bytes that wait: 1 or more. */
  readonly maxBytes: number;
  /** Which message goes where a message of an at-most-once channel finds no room. */
  readonly overflow: "dropOldest" | "dropNewest";
  /** How long a message of an at-most-once or latest-only channel may wait, in seconds. */
  readonly ttlSeconds: number;
  /** Whether it is of no use in another session. */
  readonly endsWithSession: boolean;
  /** What deflates its messages, where both ends want that. */
  readonly deflater: Deflater | undefined;
}

/** One channel of a session, at the end that sends on it. */
export class OutChannel {
  readonly id: number;
  readonly name: string;
  readonly delivery: Delivery;
  readonly priority: number;
  readonly #options: OutChannelOptions;
  /** What waits, of which the first may be in records in part. */
  readonly #queue: OutMessage[] = [];
  #queuedBytes = 0;
  /** Of a latest-only channel what was sent last, by key: it may have been lost. */
  readonly #last = new Map<string | undefined, OutMessage>();
  /** The last socket on which the peer was told its name, if any. */
  announcedOn = 0;
  /** Whether the peer has heard of it. */
  wasUsed = false;
  /** Whether it is to be given up once it is empty, and was. */
  isShutting = false;
  isShut = false;
  /** Bytes in records so far, and how many the peer has allowed. */
  usedCredit = 0;
  creditLimit = 0;
  /** Whether the peer takes messages that are deflated. */
  canDeflate = false;
  /** What was given up since somebody looked. */
  readonly dropped: DropCount = new DropCount();
  /** Whether a message of it may wait for too long. */
  #mayExpire: boolean;

  constructor(options: OutChannelOptions) {
    this.id = options.id;
    this.name = options.name;
    this.delivery = options.delivery;
    this.priority = options.priority;
    this.#mayExpire = options.ttlSeconds < Infinity;
    this.#options = options;
  }

  /** Whether its messages are sequenced, kept until they are taken, and never dropped. */
  get isSequenced(): boolean {
    return this.delivery === Delivery.ExactlyOnce;
  }

  get queuedMessages(): number {
    return this.#queue.length;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The message whose turn it is. */
  get first(): OutMessage | undefined {
    return this.#queue[0];
  }

  get endsWithSession(): boolean {
    return this.#options.endsWithSession;
  }

  /** How many bytes may go now. */
  get credit(): number {
    return this.isSequenced ? this.creditLimit - this.usedCredit : Infinity;
  }

  /**
   * Takes a message; returns whether it was accepted. An accepted message of a
   * sequenced channel is never given up.
   */
  push(message: OutMessage): boolean {
    const { maxMessages, maxBytes, overflow } = this.#options;
    const size = message.bytes.length;
    if (size > maxBytes) return false;
    if (this.delivery === Delivery.LatestOnly) this.#replace(message.key);
    while (
      this.#queue.length >= maxMessages || this.#queuedBytes + size > maxBytes
    ) {
      if (this.isSequenced) return false;
      // A message that is in records in part has to be finished; and were the first
      // one dropped for newer ones while it is deflated, none would ever go.
      const oldest = this.#queue.findIndex(({ offset, isDeflating }, i) =>
        offset === 0 && !(i === 0 && isDeflating)
      );
      if (overflow === "dropNewest" || oldest < 0) {
        this.dropped.add("queueFull", size);
        return false;
      }
      this.#drop(oldest, "queueFull");
    }
    this.append(message);
    return true;
  }

  /** Takes a message, whatever there is. */
  append(message: OutMessage): void {
    this.#mayExpire ||= message.ttlSeconds < Infinity;
    if (
      this.canDeflate && message.deflation !== undefined &&
      this.#isNext(message)
    ) this.#deflate(message);
    this.#queue.push(message);
    this.#queuedBytes += message.bytes.length;
  }

  /** Finds out what of the first message goes; returns whether that is known. */
  prepare(message: OutMessage): boolean {
    const { deflation } = message;
    if (deflation === undefined || message.offset > 0) return true;
    message.wire = message.bytes;
    if (!this.canDeflate) return true;
    if (!deflation.isDone && !message.isDeflating) this.#deflateQueue();
    if (!deflation.isDone) return false;
    message.wire = deflation.stream ?? message.bytes;
    return true;
  }

  /** Adds the requests of which nothing was sent. */
  addRequests(requests: Set<number>): void {
    for (const { request, offset } of this.#queue) {
      if (request !== undefined && offset === 0) requests.add(request);
    }
  }

  /** Takes the first message out of the queue, which lies in records as a whole. */
  shift(): void {
    const message = this.#queue.shift();
    if (message === undefined) return;
    this.#queuedBytes -= message.bytes.length;
    if (this.delivery !== Delivery.LatestOnly) return;
    this.#last.delete(message.key);
    this.#last.set(message.key, message);
    if (this.#last.size <= this.#options.maxMessages) return;
    for (const key of this.#last.keys()) {
      this.#last.delete(key);
      break;
    }
  }

  /** Lets time pass: what waited too long is given up. */
  tick(dt: number): void {
    if (this.isSequenced || !this.#mayExpire) return;
    const { ttlSeconds } = this.#options;
    for (let i = this.#queue.length - 1; i >= 0; i--) {
      const message = this.#queue[i]!;
      message.waitedSeconds += dt;
      const isLate =
        message.waitedSeconds > Math.min(ttlSeconds, message.ttlSeconds);
      if (isLate && message.offset === 0) this.#drop(i, "expired");
    }
  }

  /**
   * The socket is gone: what was sent in part, and is not sequenced, is lost. Of a
   * latest-only channel the newest is sent again.
   */
  detach(): void {
    const first = this.first;
    if (!this.isSequenced && first !== undefined && first.offset > 0) {
      if (this.delivery === Delivery.LatestOnly) first.offset = 0;
      else this.#drop(0, "cut");
    }
    for (const message of this.#last.values()) {
      message.offset = 0;
      message.isDeflating = false;
      message.waitedSeconds = 0;
      const isNewest = this.#queue.every(({ key }) => key !== message.key);
      if (isNewest) this.push(message);
    }
    this.#last.clear();
  }

  /** A new session, in which nothing was sent yet. */
  reset(): void {
    this.wasUsed = false;
    this.canDeflate = false;
    this.usedCredit = 0;
    this.creditLimit = 0;
    // Of a message in parts the peer had no use for the first ones alone.
    if (this.first !== undefined) this.first.offset = 0;
  }

  /** Gives up what waits: sequenced messages are added to those that are lost. */
  clear(lost: Set<OutMessage>): void {
    for (const message of this.#queue) {
      if (this.isSequenced) lost.add(message);
      else this.dropped.add("closed", message.bytes.length);
    }
    this.#queue.length = 0;
    this.#queuedBytes = 0;
  }

  /** Takes out the messages of more than so many bytes, of which nothing was sent. */
  takeLarger(bytes: number, taken: OutMessage[]): void {
    for (let i = 0; i < this.#queue.length;) {
      const message = this.#queue[i]!;
      if (message.bytes.length <= bytes || message.offset > 0) {
        i += 1;
        continue;
      }
      this.#queue.splice(i, 1);
      this.#queuedBytes -= message.bytes.length;
      taken.push(message);
    }
  }

  /** Those that came before it was known that they may be, or whose turn it was not. */
  #deflateQueue(): void {
    const isLatestOnly = this.delivery === Delivery.LatestOnly;
    const keys = new Set<string | undefined>();
    for (const message of this.#queue) {
      if (!isLatestOnly) this.#deflate(message);
      else if (!keys.has(message.key)) {
        keys.add(message.key);
        this.#deflate(message);
      }
    }
  }

  #deflate(message: OutMessage): void {
    const { deflation } = message;
    if (deflation === undefined || deflation.isDone) return;
    this.#options.deflater?.begin(deflation);
    message.isDeflating = !deflation.isDone;
  }

  /** Whether no other of its kind is before it that it might yet take the place of. */
  #isNext({ key }: OutMessage): boolean {
    return this.delivery !== Delivery.LatestOnly ||
      this.#queue.every((message) => message.key !== key);
  }

  /**
   * Of two messages that say the same of one thing, the newer is enough. One that is
   * being deflated goes nonetheless: else none would, where a newer one always comes
   * before that is done.
   */
  #replace(key: string | undefined): void {
    const index = this.#queue.findIndex((message) =>
      message.key === key && message.offset === 0 && !message.isDeflating
    );
    if (index >= 0) this.#drop(index, "replaced");
  }

  #drop(index: number, reason: DropReason): void {
    const [message] = this.#queue.splice(index, 1);
    const { length } = message!.bytes;
    this.#queuedBytes -= length;
    this.dropped.add(reason, length);
  }
}

/** What keeping so many bytes of its wire means: a stream has its message beside it. */
export function heldBytes(
  { wire, bytes }: OutMessage,
  wireBytes: number,
): number {
  return wire === bytes
    ? wireBytes
    : wireBytes + Math.ceil(wireBytes / wire.length * bytes.length);
}

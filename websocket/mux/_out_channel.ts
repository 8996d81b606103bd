// This module is browser compatible.
import { DropCount } from "./_drop_count.ts";
import type { OutMessage } from "./out_message.ts";
import type { Deflater } from "./deflater.ts";
import { Delivery } from "./record.ts";
import type { DropReason } from "./session_event.ts";

const NOTHING = new Uint8Array(0);
/** How many that have gone are kept before what is left moves up. */
const SLACK = 32;

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
  /** Whether its messages are sequenced, kept until they are taken, and never dropped. */
  readonly isSequenced: boolean;
  readonly #options: OutChannelOptions;
  /**
   * What waits, from `#head` on; and since when, in seconds of the channel, where that is
   * not without end.
   */
  #queue: (OutMessage | undefined)[] = [];
  #sinceSeconds: number[] = [];
  #head = 0;
  #nowSeconds = 0;
  #queuedBytes = 0;
  /** How many bytes of the first message lie in records already. */
  offset = 0;
  /** What goes of it: its bytes, or a stream in their place. */
  wire: Uint8Array = NOTHING;
  /** Those that were given to be deflated, and were not by then. */
  readonly #deflating = new Set<OutMessage>();
  /** Those that were sent before, over another socket. */
  readonly #resent = new Set<OutMessage>();
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
    this.isSequenced = options.delivery === Delivery.ExactlyOnce;
    this.#mayExpire = options.ttlSeconds < Infinity;
    this.#options = options;
  }

  get queuedMessages(): number {
    return this.#queue.length - this.#head;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** The message whose turn it is. */
  get first(): OutMessage | undefined {
    return this.#queue[this.#head];
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
      this.queuedMessages >= maxMessages || this.#queuedBytes + size > maxBytes
    ) {
      if (this.isSequenced) return false;
      const oldest = this.#head + (this.#isFirstBound ? 1 : 0);
      if (overflow === "dropNewest" || oldest >= this.#queue.length) {
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
    if (!this.isSequenced) this.#sinceSeconds.push(this.#nowSeconds);
    this.#queuedBytes += message.bytes.length;
  }

  /** Finds out what of the first message goes; returns whether that is known. */
  prepare(message: OutMessage): boolean {
    if (this.offset > 0) return true;
    const { bytes, deflation } = message;
    this.wire = bytes;
    if (deflation === undefined || !this.canDeflate) return true;
    if (!deflation.isDone && !this.#deflating.has(message)) {
      this.#deflateQueue();
    }
    if (!deflation.isDone) return false;
    this.wire = deflation.stream ?? bytes;
    return true;
  }

  /** Adds the requests of which nothing was sent. */
  addRequests(requests: Set<number>): void {
    const start = this.#head + (this.offset > 0 ? 1 : 0);
    for (let i = start; i < this.#queue.length; i++) {
      const { request } = this.#queue[i]!;
      if (request !== undefined) requests.add(request);
    }
  }

  /**
   * Takes the first message out of the queue, which lies in records as a whole. Returns
   * whether that is for the first time.
   */
  shift(): boolean {
    const message = this.first;
    if (message === undefined) return false;
    this.#remove(this.#head);
    if (this.delivery !== Delivery.LatestOnly) return true;
    this.#last.delete(message.key);
    this.#last.set(message.key, message);
    if (this.#last.size > this.#options.maxMessages) {
      const [oldest] = this.#last.keys();
      this.#last.delete(oldest);
    }
    return !this.#resent.delete(message);
  }

  /** Lets time pass: what waited too long is given up. */
  tick(dt: number): void {
    this.#nowSeconds += dt;
    if (this.isSequenced || !this.#mayExpire) return;
    const { ttlSeconds } = this.#options;
    const start = this.#head + (this.offset > 0 ? 1 : 0);
    for (let i = this.#queue.length - 1; i >= start; i--) {
      const waitedSeconds = this.#nowSeconds - this.#sinceSeconds[i]!;
      const most = Math.min(ttlSeconds, this.#queue[i]!.ttlSeconds);
      if (waitedSeconds > most) this.#drop(i, "expired");
    }
  }

  /**
   * The socket is gone: what was sent in part, and is not sequenced, is lost. Of a
   * latest-only channel the newest is sent again.
   */
  detach(): void {
    if (!this.isSequenced && this.offset > 0) {
      this.offset = 0;
      if (this.delivery !== Delivery.LatestOnly) this.#drop(this.#head, "cut");
    }
    for (const message of this.#last.values()) {
      if (this.#has(message.key)) continue;
      this.#resent.add(message);
      if (!this.push(message)) this.#resent.delete(message);
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
    this.offset = 0;
  }

  /** Gives up what waits: sequenced messages are added to those that are lost. */
  clear(lost: Map<OutMessage, OutChannel>): void {
    for (let i = this.#head; i < this.#queue.length; i++) {
      const message = this.#queue[i]!;
      if (this.isSequenced) lost.set(message, this);
      else this.dropped.add("closed", message.bytes.length);
    }
    this.#queue.length = 0;
    this.#sinceSeconds.length = 0;
    this.#head = 0;
    this.#queuedBytes = 0;
    this.offset = 0;
    this.#deflating.clear();
    this.#resent.clear();
  }

  /** Takes out the messages of more than so many bytes, of which nothing was sent. */
  takeLarger(bytes: number, taken: Map<OutMessage, OutChannel>): void {
    for (let i = this.#head + (this.offset > 0 ? 1 : 0);;) {
      const message = this.#queue[i];
      if (message === undefined) return;
      if (message.bytes.length <= bytes) {
        i += 1;
        continue;
      }
      taken.set(message, this);
      // The first of the queue leaves its place behind.
      if (this.#remove(i)) i = this.#head;
    }
  }

  /** Whether there is a message with a key, or without. */
  #has(key: string | undefined): boolean {
    return this.#queue.some((message) =>
      message !== undefined && message.key === key
    );
  }

  /** Whether the first message has to go, come what may. */
  get #isFirstBound(): boolean {
    const { first } = this;
    // In records in part it has to be finished; and were one that is being deflated
    // dropped for newer ones, none would ever go.
    return first !== undefined &&
      (this.offset > 0 || this.#deflating.has(first));
  }

  /** Those that came before it was known that they may be, or whose turn it was not. */
  #deflateQueue(): void {
    const isLatestOnly = this.delivery === Delivery.LatestOnly;
    const keys = new Set<string | undefined>();
    for (let i = this.#head; i < this.#queue.length; i++) {
      const message = this.#queue[i]!;
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
    if (!deflation.isDone) this.#deflating.add(message);
  }

  /** Whether no other of its kind is before it that it might yet take the place of. */
  #isNext({ key }: OutMessage): boolean {
    return this.delivery !== Delivery.LatestOnly ||
      !this.#has(key);
  }

  /**
   * Of two messages that say the same of one thing, the newer is enough. One that is
   * being deflated goes nonetheless: else none would, where a newer one always comes
   * before that is done.
   */
  #replace(key: string | undefined): void {
    const start = this.#head + (this.offset > 0 ? 1 : 0);
    for (let i = start; i < this.#queue.length; i++) {
      const message = this.#queue[i]!;
      if (message.key !== key || this.#deflating.has(message)) continue;
      this.#drop(i, "replaced");
      return;
    }
  }

  #drop(index: number, reason: DropReason): void {
    this.dropped.add(reason, this.#queue[index]!.bytes.length);
    this.#resent.delete(this.#queue[index]!);
    this.#remove(index);
  }

  /** Returns whether the others may have moved to other places. */
  #remove(index: number): boolean {
    const queue = this.#queue;
    const message = queue[index]!;
    this.#queuedBytes -= message.bytes.length;
    if (this.#deflating.size > 0) this.#deflating.delete(message);
    if (index > this.#head) {
      queue.splice(index, 1);
      this.#sinceSeconds.splice(index, 1);
      return false;
    }
    this.offset = 0;
    queue[index] = undefined;
    this.#head += 1;
    if (this.#head === queue.length) {
      queue.length = 0;
      this.#sinceSeconds.length = 0;
      this.#head = 0;
    } else if (this.#head >= SLACK && 2 * this.#head >= queue.length) {
      this.#queue = queue.slice(this.#head);
      this.#sinceSeconds = this.#sinceSeconds.slice(this.#head);
      this.#head = 0;
    }
    return true;
  }
}

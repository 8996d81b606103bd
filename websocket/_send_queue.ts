// This module is browser compatible.

import type { WsDropReason } from "./event.ts";

/** A message that waits to be sent. */
export interface QueuedMessage {
  data: string | Uint8Array;
  bytes: number;
  readonly key: string | undefined;
  expiresAtMs: number;
}

/** What happens at the bound of a {@linkcode SendQueue}. */
export interface SendQueueOptions {
  readonly maxMessages: number;
  readonly maxBytes: number;
  readonly overflow: "dropNewest" | "dropOldest";
  readonly onDropped: (
    count: number,
    bytes: number,
    reason: WsDropReason,
  ) => void;
}

/** Messages that wait to be sent, oldest first, bounded by count and bytes. */
export class SendQueue {
  readonly #options: SendQueueOptions;
  // What lies before the head was taken; the array is cut when that is half of it.
  #entries: (QueuedMessage | undefined)[] = [];
  #head = 0;
  readonly #keyed = new Map<string, QueuedMessage>();
  #bytes = 0;
  #nowMs = 0;
  /** No entry expires before this. */
  #nextExpiryMs = Infinity;

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#entries.length - this.#head;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Queues a message and copies its bytes; or tells that there is no room for it. */
  push(
    data: string | Uint8Array,
    bytes: number,
    key?: string,
    ttlMs = Infinity,
  ): boolean {
    const { maxBytes, overflow } = this.#options;
    if (bytes > maxBytes) return false;
    const expiresAtMs = this.#nowMs + ttlMs;
    const old = key === undefined ? undefined : this.#keyed.get(key);
    const freed = old?.bytes ?? 0;
    if (
      overflow === "dropNewest" &&
      !this.#fits(bytes - freed, old === undefined ? 1 : 0)
    ) {
      return false;
    }
    this.#nextExpiryMs = Math.min(this.#nextExpiryMs, expiresAtMs);
    const kept = typeof data === "string" ? data : data.slice();
    if (old !== undefined) {
      this.#options.onDropped(1, old.bytes, "replaced");
      if (this.#fits(bytes - freed, 0)) {
        this.#bytes += bytes - freed;
        old.data = kept;
        old.bytes = bytes;
        old.expiresAtMs = expiresAtMs;
        return true;
      }
      this.#remove(old);
    }
    let count = 0;
    let dropped = 0;
    while (!this.#fits(bytes, 1)) {
      const oldest = this.peek()!;
      this.shift();
      count++;
      dropped += oldest.bytes;
    }
    if (count > 0) this.#options.onDropped(count, dropped, "queueFull");
    const entry = { data: kept, bytes, key, expiresAtMs };
    this.#entries.push(entry);
    this.#bytes += bytes;
    if (key !== undefined) this.#keyed.set(key, entry);
    return true;
  }

  /** The oldest message, which stays. */
  peek(): QueuedMessage | undefined {
    return this.#entries[this.#head];
  }

  /** Removes the oldest message. */
  shift(): void {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return;
    this.#entries[this.#head++] = undefined;
    this.#forget(entry);
    if (this.#head >= 32 && this.#head * 2 >= this.#entries.length) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
  }

  /** Lets time pass, and drops what expired. */
  tick(dtMs: number): void {
    this.#nowMs += dtMs;
    if (this.#nowMs < this.#nextExpiryMs) return;
    let count = 0;
    let dropped = 0;
    this.#nextExpiryMs = Infinity;
    const kept: QueuedMessage[] = [];
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      if (entry.expiresAtMs <= this.#nowMs) {
        count++;
        dropped += entry.bytes;
        this.#forget(entry);
      } else {
        kept.push(entry);
        this.#nextExpiryMs = Math.min(this.#nextExpiryMs, entry.expiresAtMs);
      }
    }
    this.#entries = kept;
    this.#head = 0;
    if (count > 0) this.#options.onDropped(count, dropped, "expired");
  }

  /** Drops everything. */
  clear(reason: WsDropReason): void {
    const { size } = this;
    if (size > 0) this.#options.onDropped(size, this.#bytes, reason);
    this.#entries = [];
    this.#head = 0;
    this.#keyed.clear();
    this.#bytes = 0;
    this.#nextExpiryMs = Infinity;
  }

  #fits(bytes: number, messages: number): boolean {
    const { maxMessages, maxBytes } = this.#options;
    return this.size + messages <= maxMessages &&
      this.#bytes + bytes <= maxBytes;
  }

  #remove(entry: QueuedMessage): void {
    this.#entries.splice(this.#entries.indexOf(entry, this.#head), 1);
    this.#forget(entry);
  }

  #forget(entry: QueuedMessage): void {
    this.#bytes -= entry.bytes;
    if (entry.key !== undefined) this.#keyed.delete(entry.key);
  }
}

// This module is browser compatible.
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";
import type { ChannelConfig } from "../message/channel_config.ts";

// deno-lint-ignore-file
/** How much of messages is held. */
export interface MessageLimits {
  /** The most bytes that wait to be polled. */
  readonly maxReadyBytes?: number;
}
/** What one channel has sent. */
export interface ChannelStats {
  /** Messages that left. */
  readonly sent: number;
  /** Messages that arrived. */
  readonly delivered: number;
  /** Messages that left again. */
  readonly resent: number;
}
interface Item {
  id: number;
  bytes: Uint8Array;
  channel: number;
  acked: boolean;
  flying: number;
}
export class Outbox {
  queuedBytes = 0;
  lastRef = 0;
  lastRefCount = 0;
  #queue: Item[] = [];
  #refs = new Map<number, Item>();
  #nextRef = 0;
  #nextId: number[];
  #unacked = new Set<Item>();
  #reliable: boolean[];
  #stats: { sent: number; delivered: number; resent: number }[];
  constructor(
    options: {
      channels: readonly ChannelConfig[];
      redundancy: RedundancyPolicy;
      limits: MessageLimits;
      firstMessageId?: number;
    },
  ) {
    this.#nextId = options.channels.map(() => options.firstMessageId ?? 0);
    this.#reliable = options.channels.map((c) =>
      c.delivery === 0 || c.delivery === 2
    );
    this.#stats = options.channels.map(() => ({
      sent: 0,
      delivered: 0,
      resent: 0,
    }));
  }
  get isEmpty(): boolean {
    return this.#queue.length === 0 && this.#unacked.size === 0;
  }
  setRtt(_smoothedMs: number, _variationMs: number): void {}
  send(channel: number, bytes: Uint8Array, _nowMs: number): boolean {
    if (bytes.length > 1100 || this.queuedBytes > 4_000_000) return false;
    this.#queue.push({
      id: this.#nextId[channel]!++,
      bytes: bytes.slice(),
      channel,
      acked: false,
      flying: 0,
    });
    this.queuedBytes += bytes.length;
    return true;
  }
  nextDueMs(_nowMs: number): number {
    return this.#queue.length > 0 ? 0 : Infinity;
  }
  writeFrames(
    out: Uint8Array,
    offset: number,
    end: number,
    _nowMs: number,
    mode: number,
  ): number {
    this.lastRef = this.#nextRef;
    this.lastRefCount = 0;
    if (mode === 1 && this.#queue.length === 0) {
      for (const item of this.#unacked) {
        this.#queue.push(item);
        this.queuedBytes += item.bytes.length;
        break;
      }
    }
    while (this.#queue.length > 0) {
      const item = this.#queue[0]!;
      const size = 1 + 2 + 2 + item.bytes.length;
      if (offset + size > end) break;
      this.#queue.shift();
      this.queuedBytes -= item.bytes.length;
      if (item.acked) continue;
      out[offset++] = 0x80 | item.channel;
      out[offset++] = item.id;
      out[offset++] = (item.id & 0xffff) >>> 8;
      out[offset++] = item.bytes.length;
      out[offset++] = item.bytes.length >>> 8;
      out.set(item.bytes, offset);
      offset += item.bytes.length;
      if (item.flying === 0 && !this.#unacked.has(item)) {
        this.#stats[item.channel]!.sent++;
      } else this.#stats[item.channel]!.resent++;
      item.flying++;
      if (this.#reliable[item.channel]) this.#unacked.add(item);
      this.#refs.set(this.#nextRef++, item);
      this.lastRefCount++;
    }
    return offset;
  }
  onAcked(firstRef: number, count: number, _nowMs: number): void {
    for (let i = 0; i < count; i++) {
      const item = this.#refs.get(firstRef + i)!;
      if (!item.acked) this.#stats[item.channel]!.delivered++;
      item.acked = true;
      this.#unacked.delete(item);
    }
  }
  onLost(firstRef: number, count: number, _nowMs: number): void {
    for (let i = 0; i < count; i++) {
      const item = this.#refs.get(firstRef + i)!;
      item.flying--;
      if (
        item.acked || item.flying > 0 || !this.#reliable[item.channel] ||
        this.#queue.includes(item)
      ) continue;
      this.#queue.unshift(item);
      this.queuedBytes += item.bytes.length;
    }
  }
  releaseRefs(firstRef: number, count: number): void {
    for (let i = 0; i < count; i++) this.#refs.delete(firstRef + i);
  }
  channelStats(channel: number): ChannelStats {
    return this.#stats[channel]!;
  }
}
export class Inbox {
  heldBytes = 0;
  #first: number;
  #had: Set<number>[];
  #next: number[];
  #largest: number[];
  #early: Map<number, Uint8Array>[];
  #channels: readonly ChannelConfig[];
  #ready: [Uint8Array, number][] = [];
  constructor(
    options: {
      channels: readonly ChannelConfig[];
      limits: MessageLimits;
      firstMessageId?: number;
    },
  ) {
    this.#first = options.firstMessageId ?? 0;
    this.#channels = options.channels;
    this.#had = options.channels.map(() => new Set());
    this.#next = options.channels.map(() => this.#first);
    this.#largest = options.channels.map(() => this.#first - 1);
    this.#early = options.channels.map(() => new Map());
  }
  check(packet: Uint8Array, offset: number, end: number): number {
    if (packet[offset]! < 0x80 || offset + 5 > end) return -1;
    if ((packet[offset]! & 0x7f) >= this.#channels.length) return -1;
    const length = packet[offset + 3]! | packet[offset + 4]! << 8;
    const after = offset + 5 + length;
    return after > end ? -1 : this.heldBytes > 4_000_000 ? -2 : after;
  }
  receive(
    packet: Uint8Array,
    offset: number,
    _end: number,
    _nowMs: number,
  ): number {
    const channel = packet[offset]! & 0x7f;
    const low = packet[offset + 1]! | packet[offset + 2]! << 8;
    const length = packet[offset + 3]! | packet[offset + 4]! << 8;
    const after = offset + 5 + length;
    const expected = this.#largest[channel]! + 1;
    const id = expected + ((low - expected) << 16 >> 16);
    const bytes = packet.slice(offset + 5, after);
    if (id > this.#largest[channel]!) this.#largest[channel] = id;
    const delivery = this.#channels[channel]!.delivery;
    if (delivery === 3 || delivery === "latest") {
      if (id !== this.#largest[channel] || this.#had[channel]!.has(id)) {
        return after;
      }
    }
    if (this.#had[channel]!.has(id)) return after;
    this.#had[channel]!.add(id);
    this.heldBytes += length;
    if (delivery === 2) {
      this.#early[channel]!.set(id, bytes);
      for (;;) {
        const next = this.#early[channel]!.get(this.#next[channel]!);
        if (next === undefined) break;
        this.#early[channel]!.delete(this.#next[channel]!++);
        this.#ready.push([next, channel]);
      }
    } else this.#ready.push([bytes, channel]);
    return after;
  }
  beginPacket(): void {}
  poll(sink: (bytes: Uint8Array, channel: number) => void): number {
    const ready = this.#ready;
    this.#ready = [];
    for (const [bytes, channel] of ready) {
      this.heldBytes -= bytes.length;
      sink(bytes, channel);
    }
    return ready.length;
  }
  tick(_nowMs: number): void {}
  nextDueMs(): number {
    return Infinity;
  }
}

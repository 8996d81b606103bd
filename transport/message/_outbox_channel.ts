// This module is browser compatible.
import { Channel, isReliable } from "../../protocol/mod.ts";
import type { ChannelConfig } from "./channel_config.ts";
import {
  FOLLOWS,
  FRAGMENT_BYTES,
  MESSAGE_FRAME,
  MORE_CHANNEL,
} from "./_frame.ts";
import { IntRing } from "./_int_ring.ts";
import type { ResolvedMessageLimits } from "./resolve_limits.ts";

/** Where a message's frame (or, if in fragments, its first byte) is in the channel's bytes. */
export const AT = 0;
/** How long the message is. */
export const SIZE = 1;
/** Flags and counts, below. */
export const STATE = 2;
/** When it was given, in ticks. */
export const QUEUED = 3;
/** When it, or its first fragment, left first, in ticks. */
export const SENT = 4;
/** The number that travels, its lowest 32 bits. */
export const WIRE = 5;
/** What the outbox's clock of congestion showed when it was given, in ticks. */
export const CONGESTED = 6;
/** What the channel's clock of its budget showed when it was given, in ticks. */
export const HELD_BACK = 7;

/** It has left, all of it. */
export const WAS_SENT = 0x1;
/** It has arrived, or nobody wants it any more. */
export const IS_DONE = 0x2;
/** It is to be sent again at once. */
export const IS_DUE = 0x4;
/** It travels in fragments. */
export const IN_FRAGMENTS = 0x8;
/** Sent again until it has arrived, whatever the channel promises. */
export const IS_KEPT = 0x10;
/** A copy of it is in the heap. */
export const HAS_COPY = 0x20;
/** How many packets under way contain it: 8 bits from here. */
export const UNDER_WAY_SHIFT = 8;
export const UNDER_WAY_ONE = 1 << UNDER_WAY_SHIFT;
export const UNDER_WAY_MASK = 0xff << UNDER_WAY_SHIFT;
/** How many copies are still to be made: 3 bits from here. */
export const COPIES_LEFT_SHIFT = 16;
export const COPIES_LEFT_ONE = 1 << COPIES_LEFT_SHIFT;
export const COPIES_LEFT_MASK = 7 << COPIES_LEFT_SHIFT;
/** How many copies were planned: 3 bits from here. */
export const COPIES_SHIFT = 19;
export const COPIES_MASK = 7 << COPIES_SHIFT;
/** How many times it was sent again after a loss, at most 127: 7 bits from here. */
export const RESENT_SHIFT = 24;
export const RESENT_ONE = 1 << RESENT_SHIFT;
export const RESENT_MASK = 0x7f << RESENT_SHIFT;

/** What becomes of the fragments of one message. */
export class FragmentStates {
  /** How many are not acknowledged. */
  missing: number;
  /** The first one that has never left. */
  next = 0;
  /** By fragment: packets under way in the lowest 6 bits, then due again, then acknowledged. */
  readonly states: Uint8Array;

  constructor(messageBytes: number) {
    this.missing = Math.ceil(messageBytes / FRAGMENT_BYTES);
    this.states = new Uint8Array(this.missing);
  }
}

export const FRAGMENT_UNDER_WAY = 0x3f;
export const FRAGMENT_IS_DUE = 0x40;
export const FRAGMENT_IS_DONE = 0x80;

const EMPTY_BYTES = new Uint8Array(0);
const EMPTY_SLOTS = new Int32Array(0);
// Nothing is ever put in: a map takes room, and few channels have messages in fragments.
const NO_FRAGMENTS: Map<number, FragmentStates> = new Map();
/** What a channel without messages keeps at most of what it once needed: at once, and in the end. */
const KEPT_BYTES = 0x1_0000;
const KEPT_AT_REST_BYTES = 4096;
/** After how often running empty with little used the rest is let go of. */
const CALM_COUNT = 64;

/**
 * The messages of one channel from `send()` until they have arrived or are given up: their bytes
 * in one ring, framed so that a run of them is one piece of a packet, and eight integers each.
 *
 * A message's _place_ counts up in the order of `send()`. What travels is its _number_, which
 * differs where messages were dropped before they left.
 */
export class OutboxChannel {
  readonly index: number;
  readonly isReliable: boolean;
  /** Whether the receiver holds back what comes too early. */
  readonly isOrdered: boolean;
  readonly isLatest: boolean;
  readonly hasCopies: boolean;
  readonly priority: number;
  readonly maxBytes: number;
  readonly bytesPerSecond: number;
  /** Which of the outbox's groups it is in. */
  group = 0;

  /** The oldest message that is held. */
  base: number;
  /** The first one that has not left, or not all of it. */
  next: number;
  /** The place that the next `send()` gives. */
  end: number;
  /** How many places before `next` have no number, as they never left. */
  skipped = 0;
  /** All numbers below were given to messages of which a later one has arrived. */
  ackedEnd: number;
  slots: Int32Array = EMPTY_SLOTS;
  mask = -1;
  /** Of messages in fragments, by place. */
  fragments: Map<number, FragmentStates> = NO_FRAGMENTS;
  /** What is due again: records of (place, index of the fragment or -1). */
  readonly due: IntRing = new IntRing(1, 0);

  bytes: Uint8Array = EMPTY_BYTES;
  #head = 0;
  #tail = 0;
  /** The most bytes that were held since it was empty last. */
  #most = 0;
  #calm = 0;
  /** Bytes of messages that are held. */
  heldBytes = 0;
  /** Bytes of messages from `base` on that have left. */
  spanBytes = 0;

  /** What may leave under `bytesPerSecond`; below 0 it waits. */
  tokens: number;
  tokensAtMs = -Infinity;
  /** Since when the budget holds messages back, in ticks; -1 if it does not. */
  heldBackSince = 0;
  isHeldBack = false;
  /** For how long it did in all, in ticks. */
  heldBackTicks = 0;
  /** When one of its messages left last, or when messages began to wait, in ticks. */
  servedAt = 0;

  /** The number after the last one written into a packet, and which packet that was. */
  writtenEnd = 0;
  writtenPacket = -1;

  // For statistics.
  sent = 0;
  delivered = 0;
  resent = 0;
  copies = 0;
  refused = 0;
  dropped = 0;
  sentBytes = 0;
  late = 0;
  lateQueuedMs = 0;
  lateCongestedMs = 0;
  lateHeldBackMs = 0;
  lateUnderWayMs = 0;

  constructor(
    index: number,
    config: ChannelConfig,
    limits: ResolvedMessageLimits,
    firstMessageId: number,
  ) {
    const { delivery } = config;
    this.index = index;
    this.isLatest = delivery === "latest";
    this.isReliable = delivery !== "latest" && isReliable(delivery);
    this.isOrdered = delivery === Channel.ReliableOrdered;
    this.hasCopies = config.redundancy ?? this.isReliable;
    this.priority = config.priority ?? 4;
    this.maxBytes = this.isReliable
      ? limits.maxReliableBytes
      : limits.maxUnreliableBytes;
    this.bytesPerSecond = config.bytesPerSecond ?? Infinity;
    this.tokens = this.bytesPerSecond;
    this.base = firstMessageId;
    this.next = firstMessageId;
    this.end = firstMessageId;
    this.ackedEnd = firstMessageId;
  }

  /** Where the integers of the message at a place begin. */
  slot(place: number): number {
    return (place & this.mask) << 3;
  }

  /** The whole place of its lowest 32 bits. */
  expandPlace(low: number): number {
    return this.end + ((low - this.end) | 0);
  }

  /** Bytes before the bytes of a message of one frame in the ring. */
  headerBytes(size: number): number {
    return (this.index >= MORE_CHANNEL ? 2 : 1) + (size < 0x80 ? 1 : 2);
  }

  /** Copies a message in; whether there is room was asked before. */
  add(message: Uint8Array, ticks: number, congestedTicks: number): void {
    const size = message.length;
    const isWhole = size <= FRAGMENT_BYTES;
    if (this.end - this.base > this.mask) this.#growSlots();
    const header = isWhole ? this.headerBytes(size) : 0;
    const at = this.#allocate(header + size);
    const bytes = this.bytes;
    let to = at;
    if (isWhole) {
      const index = this.index;
      if (index < MORE_CHANNEL) {
        bytes[to++] = MESSAGE_FRAME | FOLLOWS | index;
      } else {
        bytes[to++] = MESSAGE_FRAME | FOLLOWS | MORE_CHANNEL;
        bytes[to++] = index - MORE_CHANNEL;
      }
      if (size < 0x80) {
        bytes[to++] = size;
      } else {
        bytes[to++] = size | 0x80;
        bytes[to++] = size >> 7;
      }
    } else {
      if (this.fragments === NO_FRAGMENTS) this.fragments = new Map();
      this.fragments.set(this.end, new FragmentStates(size));
    }
    bytes.set(message, to);
    if (this.next === this.end) this.servedAt = ticks;
    const slots = this.slots;
    const slot = (this.end & this.mask) << 3;
    slots[slot] = at;
    slots[slot + SIZE] = size;
    slots[slot + STATE] = isWhole ? 0 : IN_FRAGMENTS;
    slots[slot + QUEUED] = ticks;
    slots[slot + CONGESTED] = congestedTicks;
    slots[slot + HELD_BACK] = this.heldBackTicks;
    this.end++;
    this.heldBytes += size;
    if (this.heldBytes > this.#most) this.#most = this.heldBytes;
  }

  /** Marks a message as wanted no more; `advance()` then lets go of it when nothing older is held. */
  finish(slot: number): void {
    this.slots[slot + STATE]! |= IS_DONE;
  }

  /** How many of the oldest messages a newer one may take the place of. */
  replaceable(): number {
    let place = this.base;
    while (place < this.end) {
      const state = this.slots[this.slot(place) + STATE]!;
      if ((state & (IS_KEPT | IS_DONE)) === IS_KEPT) break;
      place++;
    }
    return place - this.base;
  }

  /** How many bytes so many of the oldest messages have. */
  bytesOf(count: number): number {
    let bytes = 0;
    for (let i = 0; i < count; i++) {
      bytes += this.slots[this.slot(this.base + i) + SIZE]!;
    }
    return bytes;
  }

  /** Lets go of the oldest messages that are done. Returns how many bytes they had. */
  advance(): number {
    const slots = this.slots;
    const mask = this.mask;
    const { next } = this;
    let { base } = this;
    let freed = 0;
    while (base < next) {
      const slot = (base & mask) << 3;
      const state = slots[slot + STATE]!;
      if ((state & IS_DONE) === 0) break;
      if ((state & IN_FRAGMENTS) !== 0) this.fragments.delete(base);
      freed += slots[slot + SIZE]!;
      base++;
    }
    if (base === this.base) return 0;
    this.base = base;
    this.heldBytes -= freed;
    this.spanBytes -= freed;
    if (base === this.end) {
      this.#head = this.#tail = 0;
      this.#rest();
    } else {
      this.#tail = slots[(base & mask) << 3]!;
    }
    return freed;
  }

  /** Lets go of what a burst needed. */
  #rest(): void {
    const capacity = this.bytes.length;
    const slotBytes = (this.mask + 1) << 5;
    const isCalm = this.#most * 8 < capacity || this.#most < KEPT_AT_REST_BYTES;
    this.#calm = isCalm ? this.#calm + 1 : 0;
    this.#most = 0;
    const kept = this.#calm < CALM_COUNT ? KEPT_BYTES : KEPT_AT_REST_BYTES;
    if (capacity > kept || slotBytes > kept) this.#release();
  }

  /** Keeps no room for messages that are not there. */
  rest(): void {
    this.due.rest();
    if (this.base === this.end) this.#release();
  }

  #release(): void {
    this.bytes = EMPTY_BYTES;
    this.slots = EMPTY_SLOTS;
    this.mask = -1;
    this.#head = this.#tail = 0;
    this.#calm = 0;
  }

  /** Finds room for bytes that stay together. */
  #allocate(count: number): number {
    const capacity = this.bytes.length;
    let at = this.#head;
    // Only without messages are head and tail the same and the ring empty.
    const isWrapped = this.base < this.end && at <= this.#tail;
    if (!isWrapped) {
      if (capacity - at < count) {
        if (this.#tail > count) at = 0;
        else at = this.#growBytes(count);
      }
    } else if (this.#tail - at < count) {
      at = this.#growBytes(count);
    }
    this.#head = at + count;
    return at;
  }

  /** Moves all bytes into a larger array, one after another, and returns where they end. */
  #growBytes(count: number): number {
    const old = this.bytes;
    const needed = count + this.heldBytes + 4 * (this.end - this.base);
    let capacity = Math.max(256, old.length * 2);
    while (capacity < needed) capacity *= 2;
    const bytes = new Uint8Array(capacity);
    const slots = this.slots;
    let to = 0;
    for (let place = this.base; place < this.end; place++) {
      const slot = this.slot(place);
      const from = slots[slot]!;
      const size = slots[slot + SIZE]!;
      const length = (slots[slot + STATE]! & IN_FRAGMENTS) !== 0
        ? size
        : size + this.headerBytes(size);
      bytes.set(old.subarray(from, from + length), to);
      slots[slot] = to;
      to += length;
    }
    this.bytes = bytes;
    this.#tail = 0;
    return to;
  }

  #growSlots(): void {
    const old = this.slots;
    const oldMask = this.mask;
    const mask = Math.max(8, (oldMask + 1) * 2) - 1;
    const slots = new Int32Array((mask + 1) << 3);
    for (let place = this.base; place < this.end; place++) {
      const from = (place & oldMask) << 3;
      const to = (place & mask) << 3;
      for (let i = 0; i < 8; i++) slots[to + i] = old[from + i]!;
    }
    this.slots = slots;
    this.mask = mask;
  }
}

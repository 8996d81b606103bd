// This module is browser compatible.
import type { RedundancyPolicy } from "../redundancy/redundancy_policy.ts";
import type { ChannelConfig } from "./channel_config.ts";
import {
  type ChannelStats,
  LATE_MS,
  type LateMessage,
} from "./channel_stats.ts";
import { CopyHeap } from "./_copy_heap.ts";
import {
  copyBytes,
  FRAGMENT_BYTES,
  FRAGMENT_FRAME,
  MESSAGE_FRAME,
  MORE_CHANNEL,
  NUMBER_WINDOW,
  TICKS_PER_MS,
  toTicks,
  varintBytes,
  writeVarint,
} from "./_frame.ts";
import { IntRing } from "./_int_ring.ts";
import { LateMessages } from "./_late_messages.ts";
import type { ResolvedMessageLimits } from "./resolve_limits.ts";
import {
  CONGESTED,
  COPIES_LEFT_MASK,
  COPIES_LEFT_ONE,
  COPIES_LEFT_SHIFT,
  COPIES_MASK,
  COPIES_SHIFT,
  FRAGMENT_IS_DONE,
  FRAGMENT_IS_DUE,
  FRAGMENT_UNDER_WAY,
  HAS_COPY,
  HELD_BACK,
  IN_FRAGMENTS,
  IS_DONE,
  IS_DUE,
  IS_KEPT,
  OutboxChannel,
  QUEUED,
  RESENT_MASK,
  RESENT_ONE,
  RESENT_SHIFT,
  SENT,
  SIZE,
  STATE,
  UNDER_WAY_MASK,
  UNDER_WAY_ONE,
  WAS_SENT,
  WIRE,
} from "./_outbox_channel.ts";

/** What {@linkcode Outbox} is made of. */
export interface OutboxOptions {
  /** All channels by index, the four of `Channel` first: 1 to 256. */
  readonly channels: readonly ChannelConfig[];
  /** Plans copies. */
  readonly redundancy: RedundancyPolicy;
  /** How much is held. */
  readonly limits: ResolvedMessageLimits;
  /**
   * The number of the first message of every channel: for tests of what happens where
   * numbers wrap.
   *
   * @default {0}
   */
  readonly firstMessageId?: number;
}

/** How {@linkcode Outbox.writeFrames} chooses: what is due. */
export const NORMAL = 0;
/** How {@linkcode Outbox.writeFrames} chooses: nothing new; what is due again, then the oldest that is unacknowledged. */
export const PROBE = 1;

/** How late a copy may be before it goes ahead of new messages of its priority, in milliseconds. */
const OVERDUE_MS = 10;
/** How long messages of a lower priority wait before one frame of theirs goes first, in milliseconds. */
const STARVED_MS = 250;
/** A channel with a budget sends at most so much of a second's at once. */
const BURST_SECONDS = 0.05;
const MIN_BURST_BYTES = 1200;

// Of a ref: the channel and flags, the place (lowest 32 bits), how many messages or which fragment,
// the number (lowest 32 bits).
const PLACE = 1;
const COUNT = 2;
const NUMBER = 3;
const IS_FRAGMENT = 0x100;
const IS_LOST = 0x200;
const IS_ACKED = 0x400;

/** Channels of one priority. */
interface Group {
  readonly priority: number;
  readonly channels: OutboxChannel[];
  readonly copies: CopyHeap;
  /** Whose turn it is. */
  turn: number;
}

/**
 * What a connection has to send: the messages of all channels, until they have arrived
 * or nobody wants them any more.
 *
 * **Order.** A higher priority goes first, strictly, but for this: where messages of a
 * lower one have waited for 250 ms, one frame of theirs goes first. Within one priority:
 * what was lost, then copies that are more than 10 ms late, then new messages (channels
 * take turns with each packet), then copies.
 *
 * **Bounds.** `send()` refuses what would go beyond the bounds in {@linkcode MessageLimits}.
 * Unreliable messages that could not leave for `maxUnreliableWaitMs` are dropped, and so
 * are those of a "latest" channel when a newer one is given.
 */
export class Outbox {
  /** The cursor of what the last {@linkcode Outbox.writeFrames} wrote. */
  lastRef = 0;
  /** How much it wrote: 0 if nothing. */
  lastRefCount = 0;
  /** Whether anything of it is sent again if it is lost. */
  lastIsReliable = false;
  /** Bytes of messages that wait for their first sending or are due again. */
  queuedBytes = 0;
  /** From when on a message counts as late; {@linkcode Outbox.setRtt} moves it. */
  #lateTicks = (LATE_MS + 100) * TICKS_PER_MS;

  /** By index; those that have had no message are not there. */
  readonly #channels: (OutboxChannel | undefined)[];
  readonly #configs: readonly ChannelConfig[];
  readonly #firstMessageId: number;
  readonly #groups: Group[] = [];
  readonly #redundancy: RedundancyPolicy;
  readonly #limits: ResolvedMessageLimits;
  readonly #refs = new IntRing(2, 0);
  readonly #late = new LateMessages();
  #heldBytes = 0;
  /** Messages that have not left, or not all of them. */
  #unsent = 0;
  /** Messages and fragments that are due again. */
  #due = 0;
  /** Bytes sent on ordered channels from the oldest unacknowledged message on. */
  #spanBytes = 0;
  /** How many messages these are. */
  #spanMessages = 0;
  /** Bytes of reliable messages in fragments that have begun to leave. */
  #reassemblyBytes = 0;
  /** For how long messages waited that could have left, in ticks. */
  #congestedTicks = 0;
  #congestedSince = 0;
  #isCongested = false;
  /** Whether the packet that is written had no room for something. */
  #isFull = false;
  #packet = 0;

  constructor(options: OutboxOptions) {
    this.#configs = options.channels;
    this.#limits = options.limits;
    this.#firstMessageId = options.firstMessageId ?? 0;
    this.#redundancy = options.redundancy;
    this.#channels = new Array(options.channels.length).fill(undefined);
  }

  /** Bytes of messages that are held: they wait, or are not acknowledged. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Bytes of its arrays: what it costs beside its objects. */
  get capacityBytes(): number {
    let bytes = this.#refs.values.byteLength;
    for (const c of this.#channels) {
      if (c === undefined) continue;
      bytes += c.bytes.length + c.slots.byteLength + c.due.values.byteLength;
    }
    return bytes;
  }

  /** Lets go of what messages needed that are not there any more. */
  rest(): void {
    this.#refs.rest();
    for (const c of this.#channels) c?.rest();
    for (const { copies } of this.#groups) {
      this.#dropDeadCopies(copies);
      copies.rest();
    }
  }

  /** Whether every message that was accepted has arrived or was given up. */
  get isEmpty(): boolean {
    return this.#heldBytes === 0 && this.#unsent === 0 &&
      this.#channels.every((c) => c === undefined || c.base === c.end);
  }

  /**
   * Accepts a message.
   *
   * @param channel The channel's index.
   * @param bytes The message, which is copied.
   * @param nowMs The time.
   * @returns `false` if it is too long, or there is no room.
   */
  send(channel: number, bytes: Uint8Array, nowMs: number): boolean {
    const c = this.#channels[channel] ?? this.#open(channel);
    const limits = this.#limits;
    const size = bytes.length;
    const ticks = toTicks(nowMs);
    let replacedBytes = 0;
    let replaced = 0;
    if (!c.isReliable && c.base < c.end && size <= c.maxBytes) {
      if (!c.isLatest) {
        this.#expire(c, ticks);
      } else {
        // Not given up yet: one that is refused takes nobody's place.
        replaced = c.replaceable();
        replacedBytes = c.bytesOf(replaced);
      }
    }
    if (
      size > c.maxBytes ||
      c.heldBytes - replacedBytes + size > limits.maxChannelBytes ||
      c.end - c.base - replaced >= limits.maxChannelMessages ||
      this.#heldBytes - replacedBytes + size > limits.maxQueuedBytes
    ) {
      c.refused++;
      return false;
    }
    if (c.isLatest && c.base < c.end) this.#supersede(c);
    c.add(
      bytes,
      ticks,
      this.#isCongested
        ? this.#congestedTicks + ((ticks - this.#congestedSince) | 0)
        : this.#congestedTicks,
    );
    this.#heldBytes += size;
    this.queuedBytes += size;
    this.#unsent++;
    return true;
  }

  /** Sets what a usual round trip takes, by which it is told what is late. */
  setRtt(smoothedMs: number, variationMs: number): void {
    this.#lateTicks = toTicks(LATE_MS + smoothedMs + 4 * variationMs);
  }

  /**
   * When something may leave.
   *
   * @returns A time, at most `nowMs` for at once; `Infinity` if nothing waits, or only for
   * acknowledgements.
   */
  nextDueMs(nowMs: number): number {
    if (this.#due > 0) return nowMs;
    let dueMs = Infinity;
    if (this.#unsent > 0) {
      for (const c of this.#channels) {
        if (c === undefined || c.next === c.end || !this.#mayBegin(c)) continue;
        const readyMs = tokensReadyMs(c, nowMs);
        if (readyMs <= nowMs) return nowMs;
        if (readyMs < dueMs) dueMs = readyMs;
      }
    }
    for (const { copies } of this.#groups) {
      if (copies.length === 0) continue;
      this.#dropDeadCopies(copies);
      if (copies.dueMs < dueMs) dueMs = copies.dueMs;
    }
    return dueMs;
  }

  /**
   * Writes frames of what is due.
   *
   * @param out The packet.
   * @param offset Where the first frame goes.
   * @param end Where the packet ends at the latest.
   * @param nowMs The time.
   * @param mode {@linkcode NORMAL} or {@linkcode PROBE}.
   * @returns The offset after the last frame.
   */
  writeFrames(
    out: Uint8Array,
    offset: number,
    end: number,
    nowMs: number,
    mode: number,
  ): number {
    const ticks = toTicks(nowMs);
    this.#packet++;
    this.#isFull = false;
    this.lastRef = this.#refs.end;
    this.lastIsReliable = false;
    if (this.#isCongested) {
      this.#isCongested = false;
      this.#congestedTicks += Math.max(0, (ticks - this.#congestedSince) | 0);
    }
    const groups = this.#groups;
    let at = offset;
    if (mode === NORMAL && groups.length > 1 && this.#unsent > 0) {
      at = this.#writeStarved(out, at, end, nowMs, ticks);
    }
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i]!;
      if (this.#due > 0) at = this.#writeDue(group, out, at, end);
      if (group.copies.dueMs <= nowMs - OVERDUE_MS) {
        at = this.#writeCopies(group, out, at, end, nowMs, nowMs - OVERDUE_MS);
      }
      if (mode === NORMAL && this.#unsent > 0) {
        const { channels } = group;
        const { turn } = group;
        group.turn = turn + 1 < channels.length ? turn + 1 : 0;
        for (let j = turn; j < channels.length; j++) {
          const c = channels[j]!;
          if (c.next < c.end) {
            at = this.#writeNew(c, out, at, end, nowMs, ticks, false);
          }
        }
        for (let j = 0; j < turn; j++) {
          const c = channels[j]!;
          if (c.next < c.end) {
            at = this.#writeNew(c, out, at, end, nowMs, ticks, false);
          }
        }
      }
      if (group.copies.dueMs <= nowMs) {
        at = this.#writeCopies(group, out, at, end, nowMs, nowMs);
      }
    }
    if (mode === PROBE) at = this.#writeOldest(out, at, end);
    this.lastRefCount = this.#refs.end - this.lastRef;
    if (this.#isFull) {
      this.#isCongested = true;
      this.#congestedSince = ticks;
    }
    return at;
  }

  /** A packet has arrived: all that it contained. */
  onAcked(firstRef: number, count: number, nowMs: number): void {
    const refs = this.#refs;
    const ticks = toTicks(nowMs);
    for (let ref = firstRef; ref < firstRef + count; ref++) {
      const at = refs.offset(ref);
      const { values } = refs;
      const flags = values[at]!;
      if ((flags & IS_ACKED) !== 0) continue;
      values[at] = flags | IS_ACKED;
      const c = this.#channels[flags & 0xff]!;
      const wasLost = (flags & IS_LOST) !== 0;
      const place = c.expandPlace(values[at + PLACE]!);
      const number = values[at + NUMBER]!;
      if ((flags & IS_FRAGMENT) !== 0) {
        this.#noteNumber(c, number, 1);
        this.#ackFragment(c, place, values[at + COUNT]!, wasLost, ticks);
      } else {
        const messages = values[at + COUNT]!;
        this.#noteNumber(c, number, messages);
        this.#ackRun(c, place, messages, wasLost, ticks);
      }
      this.#advance(c);
    }
  }

  /** A packet is taken for lost: what is in no other packet under way is due at once. */
  onLost(firstRef: number, count: number, _nowMs: number): void {
    const refs = this.#refs;
    for (let ref = firstRef; ref < firstRef + count; ref++) {
      const at = refs.offset(ref);
      const { values } = refs;
      const flags = values[at]!;
      if ((flags & (IS_ACKED | IS_LOST)) !== 0) continue;
      values[at] = flags | IS_LOST;
      const c = this.#channels[flags & 0xff]!;
      const place = c.expandPlace(values[at + PLACE]!);
      if ((flags & IS_FRAGMENT) !== 0) {
        this.#loseFragment(c, place, values[at + COUNT]!);
      } else {
        this.#loseRun(c, place, values[at + COUNT]!);
      }
    }
  }

  /** Nothing more is told about a packet. Called in the order of packets. */
  releaseRefs(firstRef: number, count: number): void {
    const refs = this.#refs;
    this.onLost(firstRef, count, 0);
    if (firstRef + count > refs.first) refs.drop(firstRef + count);
  }

  /** What a channel has sent. */
  channelStats(channel: number): ChannelStats {
    const c = this.#channels[channel] ?? this.#make(channel);
    return {
      sent: c.sent,
      delivered: c.delivered,
      resent: c.resent,
      copies: c.copies,
      refused: c.refused,
      dropped: c.dropped,
      sentBytes: c.sentBytes,
      queued: c.end - c.next,
      heldBytes: c.heldBytes,
      late: c.late,
      lateBy: {
        queuedMs: c.lateQueuedMs,
        congestionMs: c.lateCongestedMs,
        budgetMs: c.lateHeldBackMs,
        underWayMs: c.lateUnderWayMs,
      },
    };
  }

  /** The latest messages that were late, at most 16, oldest first. */
  lateMessages(): LateMessage[] {
    return this.#late.toArray();
  }

  // Sending.

  #make(index: number): OutboxChannel {
    const config = this.#configs[index];
    if (config === undefined) throw unknownChannel(index, this.#configs.length);
    const c = new OutboxChannel(
      index,
      config,
      this.#limits,
      this.#firstMessageId,
    );
    c.tokens = burstBytes(c.bytesPerSecond);
    return c;
  }

  /** A channel gets its first message. */
  #open(index: number): OutboxChannel {
    const c = this.#make(index);
    this.#channels[index] = c;
    const groups = this.#groups;
    let at = 0;
    while (at < groups.length && groups[at]!.priority > c.priority) at++;
    if (groups[at]?.priority !== c.priority) {
      const { priority } = c;
      groups.splice(at, 0, {
        priority,
        channels: [],
        copies: new CopyHeap(),
        turn: 0,
      });
    }
    c.group = at;
    for (let i = at + 1; i < groups.length; i++) {
      for (const other of groups[i]!.channels) other.group = i;
    }
    groups[at]!.channels.push(c);
    return c;
  }

  /** Whether the next message may go as far as numbers and the receiver's bounds are concerned. */
  #mayBegin(c: OutboxChannel): boolean {
    if (!c.isReliable) {
      return c.next - c.skipped - c.ackedEnd < NUMBER_WINDOW ||
        this.#hasBegun(c);
    }
    if (c.next - c.base >= NUMBER_WINDOW) return false;
    const slot = c.slot(c.next);
    const size = c.slots[slot + SIZE]!;
    const isInFragments = (c.slots[slot + STATE]! & IN_FRAGMENTS) !== 0;
    if (isInFragments) {
      if (this.#hasBegun(c)) return true;
      if (
        this.#reassemblyBytes > 0 &&
        this.#reassemblyBytes + size > this.#limits.maxReassemblyBytes
      ) return false;
    }
    return !c.isOrdered || c.base === c.next ||
      this.#spanBytes + size <= this.#limits.maxReorderBytes &&
        this.#spanMessages < this.#limits.maxReadyMessages;
  }

  /** Whether some fragments of the next message have left. */
  #hasBegun(c: OutboxChannel): boolean {
    if ((c.slots[c.slot(c.next) + STATE]! & IN_FRAGMENTS) === 0) return false;
    return c.fragments.get(c.next)!.next > 0;
  }

  #writeStarved(
    out: Uint8Array,
    offset: number,
    end: number,
    nowMs: number,
    ticks: number,
  ): number {
    let at = offset;
    for (let i = 1; i < this.#groups.length; i++) {
      for (const c of this.#groups[i]!.channels) {
        if (
          c.next < c.end &&
          ((ticks - c.servedAt) | 0) > STARVED_MS * TICKS_PER_MS
        ) {
          at = this.#writeNew(c, out, at, end, nowMs, ticks, true);
        }
      }
    }
    return at;
  }

  /** Writes as many new messages of a channel as there is room for, or only one frame. */
  #writeNew(
    c: OutboxChannel,
    out: Uint8Array,
    offset: number,
    end: number,
    nowMs: number,
    ticks: number,
    onlyOne: boolean,
  ): number {
    let at = offset;
    if (!c.isReliable && !c.isLatest) this.#expire(c, ticks);
    const hasBudget = c.bytesPerSecond !== Infinity;
    while (c.next < c.end) {
      if (hasBudget && !this.#checkBudget(c, nowMs, ticks)) break;
      if (!this.#mayBegin(c)) break;
      const isInFragments =
        (c.slots[c.slot(c.next) + STATE]! & IN_FRAGMENTS) !== 0;
      const to = isInFragments
        ? this.#writeNewFragment(c, out, at, end, ticks)
        : this.#writeRun(c, out, at, end, nowMs, ticks, onlyOne);
      if (to === at) {
        this.#isFull = true;
        break;
      }
      if (hasBudget) c.tokens -= to - at;
      c.sentBytes += to - at;
      c.servedAt = ticks;
      at = to;
      if (onlyOne) break;
    }
    return at;
  }

  /** Writes new messages that lie one after another in the channel's bytes: one piece of the packet. */
  #writeRun(
    c: OutboxChannel,
    out: Uint8Array,
    offset: number,
    end: number,
    nowMs: number,
    ticks: number,
    onlyOne: boolean,
  ): number {
    const { slots } = c;
    const first = c.next;
    const firstSlot = c.slot(first);
    const from = slots[firstSlot]!;
    const firstSize = slots[firstSlot + SIZE]!;
    const channelBytes = c.index < MORE_CHANNEL ? 1 : 2;
    let length = channelBytes + (firstSize < 0x80 ? 1 : 2) + firstSize;
    // The bytes of the number come on top.
    const room = end - offset - 2;
    if (length > room) return offset;

    const redundancy = c.hasCopies ? this.#redundancy : undefined;
    const number = first - c.skipped;
    let last = c.end;
    if (onlyOne) {
      last = first + 1;
    } else {
      const window = c.isReliable
        ? c.base + NUMBER_WINDOW
        : c.ackedEnd + c.skipped + NUMBER_WINDOW;
      if (last > window) last = window;
    }
    let spanRoom = Infinity;
    if (c.isOrdered) {
      const { maxReorderBytes, maxReadyMessages } = this.#limits;
      spanRoom = maxReorderBytes - this.#spanBytes;
      const spanEnd = first + maxReadyMessages - this.#spanMessages;
      if (last > spanEnd) last = spanEnd;
    }
    const tokens = c.bytesPerSecond === Infinity ? Infinity : c.tokens;
    const congested = this.#congestedTicks;
    const heldBack = c.heldBackTicks;
    // From here on what is unreliable would be kept.
    const keptFrom = c.isReliable
      ? Infinity
      : c.ackedEnd + NUMBER_WINDOW - 1 + c.skipped;
    let bytes = 0;
    let place = first;
    let slot = firstSlot;
    let size = firstSize;
    while (true) {
      bytes += size;
      let state = WAS_SENT | UNDER_WAY_ONE;
      if (place >= keptFrom) state |= IS_KEPT;
      if (redundancy !== undefined) {
        const copies = redundancy.copies(size, nowMs) & 7;
        if (copies > 0) {
          state |= copies << COPIES_LEFT_SHIFT | copies << COPIES_SHIFT |
            HAS_COPY;
          this.#planCopy(c, place, nowMs, redundancy.delayMs(0), nowMs);
        }
      }
      slots[slot + STATE] = state;
      slots[slot + SENT] = ticks;
      slots[slot + WIRE] = place - c.skipped;
      slots[slot + CONGESTED] = (congested - slots[slot + CONGESTED]!) | 0;
      slots[slot + HELD_BACK] = (heldBack - slots[slot + HELD_BACK]!) | 0;
      place++;
      if (place >= last) break;
      slot = c.slot(place);
      size = slots[slot + SIZE]!;
      const frame = channelBytes + (size < 0x80 ? 1 : 2) + size;
      if (
        slots[slot] !== from + length || length + frame > room ||
        (slots[slot + STATE]! & IN_FRAGMENTS) !== 0 ||
        bytes + size > spanRoom || length >= tokens
      ) break;
      length += frame;
    }

    const count = place - first;
    let at = offset;
    if (c.index < MORE_CHANNEL) {
      out[at++] = MESSAGE_FRAME | c.index;
    } else {
      out[at++] = MESSAGE_FRAME | MORE_CHANNEL;
      out[at++] = c.index - MORE_CHANNEL;
    }
    out[at++] = number;
    out[at++] = number >> 8;
    copyBytes(c.bytes, from + channelBytes, from + length, out, at);
    at += length - channelBytes;
    c.writtenEnd = (number + count) | 0;
    c.writtenPacket = this.#packet;

    c.next = place;
    c.sent += count;
    c.spanBytes += bytes;
    if (c.isOrdered) {
      this.#spanBytes += bytes;
      this.#spanMessages += count;
    }
    this.#unsent -= count;
    this.queuedBytes -= bytes;
    this.#ref(c, first, count, number);
    this.#redundancy.onSent(at - offset, false, nowMs);
    if (c.isReliable || c.isLatest || place > keptFrom) {
      this.lastIsReliable = true;
    }
    if (!c.isReliable) this.#afterUnreliable(c, first, place, ticks);
    return at;
  }

  /** Lets go of unreliable messages that have left and have no copies to come. */
  #afterUnreliable(
    c: OutboxChannel,
    first: number,
    end: number,
    ticks: number,
  ): void {
    const { slots } = c;
    for (let place = first; place < end; place++) {
      const slot = c.slot(place);
      if (((ticks - slots[slot + QUEUED]!) | 0) > LATE_MS * TICKS_PER_MS) {
        this.#noteLate(c, slot, place, ticks);
      }
      if (!c.isLatest && (slots[slot + STATE]! & (IS_KEPT | HAS_COPY)) === 0) {
        c.finish(slot);
      }
    }
    this.#advance(c);
  }

  #writeNewFragment(
    c: OutboxChannel,
    out: Uint8Array,
    offset: number,
    end: number,
    ticks: number,
  ): number {
    const place = c.next;
    const slot = c.slot(place);
    const { slots } = c;
    const fragments = c.fragments.get(place)!;
    const index = fragments.next;
    const size = slots[slot + SIZE]!;
    if (index === 0) slots[slot + WIRE] = place - c.skipped;
    const at = this.#writeFragment(c, slot, place, index, out, offset, end);
    if (at === offset) return offset;
    if (index === 0) {
      slots[slot + SENT] = ticks;
      slots[slot + CONGESTED] =
        (this.#congestedTicks - slots[slot + CONGESTED]!) | 0;
      slots[slot + HELD_BACK] = (c.heldBackTicks - slots[slot + HELD_BACK]!) |
        0;
      c.spanBytes += size;
      if (c.isOrdered) {
        this.#spanBytes += size;
        this.#spanMessages++;
      }
      if (c.isReliable) this.#reassemblyBytes += size;
      else if (place - c.skipped - c.ackedEnd >= NUMBER_WINDOW - 1) {
        slots[slot + STATE]! |= IS_KEPT;
      }
    }
    if (c.isReliable || c.isLatest || (slots[slot + STATE]! & IS_KEPT) !== 0) {
      this.lastIsReliable = true;
    }
    fragments.next = index + 1;
    this.queuedBytes -= fragmentLength(size, index);
    if (fragments.next === fragments.states.length) {
      slots[slot + STATE]! |= WAS_SENT;
      c.next = place + 1;
      c.sent++;
      this.#unsent--;
      if (!c.isReliable) this.#afterUnreliable(c, place, place + 1, ticks);
    }
    return at;
  }

  /** Writes one fragment, whatever its history. Returns `offset` if there is no room. */
  #writeFragment(
    c: OutboxChannel,
    slot: number,
    place: number,
    index: number,
    out: Uint8Array,
    offset: number,
    end: number,
  ): number {
    const { slots } = c;
    const size = slots[slot + SIZE]!;
    const length = fragmentLength(size, index);
    if (offset + 4 + varintBytes(size) + varintBytes(index) + length > end) {
      return offset;
    }
    const number = slots[slot + WIRE]!;
    out[offset] = FRAGMENT_FRAME;
    out[offset + 1] = c.index;
    out[offset + 2] = number;
    out[offset + 3] = number >> 8;
    let at = writeVarint(out, offset + 4, size);
    at = writeVarint(out, at, index);
    const from = slots[slot]! + index * FRAGMENT_BYTES;
    copyBytes(c.bytes, from, from + length, out, at);
    const { states } = c.fragments.get(place)!;
    states[index]!++;
    const ref = this.#refs.push();
    const written = this.#refs.values;
    written[ref] = c.index | IS_FRAGMENT;
    written[ref + PLACE] = place;
    written[ref + COUNT] = index;
    written[ref + NUMBER] = number;
    return at + length;
  }

  /** Writes one message of one frame once more. Returns `offset` if there is no room. */
  #writeAgain(
    c: OutboxChannel,
    slot: number,
    place: number,
    out: Uint8Array,
    offset: number,
    end: number,
  ): number {
    const { slots } = c;
    const number = slots[slot + WIRE]!;
    const size = slots[slot + SIZE]!;
    const from = slots[slot]!;
    const length = c.headerBytes(size) + size;
    const follows = c.writtenPacket === this.#packet && c.writtenEnd === number;
    let at = offset;
    if (follows) {
      if (at + length > end) return offset;
      copyBytes(c.bytes, from, from + length, out, at);
      at += length;
    } else {
      if (at + length + 2 > end) return offset;
      const channelBytes = c.index < MORE_CHANNEL ? 1 : 2;
      if (c.index < MORE_CHANNEL) {
        out[at++] = MESSAGE_FRAME | c.index;
      } else {
        out[at++] = MESSAGE_FRAME | MORE_CHANNEL;
        out[at++] = c.index - MORE_CHANNEL;
      }
      out[at++] = number;
      out[at++] = number >> 8;
      copyBytes(c.bytes, from + channelBytes, from + length, out, at);
      at += length - channelBytes;
    }
    c.writtenEnd = (number + 1) | 0;
    c.writtenPacket = this.#packet;
    c.sentBytes += at - offset;
    if (c.bytesPerSecond !== Infinity) c.tokens -= at - offset;
    slots[slot + STATE]! += UNDER_WAY_ONE;
    if (c.isReliable || c.isLatest || (slots[slot + STATE]! & IS_KEPT) !== 0) {
      this.lastIsReliable = true;
    }
    this.#ref(c, place, 1, number);
    return at;
  }

  /** Writes what was lost. */
  #writeDue(
    group: Group,
    out: Uint8Array,
    offset: number,
    end: number,
  ): number {
    let at = offset;
    for (const c of group.channels) {
      const { due } = c;
      while (due.first < due.end) {
        const record = due.offset(due.first);
        const place = c.expandPlace(due.values[record]!);
        const index = due.values[record + 1]!;
        if (place < c.base) {
          due.shift();
          continue;
        }
        const slot = c.slot(place);
        const state = c.slots[slot + STATE]!;
        if (index < 0) {
          if ((state & IS_DUE) === 0) {
            due.shift();
            continue;
          }
          const to = this.#writeAgain(c, slot, place, out, at, end);
          if (to === at) {
            this.#isFull = true;
            break;
          }
          at = to;
          let now = c.slots[slot + STATE]! & ~IS_DUE;
          if ((now & RESENT_MASK) !== RESENT_MASK) now += RESENT_ONE;
          c.slots[slot + STATE] = now;
          this.queuedBytes -= c.slots[slot + SIZE]!;
        } else {
          const fragments = c.fragments.get(place);
          if (
            (state & IS_DONE) !== 0 || fragments === undefined ||
            (fragments.states[index]! & FRAGMENT_IS_DUE) === 0
          ) {
            due.shift();
            continue;
          }
          const to = this.#writeFragment(c, slot, place, index, out, at, end);
          if (to === at) {
            this.#isFull = true;
            break;
          }
          c.sentBytes += to - at;
          if (c.bytesPerSecond !== Infinity) c.tokens -= to - at;
          at = to;
          this.lastIsReliable = true;
          fragments.states[index]! &= ~FRAGMENT_IS_DUE;
          if ((state & RESENT_MASK) !== RESENT_MASK) {
            c.slots[slot + STATE]! += RESENT_ONE;
          }
          this.queuedBytes -= fragmentLength(c.slots[slot + SIZE]!, index);
        }
        c.resent++;
        this.#due--;
        due.shift();
      }
    }
    return at;
  }

  /** Writes copies that were due at `dueMs`. */
  #writeCopies(
    group: Group,
    out: Uint8Array,
    offset: number,
    end: number,
    nowMs: number,
    dueMs: number,
  ): number {
    const heap = group.copies;
    let at = offset;
    while (heap.dueMs <= dueMs) {
      const c = this.#channels[heap.channel]!;
      const place = c.expandPlace(heap.place);
      const slot = c.slot(place);
      const alive = place >= c.base && (c.slots[slot + STATE]! & IS_DONE) === 0;
      if (alive && !this.#isInPacket(c.index, place)) {
        const to = this.#writeAgain(c, slot, place, out, at, end);
        if (to === at) {
          this.#isFull = true;
          break;
        }
        this.#redundancy.onSent(to - at, true, nowMs);
        at = to;
        c.copies++;
      }
      heap.pop();
      if (alive) this.#nextCopy(c, slot, place, nowMs);
    }
    if (at > offset) {
      // Unreliable messages wait for nothing else than their copies.
      for (const c of group.channels) if (!c.isReliable) this.#advance(c);
    }
    return at;
  }

  /** Plans the next copy of a message of which one has left. */
  #nextCopy(
    c: OutboxChannel,
    slot: number,
    place: number,
    nowMs: number,
  ): void {
    const { slots } = c;
    const state = slots[slot + STATE]! - COPIES_LEFT_ONE;
    const left = (state & COPIES_LEFT_MASK) >> COPIES_LEFT_SHIFT;
    if (left > 0) {
      slots[slot + STATE] = state;
      const index = ((state & COPIES_MASK) >> COPIES_SHIFT) - left;
      const sentMs = nowMs -
        ((toTicks(nowMs) - slots[slot + SENT]!) | 0) / TICKS_PER_MS;
      this.#planCopy(c, place, sentMs, this.#redundancy.delayMs(index), nowMs);
      return;
    }
    slots[slot + STATE] = state & ~HAS_COPY;
    if (!c.isReliable && !c.isLatest && (state & IS_KEPT) === 0) c.finish(slot);
  }

  /** Never before the next millisecond: two in one packet would be lost together. */
  #planCopy(
    c: OutboxChannel,
    place: number,
    sentMs: number,
    delayMs: number,
    nowMs: number,
  ): void {
    const heap = this.#groups[c.group]!.copies;
    heap.push(Math.max(sentMs + delayMs, nowMs + 1), c.index, place);
  }

  #dropDeadCopies(copies: CopyHeap): void {
    while (copies.length > 0) {
      const c = this.#channels[copies.channel]!;
      const place = c.expandPlace(copies.place);
      if (
        place >= c.base && (c.slots[c.slot(place) + STATE]! & IS_DONE) === 0
      ) return;
      copies.pop();
    }
  }

  /** Repeats the oldest messages that are not acknowledged, as far as there is room. */
  #writeOldest(
    out: Uint8Array,
    offset: number,
    end: number,
  ): number {
    let at = offset;
    for (const { channels } of this.#groups) {
      for (const c of channels) {
        // What is half sent counts too.
        for (let place = c.base; place < c.end && place <= c.next; place++) {
          const slot = c.slot(place);
          const state = c.slots[slot + STATE]!;
          if ((state & IS_DONE) !== 0) continue;
          if (!c.isReliable && !c.isLatest && (state & IS_KEPT) === 0) continue;
          const to = (state & IN_FRAGMENTS) !== 0
            ? this.#writeOldestFragment(c, slot, place, out, at, end)
            : (state & WAS_SENT) === 0 || this.#isInPacket(c.index, place) ||
                (state & UNDER_WAY_MASK) === UNDER_WAY_MASK
            ? at
            : this.#writeAgain(c, slot, place, out, at, end);
          if (to > at && (state & IN_FRAGMENTS) === 0) c.resent++;
          at = to;
          if (end - at < MIN_FRAME_BYTES) return at;
        }
      }
    }
    return at;
  }

  #writeOldestFragment(
    c: OutboxChannel,
    slot: number,
    place: number,
    out: Uint8Array,
    offset: number,
    end: number,
  ): number {
    const fragments = c.fragments.get(place)!;
    for (let index = 0; index < fragments.next; index++) {
      const state = fragments.states[index]!;
      if ((state & (FRAGMENT_IS_DONE | FRAGMENT_IS_DUE)) !== 0) continue;
      if ((state & FRAGMENT_UNDER_WAY) === FRAGMENT_UNDER_WAY) continue;
      const at = this.#writeFragment(c, slot, place, index, out, offset, end);
      if (at > offset) {
        c.resent++;
        c.sentBytes += at - offset;
        this.lastIsReliable = true;
      }
      return at;
    }
    return offset;
  }

  #isInPacket(channel: number, place: number): boolean {
    const refs = this.#refs;
    const low = place | 0;
    for (let ref = this.lastRef; ref < refs.end; ref++) {
      const at = refs.offset(ref);
      if (refs.values[at] !== channel) continue;
      const distance = (low - refs.values[at + PLACE]!) | 0;
      if (distance >= 0 && distance < refs.values[at + COUNT]!) return true;
    }
    return false;
  }

  /** Notes that messages are in the packet that is written. */
  #ref(c: OutboxChannel, place: number, count: number, number: number): void {
    const refs = this.#refs;
    if (refs.end > this.lastRef) {
      const at = refs.offset(refs.end - 1);
      const { values } = refs;
      const before = values[at + COUNT]!;
      if (
        values[at] === c.index &&
        values[at + PLACE]! + before === (place | 0) &&
        values[at + NUMBER]! + before === (number | 0)
      ) {
        values[at + COUNT] = before + count;
        return;
      }
    }
    const at = refs.push();
    const { values } = refs;
    values[at] = c.index;
    values[at + PLACE] = place;
    values[at + COUNT] = count;
    values[at + NUMBER] = number;
  }

  // What becomes of it.

  /** A number has arrived: what travels after it can be told from it. */
  #noteNumber(c: OutboxChannel, low: number, count: number): void {
    const end = c.next - c.skipped + 1;
    const number = end + ((low - end) | 0) + count;
    if (number > c.ackedEnd) c.ackedEnd = number;
  }

  #ackRun(
    c: OutboxChannel,
    first: number,
    count: number,
    wasLost: boolean,
    ticks: number,
  ): void {
    const { slots, mask, base } = c;
    const end = first + count;
    const lateTicks = this.#lateTicks;
    const underWay = wasLost ? 0 : UNDER_WAY_ONE;
    if (!c.isReliable && !c.isLatest && !c.hasCopies) c.delivered += count;
    for (let place = first < base ? base : first; place < end; place++) {
      const slot = (place & mask) << 3;
      const state = slots[slot + STATE]! - underWay;
      if ((state & IS_DONE) !== 0) {
        slots[slot + STATE] = state;
        continue;
      }
      slots[slot + STATE] = (state | IS_DONE) & ~IS_DUE;
      if (c.isReliable || c.isLatest || c.hasCopies) c.delivered++;
      if ((state & IS_DUE) !== 0) {
        this.#due--;
        this.queuedBytes -= slots[slot + SIZE]!;
      }
      if (((ticks - slots[slot + QUEUED]!) | 0) > lateTicks && c.isReliable) {
        this.#noteLate(c, slot, place, ticks);
      }
    }
  }

  #ackFragment(
    c: OutboxChannel,
    place: number,
    index: number,
    wasLost: boolean,
    ticks: number,
  ): void {
    if (place < c.base) return;
    const slot = c.slot(place);
    const fragments = c.fragments.get(place);
    if (fragments === undefined) return;
    const { states } = fragments;
    if (!wasLost) states[index]!--;
    const state = states[index]!;
    if ((state & FRAGMENT_IS_DONE) !== 0) return;
    states[index] = (state | FRAGMENT_IS_DONE) & ~FRAGMENT_IS_DUE;
    fragments.missing--;
    if ((c.slots[slot + STATE]! & IS_DONE) !== 0) return;
    if ((state & FRAGMENT_IS_DUE) !== 0) {
      this.#due--;
      this.queuedBytes -= fragmentLength(c.slots[slot + SIZE]!, index);
    }
    if (fragments.missing > 0) return;
    c.delivered++;
    c.finish(slot);
    if (!c.isReliable) return;
    this.#reassemblyBytes -= c.slots[slot + SIZE]!;
    if (((ticks - c.slots[slot + QUEUED]!) | 0) > this.#lateTicks) {
      this.#noteLate(c, slot, place, ticks);
    }
  }

  #loseRun(c: OutboxChannel, first: number, count: number): void {
    const { slots } = c;
    const end = first + count;
    for (let place = Math.max(first, c.base); place < end; place++) {
      const slot = c.slot(place);
      const state = slots[slot + STATE]! - UNDER_WAY_ONE;
      slots[slot + STATE] = state;
      if ((state & (IS_DONE | IS_DUE | UNDER_WAY_MASK)) !== 0) continue;
      if (!c.isReliable && !c.isLatest && (state & IS_KEPT) === 0) continue;
      slots[slot + STATE] = state | IS_DUE;
      this.#again(c, place, -1, slots[slot + SIZE]!);
    }
  }

  #loseFragment(c: OutboxChannel, place: number, index: number): void {
    if (place < c.base) return;
    const fragments = c.fragments.get(place);
    if (fragments === undefined) return;
    const { states } = fragments;
    const state = --states[index]!;
    if (
      (state & (FRAGMENT_IS_DONE | FRAGMENT_IS_DUE | FRAGMENT_UNDER_WAY)) !== 0
    ) return;
    const slot = c.slot(place);
    const flags = c.slots[slot + STATE]!;
    if ((flags & IS_DONE) !== 0) return;
    if (!c.isReliable && !c.isLatest && (flags & IS_KEPT) === 0) return;
    states[index] = state | FRAGMENT_IS_DUE;
    this.#again(c, place, index, fragmentLength(c.slots[slot + SIZE]!, index));
  }

  #again(c: OutboxChannel, place: number, index: number, bytes: number): void {
    const at = c.due.push();
    c.due.values[at] = place;
    c.due.values[at + 1] = index;
    this.#due++;
    this.queuedBytes += bytes;
  }

  #advance(c: OutboxChannel): void {
    const { spanBytes, base } = c;
    this.#heldBytes -= c.advance();
    if (c.isOrdered) {
      this.#spanBytes -= spanBytes - c.spanBytes;
      this.#spanMessages -= c.base - base;
    }
  }

  /** Gives up a message, sent or not, that nobody wants any more. */
  #giveUp(c: OutboxChannel, place: number): void {
    const slot = c.slot(place);
    const { slots } = c;
    const state = slots[slot + STATE]!;
    const size = slots[slot + SIZE]!;
    c.finish(slot);
    if (place < c.next) {
      if ((state & IN_FRAGMENTS) !== 0) this.#giveUpFragments(c, place, size);
      if ((state & IS_DUE) !== 0) {
        slots[slot + STATE]! &= ~IS_DUE;
        this.#due--;
        this.queuedBytes -= size;
      }
      return;
    }
    // It is the next one: nothing or only a part of it has left.
    const begun = (state & IN_FRAGMENTS) !== 0
      ? c.fragments.get(place)!.next
      : 0;
    if (begun > 0) {
      this.#giveUpFragments(c, place, size);
    } else {
      c.skipped++;
      c.spanBytes += size;
    }
    this.queuedBytes -= size - Math.min(size, begun * FRAGMENT_BYTES);
    this.#unsent--;
    c.next++;
    c.dropped++;
  }

  #giveUpFragments(c: OutboxChannel, place: number, size: number): void {
    const { states } = c.fragments.get(place)!;
    for (let index = 0; index < states.length; index++) {
      if ((states[index]! & FRAGMENT_IS_DUE) === 0) continue;
      states[index]! &= ~FRAGMENT_IS_DUE;
      this.#due--;
      this.queuedBytes -= fragmentLength(size, index);
    }
  }

  /** Gives up unreliable messages that have waited too long. */
  #expire(c: OutboxChannel, ticks: number): void {
    const limit = this.#limits.maxUnreliableWaitMs * TICKS_PER_MS;
    const before = c.next;
    while (c.next < c.end) {
      const slot = c.slot(c.next);
      if (((ticks - c.slots[slot + QUEUED]!) | 0) <= limit) break;
      // Its number is what lets others go on.
      if ((c.slots[slot + STATE]! & IS_KEPT) !== 0) break;
      this.#giveUp(c, c.next);
    }
    if (c.next > before) this.#advance(c);
  }

  /** A newer message takes the place of the one before it, as that one did. */
  #supersede(c: OutboxChannel): void {
    const place = c.end - 1;
    const state = c.slots[c.slot(place) + STATE]!;
    if ((state & (IS_KEPT | IS_DONE)) !== 0) return;
    this.#giveUp(c, place);
    this.#advance(c);
  }

  /** Whether a channel's budget lets it send now. */
  #checkBudget(c: OutboxChannel, nowMs: number, ticks: number): boolean {
    refill(c, nowMs);
    const isHeldBack = c.tokens <= 0;
    if (c.isHeldBack) {
      c.heldBackTicks += Math.max(0, (ticks - c.heldBackSince) | 0);
    }
    c.isHeldBack = isHeldBack;
    c.heldBackSince = ticks;
    return !isHeldBack;
  }

  #noteLate(
    c: OutboxChannel,
    slot: number,
    place: number,
    ticks: number,
  ): void {
    const { slots } = c;
    const waited = (slots[slot + SENT]! - slots[slot + QUEUED]!) | 0;
    const underWay = (ticks - slots[slot + SENT]!) | 0;
    const heldBack = Math.min(waited, Math.max(0, slots[slot + HELD_BACK]!));
    const congested = Math.min(
      waited - heldBack,
      Math.max(0, slots[slot + CONGESTED]!),
    );
    const queued = waited - heldBack - congested;
    c.late++;
    c.lateQueuedMs += queued / TICKS_PER_MS;
    c.lateCongestedMs += congested / TICKS_PER_MS;
    c.lateHeldBackMs += heldBack / TICKS_PER_MS;
    c.lateUnderWayMs += underWay / TICKS_PER_MS;
    const state = slots[slot + STATE]!;
    this.#late.add(
      c.index,
      place,
      queued,
      congested,
      heldBack,
      underWay,
      (state & RESENT_MASK) >> RESENT_SHIFT,
      (state & COPIES_MASK) >> COPIES_SHIFT,
    );
  }
}

/** No frame is shorter: a message without bytes that follows another one. */
const MIN_FRAME_BYTES = 2;

function fragmentLength(messageBytes: number, index: number): number {
  return Math.min(FRAGMENT_BYTES, messageBytes - index * FRAGMENT_BYTES);
}

function burstBytes(bytesPerSecond: number): number {
  return Math.max(MIN_BURST_BYTES, bytesPerSecond * BURST_SECONDS);
}

/** Lets time flow into a channel's budget. */
function refill(c: OutboxChannel, nowMs: number): void {
  const passedMs = nowMs - c.tokensAtMs;
  if (!(passedMs > 0)) return;
  c.tokens = Math.min(
    burstBytes(c.bytesPerSecond),
    c.tokens + passedMs * c.bytesPerSecond / 1000,
  );
  c.tokensAtMs = nowMs;
}

/** When a channel's budget lets it send. */
function tokensReadyMs(c: OutboxChannel, nowMs: number): number {
  if (c.bytesPerSecond === Infinity) return nowMs;
  refill(c, nowMs);
  if (c.tokens > 0) return nowMs;
  // One byte more than none.
  return nowMs + (1 - c.tokens) * 1000 / c.bytesPerSecond;
}

function unknownChannel(channel: number, count: number): RangeError {
  return new RangeError(
    `Cannot use a channel as its index must be an integer from 0 to ${
      count - 1
    }: current value is ${channel}`,
  );
}

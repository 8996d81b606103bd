// This module is browser compatible.
import { FRAGMENT_TIMEOUT_MS } from "../constants.ts";
import { PartialMessage } from "../fragment/partial_message.ts";
import { AgingMessage, AgingMessages } from "./_aging_messages.ts";
import type { ChannelConfig } from "./channel_config.ts";
import type { ChannelRecvStats } from "./channel_recv_stats.ts";
import { LATE_MS } from "./channel_stats.ts";
import {
  FOLLOWS,
  FRAGMENT_BYTES,
  FRAGMENT_FRAME,
  MESSAGE_FRAME,
  MORE_CHANNEL,
  NUMBER_WINDOW,
} from "./_frame.ts";
import { HeldMessages } from "./_held_messages.ts";
import { InboxChannel } from "./_inbox_channel.ts";
import type { ResolvedMessageLimits } from "./resolve_limits.ts";

/** What {@linkcode Inbox} is made of. */
export interface InboxOptions {
  /** All channels by index, the same as at the other end. */
  readonly channels: readonly ChannelConfig[];
  /** How much is held. */
  readonly limits: ResolvedMessageLimits;
  /**
   * The number of the first message of every channel: for tests.
   *
   * @default {0}
   */
  readonly firstMessageId?: number;
}

/** {@linkcode Inbox.check}: nobody who keeps to the protocol sends that. */
export const MALFORMED = -1;
/** {@linkcode Inbox.check}: there is no room for it now. */
export const NO_ROOM = -2;

// What is ready: the channel and where it is, then what that place needs.
const IN_READY = 0;
const IN_HELD = 0x100;
const IN_WHOLE = 0x200;
const KIND_MASK = 0x300;

const EMPTY_BYTES = new Uint8Array(0);
const EMPTY_INTS = new Int32Array(0);
/** What an empty inbox keeps at most of the bytes it once needed: at once, and in the end. */
const KEPT_BYTES = 0x4_0000;
const KEPT_AT_REST_BYTES = 4096;
/** After how often being emptied with little used the rest is let go of. */
const CALM_COUNT = 64;

/**
 * What a connection has received: keeps the promise of each channel, and holds messages
 * until the game takes them out.
 *
 * A packet's frames are checked first, all of them, and then taken: one that is
 * malformed, or for which there is no room, changes nothing.
 */
export class Inbox {
  /** By index; those that have had no message are not there. */
  readonly #channels: (InboxChannel | undefined)[];
  readonly #configs: readonly ChannelConfig[];
  readonly #firstMessageId: number;
  readonly #limits: ResolvedMessageLimits;
  /** Packets with messages that can be handed out, from their first such frame on. */
  #bytes = EMPTY_BYTES;
  #bytesEnd = 0;
  /** Three integers for each message or run of messages that can be handed out. */
  #ready = EMPTY_INTS;
  #readyFirst = 0;
  #readyEnd = 0;
  /** Messages that were put together, in the order of their records. */
  #whole: Uint8Array[] = [];
  #wholeFirst = 0;
  #wholeBytes = 0;
  /** Messages that came before their turn and still wait for it. */
  #heldMessages = 0;
  #heldBytes = 0;
  /** Messages whose turn has come since. */
  #releasedMessages = 0;
  #releasedBytes = 0;
  #reassemblyBytes = 0;
  /** The newest messages of latest channels in fragments: at most one each, with room of its own. */
  #newestBytes = 0;
  /** Other unreliable messages in fragments. */
  readonly #aging = new AgingMessages();

  #packet = 0;
  /** What the frames checked so far need. */
  #checkedBytes = 0;
  #checkedMessages = 0;
  #checkedHeld = 0;
  #checkedEarly = 0;
  #checkedReassembly = 0;
  /** Where in `#bytes` the packet's offset 0 would be; below any if it is not there. */
  #shift = 0;
  #isCopied = false;
  #calm = 0;

  constructor(options: InboxOptions) {
    this.#configs = options.channels;
    this.#limits = options.limits;
    this.#firstMessageId = options.firstMessageId ?? 0;
    this.#channels = new Array(options.channels.length).fill(undefined);
  }

  /** Bytes of messages that are held: not taken out, too early, or not whole (counted whole). */
  get heldBytes(): number {
    return this.#bytesEnd + this.#wholeBytes + this.#releasedBytes +
      this.#heldBytes + this.#reassemblyBytes + this.#newestBytes;
  }

  /** Bytes of its arrays: what it costs beside its objects. */
  get capacityBytes(): number {
    let bytes = this.#bytes.length + this.#ready.byteLength +
      this.#reassemblyBytes + this.#newestBytes + this.#wholeBytes;
    for (const c of this.#channels) bytes += c?.held?.capacityBytes ?? 0;
    return bytes;
  }

  /** Whether `poll()` would hand out anything. */
  get isReady(): boolean {
    return this.#readyFirst < this.#readyEnd;
  }

  /** Another packet begins: call it before its frames are checked. */
  beginPacket(): void {
    this.#packet++;
    this.#checkedBytes = 0;
    this.#checkedMessages = 0;
    this.#checkedHeld = 0;
    this.#checkedEarly = 0;
    this.#checkedReassembly = 0;
    this.#isCopied = false;
  }

  /**
   * Checks a MESSAGE or FRAGMENT frame and changes nothing that outlives the packet.
   *
   * @param packet The packet.
   * @param offset Where the frame begins.
   * @param end Where the packet ends.
   * @returns The offset after the frame, {@linkcode MALFORMED} or {@linkcode NO_ROOM}.
   */
  check(packet: Uint8Array, offset: number, end: number): number {
    if (offset >= end) return MALFORMED;
    const first = packet[offset]!;
    if (first < MESSAGE_FRAME) {
      return first === FRAGMENT_FRAME
        ? this.#checkFragment(packet, offset + 1, end)
        : MALFORMED;
    }
    let at = offset + 1;
    let index = first & MORE_CHANNEL;
    if (index === MORE_CHANNEL) {
      if (at >= end) return MALFORMED;
      index += packet[at++]!;
    }
    if (index >= this.#channels.length) return MALFORMED;
    const c = this.#channels[index] ?? this.#open(index);
    let number: number;
    if ((first & FOLLOWS) !== 0) {
      if (c.checkedPacket !== this.#packet) return MALFORMED;
      number = c.checkedEnd;
    } else {
      if (at + 2 > end) return MALFORMED;
      number = c.expand(packet[at]! | packet[at + 1]! << 8);
      at += 2;
      if (c.checkedPacket !== this.#packet) {
        c.checkedPacket = this.#packet;
        c.checkedBase = c.base;
      }
    }
    c.checkedEnd = number + 1;
    if (at >= end) return MALFORMED;
    let size = packet[at++]!;
    if (size >= 0x80) {
      if (at >= end) return MALFORMED;
      const high = packet[at++]!;
      if (high === 0 || high >= 0x80) return MALFORMED;
      size = (size & 0x7f) | high << 7;
      if (size > FRAGMENT_BYTES) return MALFORMED;
    }
    at += size;
    if (at > end || size > c.maxBytes || isBeyond(number)) return MALFORMED;
    if (c.isReliable && number - c.base >= NUMBER_WINDOW) return MALFORMED;
    if (c.partial.size > 0 && c.partial.has(number)) return MALFORMED;
    if (number === c.checkedBase) c.checkedBase++;
    else if (c.isOrdered && number > c.checkedBase) {
      // What fills a hole must not be refused for what waits behind it: two bounds, and what
      // is held already, and comes again beside it, needs no room.
      return c.has(number) || this.#hasRoomEarly(size) ? at : NO_ROOM;
    }
    this.#checkedMessages++;
    if (this.#checkedBytes === 0) this.#checkedBytes = end - offset;
    return this.#hasRoom() ? at : NO_ROOM;
  }

  /**
   * Takes a frame that {@linkcode Inbox.check} has passed, after all others before it in
   * the packet.
   *
   * @returns The offset after the frame.
   */
  receive(
    packet: Uint8Array,
    offset: number,
    end: number,
    nowMs: number,
  ): number {
    const first = packet[offset]!;
    if (first < MESSAGE_FRAME) {
      return this.#receiveFragment(packet, offset + 1, nowMs);
    }
    let at = offset + 1;
    let index = first & MORE_CHANNEL;
    if (index === MORE_CHANNEL) index += packet[at++]!;
    const c = this.#channels[index]!;
    let number: number;
    if ((first & FOLLOWS) !== 0) {
      number = c.takenEnd;
    } else {
      // Expanded against what was known when it was checked, or later: within a packet that
      // changes by less than what 16 bits tell apart.
      number = c.expand(packet[at]! | packet[at + 1]! << 8);
      at += 2;
    }
    c.takenEnd = number + 1;
    let size = packet[at++]!;
    if (size >= 0x80) size = (size & 0x7f) | packet[at++]! << 7;
    const to = at + size;

    // The usual case, without a hole: nothing else is to be done.
    if (
      number === c.base && c.ahead === 0 && c.isReliable && c.partial.size === 0
    ) {
      c.base = number + 1;
    } else if (c.has(number)) {
      if (c.isNewestOnly) c.tooOld++;
      else c.duplicates++;
      return to;
    } else if (
      c.partial.has(number) ||
      (c.isReliable && number - c.base >= NUMBER_WINDOW)
    ) {
      // Only where frames of one packet contradict each other: the first one counts.
      return to;
    } else if (c.isOrdered && number !== c.base) {
      c.note(number);
      if (c.held === undefined) c.held = new HeldMessages();
      if (c.heldSinceMs < 0) c.heldSinceMs = nowMs;
      c.held.put(number, packet, at, to);
      this.#heldBytes += size;
      this.#heldMessages++;
      c.received++;
      return to;
    } else {
      c.note(number);
    }
    c.received++;
    if (!this.#isCopied) this.#copyPacket(packet, offset, end);
    this.#pushReady(c.index | IN_READY, at + this.#shift, size);
    if (c.isOrdered && c.base > number + 1) {
      this.#pushHeld(c, number + 1, nowMs);
    } else if (c.isNewestOnly && c.partial.size > 0) this.#dropOlder(c);
    return to;
  }

  /**
   * Hands out what had come when it was called.
   *
   * @param sink Takes a message, whose bytes are its own only during the call, and the
   * channel's index. It does not call `receive()` or `poll()` of this inbox. What it
   * throws goes to the caller; the message counts as handed out.
   * @returns How many it handed out.
   */
  poll(sink: (bytes: Uint8Array, channel: number) => void): number {
    const stop = this.#readyEnd;
    if (this.#readyFirst === stop) {
      // A sink has thrown at the last one.
      if (stop > 0) this.#reset();
      return 0;
    }
    const ready = this.#ready;
    const bytes = this.#bytes;
    let count = 0;
    while (this.#readyFirst < stop) {
      const at = this.#readyFirst * 3;
      const what = ready[at]!;
      const channel = what & 0xff;
      if ((what & KIND_MASK) === IN_READY) {
        this.#readyFirst++;
        const from = ready[at + 1]!;
        count++;
        sink(bytes.subarray(from, from + ready[at + 2]!), channel);
      } else if ((what & KIND_MASK) === IN_WHOLE) {
        this.#readyFirst++;
        const message = this.#whole[this.#wholeFirst]!;
        this.#whole[this.#wholeFirst++] = EMPTY_BYTES;
        this.#wholeBytes -= message.length;
        count++;
        sink(message, channel);
      } else {
        // One at a time, so that an error of the sink loses one only.
        const c = this.#channels[channel]!;
        const number = c.base + ((ready[at + 1]! - c.base) | 0);
        ready[at + 1] = number + 1;
        if (--ready[at + 2]! === 0) this.#readyFirst++;
        count++;
        this.#releasedMessages--;
        const message = this.#takeHeld(c, number);
        sink(message, channel);
      }
    }
    if (this.#readyFirst === this.#readyEnd) this.#reset();
    return count;
  }

  /** Gives up unreliable messages in fragments that have waited too long for the rest. */
  tick(nowMs: number): void {
    for (;;) {
      const { oldest } = this.#aging;
      if (
        oldest === undefined || oldest.beganMs + FRAGMENT_TIMEOUT_MS > nowMs
      ) return;
      this.#abandon(oldest);
    }
  }

  /** When {@linkcode Inbox.tick} is wanted; `Infinity` if nothing waits. */
  nextDueMs(): number {
    const { oldest } = this.#aging;
    return oldest === undefined
      ? Infinity
      : oldest.beganMs + FRAGMENT_TIMEOUT_MS;
  }

  /** Lets go of what messages needed that are not there any more. */
  rest(): void {
    for (const c of this.#channels) c?.rest();
    if (this.#readyEnd > 0 || this.#bytesEnd > 0) return;
    this.#bytes = EMPTY_BYTES;
    this.#ready = EMPTY_INTS;
  }

  /** What a channel has received. */
  channelStats(channel: number): ChannelRecvStats {
    const c = this.#channels[channel] ?? this.#make(channel);
    if (c === undefined) {
      throw new RangeError(
        `Cannot use a channel as its index must be an integer from 0 to ${
          this.#channels.length - 1
        }: current value is ${channel}`,
      );
    }
    return {
      received: c.received,
      duplicates: c.duplicates,
      tooOld: c.tooOld,
      abandoned: c.abandoned,
      held: (c.held?.length ?? 0) + c.whole.size,
      partial: c.partial.size,
      headOfLine: c.headOfLine,
      headOfLineMs: c.headOfLineMs,
    };
  }

  #make(index: number): InboxChannel | undefined {
    const config = this.#configs[index];
    return config === undefined
      ? undefined
      : new InboxChannel(index, config, this.#limits, this.#firstMessageId);
  }

  /** A channel gets its first message. */
  #open(index: number): InboxChannel {
    const c = this.#make(index)!;
    this.#channels[index] = c;
    return c;
  }

  #hasRoom(): boolean {
    const limits = this.#limits;
    // A packet has room where nothing else waits, whatever the bounds: it would come for ever.
    const messages = this.#readyEnd + this.#releasedMessages;
    return this.#bytesEnd + this.#wholeBytes + this.#releasedBytes +
            this.#checkedBytes <= limits.maxReadyBytes + MAX_PACKET_BYTES &&
      (messages === 0 ||
        messages + this.#checkedMessages <= limits.maxReadyMessages);
  }

  #hasRoomEarly(size: number): boolean {
    const limits = this.#limits;
    this.#checkedHeld += size;
    this.#checkedEarly++;
    return this.#heldBytes + this.#checkedHeld <= limits.maxReorderBytes &&
      this.#heldMessages + this.#checkedEarly <= limits.maxReadyMessages;
  }

  /** Copies the packet from here on: its messages are handed out of the copy. */
  #copyPacket(packet: Uint8Array, offset: number, end: number): void {
    const from = this.#bytesEnd;
    const length = end - offset;
    if (from + length > this.#bytes.length) {
      let capacity = Math.max(512, this.#bytes.length * 2);
      while (capacity < from + length) capacity *= 2;
      const bytes = new Uint8Array(capacity);
      bytes.set(this.#bytes.subarray(0, from));
      this.#bytes = bytes;
    }
    if (offset === 0 && end === packet.length) this.#bytes.set(packet, from);
    else this.#bytes.set(packet.subarray(offset, end), from);
    this.#bytesEnd = from + length;
    this.#shift = from - offset;
    this.#isCopied = true;
  }

  #pushReady(what: number, a: number, b: number): void {
    const at = this.#readyEnd * 3;
    if (at === this.#ready.length) {
      const ready = new Int32Array(Math.max(24, at * 2));
      ready.set(this.#ready);
      this.#ready = ready;
    }
    const ready = this.#ready;
    ready[at] = what;
    ready[at + 1] = a;
    ready[at + 2] = b;
    this.#readyEnd++;
  }

  /** A hole is filled: what was held behind it is ready. */
  #pushHeld(c: InboxChannel, from: number, nowMs: number): void {
    const waitedMs = nowMs - c.heldSinceMs;
    if (waitedMs > LATE_MS) {
      c.headOfLine += c.base - from;
      c.headOfLineMs = Math.max(c.headOfLineMs, waitedMs);
    }
    c.heldSinceMs = c.ahead > 0 ? nowMs : -1;
    // From now on it counts as what the game has not taken out.
    let bytes = 0;
    for (let number = from; number < c.base; number++) {
      bytes += c.held?.sizeOf(number) ?? c.whole.get(number)!.length;
    }
    this.#heldBytes -= bytes;
    this.#heldMessages -= c.base - from;
    this.#releasedBytes += bytes;
    this.#releasedMessages += c.base - from;
    this.#pushReady(c.index | IN_HELD, from, c.base - from);
  }

  #takeHeld(c: InboxChannel, number: number): Uint8Array {
    if (c.whole.size > 0) {
      const whole = c.whole.get(number);
      if (whole !== undefined) {
        c.whole.delete(number);
        this.#releasedBytes -= whole.length;
        return whole;
      }
    }
    const held = c.held!;
    const message = held.view(number);
    this.#releasedBytes -= held.remove(number);
    return message;
  }

  /** Nothing is ready any more. */
  #reset(): void {
    const used = this.#bytesEnd;
    const records = this.#readyEnd;
    this.#readyFirst = this.#readyEnd = 0;
    this.#bytesEnd = 0;
    this.#isCopied = false;
    if (this.#whole.length > 0) this.#whole = [];
    this.#wholeFirst = 0;
    this.#rest(used, records);
  }

  /** Lets go of what a burst needed. */
  #rest(usedBytes: number, records: number): void {
    const capacity = this.#bytes.length;
    const isCalm = usedBytes * 8 < capacity &&
      records * 24 < this.#ready.length;
    this.#calm = isCalm || usedBytes <= KEPT_AT_REST_BYTES ? this.#calm + 1 : 0;
    const kept = this.#calm < CALM_COUNT ? KEPT_BYTES : KEPT_AT_REST_BYTES;
    if (capacity <= kept && this.#ready.length * 4 <= kept) return;
    this.#bytes = EMPTY_BYTES;
    this.#ready = EMPTY_INTS;
    this.#calm = 0;
  }

  // Fragments.

  #checkFragment(packet: Uint8Array, offset: number, end: number): number {
    if (offset + 5 > end) return MALFORMED;
    const index = packet[offset]!;
    if (index >= this.#channels.length) return MALFORMED;
    const c = this.#channels[index] ?? this.#open(index);
    const number = c.expand(packet[offset + 1]! | packet[offset + 2]! << 8);
    let at = readVarint(packet, offset + 3, end);
    if (at < 0) return MALFORMED;
    const size = varintValue;
    at = readVarint(packet, at, end);
    if (at < 0) return MALFORMED;
    const fragment = varintValue;
    if (size <= FRAGMENT_BYTES || size > c.maxBytes || isBeyond(number)) {
      return MALFORMED;
    }
    const from = fragment * FRAGMENT_BYTES;
    if (from >= size) return MALFORMED;
    at += Math.min(FRAGMENT_BYTES, size - from);
    if (at > end) return MALFORMED;
    if (c.isReliable && number - c.base >= NUMBER_WINDOW) return MALFORMED;
    const partial = c.partial.get(number);
    if (partial !== undefined) {
      return partial.length === size ? at : MALFORMED;
    }
    if (c.has(number)) return at;
    this.#checkedMessages++;
    if (!this.#hasRoom()) return NO_ROOM;
    // What it takes the place of may be given up.
    if (c.isLatest && number > c.newestPartial) return at;
    this.#checkedReassembly += size;
    const over = this.#reassemblyBytes + this.#checkedReassembly -
      this.#limits.maxReassemblyBytes;
    // Unreliable ones make way.
    if (over > 0 && over > this.#aging.bytes) return NO_ROOM;
    const isEarly = c.isOrdered && number !== c.base;
    return isEarly && !this.#hasRoomEarly(size) ? NO_ROOM : at;
  }

  #receiveFragment(packet: Uint8Array, offset: number, nowMs: number): number {
    const c = this.#channels[packet[offset]!]!;
    const number = c.expand(packet[offset + 1]! | packet[offset + 2]! << 8);
    let at = readVarint(packet, offset + 3, packet.length);
    const size = varintValue;
    at = readVarint(packet, at, packet.length);
    const fragment = varintValue;
    const to = at + Math.min(FRAGMENT_BYTES, size - fragment * FRAGMENT_BYTES);
    if (c.has(number)) {
      if (c.isNewestOnly) c.tooOld++;
      else c.duplicates++;
      return to;
    }
    let partial = c.partial.get(number);
    if (partial === undefined) {
      if (c.isReliable && number - c.base >= NUMBER_WINDOW) return to;
      partial = this.#begin(c, number, size, nowMs);
    } else if (partial.length !== size) {
      // Two in one packet that contradict each other: the first one counts.
      return to;
    }
    if (!partial.take(fragment, packet, at, to)) c.duplicates++;
    else if (partial.missing === 0) this.#complete(c, number, partial, nowMs);
    return to;
  }

  #begin(
    c: InboxChannel,
    number: number,
    size: number,
    nowMs: number,
  ): PartialMessage {
    if (c.isReliable) {
      const partial = new PartialMessage(size, FRAGMENT_BYTES, nowMs);
      c.holdPartial(number, partial);
      this.#reassemblyBytes += size;
      this.#makeRoom();
      return partial;
    }
    const aging = new AgingMessage(c, number, size, FRAGMENT_BYTES, nowMs);
    c.holdPartial(number, aging);
    if (c.isLatest && number > c.newestPartial) {
      const older = c.partial.get(c.newestPartial);
      c.newestPartial = number;
      this.#newestBytes += size;
      if (older !== undefined) {
        // There is a newer one: it is no longer sure to become whole.
        this.#newestBytes -= older.length;
        this.#reassemblyBytes += older.length;
        this.#aging.add(older as AgingMessage);
        this.#makeRoom();
      }
    } else {
      // It makes room by others than itself.
      this.#reassemblyBytes += size;
      this.#makeRoom();
      this.#aging.add(aging);
    }
    return aging;
  }

  #makeRoom(): void {
    while (this.#reassemblyBytes > this.#limits.maxReassemblyBytes) {
      const { oldest } = this.#aging;
      if (oldest === undefined) break;
      this.#abandon(oldest);
    }
  }

  #complete(
    c: InboxChannel,
    number: number,
    partial: PartialMessage,
    nowMs: number,
  ): void {
    this.#forget(c, number, partial);
    const { bytes } = partial;
    const isEarly = c.isOrdered && number !== c.base;
    c.note(number);
    c.received++;
    if (isEarly) {
      if (c.heldSinceMs < 0) c.heldSinceMs = nowMs;
      c.holdWhole(number, bytes);
      this.#heldBytes += bytes.length;
      this.#heldMessages++;
      return;
    }
    this.#whole.push(bytes);
    this.#wholeBytes += bytes.length;
    this.#pushReady(c.index | IN_WHOLE, 0, 0);
    if (c.isOrdered && c.base > number + 1) {
      this.#pushHeld(c, number + 1, nowMs);
    } else if (c.isNewestOnly && c.partial.size > 0) this.#dropOlder(c);
  }

  #forget(c: InboxChannel, number: number, partial: PartialMessage): void {
    c.partial.delete(number);
    if (number === c.newestPartial) {
      c.newestPartial = -1;
      this.#newestBytes -= partial.length;
      return;
    }
    this.#reassemblyBytes -= partial.length;
    if (partial instanceof AgingMessage) this.#aging.remove(partial);
  }

  #abandon(message: AgingMessage): void {
    const { channel, number } = message;
    this.#forget(channel, number, message);
    channel.abandoned++;
  }

  /** Lets go of what would not be delivered any more. */
  #dropOlder(c: InboxChannel): void {
    let aging = this.#aging.oldest;
    while (aging !== undefined) {
      const { newer } = aging;
      if (aging.channel === c && aging.number < c.base) this.#abandon(aging);
      aging = newer;
    }
    const newest = c.newestPartial;
    if (newest < 0 || newest >= c.base) return;
    this.#forget(c, newest, c.partial.get(newest)!);
    c.abandoned++;
  }
}

/** Whether there can be no such number: beyond the safe integers a count stands still. */
function isBeyond(number: number): boolean {
  return number < 0 || number >= Number.MAX_SAFE_INTEGER;
}

/** The most that one packet has: what may come on top of a bound. */
const MAX_PACKET_BYTES = 1400;

/** What the last `readVarint()` read. */
let varintValue = 0;

/** Reads a minimal varint of at most 4 bytes. Returns the offset after it, -1 if it is none. */
function readVarint(bytes: Uint8Array, at: number, end: number): number {
  let value = 0;
  for (let shift = 0; shift < 28 && at < end; shift += 7) {
    const byte = bytes[at++]!;
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) {
      varintValue = value;
      return byte === 0 && shift > 0 ? -1 : at;
    }
  }
  return -1;
}

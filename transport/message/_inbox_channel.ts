// This module is browser compatible.
import type { PartialMessage } from "../fragment/partial_message.ts";
import { Channel, isReliable } from "../../protocol/mod.ts";
import { NUMBER_WINDOW, UNRELIABLE_WINDOW } from "./_frame.ts";
import type { ChannelConfig } from "./channel_config.ts";
import type { HeldMessages } from "./_held_messages.ts";
import type { ResolvedMessageLimits } from "./resolve_limits.ts";
import { SeenNumbers } from "./seen_numbers.ts";

const EMPTY = new Int32Array(0);
// Nothing is ever put in: maps take room, and few channels have messages in fragments.
const NO_WHOLE: Map<number, Uint8Array> = new Map();
const NO_PARTIAL: Map<number, PartialMessage> = new Map();

/** What one channel has had, and what it holds back. */
export class InboxChannel {
  readonly index: number;
  readonly isReliable: boolean;
  /** Whether it holds back what comes too early. */
  readonly isOrdered: boolean;
  /** Whether it drops what is not newer than the newest. */
  readonly isNewestOnly: boolean;
  /** Whether the newest message is sure to come. */
  readonly isLatest: boolean;
  readonly maxBytes: number;
  /**
   * Reliable: the lowest number that has not come. Others: the one after the highest that has.
   */
  base: number;
  /** Of unreliable channels: which of the latest have come. */
  readonly #seen: SeenNumbers | undefined;
  /** Of reliable ones: bits by number, of what has come from `base` on. */
  #bits = EMPTY;
  #bitMask = -1;
  /** How many bits are set from `base` on: reliable channels. */
  ahead = 0;
  /** In order but for holes. */
  held: HeldMessages | undefined = undefined;
  /** Messages that were put together but came too early. */
  whole: Map<number, Uint8Array> = NO_WHOLE;
  /** Messages in fragments by number. */
  partial: Map<number, PartialMessage> = NO_PARTIAL;
  /** Which of them is the newest, on a latest channel; -1 if there is none. */
  newestPartial = -1;

  // What the frames of one packet say, once while they are checked and once while they are taken.
  checkedPacket = -1;
  checkedEnd = 0;
  checkedBase = 0;
  takenPacket = -1;
  takenEnd = 0;

  // For statistics.
  received = 0;
  duplicates = 0;
  tooOld = 0;
  abandoned = 0;
  headOfLine = 0;
  headOfLineMs = 0;
  /** Since when something is held back, in milliseconds. */
  heldSinceMs = -1;

  constructor(
    index: number,
    config: ChannelConfig,
    limits: ResolvedMessageLimits,
    firstMessageId: number,
  ) {
    const { delivery } = config;
    this.index = index;
    this.isReliable = delivery !== "latest" && isReliable(delivery);
    this.isOrdered = delivery === Channel.ReliableOrdered;
    this.isNewestOnly = delivery === "latest" ||
      delivery === Channel.UnreliableOrdered;
    this.isLatest = delivery === "latest";
    this.maxBytes = this.isReliable
      ? limits.maxReliableBytes
      : limits.maxUnreliableBytes;
    this.base = firstMessageId;
    this.#seen = this.isReliable || this.isNewestOnly
      ? undefined
      : new SeenNumbers(UNRELIABLE_WINDOW, firstMessageId);
  }

  /** The number closest to what is expected with these 16 bits; below 0 if there was none. */
  expand(low: number): number {
    return this.base + (((low - this.base) << 16) >> 16);
  }

  /** Whether a number has come, or is too old to know. */
  has(number: number): boolean {
    const { base } = this;
    if (this.isReliable) {
      return number < base || (this.ahead > 0 && this.#bit(number));
    }
    return this.isNewestOnly ? number < base : this.#seen!.has(number);
  }

  /** Notes that a number has come that `has()` did not have. */
  note(number: number): void {
    if (this.isReliable) this.#noteReliable(number);
    else if (this.isNewestOnly) this.base = number + 1;
    else {
      this.#seen!.note(number);
      this.base = this.#seen!.end;
    }
  }

  /** Holds a message that was put together but came too early. */
  holdWhole(number: number, bytes: Uint8Array): void {
    if (this.whole === NO_WHOLE) this.whole = new Map();
    this.whole.set(number, bytes);
  }

  /** Holds a message of which the first fragment has come. */
  holdPartial(number: number, partial: PartialMessage): void {
    if (this.partial === NO_PARTIAL) this.partial = new Map();
    this.partial.set(number, partial);
  }

  /** Keeps no room for messages that are not there. */
  rest(): void {
    this.held?.rest();
    if (this.ahead > 0) return;
    this.#bits = EMPTY;
    this.#bitMask = -1;
  }

  /** Moves `base` over everything that has come. */
  #noteReliable(number: number): void {
    if (number !== this.base) {
      if (number - this.base > this.#bitMask) {
        this.#growBits(number - this.base);
      }
      const at = number & this.#bitMask;
      this.#bits[at >> 5]! |= 1 << (at & 31);
      this.ahead++;
      return;
    }
    let base = number + 1;
    if (this.ahead > 0) {
      const bits = this.#bits;
      const mask = this.#bitMask;
      while (this.ahead > 0) {
        const at = base & mask;
        const bit = 1 << (at & 31);
        if ((bits[at >> 5]! & bit) === 0) break;
        bits[at >> 5]! &= ~bit;
        this.ahead--;
        base++;
      }
    }
    this.base = base;
  }

  #bit(number: number): boolean {
    if (this.#bitMask < 0) return false;
    if (number - this.base > this.#bitMask) return false;
    const at = number & this.#bitMask;
    return (this.#bits[at >> 5]! & (1 << (at & 31))) !== 0;
  }

  #growBits(distance: number): void {
    let mask = Math.max(63, this.#bitMask);
    while (mask < distance) mask = mask * 2 + 1;
    const bits = new Int32Array(Math.min(mask + 1, NUMBER_WINDOW) >> 5);
    const old = this.#bits;
    const oldMask = this.#bitMask;
    for (let i = 1; i <= oldMask; i++) {
      const from = (this.base + i) & oldMask;
      if ((old[from >> 5]! & (1 << (from & 31))) === 0) continue;
      const to = (this.base + i) & mask;
      bits[to >> 5]! |= 1 << (to & 31);
    }
    this.#bits = bits;
    this.#bitMask = mask;
  }
}

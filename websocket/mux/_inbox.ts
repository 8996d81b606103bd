// This module is browser compatible.
import type { SessionEvent } from "./session_event.ts";
import type { InChannel } from "./_in_channel.ts";

/** What the application has yet to take before a record counts as taken. */
export interface Slot {
  /** The record: of a message in parts, the last. */
  readonly sequence: number;
  isTaken: boolean;
}

interface Entry {
  readonly event: SessionEvent;
  readonly slot: Slot | undefined;
  readonly channel: InChannel | undefined;
  readonly cost: number;
}

/** How many that were taken are kept before what is left moves up. */
const SLACK = 1_024;

/** Part of an {@linkcode Inbox}: what waits for one reader, oldest first. */
export class Lane {
  readonly #inbox: Inbox;
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  /** Whether a reader has it. */
  isClaimed = true;
  #isDiscarded = false;

  constructor(inbox: Inbox) {
    this.#inbox = inbox;
  }

  get pending(): number {
    return this.#entries.length - this.#head;
  }

  get isDiscarded(): boolean {
    return this.#isDiscarded;
  }

  /** The oldest event, which stays. */
  peek(): SessionEvent | undefined {
    return this.#entries[this.#head]?.event;
  }

  /** Hands out the oldest event, which counts as taken. */
  take(): SessionEvent | undefined {
    const entry = this.#entries[this.#head];
    if (entry === undefined) return undefined;
    this.#entries[this.#head] = undefined;
    this.#head += 1;
    if (this.#head === this.#entries.length) {
      this.#entries.length = 0;
      this.#head = 0;
    } else if (this.#head > SLACK) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    this.#inbox.onTaken(entry);
    return entry.event;
  }

  /** Whatever is in it, and comes, counts as taken. */
  discard(): void {
    this.#isDiscarded = true;
    while (this.take() !== undefined);
  }

  /** Called by the inbox. */
  push(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#isDiscarded) this.take();
  }
}

/**
 * What has come in and waits for the application, and up to which record it has taken
 * everything. The messages of some channels may have a reader of their own.
 */
export class Inbox {
  readonly #main: Lane = new Lane(this);
  /** By the names of channels. */
  readonly #lanes = new Map<string, Lane>();
  /** In the order of their records. */
  #slots: Slot[] = [];
  #slotHead = 0;
  #size = 0;
  #freeEntries = 0;
  #freeBytes = 0;

  get size(): number {
    return this.#size;
  }

  /** Events for which the peer needed no credit. */
  get freeEntries(): number {
    return this.#freeEntries;
  }

  /** Bytes of messages and control messages among them. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Gives the messages of some channels a reader of their own. */
  divert(channels: readonly string[]): Lane {
    const known = this.#lanes.get(channels[0] ?? "");
    if (known !== undefined && !known.isClaimed) {
      known.isClaimed = true;
      return known;
    }
    const lane = new Lane(this);
    for (const channel of channels) this.#lanes.set(channel, lane);
    return lane;
  }

  /** Whether messages of a channel have a reader of their own. */
  isDiverted(channel: string): boolean {
    return this.#lanes.has(channel);
  }

  /** Up to which record everything was taken, of `received` that came. */
  taken(received: number): number {
    const slots = this.#slots;
    while (this.#slotHead < slots.length && slots[this.#slotHead]!.isTaken) {
      this.#slotHead += 1;
    }
    if (this.#slotHead === slots.length) {
      slots.length = 0;
      this.#slotHead = 0;
      return received;
    }
    if (this.#slotHead > SLACK) {
      slots.splice(0, this.#slotHead);
      this.#slotHead = 0;
    }
    return slots[this.#slotHead]!.sequence - 1;
  }

  /** Keeps a record from counting as taken, until the slot is. */
  open(sequence: number): Slot {
    const slot = { sequence, isTaken: false };
    this.#slots.push(slot);
    return slot;
  }

  push(
    event: SessionEvent,
    slot?: Slot,
    channel?: InChannel,
    cost = 0,
  ): void {
    const lane = event.type === "message" || event.type === "channelShut"
      ? this.#lanes.get(event.channel)
      : undefined;
    this.#put(lane ?? this.#main, { event, slot, channel, cost });
    if (event.type !== "gap" && event.type !== "undelivered") return;
    // What is missing concerns every reader.
    const told = { event, slot: undefined, channel: undefined, cost: 0 };
    for (const reader of new Set(this.#lanes.values())) this.#put(reader, told);
  }

  /** Hands out the oldest event, which counts as taken. */
  take(): SessionEvent | undefined {
    return this.#main.take();
  }

  /** A lane has handed something out. */
  onTaken({ event, slot, channel, cost }: Entry): void {
    if (slot !== undefined) slot.isTaken = true;
    channel?.release(cost);
    this.#count(event, channel, -1);
  }

  /** A new session: what waits has nothing to do with its records any more. */
  forgetSlots(): void {
    this.#slots = [];
    this.#slotHead = 0;
  }

  /** A new session: its messages are for the readers to come. */
  renewLanes(): void {
    const renewed = new Map<Lane, Lane>();
    for (const [channel, lane] of this.#lanes) {
      if (lane.isDiscarded) {
        this.#lanes.delete(channel);
        continue;
      }
      if (!lane.isClaimed) lane.discard();
      const next = renewed.get(lane) ?? new Lane(this);
      next.isClaimed = false;
      renewed.set(lane, next);
      this.#lanes.set(channel, next);
    }
  }

  #put(lane: Lane, entry: Entry): void {
    this.#count(entry.event, entry.channel, 1);
    lane.push(entry);
  }

  #count(
    event: SessionEvent,
    channel: InChannel | undefined,
    sign: 1 | -1,
  ): void {
    this.#size += sign;
    if (channel?.isSequenced) return;
    this.#freeEntries += sign;
    if (event.type === "message" || event.type === "control") {
      this.#freeBytes += sign * event.bytes.length;
    }
  }
}

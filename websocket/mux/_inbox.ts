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

/**
 * What has come in and waits for the application, and up to which record it has taken
 * everything.
 */
export class Inbox {
  #entries: (Entry | undefined)[] = [];
  #head = 0;
  /** In the order of their records. */
  #slots: Slot[] = [];
  #slotHead = 0;

  /** Bytes of messages that wait and that the peer was not allowed one by one. */
  looseBytes = 0;

  get size(): number {
    return this.#entries.length - this.#head;
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
    if (this.#slotHead > 1024) {
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
    this.#entries.push({ event, slot, channel, cost });
    this.looseBytes += looseBytesOf(event, slot);
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
    } else if (this.#head > 1024) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
    }
    if (entry.slot !== undefined) entry.slot.isTaken = true;
    entry.channel?.release(entry.cost);
    this.looseBytes -= looseBytesOf(entry.event, entry.slot);
    return entry.event;
  }

  /** A new session: what waits has nothing to do with its records any more. */
  forgetSlots(): void {
    this.#slots = [];
    this.#slotHead = 0;
  }
}

function looseBytesOf(event: SessionEvent, slot: Slot | undefined): number {
  return event.type === "message" && slot === undefined
    ? event.bytes.length
    : 0;
}

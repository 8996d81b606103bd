// This module is browser compatible.
import type { SessionEvent } from "./session_event.ts";
import type { InChannel } from "./_in_channel.ts";

interface Entry {
  readonly event: SessionEvent;
  /** The record that counts as taken with it, of a message in parts the last; or 0. */
  readonly sequence: number;
  readonly channel: InChannel | undefined;
  readonly cost: number;
  isTaken: boolean;
  /** Whether the event's bytes are a stream, as which they wait: they may become much more. */
  readonly isDeflated: boolean;
  /** The event as it is handed out, once somebody has looked at it. */
  shown: SessionEvent | undefined;
}

/** Makes of a message whose bytes are a stream what it says, or what is wrong with it. */
export type Inflate = (
  message: SessionEvent & { readonly type: "message" },
) => SessionEvent;

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
    const entry = this.#entries[this.#head];
    return entry && this.#show(entry);
  }

  /** Hands out the oldest event, which counts as taken. */
  take(): SessionEvent | undefined {
    const entry = this.#remove();
    return entry && this.#show(entry);
  }

  /** Whatever is in it, and comes, counts as taken. */
  discard(): void {
    this.#isDiscarded = true;
    while (this.#remove() !== undefined);
  }

  /** Called by the inbox. */
  push(entry: Entry): void {
    this.#entries.push(entry);
    if (this.#isDiscarded) this.#remove();
  }

  #show(entry: Entry): SessionEvent {
    if (!entry.isDeflated) return entry.event;
    return entry.shown ??= this.#inbox.inflate(entry.event, this);
  }

  #remove(): Entry | undefined {
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
    return entry;
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
  /** Those with a record, in the order of these. */
  #sequenced: Entry[] = [];
  #head = 0;
  #heldCost = 0;
  #freeEntries = 0;
  #freeBytes = 0;
  readonly #inflate: Inflate;

  constructor(inflate: Inflate) {
    this.#inflate = inflate;
  }

  /** Events that wait to be taken here, not by a reader of their own. */
  get pending(): number {
    return this.#main.pending;
  }

  /** What the messages cost that the peer had credit for. */
  get heldCost(): number {
    return this.#heldCost;
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
    const entries = this.#sequenced;
    while (this.#head < entries.length && entries[this.#head]!.isTaken) {
      this.#head += 1;
    }
    if (this.#head === entries.length) {
      if (this.#head > 0) entries.length = 0;
      this.#head = 0;
      return received;
    }
    if (this.#head > SLACK) {
      entries.splice(0, this.#head);
      this.#head = 0;
    }
    return entries[this.#head]!.sequence - 1;
  }

  /** Keeps an event; its record, if any, does not count as taken before it is. */
  push(
    event: SessionEvent,
    sequence = 0,
    channel?: InChannel,
    cost = 0,
    isDeflated = false,
  ): void {
    const lane = this.#lanes.size > 0 &&
        (event.type === "message" || event.type === "channelShut")
      ? this.#lanes.get(event.channel)
      : undefined;
    const entry = {
      event,
      sequence,
      channel,
      cost,
      isDeflated,
      shown: undefined,
      isTaken: false,
    };
    if (sequence > 0) this.#sequenced.push(entry);
    this.#put(lane ?? this.#main, entry);
    if (event.type !== "gap" && event.type !== "undelivered") return;
    // What is missing concerns every reader.
    for (const reader of new Set(this.#lanes.values())) {
      this.#put(reader, { ...entry, sequence: 0, isTaken: false });
    }
  }

  /** Hands out the oldest event, which counts as taken. */
  take(): SessionEvent | undefined {
    return this.#main.take();
  }

  /** A lane is about to hand out a message that is still a stream. */
  inflate(event: SessionEvent, lane: Lane): SessionEvent {
    if (event.type !== "message") return event;
    const inflated = this.#inflate(event);
    // Who has the socket reads the main lane.
    if (inflated.type === "failed" && lane !== this.#main) this.push(inflated);
    return inflated;
  }

  /** A lane has handed something out. */
  onTaken(entry: Entry): void {
    const { event, channel, cost } = entry;
    entry.isTaken = true;
    channel?.release(cost);
    this.#count(event, channel, cost, -1);
  }

  /** A new session: what waits has nothing to do with its records any more. */
  forgetRecords(): void {
    this.#sequenced = [];
    this.#head = 0;
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
    this.#count(entry.event, entry.channel, entry.cost, 1);
    lane.push(entry);
  }

  #count(
    event: SessionEvent,
    channel: InChannel | undefined,
    cost: number,
    sign: 1 | -1,
  ): void {
    if (channel?.isSequenced) {
      this.#heldCost += sign * cost;
      return;
    }
    this.#freeEntries += sign;
    if (event.type === "message" || event.type === "control") {
      this.#freeBytes += sign * event.bytes.length;
    }
  }
}

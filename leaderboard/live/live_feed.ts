// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { entryToJson } from "../server/entry_json.ts";
import type { EntryChange } from "../store/store.ts";
import type { LiveCounters } from "./_live_counters.ts";
import type { LiveStream } from "./_live_stream.ts";

/** Why everything may be different; PROTOCOL.md, section 6. */
export type ResetReason = "season" | "missed" | "cleared";

/** Between two events: ten a second. */
const EVENT_SECONDS = 0.1;
/** After an event that more had changed than one can tell: who watches fetches pages meanwhile. */
const OVERFLOW_SECONDS = 2;
const BEAT_SECONDS = 15;
/** A reader who has taken nothing for a minute or more is gone, or might as well be. */
const MAX_STALLED_BEATS = 5;
/** In one event. With its metadata an entry may have 16 KiB and more, so that the bytes are bounded too. */
const MAX_CHANGES = 500;
const MAX_EVENT_BYTES = 262_144;
/** What a feed remembers. */
const MAX_KEPT_EVENTS = 256;
const MAX_KEPT_BYTES = 1_048_576;

const ENCODER = new TextEncoder();
const COMMENT = ENCODER.encode(":\n\n");

/** The numbers of all feeds of a server: none comes twice before its next start. */
export class LiveNumbers {
  /** What tells this start from others. */
  readonly boot: string;
  #last = 0;

  constructor(boot: string) {
    this.boot = boot;
  }

  next(): number {
    return ++this.#last;
  }

  idOf(number: number): string {
    return `${this.boot}-${number}`;
  }

  /** The number in the id of an event of this start, or -1. */
  numberOf(id: string): number {
    const prefix = `${this.boot}-`;
    const digits = id.slice(prefix.length);
    return id.startsWith(prefix) && /^[1-9]\d{0,15}$/.test(digits)
      ? Number(digits)
      : -1;
  }
}

interface KeptEvent {
  readonly number: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * What changes in the running season of one ranking, told to all who watch it: gathered, encoded once, and kept for
 * those who read slowly or come back.
 */
export class LiveFeed {
  readonly board: string;
  readonly period: string;
  readonly streams: Set<LiveStream> = new Set();
  /** For how long nobody has watched. */
  idleSeconds = 0;
  readonly #numbers: LiveNumbers;
  readonly #counters: LiveCounters;
  #season: number;
  readonly #kept: KeptEvent[] = [];
  #keptBytes = 0;
  /** Who has got this event, or a later one, can be told the rest. */
  #floor: number;
  #last: number;
  /** The latest change of each player since the last event, in the order of these. */
  readonly #changes = new Map<PlayerId, EntryChange>();
  #hasOverflown = false;
  #waitSeconds = 0;
  #beatSeconds = BEAT_SECONDS;
  /** What those are told who have missed something, as long as no event comes. */
  #missed: KeptEvent | undefined;

  constructor(
    board: string,
    period: string,
    season: number,
    numbers: LiveNumbers,
    counters: LiveCounters,
  ) {
    this.board = board;
    this.period = period;
    this.#season = season;
    this.#numbers = numbers;
    this.#counters = counters;
    // A number of its own: whoever had the last one of a feed that was forgotten has missed what came then.
    this.#floor = this.#last = numbers.next();
  }

  /** When the season that it tells of began. */
  get season(): number {
    return this.#season;
  }

  /** A season is the running one. Only this changes it: a change may come from a machine whose clock is ahead. */
  setSeason(season: number): void {
    if (season === this.#season) return;
    this.#season = season;
    this.reset("season");
  }

  /** An entry has changed. */
  onChange(change: EntryChange): void {
    if (change.ranking.season !== this.#season || this.#hasOverflown) return;
    // Behind the others, as it is the latest.
    this.#changes.delete(change.playerId);
    this.#changes.set(change.playerId, change);
    if (this.#changes.size > MAX_CHANGES) this.#overflow();
  }

  /** Changes were lost before they came here. */
  miss(): void {
    this.#overflow();
  }

  /** Tells that everything may be different. */
  reset(reason: ResetReason): void {
    this.#changes.clear();
    this.#hasOverflown = false;
    this.#counters.resets++;
    this.#append("reset", JSON.stringify({ season: this.#season, reason }));
  }

  /**
   * Begins to tell a reader.
   *
   * @param lastEventId What it had last; `undefined` if it begins.
   */
  add(stream: LiveStream, lastEventId: string | undefined): void {
    this.streams.add(stream);
    this.idleSeconds = 0;
    stream.position = this.#last;
    if (lastEventId === undefined) {
      // An id without an event: from here on nothing is missed.
      const id = this.#numbers.idOf(this.#last);
      stream.send(ENCODER.encode(`id: ${id}\n\n`));
      return;
    }
    const number = this.#numbers.numberOf(lastEventId);
    stream.position = number <= this.#last ? number : -1;
    // Also where nothing has come: something must, for whoever waits for the header.
    if (stream.position === this.#last) stream.send(COMMENT);
    this.fill(stream);
  }

  /** Tells a reader what it has not got, as far as there is room for it. */
  fill(stream: LiveStream): void {
    if (stream.position === this.#last || !stream.hasRoom) return;
    if (stream.position < this.#floor) {
      this.#counters.missed++;
      stream.position = this.#last;
      stream.send(this.#missedEvent());
      return;
    }
    const kept = this.#kept;
    let at = kept.length;
    while (at > 0 && kept[at - 1]!.number > stream.position) at--;
    for (; at < kept.length && stream.hasRoom; at++) {
      const { number, bytes } = kept[at]!;
      stream.position = number;
      stream.send(bytes);
    }
  }

  /**
   * Moves it on.
   *
   * @param dt Seconds.
   * @param onStalled Called with each stream that nobody reads; it is of no more use.
   */
  tick(dt: number, onStalled: (stream: LiveStream) => void): void {
    if (this.streams.size === 0) this.idleSeconds += dt;
    this.#waitSeconds -= dt;
    if (this.#waitSeconds <= 0) this.#flush();
    this.#beatSeconds -= dt;
    if (this.#beatSeconds > 0) return;
    this.#beatSeconds = BEAT_SECONDS;
    for (const stream of this.streams) {
      if (stream.beat(COMMENT) < MAX_STALLED_BEATS) continue;
      this.#counters.stalled++;
      onStalled(stream);
    }
  }

  #flush(): void {
    if (this.#hasOverflown) {
      this.reset("missed");
      this.#waitSeconds = OVERFLOW_SECONDS;
      return;
    }
    if (this.#changes.size === 0) return;
    const data = this.#changesJson();
    if (data === undefined) {
      this.#overflow();
      this.#flush();
      return;
    }
    this.#changes.clear();
    this.#counters.changes++;
    this.#waitSeconds = EVENT_SECONDS;
    this.#append("change", data);
  }

  /** What has changed as JSON, or `undefined` if that is too long for an event. */
  #changesJson(): string | undefined {
    const entries: string[] = [];
    const removed: string[] = [];
    let total = 0;
    let length = 0;
    for (const change of this.#changes.values()) {
      const { playerId, entry, rank } = change;
      total = change.total;
      const list = entry === undefined ? removed : entries;
      const value = entry === undefined
        ? playerId
        : entryToJson({ entry, rank });
      const text = JSON.stringify(value);
      length += text.length;
      // Three bytes of UTF-8 are the most for a unit of a string.
      if (length * 3 > MAX_EVENT_BYTES) return undefined;
      list.push(text);
    }
    return `{"season":${this.#season},"total":${total},"entries":[${entries.join()}],"removed":[${removed.join()}]}`;
  }

  #overflow(): void {
    this.#changes.clear();
    this.#hasOverflown = true;
  }

  #append(type: "change" | "reset", data: string): void {
    const number = this.#numbers.next();
    const bytes = this.#encode(type, number, data);
    this.#last = number;
    this.#missed = undefined;
    this.#kept.push({ number, bytes });
    this.#keptBytes += bytes.length;
    while (
      this.#kept.length > MAX_KEPT_EVENTS || this.#keptBytes > MAX_KEPT_BYTES
    ) {
      const { number, bytes } = this.#kept.shift()!;
      this.#floor = number;
      this.#keptBytes -= bytes.length;
    }
    for (const stream of this.streams) this.fill(stream);
  }

  #missedEvent(): Uint8Array<ArrayBuffer> {
    if (this.#missed === undefined) {
      const data = JSON.stringify({ season: this.#season, reason: "missed" });
      const number = this.#last;
      this.#missed = { number, bytes: this.#encode("reset", number, data) };
    }
    return this.#missed.bytes;
  }

  #encode(
    type: string,
    number: number,
    data: string,
  ): Uint8Array<ArrayBuffer> {
    const id = this.#numbers.idOf(number);
    return ENCODER.encode(`event: ${type}\nid: ${id}\ndata: ${data}\n\n`);
  }
}

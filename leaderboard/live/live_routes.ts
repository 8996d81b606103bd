// This module is browser compatible.
import type { Metric, Random } from "../../core/mod.ts";
import { methodNotAllowed } from "../../http/server/mod.ts";
import type { Call, Routes } from "../server/call.ts";
import { Problem } from "../server/problem.ts";
import type {
  EntryChange,
  LeaderboardStore,
  RankingKey,
} from "../store/store.ts";
import { LiveCounters } from "./_live_counters.ts";
import { LiveStream } from "./_live_stream.ts";
import { LiveFeed, LiveNumbers } from "./live_feed.ts";

/** How long a feed is kept that nobody watches: who comes back within it misses nothing. */
const IDLE_SECONDS = 120;
/** Each feed has up to a megabyte. */
const MAX_FEEDS = 1_024;
const SEASON_SECONDS = 1;
const RETRY_MS = 10_000;
/** An id is a word and a number; what is longer is none. */
const MAX_ID_LENGTH = 64;

const HEADERS = {
  "content-type": "text/event-stream",
  // Also for what stands between: gathered or compressed, events would come late.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** What {@linkcode LiveRoutes} needs of the server. */
export interface LiveRoutesOptions {
  readonly store: LeaderboardStore;
  /** Finds out when the running season of a board's period began; `undefined` if there is no such board or period. */
  readonly season: (
    board: string,
    period: string,
  ) => Promise<number | undefined>;
  /** The most streams. */
  readonly maxStreams: number;
  /** The most streams of one address. */
  readonly maxStreamsPerAddress: number;
  /** Where the word comes from that tells this start of the server from others. */
  readonly random: Random;
}

/**
 * Tells who asks what changes in a ranking: `GET boards/{board}/events`. It listens to the store from the first stream
 * on, and keeps a feed for each ranking that somebody watches.
 */
export class LiveRoutes implements Routes {
  readonly #options: LiveRoutesOptions;
  readonly #counters = new LiveCounters();
  readonly #numbers: LiveNumbers;
  /** By board, period and class. */
  readonly #feeds = new Map<string, LiveFeed>();
  readonly #ofAddress = new Map<string, number>();
  /** With those that are being opened. */
  #streamCount = 0;
  #listening: Promise<() => Promise<void>> | undefined;
  #seasonSeconds = SEASON_SECONDS;
  #isAsking = false;
  #isClosed = false;

  constructor(options: LiveRoutesOptions) {
    this.#options = options;
    const word = options.random.nextU32().toString(36);
    this.#numbers = new LiveNumbers(word);
  }

  handle(call: Call): Promise<Response> | undefined {
    const { segments } = call;
    if (
      segments.length !== 3 || segments[0] !== "boards" ||
      segments[2] !== "events"
    ) return undefined;
    if (call.method !== "GET") throw methodNotAllowed("GET");
    return this.#open(call);
  }

  /** Tells of a board that everything is gone, with its seasons or itself. */
  clear(board: string): void {
    for (const feed of this.#feeds.values()) {
      if (feed.board === board) feed.reset("cleared");
    }
  }

  /** Moves everything on by `dt` seconds. */
  tick(dt: number): void {
    for (const [name, feed] of this.#feeds) {
      feed.tick(dt, (stream) => {
        stream.abandon();
        this.#release(feed, stream);
      });
      if (feed.idleSeconds > IDLE_SECONDS) this.#feeds.delete(name);
    }
    this.#seasonSeconds -= dt;
    if (this.#seasonSeconds > 0 || this.#isAsking) return;
    this.#seasonSeconds = SEASON_SECONDS;
    this.#isAsking = true;
    this.#askSeasons().finally(() => this.#isAsking = false);
  }

  metrics(): Iterable<Metric> {
    return this.#counters.metrics(this.#streamCount, this.#feeds.size);
  }

  /** Ends all streams, and listens no longer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const feed of this.#feeds.values()) this.#end(feed);
    this.#feeds.clear();
    const listening = this.#listening;
    this.#listening = undefined;
    // Where it failed, whoever asked for it was told.
    await (await listening?.catch(() => undefined))?.();
  }

  async #open(call: Call): Promise<Response> {
    if (call.url.searchParams.has("season")) {
      throw new Problem(
        "invalidRequest",
        "Cannot watch a season as it is always the running one",
        { field: "season" },
      );
    }
    if (call.request.method === "HEAD") {
      await call.ranking();
      return new Response(null, { headers: HEADERS });
    }
    const { address } = call;
    this.#admit(address);
    let feed: LiveFeed;
    try {
      await this.#listen();
      const ranking = await call.ranking();
      if (this.#isClosed) throw this.#refuse("closing");
      feed = this.#feedOf(ranking);
      feed.setSeason(ranking.season);
    } catch (error) {
      this.#forget(address);
      throw error;
    }
    const stream = new LiveStream(
      address,
      (stream) => feed.fill(stream),
      (stream) => this.#release(feed, stream),
    );
    const id = call.request.headers.get("last-event-id") ?? "";
    // An empty one is none: what a client has that has got nothing yet.
    feed.add(stream, id === "" ? undefined : id.slice(0, MAX_ID_LENGTH));
    return new Response(stream.body, { headers: HEADERS });
  }

  /** Counts a stream before anything is awaited: others come in the meantime. */
  #admit(address: string): void {
    if (this.#isClosed) throw this.#refuse("closing");
    const { maxStreams, maxStreamsPerAddress } = this.#options;
    if (this.#streamCount >= maxStreams) throw this.#refuse("streams");
    const count = this.#ofAddress.get(address) ?? 0;
    if (count >= maxStreamsPerAddress) throw this.#refuse("address");
    this.#streamCount++;
    this.#ofAddress.set(address, count + 1);
  }

  #forget(address: string): void {
    this.#streamCount--;
    const count = this.#ofAddress.get(address)! - 1;
    if (count > 0) this.#ofAddress.set(address, count);
    else this.#ofAddress.delete(address);
  }

  #release(feed: LiveFeed, stream: LiveStream): void {
    if (feed.streams.delete(stream)) this.#forget(stream.address);
  }

  #end(feed: LiveFeed): void {
    for (const stream of feed.streams) {
      stream.close();
      this.#release(feed, stream);
    }
  }

  #refuse(reason: keyof LiveCounters["refused"]): Problem {
    this.#counters.refused[reason]++;
    return reason === "address"
      ? new Problem(
        "rateLimited",
        "Cannot watch as too many streams are open from this address",
        { retryAfterMs: RETRY_MS },
      )
      : new Problem(
        "unavailable",
        reason === "closing"
          ? "Cannot watch as the server is closing"
          : "Cannot watch as too many others do",
        { retryAfterMs: RETRY_MS },
      );
  }

  /** Listens to the store, once for all feeds; after a failure whoever comes next tries again. */
  async #listen(): Promise<void> {
    if (this.#listening === undefined) {
      const listening = this.#options.store.subscribe(
        (change) => this.#onChange(change),
        (board) => this.#onMissed(board),
      );
      this.#listening = listening;
      listening.catch(() => {
        if (this.#listening === listening) this.#listening = undefined;
      });
    }
    await this.#listening;
  }

  #onChange(change: EntryChange): void {
    this.#feeds.get(nameOf(change.ranking))?.onChange(change);
  }

  #onMissed(board: string): void {
    for (const feed of this.#feeds.values()) {
      if (feed.board === board) feed.miss();
    }
  }

  #feedOf(ranking: RankingKey): LiveFeed {
    const name = nameOf(ranking);
    const known = this.#feeds.get(name);
    if (known !== undefined) return known;
    if (this.#feeds.size >= MAX_FEEDS && !this.#dropIdle()) {
      throw this.#refuse("feeds");
    }
    const { board, period, season } = ranking;
    const feed = new LiveFeed(
      board,
      period,
      season,
      this.#numbers,
      this.#counters,
    );
    this.#feeds.set(name, feed);
    return feed;
  }

  /** Makes room by the feed that nobody has watched for the longest time. */
  #dropIdle(): boolean {
    let idlest: string | undefined;
    let seconds = -1;
    for (const [name, feed] of this.#feeds) {
      if (feed.streams.size > 0 || feed.idleSeconds <= seconds) continue;
      idlest = name;
      seconds = feed.idleSeconds;
    }
    return idlest !== undefined && this.#feeds.delete(idlest);
  }

  async #askSeasons(): Promise<void> {
    for (const [name, feed] of [...this.#feeds]) {
      // Who comes back to it has it asked.
      if (feed.streams.size === 0) continue;
      let season: number | undefined;
      try {
        season = await this.#options.season(feed.board, feed.period);
      } catch {
        // The store may answer the next time.
        continue;
      }
      if (this.#isClosed) return;
      if (season !== undefined) {
        feed.setSeason(season);
        continue;
      }
      // The board is gone: who comes back is told so.
      feed.reset("cleared");
      this.#end(feed);
      this.#feeds.delete(name);
    }
  }
}

function nameOf({ board, period, className }: RankingKey): string {
  // None of them has a blank in it.
  return `${board} ${period} ${className}`;
}

// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { AnalyticsError } from "../analytics_error.ts";
import type { QuantileSketch } from "../sketch/quantile_sketch.ts";
import { MemorySums } from "./_memory_sums.ts";
import { NumberRanges } from "./number_ranges.ts";
import { readPageCursor, writePageCursor } from "./page_cursor.ts";
import type {
  AnalyticsStore,
  CountChange,
  CountQuery,
  CountRow,
  EventQuery,
  EventRow,
  EventSums,
  ExpireQuery,
  Page,
  RangeQuery,
  RollUp,
  SessionInfo,
  SessionQuery,
  SessionRow,
  SketchQuery,
  SketchRow,
  StoredEvent,
  StoredRun,
  WriteOutcome,
} from "./store.ts";
import { checkLimit, checkSpans, readSketch } from "./store_checks.ts";

/** Options for {@linkcode MemoryAnalyticsStore}. */
export interface MemoryAnalyticsStoreOptions {
  /**
   * The most events that are held at a time: 1 to 2^24. As many sessions may be held, and as many sums and sketches, ids
   * of erased players, and marks.
   *
   * @default {100000}
   */
  readonly maxEvents?: number;
}

interface Session {
  readonly id: number;
  readonly info: SessionInfo;
  readonly numbers: NumberRanges;
  startMs: number;
  /** Whether an event has said when it began. */
  isStartSaid: boolean;
  lastMs: number;
  endReason: string;
  events: number;
  /** Its events that are still held, by id. */
  held: EventRow[];
}

interface Player {
  firstMs: number;
  readonly sessions: Set<Session>;
}

/**
 * An {@linkcode AnalyticsStore} in memory, for one process: nothing outlives it. For tests and for development.
 *
 * Each call does all of its work before it returns. What does not fit is refused as `"full"`, and then nothing of the call
 * is stored.
 *
 * @example Store an event and read it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { MemoryAnalyticsStore } from "@tickwire/net/analytics";
 *
 * const store = new MemoryAnalyticsStore();
 * const run = {
 *   title: "main", session: "AAECAwQFBgcICQoLDA0ODw", player: "EBESExQVFhcYGRobHB0eHw",
 *   build: "1.2.0", platform: "linux", common: "{}", receivedMs: 1764115260000,
 *   events: [{ number: 0, name: "death", timeMs: 1764115200000, data: '{"floor":3}' }],
 * };
 * const nothing = { counts: [], sketches: [], startMs: undefined, endReason: undefined };
 * assertEquals(await store.write([run], () => nothing), [
 *   { accepted: 1, duplicates: 0, isErased: false },
 * ]);
 * const range = { title: "main", fromMs: 1764115200000, toMs: 1764115300000 };
 * assertEquals((await store.events(range, undefined, 10)).rows[0]?.data, '{"floor":3}');
 * await store.close();
 * ```
 */
export class MemoryAnalyticsStore implements AnalyticsStore {
  readonly #maxEvents: number;
  /** By title, player and session. */
  readonly #sessions = new Map<string, Session>();
  /** By title and player. */
  readonly #players = new Map<string, Player>();
  readonly #erased = new Set<string>();
  readonly #sums = new MemorySums();
  readonly #marks = new Map<string, number>();
  /** By id. */
  #events: EventRow[] = [];
  /** The same by time, while it is known. */
  #byTime: EventRow[] | undefined;
  #lastSession = 0;
  #lastEvent = 0;
  #isClosed = false;

  /**
   * Creates a store that holds nothing.
   *
   * @param options How much it may hold.
   * @throws {RangeError} If an option is out of range.
   */
  constructor(options: MemoryAnalyticsStoreOptions = {}) {
    this.#maxEvents = checkInteger(
      "maxEvents",
      options.maxEvents ?? 100_000,
      1,
      2 ** 24,
    );
  }

  /**
   * Stores what is new of runs, and what it comes to.
   *
   * @param runs The runs.
   * @param rollUp Sums up what is new of a run.
   * @returns A promise of what became of each.
   * @throws {AnalyticsError} If there is no room (`"full"`) or the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async write(
    runs: readonly StoredRun[],
    rollUp: RollUp,
  ): Promise<readonly WriteOutcome[]> {
    this.#checkOpen();
    let events = 0;
    for (const run of runs) events += run.events.length;
    this.#checkRoom(this.#events.length + events);
    this.#checkRoom(this.#sessions.size + runs.length);
    this.#checkRoom(this.#sums.size);
    return runs.map((run) => this.#write(run, rollUp));
  }

  /**
   * Adds to sums that are of no session.
   *
   * @param title The title.
   * @param build The build.
   * @param platform The platform.
   * @param changes What is added.
   * @throws {AnalyticsError} If there is no room (`"full"`) or the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async count(
    title: string,
    build: string,
    platform: string,
    changes: readonly CountChange[],
  ): Promise<void> {
    this.#checkOpen();
    this.#checkRoom(this.#sums.size);
    for (const change of changes) {
      this.#sums.addCount({ title, build, platform }, change);
    }
  }

  /**
   * Adds up sums.
   *
   * @param query Which.
   * @returns A promise of at most 100,000 rows.
   * @throws {RangeError} If a time span does not begin with an hour.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async counts(query: CountQuery): Promise<readonly CountRow[]> {
    this.#checkOpen();
    checkSpans(query);
    return this.#sums.counts(query);
  }

  /**
   * Merges sketches.
   *
   * @param query Which.
   * @returns A promise of at most 10,000 rows.
   * @throws {RangeError} If a time span does not begin with an hour.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async sketches(query: SketchQuery): Promise<readonly SketchRow[]> {
    this.#checkOpen();
    checkSpans(query);
    return this.#sums.sketches(query);
  }

  /**
   * Lists the sessions that began in a range, or those of a player, by their beginning.
   *
   * @param query Which.
   * @param after What the page before gave as `next`.
   * @param limit The most rows: 1 to 10,000.
   * @returns A promise of the page.
   * @throws {RangeError} If `after` is nothing that a page gave, or `limit` is out of range.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async sessions(
    query: SessionQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<SessionRow>> {
    this.#checkOpen();
    checkLimit(limit, 10_000);
    const cursor = readPageCursor(after);
    const found: Session[] = [];
    const { title, player, fromMs, toMs } = query;
    const candidates = player === undefined
      ? this.#sessions.values()
      : this.#players.get(keyOf(title, player))?.sessions ?? [];
    for (const session of candidates) {
      const { info, startMs, id } = session;
      if (!isAsked(query, info)) continue;
      if (player === undefined && (startMs < fromMs || startMs >= toMs)) {
        continue;
      }
      if (isBehind(cursor, startMs, id)) found.push(session);
    }
    found.sort((a, b) => a.startMs - b.startMs || a.id - b.id);
    const rows = found.slice(0, limit);
    return {
      rows: rows.map((session) => this.#rowOf(session)),
      next: found.length > limit
        ? writePageCursor({ timeMs: rows.at(-1)!.startMs, id: rows.at(-1)!.id })
        : undefined,
    };
  }

  /**
   * Lists events: by time, or those of a player by id.
   *
   * @param query Which.
   * @param after What the page before gave as `next`.
   * @param limit The most rows: 1 to 10,000.
   * @returns A promise of the page.
   * @throws {RangeError} If `after` is nothing that a page gave, or `limit` is out of range.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async events(
    query: EventQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<EventRow>> {
    this.#checkOpen();
    checkLimit(limit, 10_000);
    const cursor = readPageCursor(after);
    const { player, name } = query;
    const rows: EventRow[] = [];
    const candidates = this.#candidates(query);
    let i = player === undefined
      ? firstAt(candidates, Math.max(query.fromMs, cursor.timeMs))
      : 0;
    for (; i < candidates.length; i++) {
      const row = candidates[i]!;
      if (player === undefined && row.timeMs >= query.toMs) break;
      if (name !== undefined && row.name !== name) continue;
      if (!isAsked(query, row)) continue;
      if (player === undefined) {
        if (!isBehind(cursor, row.timeMs, row.id)) continue;
      } else if (row.id <= cursor.id) continue;
      if (rows.length < limit) rows.push(row);
      else return { rows, next: writePageCursor(rows.at(-1)!) };
    }
    return { rows, next: undefined };
  }

  /**
   * Lists the newest events of a title, by descending id.
   *
   * @param query Which.
   * @param limit The most rows: 1 to 1,000.
   * @returns A promise of them.
   * @throws {RangeError} If `limit` is out of range.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async recent(query: RangeQuery, limit: number): Promise<readonly EventRow[]> {
    this.#checkOpen();
    checkLimit(limit, 1000);
    const rows: EventRow[] = [];
    for (let i = this.#events.length - 1; i >= 0; i--) {
      const row = this.#events[i]!;
      if (row.timeMs < query.fromMs || row.timeMs >= query.toMs) continue;
      if (!isAsked(query, row)) continue;
      rows.push(row);
      if (rows.length === limit) break;
    }
    return rows;
  }

  /**
   * Lists events of all titles behind an id, by id.
   *
   * @param id The id.
   * @param limit The most rows: 1 to 10,000.
   * @returns A promise of them.
   * @throws {RangeError} If `limit` is out of range.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async eventsAfter(id: number, limit: number): Promise<readonly EventRow[]> {
    this.#checkOpen();
    checkLimit(limit, 10_000);
    let low = 0;
    let high = this.#events.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#events[middle]!.id <= id) low = middle + 1;
      else high = middle;
    }
    return this.#events.slice(low, low + limit);
  }

  /**
   * Reads a number.
   *
   * @param name What it is kept under.
   * @returns A promise of it; of 0 if there is none.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async mark(name: string): Promise<number> {
    this.#checkOpen();
    return this.#marks.get(name) ?? 0;
  }

  /**
   * Keeps a number.
   *
   * @param name What it is kept under.
   * @param value The number: a safe integer.
   * @throws {AnalyticsError} If there is no room (`"full"`) or the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async setMark(name: string, value: number): Promise<void> {
    this.#checkOpen();
    if (!this.#marks.has(name)) this.#checkRoom(this.#marks.size + 1);
    this.#marks.set(name, value);
  }

  /**
   * Erases a player.
   *
   * @param title The title.
   * @param player The hash of his id.
   * @param rollUp Sums up what was stored of him.
   * @returns A promise of how much there was.
   * @throws {AnalyticsError} If there is no room to remember it (`"full"`) or the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async erase(
    title: string,
    player: string,
    rollUp: RollUp,
  ): Promise<{ readonly sessions: number; readonly events: number }> {
    this.#checkOpen();
    const key = keyOf(title, player);
    if (!this.#erased.has(key)) this.#checkRoom(this.#erased.size + 1);
    this.#erased.add(key);
    const sessions = [...this.#players.get(key)?.sessions ?? []];
    const gone = new Set<EventRow>();
    for (const { info, held } of sessions) {
      this.#remove(info, rollUp(info, held));
      for (const row of held) gone.add(row);
      this.#sessions.delete(keyOf(title, player, info.session));
    }
    this.#players.delete(key);
    this.#keepEvents((row) => !gone.has(row));
    return { sessions: sessions.length, events: gone.size };
  }

  /**
   * Removes what is old.
   *
   * @param query What, and how much of it.
   * @returns A promise of how many rows were removed: fewer than `limit` at the end.
   * @throws {RangeError} If `limit` is not 1 or more.
   * @throws {AnalyticsError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async expire(query: ExpireQuery): Promise<number> {
    this.#checkOpen();
    const { limit, rollupsBeforeMs } = query;
    checkLimit(limit, Number.MAX_SAFE_INTEGER);
    const beforeMs = Math.max(query.eventsBeforeMs, rollupsBeforeMs);
    const gone = new Set<EventRow>();
    for (const row of this.#events) {
      if (gone.size >= limit) break;
      if (row.timeMs < beforeMs) gone.add(row);
    }
    if (gone.size > 0) {
      this.#keepEvents((row) => !gone.has(row));
      for (const session of this.#sessions.values()) {
        session.held = session.held.filter((row) => !gone.has(row));
      }
    }
    let removed = gone.size;
    removed += this.#sums.expire(rollupsBeforeMs, limit - removed);
    for (const [key, session] of this.#sessions) {
      if (removed >= limit) break;
      if (Math.max(session.startMs, session.lastMs) >= rollupsBeforeMs) {
        continue;
      }
      this.#sessions.delete(key);
      const playerKey = keyOf(session.info.title, session.info.player);
      const player = this.#players.get(playerKey)!;
      player.sessions.delete(session);
      if (player.sessions.size === 0) this.#players.delete(playerKey);
      removed++;
    }
    return removed;
  }

  /**
   * Forgets everything. Closing twice has no effect.
   *
   * @returns A promise that resolves at once.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#sessions.clear();
    this.#players.clear();
    this.#erased.clear();
    this.#sums.clear();
    this.#marks.clear();
    this.#events = [];
    this.#byTime = undefined;
    return Promise.resolve();
  }

  /** The same as {@linkcode MemoryAnalyticsStore.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #checkOpen(): void {
    if (this.#isClosed) {
      throw new AnalyticsError(
        "closed",
        "Cannot use an analytics store as it is closed",
      );
    }
  }

  #checkRoom(rows: number): void {
    if (rows > this.#maxEvents) {
      throw new AnalyticsError(
        "full",
        `Cannot store that as there is room for ${this.#maxEvents} rows of a kind`,
      );
    }
  }

  #write(run: StoredRun, rollUp: RollUp): WriteOutcome {
    const { title, session: id, player, build, platform, events } = run;
    const playerKey = keyOf(title, player);
    if (this.#erased.has(playerKey)) {
      return { accepted: 0, duplicates: 0, isErased: true };
    }
    const key = keyOf(title, player, id);
    const before = this.#sessions.get(key);
    const numbers = new NumberRanges(before?.numbers.toJson());
    const fresh = events.filter(({ number }) => numbers.add(number));
    const duplicates = events.length - fresh.length;
    if (fresh.length === 0) return { accepted: 0, duplicates, isErased: false };
    // Of the session as it is kept, so that what an erasure takes away is what was added.
    const info = before?.info ??
      { title, session: id, player, build, platform };
    const rollup = rollUp(info, fresh);
    const sketches = rollup.sketches.map((change) =>
      [change, readSketch(change)] as const
    );
    // Nothing fails from here on.
    const session = before ?? this.#open(key, info);
    for (const { number } of fresh) session.numbers.add(number);
    for (const change of rollup.counts) this.#sums.addCount(info, change);
    for (const [change, sketch] of sketches) {
      this.#sums.addSketch(info, change, sketch);
    }
    this.#move(session, fresh, rollup);
    for (const { number, name, timeMs, data } of fresh) {
      const row: EventRow = {
        ...{ id: ++this.#lastEvent, number, name, timeMs, data },
        ...info,
        common: run.common,
      };
      this.#events.push(row);
      session.held.push(row);
    }
    this.#byTime = undefined;
    return { accepted: fresh.length, duplicates, isErased: false };
  }

  #open(key: string, info: SessionInfo): Session {
    const session: Session = {
      ...{ id: ++this.#lastSession, info, numbers: new NumberRanges() },
      ...{ startMs: Infinity, isStartSaid: false, lastMs: -Infinity },
      ...{ endReason: "", events: 0, held: [] },
    };
    this.#sessions.set(key, session);
    const playerKey = keyOf(info.title, info.player);
    let player = this.#players.get(playerKey);
    if (player === undefined) {
      player = { firstMs: Infinity, sessions: new Set() };
      this.#players.set(playerKey, player);
    }
    player.sessions.add(session);
    return session;
  }

  /** Takes the times of a session from what came. */
  #move(
    session: Session,
    fresh: readonly StoredEvent[],
    { startMs, endReason }: EventSums,
  ): void {
    session.events += fresh.length;
    let firstMs = Infinity;
    for (const { timeMs } of fresh) {
      firstMs = Math.min(firstMs, timeMs);
      session.lastMs = Math.max(session.lastMs, timeMs);
    }
    if (startMs !== undefined) {
      session.startMs = session.isStartSaid
        ? Math.min(session.startMs, startMs)
        : startMs;
      session.isStartSaid = true;
    } else if (!session.isStartSaid) {
      session.startMs = Math.min(session.startMs, firstMs);
    }
    session.endReason = endReason ?? session.endReason;
    const player = this.#playerOf(session);
    player.firstMs = Math.min(player.firstMs, session.startMs);
  }

  #playerOf({ info }: Session): Player {
    return this.#players.get(keyOf(info.title, info.player))!;
  }

  #rowOf(session: Session): SessionRow {
    const { info, startMs, lastMs, endReason, events } = session;
    const playerFirstMs = this.#playerOf(session).firstMs;
    return { ...info, startMs, lastMs, endReason, events, playerFirstMs };
  }

  #remove(info: SessionInfo, { counts, sketches }: EventSums): void {
    for (const change of counts) this.#sums.removeCount(info, change);
    const read: QuantileSketch[] = sketches.map(readSketch);
    for (const [i, sketch] of read.entries()) {
      this.#sums.removeSketch(info, sketches[i]!, sketch);
    }
  }

  /** What may be asked for, in the order in which it is listed. */
  #candidates({ title, player }: EventQuery): readonly EventRow[] {
    if (player === undefined) {
      return this.#byTime ??= this.#events.toSorted((a, b) =>
        a.timeMs - b.timeMs || a.id - b.id
      );
    }
    const sessions = this.#players.get(keyOf(title, player))?.sessions ?? [];
    return Array.from(sessions, ({ held }) => held).flat()
      .sort((a, b) => a.id - b.id);
  }

  #keepEvents(isKept: (row: EventRow) => boolean): void {
    this.#events = this.#events.filter(isKept);
    this.#byTime = undefined;
  }
}

function isAsked(query: RangeQuery, info: SessionInfo): boolean {
  return info.title === query.title &&
    (query.build === undefined || query.build === info.build) &&
    (query.platform === undefined || query.platform === info.platform);
}

/** The place of the first row that is not before a time, among rows by time. */
function firstAt(rows: readonly EventRow[], timeMs: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rows[middle]!.timeMs < timeMs) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBehind(
  cursor: { readonly timeMs: number; readonly id: number },
  timeMs: number,
  id: number,
): boolean {
  return timeMs > cursor.timeMs || timeMs === cursor.timeMs && id > cursor.id;
}

function keyOf(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

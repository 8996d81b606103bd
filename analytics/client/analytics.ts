// This module is browser compatible.
import { EventQueue } from "../../core/mod.ts";
import { readEndpoint } from "../endpoint.ts";
import type { AnalyticsEvent } from "../event/analytics_event.ts";
import { SessionStats } from "../session/session_stats.ts";
import type {
  AnalyticsConsent,
  AnalyticsCounters,
  AnalyticsDrop,
  AnalyticsExport,
  LocalLogEntry,
} from "./analytics_export.ts";
import type { AnalyticsErasure, AnalyticsNotice } from "./analytics_notice.ts";
import type { AnalyticsOptions } from "./analytics_options.ts";
import { Eraser } from "./_eraser.ts";
import { readErasure } from "./_erasure.ts";
import type { ErrorTarget } from "./error_target.ts";
import { ExceptionMeter } from "./_exception_meter.ts";
import { toCsv, toJson, toLogEntry } from "./_export.ts";
import { Grant } from "./_grant.ts";
import { Pump } from "./_pump.ts";
import { readSettings, type Settings } from "./_settings.ts";

const MAX_NOTICES = 1_024;
const MAX_ERASERS = 16;
const CLOSE_MS = 3_000;
/** How long the journal may take to close, in milliseconds, after everything else. */
const JOURNAL_CLOSE_MS = 1_000;
/** While nothing arrives, this is how often a client that is being closed looks after its own timers. */
const PUMP_MS = 20;

/**
 * Opt-in analytics of a game. It starts disabled: until `enable`, nothing is stored, opened or sent, and `record` does
 * nothing. From then on events are checked, numbered and stamped as they are recorded, written as text a slice per
 * `tick`, kept in a journal, and sent in batches until the collector has said that it has them. What is not sent is
 * counted by name and reason, and the collector is told.
 *
 * A session begins with `enable` and ends with `close`, after half an hour without a record, or after a day; one that
 * a crash ended is resumed or ended by the next process, if the journal outlives the process.
 *
 * @example From a death to the collector
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Analytics, AnalyticsEvent } from "@tickwire/net/analytics";
 *
 * const analytics = new Analytics("1.2.0", "linux", {
 *   http: { // leave this out in a game
 *     fetch: () => Promise.resolve(
 *       Response.json({ accepted: 3, duplicates: 0, refused: [] }),
 *     ),
 *   },
 * });
 * const death = AnalyticsEvent.death({ cause: "spikes", floor: 3 });
 * assertEquals(analytics.record(death), false); // nobody has agreed
 *
 * analytics.enable("https://example.com/analytics"); // the player did
 * assertEquals(analytics.record(death), true);
 * analytics.tick(1 / 60); // in every frame
 *
 * await analytics.close(); // a session with a beginning, a death and an end
 * assertEquals(analytics.uploadsSent, 1);
 * ```
 */
export class Analytics {
  readonly #settings: Settings;
  readonly #notices = new EventQueue<AnalyticsNotice>({
    capacity: MAX_NOTICES + MAX_ERASERS,
  });
  readonly #pump = new Pump();
  /** All that there is while the player agrees. */
  #grant: Grant | undefined;
  /** The same, until the client is being closed. */
  #recorder: Grant | undefined;
  #endpoint = "";
  #consent: AnalyticsConsent = "unset";
  /** What has to be over before a journal is opened again. */
  #purging: Promise<void> = Promise.resolve();
  #erasers: Eraser[] = [];
  /** Erasures of which it is not known yet what they are of. */
  #asking = 0;
  #exceptions: ExceptionMeter | undefined;
  #closing: Promise<void> | undefined;
  #uploadsSent = 0;

  /**
   * Makes a client, which is disabled.
   *
   * @param build The game's version: 1 to 64 of `A–Z a–z 0–9 space _ . : / + -`.
   * @param platform What it runs on, such as "linux" or "web": the same, and nothing that looks like personal data.
   * @param options How it behaves.
   * @throws {RangeError} If something is out of range.
   * @throws {TypeError} If something is of the wrong kind.
   * @throws {SyntaxError} If a name in `events` has another form.
   */
  constructor(
    build: string,
    platform: string,
    options: AnalyticsOptions = {},
  ) {
    this.#settings = readSettings(build, platform, options);
  }

  /** Whether the player has been asked, and what he said. The game has to remember a denial: nothing is stored of it. */
  get consent(): AnalyticsConsent {
    return this.#consent;
  }

  /** The session's id; `undefined` where there is none, or before the journal has told whether one goes on. */
  get sessionId(): string | undefined {
    return this.#grant?.sessionId;
  }

  /** How long the session is, in seconds; 0 where there is none. */
  get sessionDuration(): number {
    return (this.#grant?.sessionMs ?? 0) / 1_000;
  }

  /** Batches that have arrived, since the player agreed. */
  get uploadsSent(): number {
    return this.#grant?.uploads ?? this.#uploadsSent;
  }

  /**
   * What happened in the session: a game may set its counters as it likes, and events update them. A new session has new
   * ones. While the player has not agreed, it is an empty object that nobody keeps.
   */
  get stats(): SessionStats {
    return this.#grant?.stats ?? new SessionStats();
  }

  /** What was dropped, and why, since the player agreed; what an earlier process lost is among it. */
  get drops(): readonly AnalyticsDrop[] {
    return this.#grant === undefined ? [] : [...this.#grant.drops.all];
  }

  /** What was counted. Makes an object: ask when you show it, not in every frame. */
  get counters(): AnalyticsCounters {
    const grant = this.#grant;
    let dropped = 0;
    for (const { count } of this.drops) dropped += count;
    return {
      recorded: grant?.recorded ?? 0,
      dropped,
      queued: grant?.queued ?? 0,
      stored: grant?.stored ?? 0,
      uploadsSent: this.uploadsSent,
      uploadsFailed: grant?.failures ?? 0,
      droppedNotices: this.#notices.dropped,
    };
  }

  /**
   * The player agrees: begins to record. Calling it again changes where the events go.
   *
   * @param endpoint Where the collector is mounted: an absolute http(s) URL.
   * @throws {TypeError} If it is no such URL, or the client is closed.
   */
  enable(endpoint: string): void {
    if (this.#closing !== undefined) {
      throw new TypeError("Cannot enable analytics as it is closed");
    }
    const url = readEndpoint(endpoint);
    this.#endpoint = url;
    if (this.#grant !== undefined) {
      this.#grant.endpoint = url;
      return;
    }
    this.#consent = "granted";
    this.#uploadsSent = 0;
    this.#grant = new Grant(this.#settings, url, {
      inform: (notice) => this.#notices.push(notice),
      onWake: () => this.#pump.wake(),
    }, this.#purging);
    this.#recorder = this.#grant;
  }

  /**
   * The player does not agree, or not any more: everything that was recorded and has not arrived is forgotten, in memory
   * and in the journal, with all ids. What the collector has stays there: `deleteMyData` has that erased, too.
   *
   * A journal is not opened for somebody who has not agreed: where `enable` was not called before, what an earlier process
   * left in it stays. Call `enable` and `disable`, one behind the other, to have it removed; nothing is sent then.
   */
  disable(): void {
    this.#consent = "denied";
    this.#forget();
  }

  /**
   * Records an event. It is checked and stamped now, and sent later. Nothing is thrown for what is in it.
   *
   * @param event The event. It must not be changed afterwards.
   * @returns Whether it was taken. If not, the player has not agreed, or it was dropped for a reason that `drops` tells.
   * @throws {TypeError} If it is no event, while the player agrees.
   */
  record(event: AnalyticsEvent): boolean {
    return this.#recorder !== undefined && this.#recorder.record(event);
  }

  /**
   * Adds a frame to the session's figures. It is sent in sums, not by itself.
   *
   * @param ms How long it took, in milliseconds.
   */
  recordFrame(ms: number): void {
    if (this.#recorder !== undefined) this.#recorder.recordFrame(ms);
  }

  /**
   * Adds a measurement of the memory in use to the session's figures. It is sent in sums, not by itself.
   *
   * @param bytes How much it is, in bytes.
   */
  recordMemory(bytes: number): void {
    if (this.#recorder !== undefined) this.#recorder.recordMemory(bytes);
  }

  /**
   * Moves everything on by a frame: writes what waits, stores it, sends what is due, takes in what arrived.
   *
   * @param dt Seconds since the last tick: 0 or more.
   * @throws {RangeError} If `dt` is negative or not a number.
   */
  tick(dt: number): void {
    if (!(dt >= 0)) {
      throw new RangeError(
        `Cannot tick as dt must be 0 or more: current value is ${dt}`,
      );
    }
    if (this.#erasers.length > 0) this.#tickErasers(dt);
    const grant = this.#grant;
    if (grant === undefined) return;
    this.#exceptions?.tick(dt);
    grant.tick(dt);
  }

  /** Has what was recorded so far sent by the next ticks, without waiting for the minute or the hundred events. */
  flush(): void {
    this.#grant?.flush();
  }

  /**
   * Hands out what happened since the last drain, oldest first. Nobody has to: what nobody drains is lost at a bound.
   *
   * @param budgetMs Milliseconds after which it stops, at least one given: 0 or more; no limit by default.
   * @returns An iterator that removes what it yields.
   * @throws {RangeError} If the budget is negative or not a number.
   */
  drainEvents(budgetMs?: number): IterableIterator<AnalyticsNotice> {
    return this.#notices.drain(budgetMs, this.#settings.clock);
  }

  /**
   * Takes one notice.
   *
   * @returns The oldest one, or `undefined` if there is none.
   */
  pollEvent(): AnalyticsNotice | undefined {
    return this.#notices.poll();
  }

  /**
   * Gives the newest 10,000 events as they are sent, oldest first, for the player to see.
   *
   * @returns A copy; empty while the player has not agreed.
   */
  localLogEntries(): readonly LocalLogEntry[] {
    return this.#grant === undefined
      ? []
      : Array.from(this.#grant.log, toLogEntry);
  }

  /** Empties the local log. What waits to be sent is not touched. */
  clearLocalLog(): void {
    this.#grant?.log.clear();
  }

  /**
   * Gives the local log as CSV (RFC 4180): a row for each event, a column for each field.
   *
   * @returns The text, with a header.
   */
  exportCsv(): string {
    return toCsv(this.#grant?.log ?? []);
  }

  /**
   * Gives everything that is held of the player: for him, or for whoever he asks to help him.
   *
   * @returns A promise of the data, as JSON and as CSV. It never rejects.
   */
  async exportMyData(): Promise<AnalyticsExport> {
    const waiting = await this.#grant?.waitingRuns().catch(() => []) ?? [];
    // It may have been revoked meanwhile.
    const grant = this.#grant;
    return {
      json: grant === undefined
        ? JSON.stringify({ consent: this.#consent })
        : toJson(grant, waiting),
      csv: this.exportCsv(),
    };
  }

  /**
   * Erases the player's data: forgets everything as `disable` does, and asks the collector to erase what it has. It ends
   * with `dataDeleted` or `deletionFailed`. With `identity: "install"` that is everything that was ever sent; with
   * `"session"` it is the sessions that the client still knows, and `isComplete` tells whether there may be others.
   *
   * @param again What a `deletionFailed` gave, to try it again: for this nobody has to agree to anything.
   * @throws {TypeError} If `again` is something else.
   */
  deleteMyData(again?: AnalyticsErasure): void {
    const grant = this.#grant;
    const endpoint = this.#endpoint;
    if (again !== undefined) {
      this.#erase(readErasure(again));
      return;
    }
    this.#consent = "denied";
    if (grant === undefined) {
      // There is nothing here, and nothing that the collector could be asked by.
      this.#notices.push({
        type: "dataDeleted",
        sessions: 0,
        events: 0,
        isComplete: false,
      });
      return;
    }
    const ids = grant.erasureIds();
    this.#forget(ids);
    this.#asking++;
    ids.then((known) => this.#erase({ endpoint, ...known })).finally(() => {
      this.#asking--;
      this.#pump.wake();
    });
  }

  /**
   * Sends what would be lost with a page, while it is still there: at most 60 KiB, by a request that outlives it. What is
   * sent so is sent again if the page lives on, or the journal outlives it, and counts once.
   *
   * @param isFinal Whether the page will not come back, so that the session ends.
   */
  handlePageHide(isFinal = false): void {
    this.#exceptions?.report();
    this.#grant?.hidePage(isFinal);
  }

  /**
   * Records what nothing catches as `exception` events: 10 a minute at most, the same ones counted together. Personal data
   * in their texts is blanked. They are stored at once, as the program may be about to end.
   *
   * @param target What hears of `error` and `unhandledrejection`.
   * @returns What stops it.
   *
   * @example Errors of a page
   * ```ts
   * import { Analytics } from "@tickwire/net/analytics";
   *
   * const analytics = new Analytics("1.2.0", "web");
   * const stop = analytics.captureErrors(globalThis);
   * stop();
   * ```
   */
  captureErrors(target: ErrorTarget): () => void {
    this.#exceptions ??= new ExceptionMeter({
      isEnabled: () => this.#grant !== undefined,
      record: (event) => {
        this.record(event);
        this.#grant?.persist();
      },
    });
    return this.#exceptions.listen(target);
  }

  /**
   * Ends the session, sends what waits, and closes the journal. What a journal of the game's own keeps is tried once and
   * sent by the next process otherwise; what is in memory is tried until the time is over. Closing twice has no effect.
   *
   * @param timeoutMs For how long, in milliseconds: 0 or more.
   * @returns A promise that never rejects.
   * @throws {RangeError} If `timeoutMs` is negative or not a number.
   */
  close(timeoutMs: number = CLOSE_MS): Promise<void> {
    if (!(timeoutMs >= 0)) {
      throw new RangeError(
        `Cannot close analytics as timeoutMs must be 0 or more: current value is ${timeoutMs}`,
      );
    }
    return this.#closing ??= this.#finish(timeoutMs);
  }

  /** Closes the client: `await using analytics = new Analytics("1.2.0", "linux")`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(timeoutMs: number): Promise<void> {
    const { clock } = this.#settings;
    const grant = this.#grant;
    this.#exceptions?.report();
    this.#recorder = undefined;
    grant?.end();
    let lastMs = clock.nowMs();
    await this.#pump.run(timeoutMs, PUMP_MS, () => {
      const nowMs = clock.nowMs();
      this.tick(Math.max(0, nowMs - lastMs) / 1_000);
      lastMs = nowMs;
      return this.#asking === 0 && this.#erasers.length === 0 &&
        (this.#grant === undefined || this.#grant.isSettled);
    });
    for (const eraser of this.#erasers) eraser.close();
    this.#erasers = [];
    this.#exceptions?.close();
    if (grant !== undefined && this.#grant === grant) {
      let isClosed = false;
      grant.close().catch(() => {}).then(() => {
        isClosed = true;
        this.#pump.wake();
      });
      // A storage that hangs must not hold the game.
      await this.#pump.run(JOURNAL_CLOSE_MS, PUMP_MS, () => isClosed);
      this.#uploadsSent = grant.uploads;
      this.#grant = undefined;
    }
    let isPurged = false;
    this.#purging.then(() => {
      isPurged = true;
      this.#pump.wake();
    });
    await this.#pump.run(JOURNAL_CLOSE_MS, PUMP_MS, () => isPurged);
  }

  /** Ends the grant, and has its journal purged when nobody needs it any more. */
  #forget(before: Promise<unknown> = Promise.resolve()): void {
    const grant = this.#grant;
    if (grant === undefined) return;
    this.#grant = this.#recorder = undefined;
    this.#exceptions?.clear();
    this.#pump.wake();
    const purged = grant.purge(before);
    this.#purging = Promise.all([this.#purging, purged]).then(
      () => {},
      () => {},
    );
  }

  #erase(erasure: AnalyticsErasure): void {
    if (
      this.#erasers.length >= MAX_ERASERS || !this.#notices.reserve()
    ) {
      this.#notices.push({
        type: "deletionFailed",
        reason: "closed",
        message: `At most ${MAX_ERASERS} erasures can be under way`,
        again: erasure,
      });
      return;
    }
    this.#erasers.push(
      new Eraser(
        this.#settings,
        erasure,
        () => this.#pump.wake(),
        (notice) => this.#notices.pushReserved(notice),
      ),
    );
  }

  #tickErasers(dt: number): void {
    for (const eraser of this.#erasers) eraser.tick(dt);
    this.#erasers = this.#erasers.filter(({ isOver }) => !isOver);
  }
}

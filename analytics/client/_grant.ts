// This module is browser compatible.
import type { AnalyticsEvent } from "../event/analytics_event.ts";
import type { SessionStats } from "../session/session_stats.ts";
import type { AnalyticsNotice } from "./analytics_notice.ts";
import { DropAccount } from "./_drop_account.ts";
import type { ClientState, Run } from "./_entry.ts";
import { Intake } from "./_intake.ts";
import type { LocalLog } from "./_local_log.ts";
import { pageBody, sendFromPage } from "./_page_batch.ts";
import {
  type OpenedJournal,
  RunJournal,
  type RunJournalOwner,
} from "./_run_journal.ts";
import { RunQueue } from "./_run_queue.ts";
import { RunStore } from "./_run_store.ts";
import { Sender, type SenderOwner } from "./_sender.ts";
import { SessionKeeper } from "./_session_keeper.ts";
import type { Settings } from "./_settings.ts";
import { Timeline } from "./_timeline.ts";

/** What goes out of a grant. */
export interface GrantOwner {
  inform(notice: AnalyticsNotice): void;
  onWake(): void;
}

/** The journal and what empties it, when it is open. */
interface Outgoing {
  readonly journal: RunJournal;
  readonly sender: Sender;
}

/**
 * All that there is while the player agrees: without it there is nothing that could be stored or sent, and when it is
 * purged nothing is left.
 */
export class Grant implements RunJournalOwner, SenderOwner {
  readonly settings: Settings;
  readonly timeline: Timeline;
  readonly drops = new DropAccount();
  readonly #owner: GrantOwner;
  readonly #queue: RunQueue;
  readonly #keeper: SessionKeeper;
  readonly #store: RunStore;
  readonly #intake: Intake;

  readonly #opening: Promise<OpenedJournal>;
  /** What an earlier process left, until a tick takes it in. */
  #opened: OpenedJournal | undefined;
  #out: Outgoing | undefined;
  #endpoint: string;
  /** Whether another collector may have data, too. */
  #hasMoved = false;
  /** Ends what a hidden page has sent, when the consent is taken back. */
  #revocation: AbortController | undefined;
  /** What a page that was hidden has sent, or had no room for. */
  readonly #handedOut = new WeakSet<Run>();
  #isJournalFailed = false;
  /** The session that an earlier process left. */
  #earlier: string | undefined;
  /** Whether a process after this one would not use its numbers of that session again. */
  #isStateStored = false;

  #periodMs: number;
  #isDue = false;
  /** How many events are to be sent before what is left can wait. */
  #flushLeft = 0;
  #isEnding = false;
  /** Attempts that failed before the end. */
  #failuresBefore = 0;
  #isOver = false;

  /**
   * @param before What has to be over before the journal can be opened: the purge of an earlier grant.
   */
  constructor(
    settings: Settings,
    endpoint: string,
    owner: GrantOwner,
    before: Promise<void>,
  ) {
    this.settings = settings;
    this.#owner = owner;
    this.#endpoint = endpoint;
    this.#periodMs = settings.flushMs;
    this.timeline = new Timeline(settings.clock);
    this.#queue = new RunQueue(settings, this.drops);
    this.#store = new RunStore(settings, this.#queue, () => owner.onWake());
    this.#keeper = new SessionKeeper({
      settings,
      timeline: this.timeline,
      queue: this.#queue,
      drops: this.drops,
      inform: (notice) => this.inform(notice),
    });
    this.#intake = new Intake({
      settings,
      timeline: this.timeline,
      queue: this.#queue,
      keeper: this.#keeper,
      drops: this.drops,
      inform: (notice) => this.inform(notice),
    });
    this.#opening = before.then(() => RunJournal.open(settings.journal, this))
      .then((opened) => {
        if (!this.#isOver) this.#opened = opened;
        owner.onWake();
        return opened;
      });
  }

  /** The session, when it is known which one it is. */
  get sessionId(): string | undefined {
    return this.#keeper.isKnown ? this.#keeper.session?.id : undefined;
  }

  get player(): string | undefined {
    return this.#keeper.player;
  }

  get stats(): SessionStats {
    return this.#keeper.stats;
  }

  get log(): LocalLog {
    return this.#queue.log;
  }

  /** How long the session is, in milliseconds; 0 where there is none. */
  get sessionMs(): number {
    const { session } = this.#keeper;
    return session === undefined
      ? 0
      : Math.max(0, this.timeline.nowMs() - session.startMs);
  }

  get uploads(): number {
    return this.#out?.sender.uploads ?? 0;
  }

  get failures(): number {
    return this.#out?.sender.failures ?? 0;
  }

  /** Events that `record` was given. */
  get recorded(): number {
    return this.#intake.recorded;
  }

  /** Events that were not written yet. */
  get queued(): number {
    return this.#queue.size;
  }

  /** Events that are written and have not arrived. */
  get stored(): number {
    let events = this.#out?.journal.events ?? 0;
    for (const { count } of this.#store.outstanding) events += count;
    return events;
  }

  /** Whether nothing is left to do: all has arrived, or is as safe as it can be made. */
  get isSettled(): boolean {
    const out = this.#out;
    if (
      out === undefined || this.#queue.size > 0 ||
      this.#store.outstanding.size > 0 || out.sender.isBusy
    ) {
      return false;
    }
    if (out.journal.events === 0) return true;
    // What a journal keeps need not be waited for, once it was tried.
    return this.settings.journal !== undefined && !this.#isJournalFailed &&
      (out.sender.isWaiting || out.sender.failures > this.#failuresBefore);
  }

  set endpoint(endpoint: string) {
    this.#hasMoved ||= endpoint !== this.#endpoint;
    this.#endpoint = endpoint;
    if (this.#out !== undefined) this.#out.sender.endpoint = endpoint;
  }

  /** Takes an event, or counts why not. */
  record(event: AnalyticsEvent): boolean {
    return this.#intake.record(event);
  }

  recordFrame(ms: number): void {
    if (this.#keeper.session !== undefined) this.#keeper.stats.recordFrame(ms);
  }

  recordMemory(bytes: number): void {
    if (this.#keeper.session === undefined) return;
    this.#keeper.stats.recordMemory(bytes);
  }

  tick(dt: number): void {
    this.#takeOpened();
    this.#periodMs -= dt * 1_000;
    if (this.#keeper.session !== undefined) this.#keeper.stats.addPlayTime(dt);
    this.#keeper.check(this.timeline.nowMs());
    if (this.#periodMs <= 0) this.#onPeriod();
    if (this.#isEnding) this.#keeper.tellDrops();
    const out = this.#out;
    if (out === undefined) return;
    this.#store.tick(dt, out.journal);
    out.sender.tick(dt);
    this.#send(out);
  }

  /** Has everything sent that was recorded so far, as soon as it can be. */
  flush(): void {
    this.#out?.sender.hurry();
    this.#onPeriod();
    this.#flushLeft = this.queued + this.stored;
  }

  /** Has the journal take what is in the queue, without waiting for a tick. */
  persist(): void {
    this.#takeOpened();
    if (this.#out === undefined) this.#store.hurry();
    else this.#store.writeAll(this.#out.journal);
  }

  /** Sends what may be lost with the page, while the page is still there to do it. */
  hidePage(isFinal: boolean): void {
    this.#takeOpened();
    if (this.#out === undefined) return;
    const { journal } = this.#out;
    const nowMs = this.timeline.nowMs();
    if (isFinal) this.#keeper.end("closed", nowMs);
    else this.#keeper.reportMeasurements(nowMs);
    this.#keeper.tellDrops();
    this.#store.writeAll(journal);
    const runs: Run[] = [];
    // A page is often told twice that it goes, and what it may send then is bounded over both times.
    for (const run of [...journal.takeRecent(), ...this.#store.outstanding]) {
      // A number that nobody knows of after a crash must not be used.
      const isUnknown = !this.#isStateStored && run.session === this.#earlier;
      if (isUnknown || this.#handedOut.has(run)) continue;
      this.#handedOut.add(run);
      runs.push(run);
    }
    const body = pageBody(runs, this.timeline.nowMs());
    if (body === undefined) return;
    const { signal } = this.#revocation ??= new AbortController();
    sendFromPage(this.#endpoint, body, this.settings, signal);
  }

  /** The runs that wait. */
  async waitingRuns(): Promise<readonly Run[]> {
    const { journal } = await this.#opening;
    return [...await journal.all(), ...this.#store.outstanding];
  }

  /** What the collector knows the player's data by, as far as the client knows. */
  async erasureIds(): Promise<
    { readonly ids: readonly string[]; readonly isComplete: boolean }
  > {
    const { journal, state } = await this.#opening;
    const player = this.#keeper.player ??
      (this.settings.identity === "install" ? state?.player : undefined);
    if (player !== undefined) {
      return { ids: [player], isComplete: !this.#hasMoved };
    }
    const ids = new Set([...journal.sessions, ...this.#keeper.ids]);
    if (state?.session !== undefined) ids.add(state.session.id);
    return {
      ids: [...ids],
      isComplete: state === undefined && !this.#hasMoved &&
        !this.#keeper.hasForgottenIds,
    };
  }

  /**
   * Forgets everything, here and in the journal.
   *
   * @param before What the journal is needed for until then.
   * @returns A promise that resolves when the journal is closed.
   */
  async purge(before: Promise<unknown>): Promise<void> {
    this.#isOver = true;
    this.#out?.sender.close();
    this.#out?.journal.stop();
    this.#revocation?.abort();
    this.#opened = undefined;
    this.#queue.clear();
    this.#keeper.clear();
    this.drops.clear();
    this.#store.clear();
    await before.catch(() => {});
    const { journal } = await this.#opening;
    await journal.purge();
  }

  /** Ends the session; what is recorded until now is to be written. */
  end(): void {
    this.#takeOpened();
    this.#keeper.end("closed", this.timeline.nowMs());
    this.#isEnding = true;
    this.#failuresBefore = this.failures;
    this.flush();
  }

  /** Stores how things are, and closes the journal. */
  async close(): Promise<void> {
    this.#out?.sender.close();
    const { journal } = await this.#opening;
    this.#takeOpened();
    this.#out?.sender.close();
    await journal.appendState();
    this.#isOver = true;
    await journal.close();
  }

  stateWith(run: Run | undefined): ClientState {
    return {
      player: this.#keeper.player,
      session: this.#keeper.state,
      waiting: this.#store.waitingWith(run),
      drops: this.drops.leftWith(run),
    };
  }

  onStored(run: Run): void {
    this.drops.onStored(run);
    this.#store.onStored(run);
    this.#isStateStored = true;
  }

  mayDropOldest(): boolean {
    return this.#out === undefined || !this.#out.sender.isBusy;
  }

  onDropped(run: Run): void {
    this.drops.onLost(run, "journalFull");
  }

  onRefused(runs: readonly Run[]): void {
    for (const run of runs) this.drops.onLost(run, "refused");
  }

  onJournalFailed(cause: unknown): void {
    this.#isJournalFailed = true;
    const message = cause instanceof Error ? cause.message : String(cause);
    this.inform({ type: "journalFailed", message, cause });
  }

  inform(notice: AnalyticsNotice): void {
    if (this.#isOver) return;
    if (notice.type === "uploaded") {
      // What came meanwhile has its own time.
      this.#flushLeft = Math.max(0, this.#flushLeft - notice.events);
      this.#isDue = this.#flushLeft > 0;
    }
    this.#owner.inform(notice);
  }

  onWake(): void {
    this.#owner.onWake();
  }

  #onPeriod(): void {
    this.#periodMs = this.settings.flushMs;
    this.#keeper.reportMeasurements(this.timeline.nowMs());
    this.#keeper.tellDrops();
    this.#isDue = true;
    this.#store.hurry();
  }

  /** Takes in what an earlier process left, when it is known. */
  #takeOpened(): void {
    const opened = this.#opened;
    if (opened === undefined || this.#isOver) return;
    this.#opened = undefined;
    const { journal, state } = opened;
    const sender = new Sender(this, journal, this.#endpoint);
    this.#out = { journal, sender };
    this.#keeper.takeOver(state);
    // Numbers of a new session are in nobody's way, whether the journal knows of it or not.
    this.#earlier = state?.session?.id;
    this.#isStateStored = this.#earlier === undefined;
    journal.appendState().then(() => {
      this.#isStateStored = true;
    }, () => {});
  }

  #send({ journal, sender }: Outgoing): void {
    if (sender.isBusy) return;
    const { flushEvents } = this.settings;
    const { queued } = this;
    if (journal.events + queued >= flushEvents && !this.#isDue) {
      this.#isDue = true;
      this.#store.hurry();
    }
    if (!this.#isDue) return;
    // What is about to be stored goes with the same batch, unless there is enough without it.
    const isWriting = queued > 0 || this.#store.outstanding.size > 0;
    if (isWriting && journal.events < flushEvents) return;
    if (journal.events === 0) {
      this.#isDue = false;
      this.#flushLeft = 0;
      return;
    }
    sender.begin();
  }
}

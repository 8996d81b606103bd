// This module is browser compatible.
import { EventQueue, TokenBucket } from "../../core/mod.ts";
import { AnalyticsEvent } from "../event/analytics_event.ts";
import type { SessionEndReason } from "../event/built_in_events.ts";
import { checkFields } from "../event/check_fields.ts";
import { SessionStats } from "../session/session_stats.ts";
import type { AnalyticsNotice } from "./analytics_notice.ts";
import { DropCounts } from "./_drop_counts.ts";
import type { ClientState, NameCounts, Run } from "./_entry.ts";
import { makeId } from "./_ids.ts";
import type { Item } from "./_item.ts";
import { LocalLog } from "./_local_log.ts";
import { isSampledOut, type NameEntry, NameTable } from "./_name_table.ts";
import { pageBody, sendFromPage } from "./_page_batch.ts";
import {
  type OpenedJournal,
  RunJournal,
  type RunJournalOwner,
} from "./_run_journal.ts";
import { RunWriter } from "./_run_writer.ts";
import { Sender, type SenderOwner } from "./_sender.ts";
import { Session, type SessionState } from "./_session.ts";
import type { Settings } from "./_settings.ts";
import { Timeline } from "./_timeline.ts";

/** The least time between two runs, so that a slow trickle of events does not fill the journal with what is around them. */
const APPEND_MS = 250;
/** So many events are worth a run at once. */
const APPEND_EVENTS = 100;
/** How many events are written between two looks at the clock. */
const EVENTS_PER_LOOK = 32;
/** Room in the queue for what the client itself records. */
const INTERNAL_SLOTS = 16_384;
/** By how much a wall clock may have been set back between two processes for a session to be resumed. */
const MAX_SETBACK_MS = 60_000;
const MAX_SESSION_IDS = 1_024;

/** What goes out of a grant. */
export interface GrantOwner {
  inform(notice: AnalyticsNotice): void;
  onWake(): void;
}

/**
 * All that there is while the player agrees: without it there is nothing that could be stored or sent, and when it is
 * purged nothing is left.
 */
export class Grant implements RunJournalOwner, SenderOwner {
  readonly settings: Settings;
  readonly timeline: Timeline;
  readonly log = new LocalLog();
  /** Everything that was dropped, and why. */
  readonly dropped = new DropCounts();
  readonly #owner: GrantOwner;
  readonly #names: NameTable;
  readonly #queue: EventQueue<Item>;
  readonly #bucket: TokenBucket | undefined;
  /** Of the queue, the event that began a run and did not fit. */
  #ahead: Item | undefined;
  /** What was dropped and is not in the queue yet. */
  readonly #untold = new DropCounts();
  /** The same that is in the queue or in a run that is not stored yet. */
  readonly #telling = new DropCounts();
  readonly #sessionIds = new Set<string>();

  #session: Session | undefined;
  /** The one that ended last: what is dropped before there is another one is told in it. */
  #lastSession: Session | undefined;
  #isEnding = false;
  #stats = new SessionStats();
  #start: Item | undefined;
  #player: string | undefined;

  readonly #opening: Promise<OpenedJournal>;
  #opened: OpenedJournal | undefined;
  #journal: RunJournal | undefined;
  #sender: Sender | undefined;
  #endpoint: string;
  /** Ends what a hidden page has sent, when the consent is taken back. */
  #revocation: AbortController | undefined;
  #isJournalFailed = false;
  /** Whether a process after this one would not use its numbers again. */
  #isStateStored = false;

  /** Runs that are written and not stored yet, and of these the ones for which there was no room. */
  readonly #outstanding = new Set<Run>();
  readonly #refused: Run[] = [];
  #appends = 0;
  #sinceAppendMs = APPEND_MS;
  #isUrgent = false;

  #periodMs: number;
  #isDue = false;
  /** How many events are to be sent before what is left can wait. */
  #flushLeft = 0;
  #isOver = false;
  #recorded = 0;

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
    this.timeline = new Timeline(settings.clock);
    this.#names = new NameTable(settings.catalog, settings.sample);
    this.#queue = new EventQueue({
      capacity: settings.maxQueued + INTERNAL_SLOTS,
    });
    const { rateLimit } = settings;
    if (rateLimit !== undefined) {
      this.#bucket = new TokenBucket({
        capacity: rateLimit.burst,
        refillPerSecond: rateLimit.perSecond,
      });
    }
    this.#periodMs = settings.flushMs;
    this.#begin(this.timeline.nowMs());
    this.#opening = before.then(() => RunJournal.open(settings.journal, this))
      .then((opened) => {
        this.#opened = opened;
        owner.onWake();
        return opened;
      });
  }

  /** The session, when it is known which one it is. */
  get sessionId(): string | undefined {
    return this.#journal === undefined ? undefined : this.#session?.id;
  }

  get player(): string | undefined {
    return this.#player;
  }

  get stats(): SessionStats {
    return this.#stats;
  }

  /** How long the session is, in milliseconds; 0 where there is none. */
  get sessionMs(): number {
    const session = this.#session;
    return session === undefined
      ? 0
      : Math.max(0, this.timeline.nowMs() - session.startMs);
  }

  get uploads(): number {
    return this.#sender?.uploads ?? 0;
  }

  get failures(): number {
    return this.#sender?.failures ?? 0;
  }

  /** Events that `record` was given. */
  get recorded(): number {
    return this.#recorded;
  }

  /** Events that were not written yet. */
  get queued(): number {
    return this.#queue.size + (this.#ahead === undefined ? 0 : 1);
  }

  /** Events that are stored and have not arrived. */
  get stored(): number {
    let outstanding = 0;
    for (const { count } of this.#outstanding) outstanding += count;
    return (this.#journal?.events ?? 0) + outstanding;
  }

  set endpoint(endpoint: string) {
    this.#endpoint = endpoint;
    if (this.#sender !== undefined) this.#sender.endpoint = endpoint;
  }

  /** Takes an event, or counts why not. */
  record(event: AnalyticsEvent): boolean {
    if (!(event instanceof AnalyticsEvent)) {
      throw new TypeError(
        `Cannot record event as it must be an AnalyticsEvent: current value is of type ${typeof event}`,
      );
    }
    this.#recorded++;
    const { definition } = event;
    const entry = this.#names.get(definition.name);
    if (entry === undefined) return this.#refuseUnknown(definition.name);
    if (!entry.isRecordable) return this.#refuseReserved(definition.name);
    const nowMs = this.timeline.roughlyNowMs();
    const timeMs = this.timeline.at(nowMs);
    const session = this.#sessionAt(timeMs);
    session.lastMs = timeMs;
    if (entry.sample < 1 && isSampledOut(entry, session)) {
      return this.#drop(definition.name, "sampled");
    }
    if (this.#bucket !== undefined && !this.#bucket.tryTake(1, nowMs)) {
      return this.#drop(definition.name, "rateLimited");
    }
    const problem = checkFields(entry.definition, event.fields);
    if (problem !== undefined) {
      this.#owner.inform({
        type: "eventRefused",
        event: definition.name,
        ...problem,
      });
      return this.#drop(definition.name, problem.reason);
    }
    if (this.#queue.size >= this.settings.maxQueued) {
      return this.#drop(definition.name, "queueFull");
    }
    this.#push(event, entry, session, timeMs);
    this.#stats.apply(event);
    return true;
  }

  recordFrame(ms: number): void {
    if (this.#session !== undefined) this.#stats.recordFrame(ms);
  }

  recordMemory(bytes: number): void {
    if (this.#session !== undefined) this.#stats.recordMemory(bytes);
  }

  tick(dt: number): void {
    this.#takeOpened();
    const ms = dt * 1_000;
    this.#sinceAppendMs += ms;
    this.#periodMs -= ms;
    if (this.#session !== undefined) this.#stats.playTime += dt;
    this.#checkSession(this.timeline.nowMs());
    if (this.#periodMs <= 0) this.#onPeriod();
    if (this.#isEnding) this.#tellDrops();
    this.#write(this.settings.sliceMs);
    this.#sender?.tick(dt);
    this.#send();
  }

  /** Has everything sent that was recorded so far, as soon as it can be. */
  flush(): void {
    this.#sender?.hurry();
    this.#onPeriod();
    this.#flushLeft = this.queued + this.stored;
  }

  /** Has the journal take what is in the queue, without waiting for a tick. */
  persist(): void {
    this.#takeOpened();
    if (this.#journal === undefined) this.#isUrgent = true;
    while (this.#journal !== undefined && this.queued > 0) {
      this.#store(this.#nextRun(Infinity));
    }
  }

  /** Sends what may be lost with the page, while the page is still there to do it. */
  hidePage(isFinal: boolean): void {
    this.#takeOpened();
    if (this.#journal === undefined) return;
    if (isFinal) this.#end("closed", this.timeline.nowMs());
    else this.#reportMeasurements(this.timeline.nowMs());
    this.#tellDrops();
    const runs = [...this.#journal.takeRecent(), ...this.#outstanding];
    while (this.queued > 0) {
      const run = this.#nextRun(Infinity);
      this.#store(run);
      // A number that nobody knows of after a crash must not be used.
      if (this.#isStateStored) runs.push(run);
    }
    const body = pageBody(runs, this.timeline.nowMs());
    if (body !== undefined) {
      const { signal } = this.#revocation ??= new AbortController();
      sendFromPage(this.#endpoint, body, this.settings, signal);
    }
  }

  /** The runs that wait. */
  async waitingRuns(): Promise<readonly Run[]> {
    const { journal } = await this.#opening;
    return [...await journal.all(), ...this.#outstanding];
  }

  /** What the collector knows the player's data by, as far as the client knows. */
  async erasureIds(): Promise<
    { readonly ids: readonly string[]; readonly isComplete: boolean }
  > {
    const { journal, state } = await this.#opening;
    const player = this.#player ??
      (this.settings.identity === "install" ? state?.player : undefined);
    if (player !== undefined) return { ids: [player], isComplete: true };
    const ids = new Set([...journal.sessions, ...this.#sessionIds]);
    if (state?.session !== undefined) ids.add(state.session.id);
    return {
      ids: [...ids],
      isComplete: state === undefined && ids.size < MAX_SESSION_IDS,
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
    this.#sender?.close();
    this.#revocation?.abort();
    this.#opened = undefined;
    this.#queue.clear();
    this.#ahead = undefined;
    this.#session = this.#lastSession = undefined;
    this.log.clear();
    for (const counts of [this.dropped, this.#untold, this.#telling]) {
      counts.clear();
    }
    this.#outstanding.clear();
    this.#refused.length = 0;
    // Even what is there for nobody any more is not in the way of those who are to be erased.
    await before.catch(() => {});
    await (await this.#opening).journal.purge();
  }

  /** Ends the session; what is recorded until now is to be written. */
  end(): void {
    this.#takeOpened();
    this.#end("closed", this.timeline.nowMs());
    this.#isEnding = true;
    this.flush();
  }

  /** Whether nothing is left to do: all has arrived, or is as safe as it can be made. */
  get isSettled(): boolean {
    if (this.#journal === undefined) return false;
    if (this.queued > 0 || this.#outstanding.size > 0) return false;
    if (this.#sender!.isBusy) return false;
    if (this.#journal.events === 0) return true;
    // What a journal keeps need not be waited for, once it was tried.
    return this.settings.journal !== undefined && !this.#isJournalFailed &&
      this.#sender!.failures > 0;
  }

  /** Stores how things are, and closes the journal. */
  async close(): Promise<void> {
    this.#sender?.close();
    const { journal } = await this.#opening;
    this.#takeOpened();
    this.#sender?.close();
    await journal.appendState();
    this.#isOver = true;
    await journal.close();
  }

  stateWith(run: Run | undefined): ClientState {
    const drops = new DropCounts();
    drops.addAll(this.#untold);
    drops.addAll(this.#telling);
    if (run !== undefined) drops.subtractAll(run.drops);
    return {
      player: this.#player,
      session: this.#session?.toState(this.#stats.figures().playTimeMs),
      waiting: this.#waiting(run),
      drops: [...drops],
    };
  }

  onStored(run: Run): void {
    this.#telling.subtractAll(run.drops);
    this.#outstanding.delete(run);
    this.#isStateStored = true;
  }

  mayDropOldest(): boolean {
    return this.#sender === undefined || !this.#sender.isBusy;
  }

  onDropped(run: Run): void {
    this.#giveUp(run, "journalFull");
  }

  onRefused(runs: readonly Run[]): void {
    for (const run of runs) this.#giveUp(run, "refused");
  }

  onJournalFailed(cause: unknown): void {
    this.#isJournalFailed = true;
    if (this.#isOver) return;
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#owner.inform({ type: "journalFailed", message, cause });
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

  #refuseUnknown(name: string): boolean {
    this.#owner.inform({
      type: "eventRefused",
      event: name,
      reason: "unknownEvent",
      field: "",
      message:
        `Cannot record "${name}" as it must be declared in the options' events`,
    });
    return this.#drop("other", "unknownEvent");
  }

  #refuseReserved(name: string): boolean {
    this.#owner.inform({
      type: "eventRefused",
      event: name,
      reason: "reserved",
      field: "",
      message: `Cannot record "${name}" as the client records it itself`,
    });
    return this.#drop(name, "reserved");
  }

  #drop(event: string, reason: string, count = 1): false {
    this.dropped.add(event, reason, count);
    this.#untold.add(event, reason, count);
    return false;
  }

  #giveUp(run: Run, reason: string): void {
    for (const [name, count] of run.names) this.#drop(name, reason, count);
    // What it told of is to be told again.
    this.#untold.addAll(run.drops);
  }

  #push(
    event: AnalyticsEvent,
    entry: NameEntry,
    session: Session,
    timeMs: number,
  ): Item | undefined {
    const isRoom = this.#queue.size < this.#queue.capacity;
    if (!isRoom) {
      this.#drop(entry.definition.name, "queueFull");
      return undefined;
    }
    // Within a session time goes forwards, so that its runs need not be cut.
    timeMs = Math.max(timeMs, session.lastEventMs);
    const number = session.takeNumber(timeMs);
    const item: Item = { event, entry, session, number, timeMs };
    this.#queue.push(item);
    entry.waiting++;
    this.log.push(item);
    return item;
  }

  /** Records what only the client does. */
  #pushOwn(
    event: AnalyticsEvent,
    session: Session,
    timeMs: number,
  ): Item | undefined {
    const entry = this.#names.get(event.definition.name)!;
    return this.#push(event, entry, session, timeMs);
  }

  /** The session that something of this time belongs to. */
  #sessionAt(timeMs: number): Session {
    this.#checkSession(timeMs);
    return this.#session ?? this.#begin(timeMs);
  }

  #checkSession(timeMs: number): void {
    const session = this.#session;
    if (session === undefined) return;
    const { idleMs, maxSessionMs } = this.settings;
    if (timeMs - session.lastMs >= idleMs) {
      this.#end("idle", session.lastMs);
    } else if (timeMs - session.startMs >= maxSessionMs) {
      this.#end("maxLength", timeMs);
      this.#begin(timeMs);
    }
  }

  #begin(timeMs: number): Session {
    const { build, platform, common } = this.settings;
    const session = new Session({
      id: makeId(),
      player: this.#player,
      build,
      platform,
      common,
    }, timeMs);
    this.#session = session;
    this.#stats = new SessionStats();
    // Whether it is the first, or resumed, is known when the journal has been read.
    const item = this.#pushOwn(
      AnalyticsEvent.sessionStart({ isFirst: false, isResumed: false }),
      session,
      timeMs,
    );
    if (this.#journal === undefined) this.#start ??= item;
    else this.#noteSession(session);
    return session;
  }

  #noteSession(session: Session): void {
    if (this.#sessionIds.size < MAX_SESSION_IDS) {
      this.#sessionIds.add(session.id);
    }
    this.inform({
      type: "sessionStarted",
      session: session.id,
      isResumed: session.isResumed,
    });
  }

  #end(reason: SessionEndReason, timeMs: number): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#reportMeasurements(timeMs);
    this.#tellDrops();
    this.#session = undefined;
    this.#lastSession = session;
    const durationMs = Math.max(0, timeMs - session.startMs);
    this.#pushOwn(
      AnalyticsEvent.sessionEnd({
        reason,
        durationMs,
        ...this.#stats.figures(),
      }),
      session,
      timeMs,
    );
    this.inform({
      type: "sessionEnded",
      session: session.id,
      reason,
      durationMs,
    });
  }

  /** Records what was measured since the last time. */
  #reportMeasurements(nowMs: number): void {
    const session = this.#session;
    if (session === undefined) return;
    const frames = this.#stats.takeFrames();
    if (frames !== undefined) {
      this.#pushOwn(
        AnalyticsEvent.frameTime({
          sketch: frames.sketch.toJson(),
          hitches: frames.hitches,
        }),
        session,
        nowMs,
      );
    }
    const memory = this.#stats.takeMemory();
    if (memory !== undefined) {
      this.#pushOwn(
        AnalyticsEvent.memoryUsage({ sketch: memory.toJson() }),
        session,
        nowMs,
      );
    }
  }

  /** Records what was dropped. */
  #tellDrops(): void {
    if (this.#untold.isEmpty) return;
    const session = this.#session;
    if (session !== undefined) {
      this.#tell(this.#untold, session, this.timeline.nowMs());
    } else if (this.#lastSession !== undefined) {
      const last = this.#lastSession;
      this.#tell(this.#untold, last, last.lastEventMs);
    }
  }

  #tell(drops: DropCounts, session: Session, timeMs: number): void {
    for (const drop of [...drops]) {
      if (this.#queue.size >= this.#queue.capacity) return;
      drops.add(drop.event, drop.reason, -drop.count);
      this.#telling.addAll([drop]);
      this.#pushOwn(AnalyticsEvent.drop({ ...drop }), session, timeMs);
      this.inform({ type: "dropped", ...drop });
    }
  }

  #onPeriod(): void {
    this.#periodMs = this.settings.flushMs;
    this.#reportMeasurements(this.timeline.nowMs());
    this.#tellDrops();
    this.#isDue = true;
    this.#isUrgent = true;
  }

  /** Goes on where an earlier process ended, when it is known what it left. */
  #takeOpened(): void {
    const opened = this.#opened;
    if (opened === undefined || this.#isOver) return;
    this.#opened = undefined;
    const { journal, state } = opened;
    this.#journal = journal;
    this.#sender = new Sender(this, journal, this.#endpoint);
    if (this.settings.identity === "install") {
      this.#player = state?.player ?? makeId();
    }
    const session = this.#session;
    const start = this.#start;
    this.#start = undefined;
    if (start !== undefined) start.session.player = this.#player;
    if (session !== undefined) session.player = this.#player;
    const old = state?.session;
    const isResumed = old !== undefined && session !== undefined &&
      start?.session === session && this.#canResume(old, session);
    if (isResumed) {
      session.continue(old);
      this.#stats.playTime += old.playTimeMs / 1_000;
      this.#names.forgetSamples();
    }
    if (start !== undefined) {
      start.event = AnalyticsEvent.sessionStart({
        isFirst: state === undefined,
        isResumed,
      });
      this.#noteSession(start.session);
    }
    if (session !== undefined && session !== start?.session) {
      this.#noteSession(session);
    }
    // Numbers of a new session are in nobody's way, whether the journal knows of it or not.
    this.#isStateStored = old === undefined;
    if (state !== undefined) {
      const left = new DropCounts();
      left.addAll(state.drops);
      for (const [name, count] of state.waiting) {
        this.dropped.add(name, "crash", count);
        left.add(name, "crash", count);
      }
      if (old !== undefined && !isResumed) this.#repair(old, left);
      this.#untold.addAll(left);
    }
    // The numbers of this process begin behind all that the one before may have used.
    journal.appendState().then(() => {
      this.#isStateStored = true;
    }, () => {});
  }

  #canResume(old: SessionState, session: Session): boolean {
    const { idleMs, maxSessionMs } = this.settings;
    const idleForMs = session.startMs - old.lastMs;
    return idleForMs >= -MAX_SETBACK_MS && idleForMs < idleMs &&
      session.startMs - old.startMs < maxSessionMs &&
      old.build === session.build && old.platform === session.platform &&
      old.common === session.common && old.player === session.player;
  }

  /** Ends a session that nobody ended, with what is known of it. */
  #repair(old: SessionState, left: DropCounts): void {
    const session = Session.of(old);
    const timeMs = session.lastEventMs;
    this.#sessionIds.add(session.id);
    this.#tell(left, session, timeMs);
    const durationMs = Math.max(0, old.lastMs - old.startMs);
    this.#pushOwn(
      AnalyticsEvent.sessionEnd({
        reason: "repaired",
        durationMs,
        playTimeMs: old.playTimeMs,
      }),
      session,
      timeMs,
    );
    this.inform({
      type: "sessionEnded",
      session: session.id,
      reason: "repaired",
      durationMs,
    });
  }

  /** Writes what waits as a run, and has it stored: one at a time, so that runs are larger where storing takes longer. */
  #write(budgetMs: number): void {
    if (this.#journal === undefined || this.#appends > 0) return;
    const again = this.#refused.shift();
    if (again !== undefined) {
      this.#store(again);
      return;
    }
    const { queued } = this;
    if (queued === 0) {
      this.#isUrgent = false;
      return;
    }
    if (
      !this.#isUrgent && this.#sinceAppendMs < APPEND_MS &&
      queued < APPEND_EVENTS
    ) {
      return;
    }
    this.#store(this.#nextRun(budgetMs));
  }

  #store(run: Run): void {
    this.#sinceAppendMs = 0;
    this.#appends++;
    this.#outstanding.add(run);
    this.#journal!.append(run).then((isDone) => {
      this.#appends--;
      if (!isDone && !this.#isOver) this.#refused.push(run);
      this.#owner.onWake();
    }, () => {
      this.#appends--;
    });
  }

  /** Takes events from the queue until the run is full or the time is over. There is one at least. */
  #nextRun(budgetMs: number): Run {
    const { clock } = this.settings;
    const endMs = budgetMs === Infinity ? Infinity : clock.nowMs() + budgetMs;
    let item = this.#ahead ?? this.#queue.poll()!;
    this.#ahead = undefined;
    const writer = new RunWriter(item);
    for (let count = 1;; count++) {
      writer.add(item);
      item.entry.waiting--;
      const isLook = count % EVENTS_PER_LOOK === 0;
      if (isLook && endMs !== Infinity && clock.nowMs() >= endMs) break;
      const next = this.#queue.poll();
      if (next === undefined) break;
      if (!writer.takes(next)) {
        this.#ahead = next;
        break;
      }
      item = next;
    }
    return writer.finish();
  }

  #send(): void {
    const { flushEvents } = this.settings;
    const journal = this.#journal;
    const sender = this.#sender;
    if (journal === undefined || sender === undefined || sender.isBusy) return;
    const { queued } = this;
    if (journal.events + queued >= flushEvents && !this.#isDue) {
      this.#isDue = this.#isUrgent = true;
    }
    if (!this.#isDue) return;
    // What is about to be stored goes with the same batch, unless there is enough without it.
    const isWriting = queued > 0 || this.#outstanding.size > 0;
    if (isWriting && journal.events < flushEvents) return;
    if (journal.events === 0) {
      this.#isDue = false;
      this.#flushLeft = 0;
      return;
    }
    sender.begin();
  }

  /** How many events are in no run of the journal, when this run is. */
  #waiting(stored: Run | undefined): NameCounts {
    const counts = new Map(this.#names.waiting());
    for (const run of this.#outstanding) {
      if (run === stored) continue;
      for (const [name, count] of run.names) {
        counts.set(name, (counts.get(name) ?? 0) + count);
      }
    }
    return [...counts];
  }
}

// This module is browser compatible.
import { AnalyticsEvent } from "../event/analytics_event.ts";
import type { SessionEndReason } from "../event/built_in_events.ts";
import { SessionStats } from "../session/session_stats.ts";
import type { AnalyticsNotice } from "./analytics_notice.ts";
import type { DropAccount } from "./_drop_account.ts";
import type { ClientState } from "./_entry.ts";
import { makeId } from "../session/id.ts";
import type { Item } from "./_item.ts";
import type { RunQueue } from "./_run_queue.ts";
import { Session, type SessionState } from "./_session.ts";
import type { Settings } from "./_settings.ts";
import type { Timeline } from "./_timeline.ts";

/** By how much a wall clock may have been set back between two processes for a session to be resumed. */
const MAX_SETBACK_MS = 60_000;
const MAX_SESSION_IDS = 1_024;

/** What a {@linkcode SessionKeeper} works with. */
export interface SessionKeeperParts {
  readonly settings: Settings;
  readonly timeline: Timeline;
  readonly queue: RunQueue;
  readonly drops: DropAccount;
  inform(notice: AnalyticsNotice): void;
}

/** Begins and ends sessions, and records what they begin and end with. */
export class SessionKeeper {
  readonly #parts: SessionKeeperParts;
  #session: Session | undefined;
  /** The one that ended last: what is dropped before there is another one is told in it. */
  #last: Session | undefined;
  #stats = new SessionStats();
  #player: string | undefined;
  /** Of sessions of this process, and of the one that it ended. */
  readonly #ids = new Set<string>();
  /** The beginning of the first session, until it is known whether it is the first at all, or resumed. */
  #start: Item | undefined;
  #isKnown = false;

  constructor(parts: SessionKeeperParts) {
    this.#parts = parts;
    this.#begin(parts.timeline.nowMs());
  }

  /** The session that runs. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Whether it is known what an earlier process left. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  get stats(): SessionStats {
    return this.#stats;
  }

  get player(): string | undefined {
    return this.#player;
  }

  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /** Whether there were more sessions than are remembered. */
  get hasForgottenIds(): boolean {
    return this.#ids.size >= MAX_SESSION_IDS;
  }

  /** What a later process has to know of the session. */
  get state(): SessionState | undefined {
    return this.#session?.toState(this.#stats.figures().playTimeMs);
  }

  /** The session that something of this time belongs to. */
  at(timeMs: number): Session {
    this.check(timeMs);
    return this.#session ?? this.#begin(timeMs);
  }

  /** Ends the session if it is too long, or nothing was recorded for too long. */
  check(timeMs: number): void {
    const session = this.#session;
    if (session === undefined) return;
    const { idleMs, maxSessionMs } = this.#parts.settings;
    if (timeMs - session.lastMs >= idleMs) {
      this.end("idle", session.lastMs);
    } else if (timeMs - session.startMs >= maxSessionMs) {
      this.end("maxLength", timeMs);
      this.#begin(timeMs);
    }
  }

  end(reason: SessionEndReason, timeMs: number): void {
    const session = this.#session;
    if (session === undefined) return;
    this.reportMeasurements(timeMs);
    this.tellDrops();
    this.#session = undefined;
    this.#last = session;
    const durationMs = Math.max(0, timeMs - session.startMs);
    const figures = this.#stats.figures();
    this.#parts.queue.pushOwn(
      AnalyticsEvent.sessionEnd({ reason, durationMs, ...figures }),
      session,
      timeMs,
    );
    this.#informOfEnd(session, reason, durationMs);
  }

  /** Records what was measured since the last time. */
  reportMeasurements(timeMs: number): void {
    const session = this.#session;
    if (session === undefined) return;
    const { queue } = this.#parts;
    const frames = this.#stats.takeFrames();
    if (frames !== undefined) {
      const { hitches } = frames;
      queue.pushOwn(
        AnalyticsEvent.frameTime({ sketch: frames.sketch.toJson(), hitches }),
        session,
        timeMs,
      );
    }
    const memory = this.#stats.takeMemory();
    if (memory !== undefined) {
      queue.pushOwn(
        AnalyticsEvent.memoryUsage({ sketch: memory.toJson() }),
        session,
        timeMs,
      );
    }
  }

  /** Records what was dropped. */
  tellDrops(): void {
    const session = this.#session ?? this.#last;
    if (session === undefined) return;
    const { timeline } = this.#parts;
    this.#tellDropsIn(
      session,
      // What ended is not made longer by it.
      session === this.#session ? timeline.nowMs() : session.lastEventMs,
    );
  }

  /**
   * Goes on where an earlier process ended, when it is known what it left.
   *
   * @param state What it left, if it did.
   */
  takeOver(state: ClientState | undefined): void {
    const { settings, queue } = this.#parts;
    this.#isKnown = true;
    if (settings.identity === "install") {
      this.#player = state?.player ?? makeId();
    }
    const session = this.#session;
    const start = this.#start;
    this.#start = undefined;
    for (const early of [start?.session, session]) {
      if (early !== undefined) early.player = this.#player;
    }
    const old = state?.session;
    const isResumed = old !== undefined && session !== undefined &&
      start?.session === session && this.#canResume(old, session);
    if (isResumed) {
      session.continue(old);
      this.#stats.addPlayTime(old.playTimeMs / 1_000);
      queue.names.forgetSamples();
    }
    if (start !== undefined) {
      const isFirst = state === undefined;
      start.event = AnalyticsEvent.sessionStart({ isFirst, isResumed });
      this.#note(start.session);
    }
    if (session !== undefined && session !== start?.session) {
      this.#note(session);
    }
    if (state !== undefined) this.#takeDrops(state);
    if (old !== undefined && !isResumed) this.#repair(old);
  }

  /** Forgets everything but by what it is to be erased. */
  clear(): void {
    this.#session = this.#last = this.#start = undefined;
    this.#stats = new SessionStats();
  }

  #begin(timeMs: number): Session {
    const { settings, queue } = this.#parts;
    const { build, platform, common } = settings;
    const player = this.#player;
    const session = new Session(
      { id: makeId(), player, build, platform, common },
      timeMs,
    );
    this.#session = session;
    this.#stats = new SessionStats();
    const item = queue.pushOwn(
      AnalyticsEvent.sessionStart({ isFirst: false, isResumed: false }),
      session,
      timeMs,
    );
    if (this.#isKnown) this.#note(session);
    else this.#start ??= item;
    return session;
  }

  #note(session: Session): void {
    const { id, isResumed } = session;
    if (!this.hasForgottenIds) this.#ids.add(id);
    this.#parts.inform({ type: "sessionStarted", session: id, isResumed });
  }

  #canResume(old: SessionState, session: Session): boolean {
    const { idleMs, maxSessionMs } = this.#parts.settings;
    const idleForMs = session.startMs - old.lastMs;
    return idleForMs >= -MAX_SETBACK_MS && idleForMs < idleMs &&
      session.startMs - old.startMs < maxSessionMs &&
      old.build === session.build && old.platform === session.platform &&
      old.common === session.common && old.player === session.player;
  }

  /** What an earlier process has told nobody, and what was lost with it. */
  #takeDrops({ drops, waiting }: ClientState): void {
    this.#parts.drops.addEarlier(drops);
    for (const [name, count] of waiting) {
      this.#parts.drops.add(name, "crash", count);
    }
  }

  /** Ends a session that nobody ended, with what is known of it. */
  #repair(old: SessionState): void {
    const session = Session.of(old);
    const timeMs = session.lastEventMs;
    this.#ids.add(session.id);
    this.#tellDropsIn(session, timeMs);
    const reason = "repaired";
    const durationMs = Math.max(0, old.lastMs - old.startMs);
    const { playTimeMs } = old;
    this.#parts.queue.pushOwn(
      AnalyticsEvent.sessionEnd({ reason, durationMs, playTimeMs }),
      session,
      timeMs,
    );
    this.#informOfEnd(session, reason, durationMs);
  }

  #tellDropsIn(session: Session, timeMs: number): void {
    const { drops, queue, inform } = this.#parts;
    for (const drop of drops.untold()) {
      if (queue.isBursting) return;
      drops.onTelling(drop);
      queue.pushOwn(AnalyticsEvent.drop({ ...drop }), session, timeMs);
      inform({ type: "dropped", ...drop });
    }
  }

  #informOfEnd(
    { id }: Session,
    reason: SessionEndReason,
    durationMs: number,
  ): void {
    this.#parts.inform({
      type: "sessionEnded",
      session: id,
      reason,
      durationMs,
    });
  }
}

// This module is browser compatible.

/** What the runs of a session have in common. */
export interface SessionFacts {
  /** Its id. */
  readonly id: string;
  /** The install's id, where there is one. */
  readonly player: string | undefined;
  /** The build. */
  readonly build: string;
  /** The platform. */
  readonly platform: string;
  /** The common properties as JSON; `""` where there are none. */
  readonly common: string;
}

/** What has to be known of a session to go on with it, or to end it, in a later process. */
export interface SessionState extends SessionFacts {
  /** When it began, in epoch milliseconds. */
  readonly startMs: number;
  /** When something was recorded last, in epoch milliseconds. */
  readonly lastMs: number;
  /** The time of its last event, in epoch milliseconds. */
  readonly lastEventMs: number;
  /** The number that the next event would have had. */
  readonly nextNumber: number;
  /** How long was played, in milliseconds. */
  readonly playTimeMs: number;
}

/**
 * Numbers of a process begin at a multiple of this: those of the one before that nobody knows of, as a page sent them
 * while it was closed, are below.
 */
const NUMBERS_PER_PROCESS = 2 ** 20;

/** A session. Its numbers count from 0 until it is known where they begin: at 0, or behind those of an earlier process. */
export class Session {
  id: string;
  player: string | undefined;
  readonly build: string;
  readonly platform: string;
  readonly common: string;
  startMs: number;
  lastMs: number;
  /** Whether an earlier process began it. */
  isResumed = false;
  #base = 0;
  #count = 0;
  #lastEventMs: number;

  constructor(facts: SessionFacts, startMs: number) {
    this.id = facts.id;
    this.player = facts.player;
    this.build = facts.build;
    this.platform = facts.platform;
    this.common = facts.common;
    this.startMs = startMs;
    this.lastMs = startMs;
    this.#lastEventMs = startMs;
  }

  /** The session of an earlier process, so that it can be ended. */
  static of(state: SessionState): Session {
    const session = new Session(state, state.startMs);
    session.lastMs = state.lastMs;
    session.continue(state);
    return session;
  }

  /** What is added to a number. */
  get base(): number {
    return this.#base;
  }

  /** The next number. */
  get nextNumber(): number {
    return this.#base + this.#count;
  }

  /** The time of its last event. */
  get lastEventMs(): number {
    return this.#lastEventMs;
  }

  /** Goes on with the session of an earlier process. */
  continue(state: SessionState): void {
    this.id = state.id;
    this.startMs = state.startMs;
    this.isResumed = true;
    this.#lastEventMs = Math.max(this.#lastEventMs, state.lastEventMs);
    this.#base =
      (Math.floor(Math.max(0, state.nextNumber - 1) / NUMBERS_PER_PROCESS) +
        1) * NUMBERS_PER_PROCESS;
  }

  /** Takes the number of an event, without the base. */
  takeNumber(timeMs: number): number {
    if (timeMs > this.#lastEventMs) this.#lastEventMs = timeMs;
    return this.#count++;
  }

  /** What a later process has to know. */
  toState(playTimeMs: number): SessionState {
    return {
      id: this.id,
      player: this.player,
      build: this.build,
      platform: this.platform,
      common: this.common,
      startMs: this.startMs,
      lastMs: this.lastMs,
      lastEventMs: this.#lastEventMs,
      nextNumber: this.nextNumber,
      playTimeMs,
    };
  }
}

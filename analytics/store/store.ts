// This module is browser compatible.

/** An event as it is kept. */
export interface StoredEvent {
  /** Its number in its session: an integer, 0 or more. */
  readonly number: number;
  /** Its name. */
  readonly name: string;
  /** When it happened, by the collector's clock, in epoch milliseconds: an integer. */
  readonly timeMs: number;
  /** The values of its fields, an object as JSON. */
  readonly data: string;
}

/** What is known of a session. */
export interface SessionInfo {
  /** The title. */
  readonly title: string;
  /** The session's id: 22 characters. */
  readonly session: string;
  /** Whose it is: the hash of an id, 22 characters. */
  readonly player: string;
  /** The build. */
  readonly build: string;
  /** The platform. */
  readonly platform: string;
}

/** Events of one session that came together. */
export interface StoredRun extends SessionInfo {
  /** The common properties, an object as JSON. */
  readonly common: string;
  /** When they came, in epoch milliseconds. */
  readonly receivedMs: number;
  /** The events, by ascending number, each number once. */
  readonly events: readonly StoredEvent[];
}

/** What is added to a sum. */
export interface CountChange {
  /** What is counted: `"event"`, `"death"`, `"drop"`, `"hitch"`, … */
  readonly metric: string;
  /** The beginning of its hour (UTC), in epoch milliseconds. */
  readonly hourMs: number;
  /** What tells it from others of the metric: of `"event"` the name, of `"death"` the cause, of `"drop"` the event. */
  readonly key1: string;
  /** The same: of `"death"` the floor, of `"drop"` the reason, else `""`. */
  readonly key2: string;
  /** How many: an integer. */
  readonly count: number;
}

/** What is added to a sketch. */
export interface SketchChange {
  /** What is measured: `"frameTime"` in milliseconds, `"memoryUsage"` in bytes. */
  readonly metric: string;
  /** The beginning of its hour (UTC), in epoch milliseconds. */
  readonly hourMs: number;
  /** The sketch in its form of JSON (PROTOCOL.md, section 3): it is merged into what is there. */
  readonly sketch: readonly number[];
}

/** What events come to: what is kept of them when they themselves are not any more. */
export interface EventSums {
  /** The sums, by the build and platform of their session. */
  readonly counts: readonly CountChange[];
  /** The sketches, by the same. */
  readonly sketches: readonly SketchChange[];
  /** When the session began, if one of the events says so. */
  readonly startMs: number | undefined;
  /** Why the session ended, if one of the events says so. */
  readonly endReason: string | undefined;
}

/**
 * Sums events up. Pure: called within a transaction, and again where one is repeated or undone. What several events come
 * to is the sum of what each of them does, so that an erasure may take them in other portions than they came in.
 */
export type RollUp = (
  session: SessionInfo,
  events: readonly StoredEvent[],
) => EventSums;

/** What became of a run. */
export interface WriteOutcome {
  /** How many of its events are new. */
  readonly accepted: number;
  /** How many were there already. */
  readonly duplicates: number;
  /** Whether the player's data was erased, so that nothing of the run was stored. */
  readonly isErased: boolean;
}

/** Whose data a query is about. */
export interface RangeQuery {
  /** The title. */
  readonly title: string;
  /** From when on, in epoch milliseconds. For sums and sketches it is the beginning of an hour. */
  readonly fromMs: number;
  /** Until when, exclusive, in epoch milliseconds. */
  readonly toMs: number;
  /** Of this build only. */
  readonly build?: string;
  /** Of this platform only. */
  readonly platform?: string;
}

/** What sums and sketches are told apart by. */
export type Dimension = "key1" | "key2" | "build" | "platform";

/** Which sums are asked for. */
export interface CountQuery extends RangeQuery {
  /** What is counted. */
  readonly metric: string;
  /** Of this key only. */
  readonly key1?: string;
  /** How long each time span is, in milliseconds, from `fromMs` on: a multiple of an hour; 0 for the whole range. */
  readonly stepMs: number;
  /** What rows are told apart by. */
  readonly by: readonly Dimension[];
}

/** A sum. */
export interface CountRow {
  /** The beginning of the time span, in epoch milliseconds. */
  readonly startMs: number;
  /** The first key; `""` where rows are not told apart by it. */
  readonly key1: string;
  /** The second key; `""` as above. */
  readonly key2: string;
  /** The build; `""` as above. */
  readonly build: string;
  /** The platform; `""` as above. */
  readonly platform: string;
  /** The sum; rows with 0 are left out. */
  readonly count: number;
}

/** Which sketches are asked for. */
export interface SketchQuery extends RangeQuery {
  /** What is measured. */
  readonly metric: string;
  /** How long each time span is, as in {@linkcode CountQuery.stepMs}. */
  readonly stepMs: number;
  /** What rows are told apart by. */
  readonly by: readonly ("build" | "platform")[];
}

/** Merged sketches. */
export interface SketchRow {
  /** The beginning of the time span, in epoch milliseconds. */
  readonly startMs: number;
  /** The build; `""` where rows are not told apart by it. */
  readonly build: string;
  /** The platform; `""` as above. */
  readonly platform: string;
  /** The sketch in its form of JSON. */
  readonly sketch: readonly number[];
}

/** A session as it is kept. */
export interface SessionRow extends SessionInfo {
  /** When it began: what an event says, or the time of its first one, in epoch milliseconds. */
  readonly startMs: number;
  /** The time of its last event, in epoch milliseconds. */
  readonly lastMs: number;
  /** Why it ended; `""` where nothing said that it did. */
  readonly endReason: string;
  /** How many events it has, also those that are not kept any more. */
  readonly events: number;
  /** When the player's first session began, in epoch milliseconds. */
  readonly playerFirstMs: number;
}

/** Which sessions are asked for. */
export interface SessionQuery extends RangeQuery {
  /** Those of this player only, whenever they began: all of the title's times then, whatever the range says. */
  readonly player?: string;
}

/** Which events are asked for. */
export interface EventQuery extends RangeQuery {
  /** Those of this name only. */
  readonly name?: string;
  /** Those of this player only, whenever they were: all of the title's times then, whatever the range says. */
  readonly player?: string;
}

/** An event with where it belongs. */
export interface EventRow extends StoredEvent, SessionInfo {
  /** The order in which events were stored: ascending, unique in the store. */
  readonly id: number;
  /** The common properties, an object as JSON. */
  readonly common: string;
}

/** Part of a list. */
export interface Page<T> {
  /** The rows. */
  readonly rows: readonly T[];
  /** What the next page begins after; `undefined` at the end. */
  readonly next: string | undefined;
}

/** What is kept, and for how long. */
export interface ExpireQuery {
  /** Events before this time or the other are removed, in epoch milliseconds. */
  readonly eventsBeforeMs: number;
  /** Sums, sketches and sessions before this time are removed, in epoch milliseconds. */
  readonly rollupsBeforeMs: number;
  /** At most this many rows are removed in this call. */
  readonly limit: number;
}

/**
 * Where a collector keeps what it has accepted. All rules are the collector's; a store keeps, finds and adds up.
 *
 * A session is one of a title, a player and a session id; its build and platform are those that it came with first. Every
 * method rejects with an `AnalyticsError`: `"storeFailed"`, `"closed"` after `close()`, and those that store also `"full"`;
 * with a `RangeError` where a limit, a time span or a page's beginning is none.
 */
export interface AnalyticsStore {
  /**
   * Stores runs, each in one transaction: those of its events that the session has not had yet (by their numbers), and
   * what these come to by `rollUp`, which is called with the session as it is kept. Several may share a commit. Of the
   * player of an erased id nothing is stored. Where it rejects, any of the runs may have been stored: those that are
   * written again are duplicates then. What `rollUp` throws is what it rejects with.
   *
   * @param runs The runs.
   * @param rollUp Sums up what is new of a run.
   * @returns A promise of what became of each, which resolves when it will survive what the implementation promises.
   */
  write(
    runs: readonly StoredRun[],
    rollUp: RollUp,
  ): Promise<readonly WriteOutcome[]>;
  /**
   * Adds to sums that are of no session, such as those of refused events.
   *
   * @param title The title.
   * @param build The build.
   * @param platform The platform.
   * @param changes What is added: counts of 1 or more, others are passed over.
   */
  count(
    title: string,
    build: string,
    platform: string,
    changes: readonly CountChange[],
  ): Promise<void>;
  /** Adds up sums: at most 100,000 rows, by time span and then the dimensions. */
  counts(query: CountQuery): Promise<readonly CountRow[]>;
  /** Merges sketches: at most 10,000 rows, by time span and then the dimensions. */
  sketches(query: SketchQuery): Promise<readonly SketchRow[]>;
  /** Lists the sessions that began in a range, or those of a player, by their beginning. `limit` is 1 to 10,000. */
  sessions(
    query: SessionQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<SessionRow>>;
  /** Lists events: by time, or those of a player by id. `limit` is 1 to 10,000; a page may have fewer rows and a next one. */
  events(
    query: EventQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<EventRow>>;
  /** The newest events of a title, by descending id. `limit` is 1 to 1,000. */
  recent(query: RangeQuery, limit: number): Promise<readonly EventRow[]>;
  /** Events of all titles behind an id, by id: what an exporter has not sent yet. `limit` is 1 to 10,000. */
  eventsAfter(id: number, limit: number): Promise<readonly EventRow[]>;
  /** A number that is kept under a name, such as how far an exporter has come; 0 if there is none. */
  mark(name: string): Promise<number>;
  /** Keeps a number under a name: a safe integer. */
  setMark(name: string, value: number): Promise<void>;
  /**
   * Erases a player: his sessions, his events, and what those come to by `rollUp` in sums and sketches; what events came
   * to that have expired stays there. What comes of him later is not stored; only the hash of his id is kept to know
   * that.
   *
   * @returns A promise of how much there was.
   */
  erase(
    title: string,
    player: string,
    rollUp: RollUp,
  ): Promise<{ readonly sessions: number; readonly events: number }>;
  /** Removes what is old, a slice at a time; resolves with how many rows were removed: fewer than `limit` at the end. */
  expire(query: ExpireQuery): Promise<number>;
  /** Finishes what is under way and gives the storage back. Closing twice has no effect. */
  close(): Promise<void>;
}

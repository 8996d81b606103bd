// This module is browser compatible.
import { AnalyticsError } from "../analytics_error.ts";
import type {
  AnalyticsStore,
  CountChange,
  CountQuery,
  CountRow,
  EventQuery,
  EventRow,
  ExpireQuery,
  Page,
  RangeQuery,
  RollUp,
  SessionQuery,
  SessionRow,
  SketchQuery,
  SketchRow,
  StoredRun,
  WriteOutcome,
} from "../store/store.ts";

/** A store whose failures are counted and told, and are all `AnalyticsError`s, whatever it throws. */
export class GuardedStore implements AnalyticsStore {
  readonly #store: AnalyticsStore;
  readonly #onError: (error: unknown) => void;
  readonly #onChange: (title: string | undefined) => void;
  #failures = 0;

  /**
   * Guards a store. `onError` is told what it throws; `onChange` of which title something has changed, or may have, or
   * `undefined` for any: before whoever asked for it is told.
   */
  constructor(
    store: AnalyticsStore,
    onError: (error: unknown) => void,
    onChange: (title: string | undefined) => void,
  ) {
    this.#store = store;
    this.#onError = onError;
    this.#onChange = onChange;
  }

  /** How many calls have failed. */
  get failures(): number {
    return this.#failures;
  }

  write(
    runs: readonly StoredRun[],
    rollUp: RollUp,
  ): Promise<readonly WriteOutcome[]> {
    // A batch is of one title.
    return this.#change(
      runs[0]?.title,
      () => this.#store.write(runs, rollUp),
      (outcomes) => outcomes.some(({ accepted }) => accepted > 0),
    );
  }

  count(
    title: string,
    build: string,
    platform: string,
    changes: readonly CountChange[],
  ): Promise<void> {
    return this.#change(
      title,
      () => this.#store.count(title, build, platform, changes),
    );
  }

  counts(query: CountQuery): Promise<readonly CountRow[]> {
    return this.#run(() => this.#store.counts(query));
  }

  sketches(query: SketchQuery): Promise<readonly SketchRow[]> {
    return this.#run(() => this.#store.sketches(query));
  }

  sessions(
    query: SessionQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<SessionRow>> {
    return this.#run(() => this.#store.sessions(query, after, limit));
  }

  events(
    query: EventQuery,
    after: string | undefined,
    limit: number,
  ): Promise<Page<EventRow>> {
    return this.#run(() => this.#store.events(query, after, limit));
  }

  recent(query: RangeQuery, limit: number): Promise<readonly EventRow[]> {
    return this.#run(() => this.#store.recent(query, limit));
  }

  eventsAfter(id: number, limit: number): Promise<readonly EventRow[]> {
    return this.#run(() => this.#store.eventsAfter(id, limit));
  }

  mark(name: string): Promise<number> {
    return this.#run(() => this.#store.mark(name));
  }

  setMark(name: string, value: number): Promise<void> {
    return this.#run(() => this.#store.setMark(name, value));
  }

  erase(
    title: string,
    player: string,
    rollUp: RollUp,
  ): Promise<{ readonly sessions: number; readonly events: number }> {
    return this.#change(
      title,
      () => this.#store.erase(title, player, rollUp),
    );
  }

  expire(query: ExpireQuery): Promise<number> {
    return this.#change(
      undefined,
      () => this.#store.expire(query),
      (rows) => rows > 0,
    );
  }

  /** Does nothing: the store is its owner's. */
  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Where it failed, nobody knows what has changed. */
  async #change<T>(
    title: string | undefined,
    call: () => Promise<T>,
    hasChanged: (result: T) => boolean = () => true,
  ): Promise<T> {
    let isChanged = true;
    try {
      const result = await this.#run(call);
      isChanged = hasChanged(result);
      return result;
    } finally {
      if (isChanged) this.#onChange(title);
    }
  }

  async #run<T>(call: () => Promise<T>): Promise<T> {
    try {
      return await call();
    } catch (error) {
      this.#failures += 1;
      this.#onError(error);
      if (error instanceof AnalyticsError) throw error;
      throw new AnalyticsError(
        "storeFailed",
        "Cannot go on as the store failed",
        { cause: error },
      );
    }
  }
}

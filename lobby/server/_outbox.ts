// This module is browser compatible.
import type {
  LobbyBatch,
  LobbyRecord,
  LobbyRecordKey,
  LobbyRecordKind,
  LobbyStore,
} from "../store/lobby_store.ts";

/** Something that waits until it may be told. */
export type Outgoing = () => void;

/** What an outbox asks and tells. */
export interface OutboxHost {
  /** What is to be kept of a record that has changed; `undefined` if it is gone. Asked when a batch begins. */
  valueOf(record: LobbyRecordKey): string | undefined;
  /** Whether anything may be told still. */
  isServing(): boolean;
  /** A batch of so many records is stored: what waited for it has been told. */
  onStored(records: number): void;
  /** A batch could not be stored; it is tried again after so many milliseconds of `tick` time. */
  onFailed(error: unknown, retryAfterMs: number): void;
}

/** What is added to the wait with each failure, and the longest wait. */
const FIRST_RETRY_MS = 100;
const MAX_RETRY_MS = 10_000;

/**
 * Tells nobody what is not stored: what happens is told in its order, and when all that had changed until then is on the
 * disk. While one batch is being stored the next one gathers.
 */
export class Outbox {
  readonly #store: LobbyStore;
  readonly #host: OutboxHost;
  /** What has changed since the last batch, by kind and key. */
  readonly #dirty = new Map<string, LobbyRecordKey>();
  /** What is told after the next batch. */
  #waiting: Outgoing[] = [];
  #waitingBytes = 0;
  #flight: Flight | undefined;
  /** How often the store has failed since it last did not. */
  #failures = 0;
  /** And in all. */
  #allFailures = 0;
  #isClosed = false;

  constructor(store: LobbyStore, host: OutboxHost) {
    this.#store = store;
    this.#host = host;
  }

  /** How many things wait to be told. */
  get size(): number {
    return this.#waiting.length + (this.#flight?.outgoing.length ?? 0);
  }

  /** How many bytes of messages are among them. */
  get bytes(): number {
    return this.#waitingBytes + (this.#flight?.bytes ?? 0);
  }

  /** Whether all is stored and told. */
  get isIdle(): boolean {
    return this.#flight === undefined && this.#dirty.size === 0 &&
      this.#waiting.length === 0;
  }

  /** A record is otherwise now, or gone: what is told from here on waits for it. */
  touch(kind: LobbyRecordKind, key: string): void {
    const name = `${kind}:${key}`;
    if (!this.#dirty.has(name)) this.#dirty.set(name, { kind, key });
  }

  /** Something is to be told, after all that came before: so many bytes, or next to none. */
  push(outgoing: Outgoing, bytes = 0): void {
    this.#waiting.push(outgoing);
    this.#waitingBytes += bytes;
  }

  /** Lets time go by for what is to be tried again. */
  tick(dt: number): void {
    const flight = this.#flight;
    if (flight === undefined || flight.isSaving) return;
    flight.waitMs -= dt * 1_000;
    if (flight.waitMs <= 0) this.#save(flight);
  }

  /** Stores what has changed, or tells what there is to tell if nothing has. */
  commit(): void {
    if (this.#flight !== undefined) return;
    if (this.#dirty.size === 0) {
      if (this.#waiting.length > 0) this.#tell(this.#takeWaiting());
      return;
    }
    const changed: LobbyRecord[] = [];
    const removed: LobbyRecordKey[] = [];
    // What is found out meanwhile comes in turn.
    for (const record of this.#dirty.values()) {
      const value = this.#host.valueOf(record);
      if (value === undefined) removed.push(record);
      else changed.push({ ...record, value });
    }
    this.#dirty.clear();
    const flight: Flight = {
      batch: { changed, removed },
      bytes: this.#waitingBytes,
      outgoing: this.#takeWaiting(),
      isSaving: false,
      saved: undefined,
      waitMs: 0,
    };
    this.#flight = flight;
    this.#save(flight);
  }

  /** Stores and tells what there is, unless the store fails; nothing is told after it. */
  async finish(): Promise<void> {
    const failures = this.#allFailures;
    while (!this.isIdle && this.#allFailures === failures) {
      this.commit();
      const flight = this.#flight;
      if (flight === undefined) continue;
      if (!flight.isSaving) this.#save(flight);
      await flight.saved;
    }
    this.#isClosed = true;
  }

  /** Stores and tells nothing more. */
  abandon(): void {
    this.#isClosed = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#dirty.clear();
  }

  #save(flight: Flight): void {
    flight.isSaving = true;
    let saved: Promise<void>;
    try {
      saved = this.#store.save(flight.batch);
    } catch (error) {
      saved = Promise.reject(error);
    }
    flight.saved = saved.then(() => {
      if (this.#isClosed || !this.#host.isServing()) return;
      this.#failures = 0;
      this.#flight = undefined;
      this.#tell(flight.outgoing);
      const { changed, removed } = flight.batch;
      this.#host.onStored(changed.length + removed.length);
    }, (error: unknown) => {
      if (this.#isClosed) return;
      flight.isSaving = false;
      flight.waitMs = Math.min(
        MAX_RETRY_MS,
        FIRST_RETRY_MS * 2 ** Math.min(this.#failures, 16),
      );
      this.#failures++;
      this.#allFailures++;
      this.#host.onFailed(error, flight.waitMs);
    });
  }

  #takeWaiting(): Outgoing[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    return waiting;
  }

  #tell(outgoing: readonly Outgoing[]): void {
    for (const tell of outgoing) tell();
  }
}

/** A batch that is being stored. */
interface Flight {
  readonly batch: LobbyBatch;
  readonly outgoing: readonly Outgoing[];
  readonly bytes: number;
  isSaving: boolean;
  /** Resolves when it is stored, or is not. */
  saved: Promise<void> | undefined;
  /** How long yet until it is tried again. */
  waitMs: number;
}

// This module is browser compatible.
import type { NameCounts, Run } from "./_entry.ts";
import type { RunJournal } from "./_run_journal.ts";
import type { RunQueue } from "./_run_queue.ts";
import type { Settings } from "./_settings.ts";

/** The least time between two runs, so that a slow trickle of events does not fill the journal with what is around them. */
const APPEND_MS = 250;
/** More events than these are not written ahead of a storage that hangs: those behind them wait in the queue, and its bound. */
const MAX_OUTSTANDING_EVENTS = 65_536;
/** So many events are worth a run at once. */
const APPEND_EVENTS = 100;

/** Has what is in the queue stored as runs: one at a time, so that runs are larger where storing takes longer. */
export class RunStore {
  readonly #settings: Settings;
  readonly #queue: RunQueue;
  readonly #onWake: () => void;
  /** Runs that are written and not stored yet, and of these the ones for which there was no room. */
  readonly #outstanding = new Set<Run>();
  readonly #refused: Run[] = [];
  #appends = 0;
  #sinceMs = APPEND_MS;
  #isUrgent = false;

  constructor(settings: Settings, queue: RunQueue, onWake: () => void) {
    this.#settings = settings;
    this.#queue = queue;
    this.#onWake = onWake;
  }

  /** Runs that are written and not stored yet. */
  get outstanding(): ReadonlySet<Run> {
    return this.#outstanding;
  }

  /** What waits is to be stored with the next tick. */
  hurry(): void {
    this.#isUrgent = true;
  }

  tick(dt: number, journal: RunJournal): void {
    this.#sinceMs += dt * 1_000;
    if (this.#appends > 0) return;
    const again = this.#refused.shift();
    if (again !== undefined) {
      this.#append(again, journal);
      return;
    }
    const { size } = this.#queue;
    if (size === 0) {
      this.#isUrgent = false;
    } else if (
      this.#isUrgent || this.#sinceMs >= APPEND_MS || size >= APPEND_EVENTS
    ) {
      this.#append(this.#queue.nextRun(this.#settings.sliceMs), journal);
    }
  }

  /** Writes everything at once. */
  writeAll(journal: RunJournal): void {
    let events = 0;
    for (const { count } of this.#outstanding) events += count;
    while (this.#queue.size > 0 && events < MAX_OUTSTANDING_EVENTS) {
      const run = this.#queue.nextRun(Infinity);
      events += run.count;
      this.#append(run, journal);
    }
  }

  onStored(run: Run): void {
    this.#outstanding.delete(run);
  }

  /** How many events are in no run of the journal, when this run is. */
  waitingWith(stored: Run | undefined): NameCounts {
    const others = new Set(this.#outstanding);
    if (stored !== undefined) others.delete(stored);
    return this.#queue.waitingWith(others);
  }

  clear(): void {
    this.#outstanding.clear();
    this.#refused.length = 0;
  }

  #append(run: Run, journal: RunJournal): void {
    this.#sinceMs = 0;
    this.#appends++;
    this.#outstanding.add(run);
    journal.append(run).catch(() => false).then((isDone) => {
      this.#appends--;
      if (isDone || !this.#outstanding.has(run)) return this.#onWake();
      // It is tried again in its time: at once would be for ever, and no timer would fire.
      this.#refused.push(run);
    });
  }
}

// This module is browser compatible.
import { EventQueue } from "../../core/mod.ts";
import type { AnalyticsEvent } from "../event/analytics_event.ts";
import type { DropAccount } from "./_drop_account.ts";
import type { NameCounts, Run } from "./_entry.ts";
import type { Item } from "./_item.ts";
import { LocalLog } from "./_local_log.ts";
import { type NameEntry, NameTable } from "./_name_table.ts";
import { RunWriter } from "./_run_writer.ts";
import type { Session } from "./_session.ts";
import type { Settings } from "./_settings.ts";

/** How many events are written between two looks at the clock. */
const EVENTS_PER_LOOK = 32;
/** Room for what the client itself records. */
const INTERNAL_SLOTS = 16_384;

/** Events that have their number and time, until they are written as runs. */
export class RunQueue {
  readonly log = new LocalLog();
  readonly names: NameTable;
  readonly #settings: Settings;
  readonly #drops: DropAccount;
  readonly #queue: EventQueue<Item>;
  /** The first event, where it did not fit into the run before. */
  #ahead: Item | undefined;

  constructor(settings: Settings, drops: DropAccount) {
    this.#settings = settings;
    this.#drops = drops;
    this.names = new NameTable(settings.catalog, settings.sample);
    this.#queue = new EventQueue({
      capacity: settings.maxQueued + INTERNAL_SLOTS,
    });
  }

  /** How many events wait. */
  get size(): number {
    return this.#queue.size + (this.#ahead === undefined ? 0 : 1);
  }

  /** Whether there is no room for events of the game. */
  get isFull(): boolean {
    return this.#queue.size >= this.#settings.maxQueued;
  }

  /** Whether there is no room for anything. */
  get isBursting(): boolean {
    return this.#queue.size >= this.#queue.capacity;
  }

  /** Gives an event its number and its place in the log and the queue. */
  push(
    event: AnalyticsEvent,
    entry: NameEntry,
    session: Session,
    timeMs: number,
  ): Item | undefined {
    if (this.isBursting) {
      this.#drops.add(entry.definition.name, "queueFull");
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

  /** The same of what only the client records. */
  pushOwn(
    event: AnalyticsEvent,
    session: Session,
    timeMs: number,
  ): Item | undefined {
    const entry = this.names.get(event.definition.name)!;
    return this.push(event, entry, session, timeMs);
  }

  /**
   * Writes a run, until it is full or the time is over. There must be an event, and at least one is written.
   *
   * @param budgetMs Milliseconds, looked at now and then.
   */
  nextRun(budgetMs: number): Run {
    const { clock } = this.#settings;
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

  /** How many events are in the queue, and in these runs. */
  waitingWith(runs: Iterable<Run>): NameCounts {
    const counts = new Map(this.names.waiting());
    for (const run of runs) {
      for (const [name, count] of run.names) {
        counts.set(name, (counts.get(name) ?? 0) + count);
      }
    }
    return [...counts];
  }

  clear(): void {
    this.#queue.clear();
    this.#ahead = undefined;
    this.log.clear();
  }
}

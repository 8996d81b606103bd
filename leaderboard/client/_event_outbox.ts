// This module is browser compatible.
import { type Clock, EventQueue } from "../../core/mod.ts";
import type {
  LeaderboardCallId,
  LeaderboardEvent,
  LeaderboardTerminalEvent,
} from "./event.ts";

/** Events of a call that have a slot: those of all but streams are a stored and a terminal one. */
const USUAL_SLOTS = 2;
/** Room for events that may be lost beside those that somebody waits for. */
const EXTRA_SLOTS = 1_024;

/** By their types, so that none is forgotten. */
const TERMINAL: Readonly<Record<LeaderboardTerminalEvent["type"], true>> = {
  scoreSubmitted: true,
  scorePending: true,
  scoreRejected: true,
  fetchSuccess: true,
  fetchFailed: true,
  playerRank: true,
  rankNotFound: true,
  boardsFetched: true,
  seasonsFetched: true,
  runStarted: true,
  runFailed: true,
  watchFailed: true,
  replayUploaded: true,
  replayDownloaded: true,
  replayFailed: true,
  replaysFetched: true,
  cancelled: true,
  refused: true,
};

/** Bounds of an {@linkcode EventOutbox}. */
export interface EventOutboxOptions {
  /** Calls that are open or whose terminal event nobody drained. */
  readonly maxPending: number;
  /** The same of submissions of earlier runs, which nobody called for. */
  readonly maxRestored: number;
  readonly clock: Clock;
}

/**
 * What waits to be drained, and which calls have not ended. A call is only let in when the slots of its events are set
 * aside; one that is not let in still gets its event, in no memory at all: while refusals wait every call is refused, so
 * they are one run of ids, and two numbers hold it.
 */
export class EventOutbox {
  readonly #queue: EventQueue<LeaderboardEvent>;
  readonly #options: EventOutboxOptions;
  /** Slots that are left to the calls that have not ended. */
  readonly #slots = new Map<LeaderboardCallId, number>();
  /** Calls of an earlier run whose terminal event was not drained. */
  readonly #restored = new Set<LeaderboardCallId>();
  #held = 0;
  #nextId = 1;
  #refusedFrom = 0;
  #refusedTo = -1;

  constructor(options: EventOutboxOptions) {
    this.#options = options;
    this.#queue = new EventQueue({
      // It grows as needed, so that room costs nothing.
      capacity: (options.maxPending + options.maxRestored) * USUAL_SLOTS +
        EXTRA_SLOTS,
    });
  }

  /** Calls that have not ended. */
  get openCount(): number {
    return this.#slots.size;
  }

  /** Events lost because nobody drained. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Begins a call, or refuses it. */
  open(slots = 1): LeaderboardCallId {
    const id = this.#nextId++ as LeaderboardCallId;
    if (
      this.#refusedFrom > this.#refusedTo &&
      this.#held < this.#options.maxPending && this.#queue.reserve(slots)
    ) {
      this.#held++;
      this.#slots.set(id, slots);
    } else {
      if (this.#refusedFrom > this.#refusedTo) this.#refusedFrom = id;
      this.#refusedTo = id;
    }
    return id;
  }

  /** Begins a call that an earlier run made, or tells that there is no room before more is drained. */
  openRestored(slots: number): LeaderboardCallId | undefined {
    if (
      // The refused ones are one run of ids.
      this.#refusedFrom <= this.#refusedTo ||
      this.#restored.size >= this.#options.maxRestored ||
      !this.#queue.reserve(slots)
    ) {
      return undefined;
    }
    const id = this.#nextId++ as LeaderboardCallId;
    this.#restored.add(id);
    this.#slots.set(id, slots);
    return id;
  }

  isOpen(id: LeaderboardCallId): boolean {
    return this.#slots.has(id);
  }

  /** Queues an event that may be lost. */
  inform(event: LeaderboardEvent): boolean {
    return this.#queue.push(event);
  }

  /** Queues an event on the way of a call, in one of its slots but the last. */
  emit(event: LeaderboardEvent & { readonly id: LeaderboardCallId }): boolean {
    const left = this.#slots.get(event.id) ?? 0;
    if (left < 2) return this.#queue.push(event);
    this.#slots.set(event.id, left - 1);
    this.#queue.pushReserved(event);
    return true;
  }

  /** Ends a call, if it is open, and gives back the slots that it did not need. */
  end(event: LeaderboardTerminalEvent): boolean {
    const left = this.#slots.get(event.id);
    if (left === undefined) return false;
    this.#slots.delete(event.id);
    this.#queue.pushReserved(event);
    if (left > 1) this.#queue.release(left - 1);
    return true;
  }

  *drain(budgetMs = Infinity): IterableIterator<LeaderboardEvent> {
    const { clock } = this.#options;
    const last = this.#refusedTo;
    let leftMs = budgetMs;
    if (this.#refusedFrom <= last && budgetMs >= 0) {
      const startMs = clock.nowMs();
      do {
        yield this.#takeRefusal();
        if (budgetMs === Infinity) continue;
        leftMs = budgetMs - (clock.nowMs() - startMs);
        if (leftMs <= 0) return;
      } while (this.#refusedFrom <= last);
    }
    for (const event of this.#queue.drain(leftMs, clock)) {
      this.#onTaken(event);
      yield event;
    }
  }

  poll(): LeaderboardEvent | undefined {
    if (this.#refusedFrom <= this.#refusedTo) return this.#takeRefusal();
    const event = this.#queue.poll();
    if (event !== undefined) this.#onTaken(event);
    return event;
  }

  #onTaken(event: LeaderboardEvent): void {
    if (!isTerminal(event)) return;
    if (!this.#restored.delete(event.id)) this.#held--;
  }

  #takeRefusal(): LeaderboardEvent {
    const { maxPending } = this.#options;
    return {
      type: "refused",
      id: this.#refusedFrom++ as LeaderboardCallId,
      reason: "queueFull",
      maxPending,
      message:
        `Cannot begin call as at most ${maxPending} may be under way or have undrained events`,
    };
  }
}

function isTerminal(
  event: LeaderboardEvent,
): event is LeaderboardTerminalEvent {
  return Object.hasOwn(TERMINAL, event.type);
}

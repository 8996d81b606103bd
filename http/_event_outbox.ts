// This module is browser compatible.

import { type Clock, EventQueue } from "../core/mod.ts";
import type { HttpEvent, HttpTerminalEvent, RequestId } from "./event.ts";
import { MAX_UNDRAINED_CHUNKS } from "./_attempt.ts";
import type { Job } from "./_job.ts";

/** A stream's begin, chunks and end. */
const MAX_SLOTS_PER_REQUEST = MAX_UNDRAINED_CHUNKS + 2;
/** Room for progress beside the events that somebody waits for. */
const EXTRA_SLOTS = 1_024;

/**
 * What waits to be drained. A request is only let in when the slots of its events are set aside; one that is not let
 * in still gets its `queueFull` event, in no memory at all: while refusals wait every request is refused, so they are
 * one run of ids, and two numbers hold it.
 */
export class EventOutbox {
  readonly #queue: EventQueue<HttpEvent>;
  readonly #maxPending: number;
  readonly #clock: Clock;
  readonly #onChunkDrained: (id: RequestId) => void;
  /** Requests let in whose terminal event is not drained. */
  #held = 0;
  #refusedFrom = 0;
  #refusedTo = -1;

  constructor(
    maxPending: number,
    clock: Clock,
    onChunkDrained: (id: RequestId) => void,
  ) {
    this.#maxPending = maxPending;
    this.#clock = clock;
    this.#onChunkDrained = onChunkDrained;
    this.#queue = new EventQueue({
      // The queue grows as needed, so room for the case that all are streams costs nothing.
      capacity: maxPending * MAX_SLOTS_PER_REQUEST + EXTRA_SLOTS,
    });
  }

  /** Informative events lost because nobody drained. */
  get dropped(): number {
    return this.#queue.dropped;
  }

  /** Sets slots aside for a request, or tells that there is no room for it. */
  admit(slots: number): boolean {
    if (
      this.#refusedFrom <= this.#refusedTo || this.#held >= this.#maxPending ||
      !this.#queue.reserve(slots)
    ) {
      return false;
    }
    this.#held++;
    return true;
  }

  /** Notes that a request was not admitted. */
  refuse(id: RequestId): void {
    if (this.#refusedFrom > this.#refusedTo) this.#refusedFrom = id;
    this.#refusedTo = id;
  }

  /** Queues an event that may be lost. */
  inform(event: HttpEvent): void {
    this.#queue.push(event);
  }

  /** Queues an event that a slot was set aside for. */
  push(job: Job, event: HttpEvent): void {
    job.reservedSlots--;
    this.#queue.pushReserved(event);
  }

  /** Queues the last event of a request and gives back the slots that it did not need. */
  end(job: Job, event: HttpTerminalEvent): void {
    this.push(job, event);
    if (job.reservedSlots > 0) this.#queue.release(job.reservedSlots);
    job.reservedSlots = 0;
  }

  /** Sets aside a slot for one more event of a request that is under way. */
  extend(job: Job): void {
    if (this.#queue.reserve()) job.reservedSlots++;
  }

  *drain(budgetMs = Infinity): IterableIterator<HttpEvent> {
    const last = this.#refusedTo;
    let leftMs = budgetMs;
    if (this.#refusedFrom <= last && budgetMs >= 0) {
      const startMs = this.#clock.nowMs();
      do {
        yield this.#takeRefusal();
        if (budgetMs === Infinity) continue;
        leftMs = budgetMs - (this.#clock.nowMs() - startMs);
        if (leftMs <= 0) return;
      } while (this.#refusedFrom <= last);
    }
    for (const event of this.#queue.drain(leftMs, this.#clock)) {
      this.#onTaken(event);
      yield event;
    }
  }

  poll(): HttpEvent | undefined {
    if (this.#refusedFrom <= this.#refusedTo) return this.#takeRefusal();
    const event = this.#queue.poll();
    if (event !== undefined) this.#onTaken(event);
    return event;
  }

  #onTaken(event: HttpEvent): void {
    switch (event.type) {
      case "chunk":
        this.#onChunkDrained(event.id);
        break;
      case "success":
      case "failure":
      case "timeout":
      case "cancelled":
        this.#held--;
        break;
    }
  }

  #takeRefusal(): HttpEvent {
    const maxPending = this.#maxPending;
    return {
      type: "failure",
      id: this.#refusedFrom++ as RequestId,
      tag: undefined,
      reason: { type: "queueFull", maxPending },
      message:
        `Cannot send request as at most ${maxPending} may be pending or have undrained results`,
      cause: undefined,
      response: undefined,
    };
  }
}

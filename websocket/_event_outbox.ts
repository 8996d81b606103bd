// This module is browser compatible.

import { type Clock, EventQueue } from "../core/mod.ts";
import { heldSize, type ReceiveBudget } from "./_receive_budget.ts";
import type {
  WsEvent,
  WsFailure,
  WsPingRtt,
  WsReply,
  WsRequestFailed,
} from "./event.ts";
import type { WsDataMessage } from "./message.ts";

/** Room beside the messages. */
const OTHER_SLOTS = 1_024;
/** Of these, what the events of one attempt need. */
const ATTEMPT_SLOTS = 8;

/**
 * What waits to be drained. Messages have room by the receive budget. For what an attempt reports there is room as none
 * begins without; what merely informs is lost first.
 */
export class EventOutbox {
  readonly #queue: EventQueue<WsEvent>;
  readonly #budget: ReceiveBudget;
  readonly #clock: Clock;
  readonly #maxRequests: number;
  /** Requests that were accepted, until their outcome is drained. */
  #requests = 0;
  #others = 0;
  #lost = 0;

  constructor(budget: ReceiveBudget, clock: Clock, maxRequests = 0) {
    this.#budget = budget;
    this.#clock = clock;
    this.#maxRequests = maxRequests;
    this.#queue = new EventQueue({
      capacity: budget.maxMessages + OTHER_SLOTS + maxRequests,
    });
  }

  /** Informative events lost because nobody drained. */
  get lost(): number {
    return this.#lost;
  }

  /** Whether an attempt may begin, or something be told that can also be told later. */
  get hasRoom(): boolean {
    return this.#others < OTHER_SLOTS - 2 * ATTEMPT_SLOTS;
  }

  /** Queues a message, whose size in the budget is released when it is drained. */
  message(message: WsDataMessage, channel: string | undefined): void {
    this.#queue.push({ type: "message", message, channel });
  }

  /** Queues what there is room for as `hasRoom` was asked before. */
  push(event: WsEvent): void {
    this.#others++;
    this.#queue.push(event);
  }

  /** Queues an event that may be lost. */
  inform(event: WsFailure | WsPingRtt): void {
    if (this.#others < OTHER_SLOTS - ATTEMPT_SLOTS) this.push(event);
    else this.#lost++;
  }

  /** Keeps a place for the outcome of a request, if there is one left. */
  reserve(): boolean {
    if (this.#requests >= this.#maxRequests || !this.#queue.reserve()) {
      return false;
    }
    this.#requests++;
    return true;
  }

  unreserve(): void {
    this.#queue.release();
    this.#requests--;
  }

  /** Queues an outcome in its place. */
  outcome(event: WsReply | WsRequestFailed): void {
    this.#queue.pushReserved(event);
  }

  drain(budgetMs?: number): IterableIterator<WsEvent> {
    return this.#release(this.#queue.drain(budgetMs, this.#clock));
  }

  poll(): WsEvent | undefined {
    const event = this.#queue.poll();
    if (event !== undefined) this.#onTaken(event);
    return event;
  }

  *#release(events: Iterable<WsEvent>): IterableIterator<WsEvent> {
    for (const event of events) {
      this.#onTaken(event);
      yield event;
    }
  }

  #onTaken(event: WsEvent): void {
    switch (event.type) {
      case "reply":
        this.#requests--;
        break;
      case "requestFailed":
        this.#requests--;
        return;
      case "message":
        break;
      default:
        this.#others--;
        return;
    }
    const { message } = event;
    this.#budget.release(
      heldSize(message.type === "text" ? message.text : message.bytes),
    );
  }
}

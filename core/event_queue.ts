// This module is browser compatible.
import { type Clock, SystemClock } from "./clock.ts";

/** What {@linkcode EventQueue.push} does when the queue is full. */
export type EventQueuePolicy = "dropNewest" | "dropOldest";

/** Options for {@linkcode EventQueue}. */
export interface EventQueueOptions {
  /**
   * How many events the queue holds at most, those it keeps a slot for
   * included: 1 to 16777216.
   */
  readonly capacity: number;
  /**
   * What `push()` does at the bound: `"dropNewest"` refuses the event,
   * `"dropOldest"` makes room by dropping the oldest one. Only a `"dropNewest"`
   * queue can reserve slots.
   *
   * @default {"dropNewest"}
   */
  readonly policy?: EventQueuePolicy;
}

/** Above this an array of slots would no longer be one flat block in V8. */
const MAX_CAPACITY = 1 << 24;
const FIRST_SLOTS = 16;
/** Counts of events wrap at 30 bits, which every engine stores unboxed. */
const COUNT_MASK = 0x3fff_ffff;
/** Close to the wrap, so that every use crosses it and not one in a billion. */
const FIRST_COUNT = COUNT_MASK - 40;
const SYSTEM_CLOCK = new SystemClock();

const DONE: IteratorReturnResult<undefined> = Object.freeze({
  done: true,
  value: undefined,
});

/** The drain of every empty queue. */
const NOTHING: IterableIterator<never> = Object.freeze({
  next(): IteratorReturnResult<undefined> {
    return DONE;
  },
  [Symbol.iterator](): IterableIterator<never> {
    return NOTHING;
  },
});

/**
 * A bounded first-in, first-out queue of events: a state machine fills it, and
 * the game drains it once a frame.
 *
 * There are two kinds of events. One that may be lost, such as progress, goes in
 * by {@linkcode EventQueue.push}, which drops at the bound and counts what it
 * dropped. One that somebody waits for is never dropped: its slot is set aside
 * by {@linkcode EventQueue.reserve} when the work is accepted, and it goes in by
 * {@linkcode EventQueue.pushReserved}; where no slot is left, the work is
 * refused instead.
 *
 * The slots are a ring that doubles up to `capacity` and never shrinks but in
 * {@linkcode EventQueue.clear}; pushing and taking allocate nothing once it has
 * grown. A slot that was taken keeps no reference to its event.
 *
 * @typeParam E The type of the events; `undefined` is not one of them, as it
 * stands for an empty queue.
 *
 * @example Reserve a slot for the answer, then drain
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { EventQueue } from "@tickwire/net/core";
 *
 * const events = new EventQueue<string>({ capacity: 2 });
 * assert(events.reserve());
 * assert(events.push("50 %"));
 * assertEquals(events.push("75 %"), false);
 * events.pushReserved("done");
 *
 * assertEquals([...events.drain()], ["50 %", "done"]);
 * assertEquals(events.dropped, 1);
 * ```
 */
export class EventQueue<E> {
  readonly #capacity: number;
  readonly #policy: EventQueuePolicy;
  // The length is a power of two, so that masking a count gives its slot.
  #slots: (E | undefined)[];
  // Counts of all events taken and pushed so far, of which only the difference
  // and the low bits are ever used.
  #head = FIRST_COUNT;
  #tail = FIRST_COUNT;
  #reserved = 0;
  #dropped = 0;

  /**
   * Creates an empty queue.
   *
   * @param options The bound and what happens there.
   * @throws {RangeError} If `capacity` is not an integer from 1 to 16777216.
   * @throws {TypeError} If `policy` is not one of the two.
   */
  constructor(options: EventQueueOptions) {
    const { capacity, policy = "dropNewest" } = options;
    if (
      !Number.isInteger(capacity) || capacity < 1 || capacity > MAX_CAPACITY
    ) {
      throw new RangeError(
        `Cannot create an EventQueue as capacity must be an integer from 1 to ${MAX_CAPACITY}: current value is ${capacity}`,
      );
    }
    if (policy !== "dropNewest" && policy !== "dropOldest") {
      throw new TypeError(
        `Cannot create an EventQueue as policy must be "dropNewest" or "dropOldest": current value is "${policy}"`,
      );
    }
    this.#capacity = capacity;
    this.#policy = policy;
    this.#slots = makeSlots<E>(FIRST_SLOTS);
  }

  /**
   * How many events wait in the queue.
   *
   * @returns 0 to `capacity`.
   */
  get size(): number {
    return (this.#tail - this.#head) & COUNT_MASK;
  }

  /**
   * How many slots are set aside for events that have not happened yet.
   *
   * @returns 0 to `capacity`.
   */
  get reserved(): number {
    return this.#reserved;
  }

  /**
   * How many events were lost at the bound since the queue was created.
   *
   * @returns A count that only grows.
   */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * How many events the queue holds at most, reserved slots included.
   *
   * @returns The `capacity` of the options.
   */
  get capacity(): number {
    return this.#capacity;
  }

  /**
   * The newest event, which stays in the queue: a producer may extend it
   * instead of pushing another one.
   *
   * @returns The event pushed last, or `undefined` if the queue is empty.
   */
  get last(): E | undefined {
    return this.#head === this.#tail
      ? undefined
      : this.#slots[(this.#tail - 1) & (this.#slots.length - 1)];
  }

  /**
   * Queues an event that may be lost.
   *
   * @param event The event.
   * @returns `true` if the event was queued, `false` if the queue is full and
   * refuses it (`"dropNewest"`). Either way one lost event counts in
   * {@linkcode EventQueue.dropped}.
   */
  push(event: E): boolean {
    if (this.size + this.#reserved >= this.#capacity) {
      this.#dropped++;
      if (this.#policy === "dropNewest") return false;
      this.poll();
    }
    this.#append(event);
    return true;
  }

  /**
   * Sets slots aside for events that somebody waits for.
   *
   * @param count How many slots: an integer, 1 or more.
   * @returns `true` if the slots were set aside, `false` if the queue has not
   * that many left; then nothing changes.
   * @throws {RangeError} If `count` is not an integer of 1 or more.
   * @throws {TypeError} If the policy is `"dropOldest"`, which could drop the
   * event that somebody waits for.
   */
  reserve(count = 1): boolean {
    if (this.#policy === "dropOldest") {
      throw new TypeError(
        'Cannot reserve a slot as policy must be "dropNewest": current value is "dropOldest"',
      );
    }
    checkCount("reserve slots", count);
    if (this.size + this.#reserved + count > this.#capacity) return false;
    this.#reserved += count;
    return true;
  }

  /**
   * Queues an event in one of the reserved slots, which is used up by it.
   *
   * @param event The event.
   * @throws {RangeError} If no slot is reserved.
   */
  pushReserved(event: E): void {
    if (this.#reserved === 0) {
      throw new RangeError(
        "Cannot push a reserved event as reserved slots must be >= 1: current value is 0",
      );
    }
    this.#reserved--;
    this.#append(event);
  }

  /**
   * Gives reserved slots back whose events will not happen.
   *
   * @param count How many slots: an integer, 1 or more.
   * @throws {RangeError} If `count` is not an integer of 1 or more, or that many
   * slots are not reserved.
   */
  release(count = 1): void {
    checkCount("release slots", count);
    if (count > this.#reserved) {
      throw new RangeError(
        `Cannot release slots as count must be <= ${this.#reserved}, the slots reserved: current value is ${count}`,
      );
    }
    this.#reserved -= count;
  }

  /**
   * Takes the oldest event.
   *
   * @returns The event, or `undefined` if the queue is empty.
   */
  poll(): E | undefined {
    if (this.#head === this.#tail) return undefined;
    const index = this.#head & (this.#slots.length - 1);
    const event = this.#slots[index];
    this.#slots[index] = undefined;
    this.#head = (this.#head + 1) & COUNT_MASK;
    return event;
  }

  /**
   * Iterates over the events that wait, oldest first, and removes each one as it
   * is yielded.
   *
   * What is queued after the first step waits for the next drain, so a handler
   * that causes events cannot keep the loop going. Leaving the loop early keeps
   * the rest. Other calls may take events meanwhile; each is yielded once, to
   * whoever came first. Draining an empty queue allocates nothing: the iterator
   * is at its end already.
   *
   * @param budgetMs How many milliseconds of `clock` the whole loop may take, 0
   * or more. When they are spent no further event is yielded; at least one
   * always is, so that a queue with a budget too small still empties.
   * @param clock The clock the budget is measured by.
   * @returns An iterator, to be used once.
   * @throws {RangeError} If `budgetMs` is negative or `NaN`.
   */
  drain(
    budgetMs = Infinity,
    clock: Clock = SYSTEM_CLOCK,
  ): IterableIterator<E> {
    if (!(budgetMs >= 0)) {
      throw new RangeError(
        `Cannot drain events as budgetMs must be >= 0: current value is ${budgetMs}`,
      );
    }
    return this.#head === this.#tail
      ? NOTHING
      : new EventQueue.#Drain<E>(this, budgetMs, clock);
  }

  /**
   * Removes every event. Reserved slots stay reserved, nothing counts as
   * dropped, and the memory of the slots is given back.
   */
  clear(): void {
    this.#head = this.#tail;
    this.#slots = makeSlots<E>(FIRST_SLOTS);
  }

  #append(event: E): void {
    if (this.size === this.#slots.length) this.#grow();
    this.#slots[this.#tail & (this.#slots.length - 1)] = event;
    this.#tail = (this.#tail + 1) & COUNT_MASK;
  }

  #grow(): void {
    const from = this.#slots;
    const to = makeSlots<E>(from.length * 2);
    for (let i = 0; i < from.length; i++) {
      const count = this.#head + i;
      to[count & (to.length - 1)] = from[count & (from.length - 1)];
    }
    this.#slots = to;
  }

  // Not a generator, which would cost twice as much per event. It stands inside
  // the class to compare counts: the size alone would not tell the events of
  // this drain from those that were queued after others were taken elsewhere.
  static readonly #Drain = class<E> implements IterableIterator<E> {
    readonly #queue: EventQueue<E>;
    readonly #budgetMs: number;
    readonly #clock: Clock;
    #begun = false;
    #startMs = 0;
    #end = 0;

    constructor(queue: EventQueue<E>, budgetMs: number, clock: Clock) {
      this.#queue = queue;
      this.#budgetMs = budgetMs;
      this.#clock = clock;
    }

    next(): IteratorResult<E, undefined> {
      const queue = this.#queue;
      if (!this.#begun) {
        this.#begun = true;
        this.#end = queue.#tail;
        if (this.#budgetMs !== Infinity) this.#startMs = this.#clock.nowMs();
      } else if (
        this.#budgetMs !== Infinity &&
        this.#clock.nowMs() - this.#startMs >= this.#budgetMs
      ) {
        this.#end = queue.#head;
      }
      // Others may have taken events beyond the end: the shift moves the sign of
      // the 30-bit difference to where a number has it.
      if ((this.#end - queue.#head) << 2 <= 0) return this.return();
      return { done: false, value: queue.poll() as E };
    }

    return(): IteratorReturnResult<undefined> {
      this.#begun = true;
      this.#end = this.#queue.#head;
      return DONE;
    }

    [Symbol.iterator](): IterableIterator<E> {
      return this;
    }
  };
}

function makeSlots<E>(length: number): (E | undefined)[] {
  return new Array<E | undefined>(length).fill(undefined);
}

function checkCount(action: string, count: number): void {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot ${action} as count must be an integer >= 1: current value is ${count}`,
    );
  }
}

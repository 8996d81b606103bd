// This module is browser compatible.
import { MAX_CALL_BYTES } from "./_call_format.ts";
import type { RpcCall } from "./rpc_call.ts";

/** What {@linkcode RpcQueue.enqueue} does when the queue is full. */
export type RpcQueuePolicy = "refuse" | "dropOldest";

/** Options for {@linkcode RpcQueue}. */
export interface RpcQueueOptions {
  /**
   * The most calls that wait: an integer from 1 to 65536.
   *
   * @default {1024}
   */
  readonly capacity?: number;
  /**
   * The most bytes of a call, so that each fits a packet: an integer from 3 to 65535.
   *
   * @default {1100}
   */
  readonly maxCallBytes?: number;
  /**
   * What happens when it is full: the new call is refused, or the oldest one is dropped.
   *
   * @default {"refuse"}
   */
  readonly policy?: RpcQueuePolicy;
}

const MAX_CAPACITY = 65_536;
const DEFAULT_CAPACITY = 1_024;
const DEFAULT_MAX_CALL_BYTES = 1_100;
const MIN_CALL_BYTES = 3;

/**
 * Calls that wait to be sent, oldest first, each with its number. It has a bound; what is
 * lost there is told by the answer of `enqueue()` and by counters.
 *
 * @example As many as the frame has room for
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { RpcQueue, rpcPlaySound } from "@tickwire/net/rpc";
 *
 * const queue = new RpcQueue({ capacity: 3 });
 * const step = rpcPlaySound({ sound: 12, at: { x: 0, y: 0, z: 0 } });
 * for (let i = 0; i < 3; i++) assert(queue.enqueue(step));
 * assertEquals(queue.enqueue(step), false);
 * assertEquals(queue.refused, 1);
 *
 * const calls = [...queue.drain(2 * step.byteLength)];
 * assertEquals(calls.map(({ sequence }) => sequence), [0, 1]);
 * assertEquals(queue.size, 1);
 * ```
 */
export class RpcQueue {
  readonly #capacity: number;
  readonly #maxCallBytes: number;
  readonly #policy: RpcQueuePolicy;
  /** From `#head` on; what was taken before is `undefined` until it is cut off. */
  #calls: (RpcCall | undefined)[] = [];
  #head = 0;
  #nextSequence = 0;
  #refused = 0;
  #dropped = 0;

  /**
   * Creates an empty queue, whose first call has the sequence 0.
   *
   * @param options Its bounds.
   * @throws {RangeError} If a number is outside its range.
   * @throws {TypeError} If `policy` is not one of the two.
   */
  constructor(options: RpcQueueOptions = {}) {
    const {
      capacity = DEFAULT_CAPACITY,
      maxCallBytes = DEFAULT_MAX_CALL_BYTES,
      policy = "refuse",
    } = options;
    check("capacity", capacity, 1, MAX_CAPACITY);
    check("maxCallBytes", maxCallBytes, MIN_CALL_BYTES, MAX_CALL_BYTES);
    if (policy !== "refuse" && policy !== "dropOldest") {
      throw new TypeError(
        `Cannot create an RpcQueue as policy must be "refuse" or "dropOldest": current value is "${policy}"`,
      );
    }
    this.#capacity = capacity;
    this.#maxCallBytes = maxCallBytes;
    this.#policy = policy;
  }

  /** How many calls wait. */
  get size(): number {
    return this.#calls.length - this.#head;
  }

  /** The most calls that wait. */
  get capacity(): number {
    return this.#capacity;
  }

  /** The sequence that the next call will have. */
  get nextSequence(): number {
    return this.#nextSequence;
  }

  /** How many calls were refused, as the queue was full or they were too large. */
  get refused(): number {
    return this.#refused;
  }

  /** How many calls were dropped to make room (`"dropOldest"`). */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Queues a call, and gives it the next sequence.
   *
   * @param call The call; its own sequence does not matter.
   * @returns Whether it was queued; if not, it is too large or the queue is full, and no
   * sequence was used up.
   * @throws {RangeError} If a parameter was not made by its maker, and is outside its
   * range.
   */
  enqueue(call: RpcCall): boolean {
    const numbered = call.withSequence(this.#nextSequence);
    const isFull = this.size >= this.#capacity;
    if (
      numbered.byteLength > this.#maxCallBytes ||
      isFull && this.#policy === "refuse"
    ) {
      this.#refused++;
      return false;
    }
    if (isFull) {
      this.#take();
      this.#dropped++;
    }
    this.#calls.push(numbered);
    this.#nextSequence++;
    return true;
  }

  /**
   * Looks at the oldest call without taking it.
   *
   * @returns The call; `undefined` if none waits.
   */
  peek(): RpcCall | undefined {
    return this.#calls[this.#head];
  }

  /**
   * Iterates over the calls that wait, oldest first, and removes each one as it is
   * yielded. What is queued after the first step waits for the next drain. Leaving the
   * loop early keeps the rest.
   *
   * @param budgetBytes How many bytes the calls may take together, each alone: 0 or more.
   * One that takes more than all of it is yielded if it is the first, unless the budget is
   * 0; otherwise it would wait for ever.
   * @returns An iterator, to be used once.
   * @throws {RangeError} If `budgetBytes` is negative or NaN.
   */
  drain(budgetBytes = Infinity): IterableIterator<RpcCall> {
    if (!(budgetBytes >= 0)) {
      throw new RangeError(
        `Cannot drain an RpcQueue as budgetBytes must be >= 0: current value is ${budgetBytes}`,
      );
    }
    return this.#drain(budgetBytes);
  }

  /** Removes every call. They do not count as dropped, and sequences go on. */
  clear(): void {
    this.#calls = [];
    this.#head = 0;
  }

  *#drain(budgetBytes: number): Generator<RpcCall, undefined> {
    const end = this.#nextSequence;
    let left = budgetBytes;
    while (left > 0) {
      const call = this.peek();
      if (call === undefined || call.sequence >= end) return;
      const { byteLength } = call;
      if (byteLength > left && left < budgetBytes) return;
      left -= byteLength;
      this.#take();
      yield call;
    }
  }

  #take(): void {
    this.#calls[this.#head++] = undefined;
    // Cut off when it is half of it, so that each call is moved once on average.
    if (this.#head * 2 < this.#calls.length) return;
    this.#calls.splice(0, this.#head);
    this.#head = 0;
  }
}

function check(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot create an RpcQueue as ${name} must be an integer from ${min} to ${max}: current value is ${value}`,
  );
}

// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";

/** How many inputs an {@linkcode InputBuffer} holds unless told otherwise. */
export const INPUT_BUFFER_CAPACITY = 128;

/** What is for a tick: a `PlayerInput`, or a game's own. */
export interface TickedInput {
  /** The number of the tick. */
  readonly tick: number;
}

/**
 * Inputs that the server has not taken yet, in the order of their ticks.
 *
 * At the bound the oldest makes room: the server would not wait for it any more.
 *
 * @typeParam I The type of the inputs.
 *
 * @example Sent until acknowledged
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { InputBuffer, PlayerInput } from "@tickwire/net/sync";
 *
 * const buffer = new InputBuffer<PlayerInput>();
 * for (const tick of [7, 8, 9]) buffer.push(new PlayerInput({ tick }));
 * assertEquals(buffer.ackUpTo(8), 2);
 * assertEquals(buffer.unacked().map(({ tick }) => tick), [9]);
 * ```
 */
export class InputBuffer<I extends TickedInput> {
  /** How many it holds at most. */
  readonly capacity: number;
  readonly #ring: (I | undefined)[];
  #first = 0;
  #count = 0;
  #newest = -1;
  #dropped = 0;

  /**
   * Creates a buffer.
   *
   * @param capacity How many it holds at most: an integer from 1 to 65536.
   * @throws {RangeError} If it is no such integer.
   */
  constructor(capacity: number = INPUT_BUFFER_CAPACITY) {
    this.capacity = checkInteger("capacity", capacity, 1, 65_536);
    this.#ring = new Array<I | undefined>(capacity).fill(undefined);
  }

  /** How many inputs it holds. */
  get size(): number {
    return this.#count;
  }

  /** How many were dropped unacknowledged, as the buffer was full. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Adds an input.
   *
   * @param input One of a later tick than all before it.
   * @returns `false` if it was refused, as its tick is not later.
   */
  push(input: I): boolean {
    if (!(input.tick > this.#newest)) return false;
    if (this.#count === this.capacity) {
      this.#remove();
      this.#dropped++;
    }
    this.#ring[(this.#first + this.#count) % this.capacity] = input;
    this.#count++;
    this.#newest = input.tick;
    return true;
  }

  /**
   * Forgets what the server has taken.
   *
   * @param tick The last tick whose input it needs no more.
   * @returns How many were forgotten.
   */
  ackUpTo(tick: number): number {
    let count = 0;
    while (this.#count > 0 && this.at(0)!.tick <= tick) {
      this.#remove();
      count++;
    }
    return count;
  }

  /**
   * Tells an input without a copy of them all.
   *
   * @param index Its place: 0 is the oldest.
   * @returns The input; `undefined` if there are fewer.
   */
  at(index: number): I | undefined {
    if (!(index >= 0 && index < this.#count)) return undefined;
    return this.#ring[(this.#first + index) % this.capacity];
  }

  /**
   * Tells all inputs that are not acknowledged, the oldest first.
   *
   * @returns An array that belongs to the caller.
   */
  unacked(): I[] {
    const inputs: I[] = [];
    for (let i = 0; i < this.#count; i++) inputs.push(this.at(i)!);
    return inputs;
  }

  /** Forgets all inputs; later ones may be of any tick. */
  clear(): void {
    this.#ring.fill(undefined);
    this.#first = 0;
    this.#count = 0;
    this.#newest = -1;
  }

  #remove(): void {
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) % this.capacity;
    this.#count--;
  }
}

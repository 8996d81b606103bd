// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";

/** How many snapshots a {@linkcode SnapshotBuffer} holds unless told otherwise. */
export const SNAPSHOT_BUFFER_CAPACITY = 64;

/** What has a tick and a time: a `GameStateSnapshot`, or a game's own. */
export interface TickedSnapshot {
  /** The number of the tick. */
  readonly tick: number;
  /** When it was, in milliseconds. */
  readonly timestamp: number;
}

/**
 * Two snapshots around a moment.
 *
 * @typeParam S The type of the snapshots.
 */
export interface SnapshotBracket<S> {
  /** The last one at or before the moment. */
  readonly before: S;
  /** The first one after it. */
  readonly after: S;
  /** How far the moment is on the way from one to the other: 0 to 1. */
  readonly blend: number;
}

/**
 * The newest snapshots, in the order of their ticks, whatever order they come in.
 *
 * To find one by tick or by time takes a number of steps that grows with the logarithm
 * of how many there are; one that comes in order takes one.
 *
 * @typeParam S The type of the snapshots.
 *
 * @example Where the game was between two ticks
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { GameStateSnapshot, SnapshotBuffer } from "@tickwire/net/sync";
 *
 * const buffer = new SnapshotBuffer();
 * buffer.push(new GameStateSnapshot(10, 1_000));
 * buffer.push(new GameStateSnapshot(12, 1_100));
 * assertEquals(buffer.bracket(1_025)?.blend, 0.25);
 * assertEquals(buffer.atTick(12)?.timestamp, 1_100);
 * ```
 */
export class SnapshotBuffer<S extends TickedSnapshot> {
  /** How many it holds at most. */
  readonly capacity: number;
  readonly #ring: (S | undefined)[];
  #first = 0;
  #count = 0;

  /**
   * Creates a buffer.
   *
   * @param capacity How many it holds at most: an integer from 2 to 65536.
   * @throws {RangeError} If it is no such integer.
   */
  constructor(capacity: number = SNAPSHOT_BUFFER_CAPACITY) {
    this.capacity = checkInteger("capacity", capacity, 2, 65_536);
    this.#ring = new Array<S | undefined>(capacity).fill(undefined);
  }

  /** How many snapshots it holds. */
  get size(): number {
    return this.#count;
  }

  /**
   * Takes a snapshot. At the bound the oldest makes room.
   *
   * @param snapshot One whose time is above those of lower ticks and below those of
   * higher ones.
   * @returns `false` if it was refused: its tick is there already, it is older than all
   * of a full buffer, or its time does not fit its tick.
   */
  push(snapshot: S): boolean {
    const place = this.#placeOf(snapshot.tick);
    if (place < this.#count && this.#at(place).tick === snapshot.tick) {
      return false;
    }
    const { timestamp } = snapshot;
    const fits = (place === 0 || this.#at(place - 1).timestamp < timestamp) &&
      (place === this.#count || timestamp < this.#at(place).timestamp);
    // NaN fits nowhere, not even alone.
    if (!fits || Number.isNaN(timestamp)) return false;
    const isFull = this.#count === this.capacity;
    if (isFull && place === 0) return false;
    let to = place;
    if (isFull) {
      this.#first = (this.#first + 1) % this.capacity;
      to--;
    } else {
      this.#count++;
    }
    for (let i = this.#count - 1; i > to; i--) this.#set(i, this.#at(i - 1));
    this.#set(to, snapshot);
    return true;
  }

  /** The snapshot of the highest tick. */
  latest(): S | undefined {
    return this.#count === 0 ? undefined : this.#at(this.#count - 1);
  }

  /** The snapshot of the lowest tick. */
  oldest(): S | undefined {
    return this.#count === 0 ? undefined : this.#at(0);
  }

  /**
   * Tells the snapshot of a tick.
   *
   * @param tick The number of the tick.
   * @returns The snapshot; `undefined` if it is not there.
   */
  atTick(tick: number): S | undefined {
    const place = this.#placeOf(tick);
    if (place >= this.#count) return undefined;
    const found = this.#at(place);
    return found.tick === tick ? found : undefined;
  }

  /**
   * Tells the two snapshots around a moment.
   *
   * @param timeMs The moment, on the clock of the snapshots' `timestamp`.
   * @returns The two; `undefined` if the moment is before the first or not before the
   * last.
   */
  bracket(timeMs: number): SnapshotBracket<S> | undefined {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle).timestamp <= timeMs) low = middle + 1;
      else high = middle;
    }
    if (low === 0 || low === this.#count) return undefined;
    const before = this.#at(low - 1);
    const after = this.#at(low);
    return {
      before,
      after,
      blend: (timeMs - before.timestamp) / (after.timestamp - before.timestamp),
    };
  }

  /** Forgets all snapshots. */
  clear(): void {
    this.#ring.fill(undefined);
    this.#first = 0;
    this.#count = 0;
  }

  /** The first place whose tick is not below. */
  #placeOf(tick: number): number {
    let low = 0;
    let high = this.#count;
    if (high > 0 && this.#at(high - 1).tick < tick) return high;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#at(middle).tick < tick) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #at(place: number): S {
    return this.#ring[(this.#first + place) % this.capacity]!;
  }

  #set(place: number, snapshot: S): void {
    this.#ring[(this.#first + place) % this.capacity] = snapshot;
  }
}

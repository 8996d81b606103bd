// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import { PathCounters } from "./path_counters.ts";
import { type PathSettings, resolveConditions } from "./_path_settings.ts";
import type { NetworkConditions } from "./network_conditions.ts";
import type { NetworkCounters } from "./network_counters.ts";

const TWO_TO_32 = 0x1_0000_0000;
/** A damaged datagram has 1 to 8 flipped bits. */
const FLIP_MASK = 7;

/** How a datagram arrives. */
export interface NetworkArrival {
  /** When, in milliseconds of the clock that {@linkcode NetworkPath.send} was given the time of. */
  readonly atMs: number;
  /** How many of its bytes are left: fewer than were sent if it was cut. */
  readonly bytes: number;
  /** How many bits {@linkcode NetworkPath.flipBits} has to flip: 0 to 8. */
  readonly flippedBits: number;
}

/** A {@linkcode NetworkArrival} that is used again. */
class Arrival implements NetworkArrival {
  atMs = 0;
  bytes = 0;
  flippedBits = 0;
}

/**
 * One direction between two ends: decides what becomes of each datagram, and counts it. It carries nothing itself:
 * {@linkcode SimulatedNetwork} does within a process, a relay between real sockets.
 *
 * It is a state machine without a clock: the same random numbers, conditions, sizes and times give the same fates, in every
 * runtime.
 *
 * @example Five datagrams through a slow and narrow path
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SeededRandom } from "@tickwire/net/core";
 * import { NetworkPath } from "@tickwire/net/transport";
 *
 * const path = new NetworkPath(new SeededRandom(1), {
 *   latencyMs: 20,
 *   bytesPerSecond: 100_000,
 *   queueBytes: 4_000,
 * });
 * const arrivals: number[] = [];
 * for (let i = 0; i < 5; i++) {
 *   if (path.send(1_000, 0) > 0) arrivals.push(path.first.atMs);
 * }
 * assertEquals(arrivals, [30, 40, 50, 60]);
 * assertEquals(path.counters.queueFull, 1);
 * ```
 */
export class NetworkPath {
  readonly #random: Random;
  readonly #counters = new PathCounters();
  readonly #first = new Arrival();
  readonly #second = new Arrival();
  #conditions: NetworkConditions;
  #settings: PathSettings;
  /** When the bottleneck has passed on all that waits. */
  #busyUntilMs = -Infinity;
  /** When the latest of those that must not be overtaken arrives. */
  #lastArrivalMs = -Infinity;
  #burstLeft = 0;
  #isBad = false;

  /**
   * Creates a path.
   *
   * @param random Where chance comes from: its own, so that other paths do not change its fates.
   * @param conditions What it does to datagrams.
   * @throws {RangeError} If a condition is out of its range.
   */
  constructor(random: Random, conditions: NetworkConditions = {}) {
    this.#random = random;
    this.#conditions = conditions;
    this.#settings = resolveConditions(conditions);
  }

  /** What it does to datagrams now. */
  get conditions(): NetworkConditions {
    return this.#conditions;
  }

  /** What it has done so far: the same object at every call. */
  get counters(): NetworkCounters {
    return this.#counters;
  }

  /** How the datagram arrives that was sent last, if {@linkcode NetworkPath.send} returned 1 or 2. Overwritten by the next. */
  get first(): NetworkArrival {
    return this.#first;
  }

  /** How its duplicate arrives, if {@linkcode NetworkPath.send} returned 2. */
  get second(): NetworkArrival {
    return this.#second;
  }

  /**
   * Changes what it does to datagrams. What is on its way keeps its fate; what waits before the bottleneck counts on at the
   * new rate for those that come.
   *
   * @param conditions All of the conditions: what is left out is as if it had never been given.
   * @param nowMs The time, in milliseconds.
   * @throws {RangeError} If a condition is out of its range.
   */
  setConditions(conditions: NetworkConditions, nowMs: number): void {
    const settings = resolveConditions(conditions);
    const waitingMs = this.#busyUntilMs - nowMs;
    if (waitingMs > 0) {
      const bytes = waitingMs * this.#settings.bytesPerMs;
      this.#busyUntilMs = nowMs + bytes / settings.bytesPerMs;
    }
    if (settings.burstStart === 0) this.#burstLeft = 0;
    if (settings.enterBad === 0) this.#isBad = false;
    this.#conditions = conditions;
    this.#settings = settings;
  }

  /**
   * Decides what becomes of a datagram.
   *
   * @param bytes How long it is: 0 or more.
   * @param nowMs When it is sent, in milliseconds; never less than before.
   * @returns How often it arrives: 0, 1 or 2.
   */
  send(bytes: number, nowMs: number): number {
    const settings = this.#settings;
    const counters = this.#counters;
    counters.sent += 1;
    counters.sentBytes += bytes;
    if (settings.isBlackout) {
      counters.blackout += 1;
      return 0;
    }
    if (bytes > settings.mtuBytes) {
      counters.tooLarge += 1;
      return 0;
    }
    let departureMs = nowMs;
    if (settings.bytesPerMs !== Infinity) {
      const busyUntilMs = Math.max(this.#busyUntilMs, nowMs);
      const waiting = (busyUntilMs - nowMs) * settings.bytesPerMs;
      if (waiting + bytes > settings.queueBytes) {
        counters.queueFull += 1;
        return 0;
      }
      departureMs = busyUntilMs + bytes / settings.bytesPerMs;
      this.#busyUntilMs = departureMs;
    }
    if (this.#isLost(settings)) return 0;
    counters.carried += 1;
    counters.carriedBytes += bytes;
    this.#travel(settings, bytes, departureMs, this.#first);
    if (!this.#happens(settings.duplication)) return 1;
    counters.duplicated += 1;
    this.#travel(settings, bytes, departureMs, this.#second);
    return 2;
  }

  /**
   * Damages what arrives, as an arrival's `flippedBits` says. The same bit may be hit twice.
   *
   * @param datagram The bytes as they arrive; written to. Nothing happens to an empty one.
   * @param count How many bits.
   */
  flipBits(datagram: Uint8Array, count: number): void {
    if (datagram.length === 0) return;
    for (let i = 0; i < count; i++) {
      const at = this.#below(datagram.length * 8);
      datagram[at >>> 3]! ^= 1 << (at & 7);
    }
  }

  #isLost(settings: PathSettings): boolean {
    const counters = this.#counters;
    // The models go on beside one another, so that each has its own statistics.
    let isLost = false;
    if (settings.burstStart > 0) {
      if (this.#burstLeft > 0) {
        this.#burstLeft -= 1;
        isLost = true;
      } else if (this.#happens(settings.burstStart)) {
        this.#burstLeft = settings.burstLength - 1;
        isLost = true;
      }
      if (isLost) counters.lostInBurst += 1;
    }
    if (settings.enterBad > 0) {
      const turn = this.#isBad ? settings.leaveBad : settings.enterBad;
      if (this.#happens(turn)) this.#isBad = !this.#isBad;
      const loss = this.#isBad ? settings.lossInBad : settings.lossInGood;
      if (this.#happens(loss) && !isLost) {
        counters.lostInBadState += 1;
        isLost = true;
      }
    }
    if (!isLost && this.#happens(settings.loss)) {
      counters.lost += 1;
      isLost = true;
    }
    return isLost;
  }

  #travel(
    settings: PathSettings,
    bytes: number,
    departureMs: number,
    arrival: Arrival,
  ): void {
    let atMs = departureMs + settings.latencyMs;
    if (settings.jitterMs > 0) {
      atMs += settings.jitterMs *
        (settings.isGamma ? this.#gamma() : this.#uniform());
    }
    if (this.#happens(settings.reordering)) {
      this.#counters.heldBack += 1;
      atMs += settings.reorderingMs;
    } else if (settings.jitterReorders) {
      // Kept for the time when the conditions forbid to overtake.
      if (atMs > this.#lastArrivalMs) this.#lastArrivalMs = atMs;
    } else {
      if (atMs < this.#lastArrivalMs) atMs = this.#lastArrivalMs;
      this.#lastArrivalMs = atMs;
    }
    arrival.atMs = atMs;
    arrival.bytes = bytes;
    arrival.flippedBits = 0;
    if (bytes === 0) return;
    if (this.#happens(settings.truncation)) {
      this.#counters.truncated += 1;
      arrival.bytes = this.#below(bytes);
    }
    if (this.#happens(settings.corruption)) {
      this.#counters.corrupted += 1;
      arrival.flippedBits = 1 + (this.#random.nextU32() & FLIP_MASK);
    }
  }

  /** Draws nothing for what never happens. */
  #happens(threshold: number): boolean {
    return threshold > 0 && this.#random.nextU32() < threshold;
  }

  #below(count: number): number {
    return Math.floor(this.#uniform() * count);
  }

  #uniform(): number {
    return this.#random.nextU32() / TWO_TO_32;
  }

  /** Gamma of shape 2 and mean 1. */
  #gamma(): number {
    return (this.#exponential() + this.#exponential()) / 2;
  }

  /**
   * An exponential variate of mean 1 by comparing alone (John von Neumann, "Various techniques used in connection with random
   * digits", 1951): a logarithm may differ in its last bit between engines.
   */
  #exponential(): number {
    for (let whole = 0;; whole++) {
      const first = this.#uniform();
      let last = first;
      let length = 1;
      for (let next = this.#uniform(); next < last; next = this.#uniform()) {
        last = next;
        length += 1;
      }
      if (length % 2 === 1) return whole + first;
    }
  }
}

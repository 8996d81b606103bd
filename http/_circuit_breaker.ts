// This module is browser compatible.

import type { Random } from "../core/mod.ts";

/**
 * State of a {@linkcode CircuitBreaker}: `closed` lets every attempt through, `open`
 * none, `halfOpen` one at a time as a probe.
 */
export type CircuitState = "closed" | "open" | "halfOpen";

/** Options for {@linkcode CircuitBreaker}. */
export interface BreakerOptions {
  /** Source of the jitter: one generator per client, or all clients come back together. */
  readonly random: Random;
  /**
   * Failures in a row that open the circuit: a whole number, 1 or more.
   *
   * @default {5}
   */
  readonly failureThreshold?: number;
  /**
   * How long the circuit stays open at first, in milliseconds, before the jitter.
   *
   * @default {5_000}
   */
  readonly openMs?: number;
  /**
   * The longest that it stays open, in milliseconds, before the jitter.
   *
   * @default {60_000}
   */
  readonly maxOpenMs?: number;
}

/** The longest that a probe is held back, in milliseconds: a second, the rhythm in which many games ask. */
const MAX_PROBE_SPREAD_MS = 1_000;

/**
 * Stops sending to an origin that fails, and finds out gently when it is back.
 *
 * After `failureThreshold` failures in a row the circuit opens: for some time nothing is
 * sent. Then one attempt goes through as a probe. Its success closes the circuit, its
 * failure opens it again for twice as long, up to `maxOpenMs`. Each opening time is
 * multiplied by a random factor from 0.5 to 1.5, so that clients that saw the same outage
 * do not come back in the same moment, and the probe takes its turn at a random moment of
 * the second (or of a fifth of `openMs`, if that is shorter) after there is something to send.
 *
 * Answers arrive late: an attempt begun before the circuit opened may end while another
 * is the probe. So an attempt keeps the {@linkcode CircuitBreaker.generation} that it
 * began in and reports its end with it, and reports from an earlier generation are ignored.
 *
 * Every attempt that was let through must end in exactly one report. Time comes in as
 * milliseconds of any clock that does not go backwards.
 *
 * Source: Nygard, "Release It!", 2nd edition, 2018, section 5.2 (the pattern and its three
 * states); Brooker, "Exponential Backoff And Jitter", 2015 (why the random factor).
 *
 * @example Open, probe, close
 * ```ts
 * import { SeededRandom } from "../core/mod.ts";
 * import { CircuitBreaker } from "./_circuit_breaker.ts";
 * import { assert, assertEquals, assertFalse } from "@std/assert";
 *
 * const breaker = new CircuitBreaker({ random: new SeededRandom(1), failureThreshold: 1 });
 * assert(breaker.tryAcquire(0));
 * assertEquals(breaker.onFailure(breaker.generation, 100), "open");
 * assertFalse(breaker.tryAcquire(101));
 *
 * const later = breaker.retryAtMs;
 * assertEquals(breaker.advance(later), "halfOpen");
 * assert(breaker.tryAcquire(later + 1_000));
 * assertFalse(breaker.tryAcquire(later + 1_000));
 * assertEquals(breaker.onSuccess(breaker.generation), "closed");
 * ```
 */
export class CircuitBreaker {
  readonly #random: Random;
  readonly #failureThreshold: number;
  readonly #openMs: number;
  readonly #maxOpenMs: number;
  #state: CircuitState = "closed";
  #generation = 0;
  #failures = 0;
  #nextOpenMs: number;
  #retryAtMs = 0;
  #probing = false;
  #probeAtMs = 0;

  /**
   * Makes a closed circuit.
   *
   * @param options When to open, for how long, and the source of the jitter.
   * @throws {RangeError} If an option is outside its limits.
   */
  constructor(options: BreakerOptions) {
    const {
      random,
      failureThreshold = 5,
      openMs = 5_000,
      maxOpenMs = Math.max(openMs, 60_000),
    } = options;
    if (!Number.isInteger(failureThreshold) || failureThreshold < 1) {
      throw new RangeError(
        `Cannot create circuit breaker as failureThreshold must be a whole number >= 1: current value is ${failureThreshold}`,
      );
    }
    if (!(openMs > 0 && openMs < Infinity)) {
      throw new RangeError(
        `Cannot create circuit breaker as openMs must be a finite number > 0: current value is ${openMs}`,
      );
    }
    if (!(maxOpenMs >= openMs && maxOpenMs < Infinity)) {
      throw new RangeError(
        `Cannot create circuit breaker as maxOpenMs must be a finite number >= openMs: current value is ${maxOpenMs}`,
      );
    }
    this.#random = random;
    this.#failureThreshold = failureThreshold;
    this.#openMs = openMs;
    this.#maxOpenMs = maxOpenMs;
    this.#nextOpenMs = openMs;
  }

  /** The state. An open circuit stays `open` until {@linkcode CircuitBreaker.advance} is called in time. */
  get state(): CircuitState {
    return this.#state;
  }

  /** The number that an attempt keeps from {@linkcode CircuitBreaker.tryAcquire} to the report of its end. */
  get generation(): number {
    return this.#generation;
  }

  /** When {@linkcode CircuitBreaker.advance} half opens an open circuit, in milliseconds. Says nothing in the other states. */
  get retryAtMs(): number {
    return this.#retryAtMs;
  }

  /**
   * Moves on to `halfOpen` once the opening time is over. To be called when there is something to send: the probe is let
   * through at a random moment of the time after that, so that clients whose players all act at the same
   * moment do not probe together.
   *
   * @param nowMs The time now, in milliseconds.
   * @returns The new state if the state changed.
   */
  advance(nowMs: number): CircuitState | undefined {
    if (this.#state !== "open" || nowMs < this.#retryAtMs) return undefined;
    this.#probeAtMs = nowMs +
      Math.min(MAX_PROBE_SPREAD_MS, this.#openMs / 5) *
        this.#random.nextFloat();
    return this.#enter("halfOpen");
  }

  /**
   * Tells whether an attempt may be made now.
   *
   * @param nowMs The time now, in milliseconds.
   * @returns `true` if the circuit is closed, or half open and the probe is due and not under way.
   */
  isReady(nowMs: number): boolean {
    return this.#state === "closed" ||
      (this.#state === "halfOpen" && !this.#probing &&
        nowMs >= this.#probeAtMs);
  }

  /**
   * Begins an attempt, if one may be made now. In a half-open circuit it is the probe.
   *
   * @param nowMs The time now, in milliseconds.
   * @returns `true` if the attempt may be made: read {@linkcode CircuitBreaker.generation} then, and report its end.
   */
  tryAcquire(nowMs: number): boolean {
    if (!this.isReady(nowMs)) return false;
    this.#probing = this.#state === "halfOpen";
    return true;
  }

  /**
   * Reports that an attempt succeeded: the origin answered, and not with an error of its own.
   *
   * @param generation The generation in which the attempt began.
   * @returns The new state if the state changed: the probe closes the circuit.
   */
  onSuccess(generation: number): CircuitState | undefined {
    if (generation !== this.#generation) return undefined;
    this.#failures = 0;
    if (this.#state === "closed") return undefined;
    this.#nextOpenMs = this.#openMs;
    return this.#enter("closed");
  }

  /**
   * Reports that an attempt failed.
   *
   * @param generation The generation in which the attempt began.
   * @param nowMs The time now, in milliseconds.
   * @returns The new state if the state changed: a failed probe opens the circuit, and so does one failure too many.
   */
  onFailure(generation: number, nowMs: number): CircuitState | undefined {
    if (generation !== this.#generation) return undefined;
    if (this.#state === "closed") {
      this.#failures++;
      if (this.#failures < this.#failureThreshold) return undefined;
    }
    // After the limit, not before it: limited afterwards, half of all clients would wait for the same time.
    this.#retryAtMs = nowMs +
      this.#nextOpenMs * (0.5 + this.#random.nextFloat());
    this.#nextOpenMs = Math.min(this.#nextOpenMs * 2, this.#maxOpenMs);
    return this.#enter("open");
  }

  /**
   * Reports that an attempt was cancelled, which says nothing about the origin. If it was
   * the probe, the next to ask makes another one.
   *
   * @param generation The generation in which the attempt began.
   */
  onCancel(generation: number): void {
    if (generation !== this.#generation || !this.#probing) return;
    // The cancelled probe may still answer, when another is under way.
    this.#enter("halfOpen");
  }

  #enter(state: CircuitState): CircuitState {
    this.#state = state;
    this.#generation++;
    this.#failures = 0;
    this.#probing = false;
    return state;
  }
}

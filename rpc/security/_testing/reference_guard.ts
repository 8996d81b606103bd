// This module is browser compatible.
import type { RpcBudget } from "../rpc_limits.ts";

/**
 * A token bucket as one would write it on paper: a level, in parts of a token so small
 * that every refill is a whole number of them, in exact arithmetic.
 */
export class ReferenceBucket {
  readonly #perTick: bigint;
  readonly #full: bigint;
  #level: bigint;

  /** Rates are whole numbers; the time is in ticks of 1/1024 s. */
  constructor({ perSecond, burst }: RpcBudget) {
    this.#perTick = BigInt(perSecond);
    this.#full = BigInt(burst) * 1024n;
    this.#level = this.#full;
  }

  tick(ticks: number): void {
    const level = this.#level + this.#perTick * BigInt(ticks);
    this.#level = level > this.#full ? this.#full : level;
  }

  take(count: number): boolean {
    const cost = BigInt(count) * 1024n;
    if (cost > this.#level) return false;
    this.#level -= cost;
    return true;
  }

  hasAny(): boolean {
    return this.#level > 0n;
  }

  /** `count` is a whole number of 1/1024. */
  spend(count: number): void {
    this.#level -= BigInt(count * 1024);
    if (this.#level < -this.#full) this.#level = -this.#full;
  }
}

/** Watches what was granted, and when: what it was over any stretch of time. */
export class BudgetWatch {
  readonly #budget: RpcBudget;
  readonly #tolerance: number;
  /** The most that was granted in any stretch that ends now, beyond what flows in. */
  #beyond = 0;
  #atMs = 0;

  constructor(budget: RpcBudget, tolerance = 1e-6) {
    this.#budget = budget;
    this.#tolerance = tolerance;
  }

  /** Returns whether all stretches that end now are within the rate and one burst. */
  grant(count: number, nowMs: number): boolean {
    const inflow = (nowMs - this.#atMs) * this.#budget.perSecond / 1_000;
    this.#atMs = nowMs;
    // The stretch that granted most beyond its inflow goes on, or one begins here.
    this.#beyond = Math.max(0, this.#beyond - inflow) + count;
    return this.#beyond <= this.#budget.burst + this.#tolerance;
  }
}

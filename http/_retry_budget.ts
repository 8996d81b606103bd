// This module is browser compatible.

/** Options for {@linkcode RetryBudget}. */
export interface RetryBudgetOptions {
  /**
   * Retries that every first attempt pays for: 0 to 1, in steps of 0.001.
   *
   * @default {0.1}
   */
  readonly ratio?: number;
  /**
   * Retries in hand at the start, and the most that can ever be saved up: a whole number from 0 to 1,000,000.
   *
   * @default {10}
   */
  readonly reserve?: number;
}

// Whole thousandths: ten deposits of the double 0.1 would make a little less than one retry.
const UNITS_PER_RETRY = 1000;

/**
 * A bound on retries, so that an outage is not amplified by the clients that meet it.
 *
 * Every first attempt deposits a fraction of a retry and every retry takes a whole
 * one, so that in the long run retries are at most `ratio` of all requests, however
 * many attempts each request would be allowed. The reserve lets a quiet client retry,
 * and is also the limit of what can be saved up, so that hours of good service do not
 * pay for a storm of retries.
 *
 * Source: `RetryBudget` of Twitter's Finagle and the retry throttling of gRPC (proposal A6);
 * Beyer et al., "Site Reliability Engineering", 2016, chapter 21, "Deciding to Retry".
 *
 * @example Retries run out
 * ```ts
 * import { RetryBudget } from "./_retry_budget.ts";
 * import { assert, assertFalse } from "@std/assert";
 *
 * const budget = new RetryBudget({ ratio: 0.5, reserve: 1 });
 * assert(budget.tryWithdraw());
 * budget.deposit();
 * assertFalse(budget.tryWithdraw());
 * budget.deposit();
 * assert(budget.tryWithdraw());
 * ```
 */
export class RetryBudget {
  readonly #depositUnits: number;
  readonly #maxUnits: number;
  #units: number;

  /**
   * Makes a budget that holds its whole reserve.
   *
   * @param options How much each request pays in and how much is held.
   * @throws {RangeError} If an option is outside its limits.
   */
  constructor(options: RetryBudgetOptions = {}) {
    const { ratio = 0.1, reserve = 10 } = options;
    if (!(ratio >= 0 && ratio <= 1)) {
      throw new RangeError(
        `Cannot create retry budget as ratio must be 0 to 1: current value is ${ratio}`,
      );
    }
    if (!Number.isInteger(reserve) || reserve < 0 || reserve > 1_000_000) {
      throw new RangeError(
        `Cannot create retry budget as reserve must be a whole number from 0 to 1000000: current value is ${reserve}`,
      );
    }
    this.#depositUnits = Math.round(ratio * UNITS_PER_RETRY);
    this.#maxUnits = reserve * UNITS_PER_RETRY;
    this.#units = this.#maxUnits;
  }

  /** Number of retries that could be made now. */
  get balance(): number {
    return Math.floor(this.#units / UNITS_PER_RETRY);
  }

  /** Pays in for one first attempt. */
  deposit(): void {
    this.#units = Math.min(this.#units + this.#depositUnits, this.#maxUnits);
  }

  /**
   * Pays for one retry, if there is enough.
   *
   * @returns `true` if the retry may be made.
   */
  tryWithdraw(): boolean {
    if (this.#units < UNITS_PER_RETRY) return false;
    this.#units -= UNITS_PER_RETRY;
    return true;
  }
}

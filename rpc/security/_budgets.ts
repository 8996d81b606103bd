// This module is browser compatible.
import type { RpcBudget } from "./rpc_limits.ts";

/** The sizes of a row of token buckets, and their time, which many rows share. */
export class BudgetSizes {
  readonly perSecond: Float64Array;
  readonly capacity: Float64Array;
  /** The time. It is in an array as a number that is no integer is boxed in an argument. */
  readonly nowMs: Float64Array = new Float64Array(1);

  constructor(budgets: readonly RpcBudget[]) {
    this.perSecond = Float64Array.from(budgets, (b) => b.perSecond);
    this.capacity = Float64Array.from(budgets, (b) => b.burst);
  }
}

/**
 * A row of token buckets, full at first. Like core's `TokenBucket` it keeps when each was
 * last full and what was taken since, so that nothing drifts; it differs in that it is
 * one array for all buckets of a client, checks nothing, and can be in debt.
 */
export class Budgets {
  readonly #sizes: BudgetSizes;
  /** Per bucket: when it was last full, and what was taken since. */
  readonly #state: Float64Array;

  constructor(sizes: BudgetSizes) {
    this.#sizes = sizes;
    this.#state = new Float64Array(2 * sizes.capacity.length);
  }

  /** Takes all of `count`, or returns `false` and takes nothing. */
  take(index: number, count: number): boolean {
    const state = this.#state;
    const at = 2 * index;
    const perSecond = this.#sizes.perSecond[index]!;
    const nowMs = this.#sizes.nowMs[0]!;
    // It is full again: what was taken before is told no more.
    if (nowMs >= state[at]! + durationMs(state[at + 1]!, perSecond)) {
      state[at] = nowMs;
      state[at + 1] = 0;
    }
    const taken = state[at + 1]! + count;
    const missing = taken - this.#sizes.capacity[index]!;
    if (missing > 0 && nowMs < state[at]! + durationMs(missing, perSecond)) {
      return false;
    }
    state[at + 1] = taken;
    return true;
  }

  /** Whether anything at all is left. */
  hasAny(index: number): boolean {
    const at = 2 * index;
    const missing = this.#state[at + 1]! - this.#sizes.capacity[index]!;
    return missing < 0 ||
      this.#sizes.nowMs[0]! >
        this.#state[at]! + durationMs(missing, this.#sizes.perSecond[index]!);
  }

  /** Takes `count` whatever is left: the debt is `maxDebt` at most. */
  spend(index: number, count: number, maxDebt: number): void {
    const state = this.#state;
    const at = 2 * index;
    const perSecond = this.#sizes.perSecond[index]!;
    const nowMs = this.#sizes.nowMs[0]!;
    // It is full again: what was taken before is told no more.
    if (nowMs >= state[at]! + durationMs(state[at + 1]!, perSecond)) {
      state[at] = nowMs;
      state[at + 1] = 0;
    }
    const inflow = (nowMs - state[at]!) * perSecond / 1_000;
    const most = inflow + this.#sizes.capacity[index]! + maxDebt;
    state[at + 1] = Math.min(state[at + 1]! + count, most);
  }
}

/**
 * How long so many tokens take to flow in. Divided last, so that it is rounded once: 30
 * of them at 30 per second take 1,000 ms, and not a little more.
 */
function durationMs(tokens: number, perSecond: number): number {
  return tokens * 1_000 / perSecond;
}

// This module is browser compatible.
import type { RedisLike } from "../../core/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import type { RedisScript } from "./_script.ts";

/** The calls of a store that wait for Redis: bounded, counted, and waited for at the end. */
export class RedisCalls {
  /** How many were rejected at the bound. */
  refused = 0;
  readonly #redis: RedisLike;
  readonly #maxPending: number;
  #pending = 0;
  #onIdle: (() => void) | undefined;
  #isClosed = false;

  constructor(redis: RedisLike, maxPending: number) {
    this.#redis = redis;
    this.#maxPending = maxPending;
  }

  /** Does what a call of the store is about. */
  async call<Result>(task: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) {
      throw new LeaderboardError(
        "closed",
        "Cannot use a store as it is closed",
      );
    }
    if (this.#pending >= this.#maxPending) {
      this.refused += 1;
      throw new LeaderboardError(
        "storeFailed",
        `Cannot use Redis as at most ${this.#maxPending} calls may wait for it: current value is ${this.#pending}`,
      );
    }
    this.#pending += 1;
    try {
      return await task();
    } finally {
      this.#pending -= 1;
      if (this.#pending === 0) this.#onIdle?.();
    }
  }

  /** Runs a script whose reply is an array. */
  async run(
    script: RedisScript,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<unknown[]> {
    const reply = await guard(script.run(this.#redis, keys, args));
    return readable(Array.isArray(reply) ? reply : undefined);
  }

  command(args: readonly string[]): Promise<unknown> {
    return guard(this.#redis.command(args));
  }

  /** Refuses further calls, and resolves when those that wait are done. */
  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#pending === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await promise;
  }
}

/** Has a rejection of the client say that the store failed. */
export async function guard<Reply>(reply: Promise<Reply>): Promise<Reply> {
  try {
    return await reply;
  } catch (cause) {
    throw new LeaderboardError(
      "storeFailed",
      `Cannot use Redis as it must carry out every command: ${
        cause instanceof Error ? cause.message : cause
      }`,
      { cause },
    );
  }
}

/** What is stored under our keys is ours, but for what somebody else has done. */
export function readable<Value>(value: Value | undefined): Value {
  if (value !== undefined) return value;
  throw new LeaderboardError(
    "storeFailed",
    "Cannot read from Redis as what is there must have been written by this store",
  );
}

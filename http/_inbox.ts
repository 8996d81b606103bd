// This module is browser compatible.

import type { Attempt, AttemptNews } from "./_attempt.ts";
import type { RestoredRequest } from "./_durable_queue.ts";
import type { Job } from "./_job.ts";
import type { CacheLookup, CacheResult } from "./cache/http_cache.ts";

/** What comes back from attempts, cache stores and journals. */
export type News =
  | AttemptNews
  | {
    readonly type: "lookup";
    readonly job: Job;
    readonly lookup: CacheLookup | undefined;
  }
  | {
    readonly type: "settled";
    readonly job: Job;
    readonly attempt: Attempt;
    /** `undefined` if the cache failed. */
    readonly result: CacheResult | undefined;
  }
  | { readonly type: "stored"; readonly job: Job; readonly journalId: number }
  | { readonly type: "storeFailed"; readonly job: Job; readonly error: unknown }
  | { readonly type: "restored"; readonly requests: RestoredRequest[] };

/** Where news wait for the next tick, so that nothing happens between ticks. */
export class Inbox {
  readonly #onWake: (() => void) | undefined;
  #news: News[] = [];
  #spare: News[] = [];

  constructor(onWake: (() => void) | undefined) {
    this.#onWake = onWake;
  }

  get isEmpty(): boolean {
    return this.#news.length === 0;
  }

  push(news: News): void {
    this.#news.push(news);
    if (this.#onWake === undefined || this.#news.length > 1) return;
    try {
      this.#onWake();
    } catch (error) {
      // The game's mistake is not the attempt's failure: it goes where uncaught errors go.
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  /** Takes all news in; what comes meanwhile waits for the next time. */
  takeAll(take: (news: News) => void): void {
    const news = this.#news;
    this.#news = this.#spare;
    this.#spare = news;
    for (let i = 0; i < news.length; i++) take(news[i]!);
    news.length = 0;
  }
}

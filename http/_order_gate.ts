// This module is browser compatible.

import type { Job } from "./_job.ts";

/** Holds back each request until those before it that have a key in common with it have ended. */
export class OrderGate {
  /** By key: who has not ended, first come first. */
  readonly #queues = new Map<string, Job[]>();

  /** Lines a request up: behind all others or, if an earlier run sent it, behind those of that run. */
  add(job: Job): void {
    for (const key of job.request.orderKeys) {
      const queue = this.#queues.get(key);
      if (queue === undefined) {
        this.#queues.set(key, [job]);
        continue;
      }
      const index = job.isRestored
        ? queue.findIndex((other) => !other.isRestored)
        : -1;
      if (index < 0) queue.push(job);
      else queue.splice(index, 0, job);
    }
  }

  /** Whether nobody is before a request. */
  isFirst(job: Job): boolean {
    for (const key of job.request.orderKeys) {
      if (this.#queues.get(key)![0] !== job) return false;
    }
    return true;
  }

  /** Takes a request out that has ended. Returns those that were behind it and now may be first. */
  remove(job: Job): readonly Job[] {
    const next = new Set<Job>();
    for (const key of job.request.orderKeys) {
      const queue = this.#queues.get(key);
      const index = queue?.indexOf(job) ?? -1;
      if (index < 0) continue;
      queue!.splice(index, 1);
      if (queue!.length === 0) this.#queues.delete(key);
      else if (index === 0) next.add(queue![0]!);
    }
    return [...next].filter((job) => this.isFirst(job));
  }
}

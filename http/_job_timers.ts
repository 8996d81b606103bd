// This module is browser compatible.

import { IndexedHeap } from "./_indexed_heap.ts";
import type { Job, JobTimer } from "./_job.ts";

/** The timers of all jobs: each job has one, for the end of its phase or its deadline, whichever comes first. */
export class JobTimers {
  readonly #heap: IndexedHeap<JobTimer> = new IndexedHeap();

  /** Sets when the job's phase is over; `Infinity` leaves its deadline alone. */
  schedule(job: Job, phaseDueMs: number): void {
    job.phaseDueMs = phaseDueMs;
    const dueMs = Math.min(phaseDueMs, job.deadlineAtMs);
    const { timer } = job;
    // A timer that fires too early is set again then: cheaper than moving it for every change.
    if (timer.heapIndex !== -1) {
      if (timer.heapKey <= dueMs) return;
      this.#heap.remove(timer);
    }
    if (dueMs === Infinity) return;
    timer.heapKey = dueMs;
    this.#heap.push(timer);
  }

  cancel(job: Job): void {
    this.#heap.remove(job.timer);
  }

  /** Takes a job whose phase or deadline is over. */
  takeDue(nowMs: number): Job | undefined {
    while (true) {
      const timer = this.#heap.peek();
      if (timer === undefined || timer.heapKey > nowMs) return undefined;
      this.#heap.pop();
      const { job } = timer;
      if (nowMs >= job.deadlineAtMs || nowMs >= job.phaseDueMs) return job;
      this.schedule(job, job.phaseDueMs);
    }
  }
}

// This module is browser compatible.

import type { Job } from "./_job.ts";
import { CachePolicy } from "./cache_policy.ts";
import { Method } from "./method.ts";

/**
 * Lets identical requests wait for the first of them, the leader. They are identical if the same response would
 * answer them all: same URL, same header fields, same use of the cache. They also have the same time and retries,
 * since what fails for the leader fails for all.
 */
export class Coalescer {
  /** By URL, a key that costs nothing to make. */
  readonly #leaders = new Map<string, Job[]>();
  /** In sets: a game may cancel thousands of requests for the same thing in one frame. */
  readonly #followers = new Map<Job, Set<Job>>();

  /** Makes a job follow an identical one, or lead those to come. Returns its leader, or `undefined` if it has none. */
  join(job: Job): Job | undefined {
    if (!mayShare(job)) return undefined;
    const leaders = this.#leaders.get(job.url);
    const leader = leaders?.find((it) => isIdentical(it, job));
    if (leader === undefined) {
      if (leaders === undefined) this.#leaders.set(job.url, [job]);
      else if (leaders.length < MAX_LEADERS_PER_URL) leaders.push(job);
      else return undefined;
      job.leads = true;
      return undefined;
    }
    job.leader = leader;
    const followers = this.#followers.get(leader);
    if (followers === undefined) this.#followers.set(leader, new Set([job]));
    else followers.add(job);
    return leader;
  }

  /** Takes a job out, as leader or as follower. Returns those that followed it, in the order they came. */
  leave(job: Job): Iterable<Job> {
    if (job.leader !== undefined) {
      this.#followers.get(job.leader)?.delete(job);
      job.leader = undefined;
    }
    if (job.leads) {
      job.leads = false;
      const leaders = this.#leaders.get(job.url)!;
      if (leaders.length === 1) this.#leaders.delete(job.url);
      else leaders.splice(leaders.indexOf(job), 1);
    }
    const followers = this.#followers.get(job);
    if (followers === undefined) return NO_JOBS;
    this.#followers.delete(job);
    for (const follower of followers) follower.leader = undefined;
    return followers;
  }
}

const NO_JOBS: readonly Job[] = [];
// Each is compared with: more requests for one URL that differ in their header fields go their own ways.
const MAX_LEADERS_PER_URL = 16;

function mayShare(job: Job): boolean {
  const { method, cachePolicy, reportsProgress, isDurable } = job.request;
  return method === Method.GET && !reportsProgress && !isDurable &&
    (cachePolicy === undefined || cachePolicy === CachePolicy.UseCache);
}

function isIdentical(a: Job, b: Job): boolean {
  if (
    a.request.cachePolicy !== b.request.cachePolicy ||
    a.request.redirect !== b.request.redirect ||
    a.maxBodyBytes !== b.maxBodyBytes || a.timeoutMs !== b.timeoutMs ||
    a.retries !== b.retries || a.headers.size !== b.headers.size
  ) {
    return false;
  }
  for (const [name, value] of a.headers) {
    if (b.headers.get(name) !== value) return false;
  }
  return true;
}

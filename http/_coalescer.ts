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
  readonly #leaders = new Map<string, Job>();
  /** In sets: a game may cancel thousands of requests for the same thing in one frame. */
  readonly #followers = new Map<Job, Set<Job>>();

  /** Makes a job follow an identical one, or lead those to come. Returns its leader, or `undefined` if it has none. */
  join(job: Job): Job | undefined {
    if (!mayShare(job)) return undefined;
    const key = shareKey(job);
    const leader = this.#leaders.get(key);
    if (leader === undefined) {
      job.shareKey = key;
      this.#leaders.set(key, job);
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
    if (job.shareKey !== "") {
      this.#leaders.delete(job.shareKey);
      job.shareKey = "";
    }
    const followers = this.#followers.get(job);
    if (followers === undefined) return NO_JOBS;
    this.#followers.delete(job);
    for (const follower of followers) follower.leader = undefined;
    return followers;
  }
}

const NO_JOBS: readonly Job[] = [];

function mayShare(job: Job): boolean {
  const { method, cachePolicy, reportsProgress, isDurable } = job.request;
  return method === Method.GET && !reportsProgress && !isDurable &&
    (cachePolicy === undefined || cachePolicy === CachePolicy.UseCache);
}

function shareKey(job: Job): string {
  const { cachePolicy, redirect } = job.request;
  let key =
    `${cachePolicy} ${redirect} ${job.maxBodyBytes} ${job.timeoutMs} ${job.retries} ${job.url}`;
  for (const [name, value] of job.headers) key += `\n${name}:${value}`;
  return key;
}

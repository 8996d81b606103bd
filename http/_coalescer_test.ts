import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { Coalescer } from "./_coalescer.ts";
import { Job } from "./_job.ts";
import { HttpHeaders } from "./headers.ts";
import { HttpRequest } from "./request.ts";
import type { RequestId } from "./event.ts";

function makeJob(id: number): Job {
  const job = new Job(id as RequestId, HttpRequest.get("http://a.test/"), id);
  job.url = job.request.url;
  job.headers = new HttpHeaders();
  return job;
}

Deno.test("Coalescer.leave() gives back a leader's followers in their order, without those that left", () => {
  const coalescer = new Coalescer();
  const [leader, ...followers] = [1, 2, 3, 4, 5].map(makeJob);
  assertEquals(coalescer.join(leader!), undefined);
  for (const job of followers) {
    assertStrictEquals(coalescer.join(job), leader);
  }
  assertEquals([...coalescer.leave(followers[1]!)], []);
  assertEquals([...coalescer.leave(followers[1]!)], []);
  const left = [...coalescer.leave(leader!)];
  assertEquals(left.map((job) => job.id as number), [2, 4, 5]);
  assert(left.every((job) => job.leader === undefined));
  assertEquals([...coalescer.leave(leader!)], []);
  // The next one leads anew.
  assertEquals(coalescer.join(left[0]!), undefined);
  assertStrictEquals(coalescer.join(left[1]!), left[0]);
});

Deno.test("Coalescer.leave() of 200,000 followers, the last one first, takes no quadratic time", () => {
  const coalescer = new Coalescer();
  coalescer.join(makeJob(1));
  const followers = Array.from({ length: 200_000 }, (_, i) => makeJob(i + 2));
  for (const job of followers) coalescer.join(job);
  const startMs = performance.now();
  for (const job of followers.reverse()) coalescer.leave(job);
  const tookMs = performance.now() - startMs;
  assert(tookMs < 1_000, `${tookMs} ms`);
});

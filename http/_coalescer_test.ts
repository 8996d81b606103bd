import { assertEquals, assertStrictEquals } from "@std/assert";
import { Coalescer } from "./_coalescer.ts";
import { Job } from "./_job.ts";
import { CachePolicy } from "./cache_policy.ts";
import type { RequestId } from "./event.ts";
import { HttpHeaders, type HttpHeadersInit } from "./headers.ts";
import { HttpRequest } from "./request.ts";

const URL_A = "https://example.com/a";

function jobFor(
  request: HttpRequest = HttpRequest.get(URL_A),
  headers: HttpHeadersInit = {},
): Job {
  const job = new Job(1 as RequestId, request, 1);
  job.url = request.url;
  job.headers = new HttpHeaders(headers);
  return job;
}

Deno.test("Coalescer.join() makes identical jobs follow the first", () => {
  const coalescer = new Coalescer();
  const leader = jobFor(undefined, { accept: "text/html", range: "bytes=0-" });
  const first = jobFor(undefined, { range: "bytes=0-", accept: "text/html" });
  const second = jobFor(undefined, leader.headers);
  assertEquals(coalescer.join(leader), undefined);
  assertStrictEquals(coalescer.join(first), leader);
  assertStrictEquals(coalescer.join(second), leader);
  assertEquals([...coalescer.leave(leader)], [first, second]);
  assertEquals(first.leader, undefined);
});

Deno.test("Coalescer.join() keeps apart what is not identical", () => {
  const slow = jobFor();
  slow.timeoutMs = 1;
  const tenacious = jobFor();
  tenacious.retries = 9;
  const small = jobFor();
  small.maxBodyBytes = 1;
  const others = [
    jobFor(HttpRequest.get(`${URL_A}?`)),
    jobFor(HttpRequest.get(URL_A).withCache(CachePolicy.UseCache)),
    jobFor(HttpRequest.get(URL_A).withRedirect("manual")),
    jobFor(undefined, { accept: "text/html" }),
    jobFor(undefined, { accept: "" }),
    jobFor(undefined, { range: "text/html" }),
    slow,
    tenacious,
    small,
  ];
  const coalescer = new Coalescer();
  assertEquals(coalescer.join(jobFor()), undefined);
  for (const job of others) assertEquals(coalescer.join(job), undefined);
});

Deno.test("Coalescer.leave() lets the next one lead", () => {
  const coalescer = new Coalescer();
  const [html, text, plain] = [
    jobFor(undefined, { accept: "text/html" }),
    jobFor(undefined, { accept: "text/plain" }),
    jobFor(),
  ];
  for (const job of [html, text, plain]) coalescer.join(job);
  coalescer.leave(html);
  coalescer.leave(html);
  assertStrictEquals(
    coalescer.join(jobFor(undefined, text.headers)),
    text,
  );
  assertStrictEquals(coalescer.join(jobFor()), plain);
  assertEquals(coalescer.join(jobFor(undefined, html.headers)), undefined);
  coalescer.leave(plain);
  coalescer.leave(text);
  assertEquals(coalescer.join(jobFor()), undefined);
});

Deno.test("Coalescer.leave() takes a follower out", () => {
  const coalescer = new Coalescer();
  const [leader, gone, stays] = [jobFor(), jobFor(), jobFor()];
  for (const job of [leader, gone, stays]) coalescer.join(job);
  assertEquals([...coalescer.leave(gone)], []);
  assertEquals([...coalescer.leave(leader)], [stays]);
});

Deno.test("Coalescer.join() compares with no more than 16 for one URL", () => {
  const coalescer = new Coalescer();
  const jobs = Array.from(
    { length: 20 },
    (_, i) => jobFor(undefined, { range: `bytes=${i}-` }),
  );
  for (const job of jobs) assertEquals(coalescer.join(job), undefined);
  for (const [i, job] of jobs.entries()) {
    assertStrictEquals(
      coalescer.join(jobFor(undefined, job.headers)),
      i < 16 ? job : undefined,
    );
  }
  for (const job of jobs) coalescer.leave(job);
  assertEquals(coalescer.join(jobFor(undefined, jobs[0]!.headers)), undefined);
});

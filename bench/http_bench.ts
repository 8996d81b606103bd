// What the HTTP client costs, beside its peers in the same run. The contenders take turns in
// one process, the figures are medians over all rounds, and each promised figure is printed
// with what was measured, met or missed.
//
// wrapper      the client alone over a stub fetch, beside ky and ofetch
// tick         a frame with a long queue, and one with nothing to do
// cache_hit    an answer from memory, beside undici and axios-cache-interceptor
// throughput   requests per second over loopback, beside plain fetch, ky and ofetch
// url_flood    the cache under a million URLs
// bomb         a gzip bomb against the size cap
//
//     deno task bench http_bench.ts [--smoke] [--json] [--only=wrapper,tick]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureBomb, measureUrlFlood } from "./http/bounds.ts";
import { measureCacheHit } from "./http/cache_hit.ts";
import { measureThroughput } from "./http/throughput.ts";
import { measureTick } from "./http/tick.ts";
import { measureWrapper } from "./http/wrapper.ts";

const PARTS: Parts = {
  tick: measureTick,
  wrapper: measureWrapper,
  cache_hit: measureCacheHit,
  throughput: measureThroughput,
  bomb: measureBomb,
  url_flood: measureUrlFlood,
};

if (import.meta.main) await runParts(PARTS, Deno.args);

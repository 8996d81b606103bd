// What telemetry costs, beside posthog-node, @segment/analytics-node and OpenTelemetry's logs in the same run. The
// contenders take turns, the figures are medians over all rounds, and each promised figure is printed with what was
// measured, met or missed.
//
// record     the call that a game makes, and what an event costs until it has arrived
// wire       bytes of an event on the wire
// burst      what arrives of 20,000 events that a shutdown follows
// sketch     adding to the sketch of frame times, and its error
// collector  events a second into SQLite
// queries    what the dashboard asks for, over a million events
//
//     deno task bench analytics_bench.ts [--smoke] [--json] [--only=record]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureBurst } from "./analytics/burst.ts";
import { measureCollector } from "./analytics/collector.ts";
import { measureQueries } from "./analytics/queries.ts";
import { measureRecord } from "./analytics/record.ts";
import { measureSketch } from "./analytics/sketch.ts";
import { measureWire } from "./analytics/wire.ts";

const PARTS: Parts = {
  record: measureRecord,
  wire: measureWire,
  burst: measureBurst,
  sketch: measureSketch,
  collector: measureCollector,
  queries: measureQueries,
};

if (import.meta.main) await runParts(PARTS, Deno.args);

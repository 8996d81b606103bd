import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import { makeRows, rowOf, START_MS } from "./_testing/event_rows.ts";
import {
  METRICS_REQUEST,
  throughProtobuf,
  withoutEmpty,
} from "./_testing/otlp_proto.ts";
import { toMetricsRequest } from "./metrics_request.ts";
import type { OtlpMetricsRequest } from "./otlp_types.ts";

function sketchRow(
  values: Iterable<number>,
  hitches = 0,
): ReturnType<typeof rowOf> {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.add(value);
  return rowOf({
    name: "frameTime",
    data: JSON.stringify({ sketch: sketch.toJson(), hitches }),
  });
}

Deno.test("toMetricsRequest() is read by the official messages without loss", () => {
  const rows = [
    ...makeRows(200),
    sketchRow([0, Number.MIN_VALUE]),
    rowOf({
      title: "other",
      name: "memoryUsage",
      data: JSON.stringify({ sketch: [1e9, 1e9, 1e9, 0, 1913, 1] }),
    }),
  ];
  const request = toMetricsRequest(rows);
  assertEquals(request.resourceMetrics.length, 5);
  assertEquals(
    throughProtobuf(METRICS_REQUEST, JSON.stringify(request)),
    withoutEmpty(request) as Record<string, unknown>,
  );
});

Deno.test("toMetricsRequest() has every value in the bucket that OpenTelemetry has it in", () => {
  const random = new SeededRandom(9);
  const values = Array.from(
    { length: 500 },
    () => 2 ** (8 * random.nextFloat() - 2),
  );
  values.push(0, 0, 16, 32, 33.3);
  const request = toMetricsRequest([
    sketchRow(values.slice(0, 100), 2),
    sketchRow(values.slice(100), 3),
  ]);
  const decoded = throughProtobuf(METRICS_REQUEST, JSON.stringify(request));
  const { resourceMetrics } = decoded as unknown as OtlpMetricsRequest;
  const [histogram, hitches] = resourceMetrics[0]!.scopeMetrics[0]!.metrics;
  assertEquals(histogram!.name, "tickwire.frame.duration");
  assertEquals(histogram!.exponentialHistogram!.aggregationTemporality, 1);
  const point = histogram!.exponentialHistogram!.dataPoints[0]!;
  assertEquals([point.count, point.zeroCount, point.scale], ["505", "2", 6]);
  assertEquals([point.min, point.max], [0, Math.max(...values)]);
  const base = 2 ** (2 ** -point.scale);
  const { offset, bucketCounts } = point.positive;
  assertEquals(
    bucketCounts.reduce((sum, count) => sum + Number(count), 0),
    503,
  );
  for (const [at, count] of bucketCounts.entries()) {
    const lower = base ** (offset + at);
    const upper = base ** (offset + at + 1);
    // The powers of two are at the end of their buckets, to the last bit.
    const inside = values.filter((value) =>
      value > 0 && value > lower * (1 + 1e-12) && value <= upper * (1 + 1e-12)
    );
    assertEquals(Number(count), inside.length, `bucket ${offset + at}`);
  }
  assertEquals(hitches!.sum!.dataPoints[0]!.asInt, "5");
  assertEquals(hitches!.sum!.isMonotonic, true);
});

Deno.test("toMetricsRequest() has the interval of its rows, or the one that it is given", () => {
  const rows = makeRows(40).filter(({ name }) => name === "frameTime");
  const points = (options = {}) =>
    toMetricsRequest(rows, options).resourceMetrics.flatMap((
      { scopeMetrics },
    ) => scopeMetrics[0]!.metrics[0]!.exponentialHistogram!.dataPoints);
  for (const point of points()) {
    assertEquals(point.startTimeUnixNano, `${START_MS + 900}000000`);
    assertEquals(point.timeUnixNano, `${START_MS + 3900}000000`);
  }
  for (const point of points({ startMs: 5, endMs: 7 })) {
    assertEquals([point.startTimeUnixNano, point.timeUnixNano], [
      "5000000",
      "7000000",
    ]);
  }
});

Deno.test("toMetricsRequest() leaves out what is no sketch", () => {
  assertEquals(
    toMetricsRequest([
      rowOf({ name: "death" }),
      rowOf({ name: "frameTime", data: '{"sketch":[1],"hitches":1}' }),
      rowOf({ name: "frameTime", data: '{"sketch":[0,0,0,0],"hitches":1}' }),
      rowOf({ name: "memoryUsage", data: "" }),
    ]),
    { resourceMetrics: [] },
  );
  const [resource] = toMetricsRequest([
    sketchRow([1], 2),
    rowOf({ name: "frameTime", data: '{"sketch":"x"}' }),
    rowOf({
      name: "frameTime",
      data: '{"sketch":[1,1,1,0,-1,1],"hitches":-4}',
    }),
  ]).resourceMetrics;
  const metrics = resource!.scopeMetrics[0]!.metrics;
  assert(metrics[0]!.exponentialHistogram!.dataPoints[0]!.count === "2");
  assertEquals(metrics[1]!.sum!.dataPoints[0]!.asInt, "2");
});

// This module is browser compatible.

import { isCount } from "../is_count.ts";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import type { EventRow } from "../store/store.ts";
import { byResource, nanoseconds, readObject, SCOPE } from "./_attributes.ts";
import type {
  OtlpHistogramPoint,
  OtlpMetric,
  OtlpMetricsRequest,
  OtlpPoint,
} from "./otlp_types.ts";

const DELTA = 1;

interface Histogram {
  readonly name: string;
  readonly description: string;
  readonly unit: string;
}

/** The events that are sent as metrics, and as which. */
export const METRIC_EVENTS: ReadonlyMap<string, Histogram> = new Map([
  ["frameTime", {
    name: "tickwire.frame.duration",
    description: "How long frames took",
    unit: "ms",
  }],
  ["memoryUsage", {
    name: "tickwire.memory.usage",
    description: "Memory in use",
    unit: "By",
  }],
]);

/** Options for {@linkcode toMetricsRequest}. */
export interface MetricsRequestOptions {
  /**
   * Since when the points count, in epoch milliseconds: the end of the points before, as one writer's intervals may not
   * overlap.
   *
   * @default {the time of the earliest of the rows}
   */
  readonly startMs?: number;
  /**
   * Until when they count, in epoch milliseconds.
   *
   * @default {the time of the latest of the rows}
   */
  readonly endMs?: number;
}

/**
 * Makes metrics of OpenTelemetry out of the rows that are `frameTime` or `memoryUsage`: exponential histograms of scale 6
 * and of delta temporality, `tickwire.frame.duration` and `tickwire.memory.usage`, and the sum
 * `tickwire.frame.hitches`. All sketches of one title, build and platform are one point.
 *
 * OpenTelemetry Protocol 1.9, "JSON Protobuf Encoding"; Metrics Data Model, "ExponentialHistogram".
 *
 * @param rows The rows; others are left out, as is what is no sketch.
 * @param options The interval of the points.
 * @returns The body of a request to `/v1/metrics`.
 */
export function toMetricsRequest(
  rows: readonly EventRow[],
  options: MetricsRequestOptions = {},
): OtlpMetricsRequest {
  const measured = rows.filter((row) => METRIC_EVENTS.has(row.name));
  let first = Infinity;
  let last = 0;
  for (const { timeMs } of measured) {
    first = Math.min(first, timeMs);
    last = Math.max(last, timeMs);
  }
  const { startMs = first, endMs = last } = options;
  const interval: OtlpPoint = {
    attributes: [],
    startTimeUnixNano: nanoseconds(startMs),
    timeUnixNano: nanoseconds(endMs),
  };
  const resourceMetrics = [];
  for (const group of byResource(measured)) {
    const metrics = metricsOf(group.rows, interval);
    if (metrics.length === 0) continue;
    resourceMetrics.push({
      resource: group.resource,
      scopeMetrics: [{ scope: SCOPE, metrics }],
    });
  }
  return { resourceMetrics };
}

function metricsOf(
  rows: readonly EventRow[],
  interval: OtlpPoint,
): OtlpMetric[] {
  const sketches = new Map<string, QuantileSketch>();
  let hitches = 0;
  for (const { name, data } of rows) {
    const fields = readObject(data);
    const sketch = QuantileSketch.fromJson(fields.sketch);
    if (sketch === undefined || sketch.count === 0) continue;
    const sum = sketches.get(name);
    if (sum === undefined) sketches.set(name, sketch);
    else sum.merge(sketch);
    if (name === "frameTime" && isCount(fields.hitches)) {
      hitches = Math.min(hitches + fields.hitches, Number.MAX_SAFE_INTEGER);
    }
  }
  const metrics: OtlpMetric[] = [];
  for (const [name, histogram] of METRIC_EVENTS) {
    const sketch = sketches.get(name);
    if (sketch === undefined) continue;
    metrics.push({
      ...histogram,
      exponentialHistogram: {
        aggregationTemporality: DELTA,
        dataPoints: [toPoint(sketch, interval)],
      },
    });
  }
  if (sketches.has("frameTime")) {
    metrics.push({
      name: "tickwire.frame.hitches",
      description: "Frames that took far longer than those before",
      unit: "{frame}",
      sum: {
        aggregationTemporality: DELTA,
        isMonotonic: true,
        dataPoints: [{ ...interval, asInt: String(hitches) }],
      },
    });
  }
  return metrics;
}

function toPoint(
  sketch: QuantileSketch,
  interval: OtlpPoint,
): OtlpHistogramPoint {
  const { count, sum, scale, zeroCount, positive, min, max } = sketch
    .toExponentialHistogram();
  return {
    ...interval,
    count: String(count),
    sum,
    scale,
    zeroCount: String(zeroCount),
    positive: {
      offset: positive.offset,
      bucketCounts: positive.bucketCounts.map(String),
    },
    min,
    max,
  };
}

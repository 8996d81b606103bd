// This module is browser compatible.
import type { Metric } from "../../core/mod.ts";

/** What makes the metrics of one part of a server. */
export interface MetricMakers {
  /** A number that only grows. */
  counter(
    name: string,
    help: string,
    value: number,
    labels?: Readonly<Record<string, string>>,
  ): Metric;
  /** A number that goes up and down. */
  gauge(name: string, help: string, value: number): Metric;
}

/** Makes metrics whose names begin with `prefix`. */
export function metricMakers(prefix: string): MetricMakers {
  return {
    counter: (name, help, value, labels): Metric => ({
      name: `${prefix}${name}`,
      help,
      type: "counter",
      value,
      ...(labels === undefined ? {} : { labels }),
    }),
    gauge: (name, help, value): Metric => ({
      name: `${prefix}${name}`,
      help,
      type: "gauge",
      value,
    }),
  };
}

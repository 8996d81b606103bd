// This module is browser compatible.

/**
 * Opt-in analytics: a client that sends nothing before the player agrees, and the collector that it sends to.
 *
 * @module
 */

export * from "./analytics_error.ts";
export * from "./event/event_definition.ts";
export * from "./otlp/logs_request.ts";
export {
  type MetricsRequestOptions,
  toMetricsRequest,
} from "./otlp/metrics_request.ts";
export * from "./otlp/otlp_exporter.ts";
export * from "./otlp/otlp_types.ts";
export * from "./session/session_stats.ts";
export * from "./sketch/quantile_sketch.ts";
export * from "./store/store.ts";

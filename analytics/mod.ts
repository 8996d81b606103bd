// This module is browser compatible.

/**
 * Opt-in analytics: a client that sends nothing before the player agrees, and the collector that it sends to.
 *
 * @module
 */

export * from "./analytics_error.ts";
export * from "./event/event_definition.ts";
export * from "./query/deaths.ts";
export * from "./query/drop_report.ts";
export * from "./query/events_over_time.ts";
export * from "./query/funnel.ts";
export * from "./query/query_filters.ts";
export * from "./query/query_options.ts";
export * from "./query/recent_events.ts";
export * from "./query/retention.ts";
export * from "./query/sessions_over_time.ts";
export * from "./query/sketch_percentiles.ts";
export * from "./session/session_stats.ts";
export * from "./sketch/quantile_sketch.ts";
export * from "./store/store.ts";

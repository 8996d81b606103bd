// This module is browser compatible.

/**
 * Opt-in analytics: a client that sends nothing before the player agrees, and the collector that it sends to.
 *
 * @module
 */

export * from "./analytics_error.ts";
export { Analytics } from "./client/analytics.ts";
export * from "./client/analytics_export.ts";
export * from "./client/analytics_notice.ts";
export * from "./client/analytics_options.ts";
export * from "./client/error_target.ts";
export * from "./client/exclusive_journal.ts";
export * from "./client/page_handlers.ts";
export * from "./collector/collector.ts";
export * from "./collector/collector_options.ts";
export * from "./event/analytics_event.ts";
export * from "./event/built_in_events.ts";
export * from "./event/check_fields.ts";
export * from "./event/define_event.ts";
export * from "./event/event_catalog.ts";
export * from "./event/event_csv.ts";
export * from "./event/event_definition.ts";
export * from "./event/exception_event.ts";
export * from "./event/personal_data.ts";
export * from "./event/scrub_text.ts";
export * from "./otlp/logs_request.ts";
export {
  type MetricsRequestOptions,
  toMetricsRequest,
} from "./otlp/metrics_request.ts";
export * from "./otlp/otlp_exporter.ts";
export * from "./otlp/otlp_types.ts";
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
export * from "./store/memory_analytics_store.ts";
export * from "./store/store.ts";

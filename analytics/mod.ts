// This module is browser compatible.

/**
 * Opt-in analytics: a client that does nothing before the player agrees, the collector that it sends to, and the queries
 * that a dashboard asks.
 *
 * What needs a runtime has its own entry: `@tickwire/net/analytics/sqlite` is a store in a file,
 * `@tickwire/net/analytics/serve` a collector that runs as it is, `@tickwire/net/analytics/page` its dashboard.
 *
 * @example The ten lines that a game needs first
 * ```ts
 * import { Analytics, AnalyticsEvent } from "@tickwire/net/analytics";
 * import { assertEquals } from "@std/assert";
 *
 * const analytics = new Analytics("1.2.0", "linux", {
 *   http: { // leave this out in a game
 *     fetch: () => Promise.resolve(
 *       Response.json({ accepted: 3, duplicates: 0, refused: [] }),
 *     ),
 *   },
 * });
 * analytics.enable("https://analytics.example.com"); // the player has agreed
 *
 * function frame(dt: number) { // the game calls this 60 times a second
 *   analytics.recordFrame(dt * 1_000);
 *   analytics.tick(dt);
 * }
 * analytics.record(AnalyticsEvent.death({ cause: "spikes", floor: 3 }));
 * frame(1 / 60);
 * await analytics.close();
 * assertEquals(analytics.uploadsSent, 1);
 * ```
 *
 * @module
 */

// What signatures name, so that one import is enough.
export type { Clock, Journal, Metric, Random } from "../core/mod.ts";
export type { RateLimit } from "../http/server/mod.ts";
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
export type * from "./event/built_in_events.ts";
export type { FieldProblemReason } from "./event/check_fields.ts";
export * from "./event/define_event.ts";
export * from "./event/event_definition.ts";
export * from "./event/exception_event.ts";
export * from "./otlp/otlp_exporter.ts";
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

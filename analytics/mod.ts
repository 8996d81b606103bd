// This module is browser compatible.

/**
 * Opt-in analytics: a client that sends nothing before the player agrees, and the collector that it sends to.
 *
 * @module
 */

export * from "./analytics_error.ts";
export * from "./event/event_definition.ts";
export * from "./session/session_stats.ts";
export * from "./sketch/quantile_sketch.ts";
export * from "./store/memory_analytics_store.ts";
export * from "./store/store.ts";

/**
 * Analytics in a file, for collectors on one machine: {@linkcode SqliteAnalyticsStore} keeps events, sessions and sums with
 * `node:sqlite`, and loses nothing that it has acknowledged.
 *
 * @example Events that survive a restart
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { SqliteAnalyticsStore } from "@tickwire/net/analytics/sqlite";
 *
 * const folder = await Deno.makeTempDir();
 * const store = new SqliteAnalyticsStore({ path: `${folder}/events.db` });
 * assertEquals(await store.eventsAfter(0, 10), []);
 * await store.close();
 * await Deno.remove(folder, { recursive: true });
 * ```
 *
 * @module
 */

// What signatures name, so that one import is enough.
export { AnalyticsError, type AnalyticsErrorCode } from "./analytics_error.ts";
export * from "./sqlite/sqlite_analytics_store.ts";
export type * from "./store/store.ts";

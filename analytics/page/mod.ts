// This module is browser compatible.

/**
 * A dashboard over what an `AnalyticsCollector` has stored, for servers that run on any runtime.
 *
 * @example Beside the collector
 * ```ts
 * import { AnalyticsCollector, MemoryAnalyticsStore } from "@tickwire/net/analytics";
 * import { AnalyticsPage } from "@tickwire/net/analytics/page";
 *
 * const store = new MemoryAnalyticsStore();
 * const collector = new AnalyticsCollector({ store });
 * const page = await AnalyticsPage.make();
 * const server = Deno.serve({ port: 0, onListen: () => {} }, (request, info) =>
 *   new URL(request.url).pathname === "/"
 *     ? page.respond(request.method)
 *     : collector.handler(request, info));
 *
 * await server.shutdown();
 * await collector.close();
 * await store.close();
 * ```
 *
 * @module
 */
export * from "./analytics_page.ts";

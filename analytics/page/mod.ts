// This module is browser compatible.

/**
 * A dashboard over what an `AnalyticsCollector` has stored, for servers that run on any runtime.
 *
 * @example Beside the collector
 * ```ts
 * import { AnalyticsPage } from "@tickwire/net/analytics/page";
 *
 * const page = await AnalyticsPage.make();
 * const server = Deno.serve({ port: 0, onListen: () => {} }, (request) =>
 *   new URL(request.url).pathname === "/"
 *     ? page.respond(request.method)
 *     : new Response(null, { status: 404 }));
 *
 * await server.shutdown();
 * ```
 *
 * @module
 */
export * from "./analytics_page.ts";

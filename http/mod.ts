// This module is browser compatible.

/**
 * An HTTP client for games: `send` queues, `tick(dt)` moves everything on, `drainEvents()` hands out what happened.
 * With retries and a budget for them, a circuit breaker per origin, rate limits, priorities, a private cache after
 * RFC 9111, streaming, progress and requests that survive a restart.
 *
 * @example The ten lines that a game needs first
 * ```ts
 * import { HttpClient, HttpRequest } from "@tickwire/net/http";
 * import { assertEquals } from "@std/assert";
 *
 * const http = new HttpClient({
 *   fetch: () => Promise.resolve(new Response("hello")), // leave this out in a game
 * });
 * http.send(HttpRequest.get("https://example.com/motd").withTag("motd"));
 *
 * let motd = "";
 * function frame(dt: number) { // the game calls this 60 times a second
 *   http.tick(dt);
 *   for (const event of http.drainEvents()) {
 *     if (event.type === "success") motd = event.response.text;
 *   }
 * }
 * while (motd === "") {
 *   frame(1 / 60);
 *   await new Promise((resolve) => setTimeout(resolve));
 * }
 * assertEquals(motd, "hello");
 * ```
 *
 * @module
 */

// What signatures name, so that one import is enough.
export type { Clock, Journal, JournalEntry, Random } from "../core/mod.ts";
export { HttpClient } from "./client.ts";
export * from "./client_options.ts";
export * from "./client_stats.ts";
export * from "./cache/memory_store.ts";
export * from "./cache/store.ts";
export * from "./cache/web_cache_store.ts";
export * from "./cache_policy.ts";
export * from "./event.ts";
export { HttpHeaders, type HttpHeadersInit } from "./headers.ts";
export { Method, type MethodName } from "./method.ts";
export * from "./rate_limiter.ts";
export * from "./request.ts";
export * from "./response.ts";

// This module is browser compatible.

/**
 * The foundation every other module stands on: time, randomness, bounded queues,
 * the hand-rolled event loop, retries, rate limits and durable queues. It imports
 * nothing.
 *
 * What needs Deno itself has its own entry, `@tickwire/net/core/deno`.
 *
 * @example A bounded queue of events, drained once a frame
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { EventQueue } from "@tickwire/net/core";
 *
 * const events = new EventQueue<string>({ capacity: 1024 });
 * events.push("connected");
 * const seen: string[] = [];
 * for (const event of events.drain()) seen.push(event);
 * assertEquals(seen, ["connected"]);
 * ```
 *
 * @module
 */
export * from "./backoff.ts";
export * from "./base64.ts";
export * from "./client_address.ts";
export * from "./clock.ts";
export * from "./crc32.ts";
export * from "./csv.ts";
export * from "./event_queue.ts";
export * from "./fnv1a.ts";
export * from "./identity.ts";
export * from "./indexed_db_journal.ts";
export * from "./journal.ts";
export * from "./local_storage_journal.ts";
export * from "./memory_journal.ts";
export * from "./metric.ts";
export * from "./option_check.ts";
export * from "./player_id.ts";
export * from "./poll_loop.ts";
export * from "./random.ts";
export * from "./redis_like.ts";
export * from "./token_bucket.ts";
export * from "./vec.ts";

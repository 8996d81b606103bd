// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { RateLimit } from "../../http/server/mod.ts";
import type { EventDefinition } from "../event/event_definition.ts";
import type { AnalyticsStore } from "../store/store.ts";
import type { AnalyticsRole } from "./call.ts";

export type { AnalyticsRole } from "./call.ts";

/** What a server tells of a request besides the request. */
export interface AnalyticsHandlerInfo {
  /** Where it comes from, as `Deno.serve` says. */
  readonly remoteAddr?: { readonly hostname?: string };
}

/** An API key and what it opens. */
export interface AnalyticsApiKey {
  /** 1 to 256 visible ASCII characters; at least 16 if the role is not `"game"`. */
  readonly key: string;
  /**
   * The title that it opens: 1 to 64 of `A–Z a–z 0–9 . _ -`, beginning with a letter or digit.
   *
   * @default {"main"}
   */
  readonly title?: string;
  /** What it lets do. */
  readonly role: AnalyticsRole;
}

/** Options for `AnalyticsCollector`. */
export interface AnalyticsCollectorOptions {
  /** Where events are kept. It stays the caller's to close, after the collector. */
  readonly store: AnalyticsStore;
  /**
   * The game's own events, beside the built-in ones. What is not defined is refused.
   *
   * @default {[]}
   */
  readonly events?: readonly EventDefinition[];
  /**
   * The keys, one of which each request must have: 1 to 1000. Without them nobody needs one, there is one title,
   * `"main"`, and whoever asks may do everything: for development, or behind something that asks for more.
   */
  readonly apiKeys?: readonly AnalyticsApiKey[];
  /**
   * The origins of pages that may read the answers to queries (CORS), as browsers write them; `"*"` for all. Without it,
   * only pages of the collector's own origin may.
   *
   * What a game asks (to take a batch, and for a player's own data, which are secret by his id) may be read by pages of
   * all origins: a game runs wherever it is put, and to be told that one's data is erased must not depend on that. No
   * answer depends on what a browser sends along by itself, so a page learns nothing that its author could not ask
   * himself.
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Addresses of proxies, as IPv4 or IPv6, from which `X-Forwarded-For` counts: a client's address is the last one in
   * it that is none of these. From anywhere else the header is what a client says about itself, and is not looked at.
   *
   * @default {[]}
   */
  readonly trustedProxies?: readonly string[];
  /**
   * How many requests an address, or an IPv6 network of 64 bits, may send. Readers and admins with a key are not
   * limited, nor is anybody where the runtime tells no address. Addresses are in memory for this alone, for as long as
   * somebody may be near his limit, and are never stored, nor told to anybody.
   *
   * @default {{ perSecond: 100, burst: 500 }}
   */
  readonly addressRate?: RateLimit;
  /**
   * How many events a title may send, as its key is known to everybody who has the game; `burst` is 16384 or more, as a
   * batch may have so many. Without it there is no such limit.
   */
  readonly titleRate?: RateLimit;
  /**
   * The most bytes of batches that are under way, decompressed: an integer, 8388608 (8 MiB) to 2^40. Beyond, batches are
   * answered with 503, and sent again later.
   *
   * @default {67108864}
   */
  readonly maxInFlightBytes?: number;
  /**
   * How long events are kept, in milliseconds: an integer, 86400000 (a day) to `rollupRetentionMs`.
   *
   * @default {7776000000}
   */
  readonly eventRetentionMs?: number;
  /**
   * How long sums, sketches and sessions are kept, in milliseconds: an integer, 2678400000 (31 days, as events of
   * 30 days are taken, and must be known if they come again) to 315360000000 (10 years).
   *
   * @default {34560000000}
   */
  readonly rollupRetentionMs?: number;
  /**
   * What comes before `/v1` in paths: `""`, or one or more of `/name`.
   *
   * @default {""}
   */
  readonly basePath?: string;
  /**
   * Told what went wrong inside: what a store threw. It is for logs; those who asked see nothing of it, and nothing of
   * them is in it. What it throws itself is dropped.
   *
   * @default {() => {}}
   */
  readonly onError?: (error: unknown) => void;
  /**
   * Where time comes from.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
}

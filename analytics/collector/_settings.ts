// This module is browser compatible.
import {
  checkInteger,
  type Clock,
  normalizeAddress,
  SystemClock,
} from "../../core/mod.ts";
import {
  checkApiKeys,
  checkBasePath,
  checkRateLimit,
  type RateLimit,
  titlesOf,
} from "../../http/server/mod.ts";
import { EventCatalog } from "../event/event_catalog.ts";
import type { AnalyticsStore } from "../store/store.ts";
import type { AnalyticsRole } from "./call.ts";
import type {
  AnalyticsApiKey,
  AnalyticsCollectorOptions,
} from "./collector_options.ts";
import { MAX_EVENTS } from "./read_batch.ts";

const ROLES: readonly AnalyticsRole[] = ["game", "reader", "admin"];
const DAY_MS = 86_400_000;
const MEBIBYTE = 1_048_576;
const MAX_RETENTION_MS = 3_650 * DAY_MS;

/** The options of a collector, checked and with their defaults. */
export interface Settings {
  readonly store: AnalyticsStore;
  readonly catalog: EventCatalog;
  readonly apiKeys: readonly AnalyticsApiKey[] | undefined;
  readonly allowedOrigins: readonly string[] | undefined;
  readonly proxies: ReadonlySet<string>;
  readonly addressRate: RateLimit;
  readonly titleRate: RateLimit | undefined;
  readonly maxInFlightBytes: number;
  readonly eventRetentionMs: number;
  readonly rollupRetentionMs: number;
  readonly basePath: string;
  readonly onError: (error: unknown) => void;
  readonly clock: Clock;
}

/**
 * Checks the options of a collector.
 *
 * @throws {TypeError} If there is no store, or a definition of an event is of the wrong kind.
 * @throws {RangeError} If an option is out of its range.
 * @throws {SyntaxError} If a name in a definition of an event has another form.
 */
export function resolveOptions(options: AnalyticsCollectorOptions): Settings {
  const { store, apiKeys, trustedProxies = [], titleRate } = options;
  if (typeof store !== "object" || store === null) {
    throw new TypeError("Cannot use store as it must be an AnalyticsStore");
  }
  if (apiKeys !== undefined) checkApiKeys(apiKeys, ROLES);
  titlesOf(apiKeys);
  if (titleRate !== undefined) {
    checkRateLimit(titleRate);
    checkInteger(
      "titleRate.burst",
      titleRate.burst,
      MAX_EVENTS,
      Number.MAX_SAFE_INTEGER,
    );
  }
  const rollupRetentionMs = checkInteger(
    "rollupRetentionMs",
    options.rollupRetentionMs ?? 400 * DAY_MS,
    31 * DAY_MS,
    MAX_RETENTION_MS,
  );
  return {
    store,
    catalog: new EventCatalog(options.events),
    apiKeys,
    allowedOrigins: options.allowedOrigins,
    proxies: new Set(trustedProxies.map(normalizeAddress)),
    addressRate: checkRateLimit(
      options.addressRate ?? { perSecond: 100, burst: 500 },
    ),
    titleRate,
    maxInFlightBytes: checkInteger(
      "maxInFlightBytes",
      options.maxInFlightBytes ?? 64 * MEBIBYTE,
      8 * MEBIBYTE,
      2 ** 40,
    ),
    eventRetentionMs: checkInteger(
      "eventRetentionMs",
      options.eventRetentionMs ?? Math.min(90 * DAY_MS, rollupRetentionMs),
      DAY_MS,
      rollupRetentionMs,
    ),
    rollupRetentionMs,
    basePath: checkBasePath(options.basePath ?? ""),
    onError: (error) => {
      try {
        options.onError?.(error);
      } catch {
        // Who is told of errors must not make others of them.
      }
    },
    clock: options.clock ?? new SystemClock(),
  };
}

// This module is browser compatible.
import {
  checkInteger,
  checkNotNegative,
  type Clock,
  SystemClock,
  TokenBucket,
} from "../../core/mod.ts";
import {
  DEFAULT_REPLAY_AGE_MS,
  MAX_REPLAY_AGE_MS,
} from "../mux/_session_settings.ts";
import {
  MAX_CHANNEL,
  MAX_DURATION_MS,
  MIN_FRAME_BYTES,
} from "../mux/record.ts";
import type { WsHubOptions } from "./hub_options.ts";

const MAX_COUNT = 2 ** 22;
const MAX_BYTES = 2 ** 30;

type Optional = "allowedOrigins" | "backplane" | "deflateMinBytes";

/** The options of a hub, checked and with their defaults. */
export interface HubSettings extends Required<Omit<WsHubOptions, Optional>> {
  readonly allowedOrigins: readonly string[] | undefined;
  readonly backplane: WsHubOptions["backplane"];
  readonly deflateMinBytes: number | undefined;
  readonly clock: Clock;
}

/** Checks the options of a hub: its sessions would throw in the middle of a tick. */
export function resolveHubOptions(options: WsHubOptions): HubSettings {
  const count = (name: keyof WsHubOptions, byDefault: number): number =>
    checkInteger(name, options[name] as number ?? byDefault, 1, MAX_COUNT);
  const duration = (name: keyof WsHubOptions, byDefault: number): number =>
    checkNotNegative(name, options[name] as number ?? byDefault);
  const resumeWindowMs = checkInteger(
    "resumeWindowMs",
    options.resumeWindowMs ?? 120_000,
    0,
    MAX_DURATION_MS,
  );
  return {
    upgrade: options.upgrade,
    authenticate: options.authenticate,
    channel: options.channel ?? (() => ({})),
    canSubscribe: options.canSubscribe ?? (() => true),
    canPublish: options.canPublish ?? (() => true),
    allowedOrigins: options.allowedOrigins,
    trustedProxies: options.trustedProxies ?? [],
    backplane: options.backplane,
    clock: options.clock ?? new SystemClock(),
    allowText: options.allowText ?? false,
    maxSockets: count("maxSockets", 10_000),
    maxSocketsPerAddress: count("maxSocketsPerAddress", 64),
    maxClients: count("maxClients", 20_000),
    maxChannels: count("maxChannels", 65_536),
    channelIdleMs: duration("channelIdleMs", 600_000),
    maxSubscriptions: checkInteger(
      "maxSubscriptions",
      options.maxSubscriptions ?? 64,
      1,
      MAX_CHANNEL,
    ),
    maxFrameBytes: checkInteger(
      "maxFrameBytes",
      options.maxFrameBytes ?? 65_536,
      MIN_FRAME_BYTES,
      1_048_576,
    ),
    maxMessageBytes: checkInteger(
      "maxMessageBytes",
      options.maxMessageBytes ?? 1_048_576,
      1,
      67_108_864,
    ),
    deflateMinBytes: options.deflateMinBytes === undefined
      ? undefined
      : checkInteger("deflateMinBytes", options.deflateMinBytes, 1, MAX_BYTES),
    rate: checkRate(options.rate ?? { perSecond: 200, burst: 1_000 }),
    resumeWindowMs,
    maxReplayAgeMs: checkInteger(
      "maxReplayAgeMs",
      options.maxReplayAgeMs ??
        Math.max(DEFAULT_REPLAY_AGE_MS, resumeWindowMs),
      1,
      MAX_REPLAY_AGE_MS,
    ),
    keepaliveMs: checkInteger(
      "keepaliveMs",
      options.keepaliveMs ?? 30_000,
      0,
      MAX_DURATION_MS,
    ),
    helloTimeoutMs: duration("helloTimeoutMs", 10_000),
    sendHighWaterBytes: checkInteger(
      "sendHighWaterBytes",
      options.sendHighWaterBytes ?? 262_144,
      1,
      MAX_BYTES,
    ),
    maxEvents: count("maxEvents", 65_536),
  };
}

function checkRate(rate: HubSettings["rate"]): HubSettings["rate"] {
  new TokenBucket({ capacity: rate.burst, refillPerSecond: rate.perSecond });
  return rate;
}

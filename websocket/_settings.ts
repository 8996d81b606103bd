// This module is browser compatible.

import {
  checkInteger,
  checkNotNegative,
  checkPositive,
  type Clock,
  type Random,
  SecureRandom,
  SystemClock,
} from "../core/mod.ts";
import { targetUrl } from "./_target_url.ts";
import {
  DEFAULT_REPLAY_AGE_MS,
  MAX_REPLAY_AGE_MS,
} from "./mux/_session_settings.ts";
import { CloseCode, isTerminalCloseCode } from "./mux/record.ts";
import type { ChannelOptions } from "./mux/session_options.ts";
import type { WsClientOptions } from "./client_options.ts";
import type { WsDataMessage } from "./message.ts";
import type { WebSocketFactory } from "./web_socket_like.ts";

const TERMINAL_CODES: readonly number[] = [1008, 3000, 3003, 4001];
const MUX_TERMINAL_CODES: readonly number[] = [
  ...TERMINAL_CODES,
  ...Object.values(CloseCode).filter(isTerminalCloseCode),
];

/** The options of a client, checked and with their defaults. */
export class Settings {
  readonly url: string | (() => string | Promise<string>);
  readonly protocols: readonly string[];
  readonly autoReconnect: boolean;
  readonly maxReconnects: number;
  readonly firstRetryMaxMs: number;
  readonly maxBackoffMs: number;
  readonly minUptimeMs: number;
  readonly connectTimeoutMs: number;
  readonly terminalCodes: readonly number[];
  readonly pingMessage: WsClientOptions["pingMessage"] | undefined;
  readonly isPong: ((message: WsDataMessage) => boolean) | undefined;
  readonly pingIntervalMs: number;
  readonly pongTimeoutMs: number;
  readonly maxQueueSize: number;
  readonly maxQueueBytes: number;
  readonly overflow: "dropNewest" | "dropOldest";
  readonly deflateMinBytes: number | undefined;
  readonly maxReplayAgeMs: number;
  readonly maxRequests: number;
  readonly maxUndrained: number;
  readonly maxUndrainedBytes: number;
  /** How channels behave, by name, if the mux is spoken. */
  readonly mux: ReadonlyMap<string, ChannelOptions> | undefined;
  readonly webSocket: WebSocketFactory;
  readonly clock: Clock;
  readonly random: Random;

  constructor(options: WsClientOptions) {
    this.url = checkUrl(options.url);
    this.protocols = [...options.protocols ?? []];
    this.autoReconnect = options.autoReconnect ?? true;
    this.maxReconnects = checkInteger(
      "maxReconnects",
      options.maxReconnects ?? 0,
      0,
      Number.MAX_SAFE_INTEGER,
    );
    this.firstRetryMaxMs = checkPositive(
      "firstRetryMaxMs",
      options.firstRetryMaxMs ?? 1_000,
    );
    this.maxBackoffMs = options.maxBackoffMs ??
      Math.max(30_000, this.firstRetryMaxMs);
    if (
      !(this.maxBackoffMs >= this.firstRetryMaxMs &&
        this.maxBackoffMs < Infinity)
    ) {
      throw new RangeError(
        `Cannot use maxBackoffMs as it must be finite and >= firstRetryMaxMs (${this.firstRetryMaxMs}): current value is ${this.maxBackoffMs}`,
      );
    }
    this.minUptimeMs = checkNotNegative(
      "minUptimeMs",
      options.minUptimeMs ?? 5_000,
    );
    this.connectTimeoutMs = checkPositive(
      "connectTimeoutMs",
      options.connectTimeoutMs ?? 10_000,
    );
    const { mux = false } = options;
    this.mux = mux === false
      ? undefined
      : new Map(mux === true ? [] : Object.entries(mux));
    this.terminalCodes = [
      ...options.terminalCodes ??
        (mux === false ? TERMINAL_CODES : MUX_TERMINAL_CODES),
    ];
    for (const code of this.terminalCodes) {
      checkInteger("terminalCodes", code, 1_000, 4_999);
    }
    this.pingMessage = options.pingMessage;
    this.isPong = options.isPong;
    this.pingIntervalMs = checkNotNegative(
      "pingIntervalMs",
      options.pingIntervalMs ?? 30_000,
    );
    this.pongTimeoutMs = checkPositive(
      "pongTimeoutMs",
      options.pongTimeoutMs ?? 10_000,
    );
    this.maxQueueSize = checkInteger(
      "maxQueueSize",
      options.maxQueueSize ?? 1_024,
      1,
      1_000_000,
    );
    this.maxQueueBytes = checkInteger(
      "maxQueueBytes",
      options.maxQueueBytes ?? 4_194_304,
      1,
      Number.MAX_SAFE_INTEGER,
    );
    this.overflow = options.overflow ?? "dropNewest";
    if (this.overflow !== "dropNewest" && this.overflow !== "dropOldest") {
      throw new TypeError(
        `Cannot use overflow as it must be "dropNewest" or "dropOldest": current value is "${this.overflow}"`,
      );
    }
    this.deflateMinBytes = options.deflateMinBytes === undefined
      ? undefined
      : checkInteger("deflateMinBytes", options.deflateMinBytes, 1, 2 ** 30);
    this.maxReplayAgeMs = checkInteger(
      "maxReplayAgeMs",
      options.maxReplayAgeMs ?? DEFAULT_REPLAY_AGE_MS,
      1,
      MAX_REPLAY_AGE_MS,
    );
    this.maxRequests = checkInteger(
      "maxRequests",
      options.maxRequests ?? 1_024,
      1,
      1_000_000,
    );
    this.maxUndrained = checkInteger(
      "maxUndrained",
      options.maxUndrained ?? 65_536,
      1,
      1_000_000,
    );
    this.maxUndrainedBytes = checkInteger(
      "maxUndrainedBytes",
      options.maxUndrainedBytes ?? 16_777_216,
      1,
      Number.MAX_SAFE_INTEGER,
    );
    // Looked up late, so that a game may replace it.
    this.webSocket = options.webSocket ??
      ((url, protocols) => new WebSocket(url, protocols));
    this.clock = options.clock ?? new SystemClock();
    this.random = options.random ?? new SecureRandom();
  }
}

function checkUrl(
  url: string | (() => string | Promise<string>),
): string | (() => string | Promise<string>) {
  if (typeof url === "function") return url;
  const target = targetUrl(url);
  if (target === undefined) {
    throw new TypeError(
      `Cannot use url as it must be an absolute ws, wss, http or https URL: current value is "${url}"`,
    );
  }
  return target;
}

// This module is browser compatible.
import { utf8Length } from "../../protocol/mod.ts";
import {
  Delivery,
  MAX_CHANNEL,
  MAX_DURATION_MS,
  MAX_NAME_BYTES,
  MAX_PRIORITY,
} from "./record.ts";
import type { ChannelOptions, SessionOptions } from "./session_options.ts";

/** What a peer takes in one message, as long as it has said nothing else. */
export const DEFAULT_MAX_MESSAGE_BYTES = 1_048_576;

/** How long what was sent is kept, if nothing else is said, and the longest that may be said. */
export const DEFAULT_REPLAY_AGE_MS = 120_000;
export const MAX_REPLAY_AGE_MS = 2 ** 40;

/** The options of a session, checked and with their defaults. */
export type SessionSettings = Required<
  Omit<SessionOptions, "sessionId" | "frame" | "deflater">
>;

/** Checks the options of a session. */
export function resolveSessionOptions(
  options: SessionOptions,
): SessionSettings {
  const {
    role,
    clock,
    maxFrameBytes = 65_536,
    maxMessageBytes = DEFAULT_MAX_MESSAGE_BYTES,
    windowBytes = 262_144,
    maxChannels = 64,
    maxReplayRecords = 4_096,
    maxReplayBytes = 4_194_304,
    maxReplayAgeMs = DEFAULT_REPLAY_AGE_MS,
    keepaliveMs = 30_000,
    pongTimeoutMs = 10_000,
    resumeWindowMs = 120_000,
  } = options;
  const check = (name: string, value: number, min: number, max: number): void =>
    checkRange("create a Session", name, value, min, max);
  check("maxFrameBytes", maxFrameBytes, 1_024, 1_048_576);
  check("maxMessageBytes", maxMessageBytes, 1, 67_108_864);
  check("windowBytes", windowBytes, 4_096, 2 ** 30);
  check("maxChannels", maxChannels, 1, MAX_CHANNEL);
  check("maxReplayRecords", maxReplayRecords, 1, 1_048_576);
  check("maxReplayBytes", maxReplayBytes, 1_024, 2 ** 30);
  check("maxReplayAgeMs", maxReplayAgeMs, 1, MAX_REPLAY_AGE_MS);
  check("keepaliveMs", keepaliveMs, 0, MAX_DURATION_MS);
  check("pongTimeoutMs", pongTimeoutMs, 1, 2 ** 31);
  check("resumeWindowMs", resumeWindowMs, 0, MAX_DURATION_MS);
  return {
    role,
    clock,
    maxFrameBytes,
    maxMessageBytes,
    windowBytes,
    maxChannels,
    maxReplayRecords,
    maxReplayBytes,
    maxReplayAgeMs,
    keepaliveMs,
    pongTimeoutMs,
    resumeWindowMs,
  };
}

/** Checks what a channel is to be. */
export function resolveChannelOptions(
  name: string,
  options: ChannelOptions,
): Required<ChannelOptions> {
  const {
    delivery = Delivery.ExactlyOnce,
    priority = 4,
    maxMessages = 1_024,
    maxBytes = 4_194_304,
    overflow = "dropOldest",
    ttlMs = Infinity,
    endsWithSession = false,
  } = options;
  const check = (name: string, value: number, min: number, max: number): void =>
    checkRange("open a channel", name, value, min, max);
  check("name bytes", utf8Length(name), 1, MAX_NAME_BYTES);
  check("delivery", delivery, 0, Delivery.LatestOnly);
  check("priority", priority, 0, MAX_PRIORITY);
  check("maxMessages", maxMessages, 1, Number.MAX_SAFE_INTEGER);
  check("maxBytes", maxBytes, 1, Number.MAX_SAFE_INTEGER);
  if (!(ttlMs > 0)) {
    throw new RangeError(
      `Cannot open a channel as ttlMs must be above 0: current value is ${ttlMs}`,
    );
  }
  return {
    delivery,
    priority,
    maxMessages,
    maxBytes,
    overflow,
    ttlMs,
    endsWithSession,
  };
}

function checkRange(
  action: string,
  name: string,
  value: number,
  min: number,
  max: number,
): void {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return;
  throw new RangeError(
    `Cannot ${action} as ${name} must be an integer from ${min} to ${max}: current value is ${value}`,
  );
}

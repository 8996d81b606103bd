// This module is browser compatible.
import { checkInteger, checkPositive } from "../../core/mod.ts";
import type { MessageLimits } from "./message_limits.ts";

/** {@linkcode MessageLimits} with all of them. */
export type ResolvedMessageLimits = Required<MessageLimits>;

const MAX_MESSAGE_BYTES = 0x100_0000;
const MAX_BYTES = 0x4000_0000;

/** Fills in the defaults, and refuses what cannot work. */
export function resolveMessageLimits(
  limits: MessageLimits = {},
): ResolvedMessageLimits {
  const maxReliableBytes = checkInteger(
    "maxReliableBytes",
    limits.maxReliableBytes ?? 0x10_0000,
    1,
    MAX_MESSAGE_BYTES,
  );
  const maxUnreliableBytes = checkInteger(
    "maxUnreliableBytes",
    limits.maxUnreliableBytes ?? 0x1_0000,
    1,
    MAX_MESSAGE_BYTES,
  );
  // Whatever is allowed must fit, alone at least.
  const longest = Math.max(maxReliableBytes, maxUnreliableBytes);
  function bytes(name: string, value: number | undefined, or: number): number {
    return checkInteger(
      name,
      value ?? Math.max(or, longest),
      longest,
      MAX_BYTES,
    );
  }
  return {
    maxReliableBytes,
    maxUnreliableBytes,
    maxChannelBytes: bytes(
      "maxChannelBytes",
      limits.maxChannelBytes,
      0x40_0000,
    ),
    maxChannelMessages: checkInteger(
      "maxChannelMessages",
      limits.maxChannelMessages ?? 65_536,
      1,
      0x100_0000,
    ),
    maxQueuedBytes: bytes("maxQueuedBytes", limits.maxQueuedBytes, 0x100_0000),
    maxReadyBytes: bytes("maxReadyBytes", limits.maxReadyBytes, 0x40_0000),
    maxReadyMessages: checkInteger(
      "maxReadyMessages",
      limits.maxReadyMessages ?? 131_072,
      1,
      0x100_0000,
    ),
    maxReorderBytes: bytes(
      "maxReorderBytes",
      limits.maxReorderBytes,
      0x40_0000,
    ),
    maxReassemblyBytes: bytes(
      "maxReassemblyBytes",
      limits.maxReassemblyBytes,
      0x40_0000,
    ),
    maxUnreliableWaitMs: checkPositive(
      "maxUnreliableWaitMs",
      limits.maxUnreliableWaitMs ?? 250,
    ),
  };
}

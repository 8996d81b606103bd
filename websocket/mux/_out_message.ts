// This module is browser compatible.
import type { Deflater, Deflation } from "./deflater.ts";

/** A message on its way out. None of it changes, so that many sessions may share it. */
export interface OutMessage {
  readonly bytes: Uint8Array;
  readonly isText: boolean;
  /** The request that it is (2n) or answers (2n + 1), if any. */
  readonly request: number | undefined;
  /** On latest-only channels: what it takes the place of. */
  readonly key: string | undefined;
  /** How long it may wait, in seconds, if that is less than its channel says. */
  readonly ttlSeconds: number;
  /** If it is to be deflated, where that comes from. */
  readonly deflation: Deflation | undefined;
}

/** What a message is. */
export interface OutMessageOptions {
  readonly isText?: boolean;
  readonly key?: string;
  readonly request?: number;
  readonly ttlMs?: number;
}

/** Makes a message of bytes that nobody changes any more. */
export function outMessage(
  bytes: Uint8Array,
  options: OutMessageOptions,
  deflater: Deflater | undefined,
): OutMessage {
  const { isText = false, key, request, ttlMs = Infinity } = options;
  return {
    bytes,
    isText,
    request,
    key,
    ttlSeconds: ttlMs / 1_000,
    deflation: deflater?.of(bytes),
  };
}

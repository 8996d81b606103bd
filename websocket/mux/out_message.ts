// This module is browser compatible.
import type { Deflater, Deflation } from "./deflater.ts";
import type { SendOptions } from "./session_options.ts";

/** A message on its way out. None of it changes, so that many sessions may share it. */
export interface OutMessage {
  /** What it says: nobody changes them any more. */
  readonly bytes: Uint8Array;
  /** Whether they are text in UTF-8. */
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

/**
 * Makes a message for `Session.sendMessage`.
 *
 * @param bytes What it says; they are kept, and nobody may change them any more.
 * @param options What it is.
 * @param deflater What deflates it, if anything is to.
 * @returns The message.
 *
 * @example One message for two sessions
 * ```ts
 * import { assert } from "@std/assert";
 * import { SystemClock } from "@tickwire/net/core";
 * import { outMessage, Session } from "@tickwire/net/websocket";
 *
 * const message = outMessage(new TextEncoder().encode("gg"), { isText: true });
 * for (let i = 0; i < 2; i++) {
 *   const session = new Session({ role: "client", clock: new SystemClock() });
 *   assert(session.sendMessage(session.openChannel("chat")!, message));
 * }
 * ```
 */
export function outMessage(
  bytes: Uint8Array,
  options: SendOptions = {},
  deflater?: Deflater,
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

// This module is browser compatible.

/** Where a client stands. */
export const WsState = {
  /** Not connected and not about to be: before `connect`, or after a loss without `autoReconnect`. */
  Disconnected: "disconnected",
  /** The next attempt begins, or the URL provider was asked and has not answered. */
  Connecting: "connecting",
  /** The socket is being opened: TCP, TLS, the upgrade and, where there is one, the protocol on top. */
  Handshaking: "handshaking",
  /** Messages go out and come in. */
  Connected: "connected",
  /** The connection was lost or could not be made; the client waits for the next attempt. */
  ReconnectBackoff: "reconnectBackoff",
  /** Ended: by `close`, by a close code that is terminal, or as `maxReconnects` is used up. */
  Closed: "closed",
} as const;

/** Where a client stands: one of the values of {@linkcode WsState}. */
export type WsState = typeof WsState[keyof typeof WsState];

/**
 * Tells whether messages go out and come in.
 *
 * @param state The state.
 * @returns `true` for `Connected`.
 *
 * @example The one state in which it is connected
 * ```ts
 * import { assert } from "@std/assert";
 * import { isConnected, WsState } from "@tickwire/net/websocket";
 *
 * assert(isConnected(WsState.Connected));
 * assert(!isConnected(WsState.Handshaking));
 * ```
 */
export function isConnected(state: WsState): boolean {
  return state === WsState.Connected;
}

/**
 * Tells whether a client is connected or on its way there by itself.
 *
 * @param state The state.
 * @returns `true` for all but `Disconnected` and `Closed`, which only `connect` leaves.
 *
 * @example A client that waits for its next attempt is live
 * ```ts
 * import { assert } from "@std/assert";
 * import { isLive, WsState } from "@tickwire/net/websocket";
 *
 * assert(isLive(WsState.ReconnectBackoff));
 * assert(!isLive(WsState.Closed));
 * ```
 */
export function isLive(state: WsState): boolean {
  return state !== WsState.Disconnected && state !== WsState.Closed;
}

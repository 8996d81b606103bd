// This module is browser compatible.

/**
 * Where a session of a {@linkcode NetcodeClient} is: the numbers of netcode's standard.
 * Below 0 it has failed, above 0 it goes on.
 */
export const NetcodeClientState = {
  /** No server let it in before its token ran out. */
  ConnectTokenExpired: -6,
  /** What it was given is no connect token. */
  InvalidConnectToken: -5,
  /** It was connected, and the server has not been heard for the token's timeout. */
  ConnectionTimedOut: -4,
  /** The last server challenged it, and did not let it in within the token's timeout. */
  ConnectionResponseTimedOut: -3,
  /** The last server has not answered within the token's timeout. */
  ConnectionRequestTimedOut: -2,
  /** The last server had no room. */
  ConnectionDenied: -1,
  /** It was ended by either end, or there is no such session. */
  Disconnected: 0,
  /** It asks a server for a challenge. */
  SendingConnectionRequest: 1,
  /** It answers a server's challenge. */
  SendingConnectionResponse: 2,
  /** Payloads may pass. */
  Connected: 3,
} as const;

/** One of the states: -6 to 3. */
export type NetcodeClientState =
  typeof NetcodeClientState[keyof typeof NetcodeClientState];

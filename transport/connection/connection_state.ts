// This module is browser compatible.

/** Where a connection stands. */
export const ConnectionState = {
  /** It was closed, by either end, or never was. */
  Disconnected: 0,
  /** Its link is not through with the handshake. */
  Connecting: 1,
  /** Messages go both ways. */
  Connected: 2,
  /** The other end was silent for too long, or says so of this one. */
  TimedOut: 3,
  /** The other end has thrown this one out. */
  Kicked: 4,
} as const;

/** One of the states. */
export type ConnectionState =
  typeof ConnectionState[keyof typeof ConnectionState];

/** Why a connection ended, as one end tells the other. The game's own codes are from 64 on. */
export const CloseCode = {
  /** It was closed. */
  Closed: 0,
  /** The other end is thrown out. */
  Kicked: 1,
  /** The other end was silent for too long. */
  TimedOut: 2,
  /** The other end broke the protocol in a way that no network does. */
  ProtocolError: 3,
  /** This end goes down. */
  Shutdown: 4,
} as const;

// This module is browser compatible.
import type { ConnectionState } from "./connection_state.ts";

/** What happened at a connection. */
export type ConnectionEvent = {
  /** It is over. The last event. */
  readonly type: "ended";
  /** What its state is now: `Disconnected`, `TimedOut` or `Kicked`. */
  readonly state: ConnectionState;
  /** A {@linkcode CloseCode}, or the game's own from 64 on. */
  readonly code: number;
  /** What the end that closed it says, or words of this end's own: up to 123 bytes of UTF-8. */
  readonly reason: string;
  /** Whether the other end closed it. */
  readonly isRemote: boolean;
};

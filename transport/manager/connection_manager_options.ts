// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import type { ConnectionOptions } from "../connection/connection_options.ts";
import type { DatagramLink } from "../link/datagram_link.ts";

/** Options for {@linkcode ConnectionManager}. */
export interface ConnectionManagerOptions {
  /** What lies between sockets and connections: it belongs to the manager from now on. */
  readonly link: DatagramLink;
  /**
   * What each connection is made with.
   *
   * @default {{}}
   */
  readonly connection?: PeerOptions;
  /**
   * The time.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * How long a peer that was disconnected may take to get what was sent before, in
   * milliseconds: above 0, finite.
   *
   * @default {PEER_TIMEOUT_MS}
   */
  readonly lingerMs?: number;
  /**
   * How many datagrams one poll takes from each socket at most: an integer, 1 or more.
   * The rest waits in the socket.
   *
   * @default {4096}
   */
  readonly maxDatagramsPerPoll?: number;
  /** Closes the manager when it is aborted. */
  readonly signal?: AbortSignal;
}

/** What each connection of a {@linkcode ConnectionManager} is made with; the rest its link and sockets tell. */
export type PeerOptions = Omit<
  ConnectionOptions,
  "maxPayloadBytes" | "overheadBytes" | "buffer"
>;

// This module is browser compatible.
import type { Connection } from "../connection/connection.ts";
import { ConnectionState } from "../connection/connection_state.ts";
import type { LinkEndReason } from "../link/datagram_link.ts";
import { type PeerId, peerSlot } from "../link/peer_id.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { PathRedundancy } from "./_path_redundancy.ts";
import type { PeerLink } from "./_peer_link.ts";

/** What a manager knows of one peer. */
export class ManagedPeer {
  readonly id: PeerId;
  readonly slot: number;
  readonly isClient: boolean;
  address: DatagramAddress;
  state: ConnectionState = ConnectionState.Connecting;
  /** `undefined` while connecting, and when all is over. */
  connection: Connection | undefined;
  /** What follows its path, unless the game has a policy of its own. */
  redundancy: PathRedundancy | undefined;
  /** Who takes its messages, if not the manager's sink. */
  link: PeerLink | undefined;
  /** Whether it is in the list of those to flush. */
  isDirty = false;
  /** Whether it is in the list of those to poll. */
  isReady = false;
  /** Whether its connection is handing out messages. */
  isPolling = false;
  /** How it is to be closed when it has handed out its message. */
  closing: { readonly code: number; readonly reason: string } | undefined;
  /** Its link has ended it; the game does not know yet. */
  cut:
    | { readonly reason: LinkEndReason; readonly message: string }
    | undefined;
  /** Why it ended, for its link. */
  endReason: string | undefined;
  /** When it is over at the latest. */
  overAtMs = Infinity;
  rttMs = 0;

  constructor(id: PeerId, address: DatagramAddress, isClient: boolean) {
    this.id = id;
    this.slot = peerSlot(id);
    this.address = address;
    this.isClient = isClient;
  }
}

// This module is browser compatible.
import type { LinkEndReason } from "../link/datagram_link.ts";
import type { PeerId } from "../link/peer_id.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";

/** Why a peer that was connected is no more. */
export type DisconnectReason =
  /** Closed: `code` is 0 or the game's own. */
  | "closed"
  /** Thrown out. */
  | "kicked"
  /** The end that closed it goes down. */
  | "shutdown"
  /** An end broke the protocol in a way that no network does. */
  | "protocolError"
  /** The other end does not know the session: it was started anew. */
  | "unknownSession";

/** What happened at a {@linkcode ConnectionManager}. */
export type ManagerEvent =
  | {
    /** Messages go both ways. */
    readonly type: "peerConnected";
    readonly peer: PeerId;
    readonly address: DatagramAddress;
    /** What the other end says of itself: 0 to 256 bytes, the receiver's own; nothing of a server. */
    readonly userData: Uint8Array;
    /** Who a client is, where the link knows it of somebody it trusts: netcode's client id. */
    readonly clientId?: bigint;
    /** Whether it came to this end, and not this end to it. */
    readonly isClient: boolean;
  }
  | {
    /** A peer that this end wanted to connect to never was. */
    readonly type: "connectFailed";
    readonly peer: PeerId;
    readonly reason: LinkEndReason;
    readonly message: string;
  }
  | {
    /** The peer is no more. What it had sent before was handed out. */
    readonly type: "peerDisconnected";
    readonly peer: PeerId;
    readonly reason: DisconnectReason;
    /** A {@linkcode CloseCode}, or the game's own from 64 on. */
    readonly code: number;
    /** What the end that closed it says: up to 123 bytes of UTF-8. */
    readonly message: string;
    /** Whether it was the other end. */
    readonly isRemote: boolean;
  }
  | {
    /** The peer was silent for too long, or says so of this end. */
    readonly type: "peerTimedOut";
    readonly peer: PeerId;
  }
  | {
    /** The peer has proven another address. */
    readonly type: "peerMoved";
    readonly peer: PeerId;
    readonly address: DatagramAddress;
    readonly from: DatagramAddress;
  };

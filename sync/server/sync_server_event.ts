// This module is browser compatible.
import type { ContractDifference } from "../../protocol/mod.ts";
import type { SyncPeer } from "./sync_peer.ts";

/** What a `SyncServer` tells. Each client has at most one of the first two, then the third. */
export type SyncServerEvent =
  | {
    /** The handshake with a client is over: snapshots go out to it. */
    readonly type: "peerReady";
    /** Which. */
    readonly peer: SyncPeer;
  }
  | {
    /** A client has another world, and is disconnected. */
    readonly type: "peerRefused";
    /** Which. */
    readonly peer: SyncPeer;
    /** In what its world differs. */
    readonly differences: readonly ContractDifference[];
    /** All of it in a sentence, for people. */
    readonly message: string;
  }
  | {
    /** The link to a client has closed. */
    readonly type: "peerDisconnected";
    /** Which. */
    readonly peer: SyncPeer;
    /** Why, in the words of who closed it. */
    readonly reason: string;
  };

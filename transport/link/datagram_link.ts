// This module is browser compatible.
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { PeerId } from "./peer_id.ts";

/** Why a link ended a peer, or did not let it in. */
export type LinkEndReason =
  /** The other end closed it. */
  | "closed"
  /** This end closed it. */
  | "disconnected"
  /** The server has no room. */
  | "serverFull"
  /** The server does not want it. */
  | "denied"
  /** No answer in time. */
  | "noAnswer"
  /** The other end does not know the session: it was started anew. */
  | "unknownSession"
  /** Another protocol or version. */
  | "wrongProtocol"
  /** The link itself has not heard of the peer for the time that its token allows. */
  | "timedOut"
  /** What was given to `connect()` is no token that this link can use. */
  | "invalidToken"
  /** The token ran out before any server let this end in. */
  | "tokenExpired";

/** What happened at a link. */
export type LinkEvent =
  | {
    /** The peer has proven its address and may be sent payloads. */
    readonly type: "peerConnected";
    readonly peer: PeerId;
    readonly address: DatagramAddress;
    /** What the other end says of itself, or its token does: 0 to 256 bytes, the receiver's own. */
    readonly userData: Uint8Array;
    /** Who the peer is, where the link knows it of somebody it trusts: netcode's client id. */
    readonly clientId?: bigint;
  }
  | {
    /** The peer has proven another address: what is sealed for it goes there. */
    readonly type: "peerMoved";
    readonly peer: PeerId;
    readonly address: DatagramAddress;
    readonly from: DatagramAddress;
  }
  | {
    /** The peer is no more; or a peer that this end wanted to connect to never was. */
    readonly type: "peerEnded";
    readonly peer: PeerId;
    readonly reason: LinkEndReason;
    readonly message: string;
  };

/** How a link sends what is its own, such as handshakes: at once, and it may be lost. */
export type LinkTransmit = (datagram: Uint8Array, to: DatagramAddress) => void;

/**
 * What lies between a socket and connections: the handshake, keys, the proof that a
 * peer is where it says it is, and the minting of {@linkcode PeerId}s. Sans-IO: it is
 * given datagrams and time, and hands out payloads, datagrams and events.
 *
 * One link serves both ways of any number of peers, over one or several sockets (an
 * address knows its socket).
 */
export interface DatagramLink {
  /** The most bytes of a payload: `MTU - overheadBytes`, or less where the link's own protocol says so. */
  readonly maxPayloadBytes: number;
  /** How many bytes sealing adds at most. */
  readonly overheadBytes: number;
  /** Who sent what {@linkcode DatagramLink.open} last gave out. */
  readonly openedPeer: PeerId;
  /** What it has counted since it was made: numbers by name, among them what it dropped, by reason. */
  readonly counters: Readonly<object>;

  /**
   * Sets how the link sends what is its own. Called once, by the owner, before
   * anything else.
   */
  bind(transmit: LinkTransmit): void;

  /**
   * Takes a datagram.
   *
   * @param datagram What came in, 0 or more bytes; not written to.
   * @param from Where from.
   * @param out Where the payload is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the payload, 1 or more, of {@linkcode DatagramLink.openedPeer};
   * 0 if the datagram was the link's own or was dropped (and counted by reason).
   */
  open(datagram: Uint8Array, from: DatagramAddress, out: Uint8Array): number;

  /**
   * Makes a datagram of a payload.
   *
   * @param payload 1 to `maxPayloadBytes` bytes.
   * @param peer Who it is for.
   * @param out Where the datagram is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the datagram, 0 if the peer is not connected.
   */
  seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number;

  /** Where to send what was sealed for a peer; `undefined` if it is not known. */
  addressOf(peer: PeerId): DatagramAddress | undefined;

  /**
   * Begins to connect.
   *
   * @param to The server.
   * @param credentials What the link asks for: user data here, a connect token in netcode.
   * @returns The peer, of which an event tells whether it connected.
   */
  connect(to: DatagramAddress, credentials: Uint8Array): PeerId;

  /**
   * Goes on with a peer that this end has connected to over another address of it, maybe of
   * another socket. Either what is sealed for it goes there from now on, without an event: the
   * other end follows when this end's new address is proven, which takes a payload that this
   * end sends. Or the link proves the new way first: what is sealed goes the old way until a
   * `peerMoved` event tells that it is, and {@linkcode DatagramLink.addressOf} says so.
   *
   * @param peer The peer.
   * @param to The same other end.
   * @returns Whether it does: `false` if the peer is not connected or has come to this end, or
   * this kind of link keeps its peers where they are.
   */
  move(peer: PeerId, to: DatagramAddress): boolean;

  /** Lets nobody in from now on: who asks is refused as where there is no room. */
  stopAccepting(): void;

  /**
   * Ends a peer at once: the other end is told, in datagrams that may be lost, and the
   * peer's slot is free. No event.
   */
  disconnect(peer: PeerId): void;

  /**
   * Lets time pass.
   *
   * @param dt Seconds, 0 or more.
   */
  tick(dt: number): void;

  /** In how many milliseconds `tick()` is wanted at the latest: 0 or more, `Infinity` if nothing waits. */
  readonly nextTickMs: number;

  /** Takes out what happened. */
  drainEvents(): Iterable<LinkEvent>;
}

// This module is browser compatible.
import { EventQueue, type Random, SecureRandom } from "../../core/mod.ts";
import { checkDt } from "../link/_check_dt.ts";
import { SlotTable } from "../link/_slot_table.ts";
import type {
  DatagramLink,
  LinkEndReason,
  LinkEvent,
  LinkTransmit,
} from "../link/datagram_link.ts";
import type { PeerId } from "../link/peer_id.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { Writable } from "../writable.ts";
import { checkPayload } from "./_check_payload.ts";
import { writeRequest } from "./_request.ts";
import { Silence } from "./_silence.ts";
import { MAX_PAYLOAD_BYTES } from "./_sizes.ts";
import { CLIENT_STALL_MS, DISCONNECT_COPIES, REPEAT_MS } from "./_timing.ts";
import {
  isTokenPacketLength,
  KEEP_ALIVE_BYTES,
  prefixOf,
  PROOF_AT,
  RESUME_BYTES,
  ROUNDS,
  SESSION_AT,
  SESSION_BYTES,
  TOKEN_REQUEST_BYTES,
  TokenPacket,
} from "./_token_wire.ts";
import { getU32, putU32 } from "./_u64.ts";
import { type ConnectToken, tryParseConnectToken } from "./connect_token.ts";
import type {
  TokenLinkCounters,
  TokenLinkOptions,
} from "./token_link_options.ts";

/** Each peer keeps room for its two events. */
const EVENT_CAPACITY = 2 * 65_536;

/** One session with a server. */
class Session {
  readonly id: PeerId;
  address: DatagramAddress;
  /** Which of the link's sessions, of the last sixteen. */
  readonly round: number;
  /** Netcode's, but for its prefix, and what follows it here. */
  readonly request = new Uint8Array(TOKEN_REQUEST_BYTES);
  readonly resume = new Uint8Array(RESUME_BYTES);
  readonly silence: Silence;
  readonly expiresMs: number;
  isConnected = false;
  /** Whether it waits for the server to let it in, or to follow to another address. */
  isAsking = true;
  askedMs = 0;
  sentMs = 0;
  clientIndex = 0;
  maxClients = 0;

  constructor(
    id: PeerId,
    address: DatagramAddress,
    round: number,
    token: ConnectToken,
    secret: Uint8Array,
    nowMs: number,
  ) {
    this.id = id;
    this.address = address;
    this.round = round;
    writeRequest(token, this.request);
    this.request[0] = prefixOf(TokenPacket.Request, round);
    this.request.set(token.clientToServerKey, PROOF_AT);
    this.request.set(secret, SESSION_AT);
    this.resume[0] = prefixOf(TokenPacket.Resume, round);
    this.resume.set(secret, RESUME_BYTES - SESSION_BYTES);
    this.silence = new Silence(token.timeoutSeconds, nowMs);
    const { createSeconds, expireSeconds } = token;
    // By the time since it was asked, as the reference: clients' clocks are wrong too often.
    this.expiresMs = nowMs + Number(expireSeconds - createSeconds) * 1_000;
  }
}

/**
 * The client's half of netcode where the way is sealed below: browsers present their
 * connect token over `wss:` or WebTransport, and the {@linkcode DatagramLink} of the
 * server (`NetcodeServer`, with its option `isSealedBelow`) checks it by the rules that it has for
 * UDP. TLS keeps what is sent secret and whole, so nothing is sealed once more: over a
 * way without TLS whoever can read what passes has the session.
 *
 * It connects and lets nobody in. Of a token's addresses none is tried: they are for UDP, and
 * the server is where the socket says. A link has one session at a time at each address.
 *
 * @example A page and its server; a page has a WebSocket, `fetch` for the token, and the same lines
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   Channel,
 *   ConnectionManager,
 *   SimulatedNetwork,
 *   TokenLink,
 * } from "@tickwire/net/transport";
 * import { issueConnectToken, NetcodeServer } from "@tickwire/net/transport/netcode";
 *
 * const game = {
 *   protocolId: 0x1122334455667788n,
 *   addresses: ["203.0.113.7:40000"],
 * };
 * const privateKey = crypto.getRandomValues(new Uint8Array(32));
 * const network = new SimulatedNetwork();
 * const { clock } = network;
 * const listener = network.socket("10.0.0.1", 443); // a WebSocketDatagramListener
 * const server = new ConnectionManager({
 *   link: new NetcodeServer({
 *     ...game,
 *     privateKeys: [privateKey],
 *     maxClients: 64,
 *     isSealedBelow: (socket) => socket === listener,
 *   }),
 *   clock,
 * });
 * server.bind(listener);
 *
 * const page = new ConnectionManager({ link: new TokenLink(), clock });
 * const socket = network.socket("10.0.0.2"); // await WebSocketDatagramSocket.connect("wss://…")
 * page.bind(socket);
 * const token = issueConnectToken({ ...game, privateKey, clientId: 7n }); // what the login server answers
 * const peer = page.connect(socket.address("10.0.0.1", 443), token);
 *
 * const received: number[] = [];
 * for (let frame = 0; frame < 60; frame++) {
 *   network.tick(1 / 60);
 *   page.poll();
 *   server.poll((_peer, bytes) => received.push(...bytes));
 *   for (const event of page.drainEvents()) {
 *     assertEquals(event.type, "peerConnected");
 *     page.send(peer, new Uint8Array([1, 2, 3]), Channel.ReliableOrdered);
 *   }
 * }
 * assertEquals(received, [1, 2, 3]);
 * ```
 */
export class TokenLink implements DatagramLink {
  /**
   * The most bytes of a payload: 1,200, netcode's, as the server has the same limit for all of
   * its clients, and more would not fit into a WebTransport's datagram either.
   */
  readonly maxPayloadBytes: number = MAX_PAYLOAD_BYTES;
  /** How many bytes are added to a payload: 1. */
  readonly overheadBytes: number = 1;
  readonly #random: Random;
  /** `null` is one that was never tried. */
  readonly #peers = new SlotTable<Session | null>();
  readonly #sessions = new Map<DatagramAddress, Session>();
  readonly #events = new EventQueue<LinkEvent>({ capacity: EVENT_CAPACITY });
  readonly #counters: Writable<TokenLinkCounters> = {
    accepted: 0,
    moved: 0,
    malformed: 0,
    unknownSession: 0,
    unexpected: 0,
  };
  readonly #keepAlive = new Uint8Array(KEEP_ALIVE_BYTES);
  readonly #note = new Uint8Array(1);
  #transmit: LinkTransmit | undefined;
  #nextRound = 0;
  #nowMs = 0;
  #wakeMs = Infinity;
  #openedPeer = 0 as PeerId;

  /**
   * Creates a link without sessions.
   *
   * @param options Only tests need any.
   */
  constructor(options: TokenLinkOptions = {}) {
    this.#random = options.random ?? new SecureRandom();
  }

  /** Who sent what {@linkcode TokenLink.open} last gave out. */
  get openedPeer(): PeerId {
    return this.#openedPeer;
  }

  /** What it has counted: the same object at every call. */
  get counters(): TokenLinkCounters {
    return this.#counters;
  }

  /** In how many milliseconds `tick()` is wanted at the latest: 0 or more, `Infinity` if nothing waits. */
  get nextTickMs(): number {
    return Math.max(0, this.#wakeMs - this.#nowMs);
  }

  /**
   * Sets how the link sends what is its own.
   *
   * @param transmit What sends a datagram, at once.
   */
  bind(transmit: LinkTransmit): void {
    this.#transmit = transmit;
  }

  /**
   * Takes a datagram.
   *
   * @param datagram What came in, 0 or more bytes; not written to.
   * @param from Where from.
   * @param out Where the payload is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the payload, 1 or more, of {@linkcode TokenLink.openedPeer};
   * 0 if the datagram was the link's own or was dropped.
   */
  open(datagram: Uint8Array, from: DatagramAddress, out: Uint8Array): number {
    const { length } = datagram;
    const prefix = length > 0 ? datagram[0]! : 0;
    const type = prefix & 15;
    if (!isTokenPacketLength(type, length)) {
      this.#counters.malformed++;
      return 0;
    }
    const session = this.#sessions.get(from);
    if (session === undefined || session.round !== prefix >>> 4) {
      this.#counters.unknownSession++;
      return 0;
    }
    if (type !== TokenPacket.Payload) {
      this.#takeOwn(type, datagram, session);
      return 0;
    }
    if (!session.isConnected) {
      this.#counters.unexpected++;
      return 0;
    }
    session.silence.heardMs = this.#nowMs;
    out.set(datagram.subarray(1));
    this.#openedPeer = session.id;
    return length - 1;
  }

  /**
   * Makes a datagram of a payload.
   *
   * @param payload 1 to `maxPayloadBytes` bytes.
   * @param peer Who it is for.
   * @param out Where the datagram is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the datagram, 0 if the peer is not connected.
   * @throws {RangeError} If the payload is empty or longer.
   */
  seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number {
    const length = checkPayload(payload);
    const session = this.#peers.get(peer);
    if (!session?.isConnected) return 0;
    out[0] = prefixOf(TokenPacket.Payload, session.round);
    out.set(payload, 1);
    session.sentMs = this.#nowMs;
    return 1 + length;
  }

  /**
   * Where to send what was sealed for a peer.
   *
   * @param peer The peer.
   * @returns Its address, or `undefined` if it is not known.
   */
  addressOf(peer: PeerId): DatagramAddress | undefined {
    return this.#peers.get(peer)?.address;
  }

  /**
   * Which of the server's clients this end is.
   *
   * @param peer The server.
   * @returns 0 or more; `undefined` if it is not connected.
   */
  clientIndexOf(peer: PeerId): number | undefined {
    const session = this.#peers.get(peer);
    return session?.isConnected ? session.clientIndex : undefined;
  }

  /**
   * How many clients the server takes.
   *
   * @param peer The server.
   * @returns 1 or more; `undefined` if it is not connected.
   */
  maxClientsOf(peer: PeerId): number | undefined {
    const session = this.#peers.get(peer);
    return session?.isConnected ? session.maxClients : undefined;
  }

  /**
   * Begins to connect: the request leaves at once, and ten times per second until it is answered.
   *
   * @param to The server.
   * @param credentials A connect token, 2,048 bytes; copied. One that is none is told by the event.
   * @returns The peer, of which an event tells whether it connected.
   * @throws {RangeError} If all 65536 slots are taken.
   */
  connect(to: DatagramAddress, credentials: Uint8Array): PeerId {
    const isReserved = this.#events.reserve(2);
    const id = isReserved ? this.#peers.nextId() : undefined;
    if (id === undefined) {
      if (isReserved) this.#events.release(2);
      throw new RangeError(
        "Cannot connect as peers must be <= 65536 and events be drained: no slot is free",
      );
    }
    const token = tryParseConnectToken(credentials);
    if (token === undefined) {
      this.#fail(id, "invalidToken", "What was given is no connect token");
      return id;
    }
    if (this.#sessions.has(to)) {
      this.#fail(id, "denied", "The link has a session at this address");
      return id;
    }
    const round = this.#nextRound;
    this.#nextRound = (round + 1) % ROUNDS;
    const secret = new Uint8Array(SESSION_BYTES);
    this.#random.fill(secret);
    const session = new Session(id, to, round, token, secret, this.#nowMs);
    this.#peers.add(id, session);
    this.#sessions.set(to, session);
    to.retain();
    this.#ask(session);
    return id;
  }

  /**
   * Goes on with a server over another address of it, maybe of another socket: after a
   * WebSocket has broken. What is sealed for it goes there from now on; the server follows when
   * it is asked to, which is done at once and until it answers. No event.
   *
   * @param peer The server.
   * @param to Where it is too.
   * @returns `false` if it is not connected, or the link has another session there.
   */
  move(peer: PeerId, to: DatagramAddress): boolean {
    const session = this.#peers.get(peer);
    if (!session?.isConnected) return false;
    const from = session.address;
    if (to === from) return true;
    if (this.#sessions.has(to)) return false;
    to.retain();
    this.#sessions.delete(from);
    this.#sessions.set(to, session);
    session.address = to;
    session.isAsking = true;
    this.#counters.moved++;
    from.release();
    this.#ask(session);
    return true;
  }

  /** Does nothing: it lets nobody in. */
  stopAccepting(): void {}

  /**
   * Ends a peer at once: the server is told, ten times where that may be lost, and the
   * peer's slot is free. No event.
   *
   * @param peer The peer; one that is not known is no mistake.
   */
  disconnect(peer: PeerId): void {
    const session = this.#peers.get(peer);
    if (session === undefined || session === null) return;
    const { address, isConnected } = session;
    this.#note[0] = prefixOf(TokenPacket.Disconnect, session.round);
    const copies = address.socket.isLossless === true ? 1 : DISCONNECT_COPIES;
    // Not to be found meanwhile: what sends may fail, and whoever is told end the session again.
    this.#peers.remove(peer);
    try {
      for (let i = 0; i < copies; i++) this.#transmit?.(this.#note, address);
    } finally {
      this.#events.release(isConnected ? 1 : 2);
      this.#remove(session);
    }
  }

  /**
   * Lets time pass.
   *
   * @param dt Seconds: finite, 0 or more.
   * @throws {RangeError} If `dt` is not.
   */
  tick(dt: number): void {
    const ms = checkDt(dt);
    this.#nowMs += ms;
    if (this.#nowMs < this.#wakeMs) return;
    this.#wakeMs = Infinity;
    const isStall = ms > CLIENT_STALL_MS;
    for (const session of this.#sessions.values()) {
      if (!this.#giveUp(session, isStall)) this.#repeat(session);
    }
  }

  /**
   * Takes out what happened.
   *
   * @returns The events, oldest first, each of them once.
   */
  drainEvents(): Iterable<LinkEvent> {
    return this.#events.drain();
  }

  #takeOwn(type: number, datagram: Uint8Array, session: Session): void {
    if (type === TokenPacket.KeepAlive) {
      session.silence.heardMs = this.#nowMs;
      session.isAsking = false;
      session.clientIndex = getU32(datagram, 1);
      session.maxClients = getU32(datagram, 5);
      if (!session.isConnected) this.#connected(session);
    } else if (type === TokenPacket.Disconnect) {
      this.#end(session, "closed", "The server has closed");
    } else if (type === TokenPacket.Denied && session.isAsking) {
      if (session.isConnected) {
        this.#end(
          session,
          "unknownSession",
          "The server does not know the session any more",
        );
      } else this.#end(session, "serverFull", "The server has no room");
    } else this.#counters.unexpected++;
  }

  /** Ends a session whose time is over. */
  #giveUp(session: Session, isStall: boolean): boolean {
    const isExpired = !session.isConnected && this.#nowMs >= session.expiresMs;
    const isSilent = this.#nowMs >= session.silence.endMs;
    if (!isExpired && !isSilent) return false;
    if (isStall && session.silence.excuse(this.#nowMs)) return false;
    if (isExpired) {
      this.#end(session, "tokenExpired", "The token has expired");
    } else if (session.isConnected) {
      this.#end(session, "timedOut", "The server was silent for too long");
    } else this.#end(session, "noAnswer", "The server did not answer in time");
    return true;
  }

  /** Says again what has to be said again. */
  #repeat(session: Session): void {
    if (session.isAsking) {
      if (this.#nowMs >= session.askedMs + REPEAT_MS) this.#ask(session);
    } else if (this.#nowMs >= session.sentMs + REPEAT_MS) {
      this.#keepAlive[0] = prefixOf(TokenPacket.KeepAlive, session.round);
      session.sentMs = this.#nowMs;
      this.#transmit?.(this.#keepAlive, session.address);
    }
    this.#wake(session);
  }

  #ask(session: Session): void {
    session.askedMs = this.#nowMs;
    session.sentMs = this.#nowMs;
    this.#wake(session);
    const { isConnected, request, resume, address } = session;
    if (isConnected) putU32(resume, 1, session.clientIndex);
    this.#transmit?.(isConnected ? resume : request, address);
  }

  #wake(session: Session): void {
    const repeatMs = (session.isAsking ? session.askedMs : session.sentMs) +
      REPEAT_MS;
    const wakeMs = Math.min(
      repeatMs,
      session.silence.endMs,
      session.isConnected ? Infinity : session.expiresMs,
    );
    if (wakeMs < this.#wakeMs) this.#wakeMs = wakeMs;
  }

  #connected(session: Session): void {
    session.isConnected = true;
    this.#counters.accepted++;
    this.#events.pushReserved({
      type: "peerConnected",
      peer: session.id,
      address: session.address,
      userData: new Uint8Array(0),
    });
    this.#wake(session);
  }

  #end(session: Session, reason: LinkEndReason, message: string): void {
    const { id, isConnected } = session;
    this.#remove(session);
    this.#events.pushReserved({ type: "peerEnded", peer: id, reason, message });
    if (!isConnected) this.#events.release();
  }

  /** Tells of a peer that never was. */
  #fail(peer: PeerId, reason: LinkEndReason, message: string): void {
    // Its id is used up all the same.
    this.#peers.add(peer, null);
    this.#peers.remove(peer);
    this.#events.pushReserved({ type: "peerEnded", peer, reason, message });
    this.#events.release();
  }

  #remove(session: Session): void {
    this.#peers.remove(session.id);
    this.#sessions.delete(session.address);
    session.address.release();
    // With nobody left there is nothing to wake for.
    if (this.#sessions.size === 0) this.#wakeMs = Infinity;
  }
}

import { EventQueue, SecureRandom } from "../../core/mod.ts";
import type {
  DatagramLink,
  LinkEndReason,
  LinkEvent,
  LinkTransmit,
} from "../link/datagram_link.ts";
import type { PeerId } from "../link/peer_id.ts";
import { checkDt } from "../link/_check_dt.ts";
import { SlotTable } from "../link/_slot_table.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";
import type { Writable } from "../writable.ts";
import { MOVE_AT, MOVE_BIT } from "./_challenge_token.ts";
import { ClientPath } from "./_client_path.ts";
import { checkCipher } from "./_aead.ts";
import { checkPayload } from "./_check_payload.ts";
import { ClientSession } from "./_client_session.ts";
import { splitEndpoint } from "./_endpoint.ts";
import { HeaderFault } from "./_packet_codec.ts";
import { MAX_SESSIONS_AT, SessionPlaces } from "./_session_places.ts";
import { CLIENT_TAKES, PacketType, REPLAY_PROTECTED } from "./_packet_type.ts";
import { REQUEST_MARK_AT, ROAMING_MARK } from "./_request.ts";
import { MAX_PACKET_OVERHEAD_BYTES, MAX_PAYLOAD_BYTES } from "./_sizes.ts";
import { CLIENT_STALL_MS, DISCONNECT_COPIES, REPEAT_MS } from "./_timing.ts";
import { TokenUses } from "./_token_uses.ts";
import { getU32 } from "./_u64.ts";
import { type ConnectToken, tryParseConnectToken } from "./connect_token.ts";
import type { NetcodeClientCounters } from "./netcode_client_counters.ts";
import type { NetcodeClientOptions } from "./netcode_client_options.ts";
import { NetcodeClientState } from "./netcode_client_state.ts";

/** A server that was silent for so long does not hear this end either, or has it somewhere else. */
const SILENCE_MS = 500;
/** How long another way is tried. */
const PATH_MS = 5_000;
/** How many ended sessions are remembered with the states that they ended in. */
const MAX_ENDED = 256;
/** Each session keeps room for its two events. */
const EVENT_CAPACITY = 4 * 65_536;
const NO_BYTES = new Uint8Array(0);
/** A client's keep-alive says neither index nor number of clients. */
const KEEP_ALIVE = new Uint8Array(8);

type FailedState = Exclude<
  NetcodeClientState,
  | typeof NetcodeClientState.SendingConnectionRequest
  | typeof NetcodeClientState.SendingConnectionResponse
  | typeof NetcodeClientState.Connected
>;

const ENDS: Readonly<
  Record<FailedState, { readonly reason: LinkEndReason; message: string }>
> = {
  [NetcodeClientState.ConnectTokenExpired]: {
    reason: "tokenExpired",
    message: "The connect token ran out before a server let this end in",
  },
  [NetcodeClientState.InvalidConnectToken]: {
    reason: "invalidToken",
    message: "What was given is no connect token",
  },
  [NetcodeClientState.ConnectionTimedOut]: {
    reason: "timedOut",
    message: "The server fell silent",
  },
  [NetcodeClientState.ConnectionResponseTimedOut]: {
    reason: "noAnswer",
    message: "The server challenged, and did not answer the response in time",
  },
  [NetcodeClientState.ConnectionRequestTimedOut]: {
    reason: "noAnswer",
    message: "The server did not answer in time",
  },
  [NetcodeClientState.ConnectionDenied]: {
    reason: "serverFull",
    message: "The server has no room",
  },
  [NetcodeClientState.Disconnected]: {
    reason: "closed",
    message: "The server has closed",
  },
};

/**
 * The client of netcode 1.02: connects to servers by connect tokens that a login server
 * handed out, and seals what passes. Sans-IO: it is given datagrams and time, and hands out
 * payloads, datagrams and events.
 *
 * A session asks the server it was given; where that does not let it in, the servers that
 * its token lists after that one. One client has any number of sessions, of which at most 8
 * are at one address. A token belongs to one client: where that uses it again, its packets go
 * on with the numbers where they stopped, and begin somewhere at random where nobody knows.
 *
 * @example A token that is none
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NonBlockingSocket } from "@tickwire/net/transport/deno";
 * import { NetcodeClient } from "@tickwire/net/transport/netcode";
 *
 * using socket = await NonBlockingSocket.bind({ hostname: "127.0.0.1" });
 * const client = new NetcodeClient();
 * client.bind((datagram, to) => void to.socket.send(datagram, to));
 * client.connect(socket.address("127.0.0.1", 40_000), new Uint8Array(2_048));
 * const [event] = client.drainEvents();
 * assertEquals(event?.type === "peerEnded" && event.reason, "invalidToken");
 * ```
 */
export class NetcodeClient implements DatagramLink {
  readonly maxPayloadBytes: number = MAX_PAYLOAD_BYTES;
  readonly overheadBytes: number = MAX_PACKET_OVERHEAD_BYTES;
  readonly #isRoaming: boolean;
  readonly #peers = new SlotTable<ClientSession | null>();
  readonly #sessions = new Set<ClientSession>();
  readonly #places = new SessionPlaces<ClientSession>();
  readonly #uses: TokenUses;
  readonly #ended = new Map<PeerId, NetcodeClientState>();
  readonly #events = new EventQueue<LinkEvent>({ capacity: EVENT_CAPACITY });
  readonly #counters: Writable<NetcodeClientCounters> = {
    connected: 0,
    denied: 0,
    unanswered: 0,
    nextServers: 0,
    passedOver: 0,
    timedOut: 0,
    moved: 0,
    strangers: 0,
    malformed: 0,
    unexpected: 0,
    replayed: 0,
    forged: 0,
  };
  readonly #packet = new Uint8Array(
    MAX_PAYLOAD_BYTES + MAX_PACKET_OVERHEAD_BYTES,
  );
  #transmit: LinkTransmit | undefined;
  #nowMs = 0;
  /** When the first session is due, unless that is stale. */
  #dueMs = Infinity;
  #isDueStale = false;
  #openedPeer = 0 as PeerId;

  /**
   * Creates a client without sessions.
   *
   * @param options What it may do beyond the standard.
   * @throws {TransportError} `"unsupported"`, if the runtime has no cipher for it.
   */
  constructor(options: NetcodeClientOptions = {}) {
    checkCipher();
    this.#isRoaming = options.roaming === true;
    this.#uses = new TokenUses(options.random ?? new SecureRandom());
  }

  /** Who sent what {@linkcode NetcodeClient.open} last gave out. */
  get openedPeer(): PeerId {
    return this.#openedPeer;
  }

  /** What it has counted: the same object at every call. */
  get counters(): NetcodeClientCounters {
    return this.#counters;
  }

  /** In how many milliseconds `tick()` is wanted at the latest: 0 or more, `Infinity` without sessions. */
  get nextTickMs(): number {
    return Math.max(0, this.#firstDueMs() - this.#nowMs);
  }

  /**
   * Sets how the client sends what is its own.
   *
   * @param transmit What sends a datagram, at once.
   */
  bind(transmit: LinkTransmit): void {
    this.#transmit = transmit;
  }

  /**
   * Begins a session: the first request leaves at once.
   *
   * @param to The server to ask first. If the token does not list it, it stands for the token's first.
   * @param token A connect token: 2,048 bytes; copied. What is none ends the session at once, by an event.
   * @returns The session's peer, of which an event tells whether it connected.
   * @throws {RangeError} If 8 sessions are at that address, all 65536 slots are taken, or events are not drained.
   */
  connect(to: DatagramAddress, token: Uint8Array): PeerId {
    const parsed = tryParseConnectToken(token);
    if (parsed !== undefined && this.#places.isFull(to)) {
      throw new RangeError(
        `Cannot connect as sessions at an address must be <= ${MAX_SESSIONS_AT}: ${to} has as many`,
      );
    }
    const isReserved = this.#events.reserve(2);
    const id = isReserved ? this.#peers.nextId() : undefined;
    if (id === undefined) {
      if (isReserved) this.#events.release(2);
      throw new RangeError(
        "Cannot connect as peers must be <= 65536 and events be drained: no slot is free",
      );
    }
    if (parsed !== undefined) this.#begin(id, to, parsed);
    else {
      this.#peers.add(id, null);
      this.#finish(id, NetcodeClientState.InvalidConnectToken, false);
    }
    return id;
  }

  /**
   * Takes a datagram.
   *
   * @param datagram What came in, 0 or more bytes; not written to.
   * @param from Where from.
   * @param out Where the payload is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the payload, 1 to 1200, of {@linkcode NetcodeClient.openedPeer};
   * 0 if the datagram was the client's own or was dropped.
   */
  open(datagram: Uint8Array, from: DatagramAddress, out: Uint8Array): number {
    const sessions = this.#places.at(from);
    if (sessions.length === 0) {
      this.#counters.strangers++;
      return 0;
    }
    // The reason that came nearest to a packet of a session is the one that counts.
    let isReplay = false;
    let isForged = false;
    for (let i = 0; i < sessions.length; i++) {
      const session = sessions[i]!;
      const { codec } = session;
      const fault = codec.readHeader(datagram, CLIENT_TAKES);
      if (fault !== HeaderFault.None) {
        if (fault === HeaderFault.WrongType) this.#counters.unexpected++;
        else this.#counters.malformed++;
        return 0;
      }
      const { type, sequenceHigh, sequenceLow } = codec;
      // What means nothing where the session is, is not worth an opening.
      if ((session.takesFrom(from) >>> type & 1) === 0) continue;
      const isProtected = (REPLAY_PROTECTED >>> type & 1) !== 0;
      if (
        isProtected && session.window.isReplay(sequenceHigh, sequenceLow)
      ) {
        isReplay = true;
        continue;
      }
      const length = codec.open(datagram, session.receiveKey, out);
      if (length < 0) {
        isForged = true;
        continue;
      }
      if (i > 0) this.#places.prefer(from, session);
      if (type === PacketType.Challenge) this.#takeChallenge(session, out);
      else if (type === PacketType.Denied) this.#takeDenied(session);
      else {
        session.window.advance(sequenceHigh, sequenceLow);
        return this.#take(session, type, length, from, out);
      }
      return 0;
    }
    if (isForged) this.#counters.forged++;
    else if (isReplay) this.#counters.replayed++;
    else this.#counters.unexpected++;
    return 0;
  }

  /**
   * Makes a datagram of a payload.
   *
   * @param payload 1 to 1200 bytes.
   * @param peer Who it is for.
   * @param out Where the datagram is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the datagram, 0 if the peer is not connected.
   * @throws {RangeError} If the payload is empty, or longer than other implementations take.
   */
  seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number {
    checkPayload(payload);
    const session = this.#peers.get(peer);
    if (!session?.isConnected) return 0;
    session.nextSendMs = this.#nowMs + REPEAT_MS;
    this.#reschedule(session);
    return this.#seal(session, PacketType.Payload, payload, out);
  }

  /**
   * Where a session's server is: the one that it is connected to, or asks now.
   *
   * @param peer The session's peer.
   * @returns Its address, or `undefined` if it is not known.
   */
  addressOf(peer: PeerId): DatagramAddress | undefined {
    return this.#peers.get(peer)?.address;
  }

  /**
   * Where a session is, by the standard.
   *
   * @param peer The session's peer.
   * @returns Its state. Of those that are over, the last 256 are remembered; others were
   * `Disconnected`.
   */
  stateOf(peer: PeerId): NetcodeClientState {
    return this.#peers.get(peer)?.state ?? this.#ended.get(peer) ??
      NetcodeClientState.Disconnected;
  }

  /**
   * Which of the server's clients this end is.
   *
   * @param peer The session's peer.
   * @returns Its index, 0 to 2^32 - 1 as the server says; `undefined` if it is not connected.
   */
  clientIndexOf(peer: PeerId): number | undefined {
    const session = this.#peers.get(peer);
    return session?.isConnected ? session.clientIndex : undefined;
  }

  /**
   * How many clients the server takes.
   *
   * @param peer The session's peer.
   * @returns How many, 0 to 2^32 - 1 as the server says; `undefined` if it is not connected.
   */
  maxClientsOf(peer: PeerId): number | undefined {
    const session = this.#peers.get(peer);
    return session?.isConnected ? session.maxClients : undefined;
  }

  /**
   * Goes on with a server over another address of it, maybe of another socket, when the new
   * way is proven: until then what is sealed goes the old way. A `peerMoved` event tells when
   * it is; where that has not come after five seconds, the session stays where it is. Only
   * with the option `roaming`, and with servers that follow.
   *
   * @param peer The session's peer.
   * @param to Where its server is too.
   * @returns `false` if it is not connected, the client does not roam, or 8 sessions are at that address.
   */
  move(peer: PeerId, to: DatagramAddress): boolean {
    const session = this.#peers.get(peer);
    if (!this.#isRoaming || !session?.isConnected) return false;
    if (to === session.path?.address) return true;
    if (to !== session.address && this.#places.isFull(to)) return false;
    this.#leavePath(session);
    if (to === session.address) this.#reschedule(session);
    else {
      this.#places.add(to, session);
      this.#prove(session, to, this.#nowMs + PATH_MS);
    }
    return true;
  }

  /** Does nothing, as nobody comes to a client. */
  stopAccepting(): void {}

  /**
   * Ends a session at once: the server is told ten times, which may be lost, and the slot is
   * free. No event.
   *
   * @param peer The session's peer; one that is not known is no mistake.
   */
  disconnect(peer: PeerId): void {
    const session = this.#peers.get(peer);
    if (session === undefined || session === null) return;
    const { state, isConnected } = session;
    // A server that waits for a response may have let it in; one that has challenged nobody
    // here could not read it.
    const copies = state === NetcodeClientState.SendingConnectionRequest
      ? 0
      : DISCONNECT_COPIES;
    // Not to be found meanwhile: what sends may fail, and whoever is told end the session again.
    this.#peers.remove(peer);
    try {
      for (let i = 0; i < copies; i++) {
        this.#sendSealed(session, PacketType.Disconnect, NO_BYTES);
      }
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
    if (this.#nowMs < this.#firstDueMs()) return;
    const isStall = ms > CLIENT_STALL_MS;
    for (const session of this.#sessions) {
      if (this.#nowMs >= session.dueMs) this.#wake(session, isStall);
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

  #begin(id: PeerId, to: DatagramAddress, token: ConnectToken): void {
    const { addresses, clientToServerKey } = token;
    const use = this.#uses.take(clientToServerKey);
    const session = new ClientSession(id, to, token, use, this.#nowMs);
    this.#peers.add(id, session);
    this.#sessions.add(session);
    this.#places.add(to, session);
    const first = addresses.findIndex((server) =>
      addressOf(to.socket, server) === to
    );
    session.servers = addresses.slice(Math.max(first, 0) + 1);
    this.#sendOwn(session);
  }

  #takeDenied(session: ClientSession): void {
    this.#counters.denied++;
    this.#fail(session, NetcodeClientState.ConnectionDenied);
  }

  #takeChallenge(session: ClientSession, body: Uint8Array): void {
    const { sequenceHigh, sequenceLow } = session.codec;
    const { path } = session;
    // Challenges come again, and somebody may have kept an older one.
    if (
      path !== undefined && !session.isNewChallenge(sequenceHigh, sequenceLow)
    ) {
      this.#counters.replayed++;
      return;
    }
    session.challengeHigh = sequenceHigh;
    session.challengeLow = sequenceLow;
    session.response.set(body.subarray(0, session.response.length));
    if (path === undefined) {
      session.silence.heardMs = this.#nowMs;
      session.state = NetcodeClientState.SendingConnectionResponse;
      this.#sendOwn(session);
      return;
    }
    session.response[MOVE_AT]! |= MOVE_BIT;
    if (path.isChallenged) return;
    path.isChallenged = true;
    this.#sendPath(session, path);
  }

  /** Takes what a session's server has sealed, and which has not come before. */
  #take(
    session: ClientSession,
    type: number,
    length: number,
    from: DatagramAddress,
    body: Uint8Array,
  ): number {
    if (type === PacketType.Disconnect) {
      this.#end(session, NetcodeClientState.Disconnected);
      return 0;
    }
    session.silence.heardMs = this.#nowMs;
    // Whatever comes that way proves it: the server knows that this end is there.
    if (session.path?.address === from) this.#arrive(session, from);
    if (type === PacketType.KeepAlive && !session.isConnected) {
      this.#enter(session, body);
    }
    this.#reschedule(session);
    if (type === PacketType.KeepAlive) return 0;
    this.#openedPeer = session.id;
    return length;
  }

  /** Goes on at an address from where the server has answered. */
  #arrive(session: ClientSession, to: DatagramAddress): void {
    const from = session.address;
    if (to !== from) {
      const { id: peer } = session;
      // The owner is told, or it stays where it is.
      const isTold = this.#events.push({
        type: "peerMoved",
        peer,
        address: to,
        from,
      });
      if (!isTold) return;
      session.address = to;
      this.#places.remove(from, session);
      this.#counters.moved++;
    }
    session.path = undefined;
  }

  #enter(session: ClientSession, keepAlive: Uint8Array): void {
    session.state = NetcodeClientState.Connected;
    session.clientIndex = getU32(keepAlive, 0);
    session.maxClients = getU32(keepAlive, 4);
    // Until it is heard, the server sends a keep-alive before each payload: if the game has
    // nothing to send now, the next tick does.
    session.nextSendMs = this.#nowMs;
    this.#counters.connected++;
    this.#events.pushReserved({
      type: "peerConnected",
      peer: session.id,
      address: session.address,
      userData: new Uint8Array(0),
    });
  }

  /** Does what is due. */
  #wake(session: ClientSession, isStall: boolean): void {
    if (
      this.#nowMs >= session.deadlineMs &&
      !(isStall && session.silence.excuse(this.#nowMs))
    ) {
      this.#giveUp(session);
      return;
    }
    if (this.#nowMs >= session.nextSendMs) this.#sendOwn(session);
    if (session.isConnected && this.#isRoaming) this.#roam(session);
  }

  /** Proves where this end is: by another way, or where the server is silent. */
  #roam(session: ClientSession): void {
    const { path, address, silence } = session;
    if (path === undefined) {
      if (this.#nowMs >= silence.heardMs + SILENCE_MS) {
        this.#prove(session, address, Infinity);
      }
    } else if (this.#nowMs >= path.endMs) {
      this.#leavePath(session);
      this.#reschedule(session);
    } else if (this.#nowMs >= path.nextSendMs) this.#sendPath(session, path);
  }

  #prove(session: ClientSession, to: DatagramAddress, endMs: number): void {
    session.path = new ClientPath(to, this.#nowMs, endMs);
    this.#sendPath(session, session.path);
  }

  /** Gives a way up that is not proven. */
  #leavePath(session: ClientSession): void {
    const { path, address } = session;
    session.path = undefined;
    if (path !== undefined && path.address !== address) {
      this.#places.remove(path.address, session);
    }
  }

  #sendPath(session: ClientSession, path: ClientPath): void {
    path.nextSendMs = this.#nowMs + REPEAT_MS;
    this.#reschedule(session);
    if (path.takeTurn()) {
      this.#sendSealed(
        session,
        PacketType.Response,
        session.response,
        path.address,
      );
    } else {
      const { request } = session;
      request[REQUEST_MARK_AT] = ROAMING_MARK;
      this.#sendRequest(session, path.address);
      request[REQUEST_MARK_AT] = 0;
    }
  }

  #giveUp(session: ClientSession): void {
    if (session.isConnected) {
      this.#counters.timedOut++;
      this.#end(session, NetcodeClientState.ConnectionTimedOut);
    } else if (this.#nowMs >= session.expiresAtMs) {
      this.#end(session, NetcodeClientState.ConnectTokenExpired);
    } else {
      this.#counters.unanswered++;
      this.#fail(
        session,
        session.state === NetcodeClientState.SendingConnectionRequest
          ? NetcodeClientState.ConnectionRequestTimedOut
          : NetcodeClientState.ConnectionResponseTimedOut,
      );
    }
  }

  /** Goes on to the next server, or ends where there is none. */
  #fail(session: ClientSession, state: FailedState): void {
    const to = this.#nextServer(session);
    if (to === undefined) {
      this.#end(session, state);
      return;
    }
    this.#counters.nextServers++;
    this.#places.add(to, session);
    this.#places.remove(session.address, session);
    session.address = to;
    session.state = NetcodeClientState.SendingConnectionRequest;
    session.silence.heardMs = this.#nowMs;
    this.#sendOwn(session);
  }

  #nextServer(
    { address, servers }: ClientSession,
  ): DatagramAddress | undefined {
    for (let server = servers.shift(); server; server = servers.shift()) {
      const to = addressOf(address.socket, server);
      if (to !== undefined && !this.#places.isFull(to)) return to;
      this.#counters.passedOver++;
    }
    return undefined;
  }

  /** Sends what a session repeats where it is. */
  #sendOwn(session: ClientSession): void {
    session.nextSendMs = this.#nowMs + REPEAT_MS;
    this.#reschedule(session);
    switch (session.state) {
      case NetcodeClientState.Connected:
        this.#sendSealed(session, PacketType.KeepAlive, KEEP_ALIVE);
        return;
      case NetcodeClientState.SendingConnectionResponse:
        this.#sendSealed(session, PacketType.Response, session.response);
        return;
      default:
        this.#sendRequest(session, session.address);
    }
  }

  #sendRequest({ use, request }: ClientSession, to: DatagramAddress): void {
    // It has no nonce, and takes a number all the same, as in the reference.
    use.next++;
    this.#transmit?.(request, to);
  }

  #sendSealed(
    session: ClientSession,
    type: number,
    body: Uint8Array,
    to = session.address,
  ): void {
    const length = this.#seal(session, type, body, this.#packet);
    this.#transmit?.(this.#packet.subarray(0, length), to);
  }

  #seal(
    { codec, use, sendKey }: ClientSession,
    type: number,
    body: Uint8Array,
    out: Uint8Array,
  ): number {
    return codec.sealNumbered(type, use.next++, sendKey, body, out);
  }

  #firstDueMs(): number {
    if (this.#isDueStale) {
      let dueMs = Infinity;
      for (const session of this.#sessions) {
        if (session.dueMs < dueMs) dueMs = session.dueMs;
      }
      this.#dueMs = dueMs;
      this.#isDueStale = false;
    }
    return this.#dueMs;
  }

  #reschedule(session: ClientSession): void {
    const { dueMs } = session;
    session.dueMs = Math.min(session.nextSendMs, session.deadlineMs);
    if (this.#isRoaming && session.isConnected) {
      const { path, silence } = session;
      session.dueMs = Math.min(
        session.dueMs,
        path === undefined ? silence.heardMs + SILENCE_MS : path.dueMs,
      );
    }
    if (session.dueMs < this.#dueMs) this.#dueMs = session.dueMs;
    else if (dueMs === this.#dueMs) this.#isDueStale = true;
  }

  #end(session: ClientSession, state: FailedState): void {
    this.#remove(session);
    this.#finish(session.id, state, session.isConnected);
  }

  /** Tells of the end of a peer. */
  #finish(id: PeerId, state: FailedState, wasConnected: boolean): void {
    this.#peers.remove(id);
    if (!wasConnected) this.#events.release();
    this.#events.pushReserved({ type: "peerEnded", peer: id, ...ENDS[state] });
    if (state === NetcodeClientState.Disconnected) return;
    this.#ended.set(id, state);
    if (this.#ended.size <= MAX_ENDED) return;
    for (const oldest of this.#ended.keys()) {
      this.#ended.delete(oldest);
      return;
    }
  }

  #remove(session: ClientSession): void {
    this.#isDueStale = true;
    this.#leavePath(session);
    this.#peers.remove(session.id);
    this.#sessions.delete(session);
    this.#places.remove(session.address, session);
    this.#uses.release(session.sendKey, session.use);
  }
}

/** An address of a token, as a socket knows it; `undefined` if it cannot take it. */
function addressOf(
  socket: DatagramSocket,
  server: string,
): DatagramAddress | undefined {
  try {
    return socket.address(...splitEndpoint(server));
  } catch {
    // Of another family, or port 0.
    return undefined;
  }
}

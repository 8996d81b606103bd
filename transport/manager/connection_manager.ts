// This module is browser compatible.
import {
  checkFinite,
  checkInteger,
  type Clock,
  EventQueue,
  type Metric,
  type Random,
  SecureRandom,
  SeededRandom,
  SystemClock,
} from "../../core/mod.ts";
import {
  ByteWriter,
  cutCloseReason,
  MAX_COMPACT_HEADER_BYTES,
  MAX_PAYLOAD_LEN,
  type MessageLink,
  type Packet,
  PacketEncoder,
} from "../../protocol/mod.ts";
import { Connection } from "../connection/connection.ts";
import type { ConnectionEvent } from "../connection/connection_event.ts";
import { CloseCode, ConnectionState } from "../connection/connection_state.ts";
import { PacketBuffer } from "../connection/packet_buffer.ts";
import type { TransportStats } from "../connection/transport_stats.ts";
import { BASE_MTU, MTU, PEER_TIMEOUT_MS } from "../constants.ts";
import type {
  DatagramLink,
  LinkEndReason,
  LinkEvent,
} from "../link/datagram_link.ts";
import { type PeerId, peerSlot } from "../link/peer_id.ts";
import type { LateMessage } from "../message/channel_stats.ts";
import { resolveMessageLimits } from "../message/resolve_limits.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import { type DatagramSocket, SendResult } from "../socket/datagram_socket.ts";
import type { Writable } from "../writable.ts";
import { ManagedPeer } from "./_managed_peer.ts";
import { PathRedundancy } from "./_path_redundancy.ts";
import { type PeerHost, PeerLink } from "./_peer_link.ts";
import type {
  ConnectionManagerOptions,
  PeerOptions,
} from "./connection_manager_options.ts";
import type { DisconnectReason, ManagerEvent } from "./manager_event.ts";
import { TimerWheel } from "./timer_wheel.ts";

/** Each peer keeps room for its two main events; the rest is for moves. */
const EVENT_CAPACITY = 4 * 65_536;
/** A full socket is tried again after this. */
const FULL_RETRY_MS = 1;
/**
 * So many datagrams of each socket are taken in before what they have brought is handed out and
 * answered: who is heard must not wait for all that others, or a flood, have sent besides.
 */
const ROUND_DATAGRAMS = 64;
const NO_BYTES = new Uint8Array(0);

/**
 * Takes a message that has come in. The bytes hold it only until the sink returns: it
 * copies what it keeps, and writes nothing into them. It may call anything of the manager
 * but `poll()` and `receive()`.
 */
export type PeerMessageSink = (
  peer: PeerId,
  bytes: Uint8Array,
  channel: number,
) => void;

/** What a manager has counted since it was made. Read, never written. */
export interface ConnectionManagerCounters {
  /** Peers that were connected. */
  readonly connected: number;
  /** Peers that were wanted and never connected. */
  readonly connectFailed: number;
  /** The same by reason. */
  readonly connectFailedBy: Readonly<Record<LinkEndReason, number>>;
  /** Peers that ended otherwise than by a timeout. */
  readonly disconnected: number;
  /** The same by reason. */
  readonly disconnectedBy: Readonly<Record<DisconnectReason, number>>;
  /** Peers that were timed out. */
  readonly timedOut: number;
  /** Peers that changed their address, or were moved to another. */
  readonly moved: number;
  /** Clients sent away as events are not drained. */
  readonly turnedAway: number;
  /** Datagrams that a socket refused for good: too large, closed, no route. */
  readonly unsent: number;
  /** How often a socket was full. */
  readonly socketFull: number;
}

/**
 * All connections of one end: a server's with its clients, a client's with its server, or
 * both. It may have several sockets, so that native and browser clients reach one server.
 *
 * The game calls {@linkcode ConnectionManager.poll} once a frame or more often, and drains
 * the events. A poll takes in what the sockets have, hands out messages, and sends what is
 * due; nothing waits, and nothing throws for what a network or a peer did. What is sent
 * leaves at the end of the poll that it is sent in, or of the next one;
 * {@linkcode ConnectionManager.flush} sends it at once. The cost of a poll follows what
 * happens, not how many peers there are.
 *
 * **Messages** come by the sink of `poll()` or `receive()`, without copies. Whoever takes a
 * peer's {@linkcode ConnectionManager.link} gets its messages there and nowhere else.
 * Messages that nobody takes wait within bounds, and the other end waits too.
 *
 * **Events** follow the messages: when a peer is told to be gone, what it had sent before
 * was handed out. A peer's first messages may come by the very poll that connects it; who
 * wants its event before them polls without a sink, drains the events, then calls
 * {@linkcode ConnectionManager.receive}. Each `connect()` has one outcome, and each peer that was connected one
 * end.
 *
 * @example A server and a client on a simulated network
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import {
 *   Channel,
 *   ConnectionManager,
 *   InsecureLink,
 *   SimulatedNetwork,
 * } from "@tickwire/net/transport";
 *
 * const network = new SimulatedNetwork({ conditions: { latencyMs: 25 } });
 * const { clock } = network;
 * const server = new ConnectionManager({
 *   link: new InsecureLink({ protocol: "tanks 3", maxClients: 64 }),
 *   clock,
 * });
 * server.bind(network.socket("10.0.0.1", 9000));
 *
 * const client = new ConnectionManager({
 *   link: new InsecureLink({ protocol: "tanks 3" }),
 *   clock,
 * });
 * const socket = network.socket("10.0.0.2");
 * client.bind(socket);
 * const peer = client.connect(socket.address("10.0.0.1", 9000));
 *
 * const received: number[] = [];
 * for (let frame = 0; frame < 60; frame++) {
 *   network.tick(1 / 60);
 *   client.poll((_peer, bytes) => received.push(...bytes));
 *   server.poll((from, bytes, channel) => server.send(from, bytes, channel));
 *   for (const event of client.drainEvents()) {
 *     if (event.type !== "peerConnected") continue;
 *     client.send(peer, new Uint8Array([1, 2, 3]), Channel.ReliableOrdered);
 *   }
 * }
 * assertEquals(received, [1, 2, 3]);
 * assertEquals(server.peerCount, 1);
 * ```
 */
export class ConnectionManager implements Disposable {
  readonly #link: DatagramLink;
  readonly #options: PeerOptions;
  readonly #clock: Clock;
  readonly #lingerMs: number;
  readonly #maxDatagrams: number;
  readonly #maxMessageBytes: number;
  readonly #random: Random;
  /** Shared by all connections. */
  readonly #buffer = new PacketBuffer();
  readonly #opened = new Uint8Array(MTU);
  readonly #sealed = new PacketBuffer();
  readonly #sockets: DatagramSocket[] = [];
  /** By which each socket that is open is known in the metrics. */
  readonly #socketNumbers = new Map<DatagramSocket, number>();
  #boundCount = 0;
  /** By slot; one that is over stays until its slot is used again, for its state. */
  readonly #peers: (ManagedPeer | undefined)[] = [];
  /** All that are not over. */
  readonly #live = new Set<ManagedPeer>();
  readonly #connected = new Set<ManagedPeer>();
  /** Their ids, once somebody has asked. */
  #peerIds: readonly PeerId[] | undefined;
  readonly #wheel: TimerWheel;
  readonly #events = new EventQueue<ManagerEvent>({ capacity: EVENT_CAPACITY });
  #dirty: ManagedPeer[] = [];
  #spareDirty: ManagedPeer[] = [];
  #ready: ManagedPeer[] = [];
  #spareReady: ManagedPeer[] = [];
  readonly #connectFailedBy: Writable<
    ConnectionManagerCounters["connectFailedBy"]
  > = {
    closed: 0,
    disconnected: 0,
    serverFull: 0,
    denied: 0,
    noAnswer: 0,
    unknownSession: 0,
    wrongProtocol: 0,
    timedOut: 0,
    invalidToken: 0,
    tokenExpired: 0,
  };
  readonly #disconnectedBy: Writable<
    ConnectionManagerCounters["disconnectedBy"]
  > = {
    closed: 0,
    kicked: 0,
    shutdown: 0,
    protocolError: 0,
    unknownSession: 0,
  };
  readonly #counters: Writable<ConnectionManagerCounters> = {
    connected: 0,
    connectFailed: 0,
    connectFailedBy: this.#connectFailedBy,
    disconnected: 0,
    disconnectedBy: this.#disconnectedBy,
    timedOut: 0,
    moved: 0,
    turnedAway: 0,
    unsent: 0,
    socketFull: 0,
  };
  #encoder: PacketEncoder | undefined;
  #packetWriter: ByteWriter | undefined;
  #nowMs: number;
  #tickedMs: number;
  #isPolling = false;
  #isClosing = false;
  #isClosed = false;
  #polled: ManagedPeer | undefined;
  #sink: PeerMessageSink | undefined;
  #flushing: ManagedPeer | undefined;
  #fullSocket: DatagramSocket | undefined;
  /** Stops to listen to the signal. */
  #detach: (() => void) | undefined;

  /**
   * Creates a manager without sockets and peers.
   *
   * @param options Its link, and what its connections are made with.
   * @throws {TypeError} If what a channel is to deliver is none of what there is.
   * @throws {RangeError} If an option is out of its range, also one of its connections', or
   * the link's `maxPayloadBytes` and `overheadBytes` are together below `BASE_MTU` or above `MTU`.
   */
  constructor(options: ConnectionManagerOptions) {
    const {
      link,
      connection = {},
      clock = new SystemClock(),
      lingerMs = PEER_TIMEOUT_MS,
      maxDatagramsPerPoll = 4_096,
      signal,
    } = options;
    this.#link = link;
    this.#options = connection;
    this.#clock = clock;
    this.#lingerMs = checkFinite("lingerMs", lingerMs);
    this.#maxDatagrams = checkInteger(
      "maxDatagramsPerPoll",
      maxDatagramsPerPoll,
      1,
      Number.MAX_SAFE_INTEGER,
    );
    // Wrong options are told here, not when the first peer comes.
    const { congestion: _1, redundancy: _2, ...checked } = connection;
    const { overheadBytes, maxPayloadBytes } = link;
    new Connection({
      ...checked,
      overheadBytes,
      maxPayloadBytes,
      random: new SeededRandom(0),
      buffer: this.#buffer,
    });
    this.#random = connection.random ?? new SecureRandom();
    const limits = resolveMessageLimits(connection.limits);
    this.#maxMessageBytes = Math.min(
      limits.maxReliableBytes,
      limits.maxUnreliableBytes,
    );
    this.#nowMs = clock.nowMs();
    this.#tickedMs = this.#nowMs;
    this.#wheel = new TimerWheel(this.#nowMs);
    link.bind((datagram, to) => to.socket.send(datagram, to));
    if (signal?.aborted) this.close("aborted");
    else if (signal !== undefined) {
      const onAbort = (): void => this.close("aborted");
      signal.addEventListener("abort", onAbort, { once: true });
      this.#detach = () => signal.removeEventListener("abort", onAbort);
    }
  }

  /** How many peers are connected. */
  get peerCount(): number {
    return this.#connected.size;
  }

  /** Whether it was closed, and all peers were told. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** What it has counted: the same object at every call. */
  get counters(): ConnectionManagerCounters {
    return this.#counters;
  }

  /**
   * When `poll()` is wanted at the latest if nothing comes in and nothing is sent, in
   * milliseconds of the clock; `Infinity` for never.
   */
  get nextWakeMs(): number {
    if (this.#isClosed) return Infinity;
    let wakeMs = this.#tickedMs + this.#link.nextTickMs;
    const timerMs = this.#wheel.nextMs;
    if (timerMs < wakeMs) wakeMs = timerMs;
    if (this.#dirty.length > 0) {
      const dueMs = this.#nowMs +
        (this.#fullSocket === undefined ? 0 : FULL_RETRY_MS);
      if (dueMs < wakeMs) wakeMs = dueMs;
    }
    return wakeMs;
  }

  /**
   * Takes a socket into use: it belongs to the manager from now on, which closes it in the
   * end. One that is closed by itself is forgotten.
   *
   * @param socket The socket.
   * @throws {TypeError} If the manager is closed.
   * @throws {RangeError} If the socket's datagrams are smaller than `BASE_MTU`.
   */
  bind(socket: DatagramSocket): void {
    this.#checkOpen("bind a socket");
    const { maxDatagramBytes } = socket;
    if (maxDatagramBytes < BASE_MTU) {
      throw new RangeError(
        `Cannot bind a socket as its maxDatagramBytes must be >= ${BASE_MTU}: current value is ${maxDatagramBytes}`,
      );
    }
    if (this.#sockets.includes(socket)) return;
    this.#sockets.push(socket);
    this.#socketNumbers.set(socket, this.#boundCount++);
  }

  /**
   * Begins to connect. An event tells whether it succeeded.
   *
   * @param to The server: an address of a socket of this manager.
   * @param credentials What the link asks for: with an {@linkcode InsecureLink} user data,
   * 0 to 256 bytes. Copied.
   * @returns The peer, as it will be called in events.
   * @throws {TypeError} If the address is of another socket, or the manager is closed.
   * @throws {RangeError} If there are 65536 peers, or the link does not take the credentials.
   */
  connect(to: DatagramAddress, credentials: Uint8Array = NO_BYTES): PeerId {
    this.#checkOpen("connect");
    this.#checkBound("connect", to);
    if (!this.#events.reserve(2)) {
      throw new RangeError("Cannot connect as events must be drained");
    }
    // A manager without peers may have slept, and its link would count from then.
    if (this.#live.size === 0 && !this.#isPolling) this.#advance();
    let id: PeerId;
    try {
      id = this.#link.connect(to, credentials);
    } catch (error) {
      this.#events.release(2);
      throw error;
    }
    const peer = new ManagedPeer(id, to, false);
    this.#peers[peer.slot] = peer;
    this.#live.add(peer);
    return id;
  }

  /**
   * Goes on with a server over another of its addresses, maybe of another socket: after a
   * WebSocket has broken, or when this end knows of a better way. The server is the same peer,
   * and follows when the new way is proven, after two round trips at most. What was under way
   * is sent again: nothing reliable is lost, if it is done before the timeout. A link that
   * proves the new way before it leaves the old one, as netcode's, tells by a `peerMoved` event.
   *
   * @param peer The server.
   * @param to The same server: an address of a socket of this manager.
   * @returns `false` if it is not connected, or came to this end, or the link cannot.
   * @throws {TypeError} If the address is of another socket, or the manager is closed.
   */
  move(peer: PeerId, to: DatagramAddress): boolean {
    this.#checkOpen("move a peer");
    this.#checkBound("move a peer", to);
    const found = this.#find(peer);
    if (
      found?.connection === undefined || found.endReason !== undefined ||
      !this.#link.move(peer, to)
    ) return false;
    // A link that proves the new way first tells by an event when it has.
    if (this.#link.addressOf(peer) === to) this.#onPathChange(found, to);
    return true;
  }

  /**
   * Disconnects a peer. What was sent to it before is still delivered as its channels
   * promise, within `lingerMs`; then it is told. What it had sent and was not handed out is
   * lost. The event comes at once.
   *
   * @param peer The peer; one that is not known is no mistake.
   * @param reason Why, for the other end; cut to 123 bytes of UTF-8.
   * @param code What the game's own programs understand: 0, or an integer from 64 to 2^32 - 1.
   * @throws {RangeError} If `code` is none.
   */
  disconnect(peer: PeerId, reason = "", code: number = CloseCode.Closed): void {
    if (code !== CloseCode.Closed) checkInteger("code", code, 64, 0xffff_ffff);
    const found = this.#find(peer);
    if (found !== undefined) this.#close(found, code, reason);
  }

  /**
   * Throws a peer out: it is told at once, and what was sent before does not matter.
   *
   * @param peer The peer; one that is not known is no mistake.
   * @param reason Why, for the other end; cut to 123 bytes of UTF-8.
   */
  kick(peer: PeerId, reason = ""): void {
    const found = this.#find(peer);
    if (found !== undefined) this.#close(found, CloseCode.Kicked, reason);
  }

  /**
   * Sends a message to a peer.
   *
   * @param peer The peer.
   * @param bytes The message, copied before the call returns.
   * @param channel A `Channel`, or the index of a channel of the game's own.
   * @returns `false` if nothing was sent: the peer is not connected, the message too large,
   * or too much waits already.
   * @throws {RangeError} If there is no such channel.
   */
  send(peer: PeerId, bytes: Uint8Array, channel: number): boolean {
    const found = this.#find(peer);
    return found !== undefined && this.#send(found, bytes, channel);
  }

  /**
   * Sends a packet of `protocol` as one message.
   *
   * @param peer The peer.
   * @param packet The packet.
   * @param channel A `Channel`, or the index of a channel of the game's own.
   * @returns As {@linkcode ConnectionManager.send}; `false` too if a field of the packet is
   * out of its range.
   * @throws {RangeError} If there is no such channel.
   */
  sendPacket(peer: PeerId, packet: Packet, channel: number): boolean {
    const encoder = this.#encoder ??= new PacketEncoder();
    const writer = this.#packetWriter ??= new ByteWriter({
      maxBytes: MAX_COMPACT_HEADER_BYTES + MAX_PAYLOAD_LEN,
    });
    writer.reset();
    if (!encoder.encodeInto(packet, writer)) return false;
    const { buffer, length } = writer;
    return this.send(peer, buffer.subarray(0, length), channel);
  }

  /**
   * Sends a message to all peers that are connected.
   *
   * @param bytes The message.
   * @param channel A `Channel`, or the index of a channel of the game's own.
   * @param except A peer that does not get it.
   * @returns To how many it was sent.
   * @throws {RangeError} If there is no such channel.
   */
  broadcast(bytes: Uint8Array, channel: number, except?: PeerId): number {
    let count = 0;
    for (const peer of this.#connected) {
      if (peer.id !== except && this.#send(peer, bytes, channel)) count++;
    }
    return count;
  }

  /**
   * Takes in what has arrived, hands out messages, and sends what is due. Where much has
   * arrived and there is a sink, it does so in rounds of 64 datagrams of each socket.
   *
   * @param sink Takes the messages; if left out they wait for
   * {@linkcode ConnectionManager.receive}.
   * @throws {TypeError} If it is called from a sink.
   */
  poll(sink?: PeerMessageSink): void {
    this.#checkNotPolling();
    if (sink === undefined) {
      this.#step(this.#maxDatagrams);
      return;
    }
    let left = this.#maxDatagrams;
    let most: number;
    let came: number;
    do {
      most = Math.min(left, ROUND_DATAGRAMS);
      came = this.#step(most, sink);
      left -= most;
    } while (came === most && left > 0);
  }

  /**
   * Hands out messages that a poll has taken in.
   *
   * @param sink Takes them. What it throws goes to the caller; its message counts as
   * handed out, the others wait for the next call.
   * @throws {TypeError} If it is called from a sink.
   */
  receive(sink: PeerMessageSink): void {
    this.#checkNotPolling();
    const ready = this.#ready;
    this.#ready = this.#spareReady;
    this.#isPolling = true;
    this.#sink = sink;
    let done = 0;
    try {
      while (done < ready.length) {
        const peer = ready[done]!;
        // One that throws has more, maybe.
        if (peer.link === undefined) this.#pollPeer(peer);
        peer.isReady = false;
        done++;
      }
    } finally {
      this.#isPolling = false;
      this.#sink = undefined;
      for (; done < ready.length; done++) this.#ready.push(ready[done]!);
      ready.length = 0;
      this.#spareReady = ready;
    }
  }

  /** Sends at once what was sent since the last poll. */
  flush(): void {
    if (this.#isClosed) return;
    const nowMs = this.#clock.nowMs();
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
    this.#flush();
  }

  /**
   * Takes out what happened.
   *
   * @param budgetMs How long the loop may take, in milliseconds: 0 or more.
   * @returns The events, oldest first, each of them once.
   */
  drainEvents(budgetMs = Infinity): IterableIterator<ManagerEvent> {
    return this.#events.drain(budgetMs, this.#clock);
  }

  /**
   * Takes out one thing that happened.
   *
   * @returns The oldest event, or `undefined` if there is none.
   */
  pollEvent(): ManagerEvent | undefined {
    return this.#events.poll();
  }

  /**
   * A peer as what calls, state and lobbies speak over. From now on its messages are
   * handed out there.
   *
   * @param peer The peer.
   * @returns The same link at every call; `undefined` if there is no such peer.
   */
  link(peer: PeerId): MessageLink | undefined {
    const found = this.#find(peer);
    if (found === undefined) return undefined;
    return found.link ??= new PeerLink(
      found,
      this.#host,
      this.#maxMessageBytes,
    );
  }

  /**
   * Where a peer stands.
   *
   * @param peer The peer.
   * @returns Its state, also for some time after its end; `Disconnected` if it is not known.
   */
  peerState(peer: PeerId): ConnectionState {
    return this.#find(peer)?.state ?? ConnectionState.Disconnected;
  }

  /**
   * What was measured of a peer.
   *
   * @param peer The peer.
   * @returns A new object; `undefined` if the peer is not connected.
   */
  peerStats(peer: PeerId): TransportStats | undefined {
    return this.#find(peer)?.connection?.stats;
  }

  /**
   * The messages to a peer that were late last, and why: `lateBy` of the channels' stats sums
   * the causes up.
   *
   * @param peer The peer.
   * @returns Up to 16, oldest first; none if the peer is not connected.
   */
  lateMessages(peer: PeerId): LateMessage[] {
    return this.#find(peer)?.connection?.lateMessages() ?? [];
  }

  /**
   * The round-trip time of a peer.
   *
   * @param peer The peer.
   * @returns Smoothed, in milliseconds; 0 until it is known.
   */
  peerRttMs(peer: PeerId): number {
    return this.#find(peer)?.connection?.rttMs ?? 0;
  }

  /**
   * Where a peer is.
   *
   * @param peer The peer.
   * @returns Its address; `undefined` if the peer is not known any more.
   */
  peerAddress(peer: PeerId): DatagramAddress | undefined {
    return this.#link.addressOf(peer);
  }

  /**
   * Who is connected: of no cost while nobody comes or goes.
   *
   * @returns An array in the order of connecting, which never changes: the same one until
   * somebody comes or goes.
   */
  peers(): readonly PeerId[] {
    return this.#peerIds ??= Object.freeze(
      Array.from(this.#connected, ({ id }) => id),
    );
  }

  /**
   * Where those are who are connected.
   *
   * @returns A new array, in the order of connecting.
   */
  peerAddrs(): DatagramAddress[] {
    return Array.from(this.#connected, ({ address }) => address);
  }

  /**
   * What it tells about itself.
   *
   * @returns The numbers as they are now.
   */
  *metrics(): IterableIterator<Metric> {
    yield {
      name: "tickwire_transport_peers",
      help: "Peers that are connected.",
      type: "gauge",
      value: this.#connected.size,
    };
    yield* byLabel(
      "tickwire_transport_connects",
      "Peers that were connected, and by reason those that were wanted and were not.",
      "outcome",
      { connected: this.#counters.connected, ...this.#connectFailedBy },
    );
    yield* byLabel(
      "tickwire_transport_ends",
      "Peers that were connected and are no more, by reason.",
      "reason",
      { timedOut: this.#counters.timedOut, ...this.#disconnectedBy },
    );
    const { moved, turnedAway, unsent, socketFull } = this.#counters;
    yield* byLabel(
      "tickwire_transport_events",
      "What else happened to peers and datagrams.",
      "what",
      { moved, turnedAway, unsent, socketFull },
    );
    yield* byLabel(
      "tickwire_transport_link",
      "What the link has accepted, and dropped by reason.",
      "what",
      { ...this.#link.counters },
    );
    // One family after the other, as OpenMetrics wants them.
    for (const [{ counters }, number] of this.#socketNumbers) {
      const { sent, received, full, failed, dropped } = counters;
      yield* byLabel(
        "tickwire_transport_socket_datagrams",
        "Datagrams of a socket by what became of them; sockets are numbered as they are bound.",
        "what",
        { sent, received, full, failed, dropped },
        { socket: `${number}` },
      );
    }
    for (const [{ counters }, number] of this.#socketNumbers) {
      yield* byLabel(
        "tickwire_transport_socket_bytes",
        "Bytes of datagrams of a socket.",
        "what",
        { sent: counters.sentBytes, received: counters.receivedBytes },
        { socket: `${number}` },
      );
    }
  }

  /**
   * Closes it: every peer is disconnected as by {@linkcode ConnectionManager.disconnect},
   * who comes now is sent away. Polls go on until `isClosed`; then its sockets are closed too.
   *
   * @param reason Why, for the other ends; cut to 123 bytes of UTF-8.
   */
  close(reason = ""): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#link.stopAccepting();
    for (const peer of this.#live) {
      this.#close(peer, CloseCode.Shutdown, reason);
    }
    if (this.#live.size === 0) this.#finish();
  }

  /**
   * Closes it at once: peers are told in datagrams that may be lost, and what was sent
   * before is lost where it had not left. No events.
   */
  [Symbol.dispose](): void {
    if (this.#isClosed) return;
    this.#isClosing = true;
    for (const peer of this.#live) {
      const isOver = peer.state !== ConnectionState.Connecting &&
        peer.state !== ConnectionState.Connected;
      if (!isOver) {
        peer.state = ConnectionState.Disconnected;
        peer.endReason ??= "";
      }
      this.#free(peer);
    }
    this.#connected.clear();
    this.#peerIds = undefined;
    this.#finish();
  }

  readonly #host: PeerHost = {
    sendTo: (peer, bytes, channel) => this.#send(peer, bytes, channel),
    closePeer: (peer, code, reason) => this.#close(peer, code, reason),
    afterPoll: (peer) => this.#afterPoll(peer),
  };

  readonly #onDatagram = (
    datagram: Uint8Array,
    from: DatagramAddress,
  ): void => {
    const link = this.#link;
    const length = link.open(datagram, from, this.#opened);
    if (length === 0) return;
    let peer = this.#find(link.openedPeer);
    if (peer?.connection === undefined) {
      // It came with what connected it.
      this.#takeLinkEvents();
      peer = this.#find(link.openedPeer);
      if (peer?.connection === undefined) return;
    }
    peer.connection.receive(this.#opened, this.#nowMs, length);
    this.#markReady(peer);
    this.#markDirty(peer);
  };

  readonly #onDue = (slot: number): void => {
    const peer = this.#peers[slot]!;
    this.#markDirty(peer);
    // A timeout tells of itself when it is polled.
    this.#markReady(peer);
  };

  readonly #handOut = (bytes: Uint8Array, channel: number): void => {
    const peer = this.#polled!;
    if (peer.endReason === undefined) this.#sink!(peer.id, bytes, channel);
  };

  readonly #emit = (payload: Uint8Array): boolean => {
    const { id, address } = this.#flushing!;
    const length = this.#link.seal(payload, id, this.#sealed.bytes);
    if (length === 0) return true;
    const { socket } = address;
    const result = socket.send(this.#sealed.view(length), address);
    if (result === SendResult.Full) {
      this.#counters.socketFull++;
      this.#fullSocket = socket;
      return false;
    }
    // The others are as good as lost on the way: a peer may come back by another socket.
    if (result !== SendResult.Sent) this.#counters.unsent++;
    return true;
  };

  #advance(): void {
    const nowMs = this.#clock.nowMs();
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
    this.#link.tick((this.#nowMs - this.#tickedMs) / 1_000);
    this.#tickedMs = this.#nowMs;
    this.#takeLinkEvents();
  }

  /** Takes in so many datagrams of each socket at most, hands out messages, and sends what is due; tells how many the busiest socket had. */
  #step(maxDatagrams: number, sink?: PeerMessageSink): number {
    if (this.#isClosed) return 0;
    this.#advance();
    const came = this.#pollSockets(maxDatagrams);
    this.#takeLinkEvents();
    this.#wheel.advance(this.#nowMs, this.#onDue);
    if (sink !== undefined) this.receive(sink);
    this.#flush();
    if (this.#isClosing && this.#live.size === 0) this.#finish();
    return came;
  }

  #pollSockets(maxDatagrams: number): number {
    let most = 0;
    // What the link asks, such as whether a client may come in, may call anything too.
    this.#isPolling = true;
    try {
      for (let i = this.#sockets.length - 1; i >= 0; i--) {
        const socket = this.#sockets[i];
        // There are none left if that has closed the manager.
        if (socket === undefined) continue;
        const came = socket.poll(this.#onDatagram, maxDatagrams);
        if (came > most) most = came;
        if (!socket.isClosed) continue;
        this.#sockets.splice(i, 1);
        this.#socketNumbers.delete(socket);
      }
    } finally {
      this.#isPolling = false;
    }
    return most;
  }

  #takeLinkEvents(): void {
    for (const event of this.#link.drainEvents()) {
      if (event.type === "peerConnected") this.#onConnected(event);
      else if (event.type === "peerMoved") this.#onMoved(event);
      else this.#onLinkEnded(event);
    }
  }

  #onConnected(event: LinkEvent & { type: "peerConnected" }): void {
    const { peer: id, address, userData, clientId } = event;
    let peer = this.#find(id);
    if (peer === undefined) {
      // One that had come in just when the manager was closed is told too.
      if (this.#isClosing || !this.#events.reserve(2)) {
        this.#counters.turnedAway++;
        this.#link.disconnect(id);
        return;
      }
      peer = new ManagedPeer(id, address, true);
      this.#peers[peer.slot] = peer;
      this.#live.add(peer);
    }
    // A link may have gone on to another server than the one that it was to ask first.
    peer.address = address;
    const { overheadBytes, maxPayloadBytes } = this.#link;
    peer.connection = new Connection({
      redundancy: () =>
        peer.redundancy = new PathRedundancy(
          address.socket.isLossless === true,
        ),
      ...this.#options,
      overheadBytes,
      maxPayloadBytes: Math.min(
        maxPayloadBytes,
        address.socket.maxDatagramBytes - overheadBytes,
      ),
      random: this.#random,
      buffer: this.#buffer,
    });
    peer.state = ConnectionState.Connected;
    this.#connected.add(peer);
    this.#peerIds = undefined;
    this.#counters.connected++;
    this.#markDirty(peer);
    const { isClient } = peer;
    this.#events.pushReserved({
      type: "peerConnected",
      peer: id,
      address,
      userData,
      ...(clientId === undefined ? {} : { clientId }),
      isClient,
    });
  }

  #onMoved(event: LinkEvent & { type: "peerMoved" }): void {
    const peer = this.#find(event.peer);
    if (peer?.connection === undefined) return;
    this.#onPathChange(peer, event.address);
    if (peer.endReason === undefined) this.#events.push(event);
  }

  #onPathChange(peer: ManagedPeer, address: DatagramAddress): void {
    peer.address = address;
    peer.redundancy?.onPathChange(address.socket.isLossless === true);
    peer.connection!.onPathChange(this.#nowMs);
    this.#markDirty(peer);
    this.#counters.moved++;
  }

  #onLinkEnded(event: LinkEvent & { type: "peerEnded" }): void {
    const peer = this.#find(event.peer);
    if (peer === undefined || !this.#live.has(peer)) return;
    const { reason, message } = event;
    if (peer.state === ConnectionState.Connecting) {
      this.#failConnect(peer, reason, message);
    } else if (peer.endReason !== undefined) this.#free(peer);
    else {
      // What had come in is handed out first.
      peer.cut = { reason, message };
      this.#wheel.cancel(peer.slot);
      this.#markReady(peer);
    }
  }

  #failConnect(
    peer: ManagedPeer,
    reason: LinkEndReason,
    message: string,
  ): void {
    peer.state = reason === "noAnswer" || reason === "timedOut"
      ? ConnectionState.TimedOut
      : ConnectionState.Disconnected;
    peer.endReason = cutCloseReason(message);
    this.#live.delete(peer);
    this.#counters.connectFailed++;
    this.#connectFailedBy[reason]++;
    this.#events.release();
    this.#events.pushReserved({
      type: "connectFailed",
      peer: peer.id,
      reason,
      message,
    });
  }

  #send(peer: ManagedPeer, bytes: Uint8Array, channel: number): boolean {
    const { connection } = peer;
    if (
      connection === undefined || peer.endReason !== undefined ||
      !connection.send(channel, bytes, this.#nowMs)
    ) return false;
    this.#markDirty(peer);
    return true;
  }

  /** Closes a peer from this end. */
  #close(peer: ManagedPeer, code: number, reason: string): void {
    if (peer.endReason !== undefined) return;
    const cut = cutCloseReason(reason);
    const { connection } = peer;
    if (connection === undefined) {
      this.#link.disconnect(peer.id);
      this.#failConnect(peer, "disconnected", cut);
      return;
    }
    peer.overAtMs = this.#nowMs + this.#lingerMs;
    this.#tellEnd(peer, {
      type: "ended",
      state: code === CloseCode.Kicked
        ? ConnectionState.Kicked
        : ConnectionState.Disconnected,
      code,
      reason: cut,
      isRemote: false,
    });
    peer.closing = { code, reason: cut };
    // A sink of this peer may have called.
    if (!peer.isPolling) this.#afterPoll(peer);
  }

  #pollPeer(peer: ManagedPeer): void {
    const { connection } = peer;
    if (connection === undefined) return;
    if (peer.endReason === undefined) {
      this.#polled = peer;
      peer.isPolling = true;
      try {
        connection.poll(this.#handOut);
      } finally {
        peer.isPolling = false;
        this.#afterPoll(peer);
      }
    }
  }

  /** What a connection has handed out may have been its last. */
  #afterPoll(peer: ManagedPeer): void {
    const { connection, closing } = peer;
    if (connection === undefined) return;
    if (closing !== undefined) {
      peer.closing = undefined;
      connection.close(closing.code, closing.reason);
      if (peer.cut !== undefined) this.#free(peer);
      else this.#markDirty(peer);
    }
    for (const event of connection.drainEvents()) {
      if (peer.endReason !== undefined) continue;
      this.#tellEnd(peer, event);
      this.#markDirty(peer);
    }
    if (peer.cut === undefined || peer.endReason !== undefined) return;
    const { reason, message } = peer.cut;
    this.#tellEnd(peer, {
      type: "ended",
      state: reason === "timedOut"
        ? ConnectionState.TimedOut
        : ConnectionState.Disconnected,
      code: CloseCode.Closed,
      reason: message,
      isRemote: true,
    }, reason === "unknownSession" ? reason : "closed");
    this.#free(peer);
  }

  #tellEnd(
    peer: ManagedPeer,
    event: ConnectionEvent,
    reason: DisconnectReason = reasonOf(event.code),
  ): void {
    peer.endReason = event.reason;
    peer.state = event.state;
    peer.rttMs = peer.connection?.rttMs ?? 0;
    this.#connected.delete(peer);
    this.#peerIds = undefined;
    if (event.state === ConnectionState.TimedOut) {
      this.#counters.timedOut++;
      this.#events.pushReserved({ type: "peerTimedOut", peer: peer.id });
      return;
    }
    this.#counters.disconnected++;
    this.#disconnectedBy[reason]++;
    this.#events.pushReserved({
      type: "peerDisconnected",
      peer: peer.id,
      reason,
      code: event.code,
      message: event.reason,
      isRemote: event.isRemote,
    });
  }

  #flush(): void {
    this.#fullSocket = undefined;
    const dirty = this.#dirty;
    this.#dirty = this.#spareDirty;
    for (const peer of dirty) {
      peer.isDirty = false;
      this.#flushPeer(peer);
    }
    dirty.length = 0;
    this.#spareDirty = dirty;
    for (const socket of this.#sockets) socket.flush();
  }

  #flushPeer(peer: ManagedPeer): void {
    const { connection } = peer;
    if (connection === undefined || peer.cut !== undefined) return;
    if (peer.address.socket === this.#fullSocket) {
      this.#markDirty(peer);
      return;
    }
    this.#flushing = peer;
    connection.flush(this.#nowMs, this.#emit);
    if (connection.isOver || this.#nowMs >= peer.overAtMs) {
      this.#free(peer);
      return;
    }
    const { nextWakeMs } = connection;
    this.#wheel.schedule(
      peer.slot,
      nextWakeMs < peer.overAtMs ? nextWakeMs : peer.overAtMs,
    );
  }

  /** All is over: the slot may be used again. */
  #free(peer: ManagedPeer): void {
    this.#live.delete(peer);
    peer.connection = undefined;
    if (this.#peers[peer.slot] !== peer || peer.cut !== undefined) return;
    this.#wheel.cancel(peer.slot);
    this.#link.disconnect(peer.id);
  }

  #finish(): void {
    this.#isClosed = true;
    this.#detach?.();
    this.#detach = undefined;
    for (const socket of this.#sockets) socket.close();
    this.#sockets.length = 0;
    this.#socketNumbers.clear();
  }

  #markDirty(peer: ManagedPeer): void {
    if (peer.isDirty) return;
    peer.isDirty = true;
    this.#dirty.push(peer);
  }

  #markReady(peer: ManagedPeer): void {
    if (peer.isReady || peer.link !== undefined) return;
    peer.isReady = true;
    this.#ready.push(peer);
  }

  #find(id: PeerId): ManagedPeer | undefined {
    const peer = this.#peers[peerSlot(id)];
    return peer?.id === id ? peer : undefined;
  }

  #checkOpen(action: string): void {
    if (!this.#isClosing) return;
    throw new TypeError(
      `Cannot ${action} as the manager must not be closed: it is`,
    );
  }

  #checkBound(action: string, to: DatagramAddress): void {
    if (this.#sockets.includes(to.socket)) return;
    throw new TypeError(
      `Cannot ${action} as the address must be of a socket that is bound: current value is ${to}`,
    );
  }

  #checkNotPolling(): void {
    if (!this.#isPolling) return;
    throw new TypeError(
      "Cannot poll the manager as its sink must have returned: current call is inside of it",
    );
  }
}

function reasonOf(code: number): DisconnectReason {
  if (code === CloseCode.Kicked) return "kicked";
  if (code === CloseCode.Shutdown) return "shutdown";
  return code === CloseCode.ProtocolError ? "protocolError" : "closed";
}

/** A family of counters, one for each number of a record. */
function* byLabel(
  name: string,
  help: string,
  label: string,
  values: Readonly<Record<string, number>>,
  labels: Readonly<Record<string, string>> = {},
): IterableIterator<Metric> {
  for (const [key, value] of Object.entries(values)) {
    yield {
      name,
      help,
      type: "counter",
      value,
      labels: { ...labels, [label]: key },
    };
  }
}

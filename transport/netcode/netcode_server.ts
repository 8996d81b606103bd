import {
  checkInteger,
  type Clock,
  EventQueue,
  SecureRandom,
  SystemClock,
} from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import { checkDt } from "../link/_check_dt.ts";
import { SlotTable } from "../link/_slot_table.ts";
import type {
  DatagramLink,
  LinkEvent,
  LinkTransmit,
} from "../link/datagram_link.ts";
import type { PeerId } from "../link/peer_id.ts";
import { TimerWheel } from "../manager/timer_wheel.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { Writable } from "../writable.ts";
import {
  CHALLENGE_BODY_BYTES,
  type ChallengeToken,
  MOVE_AT,
  MOVE_BIT,
  openChallenge,
  sealChallenge,
} from "./_challenge_token.ts";
import { checkKey } from "./_check_bytes.ts";
import { checkPayload } from "./_check_payload.ts";
import { checkU64 } from "./_check_u64.ts";
import { ClientSlots } from "./_client_slots.ts";
import {
  type EncryptionMapping,
  EncryptionMappings,
} from "./_encryption_mappings.ts";
import { canonicalEndpoint } from "./_endpoint.ts";
import { OpeningBudget } from "./_opening_budget.ts";
import { HeaderFault, isBodyLength, PacketCodec } from "./_packet_codec.ts";
import { openPrivateToken, type PrivateToken } from "./_private_token.ts";
import {
  nonceOfRequest,
  privateDataOfRequest,
  REQUEST_EXPIRE_AT,
  REQUEST_MARK_AT,
  REQUEST_PROTOCOL_AT,
  REQUEST_VERSION_AT,
  ROAMING_MARK,
} from "./_request.ts";
import {
  SealedBelow,
  type SealedBelowHost,
  type TokenSession,
} from "./_sealed_below.ts";
import { type RoamingPath, RoamingPaths } from "./_roaming_paths.ts";
import { SendOrder } from "./_send_order.ts";
import { ServerClient } from "./_server_client.ts";
import { PacketType, SERVER_TAKES } from "./_packet_type.ts";
import {
  KEY_BYTES,
  MAX_PACKET_OVERHEAD_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_SERVER_ADDRESSES,
  REQUEST_BYTES,
  VERSION,
} from "./_sizes.ts";
import { DISCONNECT_COPIES, REPEAT_MS } from "./_timing.ts";
import { prefixOf } from "./_token_wire.ts";
import { getU64, getU64Number, putU32, putU64 } from "./_u64.ts";
import { tagOf, type UsedToken, UsedTokens } from "./_used_tokens.ts";
import type { NetcodeServerCounters } from "./netcode_server_counters.ts";
import type { NetcodeServerOptions } from "./netcode_server_options.ts";

/** A tick that long says nothing of who was silent: what has come meanwhile was not read yet. */
const STALL_MS = 1_000;
const MAX_KEYS = 8;
const MAX_CLIENTS = 65_535;
/** Each client keeps room for its two main events; the rest is for moves. */
const EVENT_CAPACITY = 4 * 65_536;
const MAX_PACKET_BYTES = MAX_PAYLOAD_BYTES + MAX_PACKET_OVERHEAD_BYTES;

const NO_BODY = new Uint8Array(0);

/**
 * The server's role of netcode 1.02, wire-compatible with the other implementations: lets
 * clients in whose connect tokens one of its keys opens, and seals all that passes. Sans-IO;
 * used as the link of a `ConnectionManager`, or alone by whoever speaks plain netcode with
 * the clients of existing games: then a payload is whatever those send.
 *
 * It is silent to whoever has no good token, keeps nothing of an address that has not
 * answered a challenge but in bounded tables, and answers with less than a third of what
 * it was sent. STANDARD_NOTES.md says what it does where the standard says nothing.
 *
 * @example A server for 64 clients, without a network
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { NetcodeServer } from "@tickwire/net/transport/netcode";
 *
 * const server = new NetcodeServer({
 *   protocolId: 0x1122334455667788n,
 *   privateKeys: [crypto.getRandomValues(new Uint8Array(32))],
 *   addresses: ["203.0.113.7:40000"],
 *   maxClients: 64,
 * });
 * assertEquals([server.clientCount, server.maxClients], [0, 64]);
 * assertEquals([...server.drainEvents()], []);
 * ```
 */
export class NetcodeServer implements DatagramLink {
  readonly maxPayloadBytes: number = MAX_PAYLOAD_BYTES;
  readonly overheadBytes: number = MAX_PACKET_OVERHEAD_BYTES;
  /** How many clients may be connected at once. */
  readonly maxClients: number;
  readonly #protocolId: bigint;
  readonly #protocol = new Uint8Array(8);
  readonly #privateKeys: readonly Uint8Array[];
  readonly #addresses: ReadonlySet<string>;
  readonly #isSealedBelow: NetcodeServerOptions["isSealedBelow"];
  readonly #clock: Clock;
  readonly #codec: PacketCodec;
  readonly #challengeKey = new Uint8Array(KEY_BYTES);
  #challengeSequence = 0;
  #globalHigh: number;
  #globalLow = 0;
  readonly #peers = new SlotTable<ServerClient>();
  readonly #slots: ClientSlots;
  readonly #byIndex: (ServerClient | undefined)[] = [];
  readonly #byAddress = new Map<DatagramAddress, ServerClient>();
  readonly #byClientId = new Map<bigint, ServerClient>();
  readonly #order = new SendOrder();
  /** When each client may be gone, by its index. */
  readonly #timeouts = new TimerWheel();
  readonly #mappings = new EncryptionMappings();
  readonly #used: UsedTokens;
  readonly #roaming = new RoamingPaths();
  readonly #budget: OpeningBudget;
  readonly #events = new EventQueue<LinkEvent>({ capacity: EVENT_CAPACITY });
  readonly #counters: Writable<NetcodeServerCounters> = {
    accepted: 0,
    closed: 0,
    timedOut: 0,
    challenged: 0,
    full: 0,
    malformed: 0,
    wrongType: 0,
    wrongVersion: 0,
    wrongProtocol: 0,
    expired: 0,
    badToken: 0,
    malformedToken: 0,
    otherServer: 0,
    addressConnected: 0,
    clientConnected: 0,
    tokenUsed: 0,
    badProof: 0,
    moved: 0,
    mappingsFull: 0,
    badChallenge: 0,
    forged: 0,
    replayed: 0,
    unknownAddress: 0,
    unexpected: 0,
    rateLimited: 0,
  };
  /** What is sent is consumed before the call returns. */
  readonly #packet = new Uint8Array(MTU);
  readonly #body = new Uint8Array(CHALLENGE_BODY_BYTES);
  readonly #opened = new Uint8Array(MTU);
  readonly #keepAlive = new Uint8Array(8);
  #transmit: LinkTransmit | undefined;
  #nowMs = 0;
  #isStalled = false;
  #isAccepting = true;
  #openedPeer = 0 as PeerId;

  /**
   * Creates a server without clients.
   *
   * @param options Which game, its keys and addresses, and how many clients.
   * @throws {TypeError} If the protocol id is no bigint, a key no `Uint8Array`, or an address
   * is none with a port.
   * @throws {RangeError} If a number, a key's length, or the count of keys or addresses is
   * out of its range.
   */
  constructor(options: NetcodeServerOptions) {
    const {
      protocolId,
      privateKeys,
      addresses,
      maxClients,
      clock = new SystemClock(),
      random = new SecureRandom(),
    } = options;
    this.#protocolId = checkU64(
      "create a NetcodeServer",
      "protocolId",
      protocolId,
    );
    putU64(this.#protocol, 0, protocolId);
    this.#codec = new PacketCodec(protocolId);
    this.#privateKeys = copyKeys(privateKeys);
    this.#addresses = readAddresses(addresses);
    this.maxClients = checkInteger("maxClients", maxClients, 1, MAX_CLIENTS);
    this.#slots = new ClientSlots(maxClients);
    this.#isSealedBelow = options.isSealedBelow?.bind(options);
    this.#clock = clock;
    this.#budget = new OpeningBudget(random);
    this.#used = new UsedTokens(random);
    random.fill(this.#challengeKey);
    // The upper half of all sequences, which clients' own never reach; within it somewhere
    // else after each start, as a token's key may have been used before it.
    this.#globalHigh = 0x8000_0000 + (random.nextU32() >>> 1);
  }

  /** Who sent what {@linkcode NetcodeServer.open} last gave out. */
  get openedPeer(): PeerId {
    return this.#openedPeer;
  }

  /** What it has counted: the same object at every call. */
  get counters(): NetcodeServerCounters {
    return this.#counters;
  }

  /** How many clients are connected: 0 to `maxClients`. */
  get clientCount(): number {
    return this.#byAddress.size;
  }

  /** In how many milliseconds `tick()` is wanted at the latest: 0 or more, `Infinity` if nothing waits. */
  get nextTickMs(): number {
    const first = this.#order.first;
    const keepAliveMs = first === undefined
      ? Infinity
      : first.sentMs + REPEAT_MS;
    const dueMs = Math.min(
      keepAliveMs,
      this.#timeouts.nextMs,
      this.#mappings.nextMs,
    );
    return Math.max(0, dueMs - this.#nowMs);
  }

  /**
   * Which of the server's places a client has.
   *
   * @param peer The client.
   * @returns 0 to `maxClients` - 1, as the client was told; `undefined` if it is not connected.
   */
  clientIndexOf(peer: PeerId): number | undefined {
    return this.#peers.get(peer)?.index;
  }

  /**
   * Who a client is.
   *
   * @param peer The client.
   * @returns The client id of its token, 0 to 2^64 - 1; `undefined` if it is not connected.
   */
  clientIdOf(peer: PeerId): bigint | undefined {
    return this.#peers.get(peer)?.clientId;
  }

  /**
   * What the login server says of a client.
   *
   * @param peer The client.
   * @returns The 256 bytes of its token, a copy; `undefined` if it is not connected.
   */
  userDataOf(peer: PeerId): Uint8Array | undefined {
    return this.#peers.get(peer)?.userData.slice();
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
   * @returns The length of the payload, 1 to 1200, of {@linkcode NetcodeServer.openedPeer};
   * 0 if the datagram was the link's own or was dropped.
   */
  open(datagram: Uint8Array, from: DatagramAddress, out: Uint8Array): number {
    const client = this.#byAddress.get(from);
    const isSealedBelow = client === undefined
      ? this.#isSealedBelow?.(from.socket) === true
      : client.session !== undefined;
    if (isSealedBelow) {
      return this.#sealedBelow.open(datagram, from, client, out);
    }
    if (datagram[0] === PacketType.Request) {
      this.#takeRequest(datagram, from, client);
      return 0;
    }
    if (client === undefined) {
      this.#takeFromStranger(datagram, from);
      return 0;
    }
    if (!this.#hasHeader(datagram)) return 0;
    const codec = this.#codec;
    const { type, sequenceHigh, sequenceLow } = codec;
    if (type === PacketType.Response) {
      this.#counters.addressConnected++;
      return 0;
    }
    if (client.isReplay(sequenceHigh, sequenceLow)) {
      this.#counters.replayed++;
      return 0;
    }
    const length = codec.open(datagram, client.receiveKey, out);
    if (length < 0) {
      this.#counters.forged++;
      return 0;
    }
    client.advance(sequenceHigh, sequenceLow);
    if (!isBodyLength(type, length)) {
      this.#counters.malformed++;
      return 0;
    }
    if (type === PacketType.Disconnect) {
      this.#close(client);
      return 0;
    }
    this.#hear(client);
    return type === PacketType.Payload ? length : 0;
  }

  /**
   * Makes a datagram of a payload. Until the client has shown that it knows that it is
   * connected, a keep-alive is sent before it.
   *
   * @param payload 1 to 1200 bytes.
   * @param peer Who it is for.
   * @param out Where the datagram is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the datagram, 0 if the peer is not connected.
   * @throws {RangeError} If the payload is empty or longer.
   */
  seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number {
    checkPayload(payload);
    const client = this.#peers.get(peer);
    if (client === undefined) return 0;
    if (!client.isConfirmed) this.#sendKeepAlive(client);
    return this.#seal(client, PacketType.Payload, payload, out);
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
   * A server connects to nobody.
   *
   * @throws {TypeError} Always: it is a `NetcodeClient` that connects.
   */
  connect(to: DatagramAddress, _credentials: Uint8Array): never {
    throw new TypeError(
      `Cannot connect as the link must be a NetcodeClient: current value is a NetcodeServer, asked for ${to}`,
    );
  }

  /**
   * A server's peers are where they have come from.
   *
   * @returns `false`.
   */
  move(_peer: PeerId, _to: DatagramAddress): boolean {
    return false;
  }

  /** Lets nobody in from now on: who asks is denied as where there is no room. */
  stopAccepting(): void {
    this.#isAccepting = false;
  }

  /**
   * Ends a client at once: it is told ten times, which may be lost, and its place is free. No
   * event.
   *
   * @param peer The client; one that is not known is no mistake.
   */
  disconnect(peer: PeerId): void {
    const client = this.#peers.get(peer);
    if (client === undefined) return;
    // Not to be found meanwhile: what sends may fail, and whoever is told end the client again.
    this.#peers.remove(peer);
    try {
      this.#sendDisconnects(client);
    } finally {
      this.#events.release();
      this.#remove(client);
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
    const nowMs = this.#nowMs += ms;
    this.#isStalled = ms >= STALL_MS;
    this.#timeouts.advance(nowMs, this.#onTimeout);
    this.#mappings.expire(nowMs);
    let client = this.#order.first;
    while (client !== undefined && nowMs >= client.sentMs + REPEAT_MS) {
      this.#sendKeepAlive(client);
      client = this.#order.first;
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

  // The rules for requests, in the standard's order but for what costs nothing and comes to
  // the same silence: that goes before the token is opened.

  #takeRequest(
    request: Uint8Array,
    from: DatagramAddress,
    client: ServerClient | undefined,
  ): void {
    const counters = this.#counters;
    if (request.length !== REQUEST_BYTES) {
      counters.malformed++;
      return;
    }
    if (request[REQUEST_MARK_AT] === ROAMING_MARK) {
      this.#takeRoaming(request, from, client);
    } else if (!this.#isRequest(request)) return;
    else if (client !== undefined) counters.addressConnected++;
    else this.#takeToken(request, from);
  }

  /** Takes what a connected client says of where it is; its token may have expired, and need not be opened. */
  #takeRoaming(
    request: Uint8Array,
    from: DatagramAddress,
    client: ServerClient | undefined,
  ): void {
    const roaming = this.#roaming.clientOf(request);
    if (roaming === undefined) this.#counters.wrongVersion++;
    else if (client !== undefined) this.#counters.addressConnected++;
    else this.#challengePath(roaming, from);
  }

  /** Whether a request is of this version and protocol, and not expired; counts it if not. */
  #isRequest(request: Uint8Array): boolean {
    const counters = this.#counters;
    if (!isAt(request, VERSION, REQUEST_VERSION_AT)) counters.wrongVersion++;
    else if (!isAt(request, this.#protocol, REQUEST_PROTOCOL_AT)) {
      counters.wrongProtocol++;
    } else if (this.#isExpired(request)) counters.expired++;
    else return true;
    return false;
  }

  /** Goes on with a request of which nothing is wrong but maybe its token. */
  #takeToken(request: Uint8Array, from: DatagramAddress): void {
    const known = this.#mappings.get(from);
    const tag = tagOf(request, REQUEST_BYTES);
    const used = known?.used.tag === tag ? known.used : this.#used.get(tag);
    if (used !== undefined && used.address !== from.toString()) {
      this.#counters.tokenUsed++;
      return;
    }
    if (used !== undefined && !used.mayAnswer(this.#nowMs)) {
      this.#counters.rateLimited++;
      return;
    }
    if (known !== undefined && isAt(request, known.request, 0)) {
      // It was opened before, by the same rules.
      this.#answerRequest(known.token, known.used, request, from, known);
      return;
    }
    if (!this.#mayAnswer(used, from)) return;
    const token = this.#openToken(request, from);
    if (token === undefined) return;
    if (this.#byClientId.has(token.clientId)) {
      this.#counters.clientConnected++;
      this.#budget.fail(from.host, 1);
    } else {
      const entry = used ?? this.#used.add(tag, from.toString());
      this.#answerRequest(token, entry, request, from, undefined);
    }
  }

  #mayAnswer(used: UsedToken | undefined, from: DatagramAddress): boolean {
    if (
      (used === undefined || used.mayAnswer(this.#nowMs)) &&
      this.#budget.mayOpen(from.host, this.#nowMs)
    ) return true;
    this.#counters.rateLimited++;
    return false;
  }

  /** Opens a token that is for this server. */
  #openToken(
    request: Uint8Array,
    from: DatagramAddress,
  ): PrivateToken | undefined {
    const token = openPrivateToken(
      privateDataOfRequest(request),
      nonceOfRequest(request),
      this.#protocolId,
      getU64(request, REQUEST_EXPIRE_AT),
      this.#privateKeys,
    );
    if (
      typeof token !== "string" &&
      token.addresses.some((own) => this.#addresses.has(own))
    ) return token;
    const isOpened = token !== "notOpened";
    this.#budget.fail(from.host, isOpened ? 1 : this.#privateKeys.length);
    if (!isOpened) this.#counters.badToken++;
    else if (token === "malformed") this.#counters.malformedToken++;
    else this.#counters.otherServer++;
    return undefined;
  }

  /** Denies or challenges whoever has shown a good token. */
  #answerRequest(
    token: PrivateToken,
    used: UsedToken,
    request: Uint8Array,
    from: DatagramAddress,
    known: EncryptionMapping | undefined,
  ): void {
    if (known !== undefined && this.#byClientId.has(token.clientId)) {
      this.#counters.clientConnected++;
      return;
    }
    if (this.#isFull) {
      this.#deny(token, used, from);
      return;
    }
    used.answer(this.#nowMs);
    const mapping = known ??
      this.#mappings.add(from, token, used, request, this.#challengeSequence);
    if (mapping === undefined) {
      this.#counters.mappingsFull++;
      return;
    }
    this.#mappings.touch(mapping, this.#nowMs);
    this.#challenge(token, token.serverToClientKey, from);
  }

  /** Challenges somebody; gives the challenge's sequence. */
  #challenge(
    who: ChallengeToken,
    key: Uint8Array,
    to: DatagramAddress,
  ): number {
    const sequence = this.#challengeSequence++;
    sealChallenge(who, BigInt(sequence), this.#challengeKey, this.#body);
    this.#counters.challenged++;
    this.#sendGlobal(PacketType.Challenge, key, this.#body, to);
    return sequence;
  }

  /** Challenges whoever says to be a connected client at another address. */
  #challengePath(client: ServerClient, from: DatagramAddress): void {
    if (this.#mappings.get(from) !== undefined) {
      // Somebody is about to connect from there.
      this.#counters.clientConnected++;
      return;
    }
    const path = this.#roaming.begin(client, from, this.#nowMs);
    if (path === undefined) this.#counters.rateLimited++;
    else {
      const sequence = this.#challenge(client, client.sendKey, from);
      this.#roaming.challenged(path, sequence);
    }
  }

  /** Takes a client to where its response has come from. */
  #takePathResponse(datagram: Uint8Array, path: RoamingPath): void {
    const { client, address, challenges } = path;
    const { sequenceHigh, sequenceLow } = this.#codec;
    const counters = this.#counters;
    if (client.isReplay(sequenceHigh, sequenceLow)) {
      counters.replayed++;
      return;
    }
    const body = this.#opened;
    const length = this.#codec.open(datagram, client.receiveKey, body);
    if (length < 0) {
      counters.forged++;
      return;
    }
    if ((body[MOVE_AT]! & MOVE_BIT) === 0) {
      // The token comes with a new session, which the standard has wait for the end of this one.
      counters.clientConnected++;
      return;
    }
    body[MOVE_AT]! &= ~MOVE_BIT;
    const sequence = getU64Number(body, 0);
    const challenge = challenges.includes(sequence)
      ? openChallenge(body.subarray(0, length), this.#challengeKey)
      : undefined;
    if (challenge?.clientId !== client.clientId) {
      counters.badChallenge++;
    } else if (this.#moveClient(client, address)) {
      client.advance(sequenceHigh, sequenceLow);
      client.silence.heardMs = this.#nowMs;
      this.#roaming.clear(client);
      this.#sendKeepAlive(client);
    }
  }

  #deny(token: PrivateToken, used: UsedToken, to: DatagramAddress): void {
    this.#counters.full++;
    used.answer(this.#nowMs);
    this.#sendGlobal(PacketType.Denied, token.serverToClientKey, NO_BODY, to);
  }

  #takeFromStranger(datagram: Uint8Array, from: DatagramAddress): void {
    if (!this.#hasHeader(datagram)) return;
    const mapping = this.#mappings.get(from);
    const path = mapping === undefined ? this.#roaming.at(from) : undefined;
    if (mapping === undefined && path === undefined) {
      this.#counters.unknownAddress++;
    } else if (this.#codec.type !== PacketType.Response) {
      this.#counters.unexpected++;
    } else if (mapping !== undefined) this.#takeResponse(datagram, mapping);
    else this.#takePathResponse(datagram, path!);
  }

  #takeResponse(datagram: Uint8Array, mapping: EncryptionMapping): void {
    const { token, used } = mapping;
    const counters = this.#counters;
    if (this.#byClientId.has(token.clientId)) {
      counters.clientConnected++;
      return;
    }
    if (this.#isFull && !used.mayAnswer(this.#nowMs)) {
      counters.rateLimited++;
      return;
    }
    const { type } = this.#codec;
    const body = this.#opened;
    const length = this.#codec.open(datagram, token.clientToServerKey, body);
    if (length < 0) {
      counters.forged++;
      return;
    }
    if (!isBodyLength(type, length)) {
      counters.malformed++;
      return;
    }
    // An answer to a challenge of before is one that somebody has kept, to be the client
    // once more after it has left.
    const sequence = getU64Number(body, 0);
    const challenge = sequence < mapping.firstChallenge
      ? undefined
      : openChallenge(body.subarray(0, length), this.#challengeKey);
    if (challenge === undefined || challenge.clientId !== token.clientId) {
      counters.badChallenge++;
    } else {
      const { address } = mapping;
      const { sequenceHigh: high, sequenceLow: low } = this.#codec;
      const user = { ...token, userData: challenge.userData };
      if (this.#accept(address, user, used, { high, low })) {
        const client = this.#byAddress.get(address)!;
        this.#roaming.follow(client, mapping.request);
        this.#mappings.remove(mapping);
      } else this.#deny(token, used, address);
    }
  }

  /** Lets a client in, if there is room. */
  #accept(
    address: DatagramAddress,
    token: PrivateToken,
    used: UsedToken,
    response: { high: number; low: number },
    session?: TokenSession,
    before?: ServerClient,
  ): boolean {
    const isFull = before === undefined ? this.#isFull : !this.#isAccepting;
    if (isFull || !this.#events.reserve(2)) return false;
    const id = this.#peers.nextId();
    if (id === undefined) {
      this.#events.release(2);
      return false;
    }
    if (before !== undefined) {
      if (before.address !== address) this.#sendDisconnects(before);
      this.#end(before, "closed", "Its token has come with a new session");
    }
    const index = this.#slots.take();
    const client = new ServerClient(
      { id, index, address },
      token,
      used,
      response,
      session,
      this.#nowMs,
    );
    address.retain();
    this.#used.hold(used);
    this.#peers.add(id, client);
    this.#byIndex[index] = client;
    this.#byAddress.set(address, client);
    this.#byClientId.set(client.clientId, client);
    this.#order.add(client);
    this.#timeouts.schedule(index, client.silence.endMs);
    this.#counters.accepted++;
    this.#sendKeepAlive(client);
    this.#events.pushReserved({
      type: "peerConnected",
      peer: id,
      address,
      userData: client.userData.slice(),
      clientId: client.clientId,
    });
    return true;
  }

  /** Takes a client to another address, if its owner can be told. */
  #moveClient(client: ServerClient, to: DatagramAddress): boolean {
    const { id: peer, address: from } = client;
    if (!this.#events.push({ type: "peerMoved", peer, address: to, from })) {
      this.#counters.rateLimited++;
      return false;
    }
    to.retain();
    this.#byAddress.delete(from);
    this.#byAddress.set(to, client);
    client.address = to;
    this.#counters.moved++;
    from.release();
    return true;
  }

  readonly #sealedBelow = new SealedBelow(this.#sealedBelowHost());

  #sealedBelowHost(): SealedBelowHost {
    return {
      counters: this.#counters,
      usedToken: (tag) => this.#used.get(tag),
      useToken: (tag, address) => this.#used.add(tag, address),
      isRequest: (request) => this.#isRequest(request),
      mayAnswer: (used, from) => this.#mayAnswer(used, from),
      openToken: (request, from) => this.#openToken(request, from),
      failToken: ({ host }) => this.#budget.fail(host, 1),
      clientWithId: (clientId) => this.#byClientId.get(clientId),
      clientAt: (index) => this.#byIndex[index],
      admit: (address, token, used, session, before) => {
        used.answer(this.#nowMs);
        const response = { high: 0, low: 0 };
        return this.#accept(address, token, used, response, session, before);
      },
      moveClient: (client, to) => this.#moveClient(client, to),
      hear: (client) => this.#hear(client),
      close: (client) => this.#close(client),
      sendKeepAlive: (client) => this.#sendKeepAlive(client),
      transmit: (datagram, to) => this.#transmit?.(datagram, to),
    };
  }

  #hear(client: ServerClient): void {
    client.silence.heardMs = this.#nowMs;
    client.isConfirmed = true;
    this.#openedPeer = client.id;
  }

  #close(client: ServerClient): void {
    this.#counters.closed++;
    this.#end(client, "closed", "The client has closed");
  }

  readonly #onTimeout = (index: number): void => {
    const client = this.#byIndex[index]!;
    const { silence } = client;
    const isOverdue = this.#nowMs >= silence.endMs;
    if (!isOverdue || (this.#isStalled && silence.excuse(this.#nowMs))) {
      this.#timeouts.schedule(index, Math.max(silence.endMs, this.#nowMs));
      return;
    }
    this.#counters.timedOut++;
    this.#end(client, "timedOut", "The client was silent for too long");
  };

  #end(
    client: ServerClient,
    reason: "closed" | "timedOut",
    message: string,
  ): void {
    this.#events.pushReserved({
      type: "peerEnded",
      peer: client.id,
      reason,
      message,
    });
    this.#remove(client);
  }

  #remove(client: ServerClient): void {
    const { id, index, address, clientId, used } = client;
    used.sequence = client.sequence;
    used.endedSession = client.session?.secret;
    this.#used.release(used);
    if (client.session === undefined) this.#roaming.leave(client);
    this.#timeouts.cancel(index);
    this.#order.remove(client);
    this.#byClientId.delete(clientId);
    this.#byAddress.delete(address);
    this.#byIndex[index] = undefined;
    this.#slots.free(index);
    this.#peers.remove(id);
    address.release();
  }

  get #isFull(): boolean {
    return !this.#isAccepting || this.#byAddress.size >= this.maxClients;
  }

  #isExpired(request: Uint8Array): boolean {
    const expireSeconds = getU64Number(request, REQUEST_EXPIRE_AT);
    // So put that nothing is good where the clock says nothing.
    return !(expireSeconds > Math.floor(this.#clock.epochMs() / 1_000));
  }

  /** Reads the header of a packet that is no request; counts it if there is none. */
  #hasHeader(datagram: Uint8Array): boolean {
    const fault = datagram.length > MAX_PACKET_BYTES
      ? HeaderFault.TooShort
      : this.#codec.readHeader(datagram, SERVER_TAKES);
    if (fault === HeaderFault.None) return true;
    if (fault === HeaderFault.WrongType) this.#counters.wrongType++;
    else this.#counters.malformed++;
    return false;
  }

  #sendKeepAlive(client: ServerClient): void {
    putU32(this.#keepAlive, 0, client.index);
    putU32(this.#keepAlive, 4, this.maxClients);
    this.#sendTo(client, PacketType.KeepAlive, this.#keepAlive);
  }

  #sendDisconnects(client: ServerClient): void {
    const { session, address: { socket } } = client;
    const isOnce = session !== undefined && socket.isLossless === true;
    for (let i = isOnce ? 1 : DISCONNECT_COPIES; i > 0; i--) {
      this.#sendTo(client, PacketType.Disconnect, NO_BODY);
    }
  }

  #sendTo(client: ServerClient, type: number, body: Uint8Array): void {
    const length = this.#seal(client, type, body, this.#packet);
    this.#transmit?.(this.#packet.subarray(0, length), client.address);
  }

  #seal(
    client: ServerClient,
    type: number,
    body: Uint8Array,
    out: Uint8Array,
  ): number {
    client.sentMs = this.#nowMs;
    this.#order.toLast(client);
    const { session } = client;
    if (session !== undefined) {
      out[0] = prefixOf(type, session.round);
      out.set(body, 1);
      return 1 + body.length;
    }
    const { sendKey } = client;
    return this.#codec.sealNumbered(
      type,
      client.sequence++,
      sendKey,
      body,
      out,
    );
  }

  /** Sends what is not yet part of a session. */
  #sendGlobal(
    type: number,
    key: Uint8Array,
    body: Uint8Array,
    to: DatagramAddress,
  ): void {
    const high = this.#globalHigh;
    const low = this.#globalLow;
    this.#globalLow = low + 1 >>> 0;
    if (this.#globalLow === 0) {
      this.#globalHigh = high === 0xffff_ffff ? 0x8000_0000 : high + 1;
    }
    const length = this.#codec.seal(type, high, low, key, body, this.#packet);
    this.#transmit?.(this.#packet.subarray(0, length), to);
  }
}

/** Whether some bytes are at a place of others, which are long enough. */
function isAt(bytes: Uint8Array, wanted: Uint8Array, at: number): boolean {
  for (let i = 0; i < wanted.length; i++) {
    if (bytes[at + i] !== wanted[i]) return false;
  }
  return true;
}

function copyKeys(keys: readonly Uint8Array[]): readonly Uint8Array[] {
  checkInteger("the count of privateKeys", keys.length, 1, MAX_KEYS);
  return keys.map((key) =>
    checkKey("create a NetcodeServer", "each of privateKeys", key).slice()
  );
}

function readAddresses(addresses: readonly string[]): ReadonlySet<string> {
  checkInteger(
    "the count of addresses",
    addresses.length,
    1,
    MAX_SERVER_ADDRESSES,
  );
  return new Set(addresses.map((text) => {
    const address = canonicalEndpoint(text);
    if (address === undefined) {
      throw new TypeError(
        `Cannot create a NetcodeServer as addresses must be like "203.0.113.7:40000": current value is "${text}"`,
      );
    }
    return address;
  }));
}

// This module is browser compatible.
import {
  checkInteger,
  checkPositive,
  EventQueue,
  Fnv1a64,
  type Random,
  SecureRandom,
  TokenBucket,
} from "../../core/mod.ts";
import { MTU } from "../constants.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { Writable } from "../writable.ts";
import { checkDt } from "./_check_dt.ts";
import { COOKIE_SECONDS, CookieJar } from "./_cookie_jar.ts";
import {
  ACCEPT_BYTES,
  CHALLENGE_BYTES,
  COOKIE_AT,
  copyBytes,
  DATA_HEADER_BYTES,
  getI32,
  HELLO_BYTES,
  helloEnd,
  MAX_USER_DATA_BYTES,
  NOTE_BYTES,
  PATH_BYTES,
  PROTOCOL_AT,
  putU32,
  readUserData,
  Refusal,
  REFUSE_BYTES,
  REQUEST_LENGTH_AT,
  RESPONSE_LENGTH_AT,
  SALT_AT,
  STAMP_AT,
  Type,
  WIRE_VERSION,
} from "./_insecure_wire.ts";
import { SessionTable } from "./_session_table.ts";
import { SlotTable } from "./_slot_table.ts";
import { UsedSet } from "./_used_set.ts";
import type {
  DatagramLink,
  LinkEndReason,
  LinkEvent,
  LinkTransmit,
} from "./datagram_link.ts";
import type { InsecureLinkOptions } from "./insecure_link_options.ts";
import type { InsecureLinkCounters } from "./link_counters.ts";
import type { PeerId } from "./peer_id.ts";

const FIRST_RETRY_MS = 100;
const RETRY_MS = 200;
/** The first ones come sooner. */
const FIRST_RETRIES = 2;
/** So much later, at most, is each retry, so that many clients do not keep step. */
const RETRY_JITTER = 0.25;
/** One of so many retries is a request although the client was challenged: the server may have been started anew. */
const REQUEST_EVERY = 5;
/** An accept is repeated so often and so many times until the client is heard: fewer bytes in all than its response had. */
const ACCEPT_MS = 100;
const ACCEPT_REPEATS = 20;
/** The least time between two path challenges of a session. */
const PATH_CHALLENGE_MS = 20;
const MAX_STRAY_ANSWERS_PER_SECOND = 100;
const MAX_AUTHORIZATIONS_PER_SECOND = 1_000;
/** Of which one host has at most so many, or it would lock out all others. */
const MAX_AUTHORIZATIONS_OF_HOST = 500;
/** How often a close is sent, at once: it is not acknowledged. */
const CLOSE_COPIES = 3;
/** Each peer keeps room for its two main events; the rest is for moves. */
const EVENT_CAPACITY = 4 * 65_536;

/** One peer of an {@linkcode InsecureLink}. */
class Peer {
  readonly id: PeerId;
  address: DatagramAddress;
  /** Whether it has come to this end, and not this end to it. */
  readonly isClient: boolean;
  isConnected = false;
  session = 0;
  /** What its session table needs: another peer with the same number of a session. */
  nextSame: Peer | undefined;
  /** What tells its salt and first address from all others. */
  identity = 0;
  moves = 0;
  nextPathChallengeMs = -Infinity;
  attempt: Attempt | undefined;
  /** Of a client that has not been heard since it was accepted. */
  acceptance: Acceptance | undefined;

  constructor(id: PeerId, address: DatagramAddress, isClient: boolean) {
    this.id = id;
    this.address = address;
    this.isClient = isClient;
  }
}

/** What a client knows while it connects. */
interface Attempt {
  /** The request and, once challenged, the response: rewritten for each. */
  readonly request: Uint8Array;
  readonly response: Uint8Array;
  readonly deadlineMs: number;
  isChallenged: boolean;
  respondedMs: number;
  count: number;
  nextMs: number;
}

/** What a server repeats to a client that may not know yet that it is connected. */
interface Acceptance {
  readonly datagram: Uint8Array;
  nextMs: number;
  left: number;
}

/**
 * A link without secrets, for LAN and tests: it proves addresses and nothing else.
 * Whoever can read what passes can forge, change and end everything. PROTOCOL.md,
 * section 1, says what lies on the wire.
 *
 * One link is a server (`maxClients` above 0), a client, or both. A server keeps
 * nothing of a client that has not proven its address, answers nobody with more than
 * it was sent, and keeps bounded tables. A session survives a change of its client's
 * address, which the client proves anew.
 *
 * @example A client and a server, without a network
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { InsecureLink } from "@tickwire/net/transport";
 *
 * const server = new InsecureLink({ protocol: "tanks 3", maxClients: 64 });
 * assertEquals(server.overheadBytes, 5);
 * assertEquals([...server.drainEvents()], []);
 * ```
 */
export class InsecureLink implements DatagramLink {
  readonly maxPayloadBytes: number = MTU - DATA_HEADER_BYTES;
  readonly overheadBytes: number = DATA_HEADER_BYTES;
  readonly #protocol = new Uint8Array(8);
  readonly #maxClients: number;
  readonly #maxClientsPerHost: number;
  readonly #authorize: InsecureLinkOptions["authorize"];
  readonly #connectTimeoutMs: number;
  readonly #random: Random;
  readonly #cookies: CookieJar;
  readonly #peers = new SlotTable<Peer>();
  readonly #sessions = new SessionTable<Peer>();
  /** Clients by their salts and first addresses. */
  readonly #clients = new Map<number, Peer>();
  readonly #clientsOfHost = new Map<string, number>();
  readonly #ended = new UsedSet(COOKIE_SECONDS * 1_000 + 1_000);
  readonly #attempts = new Set<Peer>();
  /** Clients that may not have their accept, in the order of its repetition. */
  readonly #unheard = new Set<Peer>();
  /** When there is something to repeat. */
  #nextRetryMs = Infinity;
  readonly #events = new EventQueue<LinkEvent>({ capacity: EVENT_CAPACITY });
  readonly #strayAnswers = new TokenBucket({
    capacity: MAX_STRAY_ANSWERS_PER_SECOND,
    refillPerSecond: MAX_STRAY_ANSWERS_PER_SECOND,
  });
  readonly #authorizations = new TokenBucket({
    capacity: MAX_AUTHORIZATIONS_PER_SECOND,
    refillPerSecond: MAX_AUTHORIZATIONS_PER_SECOND,
  });
  /** How many each host has had in this second. */
  readonly #authorizationsOfHost = new Map<string, number>();
  #authorizationsEndMs = 0;
  readonly #counters: Writable<InsecureLinkCounters> = {
    accepted: 0,
    moved: 0,
    malformed: 0,
    wrongProtocol: 0,
    badCookie: 0,
    replayed: 0,
    full: 0,
    hostFull: 0,
    denied: 0,
    authorizeFailed: 0,
    rateLimited: 0,
    wrongAddress: 0,
    unknownSession: 0,
    unexpected: 0,
  };
  // One for each length: what is sent is consumed before the call returns.
  readonly #challenge = new Uint8Array(CHALLENGE_BYTES);
  readonly #accept = new Uint8Array(ACCEPT_BYTES);
  readonly #refuse = new Uint8Array(REFUSE_BYTES);
  readonly #path = new Uint8Array(PATH_BYTES);
  readonly #note = new Uint8Array(NOTE_BYTES);
  #transmit: LinkTransmit | undefined;
  #nowMs = 0;
  #isAccepting = true;
  #openedPeer = 0 as PeerId;

  /**
   * Creates a link without peers.
   *
   * @param options The protocol, and what a server allows.
   * @throws {TypeError} If `protocol` is not a string.
   * @throws {RangeError} If a number is out of its range.
   */
  constructor(options: InsecureLinkOptions) {
    const {
      protocol,
      maxClients = 0,
      maxClientsPerHost = Infinity,
      connectTimeoutMs = 10_000,
      random = new SecureRandom(),
    } = options;
    if (typeof protocol !== "string") {
      throw new TypeError(
        `Cannot create an InsecureLink as protocol must be a string: current value is ${protocol}`,
      );
    }
    const hash = new Fnv1a64();
    hash.update(Uint8Array.of(WIRE_VERSION));
    hash.update(new TextEncoder().encode(protocol));
    putU32(this.#protocol, 0, hash.low);
    putU32(this.#protocol, 4, hash.high);
    this.#maxClients = checkInteger("maxClients", maxClients, 0, 65_536);
    this.#maxClientsPerHost = checkPositive(
      "maxClientsPerHost",
      maxClientsPerHost,
    );
    this.#authorize = options.authorize?.bind(options);
    this.#connectTimeoutMs = checkPositive(
      "connectTimeoutMs",
      connectTimeoutMs,
    );
    this.#random = random;
    this.#cookies = new CookieJar(random);
  }

  /** Who sent what {@linkcode InsecureLink.open} last gave out. */
  get openedPeer(): PeerId {
    return this.#openedPeer;
  }

  /** What it has counted: the same object at every call. */
  get counters(): InsecureLinkCounters {
    return this.#counters;
  }

  /** How many clients are connected: 0 to `maxClients`. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** In how many milliseconds `tick()` is wanted at the latest: 0 or more, `Infinity` if nothing waits. */
  get nextTickMs(): number {
    return Math.max(0, this.#nextRetryMs - this.#nowMs);
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
   * @returns The length of the payload, 1 or more, of {@linkcode InsecureLink.openedPeer};
   * 0 if the datagram was the link's own or was dropped.
   */
  open(datagram: Uint8Array, from: DatagramAddress, out: Uint8Array): number {
    const { length } = datagram;
    if (
      datagram[0] === Type.Data && length > DATA_HEADER_BYTES && length <= MTU
    ) {
      let peer = this.#sessions.first(getI32(datagram, 1));
      while (peer !== undefined && peer.address !== from) peer = peer.nextSame;
      if (peer === undefined) {
        this.#takeStray(datagram, from);
        return 0;
      }
      if (peer.acceptance !== undefined) this.#hear(peer);
      copyBytes(datagram, DATA_HEADER_BYTES, length, out, 0);
      this.#openedPeer = peer.id;
      return length - DATA_HEADER_BYTES;
    }
    this.#takeOwn(datagram, from);
    return 0;
  }

  /**
   * Makes a datagram of a payload.
   *
   * @param payload 1 to `maxPayloadBytes` bytes.
   * @param peer Who it is for.
   * @param out Where the datagram is put, from 0 on: `MTU` bytes or more.
   * @returns The length of the datagram, 0 if the peer is not connected.
   */
  seal(payload: Uint8Array, peer: PeerId, out: Uint8Array): number {
    const to = this.#peers.get(peer);
    if (to === undefined || !to.isConnected) return 0;
    out[0] = Type.Data;
    putU32(out, 1, to.session);
    copyBytes(payload, 0, payload.length, out, DATA_HEADER_BYTES);
    return DATA_HEADER_BYTES + payload.length;
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
   * Begins to connect: the first request leaves at once.
   *
   * @param to The server.
   * @param credentials User data for the server: 0 to 256 bytes; copied.
   * @returns The peer, of which an event tells whether it connected.
   * @throws {RangeError} If the user data is longer, or all 65536 slots are taken.
   */
  connect(to: DatagramAddress, credentials: Uint8Array): PeerId {
    if (credentials.length > MAX_USER_DATA_BYTES) {
      throw new RangeError(
        `Cannot connect as user data must be <= ${MAX_USER_DATA_BYTES} bytes: current value is ${credentials.length}`,
      );
    }
    const peer = this.#add(to, false);
    if (peer === undefined) {
      throw new RangeError(
        "Cannot connect as peers must be <= 65536 and events be drained: no slot is free",
      );
    }
    const salt = new Uint8Array(8);
    this.#random.fill(salt);
    peer.attempt = {
      request: this.#hello(Type.Request, salt, credentials, REQUEST_LENGTH_AT),
      response: this.#hello(
        Type.Response,
        salt,
        credentials,
        RESPONSE_LENGTH_AT,
      ),
      deadlineMs: this.#nowMs + this.#connectTimeoutMs,
      isChallenged: false,
      respondedMs: -Infinity,
      count: 0,
      nextMs: 0,
    };
    this.#attempts.add(peer);
    this.#try(peer, peer.attempt);
    return peer.id;
  }

  /**
   * Goes on with a server over another address of it, maybe of another socket: what is
   * sealed for it goes there from now on. The server follows when the new way is proven, which
   * takes a payload to it: about two round trips. No event.
   *
   * @param peer The server.
   * @param to Where it is too.
   * @returns `false` if it is not connected, or has come to this end.
   */
  move(peer: PeerId, to: DatagramAddress): boolean {
    const moved = this.#peers.get(peer);
    if (moved === undefined || !moved.isConnected || moved.isClient) {
      return false;
    }
    const from = moved.address;
    if (to !== from) {
      to.retain();
      moved.address = to;
      this.#counters.moved++;
      from.release();
    }
    return true;
  }

  /** Lets nobody in from now on: who asks is refused as where there is no room. */
  stopAccepting(): void {
    this.#isAccepting = false;
  }

  /**
   * Ends a peer at once: the other end is told three times, which may be lost, and the
   * peer's slot is free. No event.
   *
   * @param peer The peer; one that is not known is no mistake.
   */
  disconnect(peer: PeerId): void {
    const ended = this.#peers.get(peer);
    if (ended === undefined) return;
    if (ended.isConnected) {
      this.#note[0] = Type.Close;
      putU32(this.#note, 1, ended.session);
      for (let i = 0; i < CLOSE_COPIES; i++) {
        this.#send(this.#note, ended.address);
      }
    }
    this.#events.release(ended.isConnected ? 1 : 2);
    this.#remove(ended);
  }

  /**
   * Lets time pass.
   *
   * @param dt Seconds: finite, 0 or more.
   * @throws {RangeError} If `dt` is not.
   */
  tick(dt: number): void {
    this.#nowMs += checkDt(dt);
    if (this.#nowMs < this.#nextRetryMs) return;
    this.#nextRetryMs = Infinity;
    for (const peer of this.#unheard) if (!this.#acceptAgain(peer)) break;
    for (const peer of this.#attempts) {
      const attempt = peer.attempt!;
      if (this.#nowMs >= attempt.deadlineMs) {
        this.#end(peer, "noAnswer", "The server did not answer in time");
      } else if (this.#nowMs >= attempt.nextMs) this.#try(peer, attempt);
      else this.#wakeAt(Math.min(attempt.nextMs, attempt.deadlineMs));
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

  #takeOwn(datagram: Uint8Array, from: DatagramAddress): void {
    const { length } = datagram;
    const type = datagram[0];
    if (type === Type.Request && length === HELLO_BYTES) {
      this.#takeRequest(datagram, from);
    } else if (type === Type.Response && length === HELLO_BYTES) {
      this.#takeResponse(datagram, from);
    } else if (type === Type.Challenge && length === CHALLENGE_BYTES) {
      this.#takeChallenge(datagram, from);
    } else if (type === Type.Accept && length === ACCEPT_BYTES) {
      this.#takeAccept(datagram, from);
    } else if (type === Type.Refuse && length === REFUSE_BYTES) {
      this.#takeRefuse(datagram, from);
    } else if (type === Type.PathChallenge && length === PATH_BYTES) {
      this.#takePathChallenge(datagram, from);
    } else if (type === Type.PathResponse && length === PATH_BYTES) {
      this.#takePathResponse(datagram, from);
    } else if (
      (type === Type.Close || type === Type.UnknownSession) &&
      length === NOTE_BYTES
    ) this.#takeNote(datagram, from);
    else this.#counters.malformed++;
  }

  // What a server does.

  #takeRequest(datagram: Uint8Array, from: DatagramAddress): void {
    if (!this.#isHello(datagram, from, REQUEST_LENGTH_AT)) return;
    const stamp = this.#stamp();
    const answer = this.#challenge;
    answer[0] = Type.Challenge;
    copyBytes(datagram, SALT_AT, SALT_AT + 8, answer, 1);
    putU32(answer, 9, stamp);
    this.#cookies.putHandshake(datagram, SALT_AT, stamp, from, answer, 13);
    this.#send(answer, from);
  }

  #takeResponse(datagram: Uint8Array, from: DatagramAddress): void {
    if (!this.#isHello(datagram, from, RESPONSE_LENGTH_AT)) return;
    const stamp = getI32(datagram, STAMP_AT);
    const age = this.#stamp() - stamp | 0;
    if (
      age < 0 || age > COOKIE_SECONDS ||
      !this.#cookies.isHandshake(datagram, SALT_AT, stamp, from, COOKIE_AT)
    ) {
      this.#counters.badCookie++;
      return;
    }
    const identity = this.#cookies.identity(datagram, SALT_AT, from);
    const known = this.#clients.get(identity);
    if (known !== undefined) {
      if (known.address === from) this.#sendAccept(datagram, known);
      else this.#counters.replayed++;
      return;
    }
    if (this.#ended.has(identity, this.#nowMs)) {
      this.#counters.replayed++;
      // Thrown out before it knew that it was in, it would go on to ask.
      this.#sendRefuse(datagram, from, Refusal.Ended);
      return;
    }
    this.#admit(datagram, from, identity);
  }

  /** Decides on a client that has proven its address, and is new. */
  #admit(
    response: Uint8Array,
    from: DatagramAddress,
    identity: number,
  ): void {
    if (!this.#isAccepting || this.#clients.size >= this.#maxClients) {
      this.#counters.full++;
      this.#sendRefuse(response, from, Refusal.Full);
      return;
    }
    if (this.#isHostFull(from.host)) {
      this.#counters.hostFull++;
      this.#sendRefuse(response, from, Refusal.Full);
      return;
    }
    if (!this.#mayAsk(from.host)) {
      this.#counters.rateLimited++;
      return;
    }
    const userData = readUserData(response, RESPONSE_LENGTH_AT)!;
    if (!this.#mayConnect(userData, from)) {
      this.#counters.denied++;
      this.#sendRefuse(response, from, Refusal.Denied);
      return;
    }
    const peer = this.#add(from, true);
    if (peer === undefined) {
      this.#counters.full++;
      this.#sendRefuse(response, from, Refusal.Full);
      return;
    }
    do peer.session = this.#random.nextU32() | 0; while (
      this.#findClient(peer.session) !== undefined
    );
    peer.identity = identity;
    this.#clients.set(identity, peer);
    this.#countHost(from, 1);
    this.#counters.accepted++;
    this.#sendAccept(response, peer);
    peer.acceptance = {
      datagram: this.#accept.slice(),
      nextMs: this.#nowMs + ACCEPT_MS,
      left: ACCEPT_REPEATS,
    };
    this.#unheard.add(peer);
    this.#wakeAt(peer.acceptance.nextMs);
    this.#connected(peer, userData);
  }

  /** The client that was accepted may not know: data means nothing to it until it does. */
  #acceptAgain(peer: Peer): boolean {
    const acceptance = peer.acceptance!;
    const isDue = this.#nowMs >= acceptance.nextMs;
    if (isDue) {
      this.#unheard.delete(peer);
      acceptance.nextMs = this.#nowMs + ACCEPT_MS;
      if (--acceptance.left < 0) peer.acceptance = undefined;
      else {
        this.#unheard.add(peer);
        this.#send(acceptance.datagram, peer.address);
      }
    }
    if (peer.acceptance !== undefined) this.#wakeAt(acceptance.nextMs);
    return isDue;
  }

  /** The client knows that it is connected, or is not told again. */
  #hear(peer: Peer): void {
    peer.acceptance = undefined;
    this.#unheard.delete(peer);
  }

  #mayAsk(host: string): boolean {
    const nowMs = this.#nowMs;
    if (this.#authorize === undefined) {
      return this.#authorizations.tryTake(1, nowMs);
    }
    const ofHost = this.#authorizationsOfHost;
    if (nowMs >= this.#authorizationsEndMs) {
      ofHost.clear();
      this.#authorizationsEndMs = nowMs + 1_000;
    }
    const count = ofHost.get(host) ?? 0;
    if (
      count >= MAX_AUTHORIZATIONS_OF_HOST ||
      !this.#authorizations.tryTake(1, nowMs)
    ) return false;
    ofHost.set(host, count + 1);
    return true;
  }

  #mayConnect(userData: Uint8Array, from: DatagramAddress): boolean {
    if (this.#authorize === undefined) return true;
    try {
      return this.#authorize(userData.slice(), from) === true;
    } catch {
      // What a client sent may have broken it: it does not get in, and the rest goes on.
      this.#counters.authorizeFailed++;
      return false;
    }
  }

  #takePathResponse(datagram: Uint8Array, from: DatagramAddress): void {
    const session = getI32(datagram, 1);
    const peer = this.#findClient(session);
    if (peer === undefined) {
      this.#counters.unknownSession++;
    } else if (peer.address === from) {
      this.#counters.unexpected++;
    } else if (
      this.#cookies.isPath(session, peer.moves, from, this.#nowMs, datagram, 5)
    ) this.#move(peer, from);
    else this.#counters.badCookie++;
  }

  #move(peer: Peer, to: DatagramAddress): void {
    const from = peer.address;
    if (from.host !== to.host && this.#isHostFull(to.host)) {
      this.#counters.hostFull++;
      return;
    }
    // The owner is told, or it stays where it is.
    const event = {
      type: "peerMoved",
      peer: peer.id,
      address: to,
      from,
    } as const;
    if (!this.#events.push(event)) {
      this.#counters.rateLimited++;
      return;
    }
    to.retain();
    if (peer.acceptance !== undefined) this.#hear(peer);
    this.#countHost(from, -1);
    this.#countHost(to, 1);
    peer.address = to;
    peer.moves++;
    this.#counters.moved++;
    from.release();
  }

  // What a client does.

  #takeChallenge(datagram: Uint8Array, from: DatagramAddress): void {
    const peer = this.#findAttempt(datagram, from);
    if (peer === undefined) {
      this.#counters.unexpected++;
      return;
    }
    const attempt = peer.attempt!;
    copyBytes(datagram, 9, CHALLENGE_BYTES, attempt.response, STAMP_AT);
    // A challenge is smaller than its response: others than the first wait for the retry
    // if there was one just now.
    if (!attempt.isChallenged) {
      attempt.isChallenged = true;
      attempt.count = 0;
      this.#try(peer, attempt);
    } else if (this.#nowMs - attempt.respondedMs >= FIRST_RETRY_MS) {
      attempt.respondedMs = this.#nowMs;
      this.#send(attempt.response, from);
    }
  }

  #takeAccept(datagram: Uint8Array, from: DatagramAddress): void {
    const session = getI32(datagram, 9);
    const peer = this.#findAttempt(datagram, from);
    if (peer !== undefined && peer.attempt!.isChallenged) {
      this.#attempts.delete(peer);
      peer.attempt = undefined;
      peer.session = session;
      this.#connected(peer, new Uint8Array(0));
      return;
    }
    if (this.#findAt(session, from) !== undefined) return;
    // Nobody here wants it any more: the server need not wait for its timeout.
    this.#answerStray(session, from);
  }

  #takeRefuse(datagram: Uint8Array, from: DatagramAddress): void {
    const peer = this.#findAttempt(datagram, from);
    const reason = datagram[9];
    if (peer === undefined) {
      this.#counters.unexpected++;
    } else if (reason === Refusal.Full) {
      this.#end(peer, "serverFull", "The server has no room");
    } else if (reason === Refusal.Denied) {
      this.#end(peer, "denied", "The server refused");
    } else if (reason === Refusal.WrongProtocol) {
      this.#end(peer, "wrongProtocol", "The server speaks another protocol");
    } else if (reason === Refusal.Ended) {
      this.#end(peer, "closed", "The server has let it in and thrown it out");
    } else this.#counters.malformed++;
  }

  #takePathChallenge(datagram: Uint8Array, from: DatagramAddress): void {
    const peer = this.#findAt(getI32(datagram, 1), from);
    if (peer === undefined || peer.isClient) {
      this.#counters.unexpected++;
      return;
    }
    copyBytes(datagram, 0, PATH_BYTES, this.#path, 0);
    this.#path[0] = Type.PathResponse;
    this.#send(this.#path, from);
  }

  #try(peer: Peer, attempt: Attempt): void {
    const isResponse = attempt.isChallenged &&
      attempt.count % REQUEST_EVERY !== REQUEST_EVERY - 1;
    const waitMs = attempt.count < FIRST_RETRIES ? FIRST_RETRY_MS : RETRY_MS;
    attempt.count++;
    attempt.nextMs = this.#nowMs +
      waitMs * (1 + RETRY_JITTER * this.#random.nextFloat());
    if (isResponse) attempt.respondedMs = this.#nowMs;
    this.#wakeAt(Math.min(attempt.nextMs, attempt.deadlineMs));
    this.#send(isResponse ? attempt.response : attempt.request, peer.address);
  }

  // What both do.

  #wakeAt(wakeMs: number): void {
    if (wakeMs < this.#nextRetryMs) this.#nextRetryMs = wakeMs;
  }

  /** Data of a session that is none, or from another address. */
  #takeStray(datagram: Uint8Array, from: DatagramAddress): void {
    const session = getI32(datagram, 1);
    const peer = this.#findClient(session);
    if (peer === undefined) {
      if (this.#sessions.first(session) !== undefined) {
        this.#counters.wrongAddress++;
      } else this.#answerStray(session, from);
      return;
    }
    this.#counters.wrongAddress++;
    if (datagram.length < PATH_BYTES) return;
    if (this.#nowMs < peer.nextPathChallengeMs) {
      this.#counters.rateLimited++;
      return;
    }
    peer.nextPathChallengeMs = this.#nowMs + PATH_CHALLENGE_MS;
    this.#path[0] = Type.PathChallenge;
    putU32(this.#path, 1, session);
    this.#cookies.putPath(
      session,
      peer.moves,
      from,
      this.#nowMs,
      this.#path,
      5,
    );
    this.#send(this.#path, from);
  }

  #answerStray(session: number, from: DatagramAddress): void {
    this.#counters.unknownSession++;
    // Data may overtake the accept.
    for (const { address } of this.#attempts) if (address === from) return;
    if (!this.#strayAnswers.tryTake(1, this.#nowMs)) {
      this.#counters.rateLimited++;
      return;
    }
    this.#note[0] = Type.UnknownSession;
    putU32(this.#note, 1, session);
    this.#send(this.#note, from);
  }

  #takeNote(datagram: Uint8Array, from: DatagramAddress): void {
    const peer = this.#findAt(getI32(datagram, 1), from);
    if (peer === undefined) this.#counters.unexpected++;
    else if (datagram[0] === Type.Close) {
      this.#end(peer, "closed", "The other end has closed");
    } else {
      this.#end(
        peer,
        "unknownSession",
        "The other end does not know the session",
      );
    }
  }

  /** Whether a request or response is well-formed and of this protocol; answers it if not. */
  #isHello(
    datagram: Uint8Array,
    from: DatagramAddress,
    lengthAt: number,
  ): boolean {
    if (this.#maxClients === 0) {
      this.#counters.unexpected++;
      return false;
    }
    if (helloEnd(datagram, lengthAt) < 0) {
      this.#counters.malformed++;
      return false;
    }
    for (let i = 0; i < 8; i++) {
      if (datagram[PROTOCOL_AT + i] === this.#protocol[i]) continue;
      this.#counters.wrongProtocol++;
      this.#sendRefuse(datagram, from, Refusal.WrongProtocol);
      return false;
    }
    return true;
  }

  #hello(
    type: number,
    salt: Uint8Array,
    userData: Uint8Array,
    lengthAt: number,
  ): Uint8Array {
    const hello = new Uint8Array(HELLO_BYTES);
    hello[0] = type;
    hello.set(this.#protocol, PROTOCOL_AT);
    hello.set(salt, SALT_AT);
    hello[lengthAt] = userData.length;
    hello[lengthAt + 1] = userData.length >>> 8;
    hello.set(userData, lengthAt + 2);
    return hello;
  }

  #sendAccept(response: Uint8Array, peer: Peer): void {
    this.#accept[0] = Type.Accept;
    copyBytes(response, SALT_AT, SALT_AT + 8, this.#accept, 1);
    putU32(this.#accept, 9, peer.session);
    this.#send(this.#accept, peer.address);
  }

  #sendRefuse(hello: Uint8Array, to: DatagramAddress, reason: number): void {
    this.#refuse[0] = Type.Refuse;
    copyBytes(hello, SALT_AT, SALT_AT + 8, this.#refuse, 1);
    this.#refuse[9] = reason;
    this.#send(this.#refuse, to);
  }

  #send(datagram: Uint8Array, to: DatagramAddress): void {
    this.#transmit?.(datagram, to);
  }

  /** Seconds since the link was made, as 32 bits. */
  #stamp(): number {
    return Math.floor(this.#nowMs / 1_000) | 0;
  }

  /** The peer that this end tries to connect to, by the salt at 1. */
  #findAttempt(datagram: Uint8Array, from: DatagramAddress): Peer | undefined {
    for (const peer of this.#attempts) {
      if (peer.address !== from) continue;
      const { request } = peer.attempt!;
      if (
        getI32(request, SALT_AT) === getI32(datagram, 1) &&
        getI32(request, SALT_AT + 4) === getI32(datagram, 5)
      ) return peer;
    }
    return undefined;
  }

  /** The client with a session. */
  #findClient(session: number): Peer | undefined {
    let peer = this.#sessions.first(session);
    while (peer !== undefined && !peer.isClient) peer = peer.nextSame;
    return peer;
  }

  /** The peer with a session at an address. */
  #findAt(session: number, from: DatagramAddress): Peer | undefined {
    let peer = this.#sessions.first(session);
    while (peer !== undefined && peer.address !== from) peer = peer.nextSame;
    return peer;
  }

  #add(address: DatagramAddress, isClient: boolean): Peer | undefined {
    if (!this.#events.reserve(2)) return undefined;
    const id = this.#peers.nextId();
    if (id === undefined) {
      this.#events.release(2);
      return undefined;
    }
    const peer = new Peer(id, address, isClient);
    this.#peers.add(id, peer);
    address.retain();
    return peer;
  }

  #connected(peer: Peer, userData: Uint8Array): void {
    peer.isConnected = true;
    this.#sessions.add(peer);
    const { id, address } = peer;
    this.#events.pushReserved({
      type: "peerConnected",
      peer: id,
      address,
      userData,
    });
  }

  #end(peer: Peer, reason: LinkEndReason, message: string): void {
    this.#events.pushReserved({
      type: "peerEnded",
      peer: peer.id,
      reason,
      message,
    });
    if (!peer.isConnected) this.#events.release();
    this.#remove(peer);
  }

  #remove(peer: Peer): void {
    if (peer.attempt !== undefined) this.#attempts.delete(peer);
    if (peer.acceptance !== undefined) this.#hear(peer);
    if (peer.isConnected) this.#sessions.remove(peer);
    if (peer.isClient) {
      this.#clients.delete(peer.identity);
      this.#countHost(peer.address, -1);
      this.#ended.add(peer.identity, this.#nowMs);
    }
    this.#peers.remove(peer.id);
    peer.address.release();
  }

  #isHostFull(host: string): boolean {
    return (this.#clientsOfHost.get(host) ?? 0) >= this.#maxClientsPerHost;
  }

  #countHost({ host }: DatagramAddress, by: number): void {
    const count = (this.#clientsOfHost.get(host) ?? 0) + by;
    if (count > 0) this.#clientsOfHost.set(host, count);
    else this.#clientsOfHost.delete(host);
  }
}

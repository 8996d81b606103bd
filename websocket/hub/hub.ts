// This module is browser compatible.
import {
  EventQueue,
  type Identity,
  type Metric,
  TokenBucket,
} from "../../core/mod.ts";
import {
  ByteWriter,
  MAX_CLOSE_REASON_BYTES,
  type MessageLink,
  utf8Length,
} from "../../protocol/mod.ts";
import { ByteSlab } from "../_byte_slab.ts";
import { closeCodeOf } from "../mux/_close_code_of.ts";
import { type ControlMessage, decodeControl } from "../mux/control_message.ts";
import { Deflater } from "../mux/deflater.ts";
import {
  type Bye,
  CloseCode,
  endsSession,
  type Hello,
  MAX_DURATION_MS,
  MAX_NAME_BYTES,
  SESSION_ID_BYTES,
} from "../mux/record.ts";
import type { OutMessage } from "../mux/out_message.ts";
import { Session } from "../mux/session.ts";
import type { SessionEvent } from "../mux/session_event.ts";
import { Admission } from "./_admission.ts";
import { HubChannels } from "./_hub_channels.ts";
import { HubClient } from "./_hub_client.ts";
import {
  deflateMetrics,
  type Departure,
  gauge,
  HubCounters,
} from "./_hub_counters.ts";
import { type HubSettings, resolveHubOptions } from "./_hub_settings.ts";
import type { HubSocket } from "./_hub_socket.ts";
import type { ClientId, WsHubEvent } from "./hub_event.ts";
import type { HandlerInfo, WsHubOptions } from "./hub_options.ts";

/**
 * How far apart clients come back. Their word to do so reaches them some 30 ms sooner or
 * later: of 25 that are meant for 100 ms, 40 come at the most.
 */
const MS_PER_CLIENT = 4;
/** What a control message takes of the rate of a client's messages. */
const CONTROL_COST = 5;
const MAX_FRAMES_PER_TICK = 64;
/** On how many channels a client may send, links included, however few it may subscribe to. */
const MIN_CLIENT_CHANNELS = 96;
/**
 * What is taken in of one client in a tick, as far as frames have come; the rest waits
 * its turn. Counted in bytes, and in what a record and a frame take as long as: many
 * small ones would cost the other clients a long tick.
 */
const TICK_BUDGET = 131_072;
const RECORD_COST = 128;
const FRAME_COST = 1_024;
/** How often it is looked at those of which nothing came and for whom there is nothing. */
const ROUND_SECONDS = 0.05;
/** How long an answer to a ping may take at most, in milliseconds. */
const MAX_PONG_MS = 10_000;
/** Bytes of messages that wait to be drained: a full queue of the longest would be 64 GiB. */
const MAX_UNDRAINED_BYTES = 67_108_864;
/** A client's events besides messages: that it is there, is cut off, and has left. */
const SLOTS_PER_CLIENT = 3;

/**
 * The server's end of the mux: sessions that outlive their sockets, channels with
 * presence and history, limits. It is bound to no runtime: `upgrade` makes sockets of
 * requests, `tick` moves everything on, `drainEvents` tells what happened.
 *
 * @example A chat, on Deno
 * ```ts
 * import { playerId } from "@tickwire/net/core";
 * import { WsHub } from "@tickwire/net/websocket";
 *
 * const hub = new WsHub({
 *   upgrade: (request) => Deno.upgradeWebSocket(request),
 *   authenticate: (request) => {
 *     const name = new URL(request.url).searchParams.get("name"); // ask your own server
 *     return name ? { playerId: playerId(name) } : undefined;
 *   },
 *   channel: () => ({ isRelayed: true, historyMessages: 50 }),
 * });
 * const server = Deno.serve({ port: 0, onListen: () => {} }, hub.handler);
 * hub.tick(1 / 60); // 60 times a second
 * for (const event of hub.drainEvents()) console.log(event.type);
 * await server.shutdown();
 * ```
 */
export class WsHub {
  /** Answers requests: bound, so that it can be given to a server as it is. */
  readonly handler: (request: Request, info?: HandlerInfo) => Promise<Response>;
  readonly #settings: HubSettings;
  readonly #counters = new HubCounters();
  readonly #events: EventQueue<WsHubEvent>;
  /** Of messages among them since there were none. */
  #undrainedBytes = 0;
  readonly #admission: Admission;
  readonly #channels: HubChannels;
  readonly #clients = new Map<ClientId, HubClient>();
  /** By the first half of the session's id; the whole is compared apart. */
  readonly #bySession = new Map<string, HubClient>();
  /** Those without a socket by the address that they had, away for the longest first. */
  readonly #away = new Map<string, Set<HubClient>>();
  #nextClient = 1;
  /** Those to look at in the next tick. */
  readonly #busy: HubClient[] = [];
  #sinceRoundSeconds = 0;
  /** Whether the owner has sent what there was, after the last tick. */
  #isFlushed = false;
  /** What deflates for all sessions, if it is wanted. */
  readonly #deflater: Deflater | undefined;
  /** Where the frames of all sessions are made. */
  readonly #frame: ByteWriter;
  readonly #slab = new ByteSlab();

  /**
   * Creates a hub without clients.
   *
   * @param options What it needs, and its limits.
   * @throws {RangeError} If an option is out of its range.
   */
  constructor(options: WsHubOptions) {
    this.#settings = resolveHubOptions(options);
    const { maxEvents, maxClients } = this.#settings;
    this.#events = new EventQueue({
      capacity: maxEvents + maxClients * SLOTS_PER_CLIENT,
    });
    const { deflateMinBytes } = this.#settings;
    this.#deflater = deflateMinBytes === undefined
      ? undefined
      : new Deflater({ minBytes: deflateMinBytes });
    this.#frame = new ByteWriter({ maxBytes: this.#settings.maxFrameBytes });
    this.#admission = new Admission(this.#settings, this.#counters);
    this.#channels = new HubChannels(
      this.#settings,
      this.#counters,
      this.#deflater,
      (client) => this.#end(client, "slow", CloseCode.SlowConsumer, "too slow"),
      (client) => this.#trySendOut(client),
    );
    this.handler = (request, info) => this.#admission.handle(request, info);
  }

  /** How many clients there are, those without a socket included. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /**
   * How many sockets there are: requests that are being answered are among them, and
   * sockets that the hub has closed, for half a minute or until they have ended. One that
   * held bytes for a peer that reads nothing counts for a quarter of an hour.
   */
  get socketCount(): number {
    return this.#admission.socketCount;
  }

  /**
   * Tells who a client is, as long as it is there; events say it besides.
   *
   * @param client The client.
   * @returns Who, or `undefined` if there is no such client.
   */
  identityOf(client: ClientId): Identity | undefined {
    return this.#clients.get(client)?.identity;
  }

  /**
   * Publishes a message to all subscribers of a channel, at other hubs too if there is
   * a backplane: there once each tick.
   *
   * @param channel The channel: 1 to 128 bytes of UTF-8.
   * @param message Text, or bytes, which are copied: at most `maxMessageBytes`.
   * @returns For how many subscribers of this hub there was room.
   * @throws {RangeError} If the channel or the message is too long, or the channel "".
   */
  publish(channel: string, message: string | Uint8Array): number {
    checkName(channel);
    const bytes = this.#toBytes(message);
    return this.#channels.publish(channel, bytes, typeof message === "string");
  }

  /**
   * Sends a message to one client.
   *
   * @param client The client.
   * @param channel The channel that it is to come on: 1 to 128 bytes of UTF-8.
   * @param message Text, or bytes, which are copied, or what `outMessage` has made, which
   * is not, and is deflated once for all who get it: at most `maxMessageBytes`.
   * @returns Whether there was room.
   * @throws {RangeError} If the channel or the message is too long, or the channel "".
   *
   * @example The same to some of them
   * ```ts
   * import { type ClientId, outMessage, type WsHub } from "@tickwire/net/websocket";
   *
   * function tell(hub: WsHub, clients: Iterable<ClientId>, text: string): void {
   *   const message = outMessage(new TextEncoder().encode(text), { isText: true });
   *   for (const client of clients) hub.sendTo(client, "news", message);
   * }
   * ```
   */
  sendTo(
    client: ClientId,
    channel: string,
    message: string | Uint8Array | OutMessage,
  ): boolean {
    checkName(channel);
    const hubClient = this.#clients.get(client);
    if (typeof message === "object" && "bytes" in message) {
      this.#checkLength(message.bytes);
      return hubClient !== undefined &&
        this.#channels.sendMessage(hubClient, channel, message);
    }
    const bytes = this.#toBytes(message);
    if (hubClient === undefined) return false;
    const isText = typeof message === "string";
    return this.#channels.sendTo(hubClient, channel, bytes, isText);
  }

  /**
   * Answers a request of a client.
   *
   * @param client The client.
   * @param channel The channel that the answer is to come on: 1 to 128 bytes of UTF-8.
   * @param request The number that the `message` event told.
   * @param message Text, or bytes, which are copied: at most `maxMessageBytes`.
   * @returns Whether there was room.
   * @throws {RangeError} If the channel or the message is too long, the channel "", or the
   * number none of a request.
   */
  reply(
    client: ClientId,
    channel: string,
    request: number,
    message: string | Uint8Array,
  ): boolean {
    checkName(channel);
    if (!Number.isSafeInteger(2 * request + 1) || request < 0) {
      throw new RangeError(
        `Cannot reply as request must be the number of one: current value is ${request}`,
      );
    }
    const bytes = this.#toBytes(message);
    const hubClient = this.#clients.get(client);
    if (hubClient === undefined) return false;
    return this.#channels.sendTo(
      hubClient,
      channel,
      bytes,
      typeof message === "string",
      2 * request + 1,
    );
  }

  /**
   * Opens the hub's end of a link to a client, for calls, state and lobbies: the other
   * end of `WsClient.link` with the same name. What comes over it is no event, is relayed
   * to nobody and is not asked of `canPublish`.
   *
   * Call it when `clientConnected` tells of a client, before the next tick: what has come
   * over the link earlier is told as `message` events. It goes on over cuts, and closes
   * when something is lost for good, or when the client has left and all that came before
   * was polled.
   *
   * It counts against the client's `rate`: `poll` hands out no more than that allows, and
   * the rest with later calls. What is sent goes with the next tick.
   *
   * @param client The client.
   * @param name What the client knows it by: 1 to 126 bytes of UTF-8.
   * @returns The link of that name, the same at each call though it may be closed; or
   * `undefined` if there is no such client.
   * @throws {RangeError} If the name is out of its range, or 8 links to the client
   * are open.
   *
   * @example Add up what clients send
   * ```ts
   * import { playerId } from "@tickwire/net/core";
   * import { Channel, type MessageLink } from "@tickwire/net/protocol";
   * import { type ClientId, WsHub } from "@tickwire/net/websocket";
   *
   * const hub = new WsHub({
   *   upgrade: (request) => Deno.upgradeWebSocket(request),
   *   authenticate: () => ({ playerId: playerId("ada") }),
   * });
   * const links = new Map<ClientId, MessageLink>();
   *
   * function frame(dt: number): void {
   *   hub.tick(dt);
   *   for (const event of hub.drainEvents()) {
   *     if (event.type === "clientConnected") {
   *       const link = hub.link(event.client, "sums");
   *       if (link !== undefined) links.set(event.client, link);
   *     }
   *     if (event.type === "clientLeft") links.delete(event.client);
   *   }
   *   for (const link of links.values()) {
   *     link.poll((bytes) => {
   *       const sum = bytes.reduce((a, b) => a + b, 0);
   *       link.send(new Uint8Array([sum]), Channel.ReliableOrdered);
   *     });
   *   }
   * }
   * frame(1 / 60); // 60 times a second
   * ```
   */
  link(client: ClientId, name = "link"): MessageLink | undefined {
    return this.#clients.get(client)?.link(name, this.#settings.clock);
  }

  /**
   * Ends a subscription of a client, which is told `subscriptionDenied`, and does not ask
   * again by itself. If its player does, `canSubscribe` answers: have that refuse first.
   *
   * What was published before may still come to it.
   *
   * @param client The client.
   * @param channel The channel.
   * @param reason Why, for people: at most 123 bytes of UTF-8.
   * @returns Whether there was such a subscription.
   * @throws {RangeError} If the reason is too long.
   *
   * @example Take a channel from a player who has lost a role
   * ```ts
   * import { playerId } from "@tickwire/net/core";
   * import { type ClientId, WsHub } from "@tickwire/net/websocket";
   *
   * const judges = new Set(["ada"]);
   * const hub = new WsHub({
   *   upgrade: (request) => Deno.upgradeWebSocket(request),
   *   authenticate: () => ({ playerId: playerId("ada") }), // ask your own server
   *   canSubscribe: ({ playerId }, channel) =>
   *     channel !== "bench" || judges.has(playerId),
   * });
   *
   * function dismiss(client: ClientId): void {
   *   const identity = hub.identityOf(client);
   *   if (identity !== undefined) judges.delete(identity.playerId);
   *   hub.unsubscribe(client, "bench", "you are no judge any more");
   * }
   * for (const event of hub.drainEvents()) {
   *   if (event.type === "message" && event.channel === "resign") {
   *     dismiss(event.client);
   *   }
   * }
   * ```
   */
  unsubscribe(client: ClientId, channel: string, reason = ""): boolean {
    const length = utf8Length(reason);
    if (length > MAX_CLOSE_REASON_BYTES) {
      throw new RangeError(
        `Cannot unsubscribe a client as reason must have at most ${MAX_CLOSE_REASON_BYTES} bytes: current value is ${length}`,
      );
    }
    const hubClient = this.#clients.get(client);
    return hubClient !== undefined &&
      this.#channels.end(hubClient, channel, reason);
  }

  /**
   * Removes a client, which does not come back by itself.
   *
   * @param client The client.
   * @param reason Why, for people: at most 123 bytes.
   */
  remove(client: ClientId, reason = ""): void {
    const hubClient = this.#clients.get(client);
    if (hubClient !== undefined) {
      this.#end(hubClient, "removed", CloseCode.Removed, reason);
    }
  }

  /**
   * Moves everything on: takes in what came, delivers, sends.
   *
   * @param dt The time in seconds: finite, 0 or more.
   * @throws {RangeError} If `dt` is negative or not finite.
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    if (this.#events.size === 0) this.#undrainedBytes = 0;
    this.#admission.tick(dt, (socket, identity, hello) => {
      this.#attach(socket, identity, hello);
    });
    const passedSeconds = this.#goRound(dt);
    const busy = this.#busy;
    // Some become busy on the way.
    for (let i = 0; i < busy.length; i++) {
      try {
        this.#takeIn(busy[i]!, passedSeconds);
      } catch (cause) {
        this.#giveUp(busy[i]!, cause);
      }
    }
    this.#channels.tick(dt);
    if (!this.#isFlushed) this.#flush();
    this.#isFlushed = false;
  }

  /**
   * Sends what waits now, instead of with the next `tick`: after what came in that one was
   * answered. The `tick` that follows then sends nothing, so that each client gets one
   * frame in the time of one, with all that there is for it.
   */
  flush(): void {
    this.#isFlushed = true;
    this.#flush();
  }

  /**
   * Hands out what happened since the last time.
   *
   * @param budgetMs How long it may take.
   * @returns The events, which are removed as they are taken.
   */
  drainEvents(budgetMs?: number): IterableIterator<WsHubEvent> {
    return this.#events.drain(budgetMs);
  }

  /**
   * Tells the hub's numbers, for `renderOpenMetrics`; their names begin with
   * `tickwire_hub_`.
   *
   * @returns What there is now, and what has been counted since the hub was made.
   */
  *metrics(): IterableIterator<Metric> {
    const { size, hubCount } = this.#channels;
    yield gauge(
      "sockets",
      "Sockets, open, being opened or being closed",
      this.socketCount,
    );
    yield gauge(
      "clients",
      "Clients, with or without a socket",
      this.clientCount,
    );
    yield gauge("channels", "Channels", size);
    yield gauge("peer_hubs", "Other hubs on the backplane", hubCount);
    yield gauge("undrained_events", "Events not drained", this.#events.size);
    yield* this.#counters.metrics();
    if (this.#deflater !== undefined) yield* deflateMetrics(this.#deflater);
  }

  /**
   * Ends everything: each client is told when to come back, spread over a time, so
   * that they do not all come at once.
   *
   * Let its sockets end before the server's own shutdown, which would cut them off.
   *
   * @param spreadMs Over how long, in milliseconds: finite, 0 or more. By default 4 for
   * each client, so that some 25 come in any 100 ms, and at least a second.
   * @throws {RangeError} If it is out of its range.
   */
  close(spreadMs: number = this.#defaultSpreadMs()): void {
    if (!(spreadMs >= 0 && spreadMs < MAX_DURATION_MS)) {
      throw new RangeError(
        `Cannot close a WsHub as spreadMs must be from 0 to ${MAX_DURATION_MS}: current value is ${spreadMs}`,
      );
    }
    this.#channels.close();
    const count = Math.max(1, this.#clients.size);
    let index = 0;
    for (const client of this.#clients.values()) {
      const retryAfterMs = Math.round((index += 1) / count * spreadMs);
      const code = CloseCode.GoingAway;
      client.session.stopDeflating();
      const reason = "shutting down";
      this.#trySendOut(client);
      if (client.isEnded) continue;
      this.#sayBye(client, { code, retryAfterMs, reason });
      this.#end(client, "closed", code, reason);
    }
    this.#admission.close();
  }

  #flush(): void {
    const busy = this.#busy;
    // Some become busy on the way.
    for (let i = 0; i < busy.length; i++) this.#trySendOut(busy[i]!);
    let left = 0;
    for (const client of busy) if (client.rest()) busy[left++] = client;
    busy.length = left;
  }

  /** Once in a while all are looked at; returns how much time has passed for them. */
  #goRound(dt: number): number {
    this.#sinceRoundSeconds += dt;
    if (this.#sinceRoundSeconds < ROUND_SECONDS) return 0;
    for (const client of this.#clients.values()) client.wake();
    const passedSeconds = this.#sinceRoundSeconds;
    this.#sinceRoundSeconds = 0;
    return passedSeconds;
  }

  #defaultSpreadMs(): number {
    return Math.max(1_000, MS_PER_CLIENT * this.#clients.size);
  }

  #attach(socket: HubSocket, identity: Identity, hello: Hello): void {
    const known = this.#find(hello, identity, socket.isText);
    // What will be told of it has its place from now on, so that none of it is lost.
    const slots = known === undefined ? 3 : known.socket === undefined ? 2 : 1;
    const isFull = known === undefined &&
      this.#clients.size >= this.#settings.maxClients;
    if (isFull || !this.#events.reserve(slots)) {
      const reason = "no room";
      this.#admission.turnAway(socket, "clients", CloseCode.Full, reason);
      return;
    }
    const client = known ?? this.#admit(identity, socket.isText);
    client.wake();
    socket.onNews = () => client.wake();
    if (client.socket !== undefined) {
      const code = CloseCode.TakenOver;
      const reason = "resumed elsewhere";
      this.#sayBye(client, { code, retryAfterMs: 0, reason });
      this.#admission.release(client.socket, code, reason);
    }
    this.#isBack(client);
    client.socket = socket;
    client.address = socket.remoteAddr;
    client.awaySeconds = 0;
    // What the player may do can have changed.
    client.identity = identity;
    if (known !== undefined) this.#counters.resumes += 1;
    this.#events.pushReserved({
      type: "clientConnected",
      client: client.id,
      identity,
      isResumed: known !== undefined,
    });
    const error = client.session.attach(
      known === undefined
        ? { ...hello, session: undefined, received: 0 }
        : hello,
    );
    if (error !== undefined) {
      this.#lose(client, CloseCode.ProtocolError, error);
    }
    if (known !== undefined) this.#review(known);
  }

  /** Before anything is published to a client that is somebody else in what it may do. */
  #review(client: HubClient): void {
    try {
      this.#channels.review(client);
    } catch (cause) {
      this.#giveUp(client, cause);
    }
  }

  #find(
    hello: Hello,
    { playerId }: Identity,
    isText: boolean,
  ): HubClient | undefined {
    const { session } = hello;
    if (session === undefined) return undefined;
    const client = this.#bySession.get(lookupKey(session));
    const isSame = client !== undefined &&
      areSame(client.session.sessionId!, session);
    return isSame && client.leaving === undefined &&
        client.identity.playerId === playerId &&
        client.isText === isText && client.session.canResume(hello)
      ? client
      : undefined;
  }

  #admit(identity: Identity, isText: boolean): HubClient {
    const {
      clock,
      maxFrameBytes,
      maxMessageBytes,
      resumeWindowMs,
      maxReplayAgeMs,
      keepaliveMs,
      rate,
      maxSubscriptions,
    } = this.#settings;
    const sessionId = crypto.getRandomValues(new Uint8Array(SESSION_ID_BYTES));
    const session = new Session({
      role: "hub",
      clock,
      sessionId,
      frame: this.#frame,
      ...this.#deflater && { deflater: this.#deflater },
      maxFrameBytes,
      maxMessageBytes,
      resumeWindowMs,
      maxReplayAgeMs,
      // Whoever types is not gone for being slow.
      keepaliveMs: isText ? 0 : keepaliveMs,
      pongTimeoutMs: pongTimeoutMs(keepaliveMs),
      maxChannels: Math.max(MIN_CLIENT_CHANNELS, maxSubscriptions),
    });
    const id = this.#nextClient++ as ClientId;
    const bucket = new TokenBucket({
      capacity: rate.burst,
      refillPerSecond: rate.perSecond,
    });
    const client = new HubClient(
      id,
      identity,
      session,
      bucket,
      this.#busy,
      isText,
    );
    this.#clients.set(id, client);
    this.#bySession.set(lookupKey(sessionId), client);
    return client;
  }

  #takeIn(client: HubClient, dt: number): void {
    const { session, socket } = client;
    if (client.isEnded) return;
    if (client.isStuck) {
      this.#end(client, "slow", CloseCode.SlowConsumer, "too slow");
      return;
    }
    session.tick(dt);
    if (socket === undefined) {
      client.awaySeconds += dt;
      if (client.awaySeconds * 1_000 > this.#settings.resumeWindowMs) {
        this.#end(client, "expired", CloseCode.Normal, "");
        return;
      }
    } else {
      this.#receive(client, socket);
    }
    if (client.isEnded || session.pendingEvents === 0) return;
    const nowMs = this.#settings.clock.nowMs();
    // What finds no room waits in the session, which stops the client.
    const { maxEvents } = this.#settings;
    while (
      !client.isEnded && this.#events.size < maxEvents &&
      this.#undrainedBytes < MAX_UNDRAINED_BYTES &&
      client.hasRate(nowMs)
    ) {
      const event = session.poll();
      if (event === undefined) break;
      this.#on(client, event, nowMs);
    }
    if (client.leaving !== undefined && session.pendingEvents === 0) {
      this.#end(client, client.leaving, CloseCode.Normal, "");
    }
  }

  /** What goes wrong with one client must not reach the others. */
  #giveUp(client: HubClient, cause: unknown): void {
    this.#end(client, "failed", CloseCode.Removed, "internal", cause);
  }

  #receive(client: HubClient, socket: HubSocket): void {
    const { session } = client;
    let budget = TICK_BUDGET;
    while (budget > 0) {
      const arrival = socket.takeFrame();
      if (arrival === undefined) break;
      const { frame, atMs } = arrival;
      const maxRecords = Math.ceil(budget / RECORD_COST);
      const error = session.receive(frame, atMs, maxRecords);
      const { bytesReceived, recordsReceived } = session;
      budget -= FRAME_COST + bytesReceived + RECORD_COST * recordsReceived;
      if (error !== undefined) {
        this.#refuse(client, closeCodeOf(error), error);
        return;
      }
      if (bytesReceived < frame.length) {
        socket.putBack(frame.subarray(bytesReceived), atMs);
      }
    }
    // What came before an end counts.
    if (socket.pendingFrames > 0) return;
    if (socket.fault !== undefined) {
      const { code, reason } = socket.fault;
      this.#refuse(client, code, reason);
    } else if (socket.isEnded) {
      const code = session.peerBye?.code ?? socket.endCode;
      if (endsSession(code)) this.#leave(client, "closed", code, "");
      else this.#lose(client, CloseCode.Normal, "");
    } else if (session.isSilent) {
      this.#lose(client, CloseCode.KeepaliveTimeout, "silent");
    }
  }

  #on(client: HubClient, event: SessionEvent, nowMs: number): void {
    switch (event.type) {
      case "message": {
        const { channel, bytes, isText } = event;
        this.#counters.messagesIn += 1;
        // An odd number is an answer, and a hub asks nothing.
        if ((event.request ?? 0) % 2 === 1) break;
        const request = event.request === undefined
          ? undefined
          : event.request / 2;
        client.rate.tryTake(1, nowMs);
        const isAllowed = this.#settings.canPublish(client.identity, channel);
        // It may have removed the client: nothing comes of one that has left.
        if (client.isEnded) break;
        if (!isAllowed) {
          this.#counters.dropped.notAllowed += 1;
          const reason = "not allowed";
          // Who sends more of that than there is room for answers is told no more.
          if (request !== undefined) {
            client.tell({ type: "requestDenied", request, reason });
          } else if (client.mayTellDenied(channel, nowMs)) {
            client.tell({ type: "publishDenied", channel, reason });
          }
          break;
        }
        this.#undrainedBytes += bytes.length;
        this.#events.push({
          type: "message",
          client: client.id,
          identity: client.identity,
          channel,
          bytes,
          isText,
          request,
        });
        if (request === undefined) {
          this.#channels.relay(channel, bytes, isText);
        }
        break;
      }
      case "control": {
        // The answers are larger than the questions. What the rate has no room for now is
        // owed: else a flood, which finds it empty, would cost less than a few.
        client.rate.tryTake(1, nowMs);
        client.owed += CONTROL_COST - 1;
        const message = decodeControl(event.bytes);
        if (message === undefined) {
          this.#end(
            client,
            "protocolError",
            CloseCode.ProtocolError,
            "control",
          );
        } else {
          this.#onControl(client, message);
        }
        break;
      }
      case "failed":
        this.#refuse(client, closeCodeOf(event.error), event.error);
        break;
      case "bye":
        if (endsSession(event.code)) {
          this.#end(client, "closed", CloseCode.Normal, "");
        }
        break;
      case "dropped":
        this.#counters.dropped.replaced += event.messages;
        break;
      case "undelivered": {
        const { messages } = event;
        this.#counters.dropped.noRoom += messages.length;
        const { id, identity } = client;
        this.#events.push({
          type: "undelivered",
          client: id,
          identity,
          messages,
        });
      }
    }
  }

  #onControl(client: HubClient, message: ControlMessage): void {
    switch (message.type) {
      case "subscribe":
        return this.#channels.subscribe(client, message);
      case "unsubscribe":
        this.#channels.unsubscribe(client, message.channel);
        return;
    }
    this.#end(client, "protocolError", CloseCode.ProtocolError, "control");
  }

  /** Returns whether anything went. */
  #trySendOut(client: HubClient): boolean {
    try {
      return this.#sendOut(client);
    } catch (cause) {
      this.#giveUp(client, cause);
      return false;
    }
  }

  #sendOut(client: HubClient): boolean {
    const { session, socket } = client;
    const { sendHighWaterBytes } = this.#settings;
    client.hasUnsent = false;
    if (socket === undefined) return false;
    for (let i = 0; i < MAX_FRAMES_PER_TICK; i++) {
      if (!socket.canSend(sendHighWaterBytes)) {
        client.hasUnsent = true;
        return i > 0;
      }
      const frame = session.nextFrame();
      if (frame === undefined) return i > 0;
      socket.send(frame);
      if (!session.hasMore) return true;
    }
    client.hasUnsent = true;
    return true;
  }

  #sayBye({ session, socket }: HubClient, bye: Bye): void {
    const frame = session.farewell(bye);
    if (frame !== undefined) socket?.send(frame);
  }

  /** The client has sent what it may not. */
  #refuse(client: HubClient, code: number, reason: string): void {
    if (endsSession(code)) this.#leave(client, "protocolError", code, reason);
    else this.#lose(client, code, reason);
  }

  /** The session is over; but what came before counts, when its turn comes. */
  #leave(
    client: HubClient,
    reason: Departure,
    code: number,
    text: string,
  ): void {
    if (client.session.pendingEvents === 0) {
      this.#end(client, reason, code, text);
      return;
    }
    client.leaving = reason;
    this.#lose(client, code, text);
  }

  /** The socket is gone, or of no more use; the client may come back. */
  #lose(client: HubClient, code: number, reason: string): void {
    if (client.socket === undefined) return;
    this.#admission.release(client.socket, code, reason);
    client.socket = undefined;
    client.awaySeconds = 0;
    client.session.detach();
    const { id, identity } = client;
    this.#events.pushReserved({
      type: "clientDisconnected",
      client: id,
      identity,
    });
    this.#isAway(client);
  }

  /**
   * One address may have as many sessions away as sockets: who opens one after the other
   * and leaves them would soon be all clients that there may be.
   */
  #isAway(client: HubClient): void {
    const { address } = client;
    const away = this.#away.get(address) ?? new Set();
    this.#away.set(address, away);
    away.add(client);
    if (away.size <= this.#settings.maxSocketsPerAddress) return;
    const [oldest] = away;
    this.#end(oldest!, "expired", CloseCode.Normal, "");
  }

  #isBack(client: HubClient): void {
    const away = this.#away.get(client.address);
    if (away?.delete(client) && away.size === 0) {
      this.#away.delete(client.address);
    }
  }

  #end(
    client: HubClient,
    reason: Departure,
    code: number,
    text: string,
    cause?: unknown,
  ): void {
    if (client.isEnded) return;
    client.isEnded = true;
    this.#clients.delete(client.id);
    this.#isBack(client);
    this.#bySession.delete(lookupKey(client.session.sessionId!));
    this.#channels.leaveAll(client);
    if (client.socket !== undefined) {
      this.#admission.release(client.socket, code, text);
      client.socket = undefined;
      // That it has left says that it is cut off, too.
      this.#events.release();
    }
    client.session.detach();
    client.endLinks();
    this.#counters.left[reason] += 1;
    this.#events.pushReserved({
      type: "clientLeft",
      client: client.id,
      identity: client.identity,
      reason,
      ...(reason === "failed" && { cause }),
    });
  }

  #toBytes(message: string | Uint8Array): Uint8Array {
    const bytes = typeof message === "string"
      ? this.#slab.encode(message)
      : this.#slab.copy(message);
    this.#checkLength(bytes);
    return bytes;
  }

  #checkLength({ length }: Uint8Array): void {
    const { maxMessageBytes } = this.#settings;
    if (length > maxMessageBytes) {
      throw new RangeError(
        `Cannot send message as length must be <= ${maxMessageBytes}: current value is ${length}`,
      );
    }
  }
}

function checkName(channel: string): void {
  const length = utf8Length(channel);
  if (length < 1 || length > MAX_NAME_BYTES) {
    throw new RangeError(
      `Cannot send on a channel as its name must have 1 to ${MAX_NAME_BYTES} bytes: current value is ${length}`,
    );
  }
}

/** So that the whole, with a step of the rounds at either end, is two intervals at most. */
function pongTimeoutMs(keepaliveMs: number): number {
  const rest = Math.max(keepaliveMs / 2, keepaliveMs - 2_000 * ROUND_SECONDS);
  return Math.max(1, Math.min(MAX_PONG_MS, Math.floor(rest)));
}

/** Half of a session's id, by which it is looked up; the other half stays secret. */
function lookupKey(session: Uint8Array): string {
  return String.fromCharCode(...session.subarray(0, SESSION_ID_BYTES / 2));
}

/** Compares in a time that does not tell how much is the same. */
function areSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ (b[i] ?? 0);
  return difference === 0;
}

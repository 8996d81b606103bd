// This module is browser compatible.
import {
  type Clock,
  EventQueue,
  type Identity,
  SystemClock,
  TokenBucket,
} from "../../core/mod.ts";
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
  type Member,
} from "../mux/control_message.ts";
import { CloseCode, type Hello, SESSION_ID_BYTES } from "../mux/record.ts";
import { Session } from "../mux/session.ts";
import type { SessionEvent } from "../mux/session_event.ts";
import { HubChannel } from "./_hub_channel.ts";
import { HubClient } from "./_hub_client.ts";
import { HubSocket } from "./_hub_socket.ts";
import { readHello } from "./_read_hello.ts";
import type { ClientId, WsHubEvent } from "./hub_event.ts";
import type { WsHubOptions } from "./hub_options.ts";

/** What a server tells of a request besides the request. */
export interface HandlerInfo {
  /** Where it comes from, as `Deno.serve` says. */
  readonly remoteAddr?: { readonly hostname?: string };
}

const MAX_FRAMES_PER_TICK = 64;
/** Frames that came in and wait for the next tick, in bytes. */
const MAX_PENDING_BYTES = 4_194_304;
const MAX_MEMBERS_PER_MESSAGE = 256;
const MAX_CHANNELS = 65_536;

type Settings = Required<Omit<WsHubOptions, "allowedOrigins" | "clock">>;

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
  readonly #settings: Settings;
  readonly #allowedOrigins: ReadonlySet<string> | undefined;
  readonly #clock: Clock;
  readonly #events: EventQueue<WsHubEvent>;
  /** Sockets that have not said hello yet, and who is behind them. */
  readonly #greeting = new Map<HubSocket, Identity>();
  readonly #clients = new Map<ClientId, HubClient>();
  /** By the first half of the session's id; the whole is compared apart. */
  readonly #bySession = new Map<string, HubClient>();
  readonly #channels = new Map<string, HubChannel>();
  readonly #socketsByAddress = new Map<string, number>();
  #socketCount = 0;
  #nextClient = 1;
  #isClosing = false;

  /**
   * Creates a hub without clients.
   *
   * @param options What it needs, and its limits.
   */
  constructor(options: WsHubOptions) {
    this.#settings = resolve(options);
    this.#allowedOrigins = options.allowedOrigins === undefined
      ? undefined
      : new Set(options.allowedOrigins);
    this.#clock = options.clock ?? new SystemClock();
    this.#events = new EventQueue({ capacity: this.#settings.maxEvents });
    this.handler = (request, info) => this.#handle(request, info);
  }

  /** How many clients there are, those without a socket included. */
  get clientCount(): number {
    return this.#clients.size;
  }

  /** How many sockets there are. */
  get socketCount(): number {
    return this.#socketCount;
  }

  /**
   * Tells who a client is.
   *
   * @param client The client.
   * @returns Who, or `undefined` if there is no such client.
   */
  identityOf(client: ClientId): Identity | undefined {
    return this.#clients.get(client)?.identity;
  }

  /**
   * Publishes a message to all subscribers of a channel.
   *
   * @param channel The channel: 1 to 128 bytes of UTF-8.
   * @param message Text, or bytes, which are copied.
   * @returns For how many subscribers there was room.
   */
  publish(channel: string, message: string | Uint8Array): number {
    const isText = typeof message === "string";
    const bytes = isText
      ? new TextEncoder().encode(message)
      : new Uint8Array(message);
    const hubChannel = this.#channelOf(channel);
    return hubChannel === undefined
      ? 0
      : this.#publish(hubChannel, bytes, isText);
  }

  /**
   * Sends a message to one client.
   *
   * @param client The client.
   * @param channel The channel that it is to come on.
   * @param message Text, or bytes, which are copied.
   * @returns Whether there was room.
   */
  sendTo(
    client: ClientId,
    channel: string,
    message: string | Uint8Array,
  ): boolean {
    const hubClient = this.#clients.get(client);
    const hubChannel = this.#channelOf(channel);
    if (hubClient === undefined || hubChannel === undefined) return false;
    const isText = typeof message === "string";
    const bytes = isText
      ? new TextEncoder().encode(message)
      : new Uint8Array(message);
    return hubClient.send(hubChannel, bytes, isText);
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
   */
  tick(dt: number): void {
    if (!(dt >= 0 && dt < Infinity)) {
      throw new RangeError(
        `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
      );
    }
    for (const [socket, identity] of this.#greeting) {
      this.#greet(socket, identity, dt);
    }
    for (const client of this.#clients.values()) this.#takeIn(client, dt);
    for (const client of this.#clients.values()) this.#sendOut(client);
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
   * Ends everything: each client is told when to come back, spread over a time, so
   * that they do not all come at once.
   *
   * @param spreadMs Over how long, in milliseconds.
   */
  close(spreadMs = 1_000): void {
    this.#isClosing = true;
    const count = Math.max(1, this.#clients.size);
    let index = 0;
    for (const client of this.#clients.values()) {
      const retryAfterMs = Math.round((index += 1) / count * spreadMs);
      const code = CloseCode.GoingAway;
      client.session.sayBye({ code, retryAfterMs, reason: "shutting down" });
      const frame = client.socket && client.session.nextFrame();
      if (frame) client.socket!.send(frame);
      this.#end(client, "closed", code, "shutting down");
    }
    for (const socket of this.#greeting.keys()) {
      this.#drop(socket, CloseCode.GoingAway, "shutting down");
    }
    this.#greeting.clear();
  }

  async #handle(request: Request, info?: HandlerInfo): Promise<Response> {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new Response("This is a WebSocket", {
        status: 426,
        headers: { upgrade: "websocket" },
      });
    }
    const origin = request.headers.get("origin");
    if (
      origin !== null && this.#allowedOrigins !== undefined &&
      !this.#allowedOrigins.has(origin)
    ) return new Response("The origin is not allowed", { status: 403 });
    const address = info?.remoteAddr?.hostname ?? "";
    const refused = this.#refuseForLimits(address);
    if (refused !== undefined) return refused;
    let identity: Identity | undefined;
    try {
      identity = await this.#settings.authenticate(request);
    } catch {
      // What went wrong there is nobody's business here.
      return new Response("The player could not be found out", { status: 503 });
    }
    if (identity === undefined) {
      return new Response("Unauthorized", { status: 401 });
    }
    // Others may have come while that was awaited.
    const late = this.#refuseForLimits(address);
    if (late !== undefined) return late;
    try {
      const { socket, response } = this.#settings.upgrade(request);
      this.#count(address, 1);
      const hubSocket = new HubSocket(socket, address, MAX_PENDING_BYTES);
      this.#greeting.set(hubSocket, identity);
      return response;
    } catch {
      return new Response("The upgrade failed", { status: 400 });
    }
  }

  #refuseForLimits(address: string): Response | undefined {
    const { maxSockets, maxSocketsPerAddress } = this.#settings;
    if (this.#isClosing || this.#socketCount >= maxSockets) {
      return new Response("There is no room", { status: 503 });
    }
    if ((this.#socketsByAddress.get(address) ?? 0) >= maxSocketsPerAddress) {
      return new Response("Too many connections", { status: 429 });
    }
    return undefined;
  }

  #count(address: string, change: number): void {
    this.#socketCount += change;
    const count = (this.#socketsByAddress.get(address) ?? 0) + change;
    if (count > 0) this.#socketsByAddress.set(address, count);
    else this.#socketsByAddress.delete(address);
  }

  /** A socket is of no more use. */
  #drop(socket: HubSocket, code: number, reason: string): void {
    this.#count(socket.remoteAddr, -1);
    socket.close(code, reason);
  }

  #greet(socket: HubSocket, identity: Identity, dt: number): void {
    socket.ageSeconds += dt;
    const end = (code: number, reason: string): void => {
      this.#greeting.delete(socket);
      this.#drop(socket, code, reason);
    };
    if (socket.isEnded) return end(CloseCode.Normal, "");
    if (socket.fault !== undefined) {
      return end(CloseCode.ProtocolError, socket.fault);
    }
    const [first, ...rest] = socket.takeFrames();
    if (first === undefined) {
      if (socket.ageSeconds * 1_000 > this.#settings.helloTimeoutMs) {
        end(CloseCode.HandshakeTimeout, "no hello");
      }
      return;
    }
    const hello = readHello(first);
    if (hello === undefined || rest.length > 0) {
      return end(CloseCode.ProtocolError, "the first frame must be a hello");
    }
    this.#greeting.delete(socket);
    this.#attach(socket, identity, hello);
  }

  #attach(socket: HubSocket, identity: Identity, hello: Hello): void {
    const known = this.#find(hello.session, identity);
    const client = known ?? this.#admit(identity);
    if (client.socket !== undefined) {
      this.#drop(client.socket, CloseCode.TakenOver, "resumed elsewhere");
    }
    client.socket = socket;
    client.awaySeconds = 0;
    const error = client.session.attach(
      known === undefined
        ? { ...hello, session: undefined, received: 0 }
        : hello,
    );
    if (error !== undefined) {
      this.#lose(client, CloseCode.ProtocolError, error);
    }
  }

  #find(
    session: Uint8Array | undefined,
    { playerId }: Identity,
  ): HubClient | undefined {
    if (session === undefined) return undefined;
    const client = this.#bySession.get(lookupKey(session));
    const isSame = client !== undefined &&
      areSame(client.session.sessionId!, session);
    return isSame && client.identity.playerId === playerId ? client : undefined;
  }

  #admit(identity: Identity): HubClient {
    const {
      maxFrameBytes,
      maxMessageBytes,
      resumeWindowMs,
      keepaliveMs,
      rate,
      maxSubscriptions,
    } = this.#settings;
    const sessionId = crypto.getRandomValues(new Uint8Array(SESSION_ID_BYTES));
    const session = new Session({
      role: "hub",
      clock: this.#clock,
      sessionId,
      maxFrameBytes,
      maxMessageBytes,
      resumeWindowMs,
      keepaliveMs,
      maxChannels: maxSubscriptions,
    });
    const id = this.#nextClient++ as ClientId;
    const bucket = new TokenBucket({
      capacity: rate.burst,
      refillPerSecond: rate.perSecond,
    });
    const client = new HubClient(id, identity, session, bucket);
    this.#clients.set(id, client);
    this.#bySession.set(lookupKey(sessionId), client);
    return client;
  }

  #takeIn(client: HubClient, dt: number): void {
    const { session, socket } = client;
    session.tick(dt);
    if (socket === undefined) {
      client.awaySeconds += dt;
      if (client.awaySeconds * 1_000 > this.#settings.resumeWindowMs) {
        this.#end(client, "expired", CloseCode.Normal, "");
        return;
      }
    } else {
      for (const frame of socket.takeFrames()) {
        const error = session.receive(frame);
        if (error !== undefined) {
          this.#lose(client, CloseCode.ProtocolError, error);
          break;
        }
      }
      if (socket.fault !== undefined) {
        this.#lose(client, CloseCode.ProtocolError, socket.fault);
      } else if (socket.isEnded) {
        this.#lose(client, CloseCode.Normal, "");
      } else if (session.isSilent) {
        this.#lose(client, CloseCode.KeepaliveTimeout, "silent");
      }
    }
    const nowMs = this.#clock.nowMs();
    // What finds no room waits in the session, which stops the client.
    while (this.#events.size + this.#events.reserved < this.#events.capacity) {
      const event = session.poll();
      if (event === undefined) break;
      this.#on(client, event, nowMs);
    }
  }

  #on(client: HubClient, event: SessionEvent, nowMs: number): void {
    const { id, identity } = client;
    switch (event.type) {
      case "opened": {
        const { isResumed } = event;
        this.#events.push({
          type: "clientConnected",
          client: id,
          identity,
          isResumed,
        });
        break;
      }
      case "message": {
        const { channel, bytes, isText } = event;
        if (!client.rate.tryTake(1, nowMs)) {
          this.#lose(client, CloseCode.RateLimited, "too many messages");
          break;
        }
        if (!this.#settings.canPublish(identity, channel)) break;
        const hubChannel = this.#channelOf(channel);
        if (hubChannel?.options.isRelayed) {
          this.#publish(hubChannel, bytes, isText);
        }
        this.#events.push({
          type: "message",
          client: id,
          channel,
          bytes,
          isText,
        });
        break;
      }
      case "control": {
        const message = decodeControl(event.bytes);
        if (message === undefined) {
          this.#lose(client, CloseCode.ProtocolError, "control");
        } else {
          this.#onControl(client, message);
        }
        break;
      }
      case "bye":
        if (event.code === CloseCode.Normal) {
          this.#end(client, "closed", CloseCode.Normal, "");
        }
        break;
      case "undelivered": {
        const { messages } = event;
        this.#events.push({ type: "undelivered", client: id, messages });
      }
    }
  }

  #onControl(client: HubClient, message: ControlMessage): void {
    switch (message.type) {
      case "subscribe":
        return this.#subscribe(client, message);
      case "unsubscribe": {
        const channel = this.#channels.get(message.channel);
        if (channel !== undefined) this.#unsubscribe(client, channel);
        return;
      }
    }
    this.#lose(client, CloseCode.ProtocolError, "control");
  }

  #subscribe(
    client: HubClient,
    message: Extract<ControlMessage, { type: "subscribe" }>,
  ): void {
    const { request, channel: name, history, withPresence } = message;
    const deny = (reason: string): void => {
      client.session.control(
        encodeControl({ type: "denied", request, reason }),
      );
    };
    if (!this.#settings.canSubscribe(client.identity, name)) {
      return deny("not allowed");
    }
    if (
      client.subscriptions.size >= this.#settings.maxSubscriptions
    ) return deny("too many subscriptions");
    const channel = this.#channelOf(name);
    if (channel === undefined) return deny("too many channels");
    client.session.control(encodeControl({ type: "subscribed", request }));
    if (!channel.subscribers.has(client)) {
      channel.subscribers.add(client);
      client.subscriptions.add(channel);
      const joined = channel.join(client);
      if (joined !== undefined) this.#tellPresence(channel, "joined", [joined]);
    }
    if (withPresence) {
      channel.watchers.add(client);
      this.#sendMembers(client, channel, "all", [...channel.members]);
    }
    for (const { bytes, isText } of channel.last(history)) {
      client.send(channel, bytes, isText);
    }
  }

  #unsubscribe(client: HubClient, channel: HubChannel): void {
    if (!channel.subscribers.delete(client)) return;
    client.subscriptions.delete(channel);
    channel.watchers.delete(client);
    const left = channel.leave(client);
    if (left !== undefined) this.#tellPresence(channel, "left", [left]);
    if (channel.isIdle) this.#channels.delete(channel.name);
  }

  #tellPresence(
    channel: HubChannel,
    change: "joined" | "left",
    members: readonly Member[],
  ): void {
    for (const watcher of channel.watchers) {
      this.#sendMembers(watcher, channel, change, members);
    }
  }

  #sendMembers(
    client: HubClient,
    channel: HubChannel,
    change: "all" | "joined" | "left",
    members: readonly Member[],
  ): void {
    let start = 0;
    do {
      const end = start + MAX_MEMBERS_PER_MESSAGE;
      client.session.control(encodeControl({
        type: "presence",
        channel: channel.name,
        change: start === 0 ? change : "joined",
        members: members.slice(start, end),
      }));
      start = end;
    } while (start < members.length);
  }

  #publish(channel: HubChannel, bytes: Uint8Array, isText: boolean): number {
    channel.remember(bytes, isText);
    let accepted = 0;
    for (const client of channel.subscribers) {
      if (client.send(channel, bytes, isText)) accepted += 1;
      else if (channel.options.slow === "disconnect") {
        this.#end(client, "slow", CloseCode.SlowConsumer, "too slow");
      }
    }
    return accepted;
  }

  #sendOut(client: HubClient): void {
    const { session, socket } = client;
    const { sendHighWaterBytes } = this.#settings;
    for (let i = 0; i < MAX_FRAMES_PER_TICK; i++) {
      if (socket === undefined || !socket.canSend(sendHighWaterBytes)) return;
      const frame = session.nextFrame();
      if (frame === undefined) return;
      socket.send(frame);
    }
  }

  /** The socket is gone, or of no more use; the client may come back. */
  #lose(client: HubClient, code: number, reason: string): void {
    if (client.socket === undefined) return;
    this.#drop(client.socket, code, reason);
    client.socket = undefined;
    client.awaySeconds = 0;
    client.session.detach();
    this.#events.push({ type: "clientDisconnected", client: client.id });
  }

  #end(
    client: HubClient,
    reason: "closed" | "expired" | "removed" | "slow",
    code: number,
    text: string,
  ): void {
    if (!this.#clients.delete(client.id)) return;
    this.#bySession.delete(lookupKey(client.session.sessionId!));
    for (const channel of [...client.subscriptions]) {
      this.#unsubscribe(client, channel);
    }
    if (client.socket !== undefined) this.#drop(client.socket, code, text);
    client.socket = undefined;
    client.session.detach();
    this.#events.push({ type: "clientLeft", client: client.id, reason });
  }

  #channelOf(name: string): HubChannel | undefined {
    const known = this.#channels.get(name);
    if (known !== undefined) return known;
    if (this.#channels.size >= MAX_CHANNELS) return undefined;
    const channel = new HubChannel(name, this.#settings.channel(name));
    this.#channels.set(name, channel);
    return channel;
  }
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

function resolve(options: WsHubOptions): Settings {
  return {
    upgrade: options.upgrade,
    authenticate: options.authenticate,
    channel: options.channel ?? (() => ({})),
    canSubscribe: options.canSubscribe ?? (() => true),
    canPublish: options.canPublish ?? (() => true),
    maxSockets: options.maxSockets ?? 10_000,
    maxSocketsPerAddress: options.maxSocketsPerAddress ?? 64,
    maxSubscriptions: options.maxSubscriptions ?? 64,
    maxFrameBytes: options.maxFrameBytes ?? 65_536,
    maxMessageBytes: options.maxMessageBytes ?? 1_048_576,
    rate: options.rate ?? { perSecond: 200, burst: 1_000 },
    resumeWindowMs: options.resumeWindowMs ?? 120_000,
    keepaliveMs: options.keepaliveMs ?? 30_000,
    helloTimeoutMs: options.helloTimeoutMs ?? 10_000,
    sendHighWaterBytes: options.sendHighWaterBytes ?? 262_144,
    maxEvents: options.maxEvents ?? 65_536,
  };
}

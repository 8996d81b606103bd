// This module is browser compatible.

import { CLOSE_ABNORMAL, CLOSE_NORMAL, sendableCode } from "./_close_code.ts";
import type { Connection, ConnectionHost } from "./_connection.ts";
import { EventOutbox } from "./_event_outbox.ts";
import { Patience } from "./_patience.ts";
import { MuxConnection } from "./_mux_connection.ts";
import { PlainConnection } from "./_plain_connection.ts";
import { ReceiveBudget } from "./_receive_budget.ts";
import { Reconnect } from "./_reconnect.ts";
import { SmoothedRtt } from "./_rtt.ts";
import { Settings } from "./_settings.ts";
import { Socket, type SocketEnd, type SocketSink } from "./_socket.ts";
import { targetUrl } from "./_target_url.ts";
import { checkInteger, checkNotNegative, checkPositive } from "../core/mod.ts";
import {
  cutCloseReason,
  type MessageLink,
  utf8Length,
} from "../protocol/mod.ts";
import type {
  ChannelConfig,
  WsClientOptions,
  WsRequestOptions,
  WsSendOptions,
  WsSubscribeOptions,
} from "./client_options.ts";
import type { WsClientStats } from "./client_stats.ts";
import type { WsDropReason, WsErrorReason, WsEvent } from "./event.ts";
import { type WsDataMessage, WsMessage } from "./message.ts";
import { CloseCode, MAX_NAME_BYTES } from "./mux/record.ts";
import { isConnected, isLive, WsState } from "./state.ts";

const DROP_REASONS: readonly WsDropReason[] = [
  "queueFull",
  "replaced",
  "expired",
  "cut",
  "closed",
  "tooLarge",
];
const MAX_DT_SECS = 3_600;
const NO_OPTIONS: WsSendOptions = {};
const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;

/** One try to connect: the URL as it is asked for, then the socket. */
interface Attempt {
  /** What the URL provider's promise came to, until it is taken. */
  answer: { readonly url: unknown } | { readonly error: unknown } | undefined;
  socket: Socket | undefined;
}

/**
 * A WebSocket client that a game ticks. `send` accepts, `tick` moves everything on, `drainEvents` hands out what
 * happened. It connects again by itself; nothing blocks, nothing is awaited, and nothing that a server or a network does
 * throws.
 *
 * It speaks plain messages to any WebSocket server. There a message may be lost after it was given to a socket: a
 * WebSocket does not tell what arrived. What was accepted while there was no connection, or no room in the socket, goes
 * out once or is reported as dropped.
 *
 * With the option `mux` it speaks to a `WsHub`, and to nothing else: channels, of which each says what it promises, over
 * a session that outlives its sockets.
 *
 * Time goes by `tick` alone: a paused game pauses timeouts and waits.
 *
 * @example Connect, send, drain
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { WsClient } from "@tickwire/net/websocket";
 *
 * const server = Deno.serve({ port: 0, onListen() {} }, (request) => {
 *   const { socket, response } = Deno.upgradeWebSocket(request);
 *   socket.onmessage = (event) => socket.send(`${event.data}, player`);
 *   return response;
 * });
 *
 * const client = new WsClient({ url: `ws://localhost:${server.addr.port}` });
 * client.connect();
 * client.send("hello"); // goes out when the connection stands
 * let answer: string | undefined;
 * while (answer === undefined) {
 *   client.tick(1 / 60);
 *   for (const event of client.drainEvents()) {
 *     if (event.type === "message" && event.message.type === "text") {
 *       answer = event.message.text;
 *     }
 *   }
 *   await new Promise((resolve) => setTimeout(resolve)); // the rest of the frame
 * }
 * assertEquals(answer, "hello, player");
 * client.close();
 * await server.shutdown();
 * ```
 */
export class WsClient {
  readonly #settings: Settings;
  readonly #budget: ReceiveBudget;
  readonly #events: EventOutbox;
  readonly #reconnect: Reconnect;
  readonly #patience: Patience;
  /** Whether the game has sent what there was, after the last tick. */
  #isFlushed = false;
  readonly #connection: Connection;
  readonly #mux: MuxConnection | undefined;
  readonly #sink: SocketSink;
  readonly #rtt = new SmoothedRtt();
  readonly #drops = new Map<WsDropReason, { count: number; bytes: number }>();
  #state: WsState = WsState.Disconnected;
  #isOnline = true;
  #attempt: Attempt | undefined;
  /** Whether an attempt was begun since `connect`, so that its game waits for a last word. */
  #hasBegun = false;
  /** Grows with each change of the state, for what began in a tick has not lasted for its step. */
  #changes = 0;
  #connections = 0;
  #messagesSent = 0;
  #messagesReceived = 0;
  #messagesFiltered = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #refused = 0;
  #dropped = 0;
  #droppedBytes = 0;
  #droppedIncoming = 0;

  /**
   * Makes a client that is not connected.
   *
   * @param options Where to, and how it behaves.
   * @throws {RangeError} If a number is out of its range.
   * @throws {TypeError} If `url` is a text and no absolute ws(s) or http(s) URL, or `overflow` is not one of its values.
   */
  constructor(options: WsClientOptions) {
    const settings = new Settings(options);
    this.#settings = settings;
    this.#budget = new ReceiveBudget(
      settings.maxUndrained,
      settings.maxUndrainedBytes,
    );
    this.#events = new EventOutbox(
      this.#budget,
      settings.clock,
      settings.mux && settings.maxRequests,
    );
    this.#reconnect = new Reconnect(settings);
    this.#patience = new Patience(settings.connectTimeoutMs);
    const host = this.#makeHost();
    this.#mux = settings.mux && new MuxConnection(settings, settings.mux, host);
    this.#connection = this.#mux ?? new PlainConnection(settings, host);
    this.#sink = {
      onOpen: () => this.#connection.open(this.#attempt!.socket!),
      onData: (data, size, atMs) => this.#connection.receive(data, size, atMs),
      onEnd: (end) => this.#onSocketEnd(end),
    };
  }

  /** Where the client stands. */
  get state(): WsState {
    return this.#state;
  }

  /** Whether messages go out and come in. */
  get isConnected(): boolean {
    return isConnected(this.#state);
  }

  /** Whether the network is there, as far as `setOnline` said. */
  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Messages handed to a socket; over the mux, those of which all was. */
  get messagesSent(): number {
    return this.#messagesSent;
  }

  /** Messages taken in. */
  get messagesReceived(): number {
    return this.#messagesReceived;
  }

  /** Payload bytes handed to a socket. */
  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** Payload bytes taken in. */
  get bytesReceived(): number {
    return this.#bytesReceived;
  }

  /** Seconds of `tick` time for which the present connection stands; 0 without one. */
  get uptime(): number {
    return this.#reconnect.uptimeMs / 1_000;
  }

  /** Messages that wait to be sent. */
  get pendingOutbound(): number {
    return this.#connection.pendingMessages;
  }

  /** What was counted so far. Makes an object: ask when you show it, not in every frame. */
  get stats(): WsClientStats {
    return {
      messagesSent: this.#messagesSent,
      messagesReceived: this.#messagesReceived,
      bytesSent: this.#bytesSent,
      bytesReceived: this.#bytesReceived,
      messagesFiltered: this.#messagesFiltered,
      bytesSaved: this.#connection.savedBytes,
      uptime: this.uptime,
      pendingOutbound: this.#connection.pendingMessages,
      pendingOutboundBytes: this.#connection.pendingBytes,
      refused: this.#refused,
      dropped: this.#dropped,
      droppedBytes: this.#droppedBytes,
      droppedIncoming: this.#droppedIncoming,
      reconnects: Math.max(0, this.#connections - 1),
      rttMs: this.#rtt.rttMs,
      rttJitterMs: this.#rtt.jitterMs,
      undrainedMessages: this.#budget.messages,
      lostEvents: this.#events.lost,
    };
  }

  /**
   * Connects: the first attempt begins with the next `tick`. Does nothing if the client is live already, waiting for its
   * next attempt included. While 1000 events, or messages up to half of
   * their bounds, wait to be drained, no attempt begins.
   */
  connect(): void {
    if (isLive(this.#state)) return;
    this.#reconnect.reset();
    this.#hasBegun = false;
    this.#setState(WsState.Connecting);
  }

  /**
   * Ends the connection for good. What waits to be sent is given to the socket; without one it is dropped and reported,
   * or over the mux handed back by `undelivered`. The closing handshake is not waited for. `connect` begins anew.
   *
   * @param code The close code for the server: 1000 to 4999. All but 1000 and 3000 to 4999 are sent as 1000, as a client
   * may send no others.
   * @param reason Why, for people; cut to 123 bytes of UTF-8.
   * @throws {RangeError} If the code is out of range.
   */
  close(code = CLOSE_NORMAL, reason = ""): void {
    checkInteger("code", code, 1_000, 4_999);
    this.#takeSocket();
    const wasLive = isLive(this.#state);
    // Only an open socket takes what waits.
    this.#connection.close();
    const sent = sendableCode(code);
    const words = cutCloseReason(reason);
    this.#letGo(sent, words);
    this.#setState(WsState.Closed);
    this.#reconnect.stop();
    this.#reportDrops();
    if (wasLive && this.#hasBegun) {
      this.#events.push({
        type: "disconnected",
        code: sent,
        reason: words,
        willReconnect: false,
      });
    }
  }

  /**
   * Drops the connection, or the attempt under way, and connects again after the usual wait (without `autoReconnect`,
   * not). What waits to be sent stays. Does nothing if there is neither.
   */
  disconnect(): void {
    this.#takeSocket();
    if (this.#attempt === undefined) return;
    // By the mux's table 1000 would end the session.
    this.#letGo(this.#mux ? CloseCode.GoingAway : CLOSE_NORMAL, "");
    this.#over(CLOSE_NORMAL, "disconnected by the client", false);
  }

  /**
   * Hints whether the network is there. While it is not, no attempt begins; a connection stays, as the hint may be wrong.
   * When it comes back, the client waits no longer than before a first attempt.
   *
   * @param online What the platform's `online` and `offline` events say.
   */
  setOnline(online: boolean): void {
    if (online && !this.#isOnline) this.#reconnect.hurry();
    this.#isOnline = online;
  }

  /**
   * Sends a message: at once if the connection stands and has room, else when it does. Bytes are copied or consumed
   * before it returns.
   *
   * @param message A message, a text or bytes. A `close` message closes the client. `ping` and `pong` need the mux: in plain mode
   * they are not accepted, and an `error` says so.
   * @param options For while it waits.
   * @returns Whether it was accepted. It is not while the client is closed, if it is larger than `maxQueueBytes`, or if
   * there is no room for it.
   * @throws {TypeError} If it is no message.
   * @throws {RangeError} If `ttlMs` is not above 0, the code of a `close` message is out of range, or a `ping` over the
   * mux has more than 124 bytes.
   */
  send(
    message: WsMessage | string | Uint8Array,
    options: WsSendOptions = NO_OPTIONS,
  ): boolean {
    if (options.ttlMs !== undefined) checkPositive("ttlMs", options.ttlMs);
    const checked = toMessage(message);
    if (checked.type === "close") {
      this.close(checked.code, checked.reason);
      return true;
    }
    if (this.#state === WsState.Closed) {
      this.#refused++;
      return false;
    }
    return this.#connection.send(checked, options);
  }

  /**
   * Sends a message on a channel of the mux: exactly once, at most once or the newest alone, as the channel is.
   *
   * @param channel The channel: 1 to 128 bytes of UTF-8.
   * @param message A message, a text or bytes, which are copied.
   * @param options For while it waits.
   * @returns Whether it was accepted: what an exactly-once channel accepts is delivered or told by `undelivered`.
   * @throws {TypeError} If it is no message, or the client speaks no mux.
   * @throws {RangeError} If the name of the channel is out of its range.
   */
  sendOnChannel(
    channel: string,
    message: WsMessage | string | Uint8Array,
    options: WsSendOptions = NO_OPTIONS,
  ): boolean {
    const mux = this.#needMux("send on a channel");
    if (options.ttlMs !== undefined) checkPositive("ttlMs", options.ttlMs);
    const checked = toMessage(message);
    // What is no data of the game has nothing to do with channels.
    if (!WsMessage.isData(checked)) return this.send(checked, options);
    if (this.#state === WsState.Closed) {
      this.#refused++;
      return false;
    }
    return mux.sendOn(channel, checked, options);
  }

  /**
   * Asks the hub something: exactly one `reply` or `requestFailed` with the number that is returned will follow.
   *
   * @param channel The channel that it is sent on: 1 to 128 bytes of UTF-8. What one that is not exactly-once loses times
   * out.
   * @param message The question: text or bytes, which are copied.
   * @param options How long to wait.
   * @returns The number of the request, or `undefined` if it was not accepted: the client is closed, there is no room, or
   * `maxRequests` are under way.
   * @throws {TypeError} If it is neither text nor bytes, or the client speaks no mux.
   * @throws {RangeError} If `timeoutMs` is not above 0, or the name of the channel is out of its range.
   */
  request(
    channel: string,
    message: WsMessage | string | Uint8Array,
    options: WsRequestOptions = {},
  ): number | undefined {
    const mux = this.#needMux("send a request");
    const { timeoutMs = DEFAULT_REQUEST_TIMEOUT_MS } = options;
    checkPositive("timeoutMs", timeoutMs);
    const checked = toMessage(message);
    if (checked.type !== "text" && checked.type !== "binary") {
      throw new TypeError(
        `Cannot send a request as it must be text or bytes: current type is "${checked.type}"`,
      );
    }
    if (this.#state === WsState.Closed) {
      this.#refused++;
      return undefined;
    }
    return mux.request(channel, checked, timeoutMs);
  }

  /**
   * Opens a link to the hub, for calls, state and lobbies: what comes over it is no event. It goes on over cuts, and
   * closes when something is lost for good: with the session, say. The next link of that name is then for the next
   * session, with what came in that before; one that was closed otherwise can be opened again in another session only.
   *
   * Open it before `connect`: what the hub sends over a link that is not open yet is told as `message` events on channels
   * of strange names (`game.2`).
   *
   * @param name What the hub knows it by: 1 to 126 bytes of UTF-8.
   * @returns The link of that name, a new one if there is none that can be used.
   * @throws {TypeError} If the client speaks no mux.
   * @throws {RangeError} If the name is out of its range, or 8 links are open.
   */
  link(name = "link"): MessageLink {
    return this.#needMux("open a link").link(name);
  }

  /**
   * The channels that were given to `subscribe` and not taken back, oldest first; none in plain mode. `active` tells
   * whether the hub is asked for what is published: not if it was given as `false`, or the hub has denied or ended it.
   * Makes an array: ask when you show it, not in every frame.
   *
   * @example Switch a channel off and on
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { WsClient } from "@tickwire/net/websocket";
   *
   * const client = new WsClient({ url: "ws://localhost:8080", mux: true });
   * client.subscribe({ name: "trade", history: 20 });
   * const [trade] = client.channels;
   * client.subscribe({ ...trade!, active: false });
   * assertEquals(client.channels.map(({ active }) => active), [false]);
   * client.subscribe({ ...trade!, active: true });
   * ```
   */
  get channels(): readonly ChannelConfig[] {
    return this.#mux?.subscriptions ?? [];
  }

  /**
   * Asks for what is published on a channel, now and whenever the hub has lost the session. What was said of the channel
   * before is replaced as a whole. History is sent to who was not subscribed.
   *
   * @param channel The channel: 1 to 128 bytes of UTF-8.
   * @param options What else.
   * @returns Whether the question will be sent; `subscribed` or `subscriptionDenied` answers it. Not if `active` is
   * `false`.
   * @throws {RangeError} If the channel's name or `history` is out of its range.
   * @throws {TypeError} If `filter` is no function, or the client speaks no mux.
   */
  subscribe(channel: string, options?: WsSubscribeOptions): boolean;
  /**
   * Asks for what is published on a channel, as above.
   *
   * @param config The channel, and what else.
   * @returns Whether the question will be sent.
   * @throws {RangeError} If the channel's name or `history` is out of its range.
   * @throws {TypeError} If `filter` is no function, or the client speaks no mux.
   *
   * @example Look at calls for help alone, though the hub sends everything
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { WsClient, WsMessage } from "@tickwire/net/websocket";
   *
   * const client = new WsClient({ url: "ws://localhost:8080", mux: true });
   * client.subscribe({
   *   name: "chat",
   *   history: 50,
   *   filter: (message) => WsMessage.asText(message)?.includes("help") ?? false,
   * });
   * assertEquals(client.channels[0]?.name, "chat");
   * assertEquals(client.stats.messagesFiltered, 0); // what it has refused so far
   * ```
   */
  subscribe(config: ChannelConfig): boolean;
  subscribe(
    channel: string | ChannelConfig,
    options: WsSubscribeOptions = {},
  ): boolean {
    const config = typeof channel === "string"
      ? { ...options, name: channel }
      : channel;
    const { name, history = 0, filter } = config;
    checkInteger("history", history, 0, 1_000);
    checkInteger("channel bytes", utf8Length(name), 1, MAX_NAME_BYTES);
    if (filter !== undefined && typeof filter !== "function") {
      throw new TypeError(
        `Cannot subscribe as filter must be a function: current type is "${typeof filter}"`,
      );
    }
    return this.#needMux("subscribe").subscribe(config);
  }

  /**
   * Takes a subscription back and forgets it; `subscribe` with `active: false` keeps it for later. What the hub had sent
   * before it heard of it still comes.
   *
   * @param channel The channel.
   * @returns Whether there was one.
   * @throws {TypeError} If the client speaks no mux.
   */
  unsubscribe(channel: string): boolean {
    return this.#needMux("unsubscribe").unsubscribe(channel);
  }

  /**
   * Moves everything on by a frame: takes in what came, runs timers, connects, sends what waits.
   *
   * After a step of many seconds (a hidden tab, a suspended laptop) what came is taken in and the other end is asked
   * before anything is declared dead.
   *
   * @param dt Seconds since the last tick, 0 or more. More than an hour counts as an hour.
   * @throws {RangeError} If `dt` is negative or not a number.
   */
  tick(dt: number): void {
    const dtMs = Math.min(checkNotNegative("dt", dt), MAX_DT_SECS) * 1_000;
    const changes = this.#changes;
    this.#takeAnswer();
    this.#attempt?.socket?.tick(dtMs);
    this.#takeSocket();
    // What began just now has not lasted for this step.
    const stepMs = changes === this.#changes ? dtMs : 0;
    switch (this.#state) {
      case WsState.Connecting:
      case WsState.Handshaking:
        if (this.#attempt === undefined) this.#begin();
        else if (this.#patience.tick(stepMs)) this.#onConnectTimeout();
        break;
      case WsState.Connected:
        this.#reconnect.connected(stepMs);
        break;
      case WsState.ReconnectBackoff:
        if (this.#reconnect.wait(stepMs)) this.#begin();
    }
    this.#connection.tick(dtMs, this.isConnected ? stepMs : 0);
    if (!this.#isFlushed) this.#connection.flush();
    this.#isFlushed = false;
    this.#reportDrops();
  }

  /**
   * Sends what waits now, instead of with the next `tick`: at the end of a frame that has said something. The `tick` that
   * follows then sends nothing, so that there is one frame of the WebSocket for one of the game, with all that was said.
   * It is of use over the mux alone; plain messages wait only where the socket takes none.
   */
  flush(): void {
    this.#isFlushed = true;
    this.#connection.flush();
  }

  /**
   * Hands out what happened since the last drain, oldest first. Events queued meanwhile wait for the next drain.
   * Leaving the loop early keeps the rest.
   *
   * @param budgetMs Milliseconds after which it stops, at least one event given: 0 or more; no limit by default.
   * @returns An iterator that removes what it yields.
   * @throws {RangeError} If the budget is negative or not a number.
   */
  drainEvents(budgetMs?: number): IterableIterator<WsEvent> {
    return this.#events.drain(budgetMs);
  }

  /**
   * Takes one event.
   *
   * @returns The oldest event, or `undefined` if there is none.
   */
  pollEvent(): WsEvent | undefined {
    return this.#events.poll();
  }

  /** Closes the client: `using client = new WsClient(…)`. */
  [Symbol.dispose](): void {
    this.close();
  }

  #makeHost(): ConnectionHost {
    return {
      ready: () => {
        this.#connections++;
        this.#setState(WsState.Connected);
        this.#events.push({ type: "connected" });
      },
      message: (message, channel) => {
        this.#count(message);
        this.#events.message(message, channel);
      },
      release: (size) => this.#budget.release(size),
      filtered: () => {
        this.#messagesFiltered++;
      },
      sent: (messages, bytes) => {
        this.#messagesSent += messages;
        this.#bytesSent += bytes;
      },
      refused: () => {
        this.#refused++;
      },
      dropped: (count, bytes, reason) => this.#onDropped(count, bytes, reason),
      droppedIncoming: (count) => {
        this.#droppedIncoming += count;
      },
      rtt: (rttMs) => {
        this.#rtt.sample(rttMs);
        this.#events.inform({ type: "pingRtt", rttMs });
      },
      hasRoom: () => this.#events.hasRoom && this.#budget.isHalfFree,
      hold: (size) => this.#budget.hold(size),
      mux: (event) => this.#events.push(event),
      reserve: () => this.#events.reserve(),
      unreserve: () => this.#events.unreserve(),
      outcome: (event) => {
        if (event.type === "reply") this.#count(event.message);
        this.#events.outcome(event);
      },
      retryAfter: (ms) => this.#reconnect.retryAfter(ms),
      error: (reason, message, cause) => this.#inform(reason, message, cause),
      fail: (code, reason, message) => this.#fail(code, reason, message),
    };
  }

  #count(message: WsDataMessage): void {
    this.#messagesReceived++;
    this.#bytesReceived += message.type === "text"
      ? utf8Length(message.text)
      : message.bytes.length;
  }

  #needMux(action: string): MuxConnection {
    if (this.#mux !== undefined) return this.#mux;
    throw new TypeError(
      `Cannot ${action} as the option mux must be set: current value is false`,
    );
  }

  #setState(state: WsState): void {
    this.#state = state;
    this.#changes++;
  }

  /** Begins an attempt, as soon as the network and the game are there. */
  #begin(): void {
    if (!this.#isOnline || !this.#events.hasRoom || !this.#budget.isHalfFree) {
      return;
    }
    const attempt: Attempt = { answer: undefined, socket: undefined };
    this.#attempt = attempt;
    this.#hasBegun = true;
    this.#patience.restart();
    this.#setState(WsState.Connecting);
    const { url } = this.#settings;
    if (typeof url === "string") {
      this.#open(attempt, url);
      return;
    }
    let asked: string | Promise<string>;
    try {
      asked = url();
    } catch (error) {
      asked = Promise.reject(error);
    }
    if (typeof asked === "string") {
      attempt.answer = { url: asked };
      this.#takeAnswer();
      return;
    }
    Promise.resolve(asked).then((answer) => {
      attempt.answer = { url: answer };
    }, (error) => {
      attempt.answer = { error };
    });
  }

  /** Takes what the URL provider of the present attempt has answered. */
  #takeAnswer(): void {
    const attempt = this.#attempt;
    const answer = attempt?.answer;
    if (attempt === undefined || answer === undefined) return;
    attempt.answer = undefined;
    if ("error" in answer) {
      const { error } = answer;
      this.#fail(
        CLOSE_ABNORMAL,
        "urlUnavailable",
        `The URL provider failed: ${textOf(error)}`,
        error,
      );
      return;
    }
    const url = targetUrl(answer.url);
    if (url !== undefined) this.#open(attempt, url);
    else {
      // It may hold a token, so it is not shown.
      this.#fail(
        CLOSE_ABNORMAL,
        "urlUnavailable",
        "The URL provider gave no absolute ws, wss, http or https URL",
      );
    }
  }

  #open(attempt: Attempt, url: string): void {
    const { webSocket, protocols } = this.#settings;
    let socket: Socket;
    try {
      socket = new Socket(
        webSocket(url, [...protocols]),
        this.#budget,
        protocols.length > 0,
        this.#settings.clock,
      );
    } catch (error) {
      if (attempt !== this.#attempt) return;
      this.#fail(
        CLOSE_ABNORMAL,
        "connectFailed",
        `The socket could not be made: ${textOf(error)}`,
        error,
      );
      return;
    }
    // A factory of the game's own may have closed the client.
    if (attempt !== this.#attempt) {
      socket.close(CLOSE_NORMAL, "");
      return;
    }
    attempt.socket = socket;
    this.#setState(WsState.Handshaking);
  }

  #takeSocket(): void {
    this.#attempt?.socket?.take(this.#sink);
  }

  #onSocketEnd({ code: ownCode, reason, error }: SocketEnd): void {
    if (error !== undefined) this.#inform(error.reason, error.message);
    const code = this.#connection.endCode ?? ownCode;
    this.#letGo(ownCode, reason);
    this.#over(code, reason, this.#reconnect.isTerminal(code));
  }

  #onConnectTimeout(): void {
    this.#fail(
      this.#mux?.isGreeting ? CloseCode.HandshakeTimeout : CLOSE_ABNORMAL,
      "connectTimeout",
      `Not connected within ${this.#settings.connectTimeoutMs} ms`,
    );
  }

  /** Ends the present attempt from this side. */
  #fail(
    code: number,
    reason: WsErrorReason,
    message: string,
    cause?: unknown,
  ): void {
    this.#inform(reason, message, cause);
    this.#letGo(code, message);
    this.#over(code, cutCloseReason(message), this.#reconnect.isTerminal(code));
  }

  /** Forgets the present attempt and closes its socket. */
  #letGo(code: number, reason: string): void {
    const attempt = this.#attempt;
    this.#attempt = undefined;
    attempt?.socket?.close(code, cutCloseReason(reason));
    this.#connection.end();
  }

  /** The one place where an attempt ends that the game did not close. */
  #over(code: number, reason: string, isTerminal: boolean): void {
    const { autoReconnect } = this.#settings;
    const backoffMs = autoReconnect && !isTerminal
      ? this.#reconnect.next()
      : undefined;
    const willReconnect = backoffMs !== undefined;
    if (willReconnect) this.#setState(WsState.ReconnectBackoff);
    else {
      this.#reconnect.stop();
      // Without autoReconnect, what waits goes out when the game connects again.
      const isClosed = autoReconnect || isTerminal;
      this.#setState(isClosed ? WsState.Closed : WsState.Disconnected);
      if (isClosed) this.#connection.close();
      this.#reportDrops();
    }
    this.#events.push({ type: "disconnected", code, reason, willReconnect });
    if (willReconnect) {
      const { attempt } = this.#reconnect;
      this.#events.push({ type: "reconnecting", attempt, backoffMs });
    }
  }

  #inform(reason: WsErrorReason, message: string, cause?: unknown): void {
    this.#events.inform({ type: "error", reason, message, cause });
  }

  #onDropped(count: number, bytes: number, reason: WsDropReason): void {
    this.#dropped += count;
    this.#droppedBytes += bytes;
    const drops = this.#drops.get(reason);
    if (drops === undefined) this.#drops.set(reason, { count, bytes });
    else {
      drops.count += count;
      drops.bytes += bytes;
    }
  }

  #reportDrops(): void {
    if (this.#drops.size === 0) return;
    for (const reason of DROP_REASONS) {
      const drops = this.#drops.get(reason);
      // What finds no room now is told with the drops to come.
      if (drops === undefined || !this.#events.hasRoom) continue;
      this.#drops.delete(reason);
      const { count, bytes } = drops;
      this.#events.push({ type: "dropped", count, bytes, reason });
    }
  }
}

function toMessage(message: WsMessage | string | Uint8Array): WsMessage {
  if (typeof message === "string") return WsMessage.text(message);
  if (message instanceof Uint8Array) return WsMessage.binary(message);
  switch (message?.type) {
    case "text":
      if (typeof message.text === "string") return message;
      break;
    case "binary":
    case "ping":
    case "pong":
      if (message.bytes instanceof Uint8Array) return message;
      break;
    case "close":
      return message;
  }
  throw new TypeError(
    `Cannot send message as it must be a text, a Uint8Array or a WsMessage: current type is ${typeof message}`,
  );
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

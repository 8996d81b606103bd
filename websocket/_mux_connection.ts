// This module is browser compatible.
import type {
  Connection,
  ConnectionHost,
  QueueOptions,
} from "./_connection.ts";
import { ByteSlab } from "./_byte_slab.ts";
import { checkInteger } from "../core/mod.ts";
import type { Settings } from "./_settings.ts";
import type { Socket } from "./_socket.ts";
import { heldSize } from "./_receive_budget.ts";
import { checkLinks, SessionLink } from "./_session_link.ts";
import { Subscriptions } from "./_subscriptions.ts";
import type { ChannelConfig } from "./client_options.ts";
import type { WsRequestFailureReason } from "./event.ts";
import type { WsDataMessage, WsMessage } from "./message.ts";
import { closeCodeOf } from "./mux/_close_code_of.ts";
import { decodeControl } from "./mux/control_message.ts";
import { Deflater } from "./mux/deflater.ts";
import { CloseCode, Delivery, MAX_PING_BYTES } from "./mux/record.ts";
import { Session } from "./mux/session.ts";
import type { SessionEvent } from "./mux/session_event.ts";
import type { ChannelOptions } from "./mux/session_options.ts";

/** Where messages go that name no channel. */
export const DEFAULT_CHANNEL = "default";
const MAX_FRAMES_PER_TICK = 64;
/**
 * What is inflated in a tick: a few bytes become a megabyte, which takes some 15 ms, and
 * what nobody waits for or a filter refuses takes no room.
 */
const MAX_INFLATED_PER_TICK = 8_388_608;
/** What the hub may open besides the channels that are subscribed to: for replies, say. */
const MAX_OTHER_CHANNELS = 128;
/** A hub takes 96 at the least, of which 32 are for links. */
const MAX_CHANNELS = 64;
/** From here on, for each new one an idle one goes. */
const MANY_CHANNELS = 32;

/** A request without an answer so far. */
interface PendingRequest {
  remainingMs: number;
  /** Whether the session was lost that it was sent in. */
  isLost: boolean;
}

// A byte order mark is text like any other here.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Channels over one session, which goes on over the sockets. */
export class MuxConnection implements Connection {
  readonly #host: ConnectionHost;
  readonly #session: Session;
  readonly #slab = new ByteSlab();
  readonly #deflater: Deflater | undefined;
  readonly #outIds = new Map<string, number>();
  readonly #settings: Settings;
  readonly #channels: ReadonlyMap<string, ChannelOptions>;
  readonly #subscriptions: Subscriptions;
  readonly #requests = new Map<number, PendingRequest>();
  #nextQuestion = 1;
  readonly #links = new Map<string, { link: SessionLink; session: number }>();
  /** Counts the sessions that are over. */
  #lostSessions = 0;
  /** What of the session's counts the host was told. */
  #sentMessages = 0;
  #sentBytes = 0;
  /** Whether the client was told that this socket is ready. */
  #isReady = false;
  #endCode: number | undefined;
  #rttSamples = 0;
  /** Up to which count is inflated in this tick. */
  #inflatesUpTo = MAX_INFLATED_PER_TICK;
  #socket: Socket | undefined;

  constructor(
    settings: Settings,
    channels: ReadonlyMap<string, ChannelOptions>,
    host: ConnectionHost,
  ) {
    this.#host = host;
    this.#settings = settings;
    this.#channels = channels;
    const { deflateMinBytes } = settings;
    this.#deflater = deflateMinBytes === undefined
      ? undefined
      : new Deflater({ minBytes: deflateMinBytes });
    this.#session = new Session({
      role: "client",
      ...this.#deflater && { deflater: this.#deflater },
      clock: settings.clock,
      keepaliveMs: settings.pingIntervalMs,
      pongTimeoutMs: settings.pongTimeoutMs,
      maxChannels: MAX_OTHER_CHANNELS,
      maxReplayAgeMs: settings.maxReplayAgeMs,
    });
    this.#subscriptions = new Subscriptions(this.#session);
  }

  get endCode(): number | undefined {
    return this.#endCode;
  }

  /** Whether the socket is open and the hub has yet to say that it knows the client. */
  get isGreeting(): boolean {
    return this.#socket !== undefined && !this.#session.isOpen;
  }

  get pendingMessages(): number {
    return this.#session.queuedMessages;
  }

  get pendingBytes(): number {
    return this.#session.queuedBytes;
  }

  get savedBytes(): number {
    const { savedBytesIn = 0, savedBytesOut = 0 } = this.#deflater ?? {};
    return savedBytesIn + savedBytesOut;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    this.#isReady = false;
    this.#endCode = undefined;
    this.#session.attach();
    this.flush();
  }

  receive(data: string | Uint8Array, size: number, atMs: number): void {
    // The session has bounds of its own for what waits in it.
    this.#host.release(size);
    if (typeof data === "string") {
      this.#fail("The hub sent text, which is no frame");
      return;
    }
    const { sessionId } = this.#session;
    const error = this.#session.receive(data, atMs);
    if (sessionId !== undefined && sessionId !== this.#session.sessionId) {
      this.#markLost();
    }
    if (this.#session.rttSamples !== this.#rttSamples) {
      this.#rttSamples = this.#session.rttSamples;
      this.#host.rtt(this.#session.lastRttMs);
    }
    // What was right before the error counts; and all of it before the socket's end does.
    this.#takeEvents();
    if (error !== undefined && this.#socket !== undefined) {
      this.#fail(`The hub sent a wrong frame: ${error}`, closeCodeOf(error));
    }
  }

  end(): void {
    this.#socket = undefined;
    this.#session.detach();
  }

  send(message: WsMessage, options: QueueOptions): boolean {
    if (message.type === "ping") {
      checkInteger("ping bytes", message.bytes.length, 0, MAX_PING_BYTES - 1);
      if (this.#session.ping(message.bytes)) return true;
      this.#host.refused();
      return false;
    }
    if (message.type === "pong") {
      this.#host.error("unavailable", "Cannot send a pong: pings are answered");
      this.#host.refused();
      return false;
    }
    return this.sendOn(DEFAULT_CHANNEL, message, options);
  }

  /** Accepts a message for a channel, or not. */
  sendOn(channel: string, message: WsMessage, options: QueueOptions): boolean {
    if (message.type !== "text" && message.type !== "binary") {
      return this.send(message, options);
    }
    return this.#send(channel, message, options, undefined);
  }

  /** Accepts a question, or not; returns its number. */
  request(
    channel: string,
    message: WsDataMessage,
    timeoutMs: number,
  ): number | undefined {
    // Throws for a wrong name, before a place is kept.
    this.#outIdOf(channel);
    if (!this.#host.reserve()) {
      this.#host.refused();
      return undefined;
    }
    const number = this.#nextQuestion;
    if (!this.#send(channel, message, {}, 2 * number)) {
      this.#host.unreserve();
      return undefined;
    }
    this.#nextQuestion += 1;
    this.#requests.set(number, { remainingMs: timeoutMs, isLost: false });
    return number;
  }

  /** The link of a name in this session. */
  link(name: string): SessionLink {
    const known = this.#links.get(name);
    if (
      known !== undefined &&
      (known.session === this.#lostSessions ||
        known.link.state.type !== "closed")
    ) return known.link;
    checkLinks([...this.#links.values()].map(({ link }) => link));
    const link = new SessionLink(this.#session, name, {
      mayTake: () => this.#inflatedBytes < this.#inflatesUpTo,
      wake: () => {},
    });
    this.#links.set(name, { link, session: this.#lostSessions });
    return link;
  }

  #send(
    channel: string,
    message: WsDataMessage,
    { key, ttlMs }: QueueOptions,
    request: number | undefined,
  ): boolean {
    const id = this.#outIdOf(channel);
    const isText = message.type === "text";
    const bytes = isText
      ? this.#slab.encode(message.text)
      : this.#slab.copy(message.bytes);
    const isAccepted = id !== undefined &&
      this.#session.sendShared(id, bytes, {
        isText,
        ...key === undefined ? {} : { key },
        ...ttlMs === undefined ? {} : { ttlMs },
        ...request === undefined ? {} : { request },
      });
    if (!isAccepted) this.#host.refused();
    return isAccepted;
  }

  /** The channels that are subscribed to, or remembered. */
  get subscriptions(): ChannelConfig[] {
    return this.#subscriptions.list();
  }

  /** Asks for what is published on a channel, now and after each loss of the session; if it is active. */
  subscribe(config: ChannelConfig): boolean {
    return this.#subscriptions.set(config);
  }

  unsubscribe(channel: string): boolean {
    return this.#subscriptions.remove(channel);
  }

  tick(dtMs: number, _openMs: number): void {
    const session = this.#session;
    session.tick(dtMs / 1_000);
    // An answer that is here but finds no room is not late.
    if (this.#takeEvents()) this.#tickRequests(dtMs);
    // What comes before the next one counts towards that.
    this.#inflatesUpTo = this.#inflatedBytes + MAX_INFLATED_PER_TICK;
    if (this.#socket !== undefined && session.isSilent) {
      this.#host.fail(
        CloseCode.KeepaliveTimeout,
        "pingTimeout",
        "The hub has not answered a ping",
      );
    }
  }

  close(): void {
    // What waits goes first, as the hub ends the session with the word.
    this.#session.stopDeflating();
    this.flush();
    this.#session.sayBye({
      code: CloseCode.Normal,
      retryAfterMs: 0,
      reason: "",
    });
    this.flush();
    this.#session.end();
    this.#lostSessions += 1;
    this.#takeEvents();
    for (const number of this.#requests.keys()) {
      this.#failRequest(number, "closed");
    }
  }

  get #inflatedBytes(): number {
    return this.#deflater?.inflatedBytes ?? 0;
  }

  /** Returns whether there are no more. */
  #takeEvents(): boolean {
    while (this.#host.hasRoom()) {
      if (this.#inflatedBytes >= this.#inflatesUpTo) return false;
      const event = this.#session.poll();
      if (event === undefined) return true;
      this.#on(event);
    }
    return false;
  }

  /** What is not in the queue any more went down with the session that it was sent in. */
  #markLost(): void {
    this.#lostSessions += 1;
    const waiting = this.#session.waitingRequests();
    for (const [number, request] of this.#requests) {
      request.isLost = !waiting.has(2 * number);
    }
  }

  #tickRequests(dtMs: number): void {
    for (const [number, request] of this.#requests) {
      if (request.remainingMs <= 0) this.#failRequest(number, "timeout");
      request.remainingMs -= dtMs;
    }
  }

  #failRequest(request: number, reason: WsRequestFailureReason): void {
    if (!this.#requests.delete(request)) return;
    this.#host.outcome({ type: "requestFailed", request, reason });
  }

  #on(event: SessionEvent): void {
    const host = this.#host;
    switch (event.type) {
      case "opened":
        host.mux({ type: "session", isResumed: event.isResumed });
        // It may be told late, of a socket that is gone.
        if (this.#session.isOpen && !this.#isReady) {
          this.#isReady = true;
          host.ready();
        }
        break;
      case "message": {
        const { channel, bytes, isText, request } = event;
        const message: WsDataMessage = isText
          ? { type: "text", text: decoder.decode(bytes) }
          : { type: "binary", bytes };
        const answered = request !== undefined && request % 2 === 1
          ? (request - 1) / 2
          : undefined;
        // Nobody asked, or it has timed out.
        if (answered !== undefined && !this.#requests.delete(answered)) break;
        if (answered === undefined && !this.#isWanted(message, channel)) break;
        host.hold(heldSize(message.type === "text" ? message.text : bytes));
        if (answered === undefined) host.message(message, channel);
        else host.outcome({ type: "reply", request: answered, message });
        break;
      }
      case "control":
        this.#onControl(event.bytes);
        break;
      case "undelivered":
        this.#onUndelivered(event);
        break;
      case "gap":
        // What the hub said of subscriptions may be in it.
        this.#subscriptions.askAgain(false);
        host.mux(event);
        break;
      case "pong":
        host.mux({ type: "pong", bytes: event.bytes });
        break;
      case "dropped":
        if (event.direction === "out") {
          host.dropped(event.messages, event.bytes, event.reason);
        } else host.droppedIncoming(event.messages);
        break;
      case "failed": {
        const text = `The hub sent a wrong message: ${event.error}`;
        if (this.#socket !== undefined) {
          this.#fail(text, closeCodeOf(event.error));
        } else host.error("protocolError", text);
        break;
      }
      case "bye":
        this.#endCode = event.code;
        host.retryAfter(event.retryAfterMs);
        break;
      case "refused":
        host.retryAfter(event.retryAfterMs);
        if (this.#socket !== undefined && !this.#session.isOpen) {
          host.fail(event.code, "refused", event.reason);
        }
    }
  }

  #onUndelivered(event: SessionEvent & { type: "undelivered" }): void {
    const { reason, messages } = event;
    if (reason === "tooLarge") {
      const bytes = messages.reduce((sum, { bytes }) => sum + bytes.length, 0);
      this.#host.dropped(messages.length, bytes, reason);
    } else {
      // The hub knows of no subscriptions, or they may be among what is missing.
      this.#subscriptions.askAgain(reason !== "windowOverrun");
    }
    if (reason !== "closed" || messages.length > 0) {
      this.#host.mux({ type: "undelivered", reason, messages });
    }
    // Those that were sent before it, as they have come to nothing.
    if (reason === "sessionLost") {
      for (const [number, { isLost }] of this.#requests) {
        if (isLost) this.#failRequest(number, "undelivered");
      }
    }
    if (reason !== "windowOverrun" && reason !== "tooLarge") return;
    for (const { request } of messages) {
      if (request !== undefined) this.#failRequest(request / 2, "undelivered");
    }
  }

  #onControl(bytes: Uint8Array): void {
    const message = decodeControl(bytes);
    switch (message?.type) {
      case "subscribed":
      case "denied": {
        const isGranted = message.type === "subscribed";
        const channel = this.#subscriptions.answer(message.request, isGranted);
        if (channel === undefined) return;
        if (message.type === "subscribed") {
          const { history, omitted } = message;
          this.#host.mux({ type: "subscribed", channel, history, omitted });
        } else {
          const { reason } = message;
          this.#host.mux({ type: "subscriptionDenied", channel, reason });
        }
        return;
      }
      case "presence": {
        const { channel, change, members } = message;
        this.#host.mux({ type: "presence", channel, change, members });
        return;
      }
      case "publishDenied": {
        const { channel, reason } = message;
        this.#host.mux({ type: "publishDenied", channel, reason });
        return;
      }
      case "unsubscribed": {
        const { channel, reason } = message;
        if (!this.#subscriptions.end(channel)) return;
        this.#host.mux({ type: "subscriptionDenied", channel, reason });
        return;
      }
      case "requestDenied":
        // It may have timed out.
        this.#failRequest(message.request, "denied");
        return;
    }
    this.#fail("The hub sent a wrong control message");
  }

  /** Whether the game's filter lets a message through, if there is one. */
  #isWanted(message: WsDataMessage, channel: string): boolean {
    const filter = this.#subscriptions.filterOf(channel);
    if (filter === undefined) return true;
    const lostSessions = this.#lostSessions;
    let isWanted = true;
    try {
      isWanted = filter(message);
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      this.#host.error(
        "filterFailed",
        `The filter of channel "${channel}" threw, its message is handed out: ${text}`,
        cause,
      );
    }
    // The game may have closed the client meanwhile: nothing comes after that.
    if (lostSessions !== this.#lostSessions) return false;
    if (!isWanted) this.#host.filtered();
    return isWanted;
  }

  #outIdOf(channel: string): number | undefined {
    const known = this.#outIds.get(channel);
    if (known !== undefined) return known;
    const { openChannels } = this.#session;
    if (openChannels >= MANY_CHANNELS) this.#shutIdle();
    if (openChannels >= MAX_CHANNELS) return undefined;
    const { maxQueueSize, maxQueueBytes } = this.#settings;
    const id = this.#session.openChannel(channel, {
      maxMessages: maxQueueSize,
      maxBytes: maxQueueBytes,
      ...this.#channels.get(channel),
    });
    if (id !== undefined) this.#outIds.set(channel, id);
    return id;
  }

  /** Lets go of the oldest channel that nothing waits on. */
  #shutIdle(): void {
    for (const [name, id] of this.#outIds) {
      // The newest of a latest-only channel may have to be sent again.
      const isKept =
        this.#channels.get(name)?.delivery === Delivery.LatestOnly ||
        this.#session.queuedOn(id).messages > 0;
      if (isKept) continue;
      this.#outIds.delete(name);
      this.#session.shutChannel(id);
      return;
    }
  }

  flush(): void {
    for (let i = 0; i < MAX_FRAMES_PER_TICK; i++) {
      const socket = this.#socket;
      if (socket === undefined || !socket.canSend) break;
      const frame = this.#session.nextFrame();
      if (frame === undefined || !socket.send(frame)) break;
      if (!this.#session.hasMore) break;
    }
    this.#countSent();
  }

  #countSent(): void {
    const { sentMessages, sentBytes } = this.#session;
    if (sentMessages === this.#sentMessages) return;
    this.#host.sent(
      sentMessages - this.#sentMessages,
      sentBytes - this.#sentBytes,
    );
    this.#sentMessages = sentMessages;
    this.#sentBytes = sentBytes;
  }

  #fail(message: string, code: number = CloseCode.ProtocolError): void {
    this.#host.fail(code, "protocolError", message);
  }
}

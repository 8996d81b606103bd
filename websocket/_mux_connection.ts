// This module is browser compatible.
import type {
  Connection,
  ConnectionHost,
  QueueOptions,
} from "./_connection.ts";
import type { Settings } from "./_settings.ts";
import type { Socket } from "./_socket.ts";
import { heldSize } from "./_receive_budget.ts";
import type { WsDataMessage, WsMessage } from "./message.ts";
import { decodeControl, encodeControl } from "./mux/control_message.ts";
import { CloseCode } from "./mux/record.ts";
import { type ChannelOptions, Session } from "./mux/session.ts";
import type { SessionEvent } from "./mux/session_event.ts";

/** Where messages go that name no channel. */
export const DEFAULT_CHANNEL = "default";
const MAX_FRAMES_PER_TICK = 64;

/** How a subscription was asked for, to ask again. */
interface Subscription {
  readonly history: number;
  readonly withPresence: boolean;
}

/** Channels over one session, which goes on over the sockets. */
export class MuxConnection implements Connection {
  readonly #host: ConnectionHost;
  readonly #session: Session;
  readonly #outIds = new Map<string, number>();
  readonly #channels: ReadonlyMap<string, ChannelOptions>;
  readonly #subscriptions = new Map<string, Subscription>();
  /** The channels of subscriptions that were not answered yet, by request. */
  readonly #asked = new Map<number, string>();
  #nextRequest = 1;
  #socket: Socket | undefined;

  constructor(
    settings: Settings,
    channels: ReadonlyMap<string, ChannelOptions>,
    host: ConnectionHost,
  ) {
    this.#host = host;
    this.#channels = channels;
    this.#session = new Session({
      role: "client",
      clock: settings.clock,
      keepaliveMs: settings.pingIntervalMs,
      pongTimeoutMs: settings.pongTimeoutMs,
    });
  }

  get pendingMessages(): number {
    return this.#session.queuedMessages;
  }

  get pendingBytes(): number {
    return this.#session.queuedBytes;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    this.#session.attach();
    this.#flush();
  }

  receive(data: string | Uint8Array, size: number): void {
    // The session has bounds of its own for what waits in it.
    this.#host.release(size);
    if (typeof data === "string") {
      this.#fail("The hub sent text, which is no frame");
      return;
    }
    const error = this.#session.receive(data);
    if (error !== undefined) this.#fail(`The hub sent a wrong frame: ${error}`);
  }

  end(): void {
    this.#socket = undefined;
    this.#session.detach();
  }

  send(message: WsMessage, options: QueueOptions): boolean {
    if (message.type === "ping") {
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
    const id = this.#outIdOf(channel);
    const isText = message.type === "text";
    const bytes = isText
      ? new TextEncoder().encode(message.text)
      : new Uint8Array(message.bytes);
    const isAccepted = id !== undefined &&
      this.#session.sendShared(
        id,
        bytes,
        options.key === undefined ? { isText } : { isText, key: options.key },
      );
    if (isAccepted) this.#host.sent(bytes.length);
    else this.#host.refused();
    return isAccepted;
  }

  /** Asks for what is published on a channel, now and after each loss of the session. */
  subscribe(channel: string, subscription: Subscription): boolean {
    this.#subscriptions.set(channel, subscription);
    return this.#ask(channel, subscription);
  }

  unsubscribe(channel: string): boolean {
    return this.#subscriptions.delete(channel) &&
      this.#session.control(encodeControl({ type: "unsubscribe", channel }));
  }

  tick(dtMs: number, _openMs: number): void {
    const session = this.#session;
    session.tick(dtMs / 1_000);
    while (this.#host.hasRoom()) {
      const event = session.poll();
      if (event === undefined) break;
      this.#on(event);
    }
    if (this.#socket !== undefined && session.isSilent) {
      this.#host.fail(
        CloseCode.KeepaliveTimeout,
        "pingTimeout",
        "The hub has not answered a ping",
      );
      return;
    }
    this.#flush();
  }

  close(): void {
    this.#session.sayBye({
      code: CloseCode.Normal,
      retryAfterMs: 0,
      reason: "",
    });
    this.#flush();
  }

  #on(event: SessionEvent): void {
    const host = this.#host;
    switch (event.type) {
      case "opened":
        host.mux({ type: "session", isResumed: event.isResumed });
        host.ready();
        break;
      case "message": {
        const { channel, bytes, isText } = event;
        const message: WsDataMessage = isText
          ? { type: "text", text: new TextDecoder().decode(bytes) }
          : { type: "binary", bytes };
        host.hold(heldSize(message.type === "text" ? message.text : bytes));
        host.message(message, channel);
        break;
      }
      case "control":
        this.#onControl(event.bytes);
        break;
      case "undelivered":
        // A hub that does not know the session knows of no subscriptions.
        if (event.reason === "sessionLost") this.#askAgain();
        host.mux(event);
        break;
      case "gap":
        host.mux(event);
        break;
      case "pong":
        host.mux({ type: "pong", bytes: event.bytes });
        break;
      case "dropped":
        if (event.direction === "out") {
          host.dropped(event.messages, event.bytes, "queueFull");
        }
        break;
      case "bye":
        host.retryAfter(event.retryAfterMs);
        break;
      case "refused":
        host.retryAfter(event.retryAfterMs);
        host.fail(event.code, "refused", event.reason);
    }
  }

  #onControl(bytes: Uint8Array): void {
    const message = decodeControl(bytes);
    switch (message?.type) {
      case "subscribed":
      case "denied": {
        const channel = this.#asked.get(message.request);
        if (channel === undefined) return;
        this.#asked.delete(message.request);
        if (message.type === "subscribed") {
          this.#host.mux({ type: "subscribed", channel });
        } else {
          this.#subscriptions.delete(channel);
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
    }
    this.#fail("The hub sent a wrong control message");
  }

  #askAgain(): void {
    this.#asked.clear();
    for (const [channel, subscription] of this.#subscriptions) {
      this.#ask(channel, subscription);
    }
  }

  #ask(channel: string, { history, withPresence }: Subscription): boolean {
    const request = this.#nextRequest++;
    this.#asked.set(request, channel);
    return this.#session.control(
      encodeControl({
        type: "subscribe",
        request,
        channel,
        history,
        withPresence,
      }),
    );
  }

  #outIdOf(channel: string): number | undefined {
    const known = this.#outIds.get(channel);
    if (known !== undefined) return known;
    const id = this.#session.openChannel(channel, this.#channels.get(channel));
    if (id !== undefined) this.#outIds.set(channel, id);
    return id;
  }

  #flush(): void {
    for (let i = 0; i < MAX_FRAMES_PER_TICK; i++) {
      const socket = this.#socket;
      if (socket === undefined || !socket.canSend) return;
      const frame = this.#session.nextFrame();
      if (frame === undefined || !socket.send(frame)) return;
    }
  }

  #fail(message: string): void {
    this.#host.fail(CloseCode.ProtocolError, "protocolError", message);
  }
}

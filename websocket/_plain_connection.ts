// This module is browser compatible.

import type { Clock } from "../core/mod.ts";
import { CLOSE_PING_TIMEOUT } from "./_close_code.ts";
import type {
  Connection,
  ConnectionHost,
  QueueOptions,
} from "./_connection.ts";
import { Keepalive } from "./_keepalive.ts";
import { SendQueue } from "./_send_queue.ts";
import type { Settings } from "./_settings.ts";
import type { Socket } from "./_socket.ts";
import { utf8Length } from "../protocol/mod.ts";
import type { WsDataMessage, WsMessage } from "./message.ts";

/** Messages as they are, to and from any server. */
export class PlainConnection implements Connection {
  readonly #host: ConnectionHost;
  readonly #settings: Settings;
  readonly #clock: Clock;
  readonly #queue: SendQueue;
  readonly #keepalive: Keepalive | undefined;
  #socket: Socket | undefined;
  /** When the last ping went out, until its answer comes. */
  #pingAtMs: number | undefined;

  constructor(settings: Settings, host: ConnectionHost) {
    this.#host = host;
    this.#settings = settings;
    this.#clock = settings.clock;
    this.#queue = new SendQueue({
      maxMessages: settings.maxQueueSize,
      maxBytes: settings.maxQueueBytes,
      overflow: settings.overflow,
      onDropped: (count, bytes, reason) => host.dropped(count, bytes, reason),
    });
    if (settings.pingMessage !== undefined && settings.pingIntervalMs > 0) {
      this.#keepalive = new Keepalive(
        settings.pingIntervalMs,
        settings.pongTimeoutMs,
      );
    }
  }

  /** Nothing is deflated here. */
  readonly savedBytes = 0;

  get pendingMessages(): number {
    return this.#queue.size;
  }

  get pendingBytes(): number {
    return this.#queue.bytes;
  }

  open(socket: Socket): void {
    this.#socket = socket;
    this.#keepalive?.restart();
    this.#pingAtMs = undefined;
    this.#host.ready();
  }

  receive(data: string | Uint8Array, size: number): void {
    this.#keepalive?.heard();
    const message: WsDataMessage = typeof data === "string"
      ? { type: "text", text: data }
      : { type: "binary", bytes: data };
    const socket = this.#socket;
    const isAnswer = this.#isPong(message);
    // The game may have closed the client meanwhile: nothing comes after that.
    if (!isAnswer && socket === this.#socket) {
      this.#host.message(message, undefined);
      return;
    }
    this.#host.release(size);
    if (this.#pingAtMs === undefined) return;
    this.#host.rtt(this.#clock.nowMs() - this.#pingAtMs);
    this.#pingAtMs = undefined;
  }

  end(): void {
    this.#socket = undefined;
  }

  /** Whether the game takes it for an answer, as far as it can read what came. */
  #isPong(message: WsDataMessage): boolean {
    try {
      return this.#settings.isPong?.(message) ?? false;
    } catch (cause) {
      const text = cause instanceof Error ? cause.message : String(cause);
      this.#host.error(
        "filterFailed",
        `isPong threw, its message is handed out: ${text}`,
        cause,
      );
      return false;
    }
  }

  send(message: WsMessage, options: QueueOptions): boolean {
    switch (message.type) {
      case "text":
        return this.#send(message.text, utf8Length(message.text), options);
      case "binary":
        return this.#send(message.bytes, message.bytes.length, options);
      default:
        this.#host.error(
          "unavailable",
          `Cannot send a ${message.type} as a plain WebSocket exposes none: use pingMessage`,
        );
        this.#host.refused();
        return false;
    }
  }

  tick(dtMs: number, openMs: number): void {
    this.#queue.tick(dtMs);
    const socket = this.#socket;
    if (socket === undefined) return;
    switch (this.#keepalive?.tick(openMs)) {
      case "dead":
        this.#host.fail(
          CLOSE_PING_TIMEOUT,
          "pingTimeout",
          `Nothing came for ${this.#settings.pongTimeoutMs} ms after a ping`,
        );
        break;
      case "ping":
        this.#ping(socket);
    }
  }

  close(): void {
    while (this.#socket?.isWritable && this.#sendOldest(this.#socket));
    this.#queue.clear("closed");
  }

  #send(
    data: string | Uint8Array,
    bytes: number,
    options: QueueOptions,
  ): boolean {
    const queue = this.#queue;
    if (
      queue.size === 0 && bytes <= this.#settings.maxQueueBytes &&
      this.#socket?.canSend && this.#socket.send(data)
    ) {
      this.#host.sent(1, bytes);
      return true;
    }
    if (queue.push(data, bytes, options.key, options.ttlMs)) return true;
    this.#host.refused();
    return false;
  }

  #ping(socket: Socket): void {
    const { pingMessage } = this.#settings;
    let data: string | Uint8Array;
    try {
      data = typeof pingMessage === "function" ? pingMessage() : pingMessage!;
    } catch (cause) {
      this.#keepalive!.skipped();
      const text = cause instanceof Error ? cause.message : String(cause);
      this.#host.error(
        "pingFailed",
        `pingMessage threw, no ping is sent: ${text}`,
        cause,
      );
      return;
    }
    // Behind a queue it would time out for want of room here.
    if (socket.send(data)) this.#pingAtMs = this.#clock.nowMs();
  }

  flush(): void {
    while (this.#socket?.canSend && this.#sendOldest(this.#socket));
  }

  #sendOldest(socket: Socket): boolean {
    const oldest = this.#queue.peek();
    if (oldest === undefined || !socket.send(oldest.data)) return false;
    this.#queue.shift();
    this.#host.sent(1, oldest.bytes);
    return true;
  }
}

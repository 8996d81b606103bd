// This module is browser compatible.
import {
  checkInteger,
  checkPositive,
  type Clock,
  EventQueue,
} from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";
import {
  type DatagramSink,
  type DatagramSocket,
  SendResult,
} from "../socket/datagram_socket.ts";
import { SocketCounters } from "../socket/socket_counters.ts";
import { checkPolling } from "./_client_half.ts";
import { ReceiveQueue, WAITING_COST_BYTES } from "./_receive_queue.ts";
import { WebAddress } from "./_web_address.ts";
import type {
  WebDatagramEndReason,
  WebDatagramLimits,
} from "./web_datagram_limits.ts";

const DEFAULT_MAX_CLIENTS = 1_024;
const DEFAULT_PER_HOST = 64;
const DEFAULT_CLIENT_BYTES = 262_144;
const DEFAULT_RECEIVE_BYTES = 16_777_216;
const DEFAULT_IDLE_MS = 30_000;
const DEFAULT_STRANGER_MS = 15_000;
const MAX_CLIENTS = 65_536;
const MAX_BYTES = 2 ** 30;
const MAX_POLLED = 1_048_576;
/** How often it is looked who is silent, if that is soon enough. */
const MAX_SWEEP_MS = 1_000;
const MIN_SWEEP_MS = 50;
/**
 * Who sends so much more than is polled within a second floods. A transport that does
 * not get through slows down long before.
 */
const MAX_DROPS = 2_048;

/** How one client is reached. */
export interface ClientWire {
  send(datagram: Uint8Array): SendResult;
  /** Called every second, or more often, while the listener is polled. */
  beat?(): void;
  /** Ends the connection; the runtime tells in its time that it has. */
  close(reason: WebDatagramEndReason): void;
}

/** A client, and its address. */
export class ServedClient extends WebAddress {
  readonly wire: ClientWire;
  readonly queue: ReceiveQueue;
  isEnded = false;
  /** Whether the runtime is rid of it. */
  isGone = false;
  /** Whether it waits for its turn to be polled. */
  isQueued = false;
  hasSpoken = false;
  silentMs = 0;
  /** How long nobody has wanted to keep it. */
  strangeMs = 0;
  drops = 0;
  dropsSinceMs = 0;

  constructor(
    socket: DatagramSocket,
    wire: ClientWire,
    origin: { readonly host: string; readonly port: number },
    number: number,
    maxBytes: number,
  ) {
    super(socket, origin.host, origin.port, number);
    this.wire = wire;
    this.queue = new ReceiveQueue(maxBytes);
  }
}

/** What the server halves have in common: clients, what came from them, and what they may not do. */
export class ServedClients {
  readonly counters = new SocketCounters();
  readonly ended: Record<WebDatagramEndReason, number> = {
    left: 0,
    disconnected: 0,
    notBinary: 0,
    oversized: 0,
    flooded: 0,
    silent: 0,
    stranger: 0,
    refused: 0,
  };
  readonly maxDatagramBytes: number;
  readonly #socket: DatagramSocket;
  readonly #limits: Required<WebDatagramLimits>;
  readonly #clock: Clock;
  /** Those that the runtime has, ended by us or not. */
  readonly #clients = new Set<ServedClient>();
  readonly #perHost = new Map<string, number>();
  /** Those of whom something waits, each once: they take turns. */
  readonly #ready: EventQueue<ServedClient>;
  #lastNumber = 0;
  #costBytes = 0;
  readonly #sweepMs: number;
  #sweptMs: number;
  #isPolling = false;
  isClosed = false;

  constructor(
    socket: DatagramSocket,
    maxDatagramBytes: number,
    clock: Clock,
    limits: WebDatagramLimits,
  ) {
    const {
      maxClients = DEFAULT_MAX_CLIENTS,
      maxClientsPerHost = DEFAULT_PER_HOST,
      idleTimeoutMs = DEFAULT_IDLE_MS,
      strangerTimeoutMs = DEFAULT_STRANGER_MS,
    } = limits;
    checkInteger("maxClients", maxClients, 1, MAX_CLIENTS);
    checkInteger("maxClientsPerHost", maxClientsPerHost, 1, MAX_CLIENTS);
    // Everybody's share is to take a datagram.
    const share = 2 * (maxDatagramBytes + WAITING_COST_BYTES);
    const {
      maxReceiveBytes = Math.max(DEFAULT_RECEIVE_BYTES, maxClients * share),
    } = limits;
    const {
      maxReceiveBytesPerClient = Math.min(
        DEFAULT_CLIENT_BYTES,
        maxReceiveBytes,
      ),
    } = limits;
    checkInteger(
      "maxReceiveBytes",
      maxReceiveBytes,
      maxClients * share,
      MAX_BYTES,
    );
    checkInteger(
      "maxReceiveBytesPerClient",
      maxReceiveBytesPerClient,
      share,
      maxReceiveBytes,
    );
    checkPositive("idleTimeoutMs", idleTimeoutMs);
    checkPositive("strangerTimeoutMs", strangerTimeoutMs);
    this.#socket = socket;
    this.maxDatagramBytes = maxDatagramBytes;
    this.#clock = clock;
    this.#limits = {
      maxClients,
      maxClientsPerHost,
      maxReceiveBytesPerClient,
      maxReceiveBytes,
      idleTimeoutMs,
      strangerTimeoutMs,
    };
    this.#ready = new EventQueue({ capacity: maxClients });
    this.#sweepMs = Math.min(
      MAX_SWEEP_MS,
      Math.max(MIN_SWEEP_MS, Math.min(idleTimeoutMs, strangerTimeoutMs) / 4),
    );
    this.#sweptMs = clock.nowMs();
  }

  get size(): number {
    return this.#clients.size;
  }

  hasRoom(host: string): boolean {
    const { maxClients, maxClientsPerHost } = this.#limits;
    return !this.isClosed && this.#clients.size < maxClients &&
      (this.#perHost.get(host) ?? 0) < maxClientsPerHost;
  }

  add(
    wire: ClientWire,
    origin: { readonly host: string; readonly port: number },
  ): ServedClient {
    const { maxReceiveBytesPerClient } = this.#limits;
    this.#lastNumber += 1;
    const client = new ServedClient(
      this.#socket,
      wire,
      origin,
      this.#lastNumber,
      maxReceiveBytesPerClient,
    );
    this.#clients.add(client);
    const { host } = client;
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1);
    return client;
  }

  /** Takes in what came from a client: the bytes are its own from then on. */
  onDatagram(client: ServedClient, datagram: Uint8Array): void {
    if (client.isEnded) return;
    if (datagram.length > this.maxDatagramBytes) {
      return this.end(client, "oversized");
    }
    client.hasSpoken = true;
    if (
      !this.#mayHold(client, datagram.length + WAITING_COST_BYTES) ||
      !client.queue.push(datagram)
    ) return this.#drop(client);
    this.#costBytes += datagram.length + WAITING_COST_BYTES;
    this.#line(client);
  }

  /** A sign of life came from a client. */
  onLife(client: ServedClient): void {
    client.hasSpoken = true;
  }

  /** Ends a client from this side. It counts until the runtime is rid of it. */
  end(client: ServedClient, reason: WebDatagramEndReason): void {
    if (client.isEnded) return;
    client.isEnded = true;
    this.ended[reason] += 1;
    this.#forgetQueue(client);
    client.wire.close(reason);
  }

  /** The runtime is rid of it. If it left by itself, what had come in can still be polled. */
  onGone(client: ServedClient): void {
    client.isGone = true;
    if (!client.isEnded) {
      client.isEnded = true;
      this.ended.left += 1;
    }
    this.#settle(client);
  }

  send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    return this.counters.note(this.#send(datagram, to), datagram.length);
  }

  poll(sink: DatagramSink, maxDatagrams: number): number {
    checkInteger("maxDatagrams", maxDatagrams, 1, MAX_POLLED);
    checkPolling(this.#isPolling);
    this.#sweep();
    this.#isPolling = true;
    let handed = 0;
    try {
      while (handed < maxDatagrams) {
        const client = this.#ready.poll();
        if (client === undefined) break;
        client.isQueued = false;
        const datagram = client.queue.poll();
        if (client.queue.size > 0) this.#line(client);
        else this.#settle(client);
        if (datagram === undefined) continue;
        this.#costBytes -= datagram.length + WAITING_COST_BYTES;
        handed += 1;
        this.counters.received += 1;
        this.counters.receivedBytes += datagram.length;
        sink(datagram, client);
      }
    } finally {
      this.#isPolling = false;
    }
    return handed;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    for (const client of this.#clients) {
      client.isQueued = false;
      this.end(client, "disconnected");
      this.#settle(client);
    }
    this.#ready.clear();
  }

  #send(datagram: Uint8Array, to: DatagramAddress): SendResult {
    if (this.isClosed) return SendResult.Closed;
    if (datagram.length > this.maxDatagramBytes) return SendResult.TooLarge;
    if (!(to instanceof ServedClient) || to.socket !== this.#socket) {
      return SendResult.Refused;
    }
    return to.isEnded ? SendResult.Closed : to.wire.send(datagram);
  }

  #line(client: ServedClient): void {
    if (client.isQueued) return;
    // There is room for all: whoever is in the line is in the table.
    client.isQueued = this.#ready.push(client);
  }

  /** Takes one out of the table that is neither there nor in the line. */
  #settle(client: ServedClient): void {
    if (!client.isGone || client.isQueued) return;
    if (!this.#clients.delete(client)) return;
    const { host } = client;
    const others = this.#perHost.get(host)! - 1;
    if (others > 0) this.#perHost.set(host, others);
    else this.#perHost.delete(host);
  }

  /**
   * Whether a client may have so much more wait. Half of the room is for whoever comes
   * first; of the other half each has the same share, so that others cannot take it.
   */
  #mayHold(client: ServedClient, cost: number): boolean {
    const { maxReceiveBytes } = this.#limits;
    const total = this.#costBytes + cost;
    if (total <= maxReceiveBytes / 2) return true;
    const share = maxReceiveBytes / (2 * this.#clients.size);
    return total <= maxReceiveBytes && client.queue.costBytes + cost <= share;
  }

  #drop(client: ServedClient): void {
    this.counters.dropped += 1;
    const nowMs = this.#clock.nowMs();
    if (nowMs - client.dropsSinceMs >= 1_000) {
      client.dropsSinceMs = nowMs;
      client.drops = 0;
    }
    client.drops += 1;
    if (client.drops > MAX_DROPS) this.end(client, "flooded");
  }

  #forgetQueue(client: ServedClient): void {
    this.#costBytes -= client.queue.costBytes;
    this.counters.dropped += client.queue.size;
    client.queue.clear();
  }

  #sweep(): void {
    const nowMs = this.#clock.nowMs();
    // A server that was not polled has not listened either.
    const stepMs = Math.min(nowMs - this.#sweptMs, 2 * this.#sweepMs);
    if (stepMs < this.#sweepMs) return;
    this.#sweptMs = nowMs;
    const { idleTimeoutMs, strangerTimeoutMs } = this.#limits;
    for (const client of this.#clients) {
      if (client.isEnded) continue;
      client.wire.beat?.();
      client.silentMs = client.hasSpoken ? 0 : client.silentMs + stepMs;
      client.hasSpoken = false;
      client.strangeMs = client.isRetained ? 0 : client.strangeMs + stepMs;
      if (client.silentMs >= idleTimeoutMs) this.end(client, "silent");
      else if (client.strangeMs >= strangerTimeoutMs) {
        this.end(client, "stranger");
      }
    }
  }
}

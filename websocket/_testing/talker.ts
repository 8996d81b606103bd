// One end of numbered traffic both ways, in whichever process it is: the client's or the hub's.
import { playerId, type Random } from "../../core/mod.ts";
import { type ClientId, WsClient, WsHub } from "../mod.ts";

/** How an end talks and finds out that the other is gone. */
export interface EndOptions {
  readonly keepaliveMs: number;
  /** The client's: where the hub is. */
  readonly port?: number;
}

/** What one end has seen; told to the other when it asks. */
export interface Report {
  readonly sent: number;
  readonly taken: number;
  /** What should not have happened. */
  readonly trouble: readonly string[];
}

interface Said {
  readonly channel: string;
  readonly text: string;
}

/** A client or a hub with one client. */
export interface End {
  /** How often the other end has come. */
  readonly connections: number;
  /** Whether the other end is there, as far as this one knows. */
  readonly isConnected: boolean;
  readonly trouble: string[];
  tick(dt: number): void;
  send(channel: string, text: string): boolean;
  drain(): Iterable<Said>;
  close(): Promise<void>;
}

/** The client's end. */
export class ClientEnd implements End {
  readonly client: WsClient;
  readonly trouble: string[] = [];
  connections = 0;

  constructor({ port, keepaliveMs }: EndOptions) {
    this.client = new WsClient({
      url: `ws://127.0.0.1:${port}/`,
      mux: true,
      firstRetryMaxMs: 20,
      maxBackoffMs: 100,
      pingIntervalMs: keepaliveMs,
      pongTimeoutMs: keepaliveMs,
    });
    this.client.connect();
  }

  get isConnected(): boolean {
    return this.client.isConnected;
  }

  tick(dt: number): void {
    this.client.tick(dt);
  }

  send(channel: string, text: string): boolean {
    return this.client.sendOnChannel(channel, text);
  }

  *drain(): Iterable<Said> {
    for (const event of this.client.drainEvents()) {
      switch (event.type) {
        case "connected":
          this.connections += 1;
          break;
        case "gap":
        case "undelivered":
        case "dropped":
          this.trouble.push(event.type);
          break;
        case "message":
          if (event.message.type === "text") {
            yield { channel: event.channel!, text: event.message.text };
          }
      }
    }
  }

  close(): Promise<void> {
    this.client.close();
    return Promise.resolve();
  }
}

/** The hub's end, on a free port. */
export class HubEnd implements End {
  readonly hub: WsHub;
  readonly port: number;
  readonly trouble: string[] = [];
  connections = 0;
  isConnected = false;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #client: ClientId | undefined;

  constructor({ keepaliveMs }: EndOptions) {
    this.hub = new WsHub({
      upgrade: (request) => Deno.upgradeWebSocket(request),
      authenticate: () => ({ playerId: playerId("ada") }),
      rate: { perSecond: 1e6, burst: 1e6 },
      // Sockets that a black hole has cut off linger, all at one address.
      maxSocketsPerAddress: 10_000,
      keepaliveMs,
    });
    this.#server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      this.hub.handler,
    );
    this.port = this.#server.addr.port;
  }

  tick(dt: number): void {
    this.hub.tick(dt);
  }

  send(channel: string, text: string): boolean {
    return this.#client !== undefined &&
      this.hub.sendTo(this.#client, channel, text);
  }

  *drain(): Iterable<Said> {
    const decoder = new TextDecoder();
    for (const event of this.hub.drainEvents()) {
      switch (event.type) {
        case "clientConnected":
          if (this.#client !== undefined && !event.isResumed) {
            this.trouble.push("another session");
          }
          this.#client = event.client;
          this.connections += 1;
          this.isConnected = true;
          break;
        case "clientDisconnected":
          this.isConnected = false;
          break;
        case "clientLeft":
        case "undelivered":
          this.trouble.push(event.type);
          break;
        case "message":
          yield { channel: event.channel, text: decoder.decode(event.bytes) };
      }
    }
  }

  async close(): Promise<void> {
    this.hub.close();
    await this.#server.shutdown();
  }
}

/** Talks over an {@linkcode End}, and keeps count. */
export class Talker {
  readonly end: End;
  /** Whether it still has something to say. */
  isTalking = true;
  /** What the other one has said of itself last. */
  heard: Report | undefined;
  sent = 0;
  taken = 0;
  readonly #random: Random;
  readonly #trouble: string[] = [];
  #lastMs = performance.now();

  constructor(end: End, random: Random) {
    this.end = end;
    this.#random = random;
  }

  get report(): Report {
    const trouble = [...this.#trouble, ...this.end.trouble];
    return { sent: this.sent, taken: this.taken, trouble };
  }

  /** One frame. */
  step(): void {
    const nowMs = performance.now();
    this.end.tick((nowMs - this.#lastMs) / 1_000);
    this.#lastMs = nowMs;
    for (const { channel, text } of this.end.drain()) this.#on(channel, text);
    if (!this.isTalking) return;
    const length = this.#below(8) === 0
      ? this.#below(20_000)
      : this.#below(100);
    const text = `${this.sent + 1} ${"x".repeat(length)}`;
    if (this.end.send("talk", text)) this.sent += 1;
  }

  /** Asks the other one to be quiet, and for its report. */
  ask(): void {
    this.heard = undefined;
    this.end.send("ask", "");
  }

  #below(n: number): number {
    return this.#random.nextU32() % n;
  }

  #on(channel: string, text: string): void {
    if (channel === "ask") {
      this.isTalking = false;
      this.end.send("report", JSON.stringify(this.report));
    } else if (channel === "report") {
      this.heard = JSON.parse(text);
    } else {
      this.taken += 1;
      const number = parseInt(text);
      // The first alone: what follows is as wrong.
      if (number !== this.taken && this.#trouble.length === 0) {
        this.#trouble.push(`${number} came as the ${this.taken}th`);
      }
    }
  }
}

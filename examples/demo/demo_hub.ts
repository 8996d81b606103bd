import { isPlayerId, PollLoop } from "../../core/mod.ts";
import { TcpProxy } from "../../tools/tcp_proxy.ts";
import { upgradeWebSocket } from "../../websocket/deno.ts";
import { Delivery, WsClient, WsHub } from "../../websocket/mod.ts";

const HZ = 60;
const KEEPALIVE_MS = 1_000;
/** The line to the player, in each direction. */
const LINE = { latencyMs: 15, jitterMs: 10 };
const EVENTS_PER_SECOND = 20;
const MIN_CUT_MS = 200;
const MAX_CUT_MS = 60_000;
/** The names of the server's own players, who are behind no line. */
const OWN_NAMES: ReadonlySet<string> = new Set([
  "Iron Fox",
  "Lucky Comet",
  "Red Pilot",
]);
/** How long clients have for a goodbye. */
const GOODBYE_MS = 1_000;

/** The channels of the demo's hub. */
export const DemoChannel = {
  /** What players say, relayed to all, each once. */
  Chat: "chat",
  /** What the server has to say: `0`, `1`, `2`, …, each once. */
  Events: "events",
  /** Where players are, relayed to all: the newest is enough. */
  Moves: "moves",
  /** Requests: `cut N` has the line cut N milliseconds after a player is heard over it, again and again, never if N is 0. */
  Server: "server",
} as const;

/**
 * The hub of the demo's server, with three players of its own, behind a line that can be cut: whoever comes by its URL
 * is cut off, the others are not.
 */
export class DemoHub implements AsyncDisposable {
  readonly #hub: WsHub;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #line: TcpProxy;
  readonly #players: Player[];
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #seconds = 0;
  #events = 0;
  #cutEverySecs = Infinity;
  #nextCutSecs = Infinity;
  #cuts = 0;

  private constructor(
    hub: WsHub,
    server: Deno.HttpServer<Deno.NetAddr>,
    line: TcpProxy,
  ) {
    this.#hub = hub;
    this.#server = server;
    this.#line = line;
    const url = `ws://127.0.0.1:${server.addr.port}`;
    this.#players = [
      new Player(url, "Iron Fox", Infinity),
      new Player(url, "Lucky Comet", Infinity),
      new Player(url, "Red Pilot", 1.5),
    ];
    const loop = new PollLoop();
    loop.add(this);
    for (const player of this.#players) loop.add(player);
    this.#running = loop.run({ hz: HZ, signal: this.#stop.signal });
  }

  /** Starts it on free ports of 127.0.0.1. */
  static async start(): Promise<DemoHub> {
    const hub = new WsHub({
      upgrade: upgradeWebSocket,
      authenticate: (request) => {
        const name = new URL(request.url).searchParams.get("name");
        return isPlayerId(name) ? { playerId: name } : undefined;
      },
      channel: (name) => ({
        isRelayed: true,
        delivery: name === DemoChannel.Moves
          ? Delivery.LatestOnly
          : Delivery.ExactlyOnce,
        historyMessages: name === DemoChannel.Chat ? 20 : 0,
      }),
      canPublish: (_identity, channel) => channel !== DemoChannel.Events,
      keepaliveMs: KEEPALIVE_MS,
    });
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      hub.handler,
    );
    const line = await TcpProxy.listen({
      targetPort: server.addr.port,
      ...LINE,
    });
    return new DemoHub(hub, server, line);
  }

  /** Where it is: behind the line. A player says `?name=`. */
  get url(): string {
    return `ws://127.0.0.1:${this.#line.port}`;
  }

  /**
   * Moves the hub on, which does so by itself.
   *
   * @param dt Seconds since the last time.
   */
  tick(dt: number): void {
    this.#seconds += dt;
    while (this.#events < this.#seconds * EVENTS_PER_SECOND) {
      this.#hub.publish(DemoChannel.Events, `${this.#events++}`);
    }
    this.#hub.tick(dt);
    for (const event of this.#hub.drainEvents()) {
      if (event.type !== "message") continue;
      // On a slow machine who is cut off before being heard would never come back.
      if (
        this.#nextCutSecs === Infinity &&
        !OWN_NAMES.has(event.identity.playerId)
      ) this.#nextCutSecs = this.#seconds + this.#cutEverySecs;
      if (event.request === undefined) continue;
      const answer = this.#answer(new TextDecoder().decode(event.bytes));
      this.#hub.reply(event.client, event.channel, event.request, answer);
    }
    if (this.#seconds < this.#nextCutSecs) return;
    this.#nextCutSecs = Infinity;
    this.#line.cut(this.#cuts++ % 2 === 0 ? "rst" : "fin");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const player of this.#players) player.leave();
    this.#hub.close();
    // The server's own end would cut off what the hub has said last.
    const deadline = performance.now() + GOODBYE_MS;
    while (this.#hub.socketCount > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    this.#stop.abort();
    await this.#running;
    await this.#line[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }

  #answer(question: string): string {
    const ms = Number(/^cut ([0-9]{1,5})$/.exec(question)?.[1]);
    if (!(ms === 0 || ms >= MIN_CUT_MS && ms <= MAX_CUT_MS)) {
      return `Say "cut" and 0 or ${MIN_CUT_MS} to ${MAX_CUT_MS}`;
    }
    this.#cutEverySecs = ms === 0 ? Infinity : ms / 1_000;
    this.#nextCutSecs = this.#seconds + this.#cutEverySecs;
    return question;
  }
}

/** A player at the server: walks, says something now and then, and may come and go. */
class Player {
  readonly #client: WsClient;
  readonly #name: string;
  readonly #staySecs: number;
  #seconds = 0;
  #moves = 0;
  #said = 0;
  #nextTurnSecs: number;
  #hasLeft = false;

  constructor(url: string, name: string, staySecs: number) {
    this.#name = name;
    this.#staySecs = staySecs;
    this.#nextTurnSecs = staySecs;
    this.#client = new WsClient({
      url: `${url}/?name=${encodeURIComponent(name)}`,
      mux: { [DemoChannel.Moves]: { delivery: Delivery.LatestOnly } },
    });
    this.#client.subscribe(DemoChannel.Chat);
    this.#client.connect();
  }

  tick(dt: number): void {
    if (this.#hasLeft) return;
    this.#seconds += dt;
    if (this.#seconds >= this.#nextTurnSecs) {
      this.#nextTurnSecs += this.#staySecs;
      if (this.#client.isConnected) this.#client.close();
      else this.#client.connect();
    }
    const client = this.#client;
    while (this.#moves < this.#seconds * 10) {
      if (client.isConnected) {
        client.sendOnChannel(DemoChannel.Moves, `${this.#moves}`);
      }
      this.#moves++;
    }
    // Who comes and goes listens.
    if (this.#staySecs === Infinity && this.#said < this.#seconds * 2) {
      client.sendOnChannel(DemoChannel.Chat, `${this.#name}: ${this.#said++}`);
    }
    client.tick(dt);
    for (const _event of client.drainEvents());
  }

  leave(): void {
    this.#hasLeft = true;
    this.#client.close();
  }
}

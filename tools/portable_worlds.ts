/**
 * What the portable cases of `websocket` talk to: each case has a world of its own, which it
 * commands over HTTP, as it may run in another process or in a page.
 *
 * @module
 */

import { playerId } from "../core/mod.ts";
import {
  type ClientId,
  Delivery,
  type HubChannelOptions,
  WsHub,
} from "../websocket/mod.ts";
import type { WorldStats } from "../websocket/_testing/portable_cases.ts";
import { type Cut, TcpProxy } from "./tcp_proxy.ts";

/** How often a hub ticks. */
const FRAME_MS = 5;
const KEEPALIVE_MS = 500;
/** How long what must end is waited for: the next case wants its turn. */
const PATIENCE_MS = 5_000;
const CUTS: readonly string[] = ["fin", "rst", "blackHole"] satisfies Cut[];

/**
 * A server with a hub and plain sockets, behind a proxy.
 *
 * - `/hub?name=…` is the hub, which answers 401 without a name. What comes on the channel
 *   "mirror" it sends back; "chat" it relays and remembers; what is published on "latest"
 *   and "loose" goes as their names say.
 * - `/echo` sends everything back; with `?protocol=…` it accepts that subprotocol.
 * - `/close?code=…&reason=…` closes what it has opened; without a code if that is 0.
 */
class World {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #proxy: TcpProxy;
  readonly #refusedPort: number;
  readonly #plain = new Set<WebSocket>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #received: string[] = [];
  #hub = makeHub();
  #lastMs = performance.now();
  #published = 0;
  #upgraded = 0;

  private constructor(
    server: Deno.HttpServer<Deno.NetAddr>,
    proxy: TcpProxy,
    answerBy: (answer: (request: Request) => Promise<Response>) => void,
  ) {
    this.#server = server;
    this.#proxy = proxy;
    this.#refusedPort = closedPort();
    this.#timer = setInterval(() => this.#tick(), FRAME_MS);
    answerBy((request) => this.#answer(request));
  }

  static async start(): Promise<World> {
    let answer: (request: Request) => Promise<Response>;
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      (request) => answer(request),
    );
    const proxy = await TcpProxy.listen({ targetPort: server.addr.port });
    return new World(server, proxy, (given) => answer = given);
  }

  get stats(): WorldStats {
    const { connections, open } = this.#proxy.stats();
    return {
      url: `ws://127.0.0.1:${this.#proxy.port}`,
      refusedPort: this.#refusedPort,
      connections,
      open,
      upgraded: this.#upgraded,
      clients: this.#hub.clientCount,
      published: this.#published,
      received: this.#received,
    };
  }

  /** Does what a case wants; returns whether that is known. */
  command(text: string): boolean {
    const [verb, first = "", second = ""] = text.split(" ");
    switch (verb) {
      case "stats":
        return true;
      case "cut":
        if (!isCut(first)) return false;
        this.#proxy.cut(first);
        return true;
      case "refuse":
        if (first !== "none" && !isCut(first)) return false;
        this.#proxy.refuse(first === "none" ? undefined : first);
        return true;
      case "pause":
        this.#proxy.pause();
        return true;
      case "resume":
        this.#proxy.resume();
        return true;
      case "publish":
        for (let i = Number(first); i > 0; i--) {
          this.#hub.publish(second, `${++this.#published}`);
        }
        return true;
      case "restart":
        // A crash: what lies in the proxy is lost, and nobody says why.
        this.#proxy.cut("rst");
        this.#replaceHub(0);
        return true;
      case "shutdown":
        this.#replaceHub(Number(first));
        return true;
    }
    return false;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    this.#hub.close(0);
    await this.#proxy[Symbol.asyncDispose]();
    // A socket that was closed here, and cut there, may never say that it has ended.
    await within(PATIENCE_MS, Promise.all([...this.#plain].map(closed)));
    await within(PATIENCE_MS, this.#server.shutdown());
  }

  #replaceHub(spreadMs: number): void {
    this.#hub.close(spreadMs);
    this.#hub = makeHub();
  }

  #tick(): void {
    const nowMs = performance.now();
    this.#hub.tick((nowMs - this.#lastMs) / 1_000);
    this.#lastMs = nowMs;
    for (const event of this.#hub.drainEvents()) {
      if (event.type !== "message") continue;
      const { client, channel, bytes, isText } = event;
      const text = isText ? new TextDecoder().decode(bytes) : undefined;
      if (channel === "mirror") this.#mirror(client, text ?? bytes);
      else this.#received.push(`${channel} ${text?.split(" ")[0]}`);
    }
  }

  #mirror(client: ClientId, message: string | Uint8Array): void {
    this.#hub.sendTo(client, "mirror", message);
  }

  #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/hub":
        return this.#hub.handler(request);
      case "/echo": {
        const { socket, response } = this.#upgrade(
          request,
          searchParams.get("protocol"),
        );
        socket.onmessage = ({ data }) => socket.send(data);
        return Promise.resolve(response);
      }
      case "/close": {
        const { socket, response } = this.#upgrade(request, null);
        const code = Number(searchParams.get("code"));
        const reason = searchParams.get("reason") ?? "";
        socket.onopen = () => {
          if (code === 0) socket.close();
          else socket.close(code, reason);
        };
        return Promise.resolve(response);
      }
    }
    return Promise.resolve(new Response(null, { status: 404 }));
  }

  #upgrade(request: Request, protocol: string | null): Deno.WebSocketUpgrade {
    const upgrade = Deno.upgradeWebSocket(
      request,
      protocol === null ? {} : { protocol },
    );
    const { socket } = upgrade;
    this.#upgraded += 1;
    this.#plain.add(socket);
    socket.binaryType = "arraybuffer";
    socket.onerror = () => {};
    socket.addEventListener("close", () => this.#plain.delete(socket));
    return upgrade;
  }
}

/** The worlds of all cases that run, and where they are commanded. */
export class Worlds {
  readonly #worlds = new Map<string, World>();
  #next = 1;

  /**
   * Answers a case. The path's last part names the world: `open` makes one, whose name is
   * in the answer's header `world`. The body is a command, `close` that ends the world.
   *
   * @param request The request.
   * @returns The world's {@linkcode WorldStats}, in JSON.
   */
  async answer(request: Request): Promise<Response> {
    let name = new URL(request.url).pathname.split("/").at(-1)!;
    const command = await request.text();
    if (name === "open") {
      name = `${this.#next++}`;
      this.#worlds.set(name, await World.start());
    }
    const world = this.#worlds.get(name);
    if (world === undefined) return new Response(null, { status: 404 });
    if (command === "close") {
      this.#worlds.delete(name);
      await world[Symbol.asyncDispose]();
      return new Response();
    }
    if (!world.command(command)) {
      return new Response(`Unknown command "${command}"`, { status: 400 });
    }
    return Response.json(world.stats, { headers: { world: name } });
  }

  /** Ends the worlds of cases that have not. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      [...this.#worlds.values()].map((world) => world[Symbol.asyncDispose]()),
    );
  }
}

function makeHub(): WsHub {
  return new WsHub({
    upgrade: (request) => Deno.upgradeWebSocket(request),
    authenticate: (request) => {
      const name = new URL(request.url).searchParams.get("name");
      return name ? { playerId: playerId(name) } : undefined;
    },
    channel: channelOptions,
    rate: { perSecond: 1e6, burst: 1e6 },
    keepaliveMs: KEEPALIVE_MS,
    deflateMinBytes: 1_000,
  });
}

function channelOptions(name: string): HubChannelOptions {
  switch (name) {
    case "chat":
      return { isRelayed: true, historyMessages: 10 };
    case "latest":
      return { delivery: Delivery.LatestOnly };
    case "loose":
      return { delivery: Delivery.AtMostOnce };
  }
  return {};
}

function isCut(text: string): text is Cut {
  return CUTS.includes(text);
}

/** A port at which nobody listens. */
function closedPort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

async function within(ms: number, ending: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const deadline = new Promise((resolve) => timer = setTimeout(resolve, ms));
  await Promise.race([ending, deadline]);
  clearTimeout(timer);
}

function closed(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => {
    if (socket.readyState === WebSocket.CLOSED) resolve();
    else socket.addEventListener("close", () => resolve());
  });
}

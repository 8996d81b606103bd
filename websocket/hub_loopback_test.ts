// The client and the hub over real sockets, through a proxy that cuts them.
import { assert, assertEquals } from "@std/assert";
import { playerId, SeededRandom } from "../core/mod.ts";
import { type Cut, TcpProxy } from "../tools/tcp_proxy.ts";
import type { WsEvent, WsHubEvent } from "./mod.ts";
import {
  WsClient,
  type WsClientOptions,
  WsHub,
  type WsHubOptions,
} from "./mod.ts";

const CUTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000 : 25;
const DEADLINE_MS = 120_000;

/** A hub on a server, a proxy before it, and clients. */
class World {
  readonly hub: WsHub;
  readonly proxy: TcpProxy;
  readonly clients: WsClient[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  #lastMs = performance.now();
  readonly #endMs = performance.now() + DEADLINE_MS + CUTS * 400;

  private constructor(
    hub: WsHub,
    server: Deno.HttpServer<Deno.NetAddr>,
    proxy: TcpProxy,
  ) {
    this.hub = hub;
    this.#server = server;
    this.proxy = proxy;
  }

  static async start(options: Partial<WsHubOptions> = {}): Promise<World> {
    const hub = new WsHub({
      upgrade: (request) => Deno.upgradeWebSocket(request),
      authenticate: (request) => {
        const name = new URL(request.url).searchParams.get("name");
        return name ? { playerId: playerId(name) } : undefined;
      },
      channel: () => ({ isRelayed: true, historyMessages: 10 }),
      rate: { perSecond: 1e6, burst: 1e6 },
      // Sockets that a black hole has cut off linger, all at one address.
      maxSocketsPerAddress: 10_000,
      ...options,
    });
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      hub.handler,
    );
    const proxy = await TcpProxy.listen({ targetPort: server.addr.port });
    return new World(hub, server, proxy);
  }

  connect(name: string, options: Partial<WsClientOptions> = {}): WsClient {
    const client = new WsClient({
      url: `ws://127.0.0.1:${this.proxy.port}/?name=${name}`,
      mux: true,
      firstRetryMaxMs: 20,
      maxBackoffMs: 100,
      pingIntervalMs: 200,
      pongTimeoutMs: 200,
      ...options,
    });
    client.connect();
    this.clients.push(client);
    return client;
  }

  /** A frame of everybody. */
  async frame(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    const nowMs = performance.now();
    const dt = (nowMs - this.#lastMs) / 1_000;
    this.#lastMs = nowMs;
    if (nowMs > this.#endMs) throw new Error("It takes too long");
    for (const client of this.clients) client.tick(dt);
    this.hub.tick(dt);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.clients) client.close();
    await this.frame();
    this.hub.close();
    await this.proxy[Symbol.asyncDispose]();
    await this.#server.shutdown();
  }
}

function textsOf(events: Iterable<WsEvent>): string[] {
  const texts: string[] = [];
  for (const event of events) {
    if (event.type === "message" && event.message.type === "text") {
      texts.push(event.message.text);
    }
  }
  return texts;
}

Deno.test("WsClient and WsHub relay, remember and tell who is there, over real sockets", async () => {
  await using world = await World.start();
  const ada = world.connect("ada");
  ada.subscribe("chat", { presence: true });
  ada.sendOnChannel("chat", "one");
  const events: WsEvent[] = [];
  while (textsOf(events).length < 1) {
    await world.frame();
    events.push(...ada.drainEvents());
  }
  const bob = world.connect("bob");
  bob.subscribe("chat", { history: 5 });
  bob.sendOnChannel("chat", "two");
  const atBob: string[] = [];
  while (textsOf(events).length < 2 || atBob.length < 2) {
    await world.frame();
    events.push(...ada.drainEvents());
    atBob.push(...textsOf(bob.drainEvents()));
  }
  assertEquals([textsOf(events), atBob], [["one", "two"], ["one", "two"]]);
  const presence = events.filter((event) => event.type === "presence");
  assertEquals(
    presence.map(({ change, members }) => [change, members[0]!.playerId]),
    [["all", "ada"], ["joined", "bob"]],
  );
  assertEquals(ada.sendOnChannel("large", new Uint8Array(500_000)), true);
  const got: WsHubEvent[] = [];
  while (!got.some((e) => e.type === "message" && e.channel === "large")) {
    await world.frame();
    got.push(...world.hub.drainEvents());
  }
});

Deno.test("WsHub asks again who may subscribe when a client comes back, over real sockets", async () => {
  let isAllowed = true;
  await using world = await World.start({
    canSubscribe: (_, channel) => channel === "chat" || isAllowed,
  });
  const ada = world.connect("ada");
  for (const channel of ["vip", "chat"]) ada.subscribe(channel);
  const events: WsEvent[] = [];
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) {
      await world.frame();
      events.push(...ada.drainEvents());
    }
  };
  await until(() => events.filter((e) => e.type === "subscribed").length === 2);
  isAllowed = false;
  world.proxy.cut("rst");
  await until(() => events.some((e) => e.type === "subscriptionDenied"));
  assertEquals(events.filter((e) => e.type === "subscriptionDenied"), [
    { type: "subscriptionDenied", channel: "vip", reason: "not allowed" },
  ]);
  assertEquals(
    [world.hub.publish("vip", "1"), world.hub.publish("chat", "2")],
    [0, 1],
  );
  await until(() => textsOf(events).length > 0);
  assertEquals(textsOf(events), ["2"]);
  assertEquals(ada.channels.map(({ active }) => active), [false, true]);
  const sessions = events.filter((event) => event.type === "session");
  assertEquals(sessions.map(({ isResumed }) => isResumed), [false, true]);
});

Deno.test("WsClient and WsHub lose nothing and repeat nothing over cuts of every kind", async () => {
  const random = new SeededRandom(1);
  const below = (n: number): number => random.nextU32() % n;
  await using world = await World.start({ keepaliveMs: 200 });
  const client = world.connect("ada");
  const up: number[] = [];
  const down: number[] = [];
  let sentUp = 0;
  let sentDown = 0;
  let id: Parameters<WsHub["sendTo"]>[0] | undefined;
  let cuts = 0;
  let connections = 0;
  const trouble: WsEvent[] = [];

  const exchange = async (): Promise<void> => {
    await world.frame();
    for (const event of world.hub.drainEvents()) {
      if (event.type === "clientConnected") id = event.client;
      if (event.type === "clientLeft" || event.type === "undelivered") {
        throw new Error(`${event.type} after ${cuts} cuts`);
      }
      if (event.type === "message") {
        up.push(Number(new TextDecoder().decode(event.bytes).split(" ")[0]));
      }
    }
    for (const event of client.drainEvents()) {
      if (event.type === "connected") connections += 1;
      if (event.type === "gap" || event.type === "undelivered") {
        trouble.push(event);
      }
      if (event.type === "message" && event.message.type === "text") {
        down.push(Number(event.message.text));
      }
    }
  };

  while (cuts < CUTS) {
    const wanted = connections + 1;
    for (let i = below(20); i >= 0; i--) {
      const filling = "x".repeat(below(8) === 0 ? below(20_000) : below(100));
      if (client.sendOnChannel("up", `${sentUp + 1} ${filling}`)) sentUp += 1;
      if (id !== undefined && world.hub.sendTo(id, "down", `${sentDown + 1}`)) {
        sentDown += 1;
      }
      await exchange();
    }
    if (!client.isConnected) continue;
    const how = (["fin", "rst", "blackHole"] as const satisfies readonly Cut[])[
      below(3)
    ]!;
    world.proxy.cut(how);
    cuts += 1;
    while (connections < wanted) await exchange();
  }
  while (up.length < sentUp || down.length < sentDown) await exchange();
  assert(sentUp > CUTS && sentDown > CUTS, `${sentUp} ${sentDown}`);
  assertEquals(up, Array.from({ length: sentUp }, (_, i) => i + 1));
  assertEquals(down, Array.from({ length: sentDown }, (_, i) => i + 1));
  assertEquals(trouble, []);
});

Deno.test("WsClient hands back what a hub that was started anew cannot know", async () => {
  await using first = await World.start();
  const client = first.connect("ada");
  const events: WsEvent[] = [];
  while (!client.isConnected) {
    await first.frame();
    events.push(...client.drainEvents());
  }
  first.proxy.pause();
  client.sendOnChannel("chat", "who knows");
  await first.frame();
  await using second = await World.start();
  // The same address, another hub.
  first.proxy.cut("rst");
  first.proxy.refuse("fin");
  const moved = new URL(`ws://127.0.0.1:${second.proxy.port}/?name=ada`);
  assert(moved.port !== "");
  while (client.isConnected) {
    await first.frame();
    events.push(...client.drainEvents());
  }
  assertEquals(events.some(({ type }) => type === "undelivered"), false);
  first.hub.remove(
    [...first.hub.drainEvents()].flatMap((event) =>
      event.type === "clientConnected" ? [event.client] : []
    )[0]!,
  );
  first.proxy.refuse(undefined);
  first.proxy.resume();
  while (!events.some(({ type }) => type === "undelivered")) {
    await first.frame();
    events.push(...client.drainEvents());
  }
  const lost = events.find((event) => event.type === "undelivered")!;
  assertEquals(
    [
      lost.reason,
      lost.messages.map(({ bytes }) => new TextDecoder().decode(bytes)),
    ],
    ["sessionLost", ["who knows"]],
  );
  const sessions = events.filter((event) => event.type === "session");
  assertEquals(sessions.map(({ isResumed }) => isResumed), [false, false]);
});

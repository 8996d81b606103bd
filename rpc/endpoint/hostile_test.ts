// What a hostile client, or a hostile server, does to the other end of its link.
import { assert, assertEquals } from "@std/assert";
import {
  Channel,
  MemoryLinkPair,
  type MessageLink,
  optional,
  string,
  struct,
  u16,
  u8,
  vec3,
} from "../../protocol/mod.ts";
import {
  clientId,
  defineRpc,
  RpcClient,
  type RpcLimits,
  RpcServer,
  RpcTarget,
} from "../mod.ts";
import { DT, metricOf, RpcWorld } from "./_testing/rpc_world.ts";

const game = defineRpc({
  shout: { params: { text: string({ maxBytes: 60_000 }) }, from: "client" },
  point: { params: { at: vec3 }, from: "client" },
  order: { params: { n: u16 }, from: "server" },
  ask: {
    params: { n: u16 },
    from: "client",
    reply: string({ maxBytes: 5_000 }),
  },
});

Deno.test("RpcServer passes nothing on that its handler has spoilt, and goes on", () => {
  const world = new RpcWorld(game, { clients: 2 });
  const { server, events, clients } = world;
  const heard: string[] = [];
  server.on("shout", (params) => {
    (params as { text: unknown }).text = 7;
  });
  server.on("point", (params) => {
    delete (params as { at?: unknown }).at;
  });
  for (const { client } of clients) {
    client.on("shout", ({ text }) => heard.push(text));
    client.on("point", () => heard.push("point"));
  }
  world.run(8);
  events.length = 0;
  clients[0]!.client.send("shout", { text: "a" }, RpcTarget.all());
  clients[0]!.client.send(
    "point",
    { at: { x: 1, y: 2, z: 3 } },
    RpcTarget.client(clientId(2)),
  );
  world.run(8);
  assertEquals(heard, []);
  assertEquals(
    events.map((event) => [event.type, "name" in event && event.name]),
    [["handlerFailed", "shout"], ["handlerFailed", "point"]],
  );
});

Deno.test("RpcServer has room for its own calls in a queue that clients fill", () => {
  const hostile = 6;
  const world = new RpcWorld(game, { clients: hostile + 1 });
  const { server, clients } = world;
  world.run(8);
  const victim = clientId(hostile + 1);
  const text = "x".repeat(20_000);
  for (const { client, id } of clients) {
    if (id === victim) continue;
    for (let i = 0; i < 6; i++) {
      client.send("shout", { text }, RpcTarget.client(victim));
    }
  }
  // All of it is passed on within one tick, before anything can leave.
  let isTaken = true;
  server.on("shout", () => {
    isTaken &&= server.send("order", { n: 1 }, RpcTarget.client(victim));
  });
  let orders = 0;
  let shouts = 0;
  clients[hostile]!.client.on("order", () => void orders++);
  clients[hostile]!.client.on("shout", () => void shouts++);
  world.run(30);
  assert(isTaken);
  assertEquals(orders, 6 * hostile);
  // Those that began in the first half of the queue.
  assertEquals(shouts, Math.ceil(131_072 / 20_000));
});

Deno.test("RpcServer has room for its own calls in a queue of as many calls as may be", () => {
  const hostile = 10;
  const world = new RpcWorld(game, { clients: hostile + 1 });
  const { server, clients } = world;
  world.run(8);
  const victim = clientId(hostile + 1);
  for (const { client, id } of clients) {
    if (id === victim) continue;
    for (let i = 0; i < 480; i++) {
      client.send("shout", { text: "" }, RpcTarget.client(victim));
    }
  }
  let isTaken = true;
  server.on("shout", () => void 0);
  server.on("point", () => {
    isTaken &&= server.send("order", { n: 1 }, RpcTarget.client(victim));
  });
  let shouts = 0;
  clients[hostile]!.client.on("shout", () => void shouts++);
  clients[hostile]!.client.send("point", { at: { x: 0, y: 0, z: 0 } });
  world.run(30);
  assert(isTaken);
  assertEquals(shouts, 2_048);
});

Deno.test("RpcServer counts what it passes on by its bytes too", () => {
  const others = 20;
  const limits: RpcLimits = { relays: { perSecond: 100, burst: 200 } };
  const world = new RpcWorld(game, {
    clients: 1 + others,
    server: { limits },
  });
  world.run(8);
  const before = metricOf(world.server, "bytes_out");
  const text = "x".repeat(12_000);
  const seconds = 10;
  for (let frame = 0; frame < seconds * 60; frame++) {
    world.client.send("shout", { text }, RpcTarget.allExcept(clientId(1)));
    world.run();
  }
  const bytes = metricOf(world.server, "bytes_out") - before;
  // What flows in and the burst, in parts of 256 bytes, and the one call beyond.
  const { perSecond, burst } = limits.relays!;
  const most = (burst + perSecond * seconds) * 256 + others * 12_100;
  assert(bytes > others * 12_000 && bytes < most, `${bytes} bytes`);
});

/** A link that has been tampered with: it says what is wanted. */
function sendRaw(link: MessageLink, ...bytes: number[]): boolean {
  return link.send(new Uint8Array(bytes), Channel.ReliableOrdered);
}

Deno.test("RpcServer closes on who says over and over that the handshake is over", () => {
  const pair = new MemoryLinkPair();
  const server = new RpcServer(game);
  server.connect(pair.a, clientId(1));
  assert(sendRaw(pair.b, 0));
  server.tick(DT);
  assertEquals(pair.a.state.type, "open");
  assert(sendRaw(pair.b, 0));
  server.tick(DT);
  assertEquals(pair.a.state.type, "closed");
  assertEquals(server.size, 0);
});

/** A link whose messages become smaller than it said before it was open. */
class ShrinkingLink implements MessageLink {
  readonly #link: MessageLink;
  maxMessageBytes: number;

  constructor(link: MessageLink, maxMessageBytes: number) {
    this.#link = link;
    this.maxMessageBytes = maxMessageBytes;
  }

  get state(): MessageLink["state"] {
    return this.#link.state;
  }

  get rttMs(): number {
    return this.#link.rttMs;
  }

  send(bytes: Uint8Array, channel: Channel): boolean {
    return bytes.length <= this.maxMessageBytes &&
      this.#link.send(bytes, channel);
  }

  poll(sink: Parameters<MessageLink["poll"]>[0]): void {
    this.#link.poll(sink);
  }

  close(reason: string): void {
    this.#link.close(reason);
  }
}

Deno.test("RpcServer goes on answering when one answer fits no message any more", () => {
  const pair = new MemoryLinkPair({ isOpen: false });
  const link = new ShrinkingLink(pair.a, 65_536);
  const server = new RpcServer(game);
  server.connect(link, clientId(1));
  server.answer("ask", ({ n }) => "x".repeat(n));
  const client = new RpcClient(game, pair.b);
  link.maxMessageBytes = 1_200;
  pair.open();
  client.call("ask", { n: 4_000 }, { timeoutMs: 100 });
  client.call("ask", { n: 4 }, { timeoutMs: 1_000 });
  const outcomes: unknown[] = [];
  for (let i = 0; i < 120; i++) {
    client.tick(DT);
    pair.tick(DT);
    server.tick(DT);
    for (const event of client.drainEvents()) {
      if ("ticket" in event) outcomes.push([event.type, event.ticket]);
    }
  }
  assertEquals(outcomes.sort(), [["result", 2], ["timedOut", 1]]);
  assertEquals(metricOf(server, "results_dropped"), 1);
});

Deno.test("RpcClient may leave out what is named like a property of all objects", () => {
  const contract = defineRpc({
    build: {
      params: {
        constructor: optional(u8),
        toString: optional(u8),
        part: struct({
          valueOf: optional(u8),
          hasOwnProperty: optional(string),
        }),
      },
      from: "client",
      coalesce: ["constructor"],
    },
  });
  const world = new RpcWorld(contract);
  const built: unknown[] = [];
  world.server.on("build", (params) => built.push(params));
  // The types of such names are those of `Object`.
  const nothing = { part: {} } as never;
  const all = {
    constructor: 1,
    toString: 2,
    part: { valueOf: 3, hasOwnProperty: "a" },
  };
  world.client.send("build", nothing);
  world.client.send("build", all as never);
  world.run(8);
  assertEquals(built[1], all);
  assertEquals(
    JSON.stringify(built[0]),
    '{"part":{}}',
  );
  assertEquals(({} as Record<string, unknown>)["constructor"], Object);
});

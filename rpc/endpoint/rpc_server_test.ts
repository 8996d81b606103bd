import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, renderOpenMetrics } from "../../core/mod.ts";
import {
  ByteWriter,
  Channel,
  list,
  MemoryLinkPair,
  type MessageLink,
  string,
  struct,
  u8,
} from "../../protocol/mod.ts";
import {
  clientId,
  defineRpc,
  RpcClient,
  RpcServer,
  RpcTarget,
  type ServerTarget,
} from "../mod.ts";
import { CallWriter } from "../wire/call_writer.ts";
import { RpcPacketKind, TargetTag } from "../wire/packet_kind.ts";
import { DT, metricOf, RpcWorld } from "./_testing/rpc_world.ts";

const game = defineRpc({
  chat: { params: { text: string({ maxBytes: 400 }) }, from: "client" },
  score: { params: { n: u8 }, from: "server" },
  drop: {
    params: { n: u8 },
    from: "server",
    channel: Channel.Unreliable,
  },
  list: {
    params: { all: list(u8, { maxLength: 8 }) },
    from: "server",
  },
  open: { params: { door: u8 }, from: "owner" },
  ask: { params: {}, from: "client", reply: struct({ n: u8 }) },
});

const options = {
  clock: new ManualClock(),
  isOwner: (client: number, _: string, params: object): boolean =>
    (params as { door: number }).door === client,
  teamOf: (client: number): number => client % 2,
  positionOf: (client: number) => ({ x: client, y: 0, z: 0 }),
};

Deno.test("RpcServer.send() reaches whom the target means", () => {
  const world = new RpcWorld(game, { clients: 4, server: options }).ready();
  const got: number[][] = [[], [], [], []];
  world.clients.forEach(({ client }, i) =>
    client.on("score", ({ n }) => got[i]!.push(n))
  );
  const targets: [ServerTarget, number[]][] = [
    [RpcTarget.all(), [1, 2, 3, 4]],
    [RpcTarget.client(clientId(3)), [3]],
    [RpcTarget.allExcept(clientId(3)), [1, 2, 4]],
    [RpcTarget.team(1), [1, 3]],
    [{ type: "within", at: { x: 2, y: 1, z: 0 }, radius: 1 }, [2]],
    [{ type: "where", test: (client) => client > 2 }, [3, 4]],
  ];
  targets.forEach(([target], n) =>
    assert(world.server.send("score", { n }, target))
  );
  world.run(2);
  targets.forEach(([, clients], n) =>
    assertEquals(
      got.flatMap((list, i) => list.includes(n) ? [i + 1] : []),
      clients,
    )
  );
  const nobody = RpcTarget.client(clientId(9));
  assertEquals(world.server.send("score", { n: 1 }, nobody), false);
  assertThrows(
    () => world.server.send("score", { n: 1 }, RpcTarget.server()),
    TypeError,
    "clients",
  );
  const bare = new RpcServer(defineRpc({ a: { params: {}, from: "server" } }));
  assertThrows(
    () => bare.send("a", {}, RpcTarget.team(1)),
    TypeError,
    "teamOf",
  );
  assertThrows(
    () => new RpcServer(game),
    TypeError,
    "isOwner",
  );
});

Deno.test("RpcServer passes a client's call on, with its caller", () => {
  const world = new RpcWorld(game, { clients: 4, server: options }).ready();
  const got: string[] = [];
  world.clients.forEach(({ client, id }) =>
    client.on(
      "chat",
      ({ text }, { caller }) => got.push(`${caller}>${id} ${text}`),
    )
  );
  const seen: string[] = [];
  world.server.on("chat", ({ text }, context) => {
    seen.push(`${context.caller} ${context.target.type} ${text}`);
    if (text === "bad") context.refuse();
    if (text === "bug") throw new Error("oops");
  });
  const { client } = world;
  for (const text of ["bad", "bug"]) {
    client.send("chat", { text }, RpcTarget.all());
  }
  client.send("chat", { text: "a" }, RpcTarget.all());
  client.send("chat", { text: "b" }, RpcTarget.client(clientId(2)));
  client.send("chat", { text: "c" }, RpcTarget.team(0));
  client.send("chat", { text: "d" }, RpcTarget.allExcept(clientId(1)));
  client.send("chat", { text: "e" });
  client.send("chat", { text: "f" }, RpcTarget.client(clientId(77)));
  world.run(4);
  assertEquals(seen, [
    "1 all bad",
    "1 all bug",
    "1 all a",
    "1 client b",
    "1 team c",
    "1 allExcept d",
    "1 server e",
    "1 client f",
  ]);
  assertEquals(got.sort(), [
    "1>1 a",
    "1>2 a",
    "1>2 b",
    "1>2 c",
    "1>2 d",
    "1>3 a",
    "1>3 d",
    "1>4 a",
    "1>4 c",
    "1>4 d",
  ]);
  // Without a handler of its own it passes on all the same.
  world.server.off("chat");
  client.send("chat", { text: "g" }, RpcTarget.client(clientId(1)));
  world.run(4);
  assertEquals(got.at(-1), "1>1 g");
  assertEquals(metricOf(world.server, "denied", "refused"), 2);
});

Deno.test("RpcServer lets owners call, and nobody in the server's place", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  const opened: number[] = [];
  world.server.on("open", ({ door }) => opened.push(door));
  world.client.send("open", { door: 2 });
  world.client.send("open", { door: 1 });
  world.run(2);
  assertEquals(opened, [1]);
  assertThrows(
    () => world.client.send("score" as "chat", { text: "" }),
    TypeError,
    "from the client",
  );
  assertThrows(
    () => world.server.send("chat" as "score", { n: 1 }, RpcTarget.all()),
    TypeError,
    "from the server",
  );
  assertThrows(() => world.server.off("none" as "chat"), TypeError, "defined");
  const writer = new CallWriter(1_200);
  writer.begin(RpcPacketKind.ClientCalls, 0);
  writer.add(game.byName.get("score")!, TargetTag.All, 0, 0, { n: 1 });
  writer.add(game.byName.get("ask")!, TargetTag.All, 0, 1, {});
  const { pair } = world.clients[0]!;
  world.server.answer("ask", () => ({ n: 1 }));
  pair.b.send(writer.end(), Channel.ReliableOrdered);
  world.run(2);
  assertEquals(metricOf(world.server, "denied", "unauthorised"), 3);
});

Deno.test("RpcServer answers a ticket that comes twice once", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  let asked = 0;
  world.server.answer("ask", (_, context) => {
    asked += 1;
    return context.defer();
  });
  const writer = new CallWriter(1_200);
  writer.begin(RpcPacketKind.ClientCalls, 0);
  const ask = game.byName.get("ask")!;
  for (let i = 0; i < 3; i++) writer.add(ask, TargetTag.Server, 0, 5, {});
  world.clients[0]!.pair.b.send(writer.end(), Channel.ReliableOrdered);
  world.run(1);
  assertEquals([asked, metricOf(world.server, "denied", "repeated")], [1, 2]);
});

Deno.test("tick() sends what was called before it; handlers' calls wait, answers do not", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  const { client, server } = world;
  const got: string[] = [];
  server.on("chat", () => void server.send("score", { n: 1 }, RpcTarget.all()));
  server.answer("ask", () => ({ n: 2 }));
  client.on("score", () => got.push("score"));
  client.send("chat", { text: "" });
  client.call("ask", {});
  client.tick(DT);
  server.tick(DT);
  client.tick(DT);
  for (const { type } of client.drainEvents()) got.push(type);
  assertEquals(got, ["result"]);
  server.tick(DT);
  client.tick(DT);
  assertEquals(got, ["result", "score"]);
});

Deno.test("tick() inside of a handler is a mistake of the handler's", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  const { client, server } = world;
  server.on("chat", () => server.tick(0));
  client.send("chat", { text: "" });
  client.on("score", () => client.tick(0));
  server.send("score", { n: 1 }, RpcTarget.all());
  world.run(2);
  for (
    const { type, ...event } of [world.events[0]!, world.clients[0]!.events[0]!]
  ) {
    assertEquals(type, "handlerFailed");
    const { error } = event as { error: unknown };
    assert(
      error instanceof TypeError && error.message.includes("inside of one"),
    );
  }
  assertThrows(() => server.tick(-1), RangeError, "dt");
  assertThrows(() => client.tick(NaN), RangeError, "dt");
});

Deno.test("A handler that throws is isolated, and its error stays where it is", () => {
  const sent: string[] = [];
  const world = new RpcWorld(game, { server: options });
  const { send } = world.clients[0]!.pair.a;
  world.clients[0]!.pair.a.send = function (bytes, channel): boolean {
    sent.push(new TextDecoder("latin1").decode(bytes));
    return send.call(this, bytes, channel);
  };
  world.ready();
  const seen: string[] = [];
  const thrown = new Error("the password is swordfish");
  world.server.on("chat", ({ text }) => {
    seen.push(text);
    if (text === "x") throw thrown;
  });
  world.server.answer("ask", () => {
    throw thrown;
  });
  world.client.send("chat", { text: "x" });
  world.client.send("chat", { text: "y" });
  world.client.call("ask", {});
  world.run(3);
  assertEquals(seen, ["x", "y"]);
  assertEquals<unknown[]>(world.events, [
    {
      type: "handlerFailed",
      name: "chat",
      caller: clientId(1),
      error: thrown,
      client: clientId(1),
    },
    {
      type: "handlerFailed",
      name: "ask",
      caller: clientId(1),
      error: thrown,
      client: clientId(1),
    },
  ]);
  assert(sent.length > 0);
  assert(!sent.join("").includes("swordfish"));
});

Deno.test("What is called is copied, and arrives in the order of its channel", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  const got: number[][] = [];
  const sequences: number[] = [];
  world.client.on("list", ({ all }, { sequence }) => {
    got.push([...all]);
    sequences.push(sequence);
  });
  const all = [1, 2, 3];
  world.server.send("list", { all }, RpcTarget.all());
  all[0] = 9;
  world.server.send("drop", { n: 1 }, RpcTarget.all());
  world.server.send("list", { all }, RpcTarget.all());
  world.run(2);
  assertEquals([got, sequences], [[[1, 2, 3], [9, 2, 3]], [0, 1]]);
});

Deno.test("A packet is at most maxPacketBytes, and the link's", () => {
  for (
    const [maxMessageBytes, maxPacketBytes, most] of [
      [65_536, undefined, 1_200],
      [700, undefined, 700],
      [65_536, 500, 500],
    ] as const
  ) {
    const lengths: number[] = [];
    const world = new RpcWorld(game, {
      server: options,
      client: maxPacketBytes === undefined ? {} : { maxPacketBytes },
      link: { maxMessageBytes },
      wrap: (link): MessageLink => {
        const { send } = link;
        link.send = function (bytes, channel): boolean {
          lengths.push(bytes.length);
          return send.call(link, bytes, channel);
        };
        return link;
      },
    }).ready();
    const texts: string[] = [];
    world.server.on("chat", ({ text }) => texts.push(text));
    const sent = Array.from({ length: 40 }, (_, i) => `${i}`.repeat(i * 5));
    for (const text of sent) assert(world.client.send("chat", { text }));
    world.run(2);
    assertEquals(texts, sent);
    const longest = Math.max(...lengths);
    assert(longest <= most && longest > most - 250, `${longest} of ${most}`);
  }
});

Deno.test("A call that fits no message is refused with an event", () => {
  const world = new RpcWorld(game, {
    server: options,
    client: { maxPacketBytes: 100 },
    link: { maxMessageBytes: 300 },
  }).ready();
  const texts: string[] = [];
  world.server.on("chat", ({ text }) => texts.push(text));
  // What is larger than a packet is to be goes alone.
  assert(world.client.send("chat", { text: "y".repeat(250) }));
  assertEquals(world.client.send("chat", { text: "x".repeat(300) }), false);
  assert(world.client.send("chat", { text: "x" }));
  world.run();
  const [event] = world.clients[0]!.events;
  assert(event?.type === "callRefused");
  assertEquals([event.name, event.reason], ["chat", "tooLarge"]);
  assertEquals(texts, ["y".repeat(250), "x"]);
  assertThrows(
    () => world.client.send("chat", { text: "x".repeat(500) }),
    RangeError,
    '"text" must be allowed by string(400)',
  );
});

Deno.test("Calls are refused when too many bytes wait, and taken again afterwards", () => {
  const world = new RpcWorld(game, {
    server: options,
    client: { maxQueuedBytes: 5_000 },
  });
  const { client } = world;
  const texts: string[] = [];
  world.server.on("chat", ({ text }) => texts.push(text));
  const text = "x".repeat(300);
  let taken = 0;
  for (let i = 0; i < 100; i++) {
    taken += Number(client.send("chat", { text }));
    client.tick(0);
  }
  assert(taken > 10 && taken <= 20, `${taken}`);
  world.ready();
  world.run(3);
  assertEquals(texts.length, taken);
  assertEquals(metricOf(client, "refused", "queueFull"), 100 - taken);
  assert(client.send("chat", { text }));
  world.run(2);
  assertEquals(texts.length, taken + 1);
});

Deno.test("What the link does not take waits", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  const { server } = world;
  const { pair, client } = world.clients[0]!;
  const got: number[] = [];
  client.on("score", ({ n }) => got.push(n));
  client.on("drop", ({ n }) => got.push(n));
  const { send } = pair.a;
  pair.a.send = (): boolean => false;
  server.send("drop", { n: 1 }, RpcTarget.all());
  for (let n = 2; n < 9; n++) {
    server.send("score", { n }, RpcTarget.all());
    world.run();
  }
  assert(metricOf(server, "queued_bytes") > 0);
  pair.a.send = send;
  world.run(4);
  assertEquals(got, [2, 3, 4, 5, 6, 7, 8, 1]);
  assertEquals(metricOf(server, "queued_bytes"), 0);
});

Deno.test("A packet that is none costs its sender its packet", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  const texts: string[] = [];
  world.server.on("chat", ({ text }) => texts.push(text));
  const writer = new CallWriter(1_200);
  writer.begin(RpcPacketKind.ClientCalls, 0);
  const chat = game.byName.get("chat")!;
  writer.add(chat, TargetTag.Server, 0, 0, { text: "good" });
  const { pair } = world.clients[0]!;
  const bytes = writer.end();
  const longer = new Uint8Array(bytes.length + 1);
  longer.set(bytes);
  for (
    const bad of [
      longer,
      bytes.slice(0, -1),
      new Uint8Array([0]),
      new Uint8Array(),
    ]
  ) {
    pair.b.send(bad, Channel.Reliable);
  }
  pair.b.send(bytes, Channel.Reliable);
  world.run();
  assertEquals(texts, ["good"]);
  assertEquals(
    world.events.map(({ type }) => type),
    [
      "packetRefused",
      "peerWarned",
    ].slice(0, world.events.length),
  );
  assertEquals(world.server.size, 1);
});

Deno.test("Nothing is handled before the handshake is over", () => {
  const server = new RpcServer(game, options);
  const pair = new MemoryLinkPair();
  server.connect(pair.a, clientId(1));
  server.on("chat", () => assert(false));
  const writer = new CallWriter(1_200);
  writer.begin(RpcPacketKind.ClientCalls, 0);
  writer.add(game.byName.get("chat")!, TargetTag.Server, 0, 0, { text: "" });
  pair.b.send(writer.end(), Channel.Unreliable);
  server.tick(DT);
  assertEquals([...server.drainEvents()], [
    { type: "packetRefused", fault: "early", client: clientId(1) },
  ]);
  // Other nonsense in its place ends the link.
  pair.b.send(new Uint8Array([0, 9]), Channel.ReliableOrdered);
  server.tick(DT);
  assertEquals([...server.drainEvents()].map(({ type }) => type), [
    "peerDisconnected",
  ]);
  pair.b.poll(() => {});
  assertEquals(pair.b.state.type, "closed");
});

Deno.test("RpcServer closes what goes on in spite of its limits, if it is to", () => {
  const world = new RpcWorld(game, {
    server: {
      ...options,
      limits: {
        malformed: { perSecond: 1, burst: 1 },
        warnAt: 20,
        muteAt: 40,
        kickAt: 60,
        mutesBeforeKick: 0,
        closesKicked: true,
      },
    },
  }).ready();
  for (let i = 0; i < 10; i++) {
    world.clients[0]!.pair.b.send(new Uint8Array([1]), Channel.Reliable);
  }
  world.run(2);
  assertEquals(
    world.events.map(({ type }) => type).filter((type) =>
      type.startsWith("peer")
    ),
    ["peerWarned", "peerMuted", "peerShouldBeKicked", "peerDisconnected"],
  );
  assertEquals(world.clients[0]!.events.at(-1), {
    type: "disconnected",
    reason: "kicked",
  });
});

Deno.test("RpcServer.connect() takes each id once, and frees it", () => {
  const server = new RpcServer(game, { ...options, maxEvents: 16 });
  const [one, two] = [new MemoryLinkPair(), new MemoryLinkPair()];
  const peer = server.connect(one.a, clientId(1))!;
  assertThrows(() => server.connect(two.a, clientId(1)), RangeError, "id");
  assertEquals([peer.id, peer.link, peer.isClosed], [1, one.a, false]);
  assertEquals(server.peer(clientId(1)), peer);
  server.disconnect(peer, "bye");
  server.disconnect(peer, "again");
  assertEquals([peer.isClosed, server.size], [true, 0]);
  assertEquals(server.connect(two.a, clientId(1))?.id, clientId(1));
  server.disconnect(peer);
  assertEquals(server.size, 1);
  // Of those that come and go, each leaves an event.
  let taken = 0;
  for (let i = 0; i < 20; i++) {
    const pair = new MemoryLinkPair();
    const next = server.connect(pair.a, clientId(2));
    if (next === undefined) assertEquals(pair.a.state.type, "closed");
    else {
      taken += 1;
      server.disconnect(next);
    }
  }
  assertEquals(taken, 10);
  assertEquals([...server.drainEvents()].length, 11);
  const small = new MemoryLinkPair({ maxMessageBytes: 64 });
  assertThrows(() => server.connect(small.a, clientId(3)), RangeError, "65");
});

Deno.test("A link that turns out to have too little room is closed", () => {
  const pair = new MemoryLinkPair({ isOpen: false, maxMessageBytes: 400 });
  let isOpen = false;
  const client = new RpcClient(game, {
    get state() {
      return pair.b.state;
    },
    get maxMessageBytes() {
      return isOpen ? 400 : 2_000;
    },
    rttMs: 0,
    send: (bytes, channel) => pair.b.send(bytes, channel),
    poll: (sink) => pair.b.poll(sink),
    close: (reason) => pair.b.close(reason),
  });
  client.tick(DT);
  assertEquals([...client.drainEvents()], []);
  isOpen = true;
  pair.open();
  client.tick(DT);
  assertEquals([...client.drainEvents()], [{
    type: "disconnected",
    reason: "its messages must have room for 1200 bytes: it has 400",
  }]);
});

Deno.test("A handler may end its own link, and what follows is not handled", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  let count = 0;
  world.server.on("chat", () => {
    count += 1;
    world.server.disconnect(world.clients[0]!.peer, "no more");
  });
  world.server.answer("ask", () => {
    count += 1;
    return { n: 1 };
  });
  for (let i = 0; i < 3; i++) world.client.send("chat", { text: "" });
  world.client.call("ask", {});
  world.run(2);
  assertEquals(count, 1);
  assertEquals(world.clients[0]!.events.map(({ type }) => type), [
    "disconnected",
    "disconnected",
  ]);
});

Deno.test("metrics() can be rendered", () => {
  const world = new RpcWorld(game, { server: options }).ready();
  const writer = new ByteWriter();
  writer.u8(9);
  world.clients[0]!.pair.b.send(writer.view(), Channel.Reliable);
  world.run();
  for (const endpoint of [world.server, world.client]) {
    assert(renderOpenMetrics(endpoint.metrics()).includes("tickwire_rpc_"));
  }
  assertEquals(metricOf(world.server, "clients"), 1);
});

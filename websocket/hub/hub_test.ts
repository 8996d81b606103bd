import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Identity, playerId, renderOpenMetrics } from "../../core/mod.ts";
import { ByteWriter } from "../../protocol/mod.ts";
import { RecordWriter } from "../mux/record_writer.ts";
import {
  CloseCode,
  Delivery,
  type Hello,
  type Welcome,
} from "../mux/record.ts";
import { RecordReader, type RecordSink } from "../mux/record_reader.ts";
import { Session } from "../mux/session.ts";
import type { SessionEvent } from "../mux/session_event.ts";
import { Client, type FakeSocket, World } from "./_testing/hub_world.ts";
import type { WsHubOptions } from "./hub_options.ts";

Deno.test("WsHub relays, remembers, and tells who is there", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  ada.subscribe("chat", 10, true);
  world.run();
  const out = ada.session.openChannel("chat")!;
  for (let i = 1; i <= 4; i++) {
    ada.session.send(out, new TextEncoder().encode(`${i}`), { isText: true });
  }
  world.run();
  const bob = await world.connect("bob");
  bob.subscribe("chat", 10, true);
  world.run();
  // Its own, too; and of the past the last three.
  assertEquals(ada.messages, ["chat: 1", "chat: 2", "chat: 3", "chat: 4"]);
  assertEquals(bob.messages, ["chat: 2", "chat: 3", "chat: 4"]);
  const ADA = { playerId: "ada", displayName: "ADA" };
  const BOB = { playerId: "bob", displayName: "BOB" };
  assertEquals(ada.controls, [
    { type: "subscribed", request: 1, history: 0, omitted: 0 },
    { type: "presence", channel: "chat", change: "all", members: [ADA] },
    { type: "presence", channel: "chat", change: "joined", members: [BOB] },
  ]);
  assertEquals(bob.controls[1], {
    type: "presence",
    channel: "chat",
    change: "all",
    members: [ADA, BOB],
  });
  bob.say({ type: "unsubscribe", channel: "chat" });
  world.run();
  assertEquals(ada.controls.at(-1), {
    type: "presence",
    channel: "chat",
    change: "left",
    members: [BOB],
  });
  assertEquals(world.hub.publish("chat", "5"), 1);
});

Deno.test("WsHub tells presence to those whose last question wanted it", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  const bob = await world.connect("bob");
  ada.subscribe("chat", 0, true);
  world.run();
  ada.subscribe("chat", 0, false);
  world.run();
  const { length } = ada.controls;
  bob.subscribe("chat");
  world.run();
  assertEquals(ada.controls.length, length);
  ada.subscribe("chat", 0, true);
  world.run();
  assertEquals(ada.controls.at(-1), {
    type: "presence",
    channel: "chat",
    change: "all",
    members: [
      { playerId: "ada", displayName: "ADA" },
      { playerId: "bob", displayName: "BOB" },
    ],
  });
});

Deno.test("WsHub keeps a session over a cut, and lets it go in time", async () => {
  const world = new World({ resumeWindowMs: 2_000 });
  const ada = await world.connect("ada");
  ada.subscribe("news");
  world.run();
  ada.cut();
  world.run(2);
  assertEquals(world.hub.publish("news", "while away"), 1);
  assertEquals([world.hub.clientCount, world.hub.socketCount], [1, 0]);
  await world.connect("ada", ada);
  world.run();
  assertEquals(ada.messages, ["news: while away"]);
  assertEquals(
    world.events.map(({ type }) => type),
    ["clientConnected", "clientDisconnected", "clientConnected"],
  );
  ada.cut();
  world.run(50);
  const left = world.events.at(-1)!;
  assert(left.type === "clientLeft" && left.reason === "expired");
  assertEquals([world.hub.clientCount, world.hub.publish("news", "?")], [0, 0]);
  // It comes back as somebody new, and is told so.
  await world.connect("ada", ada);
  world.run();
  const opened = ada.events.findLast(({ type }) => type === "opened");
  assertEquals(opened, { type: "opened", isResumed: false });
});

Deno.test("WsHub keeps what was under way as long as the session, or as it is told", async () => {
  const cases: readonly [Partial<WsHubOptions>, boolean][] = [
    [{ resumeWindowMs: 300_000 }, true],
    [{ resumeWindowMs: 300_000, maxReplayAgeMs: 150_000 }, false],
  ];
  for (const [options, isKept] of cases) {
    const world = new World(options);
    const ada = await world.connect("ada");
    ada.subscribe("news");
    world.run();
    world.hub.publish("news", "lost on the way");
    world.hub.tick(0.05);
    ada.socket!.sent.length = 0;
    ada.cut();
    for (let i = 0; i < 20; i++) world.hub.tick(10);
    await world.connect("ada", ada);
    world.run();
    assertEquals(ada.messages, isKept ? ["news: lost on the way"] : []);
    assertEquals(ada.events.some(({ type }) => type === "gap"), !isKept);
    const opened = ada.events.findLast(({ type }) => type === "opened");
    assertEquals(opened, { type: "opened", isResumed: true });
  }
});

Deno.test("WsHub tells who it was with each event, though they have left by then", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  world.run();
  const chat = ada.session.openChannel("chat")!;
  ada.session.send(chat, new Uint8Array(1));
  ada.session.sayBye({ code: CloseCode.Normal, retryAfterMs: 0, reason: "" });
  world.run();
  const bob = await world.connect("bob");
  world.run();
  bob.cut();
  world.run();
  assertEquals(
    world.events.map(({ type, client, identity }) => [
      type,
      identity.playerId,
      world.hub.identityOf(client)?.playerId,
    ]),
    [
      ["clientConnected", "ada", undefined],
      ["message", "ada", undefined],
      ["clientLeft", "ada", undefined],
      ["clientConnected", "bob", "bob"],
      ["clientDisconnected", "bob", "bob"],
    ],
  );
});

Deno.test("WsHub gives nobody the session of another player", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  world.run();
  const id = ada.session.sessionId!.slice();
  ada.cut();
  const thief = new Client(world, "eve");
  Object.defineProperty(thief, "session", {
    value: new Session({ role: "client", clock: world.clock, sessionId: id }),
  });
  await world.connect("eve", thief);
  world.run();
  assertEquals(world.hub.clientCount, 2);
  assert(thief.session.sessionId!.join() !== id.join());
});

Deno.test("WsHub lets a newer socket take a session over", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  world.run();
  const old = ada.socket!;
  ada.session.detach();
  await world.connect("ada", ada);
  world.run();
  assertEquals(old.closed?.code, CloseCode.TakenOver);
  assertEquals([world.hub.clientCount, world.hub.socketCount], [1, 1]);
});

/** What a client makes of frames. */
function readAll(
  session: Session,
  frames: readonly Uint8Array[],
): SessionEvent[] {
  for (const frame of frames) assertEquals(session.receive(frame), undefined);
  const events: SessionEvent[] = [];
  for (let event; (event = session.poll()) !== undefined;) events.push(event);
  return events;
}

Deno.test("WsHub tells the old socket that the session was taken over", async () => {
  const world = new World({ channel: () => ({ isRelayed: true }) });
  const ada = await world.connect("ada");
  ada.subscribe("news");
  world.run();
  // However much waits.
  ada.socket!.bufferedAmount = 1e9;
  for (let i = 0; i < 20; i++) world.hub.publish("news", new Uint8Array(9_000));
  const old = ada.socket!;
  // The client's end goes to another socket, as it thinks that this one is dead.
  const id = ada.session.sessionId!;
  ada.socket = undefined;
  world.run(1);
  const socket = await world.connectSocket("ada");
  const frame = new ByteWriter();
  new RecordWriter(frame).hello({
    minVersion: 1,
    maxVersion: 1,
    canDeflate: false,
    session: id,
    received: 1,
    maxFrameBytes: 65_536,
    maxMessageBytes: 1_048_576,
    windowBytes: 262_144,
  });
  socket.emit("message", { data: frame.toBytes().buffer });
  world.run(1);
  assertEquals(old.closed?.code, CloseCode.TakenOver);
  const events = readAll(ada.session, old.sent);
  const bye = events.at(-1);
  assert(bye?.type === "bye", JSON.stringify(events.map(({ type }) => type)));
  assertEquals([bye.code, bye.retryAfterMs], [CloseCode.TakenOver, 0]);
  assertEquals([socket.closed, world.hub.clientCount], [undefined, 1]);
});

Deno.test("WsHub.close() tells when to come back, however much waits", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  ada.subscribe("news");
  world.run();
  for (let i = 0; i < 20; i++) world.hub.publish("news", new Uint8Array(9_000));
  world.hub.close(1_000);
  world.run(1);
  assertEquals(ada.events.at(-1)?.type, "bye");
  assert(ada.messages.length > 0);
});

Deno.test("WsHub.handler answers before it upgrades", async () => {
  const world = new World({
    allowedOrigins: ["https://game.test"],
    maxSocketsPerAddress: 1,
    canSubscribe: (_: Identity, channel) => channel !== "secret",
  });
  const status = async (...args: Parameters<World["request"]>) =>
    (await world.request(...args)).status;
  assertEquals(await status("ada", { upgrade: "h2c" }), 426);
  assertEquals(await status("ada", { origin: "https://evil.test" }), 403);
  assertEquals(await status(undefined), 401);
  assertEquals(await status("ada", { origin: "https://game.test" }), 200);
  assertEquals(await status("bob"), 429);
  assertEquals(
    await status("bob", {}, { remoteAddr: { hostname: "10.0.0.9" } }),
    200,
  );
  world.hub.close();
  assertEquals(await status("ada"), 503);
});

Deno.test("WsHub denies, and takes a client's messages no faster than its rate", async () => {
  const world = new World({
    canSubscribe: (_, channel) => channel !== "secret",
    rate: { perSecond: 10, burst: 5 },
  });
  const ada = await world.connect("ada");
  ada.subscribe("secret");
  world.run();
  assertEquals(ada.controls, [
    { type: "denied", request: 1, reason: "not allowed" },
  ]);
  const count = (): number =>
    world.events.filter(({ type }) => type === "message").length;
  const out = ada.session.openChannel("chat")!;
  for (let i = 0; i < 30; i++) ada.session.send(out, new Uint8Array(1));
  world.run(10);
  assert(count() < 12, `${count()}`);
  // The rest waits in the session, and with the client; nothing is lost.
  world.run(60);
  assertEquals([count(), ada.socket!.closed], [30, undefined]);
});

Deno.test("WsHub takes in questions at a fifth of the rate, however many there are", async () => {
  const world = new World({ rate: { perSecond: 20, burst: 20 } });
  const ada = await world.connect("ada");
  for (let i = 0; i < 200; i++) ada.subscribe("chat");
  world.run(200);
  // Ten seconds: 40, and 4 of the burst.
  const count = ada.controls.length;
  assert(count >= 40 && count <= 48, `${count}`);
});

Deno.test("WsHub takes a burst for slow only if the socket takes no more", async () => {
  const world = new World({
    channel: () => ({ maxQueuedMessages: 10, maxQueuedBytes: 20_000 }),
  });
  const ada = await world.connect("ada");
  ada.subscribe("news");
  world.run();
  for (let i = 0; i < 200; i++) world.hub.publish("news", new Uint8Array(100));
  world.run(20);
  assertEquals([ada.messages.length, ada.socket!.closed], [200, undefined]);
});

Deno.test("WsHub lets a client subscribe to one room after another", async () => {
  const world = new World({ maxSubscriptions: 4 });
  const ada = await world.connect("ada");
  for (let i = 0; i < 200; i++) {
    ada.subscribe(`room${i}`);
    world.run(2);
    world.hub.publish(`room${i}`, "hello");
    world.run(2);
    ada.say({ type: "unsubscribe", channel: `room${i}` });
    world.run(2);
  }
  assertEquals([ada.messages.length, ada.socket!.closed], [200, undefined]);
});

Deno.test("WsHub answers a repeated question for history without it", async () => {
  const world = new World();
  for (let i = 0; i < 3; i++) world.hub.publish("chat", `${i}`);
  const ada = await world.connect("ada");
  for (let i = 0; i < 10; i++) ada.subscribe("chat", 10);
  world.run();
  assertEquals(ada.messages.length, 3);
});

Deno.test("WsHub.tick() goes on for the others when a callback throws for one", async () => {
  const world = new World({
    canSubscribe: (identity) => {
      if (identity.playerId === "eve") throw new Error("a bug of the game");
      return true;
    },
  });
  const [eve, ada] = [await world.connect("eve"), await world.connect("ada")];
  for (const client of [eve, ada]) client.subscribe("news");
  world.run();
  world.hub.publish("news", "still here");
  world.run();
  assertEquals(ada.messages, ["news: still here"]);
  assert(eve.socket!.closed !== undefined);
  const left = world.events.find(({ type }) => type === "clientLeft");
  assert(left?.type === "clientLeft" && left.reason === "failed");
  assertEquals((left.cause as Error).message, "a bug of the game");
});

Deno.test("WsHub removes a subscriber that takes nothing, and keeps the others", async () => {
  const world = new World({
    channel: () => ({ maxQueuedMessages: 10, maxQueuedBytes: 20_000 }),
    sendHighWaterBytes: 1,
  });
  const [ada, bob] = [await world.connect("ada"), await world.connect("bob")];
  for (const client of [ada, bob]) client.subscribe("news");
  world.run();
  ada.socket!.bufferedAmount = 1e9;
  for (let i = 0; i < 30; i++) {
    world.hub.publish("news", new Uint8Array(1_000));
    world.run(1);
  }
  assertEquals(ada.socket!.closed?.code, CloseCode.SlowConsumer);
  assertEquals(bob.messages.length, 30);
  const left = world.events.find(({ type }) => type === "clientLeft");
  assert(left?.type === "clientLeft" && left.reason === "slow");
});

Deno.test("WsHub gives a socket that takes nothing few frames, small as they are", async () => {
  const world = new World({
    channel: () => ({ delivery: Delivery.AtMostOnce }),
    sendHighWaterBytes: 65_536,
  });
  const ada = await world.connect("ada");
  ada.subscribe("news");
  world.run();
  const socket = ada.socket!;
  let frames = 0;
  socket.send = (data) => {
    frames += 1;
    socket.bufferedAmount += data.length;
  };
  for (let i = 0; i < 1_000; i++) {
    world.hub.publish("news", new Uint8Array(20));
    world.hub.tick(0.01);
  }
  // Each costs the runtime a kilobyte or so, whatever is in it.
  assert(frames > 40 && frames < 65, `${frames} frames`);
  assertEquals(socket.closed, undefined);
});

Deno.test("WsHub closes sockets that say nothing, nonsense or too much", async () => {
  const world = new World({ helloTimeoutMs: 1_000 });
  const silent = await world.connect("silent");
  silent.session.detach();
  const text = await world.connect("text");
  text.socket!.emit("message", { data: "hello" });
  const nonsense = await world.connect("nonsense");
  nonsense.socket!.emit("message", { data: new ArrayBuffer(3) });
  const late = await world.connect("late");
  world.run();
  late.socket!.emit("message", { data: new Uint8Array([1, 2, 3]).buffer });
  const flood = await world.connect("flood");
  world.run();
  for (let i = 0; i < 9; i++) {
    flood.socket!.emit("message", { data: new ArrayBuffer(500_000) });
  }
  world.run(30);
  const codes = [silent, text, nonsense, late, flood].map(({ socket }) =>
    socket!.closed?.code
  );
  const { HandshakeTimeout, ProtocolError } = CloseCode;
  assertEquals(codes, [
    HandshakeTimeout,
    ...Array(3).fill(ProtocolError),
    CloseCode.RateLimited,
  ]);
  assertEquals(world.hub.socketCount, 0);
});

Deno.test("WsHub.close() tells each client when to come back", async () => {
  const world = new World();
  for (let i = 0; i < 4; i++) await world.connect(`p${i}`);
  world.run();
  world.hub.close(1_000);
  world.run(1);
  const waits = world.clients.map(({ events }) => {
    const bye = events.find(({ type }) => type === "bye");
    return bye?.type === "bye" ? bye.retryAfterMs : undefined;
  });
  assertEquals(waits, [250, 500, 750, 1_000]);
  for (const spreadMs of [-1, NaN, Infinity]) {
    assertThrows(() => world.hub.close(spreadMs), RangeError, "spreadMs");
  }
  assertEquals([world.hub.clientCount, world.hub.socketCount], [0, 0]);
});

Deno.test("WsHub publishes the newest alone on a latest-only channel", async () => {
  const world = new World({
    channel: () => ({ delivery: Delivery.LatestOnly }),
  });
  const ada = await world.connect("ada");
  ada.subscribe("state");
  world.run();
  for (let i = 0; i < 100; i++) world.hub.publish("state", `${i}`);
  world.run();
  assertEquals(ada.messages, ["state: 99"]);
});

Deno.test("WsHub.handler counts X-Forwarded-For from trusted proxies alone", async () => {
  const world = new World({
    maxSocketsPerAddress: 1,
    trustedProxies: ["10.0.0.1"],
  });
  const status = async (from: string, forwarded?: string): Promise<number> => {
    const headers: Record<string, string> = forwarded === undefined
      ? {}
      : { "x-forwarded-for": forwarded };
    const info = { remoteAddr: { hostname: from } };
    return (await world.request("ada", headers, info)).status;
  };
  assertEquals(await status("10.0.0.1", "198.51.100.1"), 200);
  assertEquals(await status("10.0.0.1", "198.51.100.2"), 200);
  // What the client put before its address does not make it another.
  assertEquals(await status("10.0.0.1", "203.0.113.9, 198.51.100.2"), 429);
  assertEquals(await status("198.51.100.3", "203.0.113.1"), 200);
  assertEquals(await status("198.51.100.3", "203.0.113.2"), 429);
});

Deno.test("WsHub.handler counts sockets that were closed and have not ended, for a while", async () => {
  const world = new World({ maxSocketsPerAddress: 2, helloTimeoutMs: 100 });
  const connect = async (): Promise<FakeSocket | undefined> => {
    const socket = await world.connectSocket("eve");
    if (sockets.includes(socket)) return undefined;
    // Its peer reads nothing, and answers no close.
    socket.close = () => void (socket.readyState = 2);
    sockets.push(socket);
    return socket;
  };
  const sockets: FakeSocket[] = [];
  for (let i = 0; i < 4; i++) {
    assert(await connect());
    if (i % 2 === 0) continue;
    assertEquals(await connect(), undefined);
    world.run(3);
    // Closed for their silence.
    assertEquals(world.hub.socketCount, i + 1);
    assertEquals(sockets.map(({ readyState }) => readyState).at(-1), 2);
  }
  assertEquals(await connect(), undefined);
  sockets[0]!.emit("close", { code: 1006 });
  world.run(1);
  assert(await connect());
  world.run(3);
  assertEquals(await connect(), undefined);
  world.run(600);
  assertEquals(world.hub.socketCount, 0);
  for (let i = 0; i < 4; i++) {
    const socket = await connect();
    assert(socket);
    socket.bufferedAmount = 1;
    world.run(3);
  }
  world.run(603);
  assertEquals([await connect(), world.hub.socketCount], [undefined, 4]);
  sockets.at(-1)!.emit("close", { code: 1006 });
  assertEquals(world.hub.socketCount, 3);
});

Deno.test("WsHub.handler counts requests whose players are being found out", async () => {
  const answer = Promise.withResolvers<undefined>();
  const world = new World({
    maxSockets: 2,
    authenticate: () => answer.promise,
  });
  const waiting = [world.request("ada"), world.request("bob")];
  assertEquals((await world.request("eve")).status, 503);
  answer.resolve(undefined);
  const statuses = (await Promise.all(waiting)).map(({ status }) => status);
  assertEquals([statuses, world.hub.socketCount], [[401, 401], 0]);
});

Deno.test("WsHub loses no coming or going while nobody drains", async () => {
  const world = new World({ maxEvents: 4, maxClients: 3 });
  world.isDrained = false;
  const ada = await world.connect("ada");
  const bob = await world.connect("bob");
  world.run();
  const out = ada.session.openChannel("chat")!;
  for (let i = 0; i < 50; i++) ada.session.send(out, new Uint8Array([i]));
  world.run();
  // Sockets of which no more could be told are turned away.
  let refused: number | undefined;
  for (let i = 0; i < 20 && refused === undefined; i++) {
    if (bob.socket !== undefined) bob.cut();
    world.run(1);
    await world.connect("bob", bob);
    const { socket } = bob;
    world.run(1);
    refused = socket!.closed?.code;
  }
  assertEquals(refused, CloseCode.Full);
  world.isDrained = true;
  world.run();
  world.hub.remove(1 as Parameters<typeof world.hub.remove>[0]);
  world.run(60);
  const told = (player: number): string =>
    world.events.filter((e) => e.client === player && e.type !== "message")
      .map(({ type }) => type.slice(6)).join(" ");
  assertEquals(told(1), "Connected Left");
  const ofBob = told(2);
  assert(/^(Connected Disconnected ?)+$/.test(`${ofBob} `), ofBob);
  const messages = world.events.filter((event) => event.type === "message");
  assertEquals(
    messages.map(({ bytes }) => bytes[0]),
    Array.from({ length: messages.length }, (_, i) => i),
  );
});

Deno.test("WsHub hands out messages that are the receiver's to change", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  ada.subscribe("chat");
  world.run();
  world.isDrained = false;
  ada.socket!.bufferedAmount = 1e9;
  const out = ada.session.openChannel("chat")!;
  ada.session.send(out, new TextEncoder().encode("1"));
  world.run(1);
  for (const event of world.hub.drainEvents()) {
    if (event.type === "message") event.bytes.fill(0);
  }
  ada.socket!.bufferedAmount = 0;
  world.run();
  assertEquals(ada.messages, ["chat: 1"]);
});

Deno.test("WsHub goes by who a client is found to be when it comes back", async () => {
  let roles: readonly string[] = [];
  const world = new World({
    authenticate: () => ({ playerId: "ada" as Identity["playerId"], roles }),
    canSubscribe: ({ roles }) => roles!.includes("judge"),
  });
  const ada = await world.connect("ada");
  ada.subscribe("bench");
  world.run();
  roles = ["judge"];
  ada.cut();
  await world.connect("ada", ada);
  ada.subscribe("bench");
  world.run();
  assertEquals(ada.controls.map(({ type }) => type), ["denied", "subscribed"]);
  assertEquals(world.hub.clientCount, 1);
});

Deno.test("WsHub.unsubscribe() ends a subscription, and tells the client and who watches", async () => {
  const world = new World();
  const [ada, bob] = [await world.connect("ada"), await world.connect("bob")];
  ada.subscribe("chat", 0, true);
  bob.subscribe("chat", 0, true);
  world.run();
  const [, id] = world.events.map(({ client }) => client);
  const { unsubscribe } = world.hub;
  const end = unsubscribe.bind(world.hub, id!);
  assertEquals([end("news"), end("chat", "banned"), end("chat")], [
    false,
    true,
    false,
  ]);
  const { length } = bob.controls;
  assertEquals(world.hub.publish("chat", "1"), 1);
  world.run();
  assertEquals([ada.messages, bob.messages], [["chat: 1"], []]);
  assertEquals(bob.controls.slice(length), [
    { type: "unsubscribed", channel: "chat", reason: "banned" },
  ]);
  assertEquals(ada.controls.at(-1), {
    type: "presence",
    channel: "chat",
    change: "left",
    members: [{ playerId: "bob", displayName: "BOB" }],
  });
  // Nothing keeps it from asking but canSubscribe.
  bob.subscribe("chat");
  world.run();
  assertEquals(bob.controls.at(-1)!.type, "subscribed");
  assert(end("chat"));
  world.run();
  assertEquals(bob.controls.at(-1), {
    type: "unsubscribed",
    channel: "chat",
    reason: "",
  });
});

Deno.test("WsHub.unsubscribe() reaches a client that is away, and none that has left", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  ada.subscribe("chat");
  world.run();
  const { client } = world.events[0]!;
  ada.cut();
  world.run(2);
  assert(world.hub.unsubscribe(client, "chat", "x".repeat(123)));
  assertEquals(world.hub.publish("chat", "1"), 0);
  await world.connect("ada", ada);
  world.run();
  assertEquals(ada.controls.at(-1), {
    type: "unsubscribed",
    channel: "chat",
    reason: "x".repeat(123),
  });
  ada.subscribe("chat");
  world.run();
  world.hub.remove(client);
  assertEquals(world.hub.unsubscribe(client, "chat"), false);
  assertThrows(
    () => world.hub.unsubscribe(client, "chat", "é".repeat(62)),
    RangeError,
    "Cannot unsubscribe a client as reason must have at most 123 bytes: current value is 124",
  );
});

Deno.test("WsHub takes no unsubscribed from a client", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  ada.say({ type: "unsubscribed", channel: "chat", reason: "" });
  world.run();
  assertEquals(ada.socket!.closed?.code, CloseCode.ProtocolError);
});

Deno.test("WsHub ends a subscription that it denies when it is asked again", async () => {
  let isAllowed = true;
  const world = new World({ canSubscribe: () => isAllowed });
  const ada = await world.connect("ada");
  ada.subscribe("chat");
  world.run();
  isAllowed = false;
  ada.subscribe("chat");
  world.run();
  assertEquals(ada.controls.map(({ type }) => type), ["subscribed", "denied"]);
  assertEquals(world.hub.publish("chat", "1"), 0);
});

Deno.test("WsHub ends the subscriptions that a client may not have when it comes back", async () => {
  let roles: readonly string[] = ["judge"];
  const asked: string[] = [];
  const world = new World({
    authenticate: (request) => ({
      playerId: playerId(new URL(request.url).searchParams.get("name")!),
      displayName: "",
      roles,
    }),
    canSubscribe: ({ roles }, channel) => {
      asked.push(channel);
      return channel === "chat" || roles!.includes("judge");
    },
  });
  const [ada, bob] = [await world.connect("ada"), await world.connect("bob")];
  for (const channel of ["bench", "chat", "verdicts"]) ada.subscribe(channel);
  bob.subscribe("bench", 0, true);
  world.run();
  ada.cut();
  world.run(1);
  world.hub.publish("bench", "before");
  roles = [];
  const { length } = ada.controls;
  asked.length = 0;
  await world.connect("ada", ada);
  world.run();
  assertEquals(asked, ["bench", "chat", "verdicts"]);
  const reason = "not allowed";
  assertEquals(ada.controls.slice(length), [
    { type: "unsubscribed", channel: "bench", reason },
    { type: "unsubscribed", channel: "verdicts", reason },
  ]);
  const left = bob.controls.at(-1)!;
  assert(left.type === "presence" && left.change === "left");
  assertEquals(left.members.map(({ playerId }) => playerId), ["ada"]);
  for (const channel of ["bench", "chat"]) world.hub.publish(channel, "after");
  world.run();
  // What was published while it was allowed may still come.
  assertEquals(ada.messages.sort(), ["bench: before", "chat: after"]);
  const opened = ada.events.findLast(({ type }) => type === "opened");
  assertEquals(opened, { type: "opened", isResumed: true });
});

Deno.test("WsHub lets a client go for which canSubscribe throws, or that it removes, when it comes back", async () => {
  for (const reason of ["failed", "removed"] as const) {
    const cause = new Error("a bug of the game");
    let isBack = false;
    let calls = 0;
    const world: World = new World({
      canSubscribe: ({ playerId }) => {
        if (playerId !== "eve" || !isBack) return true;
        calls += 1;
        if (reason === "failed") throw cause;
        world.hub.remove(world.events[0]!.client);
        return false;
      },
    });
    const eve = await world.connect("eve");
    world.run(1);
    const ada = await world.connect("ada");
    for (const client of [eve, ada]) {
      client.subscribe("chat");
      client.subscribe("news");
    }
    world.run();
    for (const client of [eve, ada]) client.cut();
    world.run(1);
    isBack = true;
    await world.connect("eve", eve);
    await world.connect("ada", ada);
    world.run();
    world.hub.publish("news", "still here");
    world.run();
    assertEquals([ada.messages, eve.messages], [["news: still here"], []]);
    assertEquals([calls, eve.socket!.closed?.code], [1, CloseCode.Removed]);
    assertEquals(
      world.events.filter(({ type }) => type === "clientLeft")
        .map((event) => event.type === "clientLeft" && event.reason),
      [reason],
    );
    assertEquals(world.hub.clientCount, 1);
  }
});

Deno.test("WsHub takes in all messages of a client over few events at a time", async () => {
  const world = new World({ maxEvents: 2 });
  const ada = await world.connect("ada");
  world.run();
  const out = ada.session.openChannel("chat")!;
  for (let i = 0; i < 30; i++) ada.session.send(out, new Uint8Array([i]));
  world.run(40);
  const got = world.events.flatMap((event) =>
    event.type === "message" ? [event.bytes[0]] : []
  );
  assertEquals(got, Array.from({ length: 30 }, (_, i) => i));
});

Deno.test("WsHub takes in no more than 64 MiB that nobody drains", async () => {
  const world = new World({ rate: { perSecond: 1e6, burst: 1e6 } });
  world.isDrained = false;
  const clients: Client[] = [];
  const message = new Uint8Array(2 ** 18 - 32);
  for (let i = 0; i < 40; i++) {
    const client = await world.connect(`${i}`);
    const out = client.session.openChannel("chat")!;
    for (let j = 0; j < 12; j++) assert(client.session.send(out, message));
    clients.push(client);
  }
  // 120 MiB in all.
  world.run(60);
  let bytes = 0;
  const take = (): number => {
    const before = bytes;
    for (const event of world.hub.drainEvents()) {
      if (event.type === "message") bytes += event.bytes.length;
    }
    return (bytes - before) / 2 ** 20;
  };
  const first = take();
  assert(first > 63 && first < 65, `${first}`);
  world.run(60);
  take();
  assertEquals(bytes, 40 * 12 * message.length);
});

Deno.test("WsHub lets no more clients in than maxClients, but those that resume", async () => {
  const world = new World({ maxClients: 1 });
  const ada = await world.connect("ada");
  world.run();
  const bob = await world.connect("bob");
  world.run();
  assertEquals(bob.socket!.closed?.code, CloseCode.Full);
  ada.cut();
  world.run();
  await world.connect("ada", ada);
  world.run();
  assertEquals([ada.session.isOpen, world.hub.clientCount], [true, 1]);
});

Deno.test("WsHub keeps no more sessions away of an address than it may have sockets", async () => {
  const world = new World({ maxSocketsPerAddress: 3 });
  const ada = await world.connect("ada");
  world.run();
  for (let i = 0; i < 10; i++) {
    const eve = await world.connect(`eve${i}`);
    world.run();
    eve.cut();
    world.run(1);
  }
  assertEquals(world.hub.clientCount, 4);
  const left = world.events.flatMap((event) =>
    event.type === "clientLeft" ? [event.reason] : []
  );
  assertEquals(left, Array(7).fill("expired"));
  // Those that were there last can still come back.
  const last = world.clients.at(-3)!;
  await world.connect(last.name, last);
  world.run();
  const opened = last.events.findLast(({ type }) => type === "opened");
  assertEquals(opened, { type: "opened", isResumed: true });
  assertEquals(ada.socket!.closed, undefined);
});

Deno.test("WsHub forgets channels that nobody has used for channelIdleMs", async () => {
  const world = new World({ channelIdleMs: 2_000 });
  const channels = (): number =>
    [...world.hub.metrics()].find(({ name }) => name.endsWith("_channels"))!
      .value;
  const ada = await world.connect("ada");
  const historyOf = (channel: string): number => {
    const before = ada.messages.length;
    ada.subscribe(channel, 10);
    world.run();
    ada.say({ type: "unsubscribe", channel });
    world.run();
    return ada.messages.length - before;
  };
  world.hub.publish("old", "1");
  world.run(20);
  world.hub.publish("new", "1");
  world.run(25);
  assertEquals([historyOf("old"), historyOf("new")], [0, 1]);
  world.run(30);
  // Used in the meantime.
  assertEquals(historyOf("new"), 1);
  world.run(60);
  assertEquals(channels(), 0);
});

Deno.test("WsHub closes with the code for what is too large", async () => {
  const world = new World({ maxFrameBytes: 2_048, maxMessageBytes: 100 });
  const ada = await world.connect("ada");
  const bob = await world.connect("bob");
  world.run();
  ada.socket!.emit("message", { data: new ArrayBuffer(2_049) });
  const frame = new ByteWriter();
  const records = new RecordWriter(frame);
  records.open({ channel: 1, delivery: 0, priority: 0, name: "chat" });
  records.data(1, 0, 0, new Uint8Array(101), 0, 101);
  bob.socket!.emit("message", { data: frame.toBytes().buffer });
  world.hub.tick(0.05);
  const { TooLarge } = CloseCode;
  assertEquals([ada.socket!.closed?.code, bob.socket!.closed?.code], [
    TooLarge,
    TooLarge,
  ]);
});

Deno.test("WsHub keeps nothing of channels that strangers make up", async () => {
  const world = new World({
    maxChannels: 3,
    channel: (name) => ({ historyMessages: name === "kept" ? 1 : 0 }),
  });
  const ada = await world.connect("ada");
  world.run();
  world.hub.publish("kept", "1");
  for (let i = 0; i < 30; i++) {
    ada.session.send(ada.session.openChannel(`c${i}`)!, new Uint8Array(1));
  }
  world.run();
  ada.subscribe("kept", 1);
  world.run();
  assertEquals(ada.messages, ["kept: 1"]);
});

Deno.test("WsHub denies a subscription where maxChannels are subscribed, and else makes room", async () => {
  const world = new World({ maxChannels: 2 });
  const ada = await world.connect("ada");
  world.hub.publish("first", "1");
  world.hub.publish("second", "1");
  ada.subscribe("third", 1);
  world.run();
  ada.subscribe("second", 1);
  world.run();
  assertEquals(ada.messages, ["second: 1"]);
  ada.subscribe("fourth");
  world.run();
  assertEquals(ada.controls.at(-1), {
    type: "denied",
    request: 1,
    reason: "too many channels",
  });
});

Deno.test("WsHub tells who is there to clients that take small frames", async () => {
  const world = new World();
  for (let i = 0; i < 60; i++) {
    (await world.connect(`player-with-a-long-name-${i}`)).subscribe("room");
  }
  const small = new Client(world, "small");
  Object.defineProperty(small, "session", {
    value: new Session({
      role: "client",
      clock: world.clock,
      maxFrameBytes: 1_024,
    }),
  });
  await world.connect("small", small);
  small.subscribe("room", 0, true);
  world.run(20);
  const told = small.controls.flatMap((message) =>
    message.type === "presence" ? message.members : []
  );
  assertEquals(new Set(told.map(({ playerId }) => playerId)).size, 61);
});

Deno.test("WsHub shortens names that no presence message could hold", async () => {
  const world = new World({
    authenticate: () => ({
      playerId: "ada" as Identity["playerId"],
      displayName: "é".repeat(100),
    }),
  });
  const ada = await world.connect("ada");
  ada.subscribe("room", 0, true);
  world.run();
  const presence = ada.controls.find(({ type }) => type === "presence");
  assert(presence?.type === "presence");
  assertEquals(presence.members[0]!.displayName, "é".repeat(64));
});

Deno.test("WsHub tells a client where it may not send, at most once a second", async () => {
  const world = new World({
    canPublish: (_, channel) => !channel.startsWith("secret"),
    rate: { perSecond: 1_000, burst: 1_000 },
  });
  const ada = await world.connect("ada");
  world.run(2);
  const [secret, more] = [0, 1].map((i) =>
    ada.session.openChannel(`secret${i}`)!
  );
  const send = (id: number, request?: number): boolean =>
    ada.session.send(
      id,
      new Uint8Array(1),
      request === undefined ? {} : { request: 2 * request },
    );
  for (let i = 0; i < 10; i++) send(secret!);
  send(more!);
  for (const request of [7, 8]) send(secret!, request);
  world.run(6);
  const reason = "not allowed";
  assertEquals(ada.controls, [
    { type: "publishDenied", channel: "secret0", reason },
    { type: "publishDenied", channel: "secret1", reason },
    { type: "requestDenied", request: 7, reason },
    { type: "requestDenied", request: 8, reason },
  ]);
  for (let i = 0; i < 40; i++) {
    send(secret!);
    world.run(1);
  }
  assertEquals(ada.controls.length, 4 + 2);
  assertEquals(world.events.some(({ type }) => type === "message"), false);
  assertEquals(ada.socket!.closed, undefined);
});

Deno.test("WsHub sends the newest of the past that fit, and says how many do not", async () => {
  for (
    const [options, expected, omitted] of [
      [{}, ["0", "1", "2", "3", "4"], 0],
      [{ maxQueuedMessages: 3 }, ["2", "3", "4"], 2],
      [{ maxQueuedBytes: 2 }, ["3", "4"], 3],
      [{ maxQueuedMessages: 3, delivery: Delivery.AtMostOnce }, [
        "2",
        "3",
        "4",
      ], 2],
      [{ delivery: Delivery.LatestOnly }, ["4"], 4],
    ] as const
  ) {
    const world = new World({
      channel: () => ({ historyMessages: 5, ...options }),
    });
    for (let i = -1; i < 5; i++) world.hub.publish("chat", `${i}`);
    const ada = await world.connect("ada");
    ada.subscribe("chat", 10);
    world.run();
    assertEquals(ada.messages, expected.map((text) => `chat: ${text}`));
    assertEquals(ada.controls, [{
      type: "subscribed",
      request: 1,
      history: expected.length,
      omitted,
    }]);
    // It is not asked for a second time.
    ada.subscribe("chat", 10);
    world.run();
    assertEquals(ada.messages.length, expected.length);
    assertEquals(ada.controls.slice(1), [
      { type: "subscribed", request: 1, history: 0, omitted: 0 },
    ]);
  }
});

Deno.test("WsHub leaves out what is larger than a subscriber takes, and older", async () => {
  const world = new World();
  for (const length of [1, 2_000, 2]) {
    world.hub.publish("chat", "x".repeat(length));
  }
  const small = new Client(world, "small");
  Object.defineProperty(small, "session", {
    value: new Session({
      role: "client",
      clock: world.clock,
      maxMessageBytes: 1_000,
    }),
  });
  await world.connect("small", small);
  small.subscribe("chat", 10);
  world.run();
  assertEquals(small.messages, ["chat: xx"]);
  assertEquals(small.controls, [
    { type: "subscribed", request: 1, history: 1, omitted: 2 },
  ]);
});

/** What a client was told of who is there, one string for each message. */
function told(client: Client): string[] {
  return client.controls.flatMap((message) =>
    message.type === "presence"
      ? [
        `${message.change} ${
          message.members.map(({ displayName }) => displayName)
        }`,
      ]
      : []
  );
}

Deno.test("WsHub tells each watcher once a tick who came", async () => {
  const world = new World({ maxSocketsPerAddress: 1_000 });
  const watchers = [await world.connect("ada"), await world.connect("bob")];
  for (const watcher of watchers) watcher.subscribe("room", 0, true);
  world.run(2);
  for (let i = 0; i < 300; i++) {
    (await world.connect(`p${i}`)).subscribe("room");
  }
  world.run();
  for (const watcher of watchers) {
    const [, ...news] = watcher.controls.flatMap((message) =>
      message.type === "presence" ? [message] : []
    );
    assertEquals(news.map(({ change }) => change), ["joined", "joined"]);
    assertEquals(
      news.flatMap(({ members }) => members.map(({ playerId }) => playerId)),
      Array.from({ length: 300 }, (_, i) => `p${i}`),
    );
  }
});

Deno.test("WsHub tells nothing of who comes and goes within a tick", async () => {
  let name = "Bob";
  const world = new World({
    authenticate: (request) => ({
      playerId: playerId(new URL(request.url).searchParams.get("name")!),
      displayName: name,
    }),
  });
  const ada = await world.connect("ada");
  ada.subscribe("room", 0, true);
  world.run();
  const bob = await world.connect("bob");
  world.run();
  // There and away again; nobody has seen it.
  bob.subscribe("room");
  bob.say({ type: "unsubscribe", channel: "room" });
  world.run();
  assertEquals(told(ada), ["all Bob"]);
  bob.subscribe("room");
  world.run();
  // Away and there again, as the same.
  bob.say({ type: "unsubscribe", channel: "room" });
  bob.subscribe("room");
  world.run();
  assertEquals(told(ada), ["all Bob", "joined Bob"]);
  // And as somebody of another name.
  name = "Robert";
  const again = await world.connect("bob");
  world.run();
  bob.say({ type: "unsubscribe", channel: "room" });
  again.subscribe("room");
  world.run();
  assertEquals(told(ada).slice(2), ["left Bob", "joined Robert"]);
});

Deno.test("WsHub tells a new watcher all, and not those who came with it", async () => {
  const world = new World();
  const names = ["ada", "bob", "eve"];
  for (const name of names) {
    (await world.connect(name)).subscribe("room", 0, true);
  }
  world.run();
  const [ada, bob, eve] = world.clients as [Client, Client, Client];
  for (const client of [ada, bob, eve]) {
    assertEquals(told(client), ["all ADA,BOB,EVE"]);
  }
  bob.say({ type: "unsubscribe", channel: "room" });
  bob.subscribe("room", 0, true);
  eve.say({ type: "unsubscribe", channel: "room" });
  // All are told once a second.
  world.run(30);
  assertEquals(told(ada).slice(1), ["left EVE"]);
  assertEquals(told(bob).slice(1), ["all ADA,BOB"]);
  assertEquals(told(eve).slice(1), []);
});

Deno.test("WsHub tells a watcher that was behind anew who is there", async () => {
  const world = new World({ sendHighWaterBytes: 1 });
  const ada = await world.connect("ada");
  ada.subscribe("room", 0, true);
  const bob = await world.connect("bob");
  world.run();
  ada.socket!.bufferedAmount = 1e9;
  for (let i = 0; i < 1_001; i++) {
    if (i % 2 === 0) bob.subscribe("room");
    else bob.say({ type: "unsubscribe", channel: "room" });
    world.run(1);
  }
  ada.socket!.bufferedAmount = 0;
  world.run();
  assertEquals([ada.socket!.closed, bob.socket!.closed], [
    undefined,
    undefined,
  ]);
  const messages = told(ada);
  assert(messages.length < 100, `${messages.length}`);
  assertEquals(messages.at(-1), "all ADA,BOB");
});

/** A frame of as many messages of a byte as fit, on channel 1, which it opens. */
function manyRecords(): ArrayBuffer {
  const frame = new ByteWriter({ maxBytes: 65_536 });
  const records = new RecordWriter(frame);
  const { AtMostOnce: delivery } = Delivery;
  assert(records.open({ channel: 1, delivery, priority: 4, name: "x" }));
  while (records.data(1, 0, 0, new Uint8Array([7]), 0, 1));
  return frame.toBytes().buffer as ArrayBuffer;
}

Deno.test("WsHub.tick() takes in a bounded part of what a client sends, in order", async () => {
  const world = new World({
    rate: { perSecond: 1e9, burst: 1e9 },
    channel: () => ({}),
  });
  const [eve, ada] = [await world.connect("eve"), await world.connect("ada")];
  world.run();
  const messagesOf = (client: Client): number[] => {
    const id = world.clients.indexOf(client) + 1;
    return world.events.flatMap((event) =>
      event.type === "message" && event.client === id ? [event.bytes[0]!] : []
    );
  };
  // Few frames of many records, then many frames.
  const tiny = manyRecords();
  const records = (tiny.byteLength - 6) / 4;
  for (let i = 0; i < 2; i++) eve.socket!.emit("message", { data: tiny });
  const frame = new ByteWriter();
  for (let i = 0; i < 300; i++) {
    frame.reset();
    new RecordWriter(frame).data(1, 0, 0, new Uint8Array([i]), 0, 1);
    eve.socket!.emit("message", { data: frame.toBytes().buffer });
  }
  const out = ada.session.openChannel("chat")!;
  ada.session.send(out, new Uint8Array([1]));
  let before = 0;
  for (let ticks = 1; messagesOf(eve).length < 2 * records + 300; ticks++) {
    world.run(1);
    const { length } = messagesOf(eve);
    assert(length - before <= 1_024, `${length - before} at once`);
    before = length;
    if (ticks === 1) assertEquals(messagesOf(ada), [1]);
    assert(ticks < 100, `${length} in 100 ticks`);
  }
  assertEquals(
    messagesOf(eve),
    [
      ...Array(2 * records).fill(7),
      ...Array.from({ length: 300 }, (_, i) => i % 256),
    ],
  );
  assertEquals(eve.socket!.closed, undefined);
});

Deno.test("WsHub takes in all that came before a socket's end", async () => {
  const world = new World({
    rate: { perSecond: 1e9, burst: 1e9 },
    channel: () => ({}),
  });
  const eve = await world.connect("eve");
  world.run();
  const tiny = manyRecords();
  eve.socket!.emit("message", { data: tiny });
  eve.cut();
  world.run(20);
  const types = world.events.map(({ type }) => type);
  assertEquals(types.slice(0, 2), ["clientConnected", "message"]);
  assert(types.indexOf("clientDisconnected") > 10_000);
  assertEquals(types.length, 2 + (tiny.byteLength - 6) / 4);
});

Deno.test("WsHub.publish() refuses what no client could get", () => {
  const { hub } = new World({ maxMessageBytes: 10 });
  assertThrows(() => hub.publish("", "1"), RangeError, "1 to 128 bytes");
  assertThrows(() => hub.publish("é".repeat(65), "1"), RangeError);
  assertThrows(() => hub.publish("a", "12345678901"), RangeError, "<= 10");
  assertEquals(hub.publish("é".repeat(64), "1234567890"), 0);
});

Deno.test("WsHub refuses options that are out of their range", () => {
  for (
    const options of [
      { maxSockets: 0 },
      { maxClients: NaN },
      { maxChannels: 1.5 },
      { channelIdleMs: -1 },
      { maxEvents: 1e9 },
      { keepaliveMs: -1 },
      { keepaliveMs: 2 ** 31 },
      { resumeWindowMs: -1 },
      { maxReplayAgeMs: 0 },
      { maxFrameBytes: 1 },
      { rate: { perSecond: 1, burst: 0 } },
    ] satisfies Partial<WsHubOptions>[]
  ) {
    const [name] = Object.keys(options);
    assertThrows(
      () => new World(options),
      RangeError,
      name === "rate" ? "" : name,
    );
  }
  assertEquals(new World({ keepaliveMs: 0 }).hub.clientCount, 0);
});

Deno.test("WsHub.metrics() tells what went in and out, and what did not", async () => {
  const world = new World({
    allowedOrigins: ["https://game.test"],
    canPublish: (_, channel) => channel !== "secret",
  });
  await world.request(undefined);
  await world.request("eve", { origin: "https://evil.test" });
  const ada = await world.connect("ada");
  const bob = await world.connect("bob");
  for (const client of [ada, bob]) client.subscribe("chat");
  world.run();
  for (const channel of ["chat", "secret"]) {
    ada.session.send(ada.session.openChannel(channel)!, new Uint8Array(100));
  }
  world.run();
  bob.cut();
  world.run(2);
  await world.connect("bob", bob);
  world.run(2);
  world.hub.remove(2 as Parameters<typeof world.hub.remove>[0]);
  const text = renderOpenMetrics(world.hub.metrics());
  const valueOf = (sample: string): number => {
    const line = text.split("\n").find((one) => one.startsWith(`${sample} `));
    assert(line !== undefined, sample);
    return Number(line.slice(sample.length));
  };
  for (
    const [sample, value] of Object.entries({
      sockets: 1,
      clients: 1,
      channels: 1,
      'messages_total{direction="in"}': 2,
      'messages_total{direction="out"}': 2,
      'dropped_messages_total{reason="notAllowed"}': 1,
      'refused_total{reason="unauthorized"}': 1,
      'refused_total{reason="origin"}': 1,
      'refused_total{reason="address"}': 0,
      'clients_left_total{reason="removed"}': 1,
      resumes_total: 1,
    })
  ) assertEquals(valueOf(`tickwire_hub_${sample}`), value, sample);
  for (const direction of ["in", "out"]) {
    const frames = valueOf(
      `tickwire_hub_frames_total{direction="${direction}"}`,
    );
    const bytes = valueOf(`tickwire_hub_bytes_total{direction="${direction}"}`);
    assert(frames > 0 && bytes > frames + 100, `${direction} ${bytes}`);
  }
});

Deno.test("WsHub survives a client that counts to the end of all numbers", async () => {
  const world = new World();
  const [eve, ada] = [await world.connect("eve"), await world.connect("ada")];
  ada.subscribe("news");
  world.run();
  const frame = new ByteWriter();
  const records = new RecordWriter(frame);
  assert(records.gap(1, Number.MAX_SAFE_INTEGER));
  assert(records.control(new Uint8Array([1])));
  eve.socket!.emit("message", { data: frame.toBytes().buffer });
  world.run();
  assertEquals(eve.socket!.closed?.code, CloseCode.ProtocolError);
  world.hub.publish("news", "still here");
  world.run();
  assertEquals(ada.messages, ["news: still here"]);
});

Deno.test("WsHub.flush() sends what came of a tick, and leaves the next one nothing", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  ada.subscribe("news");
  world.run();
  const framesOf = (act: () => void): number => {
    const before = ada.socket!.sent.length;
    act();
    return ada.socket!.sent.length - before;
  };
  world.hub.publish("news", "1");
  assertEquals(framesOf(() => world.hub.flush()), 1);
  assertEquals(framesOf(() => world.hub.flush()), 0);
  world.hub.publish("news", "2");
  assertEquals(framesOf(() => world.hub.tick(0.016)), 0);
  assertEquals(framesOf(() => world.hub.tick(0.016)), 1);
  world.run();
  assertEquals(ada.messages, ["news: 1", "news: 2"]);
});

Deno.test("WsHub.reply() keeps few channels for who makes up their names, and no past goes", async () => {
  const world = new World({
    maxChannels: 3,
    rate: { perSecond: 1e6, burst: 1e6 },
  });
  const ada = await world.connect("ada");
  world.run();
  world.hub.publish("kept", "1");
  for (let i = 0; i < 300; i++) {
    const channel = `c${i}`;
    const id = ada.session.openChannel(channel)!;
    ada.session.send(id, new Uint8Array(1), { request: 2 * i });
    ada.session.shutChannel(id);
    world.run(1);
    for (const event of world.events.splice(0)) {
      if (event.type !== "message") continue;
      assert(world.hub.reply(event.client, channel, event.request!, "yes"));
    }
  }
  world.run();
  assertEquals([ada.messages.length, ada.socket!.closed], [300, undefined]);
  ada.subscribe("kept", 1);
  world.run();
  assertEquals(ada.messages.at(-1), "kept: 1");
});

Deno.test("WsHub.sendTo() opens no more channels in a tick than a client takes", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  world.run();
  const [connected] = world.events;
  assert(connected?.type === "clientConnected");
  let accepted = 0;
  for (let i = 0; i < 200; i++) {
    if (world.hub.sendTo(connected.client, `c${i}`, "x")) accepted += 1;
  }
  assertEquals(accepted, 64);
  world.run();
  assertEquals([ada.messages.length, ada.socket!.closed], [64, undefined]);
});

Deno.test("WsHub.handler lets nobody in whose identity is none", async () => {
  for (
    const identity of [
      { playerId: "x".repeat(65) },
      { playerId: "" },
      { playerId: 7 },
      { playerId: "ada", displayName: 7 },
      {},
      true,
      null,
    ]
  ) {
    const world = new World({ authenticate: () => identity as never });
    assertEquals((await world.request("ada")).status, 503);
    assertEquals(world.hub.socketCount, 0);
  }
});

Deno.test("WsHub refuses the options of a channel that are out of their range", async () => {
  for (
    const options of [
      { delivery: 3 as Delivery },
      { priority: 8 },
      { historyMessages: Infinity },
      { historyMessages: NaN },
      { maxQueuedMessages: 0 },
      { maxQueuedBytes: 0.5 },
      { slow: "wait" as "drop" },
    ]
  ) {
    const world = new World({
      channel: (name) => name === "wrong" ? options : {},
    });
    const [option] = Object.keys(options);
    assertThrows(() => world.hub.publish("wrong", "x"), Error, option!);
    const eve = await world.connect("eve");
    eve.subscribe("wrong");
    world.run();
    const left = world.events.at(-1)!;
    assert(left.type === "clientLeft" && left.reason === "failed");
  }
});

Deno.test("WsHub hears nothing more of a client that canSubscribe or canPublish removes", async () => {
  const removed = new Set<string>();
  const removeEve = ({ playerId }: Identity): boolean => {
    if (playerId !== "eve") return true;
    for (const event of world.events) {
      if (
        event.type === "clientConnected" && event.identity.playerId === playerId
      ) world.hub.remove(event.client);
    }
    removed.add(playerId);
    return true;
  };
  const world: World = new World({
    canSubscribe: removeEve,
    canPublish: removeEve,
  });
  const ada = await world.connect("ada");
  ada.subscribe("chat", 0, true);
  for (const isSaid of [false, true]) {
    removed.clear();
    const eve = await world.connect("eve");
    world.run();
    if (isSaid) {
      const out = eve.session.openChannel("chat")!;
      eve.session.send(out, new Uint8Array(1));
    } else eve.subscribe("chat");
    world.run();
    assertEquals([...removed], ["eve"]);
    assertEquals(world.events.at(-1)!.type, "clientLeft");
    assertEquals(world.hub.publish("chat", "x"), 1);
  }
  world.run();
  const presence = ada.controls.filter(({ type }) => type === "presence");
  assertEquals(presence.length, 1);
});

Deno.test("WsHub begins a session anew where a hello cannot go on with it", async () => {
  const world = new World({ deflateMinBytes: 1_000 });
  const hello = {
    minVersion: 1,
    maxVersion: 1,
    canDeflate: true,
    session: undefined,
    received: 0,
    maxFrameBytes: 65_536,
    maxMessageBytes: 1_048_576,
    windowBytes: 262_144,
  };
  const welcome = async (said: Hello): Promise<Welcome> => {
    const socket = await world.connectSocket("ada");
    const frame = new ByteWriter();
    new RecordWriter(frame).hello(said);
    socket.emit("message", { data: frame.toBytes().buffer });
    world.run(1);
    let found: Welcome | undefined;
    const sink = new Proxy({}, {
      get: (_, name) => (record: Welcome) => {
        if (name === "welcome") found = record;
        return true;
      },
    }) as RecordSink;
    assertEquals(new RecordReader().read(socket.sent[0]!, sink), undefined);
    return found!;
  };
  const { session } = await welcome(hello);
  for (
    const change of [
      { maxFrameBytes: 65_535 },
      { maxMessageBytes: 1_048_575 },
      { canDeflate: false },
      { received: 1 },
    ]
  ) {
    const { isResumed, session: other } = await welcome({
      ...hello,
      session,
      ...change,
    });
    assertEquals(isResumed, false);
    assert(other.join() !== session.join());
  }
  assertEquals((await welcome({ ...hello, session })).isResumed, true);
});

Deno.test("WsHub tells anew who is there to who asks again, once a second", async () => {
  const world = new World();
  const ada = await world.connect("ada");
  const lists = (): number =>
    ada.controls.filter((message) =>
      message.type === "presence" && message.change === "all"
    ).length;
  ada.subscribe("room", 0, true);
  world.run();
  assertEquals(lists(), 1);
  // A gap may have had what it was told.
  for (let i = 0; i < 30; i++) {
    ada.subscribe("room", 0, true);
    world.run(1);
  }
  const seconds = 30 * 0.05;
  assert(lists() >= 2 && lists() <= 2 + seconds, `${lists()}`);
  world.run(30);
  const bob = await world.connect("bob");
  bob.subscribe("room");
  world.run();
  const last = ada.controls.at(-1);
  assert(last?.type === "presence" && last.change === "joined");
});

import { assert, assertEquals } from "@std/assert";
import { type Identity, ManualClock, playerId } from "../../core/mod.ts";
import {
  type ControlMessage,
  decodeControl,
  encodeControl,
} from "../mux/control_message.ts";
import { CloseCode, Delivery } from "../mux/record.ts";
import { Session } from "../mux/session.ts";
import type { SessionEvent } from "../mux/session_event.ts";
import type { WebSocketLike } from "../web_socket_like.ts";
import { type HandlerInfo, WsHub } from "./hub.ts";
import type { WsHubEvent } from "./hub_event.ts";
import type { WsHubOptions } from "./hub_options.ts";

/** The hub's end of a socket that exists in memory alone. */
class FakeSocket implements WebSocketLike {
  binaryType = "blob";
  readyState = 1;
  bufferedAmount = 0;
  readonly protocol = "";
  readonly sent: Uint8Array[] = [];
  closed: { code: number | undefined; reason: string | undefined } | undefined;
  readonly #listeners = new Map<string, (event: never) => void>();

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, listener);
  }

  send(data: string | Uint8Array): void {
    assert(typeof data !== "string");
    this.sent.push(data.slice());
  }

  close(code?: number, reason?: string): void {
    this.closed ??= { code, reason };
    this.readyState = 3;
  }

  /** What the client does. */
  emit(type: string, event: object = {}): void {
    this.#listeners.get(type)?.(event as never);
  }
}

/** A client of the hub, without the part that connects again. */
class Client {
  readonly session: Session;
  readonly name: string;
  socket: FakeSocket | undefined;
  readonly events: SessionEvent[] = [];

  constructor(world: World, name: string) {
    this.name = name;
    this.session = new Session({ role: "client", clock: world.clock });
  }

  get messages(): string[] {
    return this.events.flatMap((event) =>
      event.type === "message"
        ? [`${event.channel}: ${new TextDecoder().decode(event.bytes)}`]
        : []
    );
  }

  get controls(): ControlMessage[] {
    return this.events.flatMap((event) =>
      event.type === "control" ? [decodeControl(event.bytes)!] : []
    );
  }

  say(message: ControlMessage): void {
    assert(this.session.control(encodeControl(message)));
  }

  subscribe(channel: string, history = 0, withPresence = false): void {
    this.say({ type: "subscribe", request: 1, channel, history, withPresence });
  }

  cut(): void {
    this.socket!.readyState = 3;
    this.socket!.emit("close", { code: 1006 });
    this.socket = undefined;
    this.session.detach();
  }
}

class World {
  readonly clock = new ManualClock();
  readonly hub: WsHub;
  readonly clients: Client[] = [];
  readonly events: WsHubEvent[] = [];
  #upgraded: FakeSocket | undefined;

  constructor(options: Partial<WsHubOptions> = {}) {
    this.hub = new WsHub({
      clock: this.clock,
      upgrade: () => {
        this.#upgraded = new FakeSocket();
        return { socket: this.#upgraded, response: new Response(null) };
      },
      authenticate: (request) => {
        const name = new URL(request.url).searchParams.get("name");
        return name === null
          ? undefined
          : { playerId: playerId(name), displayName: name.toUpperCase() };
      },
      channel: () => ({ isRelayed: true, historyMessages: 3 }),
      ...options,
    });
  }

  request(
    name: string | undefined,
    headers: Record<string, string> = {},
    info?: HandlerInfo,
  ): Promise<Response> {
    const query = name === undefined ? "" : `?name=${name}`;
    return this.hub.handler(
      new Request(`http://hub.test/${query}`, {
        headers: { upgrade: "websocket", ...headers },
      }),
      info,
    );
  }

  async connect(
    name: string,
    client = new Client(this, name),
  ): Promise<Client> {
    await this.request(name);
    client.socket = this.#upgraded!;
    client.session.attach();
    if (!this.clients.includes(client)) this.clients.push(client);
    return client;
  }

  run(ticks = 6): void {
    for (let i = 0; i < ticks; i++) {
      for (const { session, socket } of this.clients) {
        session.tick(0.05);
        if (socket === undefined) continue;
        for (
          let frame = session.nextFrame();
          frame;
          frame = session.nextFrame()
        ) {
          socket.emit("message", { data: frame.slice().buffer });
        }
      }
      this.clock.advance(50);
      this.hub.tick(0.05);
      this.events.push(...this.hub.drainEvents());
      for (const { session, socket, events } of this.clients) {
        for (const frame of socket?.sent.splice(0) ?? []) {
          assertEquals(session.receive(frame), undefined);
        }
        for (let event = session.poll(); event; event = session.poll()) {
          events.push(event);
        }
      }
    }
  }
}

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
    { type: "subscribed", request: 1 },
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

Deno.test("WsHub denies, limits and removes", async () => {
  const world = new World({
    canSubscribe: (_, channel) => channel !== "secret",
    rate: { perSecond: 1, burst: 5 },
  });
  const ada = await world.connect("ada");
  ada.subscribe("secret");
  world.run();
  assertEquals(ada.controls, [
    { type: "denied", request: 1, reason: "not allowed" },
  ]);
  const out = ada.session.openChannel("chat")!;
  for (let i = 0; i < 20; i++) ada.session.send(out, new Uint8Array(1));
  world.run();
  assertEquals(ada.socket!.closed?.code, CloseCode.RateLimited);
  assertEquals(world.events.filter(({ type }) => type === "message").length, 5);
});

Deno.test("WsHub removes a subscriber that takes nothing, and keeps the others", async () => {
  const world = new World({
    channel: () => ({ maxQueuedMessages: 10, maxQueuedBytes: 20_000 }),
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
  assertEquals(codes, [HandshakeTimeout, ...Array(4).fill(ProtocolError)]);
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

// The hub and clients that speak JSON text: section 7 of `PROTOCOL.md`.
import { assert, assertEquals } from "@std/assert";
import { renderOpenMetrics } from "../../core/mod.ts";
import { CloseCode } from "../mux/record.ts";
import { utf8Length } from "../../protocol/mod.ts";
import { type FakeSocket, World } from "./_testing/hub_world.ts";
import type { WsHubOptions } from "./hub_options.ts";

/** A record, as whoever types it sees it. */
// deno-lint-ignore no-explicit-any
type Shown = Record<string, any>;

/** Somebody who types. */
class Typist {
  readonly world: World;
  readonly socket: FakeSocket;

  constructor(world: World, socket: FakeSocket) {
    this.world = world;
    this.socket = socket;
  }

  static async connect(world: World, name: string): Promise<Typist> {
    return new Typist(world, await world.connectSocket(name));
  }

  /** What comes back for a text, within a few ticks. */
  type(text: string): Shown[] {
    this.socket.emit("message", { data: text });
    return this.wait();
  }

  say(...records: Shown[]): Shown[] {
    return this.type(JSON.stringify(records));
  }

  wait(ticks = 6): Shown[] {
    this.world.run(ticks);
    assertEquals(this.socket.sent, [], "nothing but text is sent");
    return this.socket.sentTexts.splice(0).flatMap((text) => JSON.parse(text));
  }

  cut(): void {
    this.socket.readyState = 3;
    this.socket.emit("close", { code: 1006 });
  }
}

function worldOf(options: Partial<WsHubOptions> = {}): World {
  return new World({ allowText: true, ...options });
}

function ofType(records: readonly Shown[], type: string): Shown[] {
  return records.filter((record) => record.type === type);
}

const SUBSCRIBE = {
  type: "control",
  message: { type: "subscribe", channel: "chat", history: 10 },
};
const OPEN = { type: "open", channel: 1, name: "chat" };

Deno.test("WsHub talks to who types as to any client", async () => {
  const world = worldOf();
  const ada = await world.connect("ada");
  ada.subscribe("chat", 0, true);
  world.run();
  const bob = await Typist.connect(world, "bob");
  const [welcome, ...none] = bob.type('[{"type":"hello"}]');
  assertEquals(none, []);
  assertEquals(typeof welcome!.session, "string");
  assertEquals([welcome!.type, welcome!.version, welcome!.received], [
    "welcome",
    1,
    0,
  ]);
  assertEquals(bob.say(SUBSCRIBE), [
    {
      type: "control",
      message: { type: "subscribed", request: 0, history: 0, omitted: 0 },
    },
    { type: "ack", received: 1 },
  ]);
  const said = bob.say(OPEN, { type: "data", channel: 1, text: "hé 😀" });
  assertEquals(ofType(said, "data"), [
    { type: "data", channel: 1, text: "hé 😀" },
  ]);
  assertEquals(ofType(said, "open").map(({ name }) => name), ["chat"]);
  assertEquals(ada.messages, ["chat: hé 😀"]);
  assertEquals(ada.controls.at(-1), {
    type: "presence",
    channel: "chat",
    change: "joined",
    members: [{ playerId: "bob", displayName: "BOB" }],
  });
  world.hub.publish("chat", Uint8Array.of(0, 255));
  assertEquals(ofType(bob.wait(), "data"), [
    { type: "data", channel: 1, bytes: "AP8=" },
  ]);
  assertEquals(bob.say({ type: "ping", bytes: "AQI=" }), [
    // It waited for the hub's tick.
    { type: "pong", bytes: "AQI=", heldUs: 50_000 },
  ]);
});

Deno.test("WsHub goes on with a text client's session, and sends again what it has not", async () => {
  const world = worldOf();
  const first = await Typist.connect(world, "ada");
  const [{ session } = {}] = first.say({ type: "hello" });
  first.say(SUBSCRIBE);
  world.hub.publish("chat", "1");
  assertEquals(ofType(first.wait(), "data").map(({ text }) => text), ["1"]);
  first.cut();
  world.run();
  world.hub.publish("chat", "2");
  const second = await Typist.connect(world, "ada");
  // Of what the hub has sent: subscribed, and the first message.
  const back = second.say({ type: "hello", session, received: 2 });
  assertEquals(back[0]!.isResumed, true);
  assertEquals([back[0]!.session, back[0]!.received], [session, 1]);
  assertEquals(ofType(back, "data").map(({ text }) => text), ["2"]);
  assertEquals(world.hub.clientCount, 1);
});

Deno.test("WsHub knows a session in no other form than that in which it began", async () => {
  const world = worldOf();
  const ada = await world.connect("ada");
  world.run();
  const session = btoa(String.fromCharCode(...ada.session.sessionId!));
  const typist = await Typist.connect(world, "ada");
  const [welcome] = typist.say({ type: "hello", session });
  assertEquals(welcome!.isResumed, undefined);
  assert(welcome!.session !== session);
  assertEquals(world.hub.clientCount, 2);
});

Deno.test("WsHub refuses text where it is not allowed, and a mix of forms", async () => {
  const closed = async (
    world: World,
    ...messages: (string | Uint8Array<ArrayBuffer>)[]
  ): Promise<unknown> => {
    const socket = await world.connectSocket("ada");
    for (const message of messages) {
      const data = typeof message === "string" ? message : message.buffer;
      socket.emit("message", { data });
      world.run(2);
    }
    return socket.closed;
  };
  const hello = '[{"type":"hello"}]';
  const binary = Uint8Array.of(1, 1, 1, 0, 0, 0, 128, 8, 1, 0);
  const code = CloseCode.ProtocolError;
  assertEquals(await closed(new World(), hello), {
    code,
    reason: "text is not allowed",
  });
  assertEquals(await closed(new World(), binary), undefined);
  assertEquals(await closed(worldOf(), hello), undefined);
  assertEquals(await closed(worldOf(), hello, Uint8Array.of(6, 0)), {
    code,
    reason: "bytes after text",
  });
  assertEquals(await closed(worldOf(), binary, '[{"type":"ack"}]'), {
    code,
    reason: "text after bytes",
  });
});

Deno.test("WsHub tells who types what is wrong", async () => {
  const cases: [text: string, code: CloseCode, reason: string][] = [
    [
      '[{"type":"ack"},{"type":"data","chanel":1}]',
      CloseCode.ProtocolError,
      'record 2: data: unknown property "chanel"',
    ],
    ["[]", CloseCode.ProtocolError, "no record"],
    [
      '[{"type":"data","channel":1,"text":"a"}]',
      CloseCode.ProtocolError,
      "unknownChannel",
    ],
    [
      `[{"type":"ping","bytes":"${" ".repeat(4_096)}"}]`,
      CloseCode.TooLarge,
      "longer than 4096 bytes",
    ],
  ];
  for (const [text, code, reason] of cases) {
    const world = worldOf({ maxFrameBytes: 4_096 });
    const ada = await Typist.connect(world, "ada");
    ada.say({ type: "hello" });
    ada.type(text);
    assertEquals(ada.socket.closed, { code, reason });
  }
  // What is right before it counts, as it came in a message of its own.
  const world = worldOf();
  const ada = await Typist.connect(world, "ada");
  ada.say({ type: "hello" });
  ada.socket.emit("message", { data: JSON.stringify([OPEN]) });
  ada.socket.emit("message", {
    data: '[{"type":"data","channel":1,"text":"last words"}]',
  });
  ada.type("[{");
  assertEquals(ada.socket.closed?.code, CloseCode.ProtocolError);
  assert((ada.socket.closed?.reason ?? "").length > 0);
  assert(utf8Length(ada.socket.closed?.reason ?? "") <= 123);
  assertEquals(ofType(world.events, "message").length, 1);
});

Deno.test("WsHub takes a first text of no more than 1024 bytes, and nothing but a hello", async () => {
  const cases: [text: string, closed: unknown][] = [
    [`[{"type":"hello"}]${" ".repeat(1_006)}`, undefined],
    [`[{"type":"hello"}]${" ".repeat(1_007)}`, {
      code: CloseCode.TooLarge,
      reason: "longer than 1024 bytes",
    }],
    ['[{"type":"hello"},{"type":"ack"}]', {
      code: CloseCode.ProtocolError,
      reason: "the first frame must be a hello",
    }],
    ['[{"type":"hallo"}]', {
      code: CloseCode.ProtocolError,
      reason: "record 1: hallo: there is no such type",
    }],
  ];
  for (const [text, closed] of cases) {
    const world = worldOf();
    const ada = await Typist.connect(world, "ada");
    ada.type(text);
    assertEquals(ada.socket.closed, closed);
  }
});

Deno.test("WsHub sends no text that is longer than the client takes", async () => {
  for (const maxFrameBytes of [1_024, 1_500, 65_536]) {
    const world = worldOf();
    const ada = await Typist.connect(world, "ada");
    ada.say({ type: "hello", maxFrameBytes });
    ada.say({
      type: "control",
      message: { type: "subscribe", channel: "chat", withPresence: true },
    });
    const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => i);
    world.hub.publish("chat", bytes);
    // The characters that are the longest in JSON, and many small records.
    world.hub.publish("chat", "\0".repeat(3_000));
    for (let i = 0; i < 100; i++) world.hub.publish("chat", `${i}`);
    world.run(100);
    const texts = ada.socket.sentTexts.splice(0);
    for (const text of texts) {
      assert(utf8Length(text) <= maxFrameBytes, `${utf8Length(text)}`);
    }
    const messages: string[] = [];
    let whole = "";
    for (const record of ofType(texts.flatMap((t) => JSON.parse(t)), "data")) {
      whole += typeof record.text === "string"
        ? record.text
        : atob(record.bytes);
      if (record.more) continue;
      messages.push(whole);
      whole = "";
    }
    assertEquals(messages.length, 102);
    assertEquals(messages[0], String.fromCharCode(...bytes));
    assertEquals(messages[1], "\0".repeat(3_000));
    assertEquals(messages.at(-1), "99");
  }
});

Deno.test("WsHub waits for who types, and bounds what waits of it", async () => {
  const world = worldOf({ keepaliveMs: 1_000 });
  const ada = await Typist.connect(world, "ada");
  const binary = await world.connect("bob");
  ada.say({ type: "hello" });
  world.clients.splice(0); // bob says nothing any more
  assertEquals(ada.wait(400), []);
  assertEquals(ada.socket.closed, undefined);
  assertEquals(binary.socket!.closed?.code, CloseCode.KeepaliveTimeout);

  const text = JSON.stringify([
    { type: "ping", bytes: "" },
  ]).padEnd(60_000);
  for (let i = 0; i < 80; i++) ada.socket.emit("message", { data: text });
  world.run();
  assertEquals(ada.socket.closed, {
    code: CloseCode.RateLimited,
    reason: "flood",
  });
});

Deno.test("WsHub.metrics() counts the bytes of texts", async () => {
  const world = worldOf();
  const ada = await Typist.connect(world, "ada");
  const hello = '[{"type":"hello"}]';
  ada.socket.emit("message", { data: hello });
  world.run();
  const [welcome] = ada.socket.sentTexts;
  const metrics = renderOpenMetrics(world.hub.metrics()).split("\n");
  for (
    const line of [
      `tickwire_hub_bytes_total{direction="in"} ${hello.length}`,
      `tickwire_hub_bytes_total{direction="out"} ${welcome!.length}`,
      'tickwire_hub_frames_total{direction="in"} 1',
      'tickwire_hub_frames_total{direction="out"} 1',
    ]
  ) assert(metrics.includes(line), line);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { ManualClock, SeededRandom } from "../core/mod.ts";
import { FakeNetwork } from "./_testing/fake_web_socket.ts";
import { WsClient } from "./client.ts";
import type { WsClientOptions } from "./client_options.ts";
import type { WsEvent } from "./event.ts";
import { WsMessage } from "./message.ts";
import { WsState } from "./state.ts";

function setUp(options: Partial<WsClientOptions> = {}) {
  const network = new FakeNetwork();
  const clock = new ManualClock();
  const client = new WsClient({
    url: "ws://game.test/",
    webSocket: network.webSocket,
    clock,
    random: new SeededRandom(1),
    ...options,
  });
  const tick = (seconds = 0): WsEvent[] => {
    clock.advance(seconds * 1_000);
    client.tick(seconds);
    return [...client.drainEvents()];
  };
  const connect = (): WsEvent[] => {
    client.connect();
    tick();
    network.last.open();
    return tick();
  };
  /** Ticks in frames until the next socket is made. */
  const untilNextSocket = (): WsEvent[] => {
    const before = network.sockets.length;
    const events: WsEvent[] = [];
    for (let i = 0; network.sockets.length === before; i++) {
      assert(i < 4_000, "no new socket");
      events.push(...tick(0.016));
    }
    return events;
  };
  return { network, clock, client, tick, connect, untilNextSocket };
}

const types = (events: WsEvent[]): string[] => events.map(({ type }) => type);
const reasons = (events: WsEvent[]): string[] =>
  events.flatMap((event) => event.type === "error" ? [event.reason] : []);
const disconnected = (events: WsEvent[]) =>
  events.find((event) => event.type === "disconnected");
const settle = async (): Promise<void> => {
  for (let i = 0; i < 10; i++) await undefined;
};

Deno.test("WsClient goes through its states", () => {
  const { network, client, tick } = setUp({ protocols: ["game"] });
  assertEquals(client.state, WsState.Disconnected);
  tick(1);
  assertEquals(network.sockets.length, 0);
  client.connect();
  assertEquals(client.state, WsState.Connecting);
  tick();
  assertEquals(client.state, WsState.Handshaking);
  assertEquals(network.last.url, "ws://game.test/");
  assertEquals(network.last.protocols, ["game"]);
  assertEquals(network.last.binaryType, "arraybuffer");
  network.last.open("game");
  assertEquals(client.state, WsState.Handshaking, "nothing between ticks");
  assertEquals(tick(), [{ type: "connected" }]);
  assert(client.isConnected);
  tick(2);
  assertEquals(client.uptime, 2);
  network.last.end(1001, "restart");
  const events = tick();
  assertEquals(events[0], {
    type: "disconnected",
    code: 1001,
    reason: "restart",
    willReconnect: true,
  });
  assertEquals(types(events), ["disconnected", "reconnecting"]);
  assertEquals(client.state, WsState.ReconnectBackoff);
  assertEquals(client.uptime, 0);
  client.close();
  assertEquals(client.state, WsState.Closed);
  assertEquals(tick(60), [{
    type: "disconnected",
    code: 1000,
    reason: "",
    willReconnect: false,
  }]);
  assertEquals(network.sockets.length, 1);
});

Deno.test("WsClient hands out text and bytes in order, the end last", () => {
  const { network, client, connect, tick } = setUp();
  connect();
  const bytes = new Uint8Array([1, 2, 3]);
  network.last.message("hé");
  network.last.message(bytes);
  network.last.fire("message", { data: bytes });
  network.last.end(1000, "bye");
  bytes.fill(9);
  const events = tick();
  assertEquals(events.slice(0, 3), [
    { type: "message", message: WsMessage.text("hé"), channel: undefined },
    {
      type: "message",
      message: WsMessage.binary(new Uint8Array([1, 2, 3])),
      channel: undefined,
    },
    {
      type: "message",
      message: WsMessage.binary(new Uint8Array([1, 2, 3])),
      channel: undefined,
    },
  ]);
  assertEquals(types(events.slice(3)), ["disconnected", "reconnecting"]);
  assertEquals(client.messagesReceived, 3);
  assertEquals(client.bytesReceived, 9);
  assertEquals(client.stats.undrainedMessages, 0);
});

Deno.test("WsClient.send() sends at once where it can", () => {
  const { network, client, connect } = setUp();
  connect();
  const bytes = new Uint8Array([1, 2]);
  assert(client.send("é"));
  assert(client.send(bytes));
  assert(client.send(WsMessage.text("x")));
  assert(client.send(WsMessage.binary(bytes)));
  assertEquals(network.last.sent, ["é", bytes, "x", bytes]);
  assertEquals(client.messagesSent, 4);
  assertEquals(client.bytesSent, 7);
  assertEquals(client.pendingOutbound, 0);
});

Deno.test("WsClient.send() queues copies while there is no connection", () => {
  const { network, client, connect, tick, untilNextSocket } = setUp();
  const bytes = new Uint8Array([1]);
  assert(client.send(bytes));
  bytes[0] = 2;
  connect();
  assertEquals(network.last.sent, [new Uint8Array([1])]);
  network.last.end(0);
  assert(client.send("lost in the socket?"), "the end is not taken yet");
  assertEquals(network.last.sent.length, 1, "a closed socket gets nothing");
  assertEquals(client.pendingOutbound, 1);
  tick();
  untilNextSocket();
  network.last.open();
  tick();
  assertEquals(network.last.sent, ["lost in the socket?"]);
  assertEquals(client.stats.reconnects, 1);
});

Deno.test("WsClient.send() keeps bytes here when the socket is full", () => {
  const { network, client, connect, tick } = setUp();
  connect();
  network.last.bufferedAmount = 262_144;
  assert(client.send("a"));
  assert(client.send("b"));
  tick();
  assertEquals(network.last.sent, []);
  assertEquals(client.pendingOutbound, 2);
  assertEquals(client.stats.pendingOutboundBytes, 2);
  network.last.bufferedAmount = 262_143;
  assert(client.send("c"));
  assertEquals(network.last.sent, [], "order is kept");
  tick();
  assertEquals(network.last.sent, ["a", "b", "c"]);
});

Deno.test("WsClient.send() refuses at the bound", () => {
  const { client, tick } = setUp({ maxQueueSize: 2, maxQueueBytes: 10 });
  assert(client.send("12345"));
  assert(!client.send("123456"));
  assert(client.send("12345"));
  assert(!client.send(""));
  assertEquals(client.stats.refused, 2);
  assertEquals(tick(), []);
  assertEquals(client.pendingOutbound, 2);
});

Deno.test("WsClient.send() makes room with dropOldest and reports it", () => {
  const { network, client, connect } = setUp({
    maxQueueSize: 3,
    maxQueueBytes: 6,
    overflow: "dropOldest",
  });
  for (const text of ["a", "b", "c", "d", "eeee"]) assert(client.send(text));
  assert(!client.send("1234567"));
  client.connect();
  client.tick(0);
  assertEquals([...client.drainEvents()], [
    { type: "dropped", count: 2, bytes: 2, reason: "queueFull" },
  ]);
  connect();
  network.last.open();
  assertEquals(network.last.sent, ["c", "d", "eeee"]);
});

Deno.test("WsClient.send() replaces by key and drops what expires", () => {
  const { network, client, connect, tick } = setUp();
  client.send("pos 1", { key: "pos" });
  client.send("shot", { ttlMs: 500 });
  client.send("pos 22", { key: "pos" });
  client.send("chat");
  assertEquals(tick(0.25), [
    { type: "dropped", count: 1, bytes: 5, reason: "replaced" },
  ]);
  assertEquals(tick(0.25), [
    { type: "dropped", count: 1, bytes: 4, reason: "expired" },
  ]);
  connect();
  assertEquals(network.last.sent, ["pos 22", "chat"]);
  client.send("pos 3", { key: "pos" });
  assertEquals(network.last.sent.length, 3);
  assertEquals(client.stats.dropped, 2);
  assertEquals(client.stats.droppedBytes, 9);
});

Deno.test("WsClient.send() says that ping and pong need the mux", () => {
  const { client, connect, tick } = setUp();
  connect();
  assert(!client.send(WsMessage.ping()));
  assert(!client.send(WsMessage.pong()));
  assertEquals(reasons(tick()), ["unavailable", "unavailable"]);
});

Deno.test("WsClient.send() throws for what is no message", () => {
  const { client } = setUp();
  for (const wrong of [undefined, null, 1, {}, { type: "text" }, [1]]) {
    assertThrows(() => client.send(wrong as never), TypeError, "Cannot send");
  }
  assertThrows(() => client.send("x", { ttlMs: 0 }), RangeError, "ttlMs");
});

Deno.test("WsClient.send() of a close message closes", () => {
  const { network, client, connect } = setUp();
  connect();
  assert(client.send(WsMessage.close(4321, "done")));
  assertEquals(network.last.closedWith, { code: 4321, reason: "done" });
  assertEquals(client.state, WsState.Closed);
  assert(!client.send("x"));
});

Deno.test("WsClient.close() gives an open socket what waits", () => {
  const { network, client, connect, tick } = setUp();
  connect();
  network.last.bufferedAmount = 1e6;
  client.send("last words");
  client.close(1001, "x".repeat(200));
  assertEquals(network.last.sent, ["last words"]);
  assertEquals(network.last.closedWith, {
    code: 1000,
    reason: "x".repeat(123),
  });
  assertEquals(types(tick()), ["disconnected"]);
  network.last.end(1000);
  network.last.error();
  assertEquals(tick(60), [], "late events of a closed socket");
  assertThrows(() => client.close(999), RangeError, "code");
});

Deno.test("WsClient.close() reports what it drops before its last word", () => {
  const { client, tick } = setUp();
  client.connect();
  tick();
  client.send("never");
  client.close();
  const events = [...client.drainEvents()];
  assertEquals(types(events), ["dropped", "disconnected"]);
  assertEquals(client.pendingOutbound, 0);
});

Deno.test("WsClient.connect() begins anew after close()", () => {
  const { network, client, connect, tick } = setUp();
  connect();
  client.close();
  tick();
  assertEquals(types(connect()), ["connected"]);
  assertEquals(network.sockets.length, 2);
  client.connect();
  tick();
  assertEquals(network.sockets.length, 2, "a live client stays as it is");
});

Deno.test("WsClient does not wait for ever for a server that closes and does not hang up", () => {
  const { network, client, connect, tick } = setUp();
  connect();
  // Node tells the end of a WebSocket with that of its TCP connection.
  network.last.closing();
  let seconds = 0;
  for (; client.state === WsState.Connected && seconds < 60; seconds += 0.1) {
    tick(0.1);
  }
  assert(seconds < 5, `${seconds}`);
  assertEquals(client.state, WsState.ReconnectBackoff);
});

Deno.test("WsClient.disconnect() connects again and keeps the queue", () => {
  const { network, client, connect, tick, untilNextSocket } = setUp();
  client.disconnect();
  assertEquals(tick(), []);
  connect();
  client.disconnect();
  assertEquals(network.last.closedWith?.code, 1000);
  client.send("kept");
  assertEquals(types(tick()), ["disconnected", "reconnecting"]);
  untilNextSocket();
  network.last.open();
  tick();
  assertEquals(network.last.sent, ["kept"]);
});

const ENDINGS: [string, (network: FakeNetwork) => void][] = [
  ["Deno", ({ last }) => {
    last.error("failed to connect");
    last.end(0);
  }],
  ["Node 24", ({ last }) => {
    last.error();
    last.end(1006);
  }],
  ["Node 22", ({ last }) => last.error()],
  ["a silent runtime", ({ last }) => last.end(1006)],
  ["a runtime that repeats itself", ({ last }) => {
    last.error();
    last.end();
    last.end();
    last.error();
  }],
];
for (const [runtime, end] of ENDINGS) {
  Deno.test(`WsClient sees one end of a refused socket in ${runtime}`, () => {
    const { network, client, tick } = setUp();
    client.connect();
    tick();
    end(network);
    const events = tick();
    assertEquals(types(events), ["error", "disconnected", "reconnecting"]);
    assertEquals(reasons(events), ["connectFailed"]);
    const event = disconnected(events);
    assert(event?.code === 1006 && event.willReconnect);
    assertEquals(network.live, [], "no socket is left connecting");
    end(network);
    assertEquals(tick(), []);
  });

  Deno.test(`WsClient sees one end of a cut socket in ${runtime}`, () => {
    const { network, connect, tick } = setUp();
    connect();
    network.last.message("before");
    end(network);
    const events = tick();
    assertEquals(types(events).filter((type) => type !== "error"), [
      "message",
      "disconnected",
      "reconnecting",
    ]);
    network.last.message("late");
    end(network);
    assertEquals(tick(), []);
    assertEquals(disconnected(events)?.code, 1006);
    assertEquals(network.live, []);
  });
}

Deno.test("WsClient takes a factory that throws for a failed attempt", () => {
  const cause = new SyntaxError("no");
  const { client, tick } = setUp({
    webSocket: () => {
      throw cause;
    },
  });
  client.connect();
  const events = tick();
  assertEquals(types(events), ["error", "disconnected", "reconnecting"]);
  assert(events[0]?.type === "error" && events[0].cause === cause);
});

Deno.test("WsClient keeps the message when the socket does not send it", () => {
  const { network, client, connect, tick, untilNextSocket } = setUp();
  connect();
  network.last.sendError = new Error("broken");
  assert(client.send("kept"));
  assertEquals(reasons(tick()), ["socketFailed"]);
  untilNextSocket();
  network.last.open();
  tick();
  assertEquals(network.last.sent, ["kept"]);
});

Deno.test("WsClient fails where the server accepts no protocol", () => {
  const { network, client, tick } = setUp({ protocols: ["a", "b"] });
  client.connect();
  tick();
  network.last.open("");
  const events = tick();
  assertEquals(reasons(events), ["protocolRefused"]);
  assertEquals(types(events), ["error", "disconnected", "reconnecting"]);
  assertEquals(network.live, []);
});

Deno.test("WsClient gives up an attempt after connectTimeoutMs", () => {
  const { network, client, tick } = setUp({ connectTimeoutMs: 1_000 });
  client.connect();
  tick();
  for (let i = 0; i < 9; i++) assertEquals(tick(0.1), []);
  const events = tick(0.11);
  assertEquals(reasons(events), ["connectTimeout"]);
  assertEquals(network.live, []);
  network.last.open();
  assertEquals(tick(), []);
});

Deno.test("WsClient does not let one long frame end an attempt", () => {
  const { network, client, tick } = setUp();
  client.connect();
  tick();
  assertEquals(tick(60), []);
  network.last.open();
  assertEquals(types(tick(60)), ["connected"]);
  // A throttled tab has nothing but long steps.
  const other = setUp();
  other.client.connect();
  other.tick();
  other.tick(60);
  other.tick(60);
  assertEquals(reasons(other.tick(60)), ["connectTimeout"]);
});

Deno.test("WsClient asks the URL provider at each attempt", async () => {
  let calls = 0;
  const { network, client, tick, untilNextSocket } = setUp({
    url: () => {
      calls++;
      if (calls === 2) throw new Error("no token");
      if (calls === 3) return Promise.reject(new Error("offline"));
      if (calls === 4) return "ftp://game.test/?token=secret";
      const url = `https://game.test/?token=${calls}#x`;
      return calls === 1 ? url : Promise.resolve(url);
    },
  });
  client.connect();
  tick();
  assertEquals(network.last.url, "wss://game.test/?token=1");
  network.last.end();
  tick();
  const failures: string[] = [];
  for (let i = 0; network.sockets.length < 2; i++) {
    assert(i < 4_000);
    await settle();
    for (const event of tick(0.05)) {
      if (event.type !== "error") continue;
      assertEquals(event.reason, "urlUnavailable");
      assert(!event.message.includes("secret"));
      failures.push(event.message);
    }
  }
  assertEquals(failures, [
    "The URL provider failed: no token",
    "The URL provider failed: offline",
    "The URL provider gave no absolute ws, wss, http or https URL",
  ]);
  assertEquals(network.last.url, "wss://game.test/?token=5");
  client.close();
  assertThrows(() => untilNextSocket());
});

Deno.test("WsClient does not wait for a URL provider for ever", async () => {
  const answers: ((url: string) => void)[] = [];
  const { network, client, tick } = setUp({
    url: () => new Promise((resolve) => answers.push(resolve)),
    connectTimeoutMs: 1_000,
  });
  client.connect();
  for (let i = 0; i < 10; i++) tick(0.1);
  assertEquals(client.state, WsState.Connecting);
  assertEquals(reasons(tick(0.1)), ["connectTimeout"]);
  answers[0]!("ws://late.test/");
  await settle();
  tick();
  assertEquals(network.sockets.length, 0, "the answer of a past attempt");
});

Deno.test("WsClient waits longer after each failure, spread from the first", () => {
  const firsts: number[] = [];
  for (let seed = 0; seed < 200; seed++) {
    const { network, client, tick } = setUp({
      random: new SeededRandom(seed),
      firstRetryMaxMs: 1_000,
      maxBackoffMs: 4_000,
    });
    client.connect();
    tick();
    for (const maxMs of [1_000, 2_000, 4_000, 4_000]) {
      network.last.error();
      const event = tick().at(-1);
      assert(event?.type === "reconnecting");
      assert(event.backoffMs >= 0 && event.backoffMs <= maxMs);
      if (event.attempt === 1) firsts.push(event.backoffMs);
      tick(event.backoffMs / 1_000);
      assertEquals(client.state, WsState.Handshaking);
    }
  }
  // Uniform: each tenth has about 20 of 200.
  for (let tenth = 0; tenth < 10; tenth++) {
    const count = firsts.filter((ms) => Math.floor(ms / 100) === tenth).length;
    assert(count >= 8 && count <= 36, `tenth ${tenth}: ${count}`);
  }
});

Deno.test("WsClient begins the waits anew only after minUptimeMs", () => {
  const { network, client, connect, tick, untilNextSocket } = setUp({
    minUptimeMs: 5_000,
  });
  connect();
  const lose = (): number => {
    network.last.end(1011);
    const event = tick().find((event) => event.type === "reconnecting");
    untilNextSocket();
    network.last.open();
    tick();
    return event!.attempt;
  };
  assertEquals([lose(), lose(), lose()], [1, 2, 3]);
  tick(4.9);
  assertEquals(lose(), 4);
  tick(5);
  assertEquals(lose(), 1);
  assert(client.isConnected);
});

Deno.test("WsClient gives up after maxReconnects", () => {
  const { network, client, tick, untilNextSocket } = setUp({
    maxReconnects: 2,
  });
  client.send("waits");
  client.connect();
  tick();
  network.last.error();
  tick();
  untilNextSocket();
  network.last.error();
  tick();
  untilNextSocket();
  network.last.error();
  const events = tick();
  assertEquals(types(events), ["error", "dropped", "disconnected"]);
  assert(!disconnected(events)!.willReconnect);
  assertEquals(client.state, WsState.Closed);
  assertEquals(tick(3_600), []);
});

Deno.test("WsClient does not come back after a terminal code", () => {
  for (const code of [1008, 3000, 3003, 4001]) {
    const { network, client, connect, tick } = setUp();
    connect();
    network.last.end(code, "go away");
    assertEquals(tick(), [
      { type: "disconnected", code, reason: "go away", willReconnect: false },
    ]);
    assertEquals(client.state, WsState.Closed);
  }
  const { network, client, connect, tick } = setUp({ terminalCodes: [1000] });
  connect();
  client.disconnect();
  assertEquals(client.state, WsState.ReconnectBackoff, "the game's own wish");
  tick();
  network.last.end(1008);
  assertEquals(client.state, WsState.ReconnectBackoff);
});

Deno.test("WsClient stays down without autoReconnect, and keeps its queue", () => {
  const { network, client, connect, tick } = setUp({ autoReconnect: false });
  connect();
  network.last.end(1001);
  assertEquals(types(tick()), ["disconnected"]);
  assertEquals(client.state, WsState.Disconnected);
  assert(client.send("later"));
  assertEquals(tick(60), []);
  connect();
  assertEquals(network.last.sent, ["later"]);
});

Deno.test("WsClient.setOnline() holds attempts back and then hurries", () => {
  const { network, client, connect, tick } = setUp();
  client.setOnline(false);
  client.connect();
  tick(60);
  assertEquals(network.sockets.length, 0);
  assertEquals(client.state, WsState.Connecting);
  client.setOnline(true);
  connect();
  assertEquals(network.sockets.length, 1);
  client.setOnline(false);
  tick(1);
  assert(client.isConnected, "a hint ends no connection");
  network.last.end(0);
  tick();
  tick(120);
  assertEquals(network.sockets.length, 1);
  client.setOnline(true);
  tick();
  assertEquals(network.sockets.length, 1, "spread over firstRetryMaxMs");
  tick(1);
  assertEquals(network.sockets.length, 2);
});

Deno.test("WsClient finds a dead connection by its pings", () => {
  const { network, client, connect, tick } = setUp({ pingMessage: "ping" });
  connect();
  for (let ms = 0; ms < 29_900; ms += 100) tick(0.1);
  assertEquals(network.last.sent, []);
  tick(0.1);
  assertEquals(network.last.sent, ["ping"]);
  for (let ms = 0; ms < 9_900; ms += 100) assertEquals(tick(0.1), []);
  const events = tick(0.11);
  assertEquals(reasons(events), ["pingTimeout"]);
  assertEquals(disconnected(events)?.code, 4011);
  assertEquals(network.last.closedWith?.code, 4011);
  assertEquals(client.messagesSent, 0, "pings are not messages of the game");
});

Deno.test("WsClient takes any message for a sign of life", () => {
  const { network, client, connect, tick } = setUp({
    pingMessage: () => new Uint8Array([9]),
    pingIntervalMs: 1_000,
    pongTimeoutMs: 500,
  });
  connect();
  for (let i = 0; i < 200; i++) {
    if (i % 4 === 0) network.last.message("news");
    tick(0.1);
  }
  assert(client.isConnected);
  assert(network.last.sent.length >= 15);
});

Deno.test("WsClient measures the answers that isPong() knows", () => {
  const { network, client, clock, connect, tick } = setUp({
    pingMessage: "ping",
    isPong: (message) => WsMessage.asText(message) === "pong",
    pingIntervalMs: 1_000,
  });
  connect();
  tick(1);
  clock.advance(40);
  network.last.message("pong");
  network.last.message("other");
  network.last.message("pong");
  const events = tick();
  assertEquals(types(events), ["pingRtt", "message"]);
  assertEquals(events[0], { type: "pingRtt", rttMs: 40 });
  tick(1);
  clock.advance(80);
  network.last.message("pong");
  tick();
  const { rttMs, rttJitterMs, messagesReceived, undrainedMessages } =
    client.stats;
  assertEquals(rttMs, 45);
  assertEquals(rttJitterMs, 25);
  assertEquals(messagesReceived, 1);
  assertEquals(undrainedMessages, 0);
});

Deno.test("WsClient hands out what isPong() throws for", () => {
  const { network, client, connect, tick } = setUp({
    pingMessage: "ping",
    isPong: (message) => JSON.parse(WsMessage.asText(message)!).isPong,
  });
  connect();
  network.last.message("no JSON");
  network.last.message("{}");
  const events = tick();
  assertEquals(types(events), ["error", "message", "message"]);
  assert(events[0]?.type === "error" && events[0].reason === "filterFailed");
  assertEquals(client.stats.undrainedMessages, 0);
  assert(client.isConnected);
});

Deno.test("WsClient tells of a pingMessage() that throws, and stays connected", () => {
  const cause = new Error("a bug of the game");
  let isBroken = true;
  const { network, client, connect, tick } = setUp({
    pingMessage: () => {
      if (isBroken) throw cause;
      return "ping";
    },
    pingIntervalMs: 1_000,
    pongTimeoutMs: 500,
  });
  connect();
  const events: WsEvent[] = [];
  for (let i = 0; i < 9; i++) events.push(...tick(0.2));
  assertEquals(events, [{
    type: "error",
    reason: "pingFailed",
    message: "pingMessage threw, no ping is sent: a bug of the game",
    cause,
  }]);
  assert(client.isConnected, "nothing was asked, so nothing is late");
  isBroken = false;
  assertEquals(tick(0.2), []);
  assertEquals(network.last.sent, ["ping"]);
});

Deno.test("WsClient raises no false alarm after a long frame", () => {
  const { network, client, connect, tick } = setUp({ pingMessage: "ping" });
  connect();
  // The frame freezes while a ping is under way, and the answer is not even delivered yet.
  for (let ms = 0; ms < 38_000; ms += 100) tick(0.1);
  assertEquals(network.last.sent.length, 1);
  tick(60);
  assert(client.isConnected);
  assertEquals(network.last.sent.length, 2, "it asks again");
  network.last.message("x");
  tick(0.1);
  tick(9.9);
  assert(client.isConnected);
  // Frozen without a ping under way, and the other end is gone.
  const other = setUp({ pingMessage: "ping" });
  other.connect();
  other.tick(600);
  assertEquals(other.network.last.sent, ["ping"]);
  let waitedMs = 0;
  while (other.client.isConnected) {
    other.tick(0.1);
    waitedMs += 100;
  }
  assert(waitedMs >= 10_000 && waitedMs <= 10_100, `${waitedMs}`);
});

Deno.test("WsClient closes a connection that nobody drains", () => {
  for (
    const options of [{ maxUndrained: 3 }, { maxUndrainedBytes: 6 }]
  ) {
    const { network, client, connect, tick } = setUp(options);
    connect();
    for (const text of ["1", "2", "3", "4", "5"]) network.last.message(text);
    assertEquals(network.last.closedWith?.code, 4010, "not only at the tick");
    client.tick(0);
    for (let i = 0; i < 100; i++) client.tick(1);
    assertEquals(network.sockets.length, 1, "it waits until there is room");
    const events = [...client.drainEvents()];
    assertEquals(types(events), [
      "message",
      "message",
      "message",
      "error",
      "disconnected",
      "reconnecting",
    ]);
    assertEquals(reasons(events), ["undrained"]);
    assertEquals(disconnected(events)?.code, 4010);
    tick(1);
    assertEquals(network.sockets.length, 2);
  }
});

Deno.test("WsClient closes a connection with data it cannot read", () => {
  const { network, connect, tick } = setUp();
  connect();
  network.last.message(new Blob(["x"]));
  const events = tick();
  assertEquals(reasons(events), ["unreadableMessage"]);
  assertEquals(disconnected(events)?.code, 4002);
});

Deno.test("WsClient stops trying when nobody drains, and loses no end", () => {
  const { network, client } = setUp();
  network.onSocket = (socket) => socket.fire("error", {});
  client.connect();
  for (let i = 0; i < 20_000; i++) {
    client.tick(30);
    network.live.forEach((socket) => socket.end());
    for (let n = 0; n < 3; n++) client.send(WsMessage.ping());
  }
  const made = network.sockets.length;
  assert(made < 500, `${made}`);
  client.close();
  const events = [...client.drainEvents()];
  assert(events.length <= 1_024);
  const ends = events.filter(({ type }) => type === "disconnected").length;
  assertEquals(ends, made + 1);
  assert(client.stats.lostEvents > 0);
});

Deno.test("WsClient.tick() and the constructor refuse what is out of range", () => {
  const { client } = setUp();
  for (const dt of [-1, NaN]) {
    assertThrows(() => client.tick(dt), RangeError, "dt");
  }
  client.tick(Infinity);
  assertThrows(() => client.drainEvents(-1), RangeError, "budgetMs");
  const wrong: Partial<WsClientOptions>[] = [
    { maxReconnects: -1 },
    { firstRetryMaxMs: 0 },
    { maxBackoffMs: 1 },
    { minUptimeMs: -1 },
    { connectTimeoutMs: 0 },
    { terminalCodes: [1] },
    { pingIntervalMs: -1 },
    { pongTimeoutMs: NaN },
    { maxQueueSize: 0 },
    { maxQueueBytes: 0.5 },
    { maxUndrained: 0 },
    { maxUndrainedBytes: -1 },
    { maxReplayAgeMs: 0 },
  ];
  for (const options of wrong) {
    assertThrows(() => setUp(options), RangeError, Object.keys(options)[0]!);
  }
  for (const url of ["", "/ws", "ftp://game.test", 7 as never]) {
    assertThrows(() => setUp({ url }), TypeError, "url");
  }
  assertThrows(() => setUp({ overflow: "x" as never }), TypeError, "overflow");
});

Deno.test("WsClient may be closed from what it calls", () => {
  const { network, client, connect, tick } = setUp({
    pingMessage: () => {
      client.close();
      return "ping";
    },
    isPong: () => {
      client.close();
      return false;
    },
    pingIntervalMs: 100,
  });
  connect();
  network.last.message("x");
  network.last.message("never taken");
  assertEquals(types(tick()), ["disconnected"]);
  assertEquals(client.stats.undrainedMessages, 0);
  connect();
  assertEquals(types(tick(1)), ["disconnected"]);
  assertEquals(network.last.sent, []);
  network.onSocket = () => client.close();
  client.connect();
  assertEquals(types(tick()), ["disconnected"]);
  assertEquals(network.live, []);
  assertEquals(client.stats.undrainedMessages, 0);
});

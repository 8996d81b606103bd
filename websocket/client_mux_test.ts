import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { deflateRawSync } from "node:zlib";
import { SeededRandom } from "../core/mod.ts";
import { ByteWriter, Channel } from "../protocol/mod.ts";
import { SessionLink } from "./_session_link.ts";
import { Rig } from "./_testing/client_rig.ts";
import { WsClient } from "./client.ts";
import type { WsClientOptions } from "./client_options.ts";
import { WsMessage } from "./message.ts";
import { decodeControl, encodeControl } from "./mux/control_message.ts";
import { Deflater } from "./mux/deflater.ts";
import { Delivery } from "./mux/record.ts";
import type { SessionEvent } from "./mux/session_event.ts";
import { RecordWriter } from "./mux/record_writer.ts";
import { WsState } from "./state.ts";

const bytesOf = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

Deno.test("WsClient.request() brings the answer, once", () => {
  const rig = new Rig();
  const first = rig.client.request("ask", "how many?")!;
  const second = rig.client.request("ask", bytesOf(1, 2))!;
  rig.run();
  assertEquals(rig.questions, [2 * first, 2 * second]);
  const answers = rig.hub.openChannel("answers")!;
  const send = (text: string, request: number): boolean =>
    rig.hub.send(answers, encode(text), { isText: true, request });
  send("\ufefftwo", 2 * second + 1);
  send("one", 2 * first + 1);
  // A second answer, and one to nothing.
  send("one again", 2 * first + 1);
  send("nothing", 2 * 99 + 1);
  rig.run();
  assertEquals(rig.of("reply"), [
    { type: "reply", request: second, message: WsMessage.text("\ufefftwo") },
    { type: "reply", request: first, message: WsMessage.text("one") },
  ]);
  assertEquals([rig.of("requestFailed"), rig.of("message")], [[], []]);
  assertEquals(rig.client.messagesReceived, 2);
  assertEquals(rig.client.stats.undrainedMessages, 0);
  // Nothing comes of it later.
  rig.tick(60);
  rig.run();
  assertEquals(rig.of("requestFailed"), []);
});

Deno.test("WsClient.request() fails after its time, and drops what is late", () => {
  const rig = new Rig();
  rig.run();
  const request = rig.client.request("ask", "x", { timeoutMs: 500 })!;
  for (let i = 0; i < 30; i++) rig.run(1);
  assertEquals(rig.of("requestFailed"), []);
  for (let i = 0; i < 5; i++) rig.run(1);
  assertEquals(rig.of("requestFailed"), [
    { type: "requestFailed", request, reason: "timeout" },
  ]);
  const answers = rig.hub.openChannel("answers")!;
  rig.hub.send(answers, bytesOf(1), { request: 2 * request + 1 });
  rig.run();
  assertEquals([rig.of("reply"), rig.of("message")], [[], []]);
});

Deno.test("WsClient.request() takes an answer that came in during a long frame", () => {
  const rig = new Rig();
  rig.run();
  const request = rig.client.request("ask", "x", { timeoutMs: 500 })!;
  rig.run(1);
  const answers = rig.hub.openChannel("answers")!;
  rig.hub.send(answers, bytesOf(1), { request: 2 * request + 1 });
  rig.tick(2);
  rig.exchange();
  rig.tick();
  assertEquals(rig.of("reply").length, 1);
});

Deno.test("WsClient.request() goes on over cuts", () => {
  const rig = new Rig();
  rig.run();
  const sent = rig.client.request("ask", "sent")!;
  rig.tick();
  rig.network.last.end();
  rig.tick();
  const waiting = rig.client.request("ask", "waiting")!;
  rig.run(200);
  assertEquals(rig.questions, [2 * sent, 2 * waiting]);
  const answers = rig.hub.openChannel("answers")!;
  for (const request of [sent, waiting]) {
    rig.hub.send(answers, bytesOf(1), { request: 2 * request + 1 });
  }
  rig.cut();
  assertEquals(rig.of("reply").map(({ request }) => request), [sent, waiting]);
});

Deno.test("WsClient.request() fails with the session, but for what was not sent in it", () => {
  const rig = new Rig();
  rig.run();
  const taken = rig.client.request("ask", "taken")!;
  rig.run();
  const underWay = rig.client.request("ask", "under way")!;
  rig.client.tick(0);
  rig.network.last.end();
  rig.tick();
  const waiting = rig.client.request("ask", "waiting")!;
  rig.restartHub();
  rig.run(200);
  assertEquals(rig.of("requestFailed"), [
    { type: "requestFailed", request: taken, reason: "undelivered" },
    { type: "requestFailed", request: underWay, reason: "undelivered" },
  ]);
  const [undelivered] = rig.of("undelivered");
  assertEquals(undelivered?.messages.map(({ request }) => request), [
    2 * underWay,
  ]);
  assertEquals(rig.questions.at(-1), 2 * waiting);
});

Deno.test("WsClient.request() fails when the client is closed", () => {
  const rig = new Rig();
  rig.run();
  const sent = rig.client.request("ask", "sent")!;
  rig.run();
  const unsent = rig.client.request("ask", "unsent")!;
  rig.client.close();
  rig.tick();
  assertEquals(rig.of("requestFailed"), [
    { type: "requestFailed", request: sent, reason: "closed" },
    { type: "requestFailed", request: unsent, reason: "closed" },
  ]);
  assertEquals(rig.events.at(-1)?.type, "disconnected");
  assertEquals(rig.client.request("ask", "late"), undefined);
  assertEquals(rig.client.stats.refused, 1);
});

Deno.test("WsClient.request() is bounded by maxRequests until outcomes are drained", () => {
  const { client } = new Rig({ maxRequests: 3 });
  const timeoutMs = 10;
  for (let i = 0; i < 3; i++) assert(client.request("ask", "x", { timeoutMs }));
  assertEquals(client.request("ask", "x"), undefined);
  client.tick(1);
  client.tick(1);
  assertEquals(client.request("ask", "x"), undefined, "not drained yet");
  const failed = [...client.drainEvents()].filter(({ type }) =>
    type === "requestFailed"
  );
  assertEquals(failed.length, 3);
  assert(client.request("ask", "x") !== undefined);
});

Deno.test("WsClient.request() keeps a place for each outcome though nobody drains", () => {
  const rig = new Rig({
    maxRequests: 2_000,
    mux: { ask: { maxMessages: 4_000 } },
  });
  for (let i = 0; i < 2_000; i++) {
    assert(rig.client.request("ask", "x", { timeoutMs: 1 }));
  }
  rig.client.tick(1);
  rig.client.tick(1);
  rig.client.close();
  const events = [...rig.client.drainEvents()];
  assertEquals(
    events.filter(({ type }) => type === "requestFailed").length,
    2_000,
  );
  assertEquals(rig.client.stats.lostEvents, 0);
});

Deno.test("WsClient.request() refuses what is no question", () => {
  const rig = new Rig({ maxRequests: 1 });
  const { client } = rig;
  assertThrows(() => client.request("a", "x", { timeoutMs: 0 }), RangeError);
  assertThrows(() => client.request("", "x"), RangeError, "name bytes");
  assertThrows(() => client.sendOnChannel("x".repeat(129), "x"), RangeError);
  assertThrows(
    () => client.request("a", WsMessage.ping(bytesOf(1))),
    TypeError,
    'Cannot send a request as it must be text or bytes: current type is "ping"',
  );
  const plain = new WsClient({ url: "ws://game.test/" });
  assertThrows(() => plain.request("a", "x"), TypeError, "mux");
  assertThrows(() => plain.link(), TypeError, "mux");
  // Where nothing was accepted, nothing is waited for.
  client.tick(60);
  client.tick(60);
  rig.run();
  assertEquals(rig.of("requestFailed"), []);
  assert(client.request("a", "x") !== undefined);
});

Deno.test("WsClient.link() carries messages both ways, over cuts, until the session is lost", () => {
  const rig = new Rig();
  const link = rig.client.link("game");
  assertEquals(rig.client.link("game"), link);
  assertEquals(link.state.type, "connecting");
  const atHub = new SessionLink(rig.hub, "game");
  rig.run();
  assertEquals(link.state.type, "open");
  assert(link.send(bytesOf(1), Channel.ReliableOrdered));
  assert(atHub.send(bytesOf(2), Channel.Reliable));
  rig.cut();
  const got: number[] = [];
  atHub.poll((bytes) => got.push(bytes[0]!));
  link.poll((bytes) => got.push(bytes[0]!));
  assertEquals(got, [1, 2]);
  assertEquals(rig.of("message"), []);
  rig.restartHub();
  rig.cut();
  assertEquals(link.state, {
    type: "closed",
    reason: "the session was lost",
  });
  const next = rig.client.link("game");
  assert(next !== link);
  const nextAtHub = new SessionLink(rig.hub, "game");
  assert(next.send(bytesOf(3), Channel.ReliableOrdered));
  rig.run();
  nextAtHub.poll((bytes) => got.push(bytes[0]!));
  assertEquals(got, [1, 2, 3]);
  rig.client.close();
  assertEquals(next.state, {
    type: "closed",
    reason: "the session was closed",
  });
});

Deno.test("WsClient.link() does not hold requests up when nobody polls it", () => {
  const rig = new Rig();
  rig.client.link("game");
  const atHub = new SessionLink(rig.hub, "game");
  rig.run();
  assert(atHub.send(bytesOf(1), Channel.ReliableOrdered));
  const request = rig.client.request("ask", "x", { timeoutMs: 100 })!;
  rig.run(20);
  assertEquals(rig.of("requestFailed"), [
    { type: "requestFailed", request, reason: "timeout" },
  ]);
});

Deno.test("WsClient measures the round trip over the mux, whatever else comes", () => {
  const rig = new Rig({ pingIntervalMs: 1_000 }, { keepaliveMs: 1_000 });
  const chat = rig.hub.openChannel("chat")!;
  for (let i = 0; i < 200; i++) {
    rig.hub.send(chat, bytesOf(1));
    rig.run(1);
  }
  const { rttMs, rttJitterMs } = rig.client.stats;
  // Out with one frame, back with the next: it has waited, and was on no way.
  assertEquals([rttMs, rttJitterMs], [0, 0]);
  const count = rig.of("pingRtt").length;
  assert(count >= 3 && count <= 5, `${count}`);
});

Deno.test("WsClient keeps what was under way for as long as it is told", () => {
  const cases: readonly [Partial<WsClientOptions>, number][] = [
    [{}, 0],
    [{ maxReplayAgeMs: 300_000 }, 1],
  ];
  for (const [options, count] of cases) {
    // Nothing comes back for some minutes.
    const rig = new Rig({ pingIntervalMs: 0, ...options }, { keepaliveMs: 0 });
    rig.run();
    assert(rig.client.sendOnChannel("chat", "lost on the way"));
    rig.tick();
    rig.network.last.sent.length = 0;
    rig.network.last.end();
    rig.client.setOnline(false);
    for (let i = 0; i < 20; i++) rig.tick(10);
    rig.client.setOnline(true);
    rig.run(200);
    const messages = rig.atHub.filter(({ type }) => type === "message");
    assertEquals(messages.length, count);
    assertEquals(rig.of("undelivered").length, 1 - count);
    assertEquals(rig.of("session").at(-1)?.isResumed, true);
  }
});

Deno.test("WsClient asks for its subscriptions again after a gap", () => {
  const rig = new Rig({}, { maxReplayAgeMs: 500 });
  rig.client.subscribe("chat", { history: 7 });
  rig.client.subscribe("news", { history: 9 });
  rig.run();
  const asked = (): unknown[] =>
    rig.atHub.splice(0).flatMap((event) => {
      const message = event.type === "control"
        ? decodeControl(event.bytes)
        : undefined;
      return message?.type === "subscribe"
        ? [[message.channel, message.history]]
        : [];
    });
  assertEquals(asked(), [["chat", 7], ["news", 9]]);
  const answer = (request: number): boolean =>
    rig.hub.control(
      encodeControl({ type: "subscribed", request, history: 0, omitted: 0 }),
    );
  answer(1);
  rig.run();
  assertEquals(rig.of("subscribed").map(({ channel }) => channel), ["chat"]);
  // The second answer goes down with the socket, and is too old when that is back.
  answer(2);
  rig.hub.nextFrame();
  rig.network.last.end();
  rig.hub.tick(1);
  rig.run(200);
  assertEquals(rig.of("gap").length, 1);
  assertEquals(asked(), [["chat", 0], ["news", 9]]);
});

Deno.test("WsClient says goodbye last, and never to the next session", () => {
  const rig = new Rig();
  rig.run();
  rig.client.sendOnChannel("chat", "last words");
  rig.client.close();
  rig.exchange();
  // The socket takes nothing more, but has what was sent.
  const sent = rig.network.last.sent.slice(1) as Uint8Array[];
  for (const frame of sent) rig.hub.receive(frame);
  const types: string[] = [];
  for (let event; (event = rig.hub.poll()) !== undefined;) {
    types.push(event.type);
  }
  assertEquals(types, ["channelOpened", "message", "bye"]);
  rig.restartHub();
  rig.client.connect();
  rig.run();
  assertEquals(rig.atHub.some(({ type }) => type === "bye"), false);
  assert(rig.client.isConnected);
});

Deno.test("WsClient.close() hands back what was not delivered", () => {
  const rig = new Rig({ mux: { loose: { delivery: 1 } } });
  rig.client.sendOnChannel("chat", "unsent");
  rig.client.sendOnChannel("loose", "gone");
  rig.client.close();
  rig.tick();
  const [undelivered] = rig.of("undelivered");
  assertEquals(undelivered?.reason, "closed");
  assertEquals(undelivered?.messages.map(({ channel }) => channel), ["chat"]);
  assertEquals(rig.of("dropped"), [
    { type: "dropped", count: 1, bytes: 4, reason: "closed" },
  ]);
  assertEquals(rig.client.pendingOutbound, 0);
  rig.client.connect();
  rig.run();
  assertEquals(rig.atHub.map(({ type }) => type), ["opened"]);
});

Deno.test("WsClient is not connected by a welcome whose socket is gone", () => {
  const rig = new Rig();
  rig.tick();
  rig.exchange();
  rig.tick();
  rig.exchange();
  rig.network.last.end();
  rig.tick();
  assertEquals(rig.client.state, WsState.ReconnectBackoff);
  assertEquals(
    rig.events.map(({ type }) => type),
    ["session", "connected", "disconnected", "reconnecting"],
  );
  rig.run(200);
  assert(rig.client.isConnected);
});

for (const code of [4001, 4008]) {
  Deno.test(`WsClient has one end of a socket that was refused with ${code}`, () => {
    const rig = new Rig();
    rig.tick();
    rig.network.last.open();
    rig.tick();
    const frame = new ByteWriter();
    const reason = "no";
    new RecordWriter(frame).refuse({ code, retryAfterMs: 0, reason });
    rig.network.last.message(frame.view());
    rig.network.last.end(1006);
    rig.tick();
    const willReconnect = code === 4008;
    assertEquals(rig.of("disconnected"), [
      { type: "disconnected", code, reason, willReconnect },
    ]);
    assertEquals(
      rig.client.state,
      willReconnect ? WsState.ReconnectBackoff : WsState.Closed,
    );
  });
}

Deno.test("WsClient takes the code of a goodbye for that of the end", () => {
  const rig = new Rig();
  rig.run();
  rig.hub.sayBye({ code: 4013, retryAfterMs: 0, reason: "removed" });
  rig.exchange();
  rig.network.last.end(1006);
  rig.tick();
  assertEquals(rig.of("disconnected").map(({ code }) => code), [4013]);
  assertEquals(rig.client.state, WsState.Closed);
});

Deno.test("WsClient does not come back after a wrong frame", () => {
  const rig = new Rig();
  rig.run();
  rig.network.last.message(bytesOf(0));
  rig.tick();
  assertEquals(rig.network.last.closedWith?.code, 4002);
  assertEquals(rig.client.state, WsState.Closed);
});

Deno.test("WsClient does not come back after a wrong stream, and tells of it once it takes it", () => {
  for (
    const [stream, code] of [
      [[0xff], 4002],
      // A megabyte of zeros would be right, and this is more.
      [deflateRawSync(new Uint8Array(1_048_577)), 4003],
    ] as const
  ) {
    const rig = new Rig({ deflateMinBytes: 1_000 }, {
      deflater: new Deflater({ minBytes: 1_000 }),
    });
    rig.run();
    // OPEN of channel 1 as "a", exactly once.
    rig.network.last.message(bytesOf(4, 1, 0, 0, 1, 0x61));
    const { length } = stream;
    const varint = length < 128
      ? [length]
      : [length & 0x7f | 0x80, length >> 7];
    rig.network.last.message(bytesOf(0x82, 1, ...varint, ...stream));
    rig.tick();
    assertEquals(rig.network.last.closedWith?.code, code);
    assertEquals(rig.client.state, WsState.Closed);
    assertEquals(rig.of("message"), []);
  }
});

Deno.test("WsClient inflates a bounded part of what came in a tick, though nobody gets it", () => {
  const rig = new Rig({ deflateMinBytes: 1_000 }, {
    deflater: new Deflater({ minBytes: 1_000 }),
  });
  rig.run();
  rig.network.last.message(bytesOf(4, 1, 0, 0, 1, 0x61));
  const stream = deflateRawSync(new Uint8Array(1_048_576));
  const length = [stream.length & 0x7f | 0x80, stream.length >> 7];
  // Answers to a question that was not asked.
  const frame = bytesOf(0x92, 1, 3, ...length, ...stream);
  for (let i = 0; i < 40; i++) rig.network.last.message(frame);
  let savedBytes = 0;
  let ticks = 0;
  do {
    rig.tick();
    const inflated = (rig.client.stats.bytesSaved - savedBytes) / 1_048_576;
    assert(inflated > 0 && inflated < 9, `${inflated}`);
    savedBytes = rig.client.stats.bytesSaved;
    ticks += 1;
  } while (savedBytes < 39 * 1_048_576);
  assertEquals([ticks, rig.client.isConnected], [5, true]);
});

Deno.test("WsClient.link() inflates a bounded part of what came in a tick", () => {
  const rig = new Rig({ deflateMinBytes: 1_000 }, {
    deflater: new Deflater({ minBytes: 1_000 }),
  });
  rig.run();
  const link = rig.client.link("n");
  // Its reliable and ordered channel.
  rig.network.last.message(bytesOf(4, 1, 0, 0, 3, 0x6e, 0x2e, 0x32));
  const stream = deflateRawSync(new Uint8Array(1_048_576));
  const length = [stream.length & 0x7f | 0x80, stream.length >> 7];
  const frame = bytesOf(0x82, 1, ...length, ...stream);
  for (let i = 0; i < 40; i++) rig.network.last.message(frame);
  const counts: number[] = [];
  for (let i = 0; i < 6; i++) {
    rig.tick();
    let count = 0;
    link.poll(() => count++);
    counts.push(count);
  }
  assert(counts.every((count) => count <= 9), `${counts}`);
  assertEquals(counts.reduce((sum, count) => sum + count), 40);
});

Deno.test("WsClient.close() sends what is still being deflated, as it is", () => {
  const rig = new Rig({ deflateMinBytes: 1_000 }, {
    deflater: new Deflater({ minBytes: 1_000 }),
  });
  rig.run();
  const text = "tick ".repeat(1_000);
  assert(rig.client.sendOnChannel("chat", text));
  rig.tick();
  rig.client.close();
  const socket = rig.network.last;
  for (const frame of socket.sent.slice(1)) {
    rig.hub.receive(frame as Uint8Array);
  }
  const events: SessionEvent[] = [];
  for (let event; (event = rig.hub.poll()) !== undefined;) events.push(event);
  const messages = events.filter(({ type }) => type === "message");
  assertEquals(
    messages.map((event) => event.type === "message" && event.bytes),
    [encode(text)],
  );
  assertEquals(events.at(-1)?.type, "bye");
});

Deno.test("WsClient refuses a deflateMinBytes that is none", () => {
  for (const deflateMinBytes of [0, -1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => new Rig({ deflateMinBytes }), RangeError);
  }
});

/** A schedule of cuts, requests, links and messages; returns all that was seen. */
function logOf(seed: number): string {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const rig = new Rig({
    random: new SeededRandom(seed),
    mux: { loose: { delivery: 1 }, latest: { delivery: 2, priority: 1 } },
  });
  const link = rig.client.link();
  const answers = rig.hub.openChannel("answers")!;
  let answered = 0;
  for (let step = 0; step < 300; step++) {
    const bytes = new Uint8Array(below(3_000)).fill(step);
    switch (below(8)) {
      case 0:
        rig.client.request("ask", bytes, { timeoutMs: 1 + below(4_000) });
        break;
      case 1:
        rig.client.sendOnChannel("loose", bytes);
        break;
      case 2:
        rig.client.sendOnChannel("latest", bytes, { key: `${below(3)}` });
        break;
      case 3:
        link.send(bytes, below(4) as Channel);
        break;
      case 4:
        for (const request of rig.questions.slice(answered)) {
          rig.hub.send(answers, bytes, { request: request + 1 });
          answered += 1;
        }
        break;
      case 5:
        if (below(6) === 0) rig.network.sockets.at(-1)?.end();
        break;
      default:
        rig.tick(below(50) / 1_000);
        rig.exchange();
    }
  }
  rig.run(300);
  rig.client.close();
  rig.tick();
  const frames = rig.network.sockets.map(({ sent }) =>
    sent.map((frame) => encodeHex(frame as Uint8Array)).join()
  );
  const events = JSON.stringify(
    rig.events,
    (_, value) => value instanceof Uint8Array ? encodeHex(value) : value,
  );
  assert(frames.length > 1 && rig.of("reply").length > 5, `seed ${seed}`);
  return frames.join("\n") + events;
}

Deno.test("WsClient with the same seed and clock writes the same frames and events", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const log = logOf(seed);
    assert(log.length > 10_000);
    assert(log === logOf(seed), `seed ${seed}`);
    assert(log !== logOf(seed + 100));
  }
});

Deno.test("WsClient refuses names and times out of range, and closes by whichever way", () => {
  const client = new WsClient({ url: "ws://127.0.0.1:9", mux: true });
  client.connect();
  for (const name of ["", "n".repeat(129), "é".repeat(65)]) {
    assertThrows(() => client.subscribe(name), RangeError);
    assertThrows(() => client.sendOnChannel(name, "x"), RangeError);
  }
  assertThrows(
    () => client.sendOnChannel("a", "x", { ttlMs: -1 }),
    RangeError,
    "ttlMs",
  );
  assertEquals(client.sendOnChannel("a", WsMessage.close()), true);
  assertEquals(client.state, WsState.Closed);
  assertEquals(client.sendOnChannel("a", "x"), false);
});

Deno.test("WsClient hands back what it accepted and is too large for the hub", () => {
  const rig = new Rig({
    mux: { loose: { delivery: Delivery.AtMostOnce } },
  }, { maxMessageBytes: 1_000 });
  const large = new Uint8Array(2_000);
  const { client } = rig;
  for (const channel of ["sure", "loose"]) {
    client.sendOnChannel(channel, large);
    client.sendOnChannel(channel, "small");
  }
  const request = client.request("sure", "x".repeat(1_001))!;
  rig.run();
  assertEquals(rig.of("undelivered"), [{
    type: "undelivered",
    reason: "tooLarge",
    messages: [
      { channel: "sure", bytes: large, isText: false, request: undefined },
      {
        channel: "sure",
        bytes: encode("x".repeat(1_001)),
        isText: true,
        request: 2 * request,
      },
      { channel: "loose", bytes: large, isText: false, request: undefined },
    ],
  }]);
  assertEquals(rig.of("requestFailed"), [
    { type: "requestFailed", request, reason: "undelivered" },
  ]);
  assertEquals(rig.of("dropped"), [
    { type: "dropped", count: 3, bytes: 5_001, reason: "tooLarge" },
  ]);
  assertEquals([client.stats.dropped, client.stats.droppedBytes], [3, 5_001]);
  const got = rig.atHub.flatMap((e) => e.type === "message" ? [e.channel] : []);
  assertEquals(got, ["sure", "loose"]);
  assertEquals([client.state, client.pendingOutbound], [WsState.Connected, 0]);
  // From now on it is known.
  assertEquals(client.sendOnChannel("sure", large), false);
});

Deno.test("WsClient hands back what the next hub does not take", () => {
  const hubOptions: { maxMessageBytes?: number } = {};
  const rig = new Rig({}, hubOptions);
  rig.run();
  rig.network.last.end();
  rig.tick();
  rig.client.sendOnChannel("sure", new Uint8Array(2_000));
  hubOptions.maxMessageBytes = 1_000;
  rig.restartHub();
  rig.run(200);
  const reasons = rig.of("undelivered").map(({ reason, messages }) => [
    reason,
    messages.length,
  ]);
  assertEquals(reasons, [["sessionLost", 0], ["tooLarge", 1]]);
  assertEquals(rig.client.state, WsState.Connected);
});

Deno.test("WsClient tells where the hub does not let it send", () => {
  const rig = new Rig();
  rig.run();
  const request = rig.client.request("secret", "?")!;
  const reason = "not allowed";
  rig.run(1);
  for (const number of [request, request, 99]) {
    rig.hub.control(
      encodeControl({ type: "requestDenied", request: number, reason }),
    );
  }
  rig.hub.control(
    encodeControl({ type: "publishDenied", channel: "secret", reason }),
  );
  rig.run();
  assertEquals(rig.of("requestFailed"), [
    { type: "requestFailed", request, reason: "denied" },
  ]);
  assertEquals(rig.of("publishDenied"), [
    { type: "publishDenied", channel: "secret", reason },
  ]);
});

Deno.test("WsClient waits for ever where the hub, or both, want no keepalive", () => {
  const rig = new Rig({ pingIntervalMs: 0 }, { keepaliveMs: 0 });
  rig.run();
  for (let i = 0; i < 1_000; i++) rig.tick(1);
  assertEquals(rig.client.state, WsState.Connected);
  assertEquals(rig.of("error"), []);
});

Deno.test("WsClient.flush() sends with the frame, and leaves the next tick nothing", () => {
  const rig = new Rig();
  rig.run();
  const framesOf = (act: () => void): number => {
    const before = rig.network.last.sent.length;
    act();
    return rig.network.last.sent.length - before;
  };
  rig.client.sendOnChannel("chat", "1");
  assertEquals(framesOf(() => rig.client.flush()), 1);
  assertEquals(framesOf(() => rig.client.flush()), 0);
  rig.client.sendOnChannel("chat", "2");
  assertEquals(framesOf(() => rig.tick()), 0);
  // Who does not go on with it loses one frame and no more.
  assertEquals(framesOf(() => rig.tick()), 1);
  rig.run();
  assertEquals(rig.atHub.filter(({ type }) => type === "message").length, 2);
});

Deno.test("WsClient.flush() does nothing without a socket", () => {
  const rig = new Rig();
  rig.client.flush();
  rig.client.sendOnChannel("chat", "1");
  rig.client.flush();
  rig.run();
  rig.client.close();
  rig.client.flush();
  assertEquals(rig.atHub.filter(({ type }) => type === "message").length, 1);
});

Deno.test("WsClient.send() refuses a ping that no record could hold", () => {
  const rig = new Rig();
  rig.run();
  const { client } = rig;
  assertThrows(
    () => client.send(WsMessage.ping(new Uint8Array(125))),
    RangeError,
    "ping bytes",
  );
  assert(client.send(WsMessage.ping(new Uint8Array(124))));
  rig.run();
  assertEquals(rig.of("pong").map(({ bytes }) => bytes.length), [124]);
});

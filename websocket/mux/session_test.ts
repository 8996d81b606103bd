import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { ByteWriter } from "../../protocol/mod.ts";
import { DataFlag, Delivery, type Hello } from "./record.ts";
import { RecordReader, type RecordSink } from "./record_reader.ts";
import { RecordWriter } from "./record_writer.ts";
import { Session } from "./session.ts";
import type { SessionEvent } from "./session_event.ts";
import type { SessionOptions } from "./session_options.ts";

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 20_000 : 400;
const SESSION_ID = new Uint8Array(16).fill(7);

/** What a client says in its first frame. */
function helloOf(frame: Uint8Array): Hello {
  let hello: Hello | undefined;
  const sink = new Proxy({}, {
    get: (_, name) => (record: Hello) => {
      if (name === "hello") hello = record;
      return true;
    },
  }) as RecordSink;
  assertEquals(new RecordReader().read(frame, sink), undefined);
  return hello!;
}

/** Two sessions and the frames between them. */
class Pair {
  readonly clock = new ManualClock();
  readonly client: Session;
  hub: Session;
  readonly toHub: Uint8Array[] = [];
  readonly toClient: Uint8Array[] = [];
  isConnected = false;
  #isGreeted = false;
  readonly #options: Partial<SessionOptions>;
  #hubs = 0;

  constructor(options: Partial<SessionOptions> = {}) {
    this.#options = options;
    this.client = new Session({
      role: "client",
      clock: this.clock,
      ...options,
    });
    this.hub = this.#newHub();
  }

  #newHub(): Session {
    this.#hubs += 1;
    return new Session({
      role: "hub",
      clock: this.clock,
      sessionId: new Uint8Array(16).fill(6 + this.#hubs),
      ...this.#options,
    });
  }

  connect(): void {
    this.isConnected = true;
    this.#isGreeted = false;
    this.client.attach();
  }

  cut(): void {
    this.isConnected = false;
    this.toHub.length = 0;
    this.toClient.length = 0;
    this.client.detach();
    this.hub.detach();
  }

  /** The hub loses its sessions. */
  forget(): void {
    this.cut();
    this.hub = this.#newHub();
  }

  /** Lets each end put a frame on the wire. */
  send(): void {
    const fromClient = this.client.nextFrame();
    if (fromClient !== undefined) this.toHub.push(fromClient.slice());
    const fromHub = this.hub.nextFrame();
    if (fromHub !== undefined) this.toClient.push(fromHub.slice());
  }

  /** Lets the oldest frame of each direction arrive. */
  arrive(): void {
    const forHub = this.toHub.shift();
    if (forHub !== undefined) {
      if (this.#isGreeted) {
        assertEquals(this.hub.receive(forHub), undefined);
      } else {
        const hello = helloOf(forHub);
        this.#isGreeted = true;
        // A hub that was started anew knows of no session.
        const isKnown = hello.session?.[0] === this.hub.sessionId![0];
        const { session: _, ...rest } = hello;
        assertEquals(
          this.hub.attach(
            isKnown ? hello : { ...rest, session: undefined, received: 0 },
          ),
          undefined,
        );
      }
    }
    const forClient = this.toClient.shift();
    if (forClient !== undefined) {
      assertEquals(this.client.receive(forClient), undefined);
    }
  }

  /** Until nothing is left to do. */
  settle(take: (session: Session) => void): void {
    for (let i = 0; i < 4_000; i++) {
      this.client.tick(0.05);
      this.hub.tick(0.05);
      this.send();
      this.arrive();
      take(this.client);
      take(this.hub);
      if (
        this.client.unacknowledged + this.hub.unacknowledged === 0 &&
        this.client.queuedMessages + this.hub.queuedMessages === 0 &&
        this.toHub.length + this.toClient.length === 0 && i > 10
      ) return;
    }
    throw new Error("The sessions do not come to an end");
  }
}

function takeAll(session: Session): SessionEvent[] {
  const events: SessionEvent[] = [];
  for (let event = session.poll(); event; event = session.poll()) {
    events.push(event);
  }
  return events;
}

function numberOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
}

/** A message that says its number, and is as long as wanted. */
function numbered(number: number, length: number): Uint8Array {
  const bytes = new Uint8Array(Math.max(4, length)).fill(number);
  new DataView(bytes.buffer).setUint32(0, number);
  return bytes;
}

Deno.test("Session greets, opens channels and delivers", () => {
  const pair = new Pair();
  const chat = pair.client.openChannel("chat")!;
  assert(
    pair.client.send(chat, new TextEncoder().encode("hi"), { isText: true }),
  );
  pair.connect();
  const seen: SessionEvent[] = [];
  pair.settle((session) => {
    const events = takeAll(session);
    if (session === pair.hub) seen.push(...events);
  });
  assertEquals(seen, [
    { type: "opened", isResumed: false },
    { type: "channelOpened", channel: "chat", delivery: Delivery.ExactlyOnce },
    {
      type: "message",
      channel: "chat",
      bytes: new TextEncoder().encode("hi"),
      isText: true,
      request: undefined,
    },
  ]);
});

Deno.test("Session sends again what a cut took, once and in order", () => {
  for (let seed = 1; seed <= SEEDS; seed++) runCuts(seed);
});

/** Random traffic under random cuts, both ways. */
function runCuts(seed: number): void {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const pair = new Pair({
    windowBytes: 4_096 << below(4),
    maxFrameBytes: 1_024 << below(6),
    maxReplayRecords: 16 << below(8),
    maxReplayBytes: 8_192 << below(8),
    maxReplayAgeMs: 1e9,
    keepaliveMs: 1_000,
    pongTimeoutMs: 1_000,
  });
  const ends = [
    { from: pair.client, to: pair.hub, sent: [0, 0, 0, 0], got: [0, 0, 0, 0] },
    { from: pair.hub, to: pair.client, sent: [0, 0, 0, 0], got: [0, 0, 0, 0] },
  ];
  const channels = ["control", "bulk", "loose", "latest"];
  for (const { from } of ends) {
    from.openChannel("control", { priority: 0 });
    from.openChannel("bulk", { priority: 7, maxMessages: 50 });
    from.openChannel("loose", {
      delivery: Delivery.AtMostOnce,
      maxMessages: 8,
    });
    from.openChannel("latest", { delivery: Delivery.LatestOnly });
  }
  const take = (to: Session, max: number): void => {
    const end = ends.find((end) => end.to === to)!;
    for (let i = 0; i < max; i++) {
      const event = to.poll();
      if (event === undefined) return;
      if (event.type !== "message") {
        assert(
          event.type === "opened" || event.type === "channelOpened" ||
            event.type === "dropped",
          `seed ${seed}: ${JSON.stringify(event)}`,
        );
        continue;
      }
      const channel = channels.indexOf(event.channel);
      const number = numberOf(event.bytes);
      const last = end.got[channel]!;
      const isRight = channel < 2
        ? number === last + 1
        : channel === 2
        ? number > last
        : number >= last;
      assert(isRight, `seed ${seed}: ${event.channel} ${number} after ${last}`);
      const filling = new Uint8Array(event.bytes.length - 4).fill(number);
      assertEquals(event.bytes.subarray(4), filling);
      end.got[channel] = number;
    }
  };
  for (let step = 0; step < 400; step++) {
    switch (below(10)) {
      case 0:
        // A session that the client has not heard of it cannot resume.
        if (
          pair.isConnected && pair.client.hasBegun && below(4) === 0
        ) pair.cut();
        break;
      case 1:
        if (!pair.isConnected) pair.connect();
        break;
      case 2:
      case 3: {
        const end = ends[below(2)]!;
        const channel = below(4);
        const length = below(3) === 0 ? below(20_000) : below(200);
        const number = end.sent[channel]! + 1;
        if (end.from.send(channel + 1, numbered(number, length))) {
          end.sent[channel] = number;
        }
        break;
      }
      case 4:
        pair.client.tick(below(100) / 1_000);
        pair.hub.tick(below(100) / 1_000);
        break;
      case 5:
      case 6:
        if (pair.isConnected) pair.send();
        break;
      case 7:
      case 8:
        if (pair.isConnected) pair.arrive();
        break;
      default:
        take(below(2) === 0 ? pair.client : pair.hub, below(5));
    }
  }
  if (!pair.isConnected) pair.connect();
  pair.settle((session) => take(session, 1_000));
  for (const { sent, got } of ends) {
    assertEquals([seed, got[0], got[1]], [seed, sent[0], sent[1]]);
    assert(got[2]! <= sent[2]!);
    // The newest one gets through, perhaps twice.
    assertEquals([seed, got[3]], [seed, sent[3]]);
  }
}

Deno.test("Session hands back what nobody can know of after the hub has lost it", () => {
  const pair = new Pair();
  const chat = pair.client.openChannel("chat")!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  pair.client.send(chat, numbered(1, 10));
  pair.send();
  pair.client.send(chat, numbered(2, 10));
  pair.forget();
  pair.connect();
  const events: SessionEvent[] = [];
  const atHub: SessionEvent[] = [];
  pair.settle((session) => {
    (session === pair.hub ? atHub : events).push(...takeAll(session));
  });
  assertEquals(events, [
    {
      type: "undelivered",
      reason: "sessionLost",
      messages: [{
        channel: "chat",
        bytes: numbered(1, 10),
        isText: false,
        request: undefined,
      }],
    },
    { type: "opened", isResumed: false },
  ]);
  const messages = atHub.filter((event) => event.type === "message");
  assertEquals(messages.map(({ bytes }) => numberOf(bytes)), [2]);
});

Deno.test("Session says just what is missing when a window is overrun by age", () => {
  const pair = new Pair({ maxReplayAgeMs: 1_000 });
  const chat = pair.hub.openChannel("chat")!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  for (let i = 1; i <= 3; i++) {
    pair.hub.send(chat, numbered(i, 10));
    pair.hub.nextFrame();
    pair.hub.tick(0.4);
  }
  pair.cut();
  pair.hub.tick(0.5);
  pair.hub.send(chat, numbered(4, 10));
  pair.connect();
  const events: SessionEvent[] = [];
  const atHub: SessionEvent[] = [];
  pair.settle((session) => {
    (session === pair.hub ? atHub : events).push(...takeAll(session));
  });
  const [opened, gap, ...rest] = events;
  assertEquals(opened, { type: "opened", isResumed: true });
  assertEquals(gap, { type: "gap", reason: "windowOverrun", from: 1, to: 2 });
  const numbers = rest.flatMap((event) =>
    event.type === "message" ? [numberOf(event.bytes)] : []
  );
  assertEquals(numbers, [3, 4]);
  const lost = atHub.find((event) => event.type === "undelivered");
  assert(lost?.type === "undelivered");
  assertEquals(lost.messages.map(({ bytes }) => numberOf(bytes)), [1, 2]);
});

Deno.test("Session stops its peer when the application takes nothing", () => {
  const pair = new Pair({ windowBytes: 8_192 });
  const bulk = pair.client.openChannel("bulk", { maxMessages: 100 })!;
  pair.connect();
  let accepted = 0;
  for (let i = 0; i < 500; i++) {
    if (pair.client.send(bulk, numbered(i, 1_000))) accepted += 1;
    pair.send();
    pair.arrive();
  }
  // A window and the queue, no more.
  assert(accepted < 112, `${accepted}`);
  assert(pair.hub.pendingEvents < 12, `${pair.hub.pendingEvents}`);
  assertEquals(pair.client.send(bulk, numbered(0, 1_000)), false);
  const got: number[] = [];
  pair.settle((session) => {
    for (const event of takeAll(session)) {
      if (event.type === "message") got.push(numberOf(event.bytes));
    }
  });
  assertEquals(got.length, accepted);
});

Deno.test("Session lets control messages past a bulk transfer", () => {
  const pair = new Pair({ maxFrameBytes: 32_768 });
  const bulk = pair.client.openChannel("bulk", { priority: 7 })!;
  const urgent = pair.client.openChannel("urgent", { priority: 0 })!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  pair.client.send(bulk, new Uint8Array(1_000_000));
  pair.send();
  pair.client.send(urgent, numbered(1, 10));
  pair.send();
  pair.arrive();
  pair.arrive();
  const types = takeAll(pair.hub).map((event) =>
    event.type === "message" ? event.channel : event.type
  );
  assertEquals(types, ["channelOpened", "channelOpened", "urgent"]);
});

Deno.test("Session tells the dead from the frozen", () => {
  const pair = new Pair({ keepaliveMs: 1_000, pongTimeoutMs: 1_000 });
  pair.connect();
  pair.settle((session) => void takeAll(session));
  // A frame that took a minute: the ping goes out, and is answered.
  pair.client.tick(60);
  assertEquals(pair.client.isSilent, false);
  pair.send();
  pair.clock.advance(20);
  pair.arrive();
  // What it waits for the hub's tick is not time on the way.
  pair.clock.advance(16);
  pair.send();
  pair.clock.advance(10);
  pair.arrive();
  assertEquals([pair.client.isSilent, pair.client.rttMs], [false, 30]);
  // Nothing at all for two intervals.
  let seconds = 0;
  while (!pair.client.isSilent) {
    pair.client.tick(0.1);
    pair.client.nextFrame();
    seconds += 0.1;
  }
  assert(seconds > 1.9 && seconds < 2.2, `${seconds}`);
});

Deno.test("Session finds a dead peer within two intervals, however short the hub's is", () => {
  // The time for the answer is left as it is: longer than the interval.
  const pair = new Pair({ keepaliveMs: 200 });
  pair.connect();
  pair.settle((session) => void takeAll(session));
  for (const end of [pair.client, pair.hub]) {
    let seconds = 0;
    for (; !end.isSilent && seconds < 1; seconds += 0.01) {
      end.tick(0.01);
      end.nextFrame();
    }
    assert(seconds > 0.35 && seconds < 0.45, `${seconds}`);
  }
});

Deno.test("Session asks for no sign of life where the hub wants none", () => {
  const client = new Session({ role: "client", clock: new ManualClock() });
  client.attach();
  client.nextFrame();
  const welcome = frameOf((records) => {
    records.welcome({
      version: 1,
      canDeflate: false,
      isResumed: false,
      session: SESSION_ID,
      received: 0,
      available: 1,
      keepaliveMs: 0,
      resumeWindowMs: 0,
      maxFrameBytes: 1_024,
      maxMessageBytes: 1_024,
      windowBytes: 0,
    });
  });
  assertEquals(client.receive(welcome), undefined);
  let frames = 0;
  for (let i = 0; i < 1_000; i++) {
    client.tick(1);
    if (client.nextFrame() !== undefined) frames += 1;
  }
  // The first measures the round trip.
  assertEquals([client.isSilent, frames], [false, 1]);
});

Deno.test("Session asks anew after a jump of time, though a ping was out, but once", () => {
  const pair = new Pair({ keepaliveMs: 1_000, pongTimeoutMs: 1_000 });
  pair.connect();
  pair.settle((session) => void takeAll(session));
  for (let i = 0; i < 19; i++) {
    pair.client.tick(0.1);
    pair.client.nextFrame();
  }
  pair.client.tick(60);
  assertEquals(pair.client.isSilent, false);
  assert(pair.client.nextFrame() !== undefined, "a ping");
  pair.client.tick(0.4);
  assertEquals(pair.client.isSilent, false);
  pair.client.tick(60);
  assertEquals(pair.client.isSilent, true);
});

Deno.test("Session refuses records at the wrong time, whatever they are", () => {
  const { client } = new Pair();
  client.attach();
  client.nextFrame();
  for (const frame of [[6, 0], [0x80, 1, 0], [0x0a, 1, 1], [0x01, 1, 1]]) {
    const error = client.receive(Uint8Array.from(frame));
    assert(error === "unexpectedRecord" || error === "malformed", `${error}`);
  }
});

/** Frames of one end that a test writes by hand. */
function frameOf(write: (records: RecordWriter) => void): Uint8Array {
  const frame = new ByteWriter();
  write(new RecordWriter(frame));
  return frame.toBytes();
}

/** A hub's end that is open, on which a client has opened channel 1. */
function openHub(delivery: Delivery, options: Partial<SessionOptions> = {}) {
  const hub = new Session({
    role: "hub",
    clock: new ManualClock(),
    sessionId: SESSION_ID,
    ...options,
  });
  assertEquals(hub.attach(HELLO), undefined);
  hub.nextFrame();
  assertEquals(
    hub.receive(frameOf((records) => {
      records.open({ channel: 1, name: "chat", delivery, priority: 4 });
    })),
    undefined,
  );
  return hub;
}

const HELLO: Hello = {
  minVersion: 1,
  maxVersion: 1,
  canDeflate: false,
  session: undefined,
  received: 0,
  maxFrameBytes: 65_536,
  maxMessageBytes: 1_048_576,
  windowBytes: 262_144,
};
const { More, Continues, Deflated } = DataFlag;

Deno.test("Session.attach() refuses a count that cannot be, and lowered limits", () => {
  const pair = new Pair();
  const chat = pair.hub.openChannel("chat")!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  for (let i = 0; i < 3; i++) pair.hub.send(chat, numbered(i, 10));
  pair.settle((session) => void takeAll(session));
  const { hub } = pair;
  const hello = { ...HELLO, session: SESSION_ID, received: 3 };
  assertEquals(hub.attach({ ...hello, received: 4 }), "wrongCount");
  // It has taken three.
  assertEquals(hub.attach({ ...hello, received: 2 }), "wrongCount");
  assertEquals(
    hub.attach({ ...hello, maxFrameBytes: 65_535 }),
    "limitLowered",
  );
  assertEquals(
    hub.attach({ ...hello, maxMessageBytes: 1_048_575 }),
    "limitLowered",
  );
  assertEquals(hub.isOpen, false);
  assertEquals(hub.attach(hello), undefined);
});

Deno.test("Session refuses a welcome that resumes another session", () => {
  const pair = new Pair();
  pair.connect();
  pair.settle((session) => void takeAll(session));
  pair.cut();
  pair.client.attach();
  pair.client.nextFrame();
  const welcome = frameOf((records) => {
    records.welcome({
      version: 1,
      canDeflate: false,
      isResumed: true,
      session: new Uint8Array(16).fill(8),
      received: 0,
      available: 1,
      keepaliveMs: 1_000,
      resumeWindowMs: 1_000,
      maxFrameBytes: 65_536,
      maxMessageBytes: 1_048_576,
      windowBytes: 262_144,
    });
  });
  assertEquals(pair.client.receive(welcome), "unexpectedRecord");
});

Deno.test("Session refuses what is deflated, as nobody was allowed to", () => {
  const hub = openHub(Delivery.ExactlyOnce);
  const frame = frameOf((records) => {
    records.data(1, Deflated, 0, new Uint8Array([3, 0]));
  });
  assertEquals(hub.receive(frame), "unexpectedRecord");
});

Deno.test("Session refuses text that is not UTF-8, once it is whole", () => {
  const euro = new TextEncoder().encode("100 €");
  const cases: [parts: Uint8Array[], isText: boolean, error?: string][] = [
    [[euro], true],
    // A character may lie in two parts.
    [[euro.subarray(0, 5), euro.subarray(5)], true],
    [[new Uint8Array()], true],
    [[euro.subarray(0, 5)], false],
    [[euro.subarray(0, 5)], true, "notUtf8"],
    [[euro.subarray(0, 5), euro.subarray(4)], true, "notUtf8"],
    [[euro, Uint8Array.of(0xff)], true, "notUtf8"],
    [[Uint8Array.of(0xed, 0xa0, 0x80)], true, "notUtf8"],
  ];
  for (const delivery of [Delivery.ExactlyOnce, Delivery.AtMostOnce]) {
    for (const [parts, isText, wanted] of cases) {
      const hub = openHub(delivery);
      parts.forEach((part, i) => {
        const isLast = i === parts.length - 1;
        const frame = frameOf((records) => {
          const flags = (i > 0 ? Continues : isText ? DataFlag.Text : 0) |
            (isLast ? 0 : More);
          records.data(1, flags, 0, part);
        });
        assertEquals(hub.receive(frame), isLast ? wanted : undefined);
      });
      const messages = takeAll(hub).filter(({ type }) => type === "message");
      assertEquals(messages.length, wanted === undefined ? 1 : 0);
    }
  }
});

Deno.test("Session tells of a message that a gap in another channel has cut", () => {
  const pair = new Pair({ maxFrameBytes: 1_024, maxReplayAgeMs: 1_000 });
  const { client, hub } = pair;
  const small = client.openChannel("small", { priority: 0 })!;
  const large = client.openChannel("large", { priority: 7 })!;
  pair.connect();
  const got: number[] = [];
  const told: SessionEvent[] = [];
  const take = (session: Session): void => {
    for (const event of takeAll(session)) {
      if (session === hub && event.type === "message") {
        got.push(numberOf(event.bytes));
      } else if (event.type === "undelivered") told.push(event);
    }
  };
  pair.settle(take);
  client.send(large, numbered(1, 3_000));
  // The first part arrives, and is acknowledged.
  hub.receive(client.nextFrame()!);
  hub.tick(1);
  client.receive(hub.nextFrame()!);
  // A small message goes out, and the next part well after it; neither arrives.
  client.send(small, numbered(2, 900));
  client.nextFrame();
  client.tick(0.8);
  client.nextFrame();
  pair.cut();
  client.tick(0.4);
  pair.connect();
  client.send(large, numbered(3, 10));
  pair.settle(take);
  assertEquals(got, [3]);
  assert(told.length === 1 && told[0]!.type === "undelivered");
  assertEquals(
    told[0]!.messages.map(({ bytes }) => numberOf(bytes)).sort(),
    [1, 2],
  );
});

Deno.test("Session tells once of a message that two gaps have hit", () => {
  const pair = new Pair({ maxFrameBytes: 1_024, maxReplayAgeMs: 1_000 });
  const { client } = pair;
  const chat = client.openChannel("chat")!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  client.send(chat, numbered(1, 1_800));
  client.nextFrame();
  client.tick(0.6);
  client.nextFrame();
  const told: SessionEvent[] = [];
  for (let i = 0; i < 2; i++) {
    pair.cut();
    client.tick(0.6);
    pair.connect();
    pair.send();
    pair.arrive();
    pair.arrive();
    client.nextFrame();
    told.push(...takeAll(client));
  }
  pair.cut();
  pair.connect();
  pair.settle((session) => {
    if (session === client) told.push(...takeAll(client));
    else takeAll(session);
  });
  const lost = told.flatMap((event) =>
    event.type === "undelivered"
      ? event.messages.map(({ bytes }) => numberOf(bytes))
      : []
  );
  assertEquals(lost, [1]);
});

Deno.test("Session sends a message again whose first parts a lost session had taken", () => {
  const pair = new Pair({ maxFrameBytes: 1_024 });
  const { client } = pair;
  const chat = client.openChannel("chat")!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  client.send(chat, numbered(1, 3_000));
  pair.hub.receive(client.nextFrame()!);
  pair.hub.tick(1);
  client.receive(pair.hub.nextFrame()!);
  assertEquals(client.unacknowledged, 0);
  pair.forget();
  pair.connect();
  const got: number[] = [];
  const told: SessionEvent[] = [];
  pair.settle((session) => {
    for (const event of takeAll(session)) {
      if (event.type === "message") got.push(event.bytes.length);
      else told.push(event);
    }
  });
  assertEquals(got, [3_000]);
  assert(
    told.every((event) =>
      event.type !== "undelivered" || event.messages.length === 0
    ),
  );
});

Deno.test("Session.openChannel() refuses what no record could say", () => {
  const { client } = new Pair();
  for (const name of ["", "x".repeat(129), "é".repeat(65)]) {
    assertThrows(() => client.openChannel(name), RangeError, "name bytes");
  }
  for (
    const options of [
      { priority: 8 },
      { priority: -1 },
      { delivery: 3 as Delivery },
      { maxMessages: 0 },
      { maxBytes: 0.5 },
      { ttlMs: 0 },
      { ttlMs: NaN },
    ]
  ) {
    assertThrows(
      () => client.openChannel("x", options),
      RangeError,
      "Cannot open a channel as",
    );
  }
  assertEquals(client.openChannel("é".repeat(64)), 1);
});

Deno.test("Session.control() refuses what would fit no frame", () => {
  const pair = new Pair({ maxFrameBytes: 2_048 });
  const { client } = pair;
  // A hub that has not spoken yet may take no more than this.
  assertEquals(client.control(new Uint8Array(1_021)), false);
  assert(client.control(new Uint8Array(1_020)));
  pair.connect();
  pair.settle((session) => void takeAll(session));
  assertEquals(client.control(new Uint8Array(2_045)), false);
  assert(client.control(new Uint8Array(2_044)));
  const got: number[] = [];
  pair.settle((session) => {
    for (const event of takeAll(session)) {
      if (event.type === "control") got.push(event.bytes.length);
    }
  });
  assertEquals(got, [2_044]);
});

Deno.test("Session.control() keeps what waits within bytes, not messages alone", () => {
  const pair = new Pair();
  pair.connect();
  pair.settle((session) => void takeAll(session));
  let accepted = 0;
  while (accepted < 1_000 && pair.hub.control(new Uint8Array(60_000))) {
    accepted += 1;
  }
  assertEquals(accepted, Math.floor(4_194_304 / 60_000));
  // What is sent makes room.
  const events: SessionEvent[] = [];
  pair.settle((session) => void events.push(...takeAll(session)));
  assertEquals(events.length, accepted);
  assert(pair.hub.control(new Uint8Array(60_000)));
});

Deno.test("Session joins a message of single bytes, and bounds it", () => {
  for (const delivery of [Delivery.ExactlyOnce, Delivery.AtMostOnce]) {
    const hub = openHub(delivery, { maxMessageBytes: 5_000 });
    const send = (from: number, to: number, isLast: boolean): unknown => {
      for (let i = from; i < to; i++) {
        const flags = (i === 0 ? 0 : Continues) |
          (isLast && i === to - 1 ? 0 : More);
        const error = hub.receive(frameOf((records) => {
          records.data(1, flags, 0, Uint8Array.of(i));
        }));
        if (error !== undefined) return error;
        hub.nextFrame();
      }
    };
    assertEquals(send(0, 5_000, true), undefined);
    const message = takeAll(hub).find(({ type }) => type === "message");
    assert(message?.type === "message");
    assertEquals(
      message.bytes,
      Uint8Array.from({ length: 5_000 }, (_, i) => i),
    );
    assertEquals(send(0, 5_001, false), "messageTooLarge");
  }
});

Deno.test("Session bounds what it holds of unfinished messages", () => {
  for (const delivery of [Delivery.ExactlyOnce, Delivery.AtMostOnce]) {
    const hub = openHub(delivery, { maxMessageBytes: 1_000 });
    const send = (id: number, flags: number, length: number): unknown =>
      hub.receive(frameOf((records) => {
        records.open({ channel: id, delivery, priority: 4, name: `c${id}` });
        records.data(id, flags, 0, new Uint8Array(length));
      }));
    for (let id = 2; id <= 5; id++) {
      assertEquals(send(id, More, 999), undefined);
    }
    // What is finished does not count, and makes room.
    assertEquals(send(6, 0, 1_000), undefined);
    assertEquals(send(5, Continues, 1), undefined);
    assertEquals(send(6, More, 1_000), undefined);
    assertEquals(send(7, More, 3), undefined);
    assertEquals(send(8, More, 1), "messageTooLarge");
  }
});

Deno.test("Session never exceeds the other end's bound of unfinished messages", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const below = (n: number): number => random.nextU32() % n;
    const pair = new Pair({
      maxMessageBytes: 20_000,
      maxFrameBytes: 1_024,
      windowBytes: 4_096,
      maxReplayAgeMs: seed % 2 === 0 ? 2_000 : 1e9,
    });
    const ids = Array.from(
      { length: 12 },
      (_, i) =>
        pair.client.openChannel(`c${i}`, {
          delivery: i % 3 === 0 ? Delivery.AtMostOnce : Delivery.ExactlyOnce,
          priority: i % 2,
        })!,
    );
    pair.connect();
    let ended = 0;
    const take = (session: Session): void => {
      for (const { type } of takeAll(session)) {
        if (type === "message") ended += 1;
      }
    };
    for (let step = 0; step < 1_500; step++) {
      if (below(8) === 0) {
        const bytes = new Uint8Array(15_000 + below(5_000));
        pair.client.send(ids[below(ids.length)]!, bytes);
      }
      if (below(100) === 0 && pair.isConnected && pair.client.hasBegun) {
        pair.cut();
      }
      if (below(20) === 0 && !pair.isConnected) pair.connect();
      pair.client.tick(0.02);
      pair.hub.tick(0.02);
      if (!pair.isConnected) continue;
      // Fails where the hub finds a frame wrong.
      pair.send();
      pair.arrive();
      take(pair.client);
      take(pair.hub);
    }
    if (!pair.isConnected) pair.connect();
    pair.settle(take);
    assert(ended > 10, `seed ${seed}: ${ended}`);
  }
});

Deno.test("Session gives up messages that may be lost, where nobody takes them", () => {
  for (const [count, length] of [[20_000, 0], [9, 1_000_000]] as const) {
    const pair = new Pair();
    const loose = pair.client.openChannel("loose", {
      delivery: Delivery.AtMostOnce,
      maxMessages: 100_000,
      maxBytes: 2 ** 30,
    })!;
    const chat = pair.client.openChannel("chat", { priority: 7 })!;
    pair.connect();
    pair.settle((session) => void takeAll(session));
    for (let i = 0; i < count; i++) {
      pair.client.send(loose, new Uint8Array(length));
    }
    pair.client.send(chat, numbered(1, 4));
    while (pair.client.queuedMessages > 0) {
      pair.send();
      pair.arrive();
      pair.hub.tick(0.01);
    }
    assert(pair.hub.pendingEvents < 9_000);
    const events: SessionEvent[] = [];
    pair.settle((session) => {
      if (session === pair.hub) events.push(...takeAll(session));
      else takeAll(session);
    });
    let came = 0;
    let dropped = 0;
    for (const event of events) {
      if (event.type === "message" && event.channel === "loose") came += 1;
      if (event.type === "dropped") dropped += event.messages;
    }
    assertEquals(came + dropped, count);
    assert(dropped > 0);
    assert(
      events.some((event) =>
        event.type === "message" && event.channel === "chat"
      ),
    );
  }
});

Deno.test("Session lets all wait that it gave credit for", () => {
  const pair = new Pair({ windowBytes: 640_000, maxReplayRecords: 2 ** 20 });
  const chat = pair.client.openChannel("chat", { maxMessages: 100_000 })!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  for (let i = 0; i < 22_000; i++) pair.client.send(chat, new Uint8Array(0));
  for (let i = 0; i < 100; i++) {
    pair.send();
    pair.arrive();
  }
  // A record costs 32.
  assertEquals(pair.hub.pendingEvents, 20_000 + 1);
  let got = 0;
  pair.settle((session) => {
    for (const { type } of takeAll(session)) got += type === "message" ? 1 : 0;
  });
  assertEquals(got, 22_000);
});

Deno.test("Session grants nothing for channels of a session that is over", () => {
  const pair = new Pair({ windowBytes: 4_096 });
  const chat = pair.hub.openChannel("chat")!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  for (let i = 1; i <= 3; i++) pair.hub.send(chat, numbered(i, 1_000));
  pair.send();
  pair.arrive();
  pair.forget();
  assertEquals(pair.hub.openChannel("news"), chat);
  pair.connect();
  // What is taken now came on the number that is another channel's.
  const limits: number[] = [];
  for (let i = 0; i < 9; i++) {
    pair.send();
    for (const frame of pair.toHub) {
      if (frame[0] === 1) continue; // the hello
      new RecordReader().read(
        frame,
        new Proxy({}, {
          get: (_, type) => (...given: number[]) => {
            if (type === "credit") limits.push(given[1]!);
            return true;
          },
        }) as RecordSink,
      );
    }
    pair.arrive();
    if (i > 3) takeAll(pair.client);
  }
  assertEquals(limits, []);
});

Deno.test("Session bounds what waits, though channels are shut and opened anew", () => {
  const hub = new Pair({
    maxChannels: 2,
    windowBytes: 10_000,
    maxMessageBytes: 5_000,
  });
  hub.connect();
  hub.settle((session) => void takeAll(session));
  let error: string | undefined;
  let channel = 1;
  for (; error === undefined && channel < 100; channel++) {
    error = hub.hub.receive(frameOf((records) => {
      records.open({ channel, delivery: 0, priority: 4, name: "eve" });
      for (let i = 0; i < 2; i++) {
        records.data(channel, 0, 0, new Uint8Array(4_900));
      }
      records.shut(channel);
    }));
  }
  // Of 30,000 that two channels may hold, each takes some 9,864.
  assertEquals([error, channel], ["creditExceeded", 5]);
});

Deno.test("Session does not use a channel's number again before its end was taken", () => {
  const pair = new Pair();
  const { client } = pair;
  const used = client.openChannel("used")!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  client.send(used, numbered(1, 4));
  client.shutChannel(used);
  pair.client.nextFrame();
  for (let i = 0; i < 65_534; i++) {
    client.shutChannel(client.openChannel("unused")!);
    if (i % 1_000 === 0) client.nextFrame();
  }
  client.nextFrame();
  assertEquals(client.openChannel("next"), 2);
  pair.cut();
  pair.connect();
  pair.settle((session) => void takeAll(session));
  for (let i = 0; i < 65_533; i++) {
    client.shutChannel(client.openChannel("unused")!);
    if (i % 1_000 === 0) client.nextFrame();
  }
  client.nextFrame();
  assertEquals(client.openChannel("again"), used);
});

Deno.test("Session sends nothing more to who has said that it goes, before it is back", () => {
  const pair = new Pair();
  const loose = pair.client.openChannel("loose", {
    delivery: Delivery.AtMostOnce,
  })!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  pair.hub.sayBye({ code: 4000, retryAfterMs: 0, reason: "" });
  pair.send();
  pair.arrive();
  assert(pair.client.send(loose, numbered(1, 4)));
  assertEquals(pair.client.nextFrame(), undefined);
  pair.cut();
  pair.connect();
  const seen: SessionEvent[] = [];
  pair.settle((session) => {
    const events = takeAll(session);
    if (session === pair.hub) seen.push(...events);
  });
  assertEquals(seen.filter(({ type }) => type === "message").length, 1);
});

Deno.test("Session.sayBye() comes last, and goes with the socket", () => {
  const pair = new Pair();
  const { client, hub } = pair;
  const chat = client.openChannel("chat")!;
  const bye = { code: 1_000, retryAfterMs: 0, reason: "" };
  client.sayBye(bye);
  pair.connect();
  pair.settle((session) => {
    assertEquals(takeAll(session).some(({ type }) => type === "bye"), false);
  });
  client.sayBye(bye);
  pair.cut();
  pair.connect();
  pair.settle((session) => {
    assertEquals(takeAll(session).some(({ type }) => type === "bye"), false);
  });
  client.send(chat, numbered(1, 4));
  client.sayBye(bye);
  hub.receive(client.nextFrame()!);
  assertEquals(takeAll(hub).slice(-2).map(({ type }) => type), [
    "message",
    "bye",
  ]);
});

Deno.test("Session.shutChannel() has room for a last text, and none after it", () => {
  const pair = new Pair();
  const { client, hub } = pair;
  const chat = client.openChannel("chat", { maxMessages: 2 })!;
  assert(
    client.send(chat, numbered(1, 4)) && client.send(chat, numbered(2, 4)),
  );
  assertEquals(client.send(chat, numbered(3, 4)), false);
  client.shutChannel(chat, new TextEncoder().encode("done"));
  client.shutChannel(chat, new TextEncoder().encode("twice"));
  pair.connect();
  const seen: unknown[] = [];
  pair.settle((session) => {
    for (const event of takeAll(session)) {
      if (session !== hub) continue;
      seen.push(event.type === "message" ? event.isText : event.type);
    }
  });
  assertEquals(seen, [
    "opened",
    "channelOpened",
    false,
    false,
    true,
    "channelShut",
  ]);
  assertEquals(client.send(chat, numbered(4, 4)), false);
});

Deno.test("Session keeps what was too old within its bytes, until it is told", () => {
  const pair = new Pair({ maxReplayBytes: 65_536, maxReplayAgeMs: 1_000 });
  const { client } = pair;
  const chat = client.openChannel("chat", { maxMessages: 1_000 })!;
  pair.connect();
  pair.settle((session) => void takeAll(session));
  // The hub gives credit, and takes nothing.
  client.receive(frameOf((records) => {
    records.credit(1, 2 ** 40);
  }));
  let written = 0;
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 10; j++) client.send(chat, new Uint8Array(4_000));
    for (let frame; (frame = client.nextFrame()) !== undefined;) {
      written += frame.length;
    }
    client.tick(1.1);
  }
  assert(written < 80_000, `${written}`);
});

Deno.test("Session delivers once or tells, however windows age and sockets go", () => {
  for (let seed = 1; seed <= SEEDS; seed++) runAging(seed, false);
});

Deno.test("Session delivers or tells, though hubs forget as well", () => {
  for (let seed = 1; seed <= SEEDS; seed++) runAging(seed, true);
});

/** Traffic under cuts that outlast the windows; with `forgets`, of hubs too. */
function runAging(seed: number, forgets: boolean): void {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const pair = new Pair({
    windowBytes: 4_096 << below(4),
    maxFrameBytes: 1_024 << below(4),
    maxReplayRecords: 8 << below(6),
    maxReplayBytes: 8_192 << below(4),
    maxReplayAgeMs: 200 + below(2_000),
  });
  /** By direction and number: how often it came, and was told to be lost. */
  const sent = [0, 0];
  const came = [new Map<number, number>(), new Map<number, number>()];
  const told = [new Map<number, number>(), new Map<number, number>()];
  const last = [new Map<string, number>(), new Map<string, number>()];
  let gaps = 0;
  const ids: number[][] = [[], []];
  let names = 0;
  const endOf = (at: number): Session => at === 0 ? pair.client : pair.hub;
  const add = (counts: Map<number, number>, number: number): void => {
    counts.set(number, (counts.get(number) ?? 0) + 1);
  };
  const take = (session: Session, max: number): void => {
    const at = session === pair.client ? 0 : 1;
    for (let i = 0; i < max; i++) {
      const event = session.poll();
      if (event === undefined) return;
      if (event.type === "message") {
        const number = numberOf(event.bytes);
        const where = `seed ${seed}: ${number} on ${event.channel}`;
        const before = last[at]!.get(event.channel) ?? 0;
        assert(number > before, `${where} after ${before}`);
        last[at]!.set(event.channel, number);
        add(came[1 - at]!, number);
        const filling = new Uint8Array(event.bytes.length - 4).fill(number);
        assertEquals(event.bytes.subarray(4), filling, where);
      } else if (event.type === "gap") gaps += 1;
      else if (event.type === "undelivered") {
        for (const { bytes } of event.messages) add(told[at]!, numberOf(bytes));
      }
    }
  };
  for (let step = 0; step < 300; step++) {
    const at = below(2);
    switch (below(11)) {
      case 0:
        // A session that the client has not heard of it cannot resume.
        if (
          pair.isConnected && (forgets || pair.client.hasBegun) &&
          below(3) === 0
        ) pair.cut();
        break;
      case 1:
        if (!pair.isConnected) pair.connect();
        break;
      case 2:
        if (ids[at]!.length < 4) {
          const priority = below(8);
          const id = endOf(at).openChannel(`${names++}`, { priority });
          ids[at]!.push(id!);
        } else if (below(4) === 0) {
          endOf(at).shutChannel(ids[at]!.splice(below(4), 1)[0]!);
        }
        break;
      case 3:
      case 4: {
        const id = ids[at]![below(4)];
        if (id === undefined) break;
        const length = below(3) === 0 ? below(9_000) : below(200);
        const number = sent[at]! + 1;
        if (endOf(at).send(id, numbered(number, length))) sent[at] = number;
        break;
      }
      case 5:
        pair.client.tick(below(800) / 1_000);
        pair.hub.tick(below(800) / 1_000);
        break;
      case 6:
      case 7:
        if (pair.isConnected) pair.send();
        break;
      case 8:
      case 9:
        if (pair.isConnected) pair.arrive();
        break;
      default:
        take(endOf(at), below(5));
        if (!forgets || below(40) > 0 || !pair.client.hasBegun) break;
        // The hub's own messages go with it.
        take(pair.hub, 10_000);
        pair.forget();
        for (let number = 1; number <= sent[1]!; number++) {
          if (!came[1]!.has(number)) told[1]!.set(number, 1);
        }
        ids[1] = [];
    }
  }
  if (!pair.isConnected) pair.connect();
  pair.settle((session) => take(session, 1_000));
  let lost = 0;
  for (const at of [0, 1]) {
    for (let number = 1; number <= sent[at]!; number++) {
      const isDelivered = came[at]!.get(number) ?? 0;
      const isTold = told[at]!.get(number) ?? 0;
      const isRight = forgets
        ? isDelivered <= 1 && isTold <= 1 && isDelivered + isTold >= 1
        : isDelivered + isTold === 1;
      assert(
        isRight,
        `seed ${seed}: ${number} from ${at} came ${isDelivered}, told ${isTold}`,
      );
      lost += isTold;
    }
  }
  if (!forgets) assertEquals(lost > 0 ? gaps > 0 : true, true, `seed ${seed}`);
}

Deno.test("Session with the same seed and clock writes the same frames and events", () => {
  const logOf = (seed: number): string => {
    const random = new SeededRandom(seed);
    const pair = new Pair({ maxReplayAgeMs: 500, maxFrameBytes: 2_048 });
    const log: string[] = [];
    for (let step = 0; step < 500; step++) {
      const end = random.nextU32() & 1 ? pair.client : pair.hub;
      switch (random.nextU32() % 6) {
        case 0:
          if (pair.isConnected) pair.cut();
          else pair.connect();
          break;
        case 1: {
          const id = random.nextU32() % 4 + 1;
          const delivery = id % 3 as Delivery;
          end.openChannel(`${id}`, { delivery });
          end.send(id, numbered(step, random.nextU32() % 4_000));
          break;
        }
        case 2:
          pair.clock.advance(40);
          pair.client.tick(0.04);
          pair.hub.tick(0.04);
          break;
        default:
          if (!pair.isConnected) break;
          pair.send();
          log.push(...[...pair.toHub, ...pair.toClient].map(encodeHex));
          pair.arrive();
          for (const event of takeAll(end)) {
            log.push(
              JSON.stringify(
                event,
                (_, value) =>
                  value instanceof Uint8Array ? encodeHex(value) : value,
              ),
            );
          }
      }
    }
    return log.join("\n");
  };
  for (let seed = 1; seed <= 10; seed++) {
    const log = logOf(seed);
    assert(log.length > 5_000 && log === logOf(seed), `seed ${seed}`);
    assert(log !== logOf(seed + 100));
  }
});

const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000_000 : 40_000;

Deno.test("Session is not hurt by random bytes and mutated frames", () => {
  const random = new SeededRandom(11);
  const below = (n: number): number => random.nextU32() % n;
  // Frames as they are, to be changed.
  const corpus: Uint8Array[] = [];
  const source = new Pair({ maxFrameBytes: 1_024 });
  const loose = source.client.openChannel("loose", { delivery: 1 })!;
  const chat = source.client.openChannel("chat")!;
  source.connect();
  for (let i = 0; i < 60; i++) {
    source.client.send(i & 1 ? chat : loose, numbered(i, below(2_000)));
    if (i % 9 === 0) source.client.control(new Uint8Array(20));
    if (i % 20 === 0) source.client.ping(new Uint8Array(4));
    if (i === 50) source.client.shutChannel(loose);
    source.send();
    if (source.toHub.length > 0 && i > 0) corpus.push(source.toHub.at(-1)!);
    source.arrive();
    takeAll(source.hub);
  }
  const open = (): Session =>
    openHub(Delivery.ExactlyOnce, {
      maxMessageBytes: 20_000,
      windowBytes: 16_384,
    });
  let hub = open();
  const seen = new Set<string>();
  for (let i = 0; i < MUTANTS; i++) {
    const from = corpus[below(corpus.length)]!;
    const frame = below(8) === 0
      ? new Uint8Array(below(64))
      : from.slice(0, below(3) === 0 ? below(from.length + 1) : from.length);
    if (below(8) === 0) random.fill(frame);
    for (let flips = below(4); flips > 0 && frame.length > 0; flips--) {
      frame[below(Math.min(frame.length, 1 << below(11)))] = below(256);
    }
    const error = hub.receive(frame);
    if (below(4) === 0) hub.tick(below(100) / 1_000);
    for (let j = below(3); j > 0; j--) hub.nextFrame();
    // An application that is slow, or asleep.
    if (below(500) === 0) takeAll(hub);
    assert(hub.pendingEvents <= 20_000);
    if (error === undefined) {
      seen.add("accepted");
      continue;
    }
    seen.add(error);
    // The session goes on with another socket, or there is a new one.
    hub.detach();
    if (below(3) === 0) hub = open();
    else hub.attach({ ...HELLO, session: SESSION_ID });
  }
  for (
    const outcome of [
      "accepted",
      "malformed",
      "unexpectedRecord",
      "unknownChannel",
      "wrongCount",
    ]
  ) assert(seen.has(outcome), `${outcome} is not in ${[...seen]}`);
});

Deno.test("Session without a keepalive is never silent, and asks nothing after the first ping", () => {
  const pair = new Pair({ keepaliveMs: 0 });
  pair.connect();
  pair.settle((session) => void takeAll(session));
  assert(pair.client.rttSamples > 0);
  for (let i = 0; i < 100; i++) {
    for (const session of [pair.client, pair.hub]) {
      session.tick(60);
      assertEquals(session.nextFrame(), undefined);
      assertEquals(session.isSilent, false);
    }
  }
});

Deno.test("Session sends the rest again where the peer has taken what it said it had not", () => {
  const session = new Session({
    role: "hub",
    clock: new ManualClock(),
    sessionId: SESSION_ID,
  });
  session.attach({ ...HELLO, maxFrameBytes: 1_024, windowBytes: 100_000 });
  const id = session.openChannel("chat")!;
  for (let i = 0; i < 100; i++) session.send(id, new Uint8Array(100));
  while (session.nextFrame() !== undefined);
  assertEquals(session.unacknowledged, 100);
  const resumed = {
    ...HELLO,
    session: SESSION_ID,
    received: 0,
    maxFrameBytes: 1_024,
  };
  assertEquals(session.attach(resumed), undefined);
  // The first of them; there is no room for more.
  assert(session.nextFrame() !== undefined);
  const ack = frameOf((records) => records.ack(50));
  assertEquals(session.receive(ack), undefined);
  let bytes = 0;
  for (let frame; (frame = session.nextFrame()) !== undefined;) {
    bytes += frame.length;
  }
  assert(bytes > 5_000 && bytes < 5_300, `${bytes}`);
});

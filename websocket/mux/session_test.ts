import { assert, assertEquals } from "@std/assert";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { Delivery, type Hello } from "./record.ts";
import { RecordReader, type RecordSink } from "./record_reader.ts";
import { Session, type SessionOptions } from "./session.ts";
import type { SessionEvent } from "./session_event.ts";

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
    return new Session({
      role: "hub",
      clock: this.clock,
      sessionId: SESSION_ID,
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

  restartHub(): void {
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
        const isKnown = this.hub.unacknowledged > 0 || this.#knows;
        this.#knows = true;
        const { session: _, ...rest } = hello;
        assertEquals(
          this.hub.attach(
            isKnown && hello.session !== undefined
              ? hello
              : { ...rest, session: undefined, received: 0 },
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

  #knows = false;

  forget(): void {
    this.#knows = false;
    this.restartHub();
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
      isDeflated: false,
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
        if (pair.isConnected && below(4) === 0) pair.cut();
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
      messages: [{ channel: "chat", bytes: numbered(1, 10), isText: false }],
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
  pair.arrive();
  pair.clock.advance(30);
  pair.send();
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

Deno.test("Session refuses records at the wrong time, whatever they are", () => {
  const { client } = new Pair();
  client.attach();
  client.nextFrame();
  for (const frame of [[6, 0], [0x80, 1, 0], [0x0a, 1, 1], [0x01, 1, 1]]) {
    const error = client.receive(Uint8Array.from(frame));
    assert(error === "unexpectedRecord" || error === "malformed", `${error}`);
  }
});

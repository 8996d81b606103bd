import { assert, assertEquals } from "@std/assert";
import { decodeHex } from "@std/encoding/hex";
import { deflateRawSync } from "node:zlib";
import { ManualClock, SeededRandom } from "../../core/mod.ts";
import { Deflater } from "./deflater.ts";
import { DataFlag, Delivery, type Hello } from "./record.ts";
import { RecordReader, type RecordSink } from "./record_reader.ts";
import { Session } from "./session.ts";
import type { SessionEvent } from "./session_event.ts";
import type { SessionOptions } from "./session_options.ts";
import vectors from "../vectors/records.json" with { type: "json" };

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 5_000 : 150;
const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 10_000;

/** Deflates when it is told to. */
class Compressor {
  readonly jobs: {
    finish(): void;
    fail(): void;
    readonly bytes: Uint8Array;
  }[] = [];
  /** Whether nobody has to tell it. */
  isEager = false;
  begun = 0;

  readonly deflate = (bytes: Uint8Array): Promise<Uint8Array> => {
    this.begun += 1;
    const stream = new Uint8Array(deflateRawSync(bytes));
    if (this.isEager) return Promise.resolve(stream);
    return new Promise((resolve, reject) => {
      this.jobs.push({
        bytes,
        finish: () => resolve(stream),
        fail: () => reject(new Error("out of memory")),
      });
    });
  };

  /** Ends the oldest jobs. */
  async finish(count = Infinity, how: "finish" | "fail" = "finish") {
    for (const job of this.jobs.splice(0, count)) job[how]();
    await settled();
  }
}

/** What promises that are settled bring about has come about. */
async function settled(): Promise<void> {
  for (let i = 0; i < 8; i++) await undefined;
}

/** Both ends of a session, which deflate. */
class Pair {
  readonly clock = new ManualClock();
  readonly compressor = new Compressor();
  readonly deflaters: readonly Deflater[];
  readonly client: Session;
  hub: Session;
  readonly events = new Map<Session, SessionEvent[]>();
  /** Flags of data records that were sent, and their bytes. */
  readonly sent: { flags: number; byteCount: number }[] = [];
  isConnected = false;
  #isGreeted = false;
  #hubs = 0;
  readonly #options: Partial<SessionOptions>;

  constructor(options: Partial<SessionOptions> = {}, minBytes = 100) {
    const { deflate } = this.compressor;
    this.deflaters = [0, 1].map(() => new Deflater({ minBytes, deflate }));
    this.#options = options;
    this.client = new Session({
      role: "client",
      clock: this.clock,
      deflater: this.deflaters[0]!,
      ...options,
    });
    this.hub = this.#newHub();
  }

  #newHub(): Session {
    this.#hubs += 1;
    return new Session({
      role: "hub",
      clock: this.clock,
      sessionId: new Uint8Array(16).fill(this.#hubs),
      deflater: this.deflaters[1]!,
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
    this.client.detach();
    this.hub.detach();
  }

  forget(): void {
    this.cut();
    this.hub = this.#newHub();
  }

  /** A frame of each end, which arrives or not. */
  exchange(isLost = false): void {
    for (const from of [this.client, this.hub]) {
      const frame = from.nextFrame()?.slice();
      if (frame === undefined) continue;
      const hello = this.#look(frame);
      if (isLost) continue;
      const to = from === this.client ? this.hub : this.client;
      if (to === this.client || this.#isGreeted) {
        assertEquals(to.receive(frame), undefined);
        continue;
      }
      this.#isGreeted = true;
      const isKnown = hello!.session?.[0] === this.hub.sessionId![0];
      const { session: _, ...rest } = hello!;
      const anew = { ...rest, session: undefined, received: 0 };
      assertEquals(this.hub.attach(isKnown ? hello! : anew), undefined);
    }
  }

  #look(frame: Uint8Array): Hello | undefined {
    let hello: Hello | undefined;
    const sink = new Proxy({}, {
      get: (_, name) => (first: unknown, flags: number, ...rest: number[]) => {
        if (name === "hello") hello = first as Hello;
        if (name === "data") {
          this.sent.push({ flags, byteCount: rest[3]! - rest[2]! });
        }
        return true;
      },
    }) as RecordSink;
    assertEquals(new RecordReader().read(frame, sink), undefined);
    return hello;
  }

  /** Some rounds in which everything arrives and is taken. */
  run(rounds = 6): void {
    for (let i = 0; i < rounds; i++) {
      this.client.tick(0.05);
      this.hub.tick(0.05);
      this.exchange();
      this.take();
    }
  }

  take(): void {
    for (const session of [this.client, this.hub]) {
      const events = this.events.get(session) ?? [];
      this.events.set(session, events);
      for (let event = session.poll(); event; event = session.poll()) {
        events.push(event);
      }
    }
  }

  /** What has arrived at an end, as text. */
  texts(session: Session): string[] {
    return (this.events.get(session) ?? []).flatMap((event) =>
      event.type === "message" ? [textOf(event.bytes)] : []
    );
  }
}

/** Text that becomes smaller, and begins with something. */
function long(name: string, length = 1_000): string {
  return name + " ".repeat(length - name.length);
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trimEnd();
}

function send(session: Session, id: number, text: string, key?: string) {
  return session.send(
    id,
    new TextEncoder().encode(text),
    key === undefined ? { isText: true } : { isText: true, key },
  );
}

function connected(
  delivery?: Delivery,
  options: Partial<SessionOptions> = {},
  maxMessages = 100,
): { pair: Pair; id: number } {
  const pair = new Pair(options);
  const id = pair.client.openChannel("chat", {
    ...delivery === undefined ? {} : { delivery },
    maxMessages,
  })!;
  pair.connect();
  pair.run();
  return { pair, id };
}

Deno.test("Session deflates messages from minBytes on, and counts what that saves", async () => {
  const { pair, id } = connected();
  send(pair.client, id, "short");
  send(pair.client, id, long("long"));
  pair.run();
  assertEquals(pair.texts(pair.hub), ["short"]);
  await pair.compressor.finish();
  pair.run();
  assertEquals(pair.texts(pair.hub), ["short", "long"]);
  const [short, deflated] = pair.sent;
  assertEquals(short, { flags: DataFlag.Text, byteCount: 5 });
  assertEquals(deflated?.flags, DataFlag.Text | DataFlag.Deflated);
  const saved = 1_000 - deflated!.byteCount;
  assert(saved > 900);
  const [out, in_] = pair.deflaters;
  assertEquals([out!.savedBytesOut, out!.savedBytesIn], [saved, 0]);
  assertEquals([in_!.savedBytesOut, in_!.savedBytesIn], [0, saved]);
  assertEquals(out!.outcomes.deflated, 1);
  assertEquals(pair.client.unacknowledged, 0);
});

Deno.test("Session keeps the order of a channel while a message is deflated, and others go on", async () => {
  const { pair, id } = connected();
  const other = pair.client.openChannel("other", { priority: 7 })!;
  send(pair.client, id, long("1"));
  send(pair.client, id, "2");
  send(pair.client, id, long("3"));
  send(pair.client, other, "beside");
  pair.run();
  assertEquals(pair.texts(pair.hub), ["beside"]);
  // The second is done first.
  pair.compressor.jobs.pop()!.finish();
  await settled();
  pair.run();
  assertEquals(pair.texts(pair.hub), ["beside"]);
  await pair.compressor.finish();
  pair.run(1);
  assertEquals(pair.texts(pair.hub), ["beside", "1", "2", "3"]);
});

Deno.test("Session has all that waited for the welcome deflated at once", async () => {
  const pair = new Pair();
  const id = pair.client.openChannel("chat")!;
  for (let i = 0; i < 4; i++) send(pair.client, id, long(`${i}`));
  assertEquals(pair.compressor.begun, 0);
  pair.connect();
  pair.run(2);
  assertEquals(pair.compressor.begun, 4);
  await pair.compressor.finish();
  pair.run(1);
  assertEquals(pair.texts(pair.hub), ["0", "1", "2", "3"]);
});

Deno.test("Session sends as it is what does not become smaller, or could not be deflated", async () => {
  const { pair, id } = connected();
  const noise = new Uint8Array(1_000);
  new SeededRandom(1).fill(noise);
  pair.client.send(id, noise);
  send(pair.client, id, long("text"));
  await pair.compressor.finish(1);
  await pair.compressor.finish(1, "fail");
  pair.run();
  assertEquals(pair.sent, [
    { flags: 0, byteCount: 1_000 },
    { flags: DataFlag.Text, byteCount: 1_000 },
  ]);
  assertEquals(pair.deflaters[0]!.outcomes, {
    deflated: 0,
    incompressible: 1,
    skipped: 0,
    failed: 1,
  });
});

Deno.test("Session deflates nothing unless both ends do", async () => {
  for (const withDeflater of ["client", "hub"]) {
    const clock = new ManualClock();
    const deflater = new Deflater({ minBytes: 1 });
    const client = new Session({
      role: "client",
      clock,
      ...withDeflater === "client" && { deflater },
    });
    const hub = new Session({
      role: "hub",
      clock,
      sessionId: new Uint8Array(16),
      ...withDeflater === "hub" && { deflater },
    });
    const id = client.openChannel("chat")!;
    client.attach();
    client.nextFrame();
    hub.attach({
      minVersion: 1,
      maxVersion: 1,
      canDeflate: withDeflater === "client",
      session: undefined,
      received: 0,
      maxFrameBytes: 65_536,
      maxMessageBytes: 1_000_000,
      windowBytes: 65_536,
    });
    assertEquals(client.receive(hub.nextFrame()!), undefined);
    send(client, id, long("plain"));
    await settled();
    assertEquals(hub.receive(client.nextFrame()!), undefined);
    const types = Array.from({ length: 3 }, () => hub.poll()?.type);
    assertEquals(types, ["opened", "channelOpened", "message"]);
    assertEquals(deflater.savedBytesOut + deflater.savedBytesIn, 0);
    // Nobody was allowed to.
    const frame = [0x83, 1, 5, ...deflateRawSync(new Uint8Array(9))];
    const deflated = Uint8Array.from([...frame.slice(0, 2), frame.length - 3]);
    const wrong = Uint8Array.from([...deflated, ...frame.slice(3)]);
    assertEquals(hub.receive(wrong), "unexpectedRecord");
  }
});

Deno.test("Session refuses a socket that takes back what was said of deflate", () => {
  const pair = new Pair();
  pair.connect();
  pair.run();
  pair.cut();
  const hello: Hello = {
    minVersion: 1,
    maxVersion: 1,
    canDeflate: false,
    session: pair.hub.sessionId,
    received: 0,
    maxFrameBytes: 65_536,
    maxMessageBytes: 1_048_576,
    windowBytes: 262_144,
  };
  assertEquals(pair.hub.attach(hello), "limitLowered");
  assertEquals(pair.hub.attach({ ...hello, canDeflate: true }), undefined);
});

Deno.test("Session sends the rest of a deflated message deflated after a cut", async () => {
  const { pair, id } = connected(undefined, { maxFrameBytes: 1_024 });
  const noise = new Uint8Array(5_000);
  new SeededRandom(2).fill(noise);
  const message = new Uint8Array([...noise, ...noise]);
  pair.client.send(id, message);
  pair.client.send(id, noise.subarray(0, 10));
  await pair.compressor.finish();
  pair.exchange();
  pair.exchange();
  pair.exchange(true);
  pair.cut();
  pair.connect();
  pair.run(20);
  const got = pair.events.get(pair.hub)!.flatMap((event) =>
    event.type === "message" ? [event.bytes] : []
  );
  assertEquals(got, [message, noise.slice(0, 10)]);
  assertEquals(pair.compressor.begun, 1);
});

Deno.test("Session begins a message anew as the next hub wants it", async () => {
  for (const canDeflate of [true, false]) {
    const { pair, id } = connected(undefined, { maxFrameBytes: 1_024 });
    const noise = new Uint8Array(5_000);
    new SeededRandom(3).fill(noise);
    const message = new Uint8Array([...noise, ...noise]);
    pair.client.send(id, message);
    await pair.compressor.finish();
    pair.exchange();
    pair.forget();
    if (!canDeflate) {
      pair.hub = new Session({
        role: "hub",
        clock: pair.clock,
        sessionId: new Uint8Array(16).fill(99),
        maxFrameBytes: 1_024,
      });
    }
    pair.sent.length = 0;
    pair.connect();
    pair.run(20);
    const got = pair.events.get(pair.hub)!.flatMap((event) =>
      event.type === "message" ? [event.bytes] : []
    );
    assertEquals(got, [message]);
    const [first] = pair.sent;
    assertEquals(
      first!.flags,
      DataFlag.More | (canDeflate ? DataFlag.Deflated : 0),
    );
  }
});

Deno.test("Session hands back the message, not the stream", async () => {
  const { pair, id } = connected();
  send(pair.client, id, long("lost"));
  send(pair.client, id, long("waiting"));
  await pair.compressor.finish(1);
  pair.exchange(true);
  pair.client.end();
  pair.take();
  const undelivered = pair.events.get(pair.client)!.find(({ type }) =>
    type === "undelivered"
  );
  assert(undelivered?.type === "undelivered");
  assertEquals(
    undelivered.messages.map(({ bytes }) => [textOf(bytes), bytes.length]),
    [["lost", 1_000], ["waiting", 1_000]],
  );
});

Deno.test("Session gets a latest-only message through though a newer one comes each tick", async () => {
  const { pair, id } = connected(Delivery.LatestOnly);
  for (let i = 1; i <= 20; i++) {
    send(pair.client, id, long(`${i}`));
    // A tick is not enough.
    pair.run(1);
    if (i % 2 === 0) await pair.compressor.finish(1);
  }
  await pair.compressor.finish();
  pair.run();
  await pair.compressor.finish();
  pair.run();
  const numbers = pair.texts(pair.hub).map(Number);
  assert(numbers.length > 5, `${numbers}`);
  assertEquals(numbers, [...numbers].sort((a, b) => a - b));
  assertEquals(numbers.at(-1), 20);
});

Deno.test("Session lets each key of a latest-only channel through", async () => {
  const { pair, id } = connected(Delivery.LatestOnly);
  for (let i = 1; i <= 20; i++) {
    for (const key of ["a", "b", "c"]) {
      send(pair.client, id, long(`${key}${i}`), key);
    }
    pair.run(1);
    await pair.compressor.finish();
  }
  for (let i = 0; i < 3; i++) {
    pair.run(1);
    await pair.compressor.finish();
  }
  const texts = pair.texts(pair.hub);
  for (const key of ["a", "b", "c"]) {
    const ofKey = texts.filter((text) => text.startsWith(key));
    assert(ofKey.length >= 6, `${texts}`);
    assertEquals(ofKey.at(-1), `${key}20`);
  }
});

Deno.test("Session sends the newest of a latest-only channel again after a cut", async () => {
  const { pair, id } = connected(Delivery.LatestOnly);
  send(pair.client, id, long("1"));
  await pair.compressor.finish();
  pair.exchange(true);
  pair.cut();
  pair.connect();
  pair.run();
  assertEquals(pair.texts(pair.hub), ["1"]);
  assertEquals(pair.compressor.begun, 1);
});

Deno.test("Session drops old messages of an at-most-once channel, but for the one that is deflated first", async () => {
  const { pair, id } = connected(Delivery.AtMostOnce, {}, 2);
  for (let i = 1; i <= 5; i++) send(pair.client, id, long(`${i}`));
  await pair.compressor.finish();
  pair.run();
  await pair.compressor.finish();
  pair.run();
  assertEquals(pair.texts(pair.hub), ["1", "5"]);
});

Deno.test("Session gives up a message that waits too long, though it is being deflated", async () => {
  const pair = new Pair();
  const id = pair.client.openChannel("chat", {
    delivery: Delivery.AtMostOnce,
    ttlMs: 100,
  })!;
  pair.connect();
  pair.run();
  send(pair.client, id, long("late"));
  pair.run(4);
  send(pair.client, id, long("next"));
  await pair.compressor.finish();
  pair.run();
  assertEquals(pair.texts(pair.hub), ["next"]);
  const dropped = pair.events.get(pair.client)!.find(({ type }) =>
    type === "dropped"
  );
  assert(dropped?.type === "dropped" && dropped.bytes === 1_000);
});

Deno.test("Session bounds its queue by the messages, and credit by the wire", async () => {
  const pair = new Pair({ windowBytes: 4_096 });
  const id = pair.client.openChannel("chat", { maxBytes: 10_000 })!;
  pair.connect();
  pair.run();
  let accepted = 0;
  while (send(pair.client, id, long(`${accepted}`, 1_000))) accepted += 1;
  assertEquals([accepted, pair.client.queuedBytes], [10, 10_000]);
  while (pair.compressor.jobs.length > 0) await pair.compressor.finish();
  // Nothing is taken, and all of it goes.
  pair.exchange();
  assertEquals(pair.client.queuedBytes, 0);
});

Deno.test("Session counts what it keeps for a resume with the messages", async () => {
  const pair = new Pair({ maxReplayBytes: 10_000, windowBytes: 1_000_000 });
  const id = pair.client.openChannel("chat", { maxMessages: 100 })!;
  pair.connect();
  pair.run();
  for (let i = 0; i < 50; i++) send(pair.client, id, long(`${i}`));
  while (pair.compressor.jobs.length > 0) await pair.compressor.finish();
  for (let i = 0; i < 10; i++) pair.exchange();
  const { unacknowledged } = pair.client;
  assert(unacknowledged >= 8 && unacknowledged <= 10, `${unacknowledged}`);
  pair.run(40);
  assertEquals(pair.texts(pair.hub).length, 50);
  assertEquals(pair.client.unacknowledged, 0);
});

/** A hub in whose session frames of a test's own arrive. */
function hubOf(options: Partial<SessionOptions> = {}): {
  hub: Session;
  deflater: Deflater;
} {
  const deflater = new Deflater({ minBytes: 100 });
  const hub = new Session({
    role: "hub",
    clock: new ManualClock(),
    sessionId: new Uint8Array(16).fill(1),
    deflater,
    ...options,
  });
  hub.attach({
    minVersion: 1,
    maxVersion: 1,
    canDeflate: true,
    session: undefined,
    received: 0,
    maxFrameBytes: 65_536,
    maxMessageBytes: 1_000_000,
    windowBytes: 65_536,
  });
  // OPEN of channel 1 as "a", exactly once.
  assertEquals(
    hub.receive(Uint8Array.of(4, 1, 0, 0, 1, 0x61)),
    undefined,
  );
  hub.poll();
  hub.poll();
  return { hub, deflater };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [value & 0x7f | 0x80, ...varint(value >> 7)];
}

/** One deflated message on channel 1. */
function deflatedFrame(stream: Uint8Array): Uint8Array {
  return Uint8Array.from([0x82, 1, ...varint(stream.length), ...stream]);
}

Deno.test("Session tells of a stream that is none, or too long, when it is taken", () => {
  const stream = new Uint8Array(deflateRawSync(new Uint8Array(1_000)));
  const damaged = stream.slice();
  damaged[2]! ^= 0xff;
  const cases = [
    [stream, 1_000, "message"],
    [stream, 999, "messageTooLarge"],
    [stream.subarray(0, -1), 1_000, "malformed"],
    [Uint8Array.from([...stream, 0]), 1_000, "malformed"],
    [damaged, 1_000, "malformed"],
    [new Uint8Array(0), 1_000, "malformed"],
    // A stream that was flushed after each byte.
    [
      Uint8Array.from([
        ...Array.from({ length: 20 }, () => [0, 1, 0, 0xfe, 0xff, 9]).flat(),
        ...[1, 0, 0, 0xff, 0xff],
      ]),
      1_000,
      "malformed",
    ],
  ] as const;
  for (const [bytes, maxMessageBytes, outcome] of cases) {
    const { hub } = hubOf({ maxMessageBytes });
    assertEquals(hub.receive(deflatedFrame(bytes)), undefined);
    const event = hub.poll();
    const actual = event?.type === "failed" ? event.error : event?.type;
    assertEquals(actual, outcome);
    assertEquals(hub.poll(), undefined);
  }
});

Deno.test("Session wants the text of a stream to be UTF-8, not the stream", () => {
  for (
    const [bytes, outcome] of [
      [new TextEncoder().encode("€".repeat(100)), "message"],
      [Uint8Array.of(0x61, 0xe2, 0x82), "notUtf8"],
    ] as const
  ) {
    const { hub } = hubOf();
    const frame = deflatedFrame(new Uint8Array(deflateRawSync(bytes)));
    frame[0]! |= DataFlag.Text;
    assertEquals(hub.receive(frame), undefined);
    const event = hub.poll();
    const actual = event?.type === "failed" ? event.error : event?.type;
    assertEquals(actual, outcome);
  }
});

Deno.test("Session inflates the deflated vector", () => {
  const vector = vectors.accepted.find(({ name }) =>
    name.endsWith("40 times, deflated")
  );
  const { hub } = hubOf();
  // OPEN of channel 7 as "b", exactly once.
  hub.receive(Uint8Array.of(4, 7, 0, 0, 1, 0x62));
  assertEquals(hub.receive(decodeHex(vector!.frame)), undefined);
  assertEquals(hub.poll()?.type, "channelOpened");
  assertEquals(hub.poll(), {
    type: "message",
    channel: "b",
    bytes: new TextEncoder().encode("tick ".repeat(40)),
    isText: true,
    request: undefined,
  });
});

Deno.test("Session holds of a bomb no more than came, and inflates it once it is taken", () => {
  const { hub, deflater } = hubOf({ maxMessageBytes: 2 ** 20 });
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 20)));
  let sent = 0;
  // As many as there is credit for.
  while (hub.receive(deflatedFrame(bomb)) === undefined) sent += 1;
  assert(sent > 200, `${sent}`);
  assertEquals(deflater.inflatedBytes, 0);
  const event = hub.poll();
  assert(event?.type === "message" && event.bytes.length === 2 ** 20);
  assertEquals(deflater.inflatedBytes, 2 ** 20);
});

Deno.test("Session inflates for the reader of a channel, and tells both of a wrong stream", () => {
  const { hub, deflater } = hubOf({ maxMessageBytes: 1_000 });
  const inlet = hub.divert(["a"]);
  const stream = new Uint8Array(deflateRawSync(new Uint8Array(1_000)));
  hub.receive(deflatedFrame(stream));
  hub.receive(deflatedFrame(stream.subarray(1)));
  hub.receive(deflatedFrame(stream));
  const shown = inlet.peek();
  assert(shown?.type === "message" && shown.bytes.length === 1_000);
  assert(inlet.take() === shown, "it is inflated once");
  const failed = { type: "failed", error: "malformed" };
  assertEquals([inlet.take(), hub.poll()] as unknown[], [failed, failed]);
  const { inflatedBytes } = deflater;
  inlet.discard();
  assertEquals(deflater.inflatedBytes, inflatedBytes);
  assertEquals(inlet.pending, 0);
});

Deno.test("Session is not hurt by mutated streams", () => {
  const random = new SeededRandom(5);
  const below = (n: number): number => random.nextU32() % n;
  const seen = new Set<string>();
  const corpus = Array.from({ length: 100 }, (_, i) => {
    const bytes = new Uint8Array(below(4_000)).map(() => below(1 + 2 * i));
    return new Uint8Array(deflateRawSync(bytes, { memLevel: 1 + i % 9 }));
  });
  let { hub } = hubOf({ maxMessageBytes: 3_000 });
  for (let i = 0; i < MUTANTS; i++) {
    const stream = corpus[below(corpus.length)]!.slice();
    for (let flips = below(3); flips > 0; flips--) {
      stream[below(Math.min(stream.length, 1 << below(12)))] = below(256);
    }
    const frame = deflatedFrame(stream);
    if (below(4) === 0) frame[below(frame.length)] = below(256);
    if (hub.receive(frame) !== undefined) {
      ({ hub } = hubOf({ maxMessageBytes: 3_000 }));
    }
    for (let event = hub.poll(); event; event = hub.poll()) {
      seen.add(event.type === "failed" ? event.error : event.type);
      if (event.type === "message") assert(event.bytes.length <= 3_000);
    }
    hub.nextFrame();
  }
  for (const outcome of ["message", "malformed", "messageTooLarge"]) {
    assert(seen.has(outcome), `${outcome} is not in ${[...seen]}`);
  }
});

Deno.test("Session delivers once and in order over cuts, deflated or not", async () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    try {
      await runCuts(seed);
    } catch (error) {
      throw new Error(`Seed ${seed}`, { cause: error });
    }
  }
});

/** Random traffic under random cuts, both ways, while messages are deflated in their time. */
async function runCuts(seed: number): Promise<void> {
  const random = new SeededRandom(seed);
  const below = (n: number): number => random.nextU32() % n;
  const pair = new Pair(
    {
      windowBytes: 4_096 << below(4),
      maxFrameBytes: 1_024 << below(6),
      maxReplayRecords: 16 << below(8),
      maxReplayBytes: 32_768 << below(6),
      maxReplayAgeMs: 1e9,
    },
    1 + below(500),
  );
  const ends = [pair.client, pair.hub];
  const sent: number[][] = [[0, 0, 0, 0], [0, 0, 0, 0]];
  for (const end of ends) {
    end.openChannel("0", { priority: 0 });
    end.openChannel("1", { priority: 7, maxMessages: 20 });
    end.openChannel("2", { delivery: Delivery.AtMostOnce, maxMessages: 4 });
    end.openChannel("3", { delivery: Delivery.LatestOnly });
  }
  for (let step = 0; step < 300; step++) {
    switch (below(8)) {
      case 0:
        if (pair.isConnected && pair.client.hasBegun && below(4) === 0) {
          pair.cut();
        } else if (!pair.isConnected) pair.connect();
        break;
      case 1:
      case 2:
      case 3: {
        const from = below(2);
        const channel = below(4);
        const number = sent[from]![channel]! + 1;
        const length = 8 + below(below(3) === 0 ? 20_000 : 300);
        const bytes = new Uint8Array(length);
        // Some become smaller.
        if (below(2) === 0) random.fill(bytes);
        new DataView(bytes.buffer).setFloat64(0, number);
        if (ends[from]!.send(channel + 1, bytes)) {
          sent[from]![channel] = number;
        }
        break;
      }
      case 4:
        await pair.compressor.finish(
          below(4),
          below(10) === 0 ? "fail" : "finish",
        );
        break;
      case 5:
        pair.client.tick(below(100) / 1_000);
        pair.hub.tick(below(100) / 1_000);
        break;
      case 6:
        if (below(2) === 0) pair.take();
        break;
      default:
        if (pair.isConnected) pair.exchange();
    }
  }
  if (!pair.isConnected) pair.connect();
  let isDone = false;
  for (let i = 0; i < 400 && !isDone; i++) {
    pair.run(2);
    await pair.compressor.finish();
    isDone = i > 20 &&
      ends.every(({ queuedMessages, unacknowledged }) =>
        queuedMessages + unacknowledged === 0
      );
  }
  for (const [from, to] of [[0, 1], [1, 0]] as const) {
    const got: number[][] = [[], [], [], []];
    for (const event of pair.events.get(ends[to]!)!) {
      assert(event.type !== "failed" && event.type !== "gap");
      if (event.type !== "message") continue;
      const { buffer, byteOffset } = event.bytes;
      const number = new DataView(buffer, byteOffset).getFloat64(0);
      got[Number(event.channel)]!.push(number);
    }
    for (const channel of [0, 1]) {
      const all = Array.from(
        { length: sent[from]![channel]! },
        (_, i) => i + 1,
      );
      assertEquals(got[channel], all);
    }
    for (const channel of [2, 3]) {
      const numbers = got[channel]!;
      assert(
        numbers.every((number, i) => i === 0 || number >= numbers[i - 1]!),
        `${numbers}`,
      );
    }
    // The newest one gets through, perhaps twice.
    assertEquals(got[3]!.at(-1) ?? 0, sent[from]![3]);
    assertEquals(ends[from]!.queuedBytes, 0);
    assertEquals(ends[from]!.unacknowledged, 0);
  }
}

Deno.test("Deflater deflates a message once, for whoever sends it", async () => {
  const compressor = new Compressor();
  const deflater = new Deflater({
    minBytes: 10,
    deflate: compressor.deflate,
  });
  assertEquals(deflater.of(new Uint8Array(9)), undefined);
  const bytes = new Uint8Array(10_000);
  const deflation = deflater.of(bytes)!;
  assert(deflater.of(bytes) === deflation);
  assertEquals([compressor.begun, deflation.isDone], [0, false]);
  deflater.begin(deflation);
  deflater.begin(deflation);
  assertEquals(compressor.begun, 1);
  await compressor.finish();
  assertEquals(deflation.isDone, true);
  assertEquals(deflation.stream, new Uint8Array(deflateRawSync(bytes)));
});

Deno.test("Deflater leaves out what nothing can keep up with", async () => {
  const compressor = new Compressor();
  const deflater = new Deflater({
    minBytes: 10,
    deflate: compressor.deflate,
  });
  const deflations = Array.from({ length: 1_100 }, () => {
    const deflation = deflater.of(new Uint8Array(100))!;
    deflater.begin(deflation);
    return deflation;
  });
  assertEquals(compressor.begun, 4);
  assertEquals(deflater.outcomes.skipped, 1_100 - 1_024 - 4);
  assertEquals(deflations.filter(({ isDone }) => isDone).length, 72);
  while (compressor.jobs.length > 0) await compressor.finish();
  assertEquals(deflater.outcomes.deflated, 1_028);
  assert(deflations.every(({ isDone }) => isDone));
  // By bytes, of which a single one may have as many as it likes.
  for (const size of [1e6, 1e6, 1e6, 1e6, 2e7]) {
    deflater.begin(deflater.of(new Uint8Array(size))!);
  }
  assertEquals(deflater.outcomes.skipped, 72);
  deflater.begin(deflater.of(new Uint8Array(10))!);
  assertEquals(deflater.outcomes.skipped, 73);
  while (compressor.jobs.length > 0) await compressor.finish();
});

Deno.test("Deflater sends as it is what throws in the runtime's hands", async () => {
  const deflater = new Deflater({
    minBytes: 1,
    deflate: () => {
      throw new TypeError("no such format");
    },
  });
  const deflation = deflater.of(new Uint8Array(100))!;
  deflater.begin(deflation);
  await settled();
  assertEquals([deflation.isDone, deflation.stream], [true, undefined]);
  assertEquals(deflater.outcomes.failed, 1);
});

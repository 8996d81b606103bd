import { Buffer } from "node:buffer";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import {
  checkChannel,
  testMessageLink,
} from "./_testing/message_link_conformance.ts";
import { Channel, isReliable } from "./channel.ts";
import { type MemoryLinkOptions, MemoryLinkPair } from "./memory_link.ts";
import type { MessageLink } from "./message_link.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 50_000 : 1_000;
const { Reliable, Unreliable, ReliableOrdered, UnreliableOrdered } = Channel;

/** Longer than any message of the pairs below takes. */
const LONG_S = 10;

for (
  const [name, options] of Object.entries({
    "MemoryLinkPair": {},
    "MemoryLinkPair with latency": { latencyMs: 50 },
    "MemoryLinkPair with jitter and loss": {
      latencyMs: 30,
      jitterMs: 40,
      loss: 0.3,
    },
    "MemoryLinkPair with small limits": {
      maxMessageBytes: 300,
      maxQueuedBytes: 20_000,
      maxQueuedMessages: 400,
    },
    "MemoryLinkPair that opens later": { isOpen: false, latencyMs: 5 },
  })
) {
  testMessageLink(name, (run) => {
    const pair = new MemoryLinkPair(options);
    return run({
      a: pair.a,
      b: pair.b,
      settle() {
        pair.open();
        pair.tick(LONG_S);
      },
    });
  });
}

Deno.test("MemoryLinkPair delivers without a tick if there is no latency", () => {
  const { a, b } = new MemoryLinkPair();
  assert(a.send(bytesOf(1), Unreliable));
  assertEquals(poll(b), [[1]]);
  assertEquals([a.rttMs, a.maxMessageBytes], [0, 65_536]);
  a.close("bye");
  assertEquals(b.state, { type: "closed", reason: "bye" });
});

Deno.test("MemoryLinkPair.tick() brings what is due, and no more", () => {
  const pair = new MemoryLinkPair({ latencyMs: 100 });
  const { a, b } = pair;
  a.send(bytesOf(1), Unreliable);
  pair.tick(0.0625);
  a.send(bytesOf(2), Unreliable);
  assertEquals(poll(b), []);
  pair.tick(0.0375);
  assertEquals(poll(b), [[1]]);
  pair.tick(0.0625);
  assertEquals(poll(b), [[2]]);
  assertEquals(b.rttMs, 200);
});

Deno.test("MemoryLinkPair.tick() carries the news of a close as slowly as messages", () => {
  const pair = new MemoryLinkPair({ latencyMs: 100 });
  const { a, b } = pair;
  a.send(bytesOf(1), Reliable);
  a.close("bye");
  assertEquals(b.state.type, "open");
  assert(b.send(bytesOf(2), Reliable), "b cannot know yet");
  pair.tick(0.125);
  assertEquals(b.state.type, "open");
  assertEquals(poll(b), [[1]]);
  assertEquals(b.state, { type: "closed", reason: "bye" });
  assertEquals(poll(a), []);
});

Deno.test("MemoryLinkPair.tick() closes an end that has nothing to poll", () => {
  const pair = new MemoryLinkPair({ latencyMs: 100 });
  pair.a.close("bye");
  pair.tick(0.05);
  assertEquals(pair.b.state.type, "open");
  pair.tick(0.05);
  assertEquals(pair.b.state, { type: "closed", reason: "bye" });
});

Deno.test("MemoryLinkPair closes an end that is polled after its sink returned", () => {
  const { a, b } = new MemoryLinkPair();
  a.send(bytesOf(1), Reliable);
  b.poll(() => {
    a.close("bye");
    assertEquals(b.state.type, "open");
  });
  assertEquals(b.state, { type: "closed", reason: "bye" });
});

Deno.test("MemoryLinkPair.tick() refuses a time that is none", () => {
  const pair = new MemoryLinkPair();
  for (const dt of [-1, NaN, Infinity]) {
    assertThrows(
      () => pair.tick(dt),
      RangeError,
      `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
    );
  }
});

Deno.test("MemoryLinkPair.open() opens what is connecting, and nothing else", () => {
  const pair = new MemoryLinkPair({ isOpen: false, latencyMs: 20 });
  const { a, b } = pair;
  assertEquals([a.state.type, b.state.type], ["connecting", "connecting"]);
  assertEquals(a.rttMs, 0);
  a.close("no");
  pair.open();
  assertEquals([a.state.type, b.state.type], ["closed", "open"]);
  pair.tick(1);
  pair.open();
  assertEquals(b.state, { type: "closed", reason: "no" });
});

Deno.test("MemoryLinkPair refuses at maxQueuedMessages and at maxQueuedBytes", () => {
  const { a, b } = new MemoryLinkPair({
    maxQueuedMessages: 4,
    maxQueuedBytes: 10,
  });
  assertEquals(a.maxMessageBytes, 10);
  assert(a.send(new Uint8Array(6), Reliable));
  assertEquals(a.send(new Uint8Array(5), Unreliable), false);
  assert(a.send(new Uint8Array(4), ReliableOrdered));
  assert(a.send(new Uint8Array(0), Reliable));
  assert(a.send(new Uint8Array(0), Reliable));
  assertEquals(a.send(new Uint8Array(0), Reliable), false);
  assert(b.send(new Uint8Array(10), Reliable), "each direction has its own");
  assertEquals(poll(b).length, 4);
  assert(a.send(new Uint8Array(10), Reliable));
});

Deno.test("MemoryLinkPair with loss 1 loses the unreliable and delays the reliable", () => {
  const pair = new MemoryLinkPair({ latencyMs: 10, loss: 1 });
  const { a, b } = pair;
  for (const channel of [0, 1, 2, 3] as const) {
    assert(a.send(bytesOf(channel), channel));
  }
  pair.tick(0.169);
  assertEquals(poll(b), []);
  pair.tick(0.002);
  assertEquals(poll(b), [[0], [2]]);
});

Deno.test("MemoryLinkPair overwrites what a sink was given", () => {
  const { a, b } = new MemoryLinkPair();
  a.send(bytesOf(1, 2, 3), Reliable);
  let kept = bytesOf();
  b.poll((bytes) => kept = bytes);
  assertEquals(kept, bytesOf(0, 0, 0));
});

Deno.test("MemoryLinkPair refuses options out of their ranges", () => {
  const table: [MemoryLinkOptions, string][] = [
    [{ maxQueuedBytes: 0 }, "maxQueuedBytes must be an integer >= 1"],
    [{ maxQueuedMessages: 1.5 }, "maxQueuedMessages must be an integer >= 1"],
    [
      { maxMessageBytes: 9, maxQueuedBytes: 8 },
      "maxMessageBytes must be an integer from 1 to maxQueuedBytes (8)",
    ],
    [{ latencyMs: -1 }, "latencyMs must be finite and >= 0"],
    [{ jitterMs: Infinity }, "jitterMs must be finite and >= 0"],
    [{ loss: 1.01 }, "loss must be from 0 to 1"],
    [{ loss: NaN }, "loss must be from 0 to 1"],
  ];
  for (const [options, wanted] of table) {
    assertThrows(
      () => new MemoryLinkPair(options),
      RangeError,
      `Cannot create a MemoryLinkPair as ${wanted}: current value is `,
    );
  }
});

Deno.test("MemoryLinkPair keeps the channels' promises on any schedule", () => {
  const seen = { lost: 0, reordered: 0, tooLate: 0, refused: 0, closed: 0 };
  for (let seed = 0; seed < CASES; seed++) {
    const run = new Run(seed);
    run.go();
    run.check();
    for (const key of Object.keys(seen) as (keyof typeof seen)[]) {
      seen[key] += run.seen[key];
    }
  }
  // Or else the schedules are too tame to show anything.
  for (const [what, count] of Object.entries(seen)) {
    assert(count > CASES / 10, `${what}: ${count}`);
  }
});

Deno.test("MemoryLinkPair runs the same for the same seed, to the byte", () => {
  for (let seed = 0; seed < CASES / 10; seed++) {
    const [one, two, other] = [seed, seed, seed + 1].map((it) => {
      const run = new Run(it);
      run.go();
      return run.trace.join("\n");
    });
    assert(one === two, `seed ${seed}`);
    assert(one !== other, `seed ${seed}`);
  }
});

interface Sent {
  readonly channel: Channel;
  readonly bytes: number[];
}

interface End {
  readonly name: string;
  readonly link: MessageLink;
  readonly sent: Sent[];
  readonly got: Sent[];
  /** What the other end sent over reliable channels and this one has not polled. */
  waiting: number;
  waitingBytes: number;
  closedItself: boolean;
}

/** One random schedule of calls, and what came of it. */
class Run {
  readonly trace: string[] = [];
  readonly seen = { lost: 0, reordered: 0, tooLate: 0, refused: 0, closed: 0 };
  readonly #random: SeededRandom;
  readonly #pair: MemoryLinkPair;
  readonly #ends: readonly [End, End];
  readonly #maxQueuedBytes: number;
  readonly #maxQueuedMessages: number;
  readonly #maxMessageBytes: number;
  readonly #where: string;

  constructor(seed: number) {
    this.#where = `seed ${seed}`;
    const random = new SeededRandom(seed);
    this.#random = random;
    this.#maxQueuedBytes = 100 + random.nextU32() % 5_000;
    this.#maxQueuedMessages = 1 + random.nextU32() % 100;
    this.#maxMessageBytes = 60 + random.nextU32() % 40;
    this.#pair = new MemoryLinkPair({
      maxMessageBytes: this.#maxMessageBytes,
      maxQueuedBytes: this.#maxQueuedBytes,
      maxQueuedMessages: this.#maxQueuedMessages,
      latencyMs: random.nextU32() % 3 * 40,
      jitterMs: random.nextU32() % 3 * 60,
      loss: random.nextU32() % 4 / 5,
      random: new SeededRandom(seed),
    });
    const { a, b } = this.#pair;
    this.#ends = [endOf("a", a), endOf("b", b)];
  }

  go(): void {
    const random = this.#random;
    for (let step = 0; step < 300; step++) {
      const at = random.nextU32() & 1;
      const choice = random.nextU32() % 400;
      if (choice < 240) this.#send(at, step);
      else if (choice < 320) this.#pair.tick(random.nextU32() % 64 / 1_000);
      else if (choice < 399) this.#poll(at, choice % 5 === 0);
      else if (step > 100) this.#close(at, step);
    }
  }

  check(): void {
    for (let i = 0; i < 3; i++) {
      this.#pair.tick(LONG_S);
      for (const at of [0, 1]) this.#poll(at, false);
    }
    const [a, b] = this.#ends;
    assertEquals(a.link.state.type, b.link.state.type, this.#where);
    if (a.link.state.type === "closed") this.seen.closed += 1;
    for (const [from, to] of [[a, b], [b, a]] as const) {
      // What was sent to an end that has closed is lost, on any channel.
      const sent = to.closedItself
        ? from.sent.filter((message) => to.got.some((it) => alike(it, message)))
        : from.sent;
      for (const channel of [0, 1, 2, 3] as const) {
        checkChannel(channel, sent, to.got, this.#where);
      }
      this.#count(from, to);
    }
  }

  #send(at: number, step: number): void {
    const random = this.#random;
    const from = this.#ends[at]!;
    const to = this.#ends[1 - at]!;
    const channel = (random.nextU32() & 3) as Channel;
    const bytes = new Uint8Array(2 + random.nextU32() % 100);
    random.fill(bytes);
    bytes[0] = step;
    bytes[1] = step >>> 8;
    const isOpen = from.link.state.type === "open";
    const accepted = from.link.send(bytes, channel);
    const fits = bytes.length <= this.#maxMessageBytes;
    this.trace.push(`${from.name} send ${channel} ${accepted} ${bytes}`);
    if (!accepted) {
      if (isOpen && fits) this.seen.refused += 1;
      return;
    }
    assert(isOpen && fits, this.#where);
    from.sent.push({ channel, bytes: [...bytes] });
    if (!isReliable(channel) || to.closedItself) return;
    to.waiting += 1;
    to.waitingBytes += bytes.length;
    assert(to.waiting <= this.#maxQueuedMessages, this.#where);
    assert(to.waitingBytes <= this.#maxQueuedBytes, this.#where);
  }

  #poll(at: number, isBroken: boolean): void {
    const end = this.#ends[at]!;
    try {
      end.link.poll((bytes, channel) => {
        this.trace.push(`${end.name} got ${channel} ${bytes}`);
        end.got.push({ channel, bytes: [...bytes] });
        if (isReliable(channel)) {
          end.waiting -= 1;
          end.waitingBytes -= bytes.length;
        }
        if (isBroken) throw new Error("the sink is broken");
      });
    } catch (error) {
      if (!isBroken) throw error;
    }
    this.trace.push(`${end.name} ${JSON.stringify(end.link.state)}`);
  }

  #close(at: number, step: number): void {
    const end = this.#ends[at]!;
    end.closedItself ||= end.link.state.type !== "closed";
    end.link.close(`step ${step}`);
    this.trace.push(`${end.name} close ${step}`);
  }

  #count(from: End, to: End): void {
    if (!to.closedItself) this.seen.lost += missing(Unreliable, from, to);
    for (const channel of [Reliable, Unreliable]) {
      const steps = to.got
        .filter((it) => it.channel === channel)
        .map(({ bytes }) => bytes[0]! + bytes[1]! * 256);
      this.seen.reordered += steps.filter((it, i) => it < steps[i - 1]!).length;
    }
    this.seen.tooLate += Math.max(
      0,
      missing(UnreliableOrdered, from, to) - missing(Unreliable, from, to),
    );
  }
}

function endOf(name: string, link: MessageLink): End {
  return {
    name,
    link,
    sent: [],
    got: [],
    waiting: 0,
    waitingBytes: 0,
    closedItself: false,
  };
}

function missing(channel: Channel, from: End, to: End): number {
  return from.sent.filter((it) => it.channel === channel).length -
    to.got.filter((it) => it.channel === channel).length;
}

function alike(one: Sent, two: Sent): boolean {
  return one.channel === two.channel && one.bytes.length === two.bytes.length &&
    one.bytes.every((byte, i) => byte === two.bytes[i]);
}

function poll(link: MessageLink): number[][] {
  const got: number[][] = [];
  link.poll((bytes) => got.push([...bytes]));
  return got;
}

function bytesOf(...bytes: number[]): Uint8Array {
  return new Uint8Array(bytes);
}

Deno.test("MemoryLinkPair copies a Buffer of Node's that is sent", () => {
  const pair = new MemoryLinkPair({ latencyMs: 10 });
  const message = Buffer.from([1, 2, 3]);
  pair.a.send(message, Channel.ReliableOrdered);
  message.fill(9);
  pair.tick(1);
  const got: number[][] = [];
  pair.b.poll((bytes) => got.push([...bytes]));
  assertEquals(got, [[1, 2, 3]]);
  assertEquals([...message], [9, 9, 9]);
});

Deno.test("MemoryLinkPair refuses to send what is not bytes", () => {
  const { a } = new MemoryLinkPair();
  for (
    const value of ["abc", new ArrayBuffer(2), new Uint16Array([258]), [1]]
  ) {
    assertThrows(
      () => a.send(value as unknown as Uint8Array, Channel.Reliable),
      TypeError,
      "must be a Uint8Array",
    );
  }
});

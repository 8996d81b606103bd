import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import { Flight, type FlightAnswer } from "./_flight.ts";
import { type Hello, SESSION_ID_BYTES } from "./record.ts";
import { RecordReader, type RecordSink } from "./record_reader.ts";
import { Session } from "./session.ts";

const STEP_MS = 0.5;
const FRAME_MS = 1_000 / 60;
const CONTROL_EVERY_MS = 50;
const CONTROL_BYTES = 100;
const BULK = new Uint8Array(32_768);

/** A line of one direction: bytes one behind the other, then the way. */
class Line {
  readonly #bytesPerMs: number;
  readonly #wayMs: number;
  readonly #frames: { frame: Uint8Array; atMs: number }[] = [];
  #freeMs = 0;

  constructor(bytesPerMs: number, wayMs: number) {
    this.#bytesPerMs = bytesPerMs;
    this.#wayMs = wayMs;
  }

  put(frame: Uint8Array, nowMs: number): void {
    this.#freeMs = Math.max(nowMs, this.#freeMs) +
      frame.length / this.#bytesPerMs;
    const atMs = this.#freeMs + this.#wayMs;
    this.#frames.push({ frame: frame.slice(), atMs });
  }

  take(nowMs: number): { frame: Uint8Array; atMs: number }[] {
    const end = this.#frames.findIndex(({ atMs }) => atMs > nowMs);
    return this.#frames.splice(0, end < 0 ? this.#frames.length : end);
  }
}

interface Conditions {
  readonly bytesPerMs: number;
  /** One way. */
  readonly wayMs: number;
  /** How much later than the sender the receiver ticks. */
  readonly phaseMs: number;
  readonly seconds: number;
}

/** A hub that fills a line with bulk, and control messages beside it. */
function run({ bytesPerMs, wayMs, phaseMs, seconds }: Conditions) {
  const clock = new ManualClock();
  const sessionId = new Uint8Array(SESSION_ID_BYTES);
  const hub = new Session({ role: "hub", clock, sessionId });
  const client = new Session({ role: "client", clock });
  const down = new Line(bytesPerMs, wayMs);
  const up = new Line(1e9, wayMs);
  const bulk = hub.openChannel("bulk", { priority: 7, maxBytes: 1_048_576 })!;
  const control = hub.openChannel("control", { priority: 0 })!;
  client.attach();
  const waiting = { hub: up.take(0), client: down.take(0) };
  const latenciesMs: number[] = [];
  let bulkBytes = 0;
  let isGreeted = false;
  let hubMs = 0;
  let clientMs = phaseMs;
  let controlMs = 1_000;
  const startMs = 2_000;
  for (let nowMs = 0; nowMs < seconds * 1_000; nowMs += STEP_MS) {
    clock.advance(STEP_MS);
    const timeMs = clock.nowMs();
    waiting.hub.push(...up.take(timeMs));
    waiting.client.push(...down.take(timeMs));
    for (; controlMs < timeMs; controlMs += CONTROL_EVERY_MS) {
      const bytes = new Uint8Array(CONTROL_BYTES);
      new DataView(bytes.buffer).setFloat64(0, timeMs);
      hub.send(control, bytes);
    }
    if (timeMs >= hubMs) {
      hubMs += FRAME_MS;
      while (timeMs > 100 && hub.send(bulk, BULK));
      for (const { frame, atMs } of waiting.hub.splice(0)) {
        if (isGreeted) assertEquals(hub.receive(frame, atMs), undefined);
        else hub.attach(helloOf(frame));
        isGreeted = true;
      }
      while (hub.poll() !== undefined);
      hub.tick(FRAME_MS / 1_000);
      for (let frame; (frame = hub.nextFrame());) down.put(frame, timeMs);
    }
    if (timeMs >= clientMs) {
      clientMs += FRAME_MS;
      for (const { frame, atMs } of waiting.client.splice(0)) {
        assertEquals(client.receive(frame, atMs), undefined);
      }
      for (let event; (event = client.poll());) {
        if (event.type !== "message" || timeMs < startMs) continue;
        const { bytes } = event;
        if (bytes.length > CONTROL_BYTES) bulkBytes += bytes.length;
        else {
          const sentMs = new DataView(bytes.buffer).getFloat64(0);
          latenciesMs.push(timeMs - sentMs);
        }
      }
      client.tick(FRAME_MS / 1_000);
      for (let frame; (frame = client.nextFrame());) up.put(frame, timeMs);
    }
  }
  latenciesMs.sort((a, b) => a - b);
  const use = bulkBytes / (seconds * 1_000 - startMs) / bytesPerMs;
  return { p99Ms: latenciesMs[Math.floor(latenciesMs.length * 0.99)]!, use };
}

function helloOf(frame: Uint8Array): Hello {
  let hello: Hello | undefined;
  new RecordReader().read(
    frame,
    { hello: (it) => (hello = it) !== undefined } as RecordSink,
  );
  return hello!;
}

Deno.test("Session keeps a line full, and what is urgent soon, in virtual time", () => {
  const MBIT = 125;
  const cases = [
    // Of a line, its way, and how late the receiver's tick is: use, and p99.
    [10 * MBIT, 0, 0, 0.95, 80],
    [10 * MBIT, 0, 8, 0.95, 80],
    [10 * MBIT, 20, 3, 0.85, 125],
    [MBIT, 20, 8, 0.9, 300],
    [100 * MBIT, 1, 8, 0.6, 40],
  ] as const;
  for (const [bytesPerMs, wayMs, phaseMs, leastUse, mostMs] of cases) {
    const { use, p99Ms } = run({ bytesPerMs, wayMs, phaseMs, seconds: 12 });
    const what = `${bytesPerMs} ${wayMs} ${phaseMs}: ${use} ${p99Ms}`;
    assert(use >= leastUse && p99Ms <= mostMs, what);
  }
});

const ANSWER: FlightAnswer = {
  nowMs: 1_000,
  receivedMs: 1_000,
  heldMs: 0,
  pingedMs: 1_000,
  sentBytes: 0,
};

Deno.test("Flight believes no answer that cannot be", () => {
  const flight = new Flight();
  flight.send(1_000);
  const wrong: Partial<FlightAnswer>[] = [
    { pingedMs: 1_001 },
    { pingedMs: -Infinity },
    { pingedMs: NaN },
    { sentBytes: 1_001 },
    { sentBytes: -1 },
    { sentBytes: NaN },
    { sentBytes: Infinity },
  ];
  for (const part of wrong) {
    assertEquals(flight.arrive({ ...ANSWER, ...part }), false);
  }
  const before = flight.room(0);
  assert(flight.arrive({ ...ANSWER, sentBytes: 1_000, heldMs: 1e9 }));
  assertEquals(flight.room(0), before + 1_000);
});

Deno.test("Flight holds back at once, and lets go with the answer, or another", () => {
  const flight = new Flight();
  assertEquals(flight.wantsPing(100), false);
  const most = flight.room(0);
  flight.send(most);
  assertEquals([flight.room(0), flight.room(1)], [0, -1]);
  assert(flight.wantsPing(0) && flight.hold(0));
  assertEquals(flight.ping(0, 0), most);
  // One is on its way.
  assertEquals([flight.wantsPing(0), flight.hold(999)], [false, false]);
  assertEquals(flight.hold(1_001), true);
  assert(flight.arrive({ ...ANSWER, pingedMs: 0, sentBytes: most }));
  assert(flight.room(0) > 0);
});

Deno.test("Flight has less on its way once in a while, to see it without a queue", () => {
  const flight = new Flight();
  const answer = (nowMs: number, flightMs: number): number => {
    const pingedMs = nowMs - flightMs;
    flight.arrive({ ...ANSWER, nowMs, receivedMs: nowMs, pingedMs });
    return flight.room(0);
  };
  answer(100, 50);
  const most = answer(5_000, 55);
  // The shortest is old, and the way has become longer.
  assertEquals(answer(10_200, 70), Math.floor(most / 2));
  assertEquals(answer(10_330, 65), Math.floor(most / 2));
  assertEquals(answer(10_341, 65), most);
});

Deno.test("Flight.reset() forgets the socket before", () => {
  const flight = new Flight();
  const most = flight.room(0);
  flight.send(10_000);
  flight.ping(5, 0);
  flight.reset();
  assertEquals([flight.room(0), flight.wantsPing(0)], [most, false]);
});

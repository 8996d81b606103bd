import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Clock, SeededRandom } from "../../core/mod.ts";
import {
  type DatagramAddress,
  type DatagramSocket,
  SendResult,
  SessionRecorder,
  SessionReplay,
  SimulatedNetwork,
} from "../mod.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

/** A state machine whose bytes depend on all that it sees: what comes in, when, from where and how sending went. */
class Machine {
  readonly #socket: DatagramSocket;
  readonly #clock: Clock;
  readonly #random = new SeededRandom(3);
  #state = 1;
  #last: DatagramAddress | undefined;

  constructor(socket: DatagramSocket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    this.#mix(clock.nowMs() * 1000);
    this.#mix(clock.epochMs());
  }

  tell(bytes: Uint8Array): void {
    for (const byte of bytes) this.#mix(byte);
  }

  poll(): void {
    this.#socket.poll((datagram, from) => {
      for (const byte of datagram) this.#mix(byte);
      for (const byte of from.key) this.#mix(byte);
      this.#mix(this.#clock.nowMs() * 1000);
      this.#last = from;
      if (this.#random.nextFloat() < 0.7) this.#send(from);
    });
    if (this.#last !== undefined && this.#random.nextFloat() < 0.2) {
      this.#send(this.#last);
    }
  }

  #send(to: DatagramAddress): void {
    const bytes = new Uint8Array(1 + this.#random.nextU32() % 40).fill(
      this.#state,
    );
    this.#mix(this.#socket.send(bytes, to));
  }

  #mix(word: number): void {
    this.#state = Math.imul(this.#state ^ word, 0x85eb_ca6b) >>> 3;
  }
}

function record(seed: number): {
  readonly capture: Uint8Array;
  readonly sent: number;
} {
  const network = new SimulatedNetwork({
    seed,
    conditions: { latencyMs: 7, jitterMs: 11.3, loss: 0.1, duplication: 0.1 },
  });
  network.advance(1234.5678);
  const server = network.socket("10.0.0.1", 9000);
  const recorder = new SessionRecorder(server, { clock: network.clock });
  const machine = new Machine(recorder.socket, recorder.clock);
  const clients = [1, 2, 3].map((i) => network.socket(`10.0.1.${i}`, 5000));
  const random = new SeededRandom(seed);
  const parts: Uint8Array[] = [];
  for (let i = 0; i < 400; i++) {
    const client = clients[random.nextU32() % 3]!;
    const bytes = new Uint8Array(random.nextU32() % 50);
    random.fill(bytes);
    client.send(bytes, client.address("10.0.0.1", 9000));
    network.advance(random.nextFloat() * 10);
    if (i % 50 === 10) network.rebind(client);
    network.setFull(server, random.nextFloat() < 0.1);
    if (i % 20 === 5) {
      recorder.note(bytes);
      machine.tell(bytes);
    }
    machine.poll();
    if (i % 100 === 99) parts.push(recorder.takeBytes());
  }
  recorder.socket.close();
  parts.push(recorder.takeBytes());
  const capture = new Uint8Array(parts.flatMap((part) => [...part]));
  return { capture, sent: server.counters.sent };
}

function play(replay: SessionReplay, machine: Machine): number {
  let steps = 0;
  for (let step = replay.next(); step !== undefined; step = replay.next()) {
    steps += 1;
    if (step.type === "poll") machine.poll();
    else if (step.type === "note") machine.tell(step.bytes);
  }
  return steps;
}

Deno.test("SessionReplay runs a state machine again, bit for bit", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const { capture, sent } = record(seed);
    const replay = new SessionReplay(capture);
    assert(!replay.isTruncated);
    const machine = new Machine(replay.socket, replay.clock);
    assertEquals(play(replay, machine), 421, `seed ${seed}`);
    assertEquals(replay.difference, undefined, `seed ${seed}`);
    assertEquals(replay.socket.counters.sent, sent);
  }
});

Deno.test("SessionReplay tells what is done otherwise", () => {
  const { capture } = record(1);
  const other = new SessionReplay(capture);
  const machine = new Machine(other.socket, other.clock);
  machine.tell(new Uint8Array([1]));
  play(other, machine);
  assertEquals(other.difference?.what, "sent");
  assertEquals(other.difference?.index, 0);

  const silent = new SessionReplay(capture);
  for (let step = silent.next(); step !== undefined; step = silent.next()) {
    if (step.type === "poll") silent.socket.poll(() => {});
  }
  assertEquals(silent.difference?.what, "sent");

  const eager = new SessionReplay(capture);
  play(eager, new Machine(eager.socket, eager.clock));
  assertEquals(eager.socket.poll(() => {}), 0);
  assertEquals(eager.difference?.what, "polled");
});

Deno.test("SessionReplay recovers a cut capture to its last whole record", () => {
  const { capture } = record(2);
  let whole = -1;
  const step = IS_SOAK ? 1 : 37;
  for (let length = capture.length; length >= 0; length -= step) {
    const cut = capture.subarray(0, length);
    let replay: SessionReplay;
    try {
      replay = new SessionReplay(cut);
    } catch (error) {
      assert(error instanceof SyntaxError && length < 24, `${length} ${error}`);
      continue;
    }
    assert(replay.wholeBytes <= length);
    assertEquals(replay.isTruncated, replay.wholeBytes < length);
    if (length === whole) assertEquals(replay.wholeBytes, whole);
    whole = replay.wholeBytes;
    if (length % 100 === 0) {
      play(replay, new Machine(replay.socket, replay.clock));
      // The cut may lie between what came in and what was sent.
      const { difference } = replay;
      assert(
        difference === undefined || difference.what === "sent" &&
            replay.next() === undefined,
        `${length}`,
      );
    }
  }
});

Deno.test("SessionReplay refuses hostile captures, and runs what it takes", () => {
  const { capture } = record(3);
  const random = new SeededRandom(5);
  let refused = 0;
  const cases = IS_SOAK ? 100_000 : 1_000;
  for (let i = 0; i < cases; i++) {
    const bytes = capture.slice(0, 2_000);
    for (let n = 1 + random.nextU32() % 3; n > 0; n--) {
      bytes[random.nextU32() % bytes.length]! ^= 1 << (random.nextU32() & 7);
    }
    let replay: SessionReplay;
    try {
      replay = new SessionReplay(bytes);
    } catch (error) {
      assert(error instanceof SyntaxError, `case ${i}: ${error}`);
      refused += 1;
      continue;
    }
    play(replay, new Machine(replay.socket, replay.clock));
  }
  assert(refused > cases / 10, `${refused}`);
});

Deno.test("SessionReplay refuses records that no recorder writes", () => {
  const network = new SimulatedNetwork();
  const recorder = new SessionRecorder(network.socket("10.0.0.1", 1), {
    clock: network.clock,
  });
  const start = recorder.takeBytes();
  const wrong: number[][] = [
    [0],
    [8],
    [255],
    // A datagram of an address that was not told, or of no poll.
    [2, 0, 3, 1, 0],
    [3, 0, 0],
    [2, 0, 6, 0, 3, 0, 0],
    [4, 1, 0],
    // Not sent, and sent.
    [5, 0, 0, 0],
    [5, 5, 0, 0],
    // Too long, or needlessly long.
    [3, 0, 0x80, 0x80, 4],
    [2, 0x80, 0],
    [6, 0x81, 0x80, 0x80, 1],
    // An address without a key, with too long a key, with a host that is no text.
    [1, 0, 1, 65, 0, 0],
    [1, 33, ...new Array(33).fill(1), 1, 65, 0, 0],
    [1, 1, 1, 1, 0xff, 0, 0],
    // More time than can be told.
    [2, 255, 255, 255, 255, 255, 255, 255, 15, 2, 1],
  ];
  for (const record of wrong) {
    const capture = new Uint8Array([...start, ...record]);
    assertThrows(() => new SessionReplay(capture), SyntaxError, "byte");
  }
  assertEquals(new SessionReplay(start).next(), undefined);
  const right = new SessionReplay(
    new Uint8Array([...start, 2, 5, 3, 0, 1, 9, 5, 1, 0, 1, 7, 7]),
  );
  assertEquals(right.next(), { type: "poll", nowMs: 0.005 });
  right.socket.poll((datagram, from) => {
    assertEquals([...datagram], [9]);
    assertEquals(`${from}`, "10.0.0.1:1");
    assertEquals(
      right.socket.send(new Uint8Array([7]), from),
      SendResult.Full,
    );
  });
  assertEquals(right.next(), { type: "closed" });
  assertEquals(right.difference, undefined);
});

Deno.test("SessionRecorder ends at its bound with a whole record", () => {
  const network = new SimulatedNetwork();
  const one = network.socket("10.0.0.1", 1);
  const recorder = new SessionRecorder(one, {
    clock: network.clock,
    maxBytes: 1_024,
  });
  const to = recorder.socket.address("10.0.0.2", 2);
  for (let i = 0; i < 100; i++) recorder.socket.send(new Uint8Array(30), to);
  assert(recorder.isFull);
  const capture = recorder.takeBytes();
  assert(capture.length <= 1_024);
  recorder.socket.send(new Uint8Array(30), to);
  assertEquals(recorder.takeBytes().length, 0);
  const replay = new SessionReplay(capture);
  assert(!replay.isTruncated);
  assertThrows(() => recorder.note(new Uint8Array(1_048_577)), RangeError);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import {
  angle,
  bits,
  BitWriter,
  bytes,
  ByteWriter,
  f32,
  float,
  int,
  struct,
} from "../../protocol/mod.ts";
import { InputQueue } from "./input_queue.ts";
import { InputSender } from "./input_sender.ts";
import { viewBlend, type ViewStamp, viewStamp } from "./view_stamp.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";

const field = struct({
  move: float({ min: -1, max: 1, step: 1 / 64 }),
  heading: angle({ bits: 10 }),
  buttons: bits(6),
});

interface Input {
  move: number;
  heading: number;
  buttons: number;
}

function report<I>(sender: InputSender<I>): Uint8Array {
  const writer = new ByteWriter();
  sender.write(writer);
  return writer.toBytes();
}

function fixedInput(tick: number): Input {
  return { move: tick % 65 / 64, heading: 0, buttons: tick & 63 };
}

Deno.test("InputQueue takes every input that came in any copy once, with its view", () => {
  const seed = 17;
  const random = new SeededRandom(seed);
  const pick = (n: number): number => random.nextU32() % n;
  for (let round = 0; round < 60; round += IS_SOAK ? 1 : 3) {
    const sender = new InputSender(field, { maxBytes: round });
    const receiver = new InputQueue(field, { tickRate: 60 });
    const what = `seed ${seed}, round ${round}`;
    const sent = new Map<number, { input: Input; view?: ViewStamp }>();
    const arrived = new Set<number>();
    const span = 1 + pick(4);
    let clientTick = pick(3) === 0 ? 0xfff0 : pick(1e6);
    let serverTick = clientTick;
    let view = Math.max(0, clientTick - 20);
    let input = fixedInput(clientTick);
    const way: { at: number; bytes: Uint8Array; ticks: number[] }[] = [];
    for (let turn = 0; turn < 300; turn++) {
      if (pick(50) > 0) {
        if (pick(3) === 0) input = fixedInput(pick(1e6));
        // Mostly steady, at times a jump or nothing.
        view = Math.max(view, view + 1 + (pick(4) === 0 ? pick(60) / 1024 : 0));
        const from = Math.floor(view / span) * span;
        const stamp = pick(30) === 0
          ? undefined
          : viewStamp(from, from + span, view);
        const rounded = sender.push(clientTick, input, stamp);
        sent.set(clientTick, { input: rounded, ...(stamp && { view: stamp }) });
      }
      clientTick++;
      const writer = new ByteWriter();
      const count = sender.write(writer);
      const ticks = [...sent.keys()].slice(-count);
      if (count > 0 && pick(4) > 0) {
        way.push({ at: turn + 2 + pick(6), bytes: writer.toBytes(), ticks });
      }
      for (let i = way.length - 1; i >= 0; i--) {
        const { at, bytes, ticks } = way[i]!;
        if (at > turn) continue;
        way.splice(i, 1);
        assertEquals(receiver.read(bytes, serverTick), undefined, what);
        for (const tick of ticks) if (tick >= serverTick) arrived.add(tick);
      }
      if (turn < 12) continue;
      const taken = receiver.take(serverTick);
      const wanted = sent.get(serverTick);
      if (arrived.has(serverTick)) {
        assertEquals(taken.missing, 0, `${what}, tick ${serverTick}`);
        assertEquals(taken.input, wanted!.input, what);
        assertEquals(taken.view, wanted!.view, what);
      } else {
        assert(taken.missing > 0 && taken.view === undefined, what);
      }
      serverTick++;
      sender.ackUpTo(receiver.ackTick);
    }
    const { accepted, malformed, flooded, ahead } = receiver.counts;
    assertEquals([accepted >= arrived.size, malformed, flooded, ahead], [
      true,
      0,
      0,
      0,
    ], what);
    assertEquals(sender.dropped, 0);
  }
});

/** The examples of the format: of the tick 290, what is sent and the bytes. */
const EXAMPLES: readonly [string, readonly [number, number, ViewStamp?][]][] = [
  ["2c0105", [[300, 5]]],
  ["3001e94029", [[300, 5], [301, 5], [304, 9]]],
  ["2c015521028001", [[300, 5, viewStamp(290, 292, 291.5)]]],
  ["2e0156214281a5bed701", [
    [300, 5, viewStamp(290, 292, 291.5)],
    [301, 5, viewStamp(292, 294, 292.5)],
    [302, 6, viewStamp(292, 294, 293 + 517 / 1024)],
  ]],
];

Deno.test("InputSender writes the examples of the format, and InputQueue reads them", () => {
  for (const [bytes, inputs] of EXAMPLES) {
    const sender = new InputSender(bits(4));
    for (const it of inputs) sender.push(...it);
    assertEquals(encodeHex(report(sender)), bytes);
    const queue = new InputQueue(bits(4), { tickRate: 60 });
    assertEquals(queue.read(decodeHex(bytes), 290), undefined, bytes);
    for (const [tick, value, seen] of inputs) {
      const { input, missing, view } = queue.take(tick);
      assertEquals([input, missing, view], [value, 0, seen], bytes);
    }
  }
});

Deno.test("InputSender writes repeated inputs and steady views in six bits each", () => {
  const sender = new InputSender(field, { maxBytes: 1_000 });
  const lengths: number[] = [];
  for (let i = 0; i < 40; i++) {
    const view = 1_000 - 17 + i + 0.25;
    const from = Math.floor(view / 3) * 3;
    sender.push(1_000 + i, fixedInput(5), viewStamp(from, from + 3, view));
    const writer = new ByteWriter();
    assertEquals(sender.write(writer), i + 1);
    lengths.push(writer.length);
  }
  // Tick, input, view; one more, one tick, the same, a view, as far on; the end.
  const first = 16 + (8 + 10 + 6) + (1 + 11 + 6 + 12);
  lengths.forEach((length, i) =>
    assertEquals(length, Math.ceil((first + i * 6 + 1) / 8))
  );
});

Deno.test("InputSender sends the newest ones whatever they take, and others if there is room", () => {
  const large = bytes({ maxBytes: 40 });
  const sender = new InputSender(large, { redundancy: 3, maxBytes: 100 });
  const counts: number[] = [];
  for (let tick = 0; tick < 10; tick++) {
    sender.push(tick, new Uint8Array(40).fill(tick));
    counts.push(sender.write(new ByteWriter()));
  }
  assertEquals(counts, [1, 2, 3, 3, 3, 3, 3, 3, 3, 3]);
  // What is full ends with what is whole.
  const writer = new ByteWriter();
  for (let room = 0; room < 140; room++) {
    writer.reset(room);
    const count = sender.write(writer);
    if (count === 0) {
      assert(!writer.ok && room < 45, `${room}`);
      continue;
    }
    const receiver = new InputQueue(large, { tickRate: 60 });
    receiver.read(writer.toBytes(), 5);
    assertEquals(receiver.counts.accepted, count, `${room}`);
  }
  sender.ackUpTo(8);
  assertEquals([sender.size, sender.write(new ByteWriter())], [1, 1]);
  sender.ackUpTo(9);
  assertEquals([sender.size, sender.write(new ByteWriter())], [0, 0]);
});

Deno.test("InputSender keeps 64 inputs and refuses what is none", () => {
  const sender = new InputSender(field);
  for (let tick = 0; tick < 70; tick++) sender.push(tick, fixedInput(tick));
  assertEquals([sender.size, sender.dropped], [64, 6]);
  assertThrows(() => sender.push(69, fixedInput(0)), RangeError, "tick");
  assertThrows(
    () => sender.push(70, { ...fixedInput(0), buttons: 64 }),
    TypeError,
    "Cannot push an input",
  );
  assertEquals(sender.push(70, { ...fixedInput(0), move: 0.01 }).move, 1 / 64);
  assertThrows(
    () => new InputSender(bytes({ maxBytes: 300 })),
    RangeError,
    "256 bytes",
  );
  assertThrows(
    () => new InputQueue(bytes({ maxBytes: 300 }), { tickRate: 60 }),
    RangeError,
    "256 bytes",
  );
});

Deno.test("InputQueue repeats the last input, and tells the lead", () => {
  const sender = new InputSender(field);
  const receiver = new InputQueue(field, { tickRate: 60 });
  assertEquals(receiver.leads.take(), undefined);
  assertEquals(receiver.take(9), {
    tick: 9,
    input: undefined,
    missing: 1,
    view: undefined,
  });
  sender.push(11, fixedInput(11));
  receiver.read(report(sender), 9.75);
  assertEquals([receiver.leads.take(), receiver.ackTick], [20.75, 9]);
  assertEquals(receiver.take(10).missing, 2);
  assertEquals(receiver.ackTick, 11);
  assertEquals(receiver.take(11).missing, 0);
  assertEquals(
    [receiver.take(12).missing, receiver.take(13).missing],
    [1, 2],
  );
  assertEquals(receiver.take(14).input?.buttons, 11);
  sender.push(13, fixedInput(13));
  receiver.read(report(sender), 15);
  assertEquals([receiver.leads.take(), receiver.leads.tick], [-33.5, 13]);
  assertEquals(receiver.counts.late, 1);
  // A copy is not later than its input.
  receiver.read(report(sender), 17);
  assertEquals(receiver.leads.take(), undefined);
  assertEquals(receiver.counts.late, 1);
  assertThrows(() => receiver.take(14), RangeError, "tick");
});

Deno.test("InputQueue holds no more than it says, of what a client invents", () => {
  const receiver = new InputQueue(field, {
    tickRate: 60,
    maxAheadTicks: 8,
    maxReportsPerSecond: 1_000,
  });
  const sender = new InputSender(field, { maxBytes: 1_000 });
  for (let tick = 100; tick < 140; tick++) sender.push(tick, fixedInput(tick));
  receiver.read(report(sender), 100);
  assertEquals([receiver.counts.accepted, receiver.counts.ahead], [9, 31]);
  const early = new InputSender(field);
  early.push(109, fixedInput(0));
  receiver.read(report(early), 100.5);
  assertEquals(receiver.counts.ahead, 32);
  // The same tick again, with another input: the first one counts.
  const liar = new InputSender(field);
  liar.push(101, fixedInput(63));
  receiver.read(report(liar), 100);
  assertEquals(receiver.counts.duplicates, 1);
  assertEquals(receiver.take(101).input?.buttons, 101 & 63);
});

Deno.test("InputQueue reads so many reports in a second", () => {
  const receiver = new InputQueue(field, { tickRate: 60 });
  const sender = new InputSender(field);
  sender.push(100, fixedInput(0));
  const bytes = report(sender);
  for (let i = 0; i < 1_000; i++) receiver.read(bytes, 100);
  assertEquals(receiver.counts.flooded, 880);
  // Half a second later.
  for (let i = 0; i < 1_000; i++) receiver.read(bytes, 130);
  assertEquals(receiver.counts.flooded, 880 + 940);
});

Deno.test("InputQueue takes nothing of a report that is wrong anywhere", () => {
  const seed = 23;
  const random = new SeededRandom(seed);
  const sender = new InputSender(
    struct({ a: int({ min: 0, max: 4 }), b: f32 }),
    { maxBytes: 200 },
  );
  const input = struct({ a: int({ min: 0, max: 4 }), b: f32 });
  for (let i = 0; i < 12; i++) {
    const view = viewStamp(976 + i, 978 + i, 977 + i + i % 3 / 7);
    sender.push(1_000 + i, { a: i % 3, b: i >> 2 }, view);
  }
  const bytes = report(sender);
  for (let length = 1; length < bytes.length; length++) {
    const receiver = new InputQueue(input, { tickRate: 60 });
    const fault = receiver.read(bytes.subarray(0, length), 990);
    assertEquals([fault, receiver.counts.accepted], ["malformed", 0]);
  }
  const alone = new InputSender(bits(4));
  alone.push(7, 5);
  const whole = report(alone);
  for (
    const wrong of [[...whole, 0], [...whole.slice(0, -1), whole.at(-1)! | 128]]
  ) {
    const queue = new InputQueue(bits(4), { tickRate: 60 });
    assertEquals(queue.read(new Uint8Array(wrong), 7), "malformed");
  }
  // The tick before the first, and one far away.
  const negative = new BitWriter();
  negative.bits(0, 16);
  negative.bits(5, 4);
  negative.bits(0b0_0_1_0_1_0, 6);
  const queue = new InputQueue(bits(4), { tickRate: 60 });
  assertEquals(queue.read(negative.toBytes(), 0), "malformed");
  const far = new InputSender(bits(4));
  far.push(65_520, 5);
  assertEquals(queue.read(report(far), 0), undefined);
  assertEquals(queue.counts.ahead, 1);
  const mutants = IS_SOAK ? 1_000_000 : 6_000;
  let malformed = 0;
  for (let i = 0; i < mutants; i++) {
    const mutant = bytes.slice();
    for (let n = random.nextU32() % 4; n >= 0; n--) {
      mutant[random.nextU32() % mutant.length]! ^= 1 << random.nextU32() % 8;
    }
    const receiver = new InputQueue(input, { tickRate: 60 });
    const what = `seed ${seed}, mutant ${i}`;
    if (receiver.read(mutant, 990) !== undefined) {
      malformed++;
      assertEquals(receiver.counts.accepted, 0, what);
      continue;
    }
    assert(receiver.counts.accepted <= 64, what);
    for (let tick = 990; tick < 1_054; tick++) {
      const { input, missing, view } = receiver.take(tick);
      if (missing > 0) continue;
      assert(input!.a <= 4 && Number.isFinite(input!.b), what);
      if (view === undefined) continue;
      const blend = viewBlend(view);
      assert(blend >= 0 && blend <= 1 && view.fromTick >= 0, what);
      assert(view.toTick - view.fromTick <= 63, what);
    }
  }
  assert(malformed > mutants / 100 && malformed < mutants, `${malformed}`);
});

Deno.test("InputSender writes views at the end of their snapshots", () => {
  const views: readonly (readonly [number, number, number])[] = [
    [3, 6, 6],
    [6, 9, 7],
    [6, 9, 9],
    [9, 12, 9.5],
    [
      9,
      9,
      9,
    ],
  ];
  const sender = new InputSender(bits(4));
  const queue = new InputQueue(bits(4), { tickRate: 60 });
  views.forEach((it, i) => sender.push(20 + i, i, viewStamp(...it)));
  assertEquals(queue.read(report(sender), 20), undefined);
  views.forEach((it, i) => {
    assertEquals(queue.take(20 + i).view, viewStamp(...it));
  });
});

Deno.test("viewStamp() rounds to what both ends know", () => {
  assertEquals(viewStamp(4, 8, 5.00049).viewTick, 5 + 1 / 1024);
  assertEquals(viewStamp(4, 8, 9).viewTick, 8);
  assertEquals(viewStamp(4, 8, -1).viewTick, 4);
  assertEquals(viewBlend(viewStamp(4, 4, 4)), 0);
  assertEquals(viewBlend(viewStamp(4, 8, 8)), 1);
  for (
    const [from, to, view] of [
      [-1, 2, 0],
      [3, 2, 2],
      [0, 64, 3],
      [0, 1, NaN],
      [0.5, 1, 1],
      [2 ** 32, 2 ** 32, 2 ** 32],
    ] as const
  ) {
    assertThrows(() => viewStamp(from, to, view), RangeError, "stamp a view");
  }
});

Deno.test("InputQueue tells the lead of the latest of the inputs that came, each once", () => {
  const sender = new InputSender(field);
  const queue = new InputQueue(field, { tickRate: 50 });
  for (const tick of [11, 12, 13]) sender.push(tick, fixedInput(tick));
  queue.read(report(sender), 10);
  // That of the oldest: the two behind it came with it, and earlier.
  assertEquals([queue.leads.take(), queue.leads.tick], [20, 11]);
  queue.read(report(sender), 10.5);
  assertEquals(queue.leads.take(), undefined);
  for (let tick = 10; tick < 16; tick++) queue.take(tick);
  // Two are lost; the third brings them too late, and itself in time.
  for (const tick of [14, 15, 16]) sender.push(tick, fixedInput(tick));
  queue.read(report(sender), 16);
  assertEquals([queue.leads.take(), queue.leads.tick], [-40, 14]);
  assertEquals([queue.leads.inputs, queue.leads.lateInputs], [6, 2]);
});

Deno.test("InputQueue keeps what is due from copies of what is long ago, though nothing is taken", () => {
  const sender = new InputSender(bits(4));
  const queue = new InputQueue(bits(4), { tickRate: 60, maxAheadTicks: 8 });
  const old = new ByteWriter();
  sender.push(100, 1);
  sender.write(old);
  queue.read(old.view(), 99);
  sender.ackUpTo(100);
  // The place of both is the same one.
  const due = new ByteWriter();
  sender.push(109, 2);
  sender.write(due);
  queue.read(due.view(), 105);
  const again = new InputSender(bits(4));
  const copy = new ByteWriter();
  again.push(100, 1);
  again.write(copy);
  queue.read(copy.view(), 106);
  assertEquals(queue.take(109).input, 2);
  assertEquals(queue.counts.late, 1);
});

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { acknowledges, AckWindow } from "./ack_window.ts";

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 2_000 : 100;
const WHOLE = 2 ** 32;

function windowOf(...sequences: number[]): AckWindow {
  const received = new AckWindow();
  for (const sequence of sequences) assert(received.record(sequence));
  return received;
}

function header({ ack, ackBits }: AckWindow): [number, number] {
  return [ack, ackBits];
}

Deno.test("AckWindow acknowledges nothing before the first packet", () => {
  const received = new AckWindow();
  assertEquals(header(received), [0, 0]);
  for (const sequence of [0, 1, WHOLE - 1, WHOLE - 32, 2 ** 31]) {
    assert(!acknowledges(0, 0, sequence));
  }
});

Deno.test("AckWindow begins with whatever arrives first", () => {
  for (const first of [0, 1, 2, 40, 2 ** 31, WHOLE - 1]) {
    const received = windowOf(first);
    assertEquals(header(received), [first, 0]);
    assertEquals(received.record(first), false);
    assertEquals(header(received), [first, 0]);
  }
});

Deno.test("AckWindow.ackBits tells of the 32 numbers before the newest", () => {
  assertEquals(header(windowOf(1, 2, 3)), [3, 0b11]);
  assertEquals(header(windowOf(1, 3)), [3, 0b10]);
  assertEquals(header(windowOf(3, 1)), [3, 0b10]);
  assertEquals(header(windowOf(1, 32)), [32, 0x4000_0000]);
  assertEquals(header(windowOf(1, 33)), [33, 0x8000_0000]);
  assertEquals(header(windowOf(33, 1)), [33, 0x8000_0000]);
  assertEquals(header(windowOf(1, 34)), [34, 0]);
  assertEquals(header(windowOf(1, 2, 33)), [33, 0xc000_0000]);
  assertEquals(header(windowOf(1, 2, 34)), [34, 0x8000_0000]);
  assertEquals(header(windowOf(1, 2, 2 ** 31)), [2 ** 31, 0]);
  const all = new AckWindow();
  for (let sequence = 1; sequence <= 100; sequence++) all.record(sequence);
  assertEquals(header(all), [100, 0xffff_ffff]);
});

Deno.test("AckWindow.record() refuses duplicates and what is too old", () => {
  const received = windowOf(100, 68, 99);
  const before = header(received);
  for (const sequence of [100, 99, 68, 67, 1, WHOLE - 5, 100 + 2 ** 31]) {
    assertEquals(received.record(sequence), false, `${sequence}`);
    assertEquals(header(received), before);
  }
  assert(received.record(69));
});

Deno.test("AckWindow counts through the wrap", () => {
  assertEquals(header(windowOf(WHOLE - 2, WHOLE - 1, 0)), [0, 0b11]);
  assertEquals(header(windowOf(WHOLE - 1, 0, 1)), [1, 0b11]);
  assertEquals(header(windowOf(1, WHOLE - 1, 0)), [1, 0b11]);
  assertEquals(header(windowOf(WHOLE - 1, 31)), [31, 0x8000_0000]);
  assertEquals(header(windowOf(31, WHOLE - 1)), [31, 0x8000_0000]);
  assertEquals(windowOf(31).record(WHOLE - 2), false);
  const all = new AckWindow();
  for (let step = -40; step <= 40; step++) {
    assert(all.record((WHOLE + step) % WHOLE));
    if (step < -8) continue;
    assertEquals(header(all), [(WHOLE + step) % WHOLE, 0xffff_ffff]);
    for (let age = 0; age <= 40; age++) {
      const sequence = (WHOLE + step - age) % WHOLE;
      assertEquals(acknowledges(all.ack, all.ackBits, sequence), age <= 32);
    }
  }
});

Deno.test("AckWindow tells of a 0 that arrived alone with the packet after it", () => {
  // 4294967262 is the youngest that the bits of 0 do not reach.
  for (const before of [WHOLE - 34, WHOLE - 1000]) {
    const received = windowOf(before, 0);
    assertEquals(header(received), [0, 0]);
    assert(!acknowledges(0, 0, 0));
    assertEquals(received.record(0), false);
    assert(received.record(1));
    assertEquals(header(received), [1, 1]);
    assert(acknowledges(1, 1, 0));
  }
  // A packet from before it does as well.
  const received = windowOf(WHOLE - 34, 0, WHOLE - 1);
  assertEquals(header(received), [0, 1]);
  assert(acknowledges(0, 1, 0));
});

Deno.test("AckWindow that never saw 0 does not acknowledge it", () => {
  const received = windowOf(1);
  assertEquals(header(received), [1, 0]);
  assert(!acknowledges(1, 0, 0));
});

Deno.test("AckWindow.reset() forgets everything", () => {
  const received = windowOf(5, 6);
  received.reset();
  assertEquals(header(received), [0, 0]);
  assert(received.record(6));
  assertEquals(header(received), [6, 0]);
});

Deno.test("acknowledges() is for the newest and its 32 bits alone", () => {
  for (const ack of [1, 32, 100, 2 ** 31, WHOLE - 1]) {
    for (let age = -3; age <= 40; age++) {
      const sequence = (WHOLE + ack - age) % WHOLE;
      const bit = age >= 1 && age <= 32 ? (1 << (age - 1)) >>> 0 : 0;
      const label = `ack ${ack}, age ${age}`;
      assertEquals(
        acknowledges(ack, 0xffff_ffff, sequence),
        age >= 0 && age <= 32,
        label,
      );
      assertEquals(
        acknowledges(ack, bit, sequence),
        age >= 0 && age <= 32,
        label,
      );
      assertEquals(acknowledges(ack, ~bit >>> 0, sequence), age === 0, label);
    }
    assert(!acknowledges(ack, 0xffff_ffff, (ack + 2 ** 31) % WHOLE));
  }
});

Deno.test("AckWindow agrees with a list of all that arrived", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const start = [1, WHOLE - 500, 2 ** 31 - 500, WHOLE - 1][seed % 4]!;
    const received = new AckWindow();
    // The numbers here never wrap, so that the model needs no such arithmetic.
    const arrived = new Set<number>();
    let newest = -1;
    let sent = start;
    for (let i = 0; i < 1000; i++) {
      const kind = random.nextU32() % 20;
      // Mostly the next ones; losses; late ones and duplicates; now and then a jump.
      if (kind < 12) sent += 1 + (kind < 3 ? random.nextU32() % 4 : 0);
      else if (kind === 12) sent += random.nextU32() % 80;
      const late = kind > 12 ? random.nextU32() % 40 : 0;
      const number = Math.max(start, sent - late);
      const label = `seed ${seed}, step ${i}, number ${number}`;
      const isNew = newest === -1 ||
        !arrived.has(number) && number >= newest - 32;
      assertEquals(received.record(number % WHOLE), isNew, label);
      if (isNew) arrived.add(number);
      newest = Math.max(newest, number);
      let bits = 0;
      for (let bit = 0; bit < 32; bit++) {
        if (arrived.has(newest - 1 - bit)) bits += 2 ** bit;
      }
      assertEquals(header(received), [newest % WHOLE, bits], label);
      for (let age = 0; age < 35; age++) {
        const asked = newest - age;
        const isAcked = age <= 32 && arrived.has(asked) &&
          !(newest % WHOLE === 0 && bits === 0);
        if (asked < 0) continue;
        assertEquals(
          acknowledges(received.ack, received.ackBits, asked % WHOLE),
          isAcked,
          label,
        );
      }
    }
  }
});

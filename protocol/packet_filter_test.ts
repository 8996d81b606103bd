import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import {
  FILTER_HISTORY_LEN,
  type FilterRefusal,
  PacketFilter,
} from "./packet_filter.ts";

const SEEDS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 3_000 : 100;
const WHOLE = 2 ** 32;

function filterOf(...peers: number[]): PacketFilter {
  const filter = new PacketFilter();
  for (const peer of peers) assert(filter.registerPeer(peer));
  return filter;
}

Deno.test("PacketFilter.check() accepts each number once, in any order", () => {
  const filter = filterOf(1);
  for (const sequence of [1, 2, 5, 4, 3, 100, 50]) {
    assertEquals(filter.check(1, sequence), undefined);
  }
  for (const sequence of [1, 2, 3, 4, 5, 50, 100]) {
    assertEquals(filter.check(1, sequence), "replayDetected");
  }
  assertEquals(filter.check(1, 6), undefined);
});

Deno.test("PacketFilter.check() keeps just 1,024 numbers", () => {
  assertEquals(FILTER_HISTORY_LEN, 1024);
  // At each place of the ring, within words and across them.
  for (const start of [0, 1, 31, 32, 1000, 1023, 2 ** 31 - 512, WHOLE - 512]) {
    const newest = (start + 1023) % WHOLE;
    const older = (WHOLE + start - 1) % WHOLE;
    const filter = filterOf(1);
    assertEquals(filter.check(1, newest), undefined);
    assertEquals(filter.check(1, older), "tooOld");
    assertEquals(filter.check(1, start), undefined);
    assertEquals(filter.check(1, start), "replayDetected");
    assertEquals(filter.check(1, (newest + 1) % WHOLE), undefined);
    assertEquals(filter.check(1, start), "tooOld");
    // The newest took the place of `start`, not that of the number after it.
    assertEquals(filter.check(1, (start + 1) % WHOLE), undefined);
    assertEquals(filter.check(1, newest), "replayDetected");
  }
});

Deno.test("PacketFilter.check() forgets just what a jump leaves behind", () => {
  const jumps = [1, 2, 3, 31, 32, 33, 63, 64, 65, 500, 992, 1022, 1023, 1024];
  for (const start of [5000, 5031, 2 ** 31 - 700, WHOLE - 1, WHOLE - 1024]) {
    for (const jump of [...jumps, 1025, 1056, 2048, 2 ** 31 - 1]) {
      const filter = filterOf(1);
      for (let age = 1023; age >= 0; age--) {
        assertEquals(filter.check(1, (start - age) % WHOLE), undefined);
      }
      const newest = start + jump;
      assertEquals(filter.check(1, newest % WHOLE), undefined);
      for (let age = 0; age < 1030; age++) {
        const number = newest - age;
        const expected: FilterRefusal | undefined = age >= 1024
          ? "tooOld"
          : age === 0 || number <= start
          ? "replayDetected"
          : undefined;
        assertEquals(
          filter.check(1, number % WHOLE),
          expected,
          `start ${start}, jump ${jump}, age ${age}`,
        );
      }
    }
  }
});

Deno.test("PacketFilter.check() takes any number first", () => {
  const half = 2 ** 31;
  for (const first of [0, 1, half - 1, half, half + 1, WHOLE - 1023]) {
    const filter = filterOf(1);
    assertEquals(filter.check(1, first), undefined);
    assertEquals(filter.check(1, first), "replayDetected");
    assertEquals(filter.check(1, (first + 1) % WHOLE), undefined);
    assertEquals(filter.check(1, (WHOLE + first - 1022) % WHOLE), undefined);
    assertEquals(filter.check(1, (WHOLE + first - 1023) % WHOLE), "tooOld");
  }
});

Deno.test("PacketFilter.check() takes what is half way round for too old", () => {
  const filter = filterOf(1);
  assertEquals(filter.check(1, 10), undefined);
  assertEquals(filter.check(1, 10 + 2 ** 31), "tooOld");
  assertEquals(filter.check(1, 10 + 2 ** 31 - 1), undefined);
});

Deno.test("PacketFilter.check() counts through the wrap", () => {
  const filter = filterOf(1);
  for (let step = -1500; step < 1500; step++) {
    const sequence = (WHOLE + step) % WHOLE;
    assertEquals(filter.check(1, sequence), undefined, `${step}`);
    assertEquals(filter.check(1, sequence), "replayDetected", `${step}`);
    if (step < -400) continue;
    const oldest = (WHOLE + step - 1023) % WHOLE;
    assertEquals(filter.check(1, oldest), "replayDetected", `${step}`);
    const older = (WHOLE + step - 1024) % WHOLE;
    assertEquals(filter.check(1, older), "tooOld", `${step}`);
  }
});

Deno.test("PacketFilter refuses and forgets unknown peers", () => {
  const filter = filterOf(1);
  for (const peer of [0, 2, -1, 2 ** 40, NaN, 1.5]) {
    assertEquals(filter.check(peer, 7), "unknownPeer");
  }
  assert(filter.registerPeer(2));
  assertEquals(filter.check(2, 7), undefined);
});

Deno.test("PacketFilter keeps peers apart", () => {
  const peers = [0, -5, 1, 2 ** 33, Number.MAX_SAFE_INTEGER, 77];
  const filter = filterOf(...peers);
  for (let round = 0; round < 3; round++) {
    for (const peer of peers) {
      assertEquals(
        filter.check(peer, 9),
        round === 0 ? undefined : "replayDetected",
      );
    }
  }
});

Deno.test("PacketFilter.registerPeer() keeps the window of a registered peer", () => {
  const filter = filterOf(1);
  filter.check(1, 5);
  assert(filter.registerPeer(1));
  assertEquals(filter.check(1, 5), "replayDetected");
});

Deno.test("PacketFilter.registerPeer() is bounded by maxPeers", () => {
  for (const maxPeers of [1, 2, 15, 16, 17, 100]) {
    const filter = new PacketFilter({ maxPeers });
    for (let peer = 0; peer < maxPeers; peer++) {
      assert(filter.registerPeer(peer));
      filter.check(peer, 50 + peer);
    }
    assertEquals(filter.registerPeer(maxPeers), false);
    assertEquals(filter.check(maxPeers, 1), "unknownPeer");
    // Who is in stays in, with a window that survived the growth.
    for (let peer = 0; peer < maxPeers; peer++) {
      assert(filter.registerPeer(peer));
      assertEquals(filter.check(peer, 50 + peer), "replayDetected");
      assertEquals(filter.check(peer, 49 + peer), undefined);
    }
    assert(filter.removePeer(0));
    assert(filter.registerPeer(maxPeers));
    assertEquals(filter.registerPeer(0), false);
  }
  const filter = new PacketFilter();
  for (let peer = 0; peer < 4096; peer++) assert(filter.registerPeer(peer));
  assertEquals(filter.registerPeer(4096), false);
});

Deno.test("PacketFilter.removePeer() frees the room with an empty window", () => {
  const filter = new PacketFilter({ maxPeers: 2 });
  assert(filter.registerPeer(1));
  assert(filter.registerPeer(2));
  for (let sequence = 1; sequence <= 3000; sequence++) {
    filter.check(1, sequence);
    filter.check(2, sequence);
  }
  assert(filter.removePeer(1));
  assertEquals(filter.removePeer(1), false);
  assertEquals(filter.check(1, 3001), "unknownPeer");
  assert(filter.registerPeer(3));
  // Numbers that would be too old, and a replay, in the window before.
  assertEquals(filter.check(3, WHOLE - 9), undefined);
  for (let sequence = 1; sequence <= 900; sequence++) {
    assertEquals(filter.check(3, sequence), undefined);
  }
  assertEquals(filter.check(2, 2500), "replayDetected");
  // Whatever the newest number before was, any may come first.
  for (const first of [2999, 3000, 3001, 1, 3000 + 2 ** 31, 2 ** 31]) {
    assert(filter.removePeer(3) && filter.registerPeer(3));
    assertEquals(filter.check(3, first), undefined);
    assertEquals(filter.check(3, first), "replayDetected");
    assertEquals(filter.check(3, first - 1), undefined);
    assertEquals(filter.check(3, first + 1), undefined);
    assertEquals(filter.check(3, (WHOLE + first - 1023) % WHOLE), "tooOld");
    assert(filter.removePeer(3) && filter.registerPeer(3));
    assertEquals(filter.check(3, 3000), undefined);
  }
});

Deno.test("PacketFilter does not leak rooms over many peers", () => {
  const filter = new PacketFilter({ maxPeers: 3 });
  for (let peer = 0; peer < 10_000; peer++) {
    assert(filter.registerPeer(peer));
    assertEquals(filter.check(peer, 1000), undefined);
    assert(filter.removePeer(peer - 2) || peer < 2);
  }
});

Deno.test("PacketFilter.reset() empties one window, or all", () => {
  const filter = filterOf(1, 2, 3);
  for (const peer of [1, 2, 3]) filter.check(peer, 2000);
  filter.reset(2);
  filter.reset(99);
  assertEquals(filter.check(99, 1), "unknownPeer");
  assertEquals(filter.check(1, 2000), "replayDetected");
  assertEquals(filter.check(2, 1), undefined);
  assertEquals(filter.check(2, 2000), undefined);
  assertEquals(filter.check(3, 2000), "replayDetected");
  filter.reset();
  for (const peer of [1, 2, 3]) {
    assertEquals(filter.check(peer, WHOLE - 1), undefined);
    assertEquals(filter.check(peer, WHOLE - 1), "replayDetected");
  }
});

Deno.test("PacketFilter refuses arguments that are a mistake", () => {
  for (const maxPeers of [0, -1, 1.5, NaN, Infinity, 2 ** 20 + 1]) {
    assertThrows(
      () => new PacketFilter({ maxPeers }),
      RangeError,
      `from 1 to 2^20: current value is ${maxPeers}`,
    );
  }
  for (const peer of [NaN, 0.5, Infinity, 2 ** 53]) {
    assertThrows(
      () => new PacketFilter().registerPeer(peer),
      RangeError,
      `current value is ${peer}`,
    );
  }
});

Deno.test("PacketFilter agrees with a set of all numbers seen", () => {
  const counts = { accepted: 0, replayDetected: 0, tooOld: 0 };
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const filter = new PacketFilter({ maxPeers: 4 });
    // The numbers here never wrap, so that the model needs no such arithmetic.
    const models = new Map<
      number,
      { seen: Set<number>; sent: number; newest: number }
    >();
    for (let i = 0; i < 5000; i++) {
      const peer = random.nextU32() % 6;
      const model = models.get(peer);
      const label = `seed ${seed}, step ${i}, peer ${peer}`;
      if (random.nextU32() % 500 === 0) {
        assertEquals(filter.removePeer(peer), models.delete(peer), label);
        continue;
      }
      if (model === undefined) {
        assertEquals(filter.check(peer, random.nextU32()), "unknownPeer");
        const isRoom = models.size < 4;
        assertEquals(filter.registerPeer(peer), isRoom, label);
        if (!isRoom) continue;
        const around = [WHOLE + 1, 2 * WHOLE, 1.5 * WHOLE, 1.25 * WHOLE];
        const sent = around[random.nextU32() % 4]! - random.nextU32() % 2000;
        models.set(peer, { seen: new Set(), sent, newest: -1 });
        continue;
      }
      const kind = random.nextU32() % 100;
      if (kind < 50) model.sent += 1;
      else if (kind < 60) model.sent += random.nextU32() % 10;
      else if (kind < 63) model.sent += 900 + random.nextU32() % 300;
      else if (kind === 63) model.sent += random.nextU32() % 100_000;
      const spread = kind < 64 ? 1 : kind < 90 ? 100 : 1100;
      const number = model.sent - random.nextU32() % spread;
      const isFirst = model.newest === -1;
      const expected: FilterRefusal | undefined = isFirst
        ? undefined
        : number <= model.newest - 1024
        ? "tooOld"
        : model.seen.has(number)
        ? "replayDetected"
        : undefined;
      assertEquals(filter.check(peer, number % WHOLE), expected, label);
      model.seen.add(number);
      model.newest = Math.max(model.newest, number);
      counts[expected ?? "accepted"] += 1;
    }
  }
  // Each of the three ends came up often enough to mean something.
  assert(
    Math.min(...Object.values(counts)) > SEEDS * 10,
    JSON.stringify(counts),
  );
});

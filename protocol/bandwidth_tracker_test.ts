import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { BandwidthTracker } from "./bandwidth_tracker.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? 3_000 : 100;
const BUCKETS = 16;
const BUCKET = 1 / BUCKETS;

Deno.test("BandwidthTracker begins with nothing", () => {
  const bandwidth = new BandwidthTracker();
  bandwidth.tick(0);
  assertEquals(figures(bandwidth), [0, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("BandwidthTracker counts bytes and packets each way", () => {
  const bandwidth = new BandwidthTracker();
  bandwidth.recordSend(100);
  bandwidth.recordSend(0);
  bandwidth.recordSend(50);
  bandwidth.recordRecv(7);
  bandwidth.tick(2);
  assertEquals(bandwidth.totalSent, 150);
  assertEquals(bandwidth.packetsSent, 3);
  assertEquals(bandwidth.totalReceived, 7);
  assertEquals(bandwidth.packetsReceived, 1);
});

Deno.test("BandwidthTracker divides by the time that has passed, not by the window", () => {
  const bandwidth = new BandwidthTracker();
  bandwidth.recordSend(1000);
  // Less than a bucket counts as a bucket: no spike at the start.
  assertEquals(bandwidth.bytesPerSecUp, 1000 / BUCKET);
  bandwidth.tick(0.001);
  assertEquals(bandwidth.bytesPerSecUp, 1000 / BUCKET);
  bandwidth.tick(0.249);
  assertEquals(bandwidth.bytesPerSecUp, 4000);
  bandwidth.tick(0.25);
  assertEquals(bandwidth.bytesPerSecUp, 2000);
});

Deno.test("BandwidthTracker tells a steady rate at once and for good", () => {
  const bandwidth = new BandwidthTracker();
  for (let i = 0; i < 10_000; i++) {
    bandwidth.recordSend(100);
    if (i % 2 === 0) bandwidth.recordRecv(30);
    bandwidth.tick(1 / 128);
    if (i < 16) continue;
    assertAlmostEquals(bandwidth.bytesPerSecUp, 12_800, 1e-6);
    assertAlmostEquals(bandwidth.bytesPerSecDown, 1920, 250);
  }
  assertEquals(bandwidth.peakBytesPerSecUp, 12_800);
  assertEquals(bandwidth.peakBytesPerSecDown, 1920);
});

Deno.test("BandwidthTracker forgets what is older than the window", () => {
  const bandwidth = new BandwidthTracker();
  bandwidth.recordSend(1600);
  for (let i = 1; i <= 15; i++) {
    bandwidth.tick(BUCKET);
    assertEquals(bandwidth.bytesPerSecUp, 1600 / (i * BUCKET));
  }
  bandwidth.tick(BUCKET);
  assertEquals(bandwidth.bytesPerSecUp, 0);
  assertEquals(bandwidth.totalSent, 1600);
  assertEquals(bandwidth.peakBytesPerSecUp, 1600);
});

Deno.test("BandwidthTracker is at 0 after any silence longer than the window", () => {
  for (const silence of [1, 1.01, 2, 60, 86_400, 1e15, Number.MAX_VALUE]) {
    const bandwidth = new BandwidthTracker();
    for (let i = 0; i < 10; i++) {
      bandwidth.recordSend(500);
      bandwidth.tick(0.03);
    }
    bandwidth.tick(silence);
    assertEquals(bandwidth.bytesPerSecUp, 0, `${silence}`);
    assertEquals(bandwidth.peakBytesPerSecUp, 5000, `${silence}`);
    // Whatever the remainder of such a number is, time goes on from there.
    bandwidth.recordSend(937);
    bandwidth.tick(0);
    assert(bandwidth.bytesPerSecUp >= 937, `${silence}`);
    assert(bandwidth.bytesPerSecUp <= 1000, `${silence}`);
  }
});

Deno.test("BandwidthTracker.tick() takes a long sleep at once", () => {
  const bandwidth = new BandwidthTracker();
  // Walked through bucket by bucket, it would be 10^17 of them.
  for (let i = 0; i < 10_000; i++) {
    bandwidth.recordRecv(10);
    bandwidth.tick(1e12 + i);
  }
  assertEquals(bandwidth.totalReceived, 100_000);
  assertEquals(bandwidth.bytesPerSecDown, 0);
});

Deno.test("BandwidthTracker's peak counts whole windows only", () => {
  const bandwidth = new BandwidthTracker();
  bandwidth.recordSend(10_000);
  bandwidth.tick(0.5);
  assertEquals(bandwidth.bytesPerSecUp, 20_000);
  assertEquals(bandwidth.peakBytesPerSecUp, 0);
  bandwidth.tick(0.499);
  assertEquals(bandwidth.peakBytesPerSecUp, 0);
  bandwidth.tick(0.001);
  assertEquals(bandwidth.peakBytesPerSecUp, 10_000);
  bandwidth.recordSend(10_001);
  bandwidth.tick(10);
  assertEquals(bandwidth.peakBytesPerSecUp, 10_001);
  bandwidth.recordSend(5);
  bandwidth.tick(10);
  assertEquals(bandwidth.peakBytesPerSecUp, 10_001);
});

Deno.test("BandwidthTracker takes another window", () => {
  const bandwidth = new BandwidthTracker({ windowMs: 4000 });
  bandwidth.recordSend(4000);
  bandwidth.tick(2);
  assertEquals(bandwidth.bytesPerSecUp, 2000);
  bandwidth.tick(1.75);
  assertEquals(bandwidth.bytesPerSecUp, 4000 / 3.75);
  bandwidth.tick(0.25);
  assertEquals(bandwidth.bytesPerSecUp, 0);
  assertEquals(bandwidth.peakBytesPerSecUp, 1000);
});

Deno.test("BandwidthTracker does not drift over many ticks", () => {
  // A sixtieth cannot be stored exactly, nor can a bucket of a third of a second.
  const bandwidth = new BandwidthTracker({ windowMs: 1000 / 3 });
  const ticks = IS_SOAK ? 20_000_000 : 2_000_000;
  for (let i = 0; i < ticks; i++) {
    bandwidth.recordSend(1000);
    bandwidth.recordRecv(i % 7);
    bandwidth.tick(1 / 60);
  }
  // One packet more or less, as they do not come at the edges of buckets.
  assertAlmostEquals(bandwidth.bytesPerSecUp, 60_000, 1000 * 3 * 16 / 15);
  assertEquals(bandwidth.totalSent, ticks * 1000);
  bandwidth.tick(1);
  assertEquals(bandwidth.bytesPerSecUp, 0);
  assertEquals(bandwidth.bytesPerSecDown, 0);
});

Deno.test("BandwidthTracker.reset() begins anew", () => {
  const bandwidth = new BandwidthTracker();
  for (let i = 0; i < 50; i++) {
    bandwidth.recordSend(10);
    bandwidth.recordRecv(20);
    bandwidth.tick(0.07);
  }
  bandwidth.reset();
  assertEquals(figures(bandwidth), [0, 0, 0, 0, 0, 0, 0, 0]);
  bandwidth.recordSend(100);
  bandwidth.tick(0.125);
  assertEquals(bandwidth.bytesPerSecUp, 800);
  bandwidth.tick(0.8);
  assertEquals(bandwidth.peakBytesPerSecUp, 0);
});

Deno.test("BandwidthTracker refuses arguments that are a mistake", () => {
  for (const windowMs of [0, 0.5, -1, NaN, Infinity]) {
    assertThrows(
      () => new BandwidthTracker({ windowMs }),
      RangeError,
      `current value is ${windowMs}`,
    );
  }
  const bandwidth = new BandwidthTracker();
  for (const bytes of [-1, NaN, 0.5, Infinity, 2 ** 53]) {
    const message = `current value is ${bytes}`;
    assertThrows(() => bandwidth.recordSend(bytes), RangeError, message);
    assertThrows(() => bandwidth.recordRecv(bytes), RangeError, message);
  }
  for (const dt of [-1e-9, NaN, Infinity, -Infinity]) {
    assertThrows(
      () => bandwidth.tick(dt),
      RangeError,
      `Cannot tick as dt must be finite and >= 0: current value is ${dt}`,
    );
  }
  assertEquals(figures(bandwidth), [0, 0, 0, 0, 0, 0, 0, 0]);
});

Deno.test("BandwidthTracker agrees with the exact sums over all that was recorded", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const random = new SeededRandom(seed);
    const bandwidth = new BandwidthTracker();
    // Steps of 1/1024 s, of which a bucket has 64: no sum of times is ever rounded.
    let now = 0;
    const up: Entry[] = [];
    const down: Entry[] = [];
    for (let i = 0; i < 150; i++) {
      for (let n = random.nextU32() % 4; n > 0; n--) {
        const bytes = random.nextU32() % 1500;
        if (random.nextU32() % 2 === 0) {
          bandwidth.recordSend(bytes);
          up.push({ at: now, bytes });
        } else {
          bandwidth.recordRecv(bytes);
          down.push({ at: now, bytes });
        }
      }
      const kind = random.nextU32() % 50;
      const steps = kind === 0
        ? random.nextU32() % 5000
        : kind < 5
        ? 64 * (random.nextU32() % 18)
        : random.nextU32() % 40;
      bandwidth.tick(steps / 1024);
      now += steps;
      assertEquals(
        figures(bandwidth),
        [
          rate(up, now),
          rate(down, now),
          peak(up, now),
          peak(down, now),
          sum(up, 0, Infinity),
          sum(down, 0, Infinity),
          up.length,
          down.length,
        ],
        `seed ${seed}, step ${i}`,
      );
    }
  }
});

interface Entry {
  readonly at: number;
  readonly bytes: number;
}

function figures(bandwidth: BandwidthTracker): number[] {
  return [
    bandwidth.bytesPerSecUp,
    bandwidth.bytesPerSecDown,
    bandwidth.peakBytesPerSecUp,
    bandwidth.peakBytesPerSecDown,
    bandwidth.totalSent,
    bandwidth.totalReceived,
    bandwidth.packetsSent,
    bandwidth.packetsReceived,
  ];
}

/** The bytes from a time on, up to another one. */
function sum(entries: readonly Entry[], from: number, until: number): number {
  return entries.reduce(
    (bytes, entry) =>
      entry.at >= from && entry.at < until ? bytes + entry.bytes : bytes,
    0,
  );
}

/** Bytes per second since the fifteenth bucket before the one that fills. */
function rate(entries: readonly Entry[], now: number): number {
  const from = Math.max(0, (Math.floor(now / 64) - (BUCKETS - 1)) * 64);
  return sum(entries, from, Infinity) / (Math.max(64, now - from) / 1024);
}

/** The largest sum over 16 whole buckets; one with bytes that ended by now. */
function peak(entries: readonly Entry[], now: number): number {
  let largest = 0;
  for (const { at } of entries) {
    // A window that is largest can be moved until its last bucket has bytes, or
    // to the first window that there was.
    const end = Math.max(BUCKETS * 64, (Math.floor(at / 64) + 1) * 64);
    if (end > now) continue;
    largest = Math.max(largest, sum(entries, end - BUCKETS * 64, end));
  }
  return largest;
}

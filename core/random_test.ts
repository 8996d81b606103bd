import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { type Random, SecureRandom, SeededRandom } from "./random.ts";

/** A Random that repeats the given words. */
class FixedRandom extends SeededRandom {
  readonly #words: readonly number[];
  #next = 0;

  constructor(words: readonly number[]) {
    super(1);
    this.#words = words;
  }

  override nextU32(): number {
    return this.#words[this.#next++ % this.#words.length]!;
  }
}

function take(random: Random, count: number): number[] {
  return Array.from({ length: count }, () => random.nextU32());
}

// From the authors' C program (xoshiro128starstar.c, version 1.1).
Deno.test("SeededRandom.nextU32() makes the numbers of the reference", () => {
  assertEquals(take(new SeededRandom([1, 2, 3, 4]), 10), [
    11520,
    0,
    5927040,
    70819200,
    2031721883,
    1637235492,
    1287239034,
    3734860849,
    3729100597,
    4258142804,
  ]);
  assertEquals(
    take(
      new SeededRandom([2654435769, 608135816, 3084996962, 3735928559]),
      10,
    ),
    [
      2463954730,
      5524658,
      74256371,
      1905451993,
      3123413897,
      314453775,
      1263677054,
      1531511215,
      693760292,
      1307612896,
    ],
  );
});

// The SplitMix64 outputs for seed 1234567, as published with the algorithm.
Deno.test("SeededRandom spreads a number over the state by SplitMix64", () => {
  const first = 6457827717110365317n;
  const second = 3203168211198807973n;
  const state = [
    Number(first & 0xffff_ffffn),
    Number(first >> 32n),
    Number(second & 0xffff_ffffn),
    Number(second >> 32n),
  ] as const;
  assertEquals(
    take(new SeededRandom(1234567), 20),
    take(new SeededRandom(state), 20),
  );
});

Deno.test("SeededRandom gives every seed its own numbers", () => {
  const seen = new Set<string>();
  const seeds = [
    0,
    -1,
    Number.MAX_SAFE_INTEGER,
    Number.MIN_SAFE_INTEGER,
    2 ** 32,
  ];
  for (let i = 1; i < 2000; i++) seeds.push(i);
  for (const seed of seeds) {
    seen.add(take(new SeededRandom(seed), 2).join());
  }
  assertEquals(seen.size, seeds.length);
});

Deno.test("SeededRandom refuses seeds it cannot use", () => {
  for (const seed of [0.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(
      () => new SeededRandom(seed),
      RangeError,
      `Cannot seed a SeededRandom as seed must be a safe integer: current value is ${seed}`,
    );
  }
  for (const state of [[0, 0, 0, 0], [1, 2, 3, -1], [1, 2, 3, 2 ** 32]]) {
    assertThrows(
      () =>
        new SeededRandom(state as unknown as [number, number, number, number]),
      RangeError,
      `not all zero: current value is [${state}]`,
    );
  }
  assertThrows(
    () => new SeededRandom([1, 2] as unknown as [1, 2, 3, 4]),
    RangeError,
  );
});

Deno.test("nextFloat() uses 53 bits and stays below 1", () => {
  assertEquals(new FixedRandom([0xffff_ffff]).nextFloat(), 1 - 2 ** -53);
  assertEquals(new FixedRandom([0]).nextFloat(), 0);
  assertEquals(new FixedRandom([0, 0x40]).nextFloat(), 2 ** -53);
  assertEquals(new FixedRandom([0, 0x3f]).nextFloat(), 0);
  assertEquals(new FixedRandom([0x8000_0000, 0]).nextFloat(), 0.5);
});

Deno.test("SeededRandom.fill() writes little-endian words and cuts the last", () => {
  const expected = new DataView(new ArrayBuffer(16));
  take(new SeededRandom(9), 4).forEach((word, i) =>
    expected.setUint32(i * 4, word, true)
  );
  const whole = new Uint8Array(expected.buffer);
  for (let length = 0; length <= 16; length++) {
    const bytes = new Uint8Array(length + 1);
    bytes[length] = 7;
    new SeededRandom(9).fill(bytes.subarray(0, length));
    assertEquals(bytes.subarray(0, length), whole.subarray(0, length));
    assertEquals(bytes[length], 7);
  }
});

for (
  const [name, random] of [
    ["SeededRandom", new SeededRandom(2024)],
    ["SecureRandom", new SecureRandom()],
  ] as const
) {
  // Each bit is a fair coin: of 40,000 throws the heads lie within 7 standard
  // deviations (100 each) of the mean, or something is wrong.
  Deno.test(`${name} sets every bit half of the time`, () => {
    const counts = new Array<number>(32).fill(0);
    for (let i = 0; i < 40_000; i++) {
      const word = random.nextU32();
      assert(word === word >>> 0);
      for (let bit = 0; bit < 32; bit++) counts[bit]! += (word >>> bit) & 1;
    }
    for (const count of counts) assert(Math.abs(count - 20_000) < 700);
  });

  Deno.test(`${name}.nextFloat() is even over 0 to 1`, () => {
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 64_000; i++) {
      const float = random.nextFloat();
      assert(float >= 0 && float < 1);
      counts[Math.floor(float * 16)]!++;
    }
    for (const count of counts) assert(Math.abs(count - 4000) < 430);
  });
}

Deno.test("SecureRandom does not repeat across its buffer or between instances", () => {
  const random = new SecureRandom();
  const words = take(random, 2000);
  assert(new Set(words).size > 1990);
  assertNotEquals(words, take(new SecureRandom(), 2000));
});

Deno.test("SecureRandom.fill() fills more than one fetch", () => {
  const bytes = new Uint8Array(5003);
  new SecureRandom().fill(bytes);
  const counts = new Set(bytes);
  assertEquals(counts.size, 256);
  assertNotEquals(bytes.subarray(0, 1024), bytes.subarray(1024, 2048));
  assertNotEquals([...bytes.subarray(-8)], [0, 0, 0, 0, 0, 0, 0, 0]);
});

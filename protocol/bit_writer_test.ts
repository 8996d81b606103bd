import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { BitReader } from "./bit_reader.ts";
import { BitWriter } from "./bit_writer.ts";
import { ByteWriter } from "./byte_writer.ts";
import { ProtocolError } from "./protocol_error.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 50_000 : 1_000;

Deno.test("BitWriter.bits() puts the lowest bit first, whatever the width", () => {
  const random = new SeededRandom(1);
  for (let i = 0; i < CASES; i++) {
    // What the page says, bit by bit.
    const expected: number[] = [];
    const values: [value: number, width: number][] = [];
    const writer = new BitWriter();
    for (let k = random.nextU32() % 20; k >= 0; k--) {
      const width = 1 + random.nextU32() % 32;
      const value = Math.floor(random.nextFloat() * 2 ** width);
      for (let bit = 0; bit < width; bit++) {
        expected.push(Math.floor(value / 2 ** bit) % 2);
      }
      writer.bits(value, width);
      values.push([value, width]);
    }
    assertEquals(writer.bitLength, expected.length);
    const bytes = writer.toBytes();
    assertEquals(bytes.length, Math.ceil(expected.length / 8));
    const got = Array.from(
      { length: bytes.length * 8 },
      (_, bit) => (bytes[bit >>> 3]! >>> (bit & 7)) & 1,
    );
    while (expected.length < got.length) expected.push(0);
    assertEquals(got, expected);
    const reader = new BitReader(bytes);
    for (const [value, width] of values) {
      assertEquals(reader.bits(width), value);
    }
    assert(reader.atEnd);
  }
});

Deno.test("BitWriter.ranged() holds the edges of every width", () => {
  for (let width = 0; width <= 32; width++) {
    const span = 2 ** width - 1;
    for (const min of [0, -1, 5, -(2 ** 40), Number.MIN_SAFE_INTEGER]) {
      const max = min + span;
      const writer = new BitWriter();
      writer.ranged(min, min, max);
      writer.ranged(max, min, max);
      assertEquals([min, width, writer.bitLength], [min, width, 2 * width]);
      const reader = new BitReader(writer.toBytes());
      assertEquals([reader.ranged(min, max), reader.ranged(min, max)], [
        min,
        max,
      ]);
      assert(reader.atEnd);
      for (const value of [min - 1, max + 1, min + 0.5, NaN]) {
        // Beyond 2^52 there are no halves, beyond 2^53 not every integer.
        if (Number.isInteger(value) && value >= min && value <= max) continue;
        const refusing = new BitWriter();
        refusing.ranged(value, min, max);
        assertEquals([value, min, max, refusing.ok], [value, min, max, false]);
      }
    }
  }
});

Deno.test("BitWriter refuses values and widths that do not fit", () => {
  for (
    const [value, width] of [[2, 1], [-1, 8], [256, 8], [2 ** 32, 32], [
      0.5,
      8,
    ], [NaN, 8]]
  ) {
    const writer = new BitWriter();
    writer.bits(value!, width!);
    assertEquals([value, writer.ok, writer.bitLength], [value, false, 0]);
  }
  for (const width of [0, 33, -1, 1.5, NaN]) {
    assertThrows(() => new BitWriter().bits(0, width), RangeError, "width");
    assertThrows(() => new BitReader().bits(width), RangeError, "width");
  }
  for (
    const [min, max] of [[1, 0], [0, 2 ** 32], [0.5, 1.5], [0, NaN], [
      -Infinity,
      0,
    ]]
  ) {
    assertThrows(
      () => new BitWriter().ranged(0, min!, max!),
      RangeError,
      "min and max",
    );
    assertThrows(
      () => new BitReader().ranged(min!, max!),
      RangeError,
      "min and max",
    );
  }
});

Deno.test("BitWriter.align() lets bits and whole bytes take turns", () => {
  const writer = new BitWriter();
  writer.bool(true);
  writer.align().string("hi");
  writer.bits(3, 2);
  writer.align();
  writer.align().u8(9);
  writer.bools([true, false, true]);
  assertEquals(
    writer.toBytes(),
    new Uint8Array([1, 2, 104, 105, 3, 9, 0b101]),
  );
});

Deno.test("BitWriter appends to what its ByteWriter holds, and resets with it", () => {
  const bytes = new ByteWriter();
  bytes.u8(7);
  const writer = new BitWriter(bytes);
  assertEquals(writer.bitLength, 8);
  writer.bits(5, 3);
  writer.align();
  assertEquals(bytes.toBytes(), new Uint8Array([7, 5]));
  writer.bits(1, 1);
  writer.reset();
  writer.bits(2, 2);
  assertEquals(writer.toBytes(), new Uint8Array([2]));
});

Deno.test("BitWriter.rewind() takes back to any bit", () => {
  const random = new SeededRandom(4);
  for (let i = 0; i < CASES; i++) {
    const once = new BitWriter();
    const rewound = new BitWriter(new ByteWriter({ maxBytes: 64 }));
    for (let k = random.nextU32() % 8; k >= 0; k--) {
      const width = 1 + random.nextU32() % 32;
      const value = Math.floor(random.nextFloat() * 2 ** width);
      once.bits(value, width);
      rewound.bits(value, width);
    }
    const { bitLength } = rewound;
    for (let k = random.nextU32() % 20; k >= 0; k--) {
      rewound.bits(random.nextU32(), 32);
    }
    if (random.nextU32() % 2 === 0) rewound.fail("range");
    rewound.rewind(bitLength);
    assertEquals([rewound.error, rewound.bitLength], [undefined, bitLength]);
    once.bits(5, 3);
    rewound.bits(5, 3);
    assertEquals(rewound.toBytes(), once.toBytes());
  }
  for (const bitLength of [-1, 1, 0.5, NaN]) {
    assertThrows(() => new BitWriter().rewind(bitLength), RangeError, "0 to 0");
  }
});

Deno.test("BitWriter says that its buffer is full, and writes no further", () => {
  const target = new Uint8Array(4).fill(0xee);
  const writer = new BitWriter(ByteWriter.over(target.subarray(0, 2)));
  for (let i = 0; i < 16; i++) writer.bool(true);
  assert(writer.ok);
  for (let i = 0; i < 8; i++) writer.bool(true);
  assertEquals(writer.ok, false);
  for (let i = 0; i < 40; i++) writer.bits(0, 31);
  assertThrows(() => writer.toBytes(), ProtocolError, "at most 2 bytes");
  assertEquals(target, new Uint8Array([0xff, 0xff, 0xee, 0xee]));
});

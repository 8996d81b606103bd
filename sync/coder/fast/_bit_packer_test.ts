import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import { ByteWriter } from "../../../protocol/mod.ts";
import { BitPacker } from "./_bit_packer.ts";
import { BitUnpacker } from "./_bit_unpacker.ts";

function finished(packer: BitPacker): Uint8Array {
  const writer = new ByteWriter();
  packer.finish(writer);
  assert(writer.ok);
  return writer.toBytes();
}

/** Bits as text, the first one first. */
function bitsOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) =>
    [...byte.toString(2).padStart(8, "0")].reverse().join("")
  ).join("");
}

function lowBits(value: number, width: number): string {
  let bits = "";
  for (let i = 0; i < width; i++) bits += value >>> i & 1;
  return bits;
}

/** A value with its width, of every width there is. */
function randomValues(random: SeededRandom, count: number): [number, number][] {
  return Array.from({ length: count }, () => {
    const width = random.nextU32() % 33;
    const value = width === 0 ? 0 : random.nextU32() >>> (32 - width);
    return [random.nextU32() % 2 === 0 ? value : value | 0, width];
  });
}

function packed(values: readonly (readonly [number, number])[]): Uint8Array {
  const packer = new BitPacker();
  packer.reserve(values.reduce((sum, [, width]) => sum + width, 0));
  for (const [value, width] of values) packer.put(value, width);
  return finished(packer);
}

Deno.test("BitPacker puts the lowest bit first", () => {
  assertEquals(packed([]), new Uint8Array(0));
  assertEquals(packed([[1, 1], [6, 3]]), new Uint8Array([0x0d]));
  assertEquals(packed([[0, 0], [0x1ff, 9]]), new Uint8Array([0xff, 1]));
  assertEquals(
    packed([[-1, 32], [0x8000_0001, 32], [1, 1]]),
    new Uint8Array([255, 255, 255, 255, 1, 0, 0, 128, 1]),
  );
});

Deno.test("BitPacker puts bits behind each other, whatever their widths", () => {
  for (let seed = 0; seed < 200; seed++) {
    const values = randomValues(new SeededRandom(seed), seed);
    const wanted = values.map(([value, width]) => lowBits(value, width)).join(
      "",
    );
    const bits = bitsOf(packed(values));
    assertEquals(
      bits,
      wanted.padEnd(Math.ceil(wanted.length / 8) * 8, "0"),
      `seed ${seed}`,
    );
  }
});

Deno.test("BitPacker begins anew, and grows for as much as it is told", () => {
  const packer = new BitPacker();
  for (const count of [3, 3_000, 2]) {
    packer.reset();
    packer.reserve(count * 31);
    for (let i = 0; i < count; i++) packer.put(i, 31);
    const bits = bitsOf(finished(packer));
    assertEquals(bits.length, Math.ceil(count * 31 / 8) * 8);
    for (let i = 0; i < count; i++) {
      assertEquals(bits.slice(i * 31, (i + 1) * 31), lowBits(i, 31));
    }
  }
});

Deno.test("BitPacker writes behind what is there, and nothing without room", () => {
  const packer = new BitPacker();
  packer.reserve(100);
  for (let i = 0; i < 13; i++) packer.put(i, 5);
  const wanted = finished(packer);
  assertEquals(wanted.length, 9);
  const writer = new ByteWriter();
  writer.u8(7);
  packer.finish(writer);
  assertEquals(writer.toBytes(), new Uint8Array([7, ...wanted]));
  writer.reset(9);
  writer.u8(7);
  packer.finish(writer);
  assertEquals([writer.error, writer.length], ["full", 1]);
});

Deno.test("BitUnpacker takes what was packed, from where it is told", () => {
  for (let seed = 0; seed < 200; seed++) {
    const values = randomValues(new SeededRandom(seed), seed);
    const bytes = packed(values);
    const start = seed % 5;
    const framed = new Uint8Array(start + bytes.length + 3).fill(0xff);
    framed.set(bytes, start);
    const unpacker = new BitUnpacker(32);
    unpacker.reset(framed, start, start + bytes.length);
    for (const [value, width] of values) {
      if (width < 32) assertEquals(unpacker.peek(width), value, `seed ${seed}`);
      assertEquals(unpacker.take(width), value | 0, `seed ${seed}`);
    }
    assert(!unpacker.isPastEnd);
    assert(unpacker.isPadded());
    assertEquals(unpacker.nextByte, start + bytes.length);
  }
});

Deno.test("BitUnpacker gives zeros behind the end, and tells", () => {
  const unpacker = new BitUnpacker(100);
  // Longer ones before leave nothing behind.
  unpacker.reset(new Uint8Array(3_000).fill(0xff), 0, 3_000);
  unpacker.reset(new Uint8Array(9).fill(0xff), 0, 5);
  assertEquals(unpacker.take(32), -1);
  assertEquals(unpacker.peek(12), 0xff);
  unpacker.skip(8);
  assert(!unpacker.isPastEnd);
  assertEquals(unpacker.nextByte, 5);
  for (let i = 0; i < 100; i++) assertEquals(unpacker.take(1), 0);
  assert(unpacker.isPastEnd);
});

Deno.test("BitUnpacker.isPadded tells of a bit behind the last", () => {
  const unpacker = new BitUnpacker(8);
  for (let taken = 0; taken <= 16; taken++) {
    for (let bit = 0; bit < 16; bit++) {
      const bytes = new Uint8Array(2);
      bytes[bit >>> 3]! |= 1 << (bit & 7);
      unpacker.reset(bytes, 0, 2);
      unpacker.skip(taken);
      const end = Math.ceil(taken / 8) * 8;
      assertEquals(unpacker.isPadded(), bit < taken || bit >= end);
    }
  }
});

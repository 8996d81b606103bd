import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { AngleQuantizer } from "./angle_quantizer.ts";
import { BitReader } from "./bit_reader.ts";
import { BitWriter } from "./bit_writer.ts";
import { ByteReader } from "./byte_reader.ts";
import { FloatQuantizer } from "./float_quantizer.ts";
import { QuatQuantizer } from "./quat_quantizer.ts";

const CASES = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 5_000;

Deno.test("BitReader returns what zeros stand for after an error", () => {
  const reader = new BitReader(new Uint8Array([0xff]));
  reader.bits(4);
  assertEquals(reader.bits(5), 0);
  assertEquals([reader.error, reader.ok, reader.atEnd], [
    "truncated",
    false,
    false,
  ]);
  const float = new FloatQuantizer({ min: -1, max: 1, step: 0.5 });
  assertEquals(reader.bool(), false);
  assertEquals(reader.bits(32), 0);
  assertEquals(reader.ranged(-3, 3), -3);
  assertEquals(reader.float(float), -1);
  assertEquals(reader.angle(new AngleQuantizer(8)), 0);
  assertEquals(reader.bools([true, true]), [false, false]);
  assertEquals(
    reader.quat(new QuatQuantizer(8), { x: 5, y: 5, z: 5, w: 5 }),
    { x: 0, y: 0, z: 0, w: 1 },
  );
  assertEquals(reader.align().u8(), 0);
  reader.reset(new Uint8Array([0xf0]), 0, 1);
  assertEquals([reader.bits(8), reader.atEnd], [0xf0, true]);
});

Deno.test("BitReader.align() refuses set bits that it would pass over", () => {
  for (let used = 1; used < 8; used++) {
    for (let bit = 0; bit < 8; bit++) {
      const reader = new BitReader(new Uint8Array([1 << bit, 7]));
      reader.bits(used);
      const isPadding = bit >= used;
      const got = reader.align().u8();
      assertEquals([used, bit, got, reader.error], [
        used,
        bit,
        isPadding ? 0 : 7,
        isPadding ? "padding" : undefined,
      ]);
    }
  }
});

Deno.test("BitReader.atEnd asks for zeros in the last byte", () => {
  const reader = new BitReader(new Uint8Array([0b0000_0001]));
  assertEquals([reader.bool(), reader.atEnd], [true, true]);
  reader.reset(new Uint8Array([0b0100_0001]));
  assertEquals([reader.bool(), reader.atEnd], [true, false]);
});

Deno.test("BitReader goes on where its ByteReader stands, and not beyond its end", () => {
  const bytes = new ByteReader();
  bytes.reset(new Uint8Array([9, 0b11, 0xff, 0xff]), 0, 2);
  assertEquals(bytes.u8(), 9);
  const reader = new BitReader(bytes);
  assertEquals(reader.bits(2), 3);
  assert(reader.atEnd);
  assertEquals(reader.bits(7), 0);
  assertEquals(reader.error, "truncated");
});

Deno.test("BitReader reads random bytes without a throw, within its range", () => {
  const random = new SeededRandom(7);
  const float = new FloatQuantizer({ min: 0, max: 10, step: 0.1 });
  const quat = new QuatQuantizer(5);
  const angle = new AngleQuantizer(11);
  const buffer = new Uint8Array(64);
  const rotation = { x: 0, y: 0, z: 0, w: 1 };
  const reader = new BitReader();
  for (let i = 0; i < CASES; i++) {
    random.fill(buffer);
    const start = random.nextU32() % 32;
    const end = start + random.nextU32() % 32;
    reader.reset(buffer, start, end);
    const writer = new BitWriter();
    while (reader.ok && !reader.atEnd) {
      switch (random.nextU32() % 6) {
        case 0: {
          const width = 1 + random.nextU32() % 32;
          const value = reader.bits(width);
          if (reader.ok) writer.bits(value, width);
          break;
        }
        case 1: {
          const value = reader.ranged(-100, 77);
          if (reader.ok) writer.ranged(value, -100, 77);
          break;
        }
        case 2: {
          const value = reader.float(float);
          if (reader.ok) writer.float(value, float);
          break;
        }
        case 3: {
          reader.quat(quat, rotation);
          if (reader.ok) writer.quat(rotation, quat);
          break;
        }
        case 4: {
          const value = reader.angle(angle);
          if (reader.ok) writer.angle(value, angle);
          break;
        }
        default: {
          const value = reader.bool();
          if (reader.ok) writer.bool(value);
        }
      }
    }
    // What was accepted is written as it came.
    assert(writer.ok);
    const whole = writer.bitLength >>> 3;
    assertEquals(
      writer.toBytes().subarray(0, whole),
      buffer.slice(start, start + whole),
    );
  }
});

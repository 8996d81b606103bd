import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import type { Quat } from "../core/mod.ts";
import { SeededRandom } from "../core/mod.ts";
import { AngleQuantizer } from "./angle_quantizer.ts";
import { FloatQuantizer } from "./float_quantizer.ts";
import { QuatQuantizer } from "./quat_quantizer.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RUNS = IS_SOAK ? 500_000 : 10_000;

const range = fc.tuple(
  fc.oneof(
    fc.constantFrom(1, 0.1, 0.01, 0.001, 1 / 3, 1 / 256, 1e-9, 1e9, Math.PI),
    fc.double({ min: 1e-12, max: 1e12, noNaN: true }),
  ),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 2 }),
  fc.integer({ min: 1, max: 2 ** 32 - 1 }),
).map(([step, first, count]) => ({
  min: first * step,
  max: (first + count) * step,
  step,
}));

Deno.test("FloatQuantizer gives each step again, and the nearest for the rest", () => {
  fc.assert(
    fc.property(
      range,
      fc.double({ min: 0, max: 1, noNaN: true }),
      (options, part) => {
        const quantizer = new FloatQuantizer(options);
        const { min, max, step, maxIndex } = quantizer;
        assert(quantizer.bits >= 1 && quantizer.bits <= 32);
        const index = Math.floor(part * maxIndex);
        for (const i of [0, index, maxIndex]) {
          assertEquals(quantizer.toIndex(quantizer.fromIndex(i)), i);
        }
        assertEquals([quantizer.fromIndex(0), quantizer.fromIndex(maxIndex)], [
          min,
          max,
        ]);
        const value = min + part * (max - min);
        const nearest = quantizer.fromIndex(quantizer.toIndex(value));
        assert(Math.abs(nearest - value) <= step * 0.5001, `${value}`);
        assertEquals(quantizer.toIndex(min - step), 0);
        assertEquals(quantizer.toIndex(max + step), maxIndex);
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("FloatQuantizer keeps 0 exact, and takes what is out of range", () => {
  for (const step of [0.1, 0.01, 1 / 3, 0.7]) {
    const quantizer = new FloatQuantizer({
      min: -100 * step,
      max: 50 * step,
      step,
    });
    const zero = quantizer.fromIndex(quantizer.toIndex(0));
    assert(Object.is(zero, 0), `${zero}`);
    assert(Object.is(quantizer.fromIndex(quantizer.toIndex(-0)), 0));
    assertEquals(quantizer.toIndex(Infinity), quantizer.maxIndex);
    assertEquals(quantizer.toIndex(-Infinity), 0);
    assertEquals(quantizer.toIndex(NaN), -1);
  }
});

Deno.test("FloatQuantizer rounds halves up, and just below a half down", () => {
  const quantizer = new FloatQuantizer({ min: -2, max: 2, step: 1 });
  const values = [-1.5, -0.5, 0.49999999999999994, 0.5, 1.5];
  assertEquals(
    values.map((value) => quantizer.fromIndex(quantizer.toIndex(value))),
    [-1, 0, 0, 1, 2],
  );
});

Deno.test("AngleQuantizer gives each step again, turns and turns further, too", () => {
  const random = new SeededRandom(2);
  for (let bits = 1; bits <= 32; bits++) {
    const quantizer = new AngleQuantizer(bits);
    const last = 2 ** bits - 1;
    const indices = bits <= 10 && IS_SOAK
      ? Array.from({ length: last + 1 }, (_, i) => i)
      : [
        0,
        1,
        last,
        ...Array.from(
          { length: 200 },
          () => Math.floor(random.nextFloat() * (last + 1)),
        ),
      ];
    for (const index of indices) {
      const radians = quantizer.fromIndex(index);
      assert(radians >= 0 && radians < 2 * Math.PI);
      assertEquals([bits, quantizer.toIndex(radians)], [bits, index]);
      if (bits > 20) continue;
      assertEquals(quantizer.toIndex(radians + 6 * Math.PI), index);
      assertEquals(quantizer.toIndex(radians - 4 * Math.PI), index);
    }
    for (const radians of [NaN, Infinity, -Infinity]) {
      assertEquals(quantizer.toIndex(radians), -1);
    }
    assertEquals(quantizer.toIndex(-1e-300), 0);
    assert(Object.is(quantizer.toIndex(-0), 0));
  }
});

Deno.test("QuatQuantizer accepts just the parts that it makes", () => {
  const parts = new Uint32Array(4);
  const again = new Uint32Array(4);
  const rotation: Quat = { x: 0, y: 0, z: 0, w: 1 };
  // Every bit pattern of the narrow ones; the wide ones at random.
  for (const bits of [4, 5]) {
    const quantizer = new QuatQuantizer(bits);
    const mask = 2 ** bits - 1;
    let accepted = 0;
    for (let pattern = 0; pattern < 2 ** (2 + 3 * bits); pattern++) {
      parts[0] = pattern & 3;
      parts[1] = (pattern >>> 2) & mask;
      parts[2] = (pattern >>> (2 + bits)) & mask;
      parts[3] = (pattern >>> (2 + 2 * bits)) & mask;
      if (!quantizer.fromParts(parts, rotation)) continue;
      accepted += 1;
      assert(quantizer.toParts(rotation, again));
      if (again.join() !== parts.join()) {
        throw new Error(`${bits} bits: ${parts} became ${again}`);
      }
    }
    assert(accepted > 2 ** (2 + 3 * bits) / 4, `${accepted}`);
  }
  const random = new SeededRandom(5);
  for (let bits = 6; bits <= 16; bits++) {
    const quantizer = new QuatQuantizer(bits);
    const edge = 2 ** (bits - 1) - 1;
    for (let i = 0; i < RUNS / 10; i++) {
      parts[0] = random.nextU32() & 3;
      for (let k = 1; k < 4; k++) {
        // Often where two components are about equal.
        parts[k] = (random.nextU32() & 1) === 0
          ? random.nextU32() & (2 ** bits - 1)
          : Math.round(edge * (1 + Math.SQRT1_2)) + random.nextU32() % 3 - 1;
      }
      if (!quantizer.fromParts(parts, rotation)) continue;
      assert(quantizer.toParts(rotation, again));
      assertEquals([bits, ...again], [bits, ...parts]);
    }
  }
});

Deno.test("QuatQuantizer comes as close as it promises, for any rotation", () => {
  const parts = new Uint32Array(4);
  const got: Quat = { x: 0, y: 0, z: 0, w: 1 };
  const component = fc.oneof(
    fc.constantFrom(0, 1, -1, 0.5, -0.5, Math.SQRT1_2, 1e-9),
    fc.double({ min: -1, max: 1, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.tuple(component, component, component, component),
      fc.integer({ min: 4, max: 16 }),
      fc.constantFrom(1, -3, 1e-3, 1e6),
      ([x, y, z, w], bits, length) => {
        const norm = Math.hypot(x, y, z, w);
        fc.pre(norm > 1e-6);
        const quantizer = new QuatQuantizer(bits);
        assert(quantizer.toParts(
          { x: x * length, y: y * length, z: z * length, w: w * length },
          parts,
        ));
        assert(quantizer.fromParts(parts, got));
        const dot = (got.x * x + got.y * y + got.z * z + got.w * w) / norm;
        // A step is √½ / half; three components are half of one off, or one and a
        // half where they gave way.
        const step = Math.SQRT1_2 / (2 ** (bits - 1) - 1);
        const off = Math.sqrt(Math.max(0, 2 - 2 * Math.abs(dot)));
        assert(off <= 3 * step, `${off} > 3 × ${step}`);
        assertAlmostEquals(Math.hypot(got.x, got.y, got.z, got.w), 1, 1e-12);
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("QuatQuantizer of ten bits is as exact as its page says", () => {
  const quantizer = new QuatQuantizer(10);
  const random = new SeededRandom(9);
  const parts = new Uint32Array(4);
  const got: Quat = { x: 0, y: 0, z: 0, w: 1 };
  for (let i = 0; i < RUNS; i++) {
    const [x, y, z, w] = Array.from(
      { length: 4 },
      () => random.nextFloat() * 2 - 1,
    ) as [number, number, number, number];
    const norm = Math.hypot(x, y, z, w);
    if (norm === 0) continue;
    quantizer.toParts({ x, y, z, w }, parts);
    quantizer.fromParts(parts, got);
    const sign = Math.sign(x * got.x + y * got.y + z * got.z + w * got.w);
    const off = [
      got.x - sign * x / norm,
      got.y - sign * y / norm,
      got.z - sign * z / norm,
      got.w - sign * w / norm,
    ].map(Math.abs);
    const [largest, ...small] = off.toSorted((a, b) => b - a);
    assert(largest! < 0.0021, `${largest}`);
    assert(small[0]! < 0.0021, `${small[0]}`);
  }
});

Deno.test("QuatQuantizer refuses what is no rotation, and leaves the target alone", () => {
  const quantizer = new QuatQuantizer(8);
  const parts = new Uint32Array(4);
  for (
    const [x, w] of [[0, 0], [NaN, 1], [Infinity, 0], [1e200, 0], [1e-200, 0]]
  ) {
    assertEquals(quantizer.toParts({ x: x!, y: 0, z: 0, w: w! }, parts), false);
  }
  const into = { x: 7, y: 7, z: 7, w: 7 };
  assertEquals(
    quantizer.fromParts(new Uint32Array([0, 255, 127, 127]), into),
    false,
  );
  assertEquals(
    quantizer.fromParts(new Uint32Array([4, 127, 127, 127]), into),
    false,
  );
  assertEquals(into, { x: 7, y: 7, z: 7, w: 7 });
});

Deno.test("quantizers refuse options out of range", () => {
  for (const bits of [0, 33, 1.5, NaN]) {
    assertThrows(() => new AngleQuantizer(bits), RangeError, "1 to 32");
  }
  for (const bits of [3, 17, 8.5, NaN]) {
    assertThrows(() => new QuatQuantizer(bits), RangeError, "4 to 16");
  }
});

import {
  assert,
  assertAlmostEquals,
  assertEquals,
  assertThrows,
} from "@std/assert";
import fc from "fast-check";
import { type Quat, SeededRandom } from "../core/mod.ts";
import { QuatQuantizer } from "./quat_quantizer.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 500_000 : 10_000;

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

Deno.test("QuatQuantizer is as exact where components are about equal", () => {
  const quantizer = new QuatQuantizer(10);
  const random = new SeededRandom(3);
  const parts = new Uint32Array(4);
  const got: Quat = { x: 0, y: 0, z: 0, w: 1 };
  for (let i = 0; i < RUNS; i++) {
    const near = () => 1 + random.nextFloat() * 0.01;
    const rotation = { x: near(), y: near(), z: near(), w: random.nextFloat() };
    const norm = Math.hypot(rotation.x, rotation.y, rotation.z, rotation.w);
    quantizer.toParts(rotation, parts);
    quantizer.fromParts(parts, got);
    for (const axis of ["x", "y", "z", "w"] as const) {
      const off = Math.abs(got[axis] - rotation[axis] / norm);
      assert(off < (axis === "w" ? 0.0007 : 0.0021), `${axis}: ${off}`);
    }
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

Deno.test("QuatQuantizer refuses bits out of range", () => {
  for (const bits of [3, 17, 8.5, NaN]) {
    assertThrows(() => new QuatQuantizer(bits), RangeError, "4 to 16");
  }
});

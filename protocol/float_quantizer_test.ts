import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { FloatQuantizer } from "./float_quantizer.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 500_000 : 10_000;

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

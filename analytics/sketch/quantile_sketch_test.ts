import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { SeededRandom } from "../../core/mod.ts";
import { QuantileSketch } from "./quantile_sketch.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RUNS = IS_SOAK ? 5000 : 300;

function sketchOf(values: Iterable<number>): QuantileSketch {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.add(value);
  return sketch;
}

/** All of a sketch but its sum, which depends on the order by rounding. */
function shape(sketch: QuantileSketch): number[] {
  return sketch.toJson().slice(1);
}

function normal(random: SeededRandom): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.nextFloat()));
  return radius * Math.cos(2 * Math.PI * random.nextFloat());
}

const DISTRIBUTIONS: Record<string, (random: SeededRandom) => number> = {
  uniform: (random) => 1 + 99 * random.nextFloat(),
  normal: (random) => Math.max(16.7 + 2 * normal(random), 0.5),
  exponential: (random) => -5 * Math.log(1 - random.nextFloat()),
  Pareto: (random) => (1 - random.nextFloat()) ** (-1 / 1.2),
  "bimodal frame times": (random) => {
    const frame = random.nextFloat() < 0.97 ? 16.67 : 33.33;
    const hitch = random.nextFloat() < 0.002 ? 250 * random.nextFloat() : 0;
    return frame + 0.3 * normal(random) + hitch;
  },
};

Deno.test("QuantileSketch is within 0.55 % of exact sort from p50 to p99.9", () => {
  for (const [name, next] of Object.entries(DISTRIBUTIONS)) {
    const random = new SeededRandom(20260101);
    const values = Array.from({ length: 100_000 }, () => next(random));
    const sketch = sketchOf(values);
    const sorted = Float64Array.from(values).sort();
    let worst = 0;
    for (let permille = 500; permille <= 999; permille++) {
      const q = permille / 1000;
      const exact = sorted[Math.floor(q * (values.length - 1))]!;
      worst = Math.max(worst, Math.abs(sketch.quantile(q) - exact) / exact);
    }
    assert(worst <= 0.0055, `${name}: ${worst}`);
    // An error of nothing would mean that nothing was estimated.
    assert(worst > 0.001, `${name}: ${worst}`);
  }
});

Deno.test("QuantileSketch knows count, sum, min and max exactly", () => {
  const sketch = sketchOf([3, 0.5, 250, 0, 16]);
  assertEquals(sketch.count, 5);
  assertEquals(sketch.sum, 269.5);
  assertEquals(sketch.min, 0);
  assertEquals(sketch.max, 250);
  assertEquals(sketch.zeros, 1);
  assertEquals(sketch.quantile(0), 0);
  assertEquals(sketch.quantile(1), 250);
  assertEquals(sketchOf([7, 9]).quantile(0), 7);
});

Deno.test("QuantileSketch of nothing gives 0", () => {
  const sketch = new QuantileSketch();
  for (const q of [0, 0.5, 1]) assertEquals(sketch.quantile(q), 0);
  assertEquals(sketch.toJson(), [0, 0, 0, 0]);
  assertEquals([sketch.count, sketch.sum, sketch.min, sketch.max], [
    0,
    0,
    0,
    0,
  ]);
});

Deno.test("QuantileSketch counts negative values as 0 and ignores what is no number", () => {
  const sketch = sketchOf([-1, -0, -5e-324, NaN, Infinity, -Infinity, 4]);
  assertEquals(sketch.toJson(), [4, 0, 4, 3, 127, 1]);
  assertEquals(sketch.ignored, 3);
});

Deno.test("QuantileSketch.quantile() refuses what is no quantile", () => {
  const sketch = sketchOf([1]);
  for (const q of [-0.1, 1.1, NaN, Infinity]) {
    assertThrows(() => sketch.quantile(q), RangeError, "q must be from 0 to 1");
  }
});

Deno.test("QuantileSketch holds the smallest and the largest numbers", () => {
  assertEquals(sketchOf([Number.MIN_VALUE]).toJson().slice(4), [-68737, 1]);
  const large = sketchOf([Number.MAX_VALUE, Number.MAX_VALUE]);
  assertEquals(large.toJson().slice(4), [65535, 2]);
  assertEquals(large.sum, Number.MAX_VALUE);
  assertEquals(large.quantile(0.5), Number.MAX_VALUE);
  assert(QuantileSketch.fromJson(large.toJson()) !== undefined);
});

Deno.test("QuantileSketch folds what is too low into its lowest bucket", () => {
  const sketch = sketchOf([1e-30, 1e-20, 1, 2 ** 40, 2 ** 40 - 1]);
  const low = 64 * 40 - 1 - 2047;
  assertEquals(sketch.toJson().slice(4), [low, 3, 2047, 2]);
  assertEquals(sketch.min, 1e-30);
  // The smallest is below its bucket, so that its estimate is the bucket's.
  assert(Math.abs(sketch.quantile(0) / 2 ** 8 - 1) < 0.012);
  assertEquals(
    QuantileSketch.fromJson(sketch.toJson())?.toJson(),
    sketch.toJson(),
  );
});

const VALUE = fc.oneof(
  fc.double({ min: 0, max: 1e308, noNaN: true }),
  fc.double({ min: 0.1, max: 500, noNaN: true }),
  // Far apart, so that some fold.
  fc.integer({ min: -60, max: 60 }).map((power) => 1.5 * 2 ** power),
);
const VALUES = fc.array(VALUE, { maxLength: 40 });

Deno.test("QuantileSketch.merge() is the same in any order and grouping, as is add()", () => {
  fc.assert(
    fc.property(VALUES, VALUES, VALUES, (a, b, c) => {
      const whole = shape(sketchOf([...a, ...b, ...c]));
      const left = sketchOf(a);
      left.merge(sketchOf(b));
      left.merge(sketchOf(c));
      const right = sketchOf(b);
      right.merge(sketchOf(c));
      const outer = sketchOf(a);
      outer.merge(right);
      const turned = sketchOf(c);
      turned.merge(sketchOf(a));
      turned.merge(sketchOf(b));
      assertEquals(shape(left), whole);
      assertEquals(shape(outer), whole);
      assertEquals(shape(turned), whole);
      assertEquals(shape(sketchOf([...c, ...a, ...b].reverse())), whole);
    }),
    { numRuns: RUNS, seed: 11 },
  );
});

Deno.test("QuantileSketch.merge() of two has one sum in both orders", () => {
  fc.assert(
    fc.property(VALUES, VALUES, (a, b) => {
      const one = sketchOf(a);
      one.merge(sketchOf(b));
      const other = sketchOf(b);
      other.merge(sketchOf(a));
      assertEquals(one.toJson(), other.toJson());
    }),
    { numRuns: RUNS, seed: 12 },
  );
});

Deno.test("QuantileSketch.toJson() comes back by fromJson()", () => {
  fc.assert(
    fc.property(VALUES, (values) => {
      const json = sketchOf(values).toJson();
      const read = QuantileSketch.fromJson(JSON.parse(JSON.stringify(json)));
      assertEquals(read?.toJson(), json);
      // It goes on as the original would.
      const original = sketchOf([...values, 3, 1e-12, 1e12]);
      for (const value of [3, 1e-12, 1e12]) read?.add(value);
      assertEquals(read?.toJson(), original.toJson());
    }),
    { numRuns: RUNS, seed: 13 },
  );
});

Deno.test("QuantileSketch.subtract() takes out what was merged", () => {
  fc.assert(
    fc.property(VALUES, VALUES, (a, b) => {
      const near = (value: number) => value > 1e-3 && value < 1e3;
      const kept = sketchOf(a.filter(near));
      const taken = sketchOf(b.filter(near));
      const both = sketchOf([...a, ...b].filter(near));
      both.subtract(taken);
      assertEquals(both.toJson().slice(4), kept.toJson().slice(4));
      assertEquals(both.count, kept.count);
      assert(Math.abs(both.sum - kept.sum) < 1e-6);
      assert(QuantileSketch.fromJson(both.toJson()) !== undefined);
    }),
    { numRuns: RUNS, seed: 14 },
  );
});

Deno.test("QuantileSketch.subtract() leaves no count below 0 and what can be read, whatever is taken", () => {
  fc.assert(
    fc.property(VALUES, VALUES, (a, b) => {
      const sketch = sketchOf(a);
      sketch.subtract(sketchOf(b));
      const json = sketch.toJson();
      assertEquals(QuantileSketch.fromJson(json)?.toJson(), json);
      for (const q of [0, 0.5, 1]) assert(sketch.quantile(q) >= 0);
    }),
    { numRuns: RUNS, seed: 15 },
  );
});

Deno.test("QuantileSketch.subtract() of everything leaves nothing", () => {
  const sketch = sketchOf([1e-30, 0, 5, 1e30]);
  sketch.subtract(sketchOf([1e-30, 0, 5, 1e30]));
  assertEquals(sketch.toJson(), [0, 0, 0, 0]);
  sketch.add(2);
  assertEquals(sketch.toJson(), [2, 2, 2, 0, 63, 1]);
});

Deno.test("QuantileSketch.subtract() keeps a maximum that was taken out of the quantiles", () => {
  const sketch = sketchOf([5, 5, 5, 1000]);
  sketch.subtract(sketchOf([1000]));
  assertEquals(sketch.max, 1000);
  assert(Math.abs(sketch.quantile(1) - 5) < 0.03);
});

Deno.test("QuantileSketch.clear() removes all", () => {
  const sketch = sketchOf([1, 0, NaN, 1e9]);
  sketch.clear();
  assertEquals(sketch.toJson(), [0, 0, 0, 0]);
  assertEquals(sketch.ignored, 0);
  sketch.add(1e-9);
  assertEquals(sketch.toJson(), sketchOf([1e-9]).toJson());
});

Deno.test("QuantileSketch merged with itself counts everything twice", () => {
  const sketch = sketchOf([1, 0, 16]);
  sketch.merge(sketch);
  assertEquals(sketch.toJson(), [34, 0, 16, 2, -1, 2, 256, 2]);
});

Deno.test("QuantileSketch.fromJson() refuses what is none", () => {
  const valid = [20, 4, 16, 0, 127, 1, 128, 1];
  assertEquals(QuantileSketch.fromJson(valid)?.toJson(), valid);
  const wide = Array.from({ length: 4096 }, () => 1);
  const broken: [string, unknown][] = [
    ["no array", { length: 4 }],
    ["null", null],
    ["text", "0,0,0,0"],
    ["a typed array", Float64Array.from(valid)],
    ["too short", [0, 0, 0]],
    ["half a bucket", [20, 4, 16, 0, 127]],
    ["too long", [2048, 1, 1e9, 0, -1, ...wide.slice(1), 1, 1]],
    ["a text for the sum", ["20", 4, 16, 0, 127, 1, 128, 1]],
    ["an infinite sum", [Infinity, 4, 16, 0, 127, 1, 128, 1]],
    ["no sum", [null, 4, 16, 0, 127, 1, 128, 1]],
    ["a negative sum", [-1, 4, 16, 0, 127, 1, 128, 1]],
    ["a sum beyond all values", [33, 4, 16, 0, 127, 1, 128, 1]],
    ["a negative minimum", [20, -4, 16, 0, 127, 1, 128, 1]],
    ["a minimum above the maximum", [20, 17, 16, 0, 127, 1, 128, 1]],
    ["a minimum above its bucket", [20, 5, 16, 0, 127, 1, 128, 1]],
    ["a maximum below its bucket", [20, 4, 15, 0, 127, 1, 128, 1]],
    ["a minimum above 0 with zeros", [20, 4, 16, 1, 127, 1, 128, 1]],
    ["negative zeros", [20, 0, 16, -1, 127, 1, 128, 1]],
    ["half a zero", [20, 0, 16, 0.5, 127, 1, 128, 1]],
    ["zeros that are not safe", [20, 0, 16, 2 ** 53, 127, 1, 128, 1]],
    ["half a bucket's number", [20, 4, 16, 0, 127.5, 1, 128, 1]],
    ["a bucket too low", [1, 0, 16, 0, -68738, 1]],
    ["a bucket too high", [1, 0, Number.MAX_VALUE, 0, 65536, 1]],
    ["a huge bucket", [1, 0, 16, 0, Number.MAX_SAFE_INTEGER, 1]],
    ["an empty bucket", [20, 4, 16, 0, 127, 0, 128, 1]],
    ["a negative count", [20, 4, 16, 0, 127, -1, 128, 1]],
    ["a count that is not safe", [20, 4, 16, 0, 127, 2 ** 53, 128, 1]],
    ["a distance of 0", [20, 4, 16, 0, 127, 1, 0, 1]],
    ["a negative distance", [20, 4, 16, 0, 127, 1, -1, 1]],
    ["a distance too large", [20, 0, 1e300, 0, 127, 1, 2048, 1]],
    ["values without buckets", [20, 4, 16, 0]],
    ["a hole", Object.assign([20, 4, 16, 0, 127, 1, 128, 1], { 5: undefined })],
    ["a bigint", [20, 4, 16, 0, 127n, 1, 128, 1]],
  ];
  for (const [what, json] of broken) {
    assertEquals(QuantileSketch.fromJson(json), undefined, what);
  }
});

Deno.test("QuantileSketch.fromJson() survives any change of one number", () => {
  const valid = sketchOf([0, 1, 5, 16.7, 16.9, 33, 250]).toJson();
  const odd = [
    0,
    -1,
    0.5,
    NaN,
    Infinity,
    1e308,
    2 ** 53,
    -(2 ** 53),
    "1",
    null,
    [],
    {},
    true,
  ];
  for (let at = 0; at < valid.length; at++) {
    for (const value of odd) {
      const json: unknown[] = [...valid];
      json[at] = value;
      const sketch = QuantileSketch.fromJson(json);
      if (sketch === undefined) continue;
      assertEquals(sketch.toJson(), json, `${at}: ${value}`);
      for (const q of [0, 0.5, 0.99, 1]) {
        assert(Number.isFinite(sketch.quantile(q)));
      }
    }
  }
});

Deno.test("QuantileSketch stays readable when hostile counts are merged and taken out", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const hostile = QuantileSketch.fromJson([1e16, 0, 4, most, 127, most]);
  assert(hostile !== undefined);
  const sketch = sketchOf([1, 4, 16]);
  for (let i = 0; i < 5; i++) {
    sketch.merge(hostile);
    const json = sketch.toJson();
    assertEquals(QuantileSketch.fromJson(json)?.toJson(), json);
    assertEquals(sketch.count, most);
  }
  sketch.subtract(hostile);
  const json = sketch.toJson();
  assertEquals(QuantileSketch.fromJson(json)?.toJson(), json);
});

Deno.test("QuantileSketch.toExponentialHistogram() has every value in its bucket", () => {
  const values = [0, 1, 1.001, 2, 3, 16.7, 16.7];
  const histogram = sketchOf(values).toExponentialHistogram();
  const { offset, bucketCounts } = histogram.positive;
  assertEquals(histogram.scale, 6);
  assertEquals(histogram.zeroCount, 1);
  assertEquals(histogram.count, 7);
  assertEquals([histogram.min, histogram.max], [0, 16.7]);
  assertEquals(bucketCounts.reduce((sum, count) => sum + count), 6);
  assertEquals(offset, -1);
  for (const value of values.slice(1)) {
    const bucket = Math.ceil(64 * Math.log2(value)) - 1;
    const same = values.filter((other) =>
      other > 0 && Math.ceil(64 * Math.log2(other)) - 1 === bucket
    );
    assertEquals(bucketCounts[bucket - offset], same.length);
  }
  assertEquals(new QuantileSketch().toExponentialHistogram().positive, {
    offset: 0,
    bucketCounts: [],
  });
});

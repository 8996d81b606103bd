import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { FadingHistogram } from "./_fading_histogram.ts";

/** Adds a single value: as long as a bin is wide. */
function add(histogram: FadingHistogram, value: number, binMs = 1): void {
  histogram.addRise(value, value + binMs);
}

Deno.test("FadingHistogram.quantile() tells what shares are below", () => {
  const histogram = new FadingHistogram(1, 200, 1_000);
  assertEquals(histogram.quantile(0.99), 1);
  histogram.addRise(0, 100);
  assertEquals(histogram.quantile(0.5), 50);
  assertEquals(histogram.quantile(0.95), 95);
  histogram.addRise(0, 50);
  assertEquals(histogram.quantile(0.5), 38);
  assertEquals(histogram.evidenceMs, 150);
  histogram.clear();
  assertEquals(histogram.evidenceMs, 0);
});

Deno.test("FadingHistogram agrees with sorted values", () => {
  const random = new SeededRandom(6);
  const histogram = new FadingHistogram(0.5, 1_000, Infinity);
  const values: number[] = [];
  for (let i = 0; i < 5_000; i++) {
    const value = 20 - 40 * Math.log(1 - random.nextFloat());
    add(histogram, value, 0.5);
    values.push(value);
  }
  values.sort((a, b) => a - b);
  for (const share of [0.1, 0.5, 0.9, 0.99, 0.999]) {
    const wanted = values[Math.floor(share * values.length)]!;
    assertAlmostEquals(
      histogram.quantile(share),
      Math.min(500, wanted),
      1 + 0.01 * wanted,
    );
  }
});

Deno.test("FadingHistogram forgets by half-lives, for ever", () => {
  const histogram = new FadingHistogram(1, 100, 1_000);
  for (let i = 0; i < 1_000; i++) add(histogram, 80.5);
  histogram.fade(1_000);
  assertAlmostEquals(histogram.evidenceMs, 500);
  // Weights are made small again many times.
  for (let i = 0; i < 300_000; i++) {
    add(histogram, 20.5);
    histogram.fade(10);
  }
  assertEquals(histogram.quantile(0.999), 21);
  assert(histogram.evidenceMs < 200 && histogram.evidenceMs > 100);
});

Deno.test("FadingHistogram holds what is beyond its ends at its ends", () => {
  const histogram = new FadingHistogram(1, 100, 1_000);
  histogram.addRise(-10, -5);
  histogram.addRise(200, 300);
  histogram.addRise(50, 40);
  histogram.addRise(NaN, NaN);
  assertEquals(histogram.evidenceMs, 0);
  histogram.addRise(-10, 1e9);
  assertEquals(histogram.evidenceMs, 100);
  assertEquals(histogram.quantile(0.5), 50);
  assertEquals(histogram.quantile(1), 100);
});

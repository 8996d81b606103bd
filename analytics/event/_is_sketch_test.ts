import { assertEquals } from "@std/assert";
import { QuantileSketch } from "../sketch/quantile_sketch.ts";
import { AnalyticsEvent } from "./analytics_event.ts";
import { checkFields } from "./check_fields.ts";

function sketchOf(...values: number[]): number[] {
  const sketch = new QuantileSketch();
  for (const value of values) sketch.add(value);
  return sketch.toJson();
}

function reasonOf(event: AnalyticsEvent): string | undefined {
  return checkFields(event.definition, event.fields)?.reason;
}

Deno.test("checkFields() takes a sketch of what can be measured", () => {
  const frames = [sketchOf(), sketchOf(0, 0.001, 16.7, 2 ** 22)];
  for (const sketch of frames) {
    assertEquals(
      reasonOf(AnalyticsEvent.frameTime({ sketch, hitches: 0 })),
      undefined,
    );
  }
  const sketch = sketchOf(2 ** 42);
  assertEquals(reasonOf(AnalyticsEvent.memoryUsage({ sketch })), undefined);
});

Deno.test("checkFields() refuses a sketch that a store could not read", () => {
  const broken = [
    // No maximum, a sum beyond all values, zeros with a minimum.
    [1, 1, 0, 0, -1, 1],
    [1e9, 1, 1, 0, -1, 1],
    [1, 1, 1, 5, -1, 1],
    [-1, 0, 0, 0],
  ];
  for (const sketch of broken) {
    assertEquals(QuantileSketch.fromJson(sketch), undefined);
    assertEquals(
      reasonOf(AnalyticsEvent.frameTime({ sketch, hitches: 0 })),
      "invalidField",
    );
  }
});

Deno.test("checkFields() refuses a sketch that would spoil the sum of all others", () => {
  // One value so large pushes all frame times of an hour into one bucket.
  const far = sketchOf(16.7, 2 ** 22 + 1);
  assertEquals(
    reasonOf(AnalyticsEvent.frameTime({ sketch: far, hitches: 0 })),
    "invalidField",
  );
  const large = sketchOf(1e9, 2 ** 42 * 1.001);
  assertEquals(
    reasonOf(AnalyticsEvent.memoryUsage({ sketch: large })),
    "invalidField",
  );
  // So many outweigh everybody else's.
  const many = [1e7 + 1, 1, 1, 0, -1, 1e7 + 1];
  assertEquals(QuantileSketch.fromJson(many)?.count, 1e7 + 1);
  assertEquals(
    reasonOf(AnalyticsEvent.frameTime({ sketch: many, hitches: 0 })),
    "invalidField",
  );
});

import { assert, assertAlmostEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { DelayFloor } from "./_delay_floor.ts";

const FLOOR_MS = 40;

/** Jitter of 20 ms on average that is the sum of so many exponential ones. */
function jitter(random: SeededRandom, shape: number): number {
  let ms = 0;
  for (let i = 0; i < shape; i++) {
    ms -= 20 / shape * Math.log(1 - random.nextFloat());
  }
  return ms;
}

Deno.test("DelayFloor tells how far the floor is below what has been seen", () => {
  const runs = 30;
  for (const shape of [1, 2, 3]) {
    let above = 0;
    let error = 0;
    let covered = 0;
    for (let seed = 1; seed <= runs; seed++) {
      const random = new SeededRandom(seed);
      const floor = new DelayFloor(1);
      let atMs = 0;
      for (let i = 0; i < 60 * 50; i++) {
        atMs = i * 1_000 / 60;
        if (floor.record(atMs, FLOOR_MS + jitter(random, shape))) {
          floor.lay(0, atMs);
        }
      }
      const lowest = floor.reference(atMs);
      above += (lowest - FLOOR_MS) / runs;
      error += (lowest - floor.biasMs - FLOOR_MS) / runs;
      if (lowest - floor.uncertaintyMs <= FLOOR_MS) covered++;
    }
    const what = `shape ${shape}: ${above} above, corrected to ${error}`;
    assertAlmostEquals(error, 0, 0.02 + above / 2, what);
    assert(covered >= runs - 2, `${what}, covered ${covered}`);
  }
});

Deno.test("DelayFloor keeps its line when the last point of a level is gone", () => {
  const floor = new DelayFloor(1);
  let atMs = 0;
  // Each level is above the one before, and never lasts long enough to settle.
  for (let level = 0; level < 12; level++) {
    for (let i = 0; i < 60 * 10; i++) {
      atMs += 1_000 / 60;
      if (floor.record(atMs, FLOOR_MS + level * 10)) floor.lay(0, atMs);
      const known = floor.reference(atMs) - floor.shiftMs;
      assertAlmostEquals(known, FLOOR_MS, 0.01, `level ${level}`);
    }
    assertAlmostEquals(floor.current(atMs), FLOOR_MS + level * 10, 0.01);
  }
});

import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { toStamp, unwrapStamp } from "./stamp.ts";

const WRAP_MS = 2 ** 26;

Deno.test("toStamp() writes 1/64 ms and starts again", () => {
  for (
    const [timeMs, stamp] of [
      [0, 0],
      [1, 64],
      [0.5, 32],
      [WRAP_MS, 0],
      [WRAP_MS * 3 + 2, 128],
      [WRAP_MS - 1 / 256, 0],
      [WRAP_MS - 1 / 64, 0xffff_ffff],
      [-1, 0xffff_ffc0],
      [NaN, 0],
      [Infinity, 0],
    ] as const
  ) {
    assertEquals(toStamp(timeMs), stamp, `${timeMs}`);
  }
});

Deno.test("unwrapStamp() finds the time again near any other, over wraps", () => {
  const random = new SeededRandom(8);
  for (let i = 0; i < 20_000; i++) {
    const timeMs = Math.floor((random.nextFloat() - 0.25) * 2 ** 40) / 64;
    const near = timeMs + (random.nextFloat() - 0.5) * 0.99 * WRAP_MS;
    assertEquals(unwrapStamp(toStamp(timeMs), near), timeMs, `case ${i}`);
  }
  assertEquals(unwrapStamp(0, WRAP_MS - 5), WRAP_MS);
  assertEquals(unwrapStamp(0xffff_ffff, WRAP_MS), WRAP_MS - 1 / 64);
});

Deno.test("unwrapStamp() takes anything", () => {
  for (const stamp of [NaN, -1, 2 ** 40, 0.5, Infinity]) {
    for (const near of [NaN, Infinity, -Infinity, 0, 1e300]) {
      const timeMs = unwrapStamp(stamp, near);
      assertEquals(Number.isFinite(timeMs), true, `${stamp} near ${near}`);
    }
  }
});

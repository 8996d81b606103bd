// This module is browser compatible.
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { ByteRate } from "./_byte_rate.ts";

Deno.test("ByteRate tells bytes per second, and forgets", () => {
  const rate = new ByteRate();
  for (let nowMs = 7000; nowMs < 9000; nowMs += 10) {
    rate.record(100, nowMs);
    if (nowMs >= 8000) assertAlmostEquals(rate.perSecond(nowMs), 10_000, 250);
  }
  assertEquals(rate.perSecond(12_000), 0);
  assertEquals(rate.total, 20_000);
});

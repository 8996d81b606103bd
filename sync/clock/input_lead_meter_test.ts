import { assertEquals } from "@std/assert";
import { InputLeadMeter, MAX_REPORTED_LEAD_MS } from "./input_lead_meter.ts";

Deno.test("InputLeadMeter.take() tells the lowest since the last time, in quarters", () => {
  const meter = new InputLeadMeter();
  assertEquals(meter.take(), undefined);
  for (
    const [leads, wanted, tick] of [
      [[5.3], 5.25, 0],
      [[7, 3, 9], 3, 1],
      [[-0.1], -0.25, 0],
      [[1e9], MAX_REPORTED_LEAD_MS, 0],
      [[-1e9], -MAX_REPORTED_LEAD_MS, 0],
      [[NaN, 4, Infinity, -Infinity], 4, 1],
    ] as const
  ) {
    leads.forEach((leadMs, i) => meter.record(i, leadMs));
    assertEquals(meter.take(), wanted);
    assertEquals(meter.tick, tick);
    assertEquals(Math.abs(wanted * 4) < 2 ** 15, true);
  }
  assertEquals(meter.take(), undefined);
  assertEquals(meter.inputs, 8);
  assertEquals(meter.lateInputs, 2);
});

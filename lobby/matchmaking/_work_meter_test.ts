import { assert, assertEquals } from "@std/assert";
import { ManualClock } from "../../core/mod.ts";
import { WorkMeter } from "./_work_meter.ts";

Deno.test("WorkMeter looks at the clock as often as there is work, not as it is asked", () => {
  const clock = new ManualClock();
  const meter = new WorkMeter();
  for (const [work, mostAsked] of [[1, 40], [1_000, 10], [100_000, 2]]) {
    meter.begin(Infinity, clock, 5);
    assert(!meter.isSpent());
    clock.advance(5);
    let asked = 0;
    do {
      meter.done += work!;
      asked++;
    } while (!meter.isSpent());
    assert(asked <= mostAsked!, `${asked} times, of ${work} each`);
    // It stays so.
    assert(meter.isSpent());
  }
});

Deno.test("WorkMeter ends at a limit of work, whatever the clock says", () => {
  const meter = new WorkMeter();
  meter.begin(10, new ManualClock(), 5);
  meter.done = 9;
  assertEquals(meter.isSpent(), false);
  meter.done = 10;
  assertEquals(meter.isSpent(), true);
});

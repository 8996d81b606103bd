import { assertEquals } from "@std/assert";
import { Packing, SUMS } from "./_packing.ts";
import { PassedTickets } from "./_passed_tickets.ts";

Deno.test("PassedTickets.setPacking() forgets all that were passed", () => {
  const large = new Packing(4, 1);
  const passed = new PassedTickets(large);
  passed.begin(Float64Array.of(1, 2, 3, 4), undefined, 0);
  for (let place = 0; place < 4; place++) passed.add(place, 1, 0);
  passed.setPacking(new Packing(2, 1));
  assertEquals([passed.count, passed.cell, passed.counts[1]], [0, 0, 0]);
  for (let place = 0; place < 3; place++) passed.add(place, 1, 0);
  assertEquals([passed.count, passed.cell], [3, 2]);
  passed.setPacking(large);
  passed.add(0, 1, 0);
  assertEquals(
    [...passed.topSkills.subarray(SUMS, SUMS + 5)],
    [-Infinity, 1, Infinity, Infinity, Infinity],
  );
});

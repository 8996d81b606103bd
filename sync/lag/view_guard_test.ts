import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { viewStamp } from "../input/view_stamp.ts";
import { ViewGuard } from "./view_guard.ts";

Deno.test("ViewGuard lets an honest view pass as it is", () => {
  const guard = new ViewGuard({ maxRewindTicks: 12, maxSpan: 3 });
  for (let tick = 100; tick < 200; tick++) {
    const view = tick - 9.3;
    const from = Math.floor(view / 3) * 3;
    const stamp = viewStamp(from, from + 3, view);
    assertEquals(guard.check(stamp, tick, tick - 63), stamp);
  }
  assertEquals([guard.counts.checked, guard.counts.passed], [100, 100]);
});

Deno.test("ViewGuard moves and counts what nobody saw", () => {
  const checks: [
    keyof ViewGuard["counts"],
    [number, number, number],
    [number, number, number],
  ][] = [
    ["future", [100, 102, 100.5], [100, 100, 100]],
    ["stale", [70, 72, 71], [84, 85, 84]],
    ["wide", [85, 97, 90.5], [90, 91, 90.5]],
    ["unsent", [91, 93, 91.5], [91, 92, 91.5]],
  ];
  for (const [reason, [from, to, view], [f, t, v]] of checks) {
    const guard = new ViewGuard({ maxRewindTicks: 16 });
    const allowed = guard.check(
      viewStamp(from, to, view),
      100,
      40,
      { wasSent: (tick) => tick % 2 === 0 || reason !== "unsent" },
    );
    assertEquals(allowed, { fromTick: f, toTick: t, viewTick: v });
    assertEquals([guard.counts[reason], guard.counts.passed], [1, 0]);
  }
  const guard = new ViewGuard();
  guard.check(viewStamp(94, 96, 95), 100, 40);
  assertEquals(guard.check(viewStamp(92, 94, 94), 100, 40).viewTick, 94.5);
  assertEquals(guard.check(viewStamp(94, 96, 94.5), 100, 40).viewTick, 94.5);
  assertEquals([guard.counts.backward, guard.counts.passed], [1, 2]);
});

Deno.test("ViewGuard gives a view that is kept, whatever is said", () => {
  const seed = 31;
  const random = new SeededRandom(seed);
  let newest = 0;
  const guard = new ViewGuard({ maxRewindTicks: 20, slackTicks: 1 / 3 });
  let last = -Infinity;
  for (let i = 0; i < 50_000; i++) {
    newest += random.nextU32() % 3;
    const oldest = Math.max(0, newest - random.nextU32() % 30);
    const from = random.nextU32() % 16 === 0
      ? random.nextU32()
      : Math.max(0, newest - 40 + random.nextU32() % 50);
    const to = Math.min(from + random.nextU32() % 64, 0xffff_ffff);
    const said = viewStamp(from, to, from + (to - from) * random.nextFloat());
    const { fromTick, toTick, viewTick } = guard.check(said, newest, oldest);
    const what = `seed ${seed}, ${i}: ${fromTick}, ${toTick}, ${viewTick}`;
    assert(fromTick >= oldest && toTick <= newest, what);
    assert(fromTick <= viewTick && viewTick <= toTick, what);
    assert(toTick - fromTick <= 8 && viewTick >= newest - 20, what);
    assert(viewTick >= last - 1 / 3 - 1e-9, what);
    assertEquals(viewTick * 1024 % 1, 0, what);
    last = Math.max(last, viewTick);
  }
  assert(guard.counts.passed > 100 && guard.counts.passed < 40_000);
});

Deno.test("ViewGuard refuses options out of range", () => {
  assertThrows(() => new ViewGuard({ maxSpan: 64 }), RangeError, "maxSpan");
  assertThrows(() => new ViewGuard({ slackTicks: -1 }), RangeError, "slack");
  assertThrows(
    () => new ViewGuard({ maxRewindTicks: 0.5 }),
    RangeError,
    "maxRewindTicks",
  );
});

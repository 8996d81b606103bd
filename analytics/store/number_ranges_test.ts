import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { NumberRanges } from "./number_ranges.ts";

Deno.test("NumberRanges.add() keeps numbers that follow as one range", () => {
  const ranges = new NumberRanges();
  for (let i = 5; i < 1000; i++) assert(ranges.add(i));
  assertEquals(ranges.toJson(), [5, 999]);
  assert(!ranges.add(5));
  assert(!ranges.add(999));
  assert(ranges.add(3));
  assertEquals(ranges.toJson(), [3, 3, 5, 999]);
  assert(ranges.add(4));
  assertEquals(ranges.toJson(), [3, 999]);
});

Deno.test("NumberRanges agrees with a set in any order, over restarts", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const seen = new Set<number>();
    let ranges = new NumberRanges();
    for (let i = 0; i < 1500; i++) {
      const number = random.nextU32() % 600;
      assertEquals(ranges.add(number), !seen.has(number), `seed ${seed}`);
      seen.add(number);
      if (i % 100 === 0) ranges = new NumberRanges(ranges.toJson());
    }
    const bounds = ranges.toJson();
    let count = 0;
    for (let i = 0; i < bounds.length; i += 2) {
      count += bounds[i + 1]! - bounds[i]! + 1;
      if (i > 0) assert(bounds[i]! > bounds[i - 1]! + 1, `seed ${seed}`);
    }
    assertEquals(count, seen.size, `seed ${seed}`);
  }
});

Deno.test("NumberRanges gives up the lowest gaps beyond 512 ranges", () => {
  const ranges = new NumberRanges();
  for (let i = 0; i < 2000; i += 2) assert(ranges.add(i));
  assertEquals(ranges.toJson().length, 1024);
  assert(!ranges.add(1));
  assert(ranges.add(1997));
  // In between as well, where none is at the end.
  const other = new NumberRanges();
  for (let i = 2000; i >= 0; i -= 2) other.add(i);
  assertEquals(other.toJson().length, 1024);
  assertEquals(other.toJson()[0], 0);
});

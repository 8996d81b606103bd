import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { sortedOrder } from "./_sorted_order.ts";

Deno.test("sortedOrder() sorts as a stable sort does", () => {
  const random = new SeededRandom(1);
  const draws: (() => number)[] = [
    () => random.nextFloat(),
    () => (random.nextFloat() - 0.5) * 10 ** (random.nextFloat() * 40),
    () => Math.floor(random.nextFloat() * 3),
    // Many that differ, though not in single precision.
    () => 1 + random.nextFloat() * 1e-12,
    () => random.nextFloat() < 0.5 ? 0 : -0,
    () => [1e300, -1e300, Infinity, -Infinity][random.nextU32() % 4]!,
  ];
  for (const [i, draw] of draws.entries()) {
    for (const count of [0, 1, 2, 64, 65, 3_000]) {
      const values = Float64Array.from({ length: count + 5 }, draw);
      const expected = Array.from({ length: count }, (_, at) => at)
        .sort((a, b) =>
          values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b
        );
      assertEquals([...sortedOrder(values, count)], expected, `${i}, ${count}`);
    }
  }
});

import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { Turns } from "./_turns.ts";

Deno.test("Turns.select() brings the largest to the front", () => {
  const seed = 5;
  const random = new SeededRandom(seed);
  const turns = new Turns(200);
  for (let round = 0; round < 400; round++) {
    const length = 1 + random.nextU32() % 200;
    const kinds = 1 + random.nextU32() % 300;
    const keys = Array.from({ length }, () => random.nextU32() % kinds);
    turns.clear();
    keys.forEach((key, id) => turns.push(id, key));
    let count = length;
    while (count > 1) {
      count = 1 + random.nextU32() % (count - 1);
      turns.select(count);
      const ids = [...turns.ids.subarray(0, count)];
      assertEquals(new Set(ids).size, count, `seed ${seed}`);
      const sorted = keys.toSorted((a, b) => b - a).slice(0, count);
      assertEquals(
        ids.map((id) => keys[id]!).sort((a, b) => b - a),
        sorted,
        `seed ${seed}`,
      );
    }
  }
});

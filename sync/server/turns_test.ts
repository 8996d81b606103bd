import { assert, assertEquals } from "@std/assert";
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

Deno.test("Turns.select() has no more limited ones in front than it may", () => {
  const seed = 6;
  const random = new SeededRandom(seed);
  const turns = new Turns(60);
  for (let round = 0; round < 400; round++) {
    const length = 1 + random.nextU32() % 60;
    const keys = Array.from({ length }, () => random.nextU32() % 40);
    const every = 1 + random.nextU32() % 4;
    const isLimited = (id: number): boolean => id % every === 0;
    turns.clear();
    keys.forEach((key, id) => turns.push(id, key));
    // The same list is asked again when a message was too large.
    for (let count = length; count > 0; count >>= 1) {
      const most = random.nextU32() % (count + 1);
      const found = turns.select(count, most, isLimited);
      const largest = keys.map((key, id) => ({ key, id }))
        .sort((a, b) => b.key - a.key);
      const limited = largest.filter(({ id }) => isLimited(id)).slice(0, most);
      const wanted = [
        ...largest.filter(({ id }) => !isLimited(id)),
        ...limited,
      ].map(({ key }) => key).sort((a, b) => b - a).slice(0, count);
      const ids = [...turns.ids.subarray(0, found)];
      assertEquals(new Set(ids).size, found, `seed ${seed}`);
      assertEquals(
        ids.map((id) => keys[id]!).sort((a, b) => b - a),
        wanted,
        `seed ${seed}`,
      );
      assert(ids.filter(isLimited).length <= most, `seed ${seed}`);
    }
  }
});

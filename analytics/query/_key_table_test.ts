import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { KeyTable } from "./_key_table.ts";

function keysOf(seed: number, count: number): string[] {
  const random = new SeededRandom(seed);
  return Array.from(
    { length: count },
    () => `${random.nextU32().toString(36)}${random.nextU32().toString(36)}`,
  );
}

Deno.test("KeyTable holds all keys and their numbers up to its bound", () => {
  const table = new KeyTable(2, 1_000);
  const keys = keysOf(1, 1_000);
  for (const [i, key] of keys.entries()) {
    const place = table.add(key);
    assert(Number.isNaN(table.values[place]));
    table.values[place] = i;
    table.values[place + 1] = -i;
  }
  assertEquals([table.share, table.count], [1, 1_000]);
  for (const [i, key] of keys.entries()) {
    const place = table.find(key);
    assertEquals(table.add(key), place);
    assertEquals([...table.values.slice(place, place + 2)], [i, -i]);
  }
  assertEquals(table.find("none"), -1);
});

Deno.test("KeyTable keeps a fair sample beyond its bound, with the numbers of each key", () => {
  for (let seed = 1; seed <= 5; seed++) {
    const table = new KeyTable(1, 1_000);
    const keys = keysOf(seed, 20_000);
    for (const [i, key] of keys.entries()) {
      const place = table.add(key);
      if (place >= 0) table.values[place] = i;
    }
    assert(table.share <= 1 / 16 && table.share >= 1 / 64, `seed ${seed}`);
    assert(
      Math.abs(table.count - 20_000) < 20_000 * 0.2,
      `seed ${seed}: ${table.count}`,
    );
    let held = 0;
    let low = 0;
    for (const [i, key] of keys.entries()) {
      const place = table.find(key);
      if (place < 0) continue;
      held++;
      if (i < 10_000) low++;
      assertEquals(table.values[place], i);
    }
    assert(held <= 1_000);
    assertEquals([...table.places()].length, held);
    // Those that came early are as likely as those that came late.
    assert(Math.abs(low / held - 0.5) < 0.1, `seed ${seed}: ${low}/${held}`);
  }
});

Deno.test("KeyTable holds the same keys whatever their order", () => {
  const keys = keysOf(7, 5_000);
  const one = new KeyTable(1, 500);
  const other = new KeyTable(1, 500);
  for (const key of keys) one.add(key);
  for (const key of keys.toReversed()) other.add(key);
  assertEquals(one.share, other.share);
  for (const key of keys) assertEquals(one.find(key) < 0, other.find(key) < 0);
});

Deno.test("KeyTable thins out until a bound of one is kept", () => {
  const table = new KeyTable(0, 1);
  // With room for one, it thins out until nothing else is of the sample.
  for (const key of keysOf(3, 10_000)) table.add(key);
  assert([...table.places()].length <= 1);
  table.clear();
  assertEquals([table.share, table.count], [1, 0]);
});

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { InputBuffer } from "./input_buffer.ts";

Deno.test("InputBuffer holds what is not acknowledged, as an array would", () => {
  const seed = 9;
  const random = new SeededRandom(seed);
  const buffer = new InputBuffer<{ tick: number }>(16);
  let model: number[] = [];
  let tick = 0;
  let dropped = 0;
  for (let i = 0; i < 5_000; i++) {
    if (random.nextU32() % 4 === 0) {
      const upTo = tick - random.nextU32() % 20;
      const kept = model.filter((it) => it > upTo);
      assertEquals(buffer.ackUpTo(upTo), model.length - kept.length);
      model = kept;
    } else {
      const isOld = random.nextU32() % 8 === 0;
      if (!isOld) tick += 1 + random.nextU32() % 3;
      assertEquals(buffer.push({ tick }), !isOld || tick === 0 && i === 0);
      if (!isOld) model.push(tick);
      if (model.length > 16) {
        model.shift();
        dropped++;
      }
    }
    assertEquals(buffer.unacked().map((it) => it.tick), model, `seed ${seed}`);
    assertEquals([buffer.size, buffer.dropped], [model.length, dropped]);
  }
  assert(dropped > 0);
  buffer.clear();
  assertEquals([buffer.size, buffer.at(0), buffer.push({ tick: 0 })], [
    0,
    undefined,
    true,
  ]);
});

import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  addBits,
  bitSet,
  clearBit,
  countBits,
  hasBit,
  nextBit,
  setBit,
} from "./bit_set.ts";

Deno.test("A set of places has what a Set has", () => {
  const seed = 3;
  const random = new SeededRandom(seed);
  for (const capacity of [1, 31, 32, 33, 100]) {
    const set = bitSet(capacity);
    const model = new Set<number>();
    for (let i = 0; i < 300; i++) {
      const slot = random.nextU32() % capacity;
      if (random.nextU32() % 3 === 0) {
        clearBit(set, slot);
        model.delete(slot);
      } else {
        setBit(set, slot);
        model.add(slot);
      }
      assertEquals(hasBit(set, slot), model.has(slot), `seed ${seed}`);
      assertEquals(countBits(set), model.size);
    }
    const slots: number[] = [];
    for (let at = nextBit(set, 0); at >= 0; at = nextBit(set, at + 1)) {
      slots.push(at);
    }
    assertEquals(slots, [...model].sort((a, b) => a - b));
  }
});

Deno.test("addBits() makes the union, the 32nd bit included", () => {
  const set = new Uint32Array([0x8000_0000, 1]);
  addBits(set, new Uint32Array([1, 0x8000_0000]));
  assertEquals(set, new Uint32Array([0x8000_0001, 0x8000_0001]));
  assertEquals([nextBit(set, 1), nextBit(set, 33), nextBit(set, 64)], [
    31,
    63,
    -1,
  ]);
});

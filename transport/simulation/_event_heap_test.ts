import { assertEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { EventHeap } from "./_event_heap.ts";

Deno.test("EventHeap gives the earliest first, and of the same time the one that was pushed first", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const heap = new EventHeap();
    const model: { readonly atMs: number; readonly slot: number }[] = [];
    assertEquals(heap.nextMs, Infinity);
    for (let slot = 0; slot < 2_000; slot++) {
      // Few different times, so that many are the same.
      const atMs = random.nextU32() % 50;
      heap.push(atMs, slot);
      const after = model.findIndex((other) => other.atMs > atMs);
      model.splice(after < 0 ? model.length : after, 0, { atMs, slot });
      while (model.length > 0 && random.nextFloat() < 0.45) {
        const { atMs, slot } = model.shift()!;
        assertEquals([heap.nextMs, heap.pop()], [atMs, slot], `seed ${seed}`);
      }
      assertEquals(heap.length, model.length);
    }
    const rest = model.map(() => heap.pop());
    assertEquals(rest, model.map(({ slot }) => slot), `seed ${seed}`);
  }
});

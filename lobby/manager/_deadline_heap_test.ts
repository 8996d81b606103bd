import { assertEquals, assertStrictEquals } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { DeadlineHeap, type HeapEntry } from "./_deadline_heap.ts";

Deno.test("DeadlineHeap has the first of all that were put in, moved and taken out", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const random = new SeededRandom(seed);
    const heap = new DeadlineHeap<HeapEntry>();
    const entries = Array.from({ length: 40 }, (_, order): HeapEntry => ({
      order,
      deadlineUs: Infinity,
      heapIndex: -1,
    }));
    for (let step = 0; step < 500; step++) {
      const entry = entries[Math.floor(random.nextFloat() * entries.length)]!;
      const kind = random.nextFloat();
      // Few times, so that many are at the same one.
      if (kind < 0.7) heap.set(entry, Math.floor(random.nextFloat() * 20));
      else if (kind < 0.85) heap.set(entry, Infinity);
      else heap.remove(entry);
      const due = entries.filter(({ deadlineUs }) => deadlineUs < Infinity)
        .sort((a, b) => a.deadlineUs - b.deadlineUs || a.order - b.order);
      assertStrictEquals(heap.first, due[0], `seed ${seed}, step ${step}`);
      assertEquals(
        entries.filter(({ heapIndex }) => heapIndex >= 0).length,
        due.length,
      );
    }
  }
});

import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { type HeapItem, IndexedHeap } from "./_indexed_heap.ts";

function item(heapKey: number, sequence: number): HeapItem {
  return { heapKey, sequence, heapIndex: -1 };
}

function keys(heap: IndexedHeap<HeapItem>): number[] {
  const taken: number[] = [];
  for (;;) {
    const next = heap.pop();
    if (next === undefined) return taken;
    taken.push(next.heapKey);
  }
}

Deno.test("IndexedHeap.pop() takes the lowest key first", () => {
  const heap = new IndexedHeap();
  [5, -1, 3, 3, 0, -7, 9].forEach((key, i) => heap.push(item(key, i)));
  assertEquals(heap.size, 7);
  assertEquals(heap.peek()?.heapKey, -7);
  assertEquals(keys(heap), [-7, -1, 0, 3, 3, 5, 9]);
  assertEquals(heap.pop(), undefined);
  assertEquals(heap.peek(), undefined);
});

Deno.test("IndexedHeap.pop() takes equal keys in order of their sequence", () => {
  const heap = new IndexedHeap();
  for (let i = 0; i < 100; i++) heap.push(item(i % 2 === 0 ? 0 : -0, i));
  for (let i = 0; i < 100; i++) assertEquals(heap.pop()?.sequence, i);
});

Deno.test("IndexedHeap.push() refuses an item that stands in a heap", () => {
  const heap = new IndexedHeap();
  const other = new IndexedHeap();
  const one = item(1, 1);
  heap.push(one);
  assertThrows(
    () => other.push(one),
    RangeError,
    "Cannot push item as heapIndex must be -1: current value is 0",
  );
  heap.pop();
  other.push(one);
  assertEquals(other.size, 1);
});

Deno.test("IndexedHeap.remove() refuses what does not stand in this heap", () => {
  const heap = new IndexedHeap();
  const other = new IndexedHeap();
  const one = item(1, 1);
  const two = item(2, 2);
  assertFalse(heap.remove(one));
  heap.push(one);
  other.push(two);
  assertFalse(heap.remove(two));
  assert(heap.remove(one));
  assertFalse(heap.remove(one));
  assertEquals(heap.size, 0);
  assertEquals(other.peek(), two);
});

Deno.test("IndexedHeap behaves like a sorted array over 200,000 random steps", () => {
  const seed = 20260101;
  const random = new SeededRandom(seed);
  const heap = new IndexedHeap();
  const model: HeapItem[] = [];
  function first(): HeapItem | undefined {
    let best = model[0];
    for (const each of model) {
      if (
        each.heapKey < best!.heapKey ||
        each.heapKey === best!.heapKey && each.sequence < best!.sequence
      ) best = each;
    }
    return best;
  }
  for (let step = 0; step < 200_000; step++) {
    const message = `seed ${seed}, step ${step}`;
    // Grows and shrinks in turn, so that small and large heaps are both met.
    const growing = (step >> 6) % 2 === 0;
    const choice = random.nextFloat();
    if (choice < (growing ? 0.6 : 0.3)) {
      const added = item(random.nextU32() % 8, step);
      heap.push(added);
      model.push(added);
    } else if (choice < 0.75) {
      const expected = first();
      assert(heap.peek() === expected, message);
      assert(heap.pop() === expected, message);
      if (expected !== undefined) {
        assertEquals(expected.heapIndex, -1, message);
        model.splice(model.indexOf(expected), 1);
      }
    } else if (model.length > 0) {
      const victim = model.splice(random.nextU32() % model.length, 1)[0]!;
      assert(heap.remove(victim), message);
      assertEquals(victim.heapIndex, -1, message);
    }
    assertEquals(heap.size, model.length, message);
  }
});

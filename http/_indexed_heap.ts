// This module is browser compatible.

/** What an item of an {@linkcode IndexedHeap} carries for it. */
export interface HeapItem {
  /**
   * Its rank: lower is taken first. The negated priority in a queue of requests,
   * the due time in a queue of timers. Must not change while the item stands in a heap.
   */
  readonly heapKey: number;
  /** Its number in order of arrival: lower is taken first among equal keys. */
  readonly sequence: number;
  /** Where it stands in its heap, -1 if in none. Starts as -1, then only the heap writes it. */
  heapIndex: number;
}

/**
 * A binary heap whose items know their place, so that any of them can be removed
 * in O(log n) when it is cancelled (Williams, "Algorithm 232: Heapsort",
 * Communications of the ACM, 1964). Push and pop are O(log n), too. Items of one
 * key leave in order of their `sequence`.
 *
 * The order is a number in the item and not a comparator, because a heap that
 * calls a function for every step takes twice the time as soon as two orders exist.
 *
 * An item stands in one heap at a time.
 *
 * @typeParam T The items.
 *
 * @example Take by priority, cancel one
 * ```ts
 * import { IndexedHeap } from "./_indexed_heap.ts";
 * import { assertEquals, assertStrictEquals } from "@std/assert";
 *
 * const heap = new IndexedHeap();
 * const low = { heapKey: 0, sequence: 1, heapIndex: -1 };
 * const high = { heapKey: -9, sequence: 2, heapIndex: -1 };
 * heap.push(low);
 * heap.push(high);
 * heap.remove(low);
 * assertStrictEquals(heap.pop(), high);
 * assertEquals(heap.size, 0);
 * ```
 */
export class IndexedHeap<T extends HeapItem> {
  readonly #items: T[] = [];

  /** Number of items. */
  get size(): number {
    return this.#items.length;
  }

  /**
   * Adds an item.
   *
   * @param item The item, which must stand in no heap.
   * @throws {RangeError} If the item's `heapIndex` is not -1.
   */
  push(item: T): void {
    if (item.heapIndex !== -1) {
      throw new RangeError(
        `Cannot push item as heapIndex must be -1: current value is ${item.heapIndex}`,
      );
    }
    this.#items.push(item);
    this.#siftUp(item, this.#items.length - 1);
  }

  /**
   * Looks at the item that would be taken next.
   *
   * @returns The item, which stays, or `undefined` if the heap is empty.
   */
  peek(): T | undefined {
    return this.#items[0];
  }

  /**
   * Takes the item that precedes all others.
   *
   * @returns The item, or `undefined` if the heap is empty.
   */
  pop(): T | undefined {
    const first = this.#items[0];
    if (first !== undefined) this.#removeAt(first, 0);
    return first;
  }

  /**
   * Removes an item wherever it stands.
   *
   * @param item The item.
   * @returns `true` if it stood in this heap.
   */
  remove(item: T): boolean {
    const index = item.heapIndex;
    if (this.#items[index] !== item) return false;
    this.#removeAt(item, index);
    return true;
  }

  #removeAt(item: T, index: number): void {
    const last = this.#items.pop()!;
    item.heapIndex = -1;
    if (last === item) return;
    // The last leaf may come from another branch, so it may belong above or below the gap.
    if (index > 0 && precedes(last, this.#items[(index - 1) >> 1]!)) {
      this.#siftUp(last, index);
    } else {
      this.#siftDown(last, index);
    }
  }

  #siftUp(item: T, index: number): void {
    const items = this.#items;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = items[parentIndex]!;
      if (!precedes(item, parent)) break;
      items[index] = parent;
      parent.heapIndex = index;
      index = parentIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }

  #siftDown(item: T, index: number): void {
    const items = this.#items;
    const firstLeaf = items.length >> 1;
    while (index < firstLeaf) {
      let childIndex = 2 * index + 1;
      let child = items[childIndex]!;
      const right = items[childIndex + 1];
      if (right !== undefined && precedes(right, child)) {
        childIndex++;
        child = right;
      }
      if (!precedes(child, item)) break;
      items[index] = child;
      child.heapIndex = index;
      index = childIndex;
    }
    items[index] = item;
    item.heapIndex = index;
  }
}

function precedes(a: HeapItem, b: HeapItem): boolean {
  return a.heapKey !== b.heapKey
    ? a.heapKey < b.heapKey
    : a.sequence < b.sequence;
}

// This module is browser compatible.

/** Something that is to be looked at, at some time. */
export interface HeapEntry {
  /** When: an integer, or `Infinity` for never. */
  deadlineUs: number;
  /** Which comes first of those at the same time. */
  readonly order: number;
  /** Where it is in the heap: -1 for nowhere. */
  heapIndex: number;
}

/** A binary heap of what is due next, in which every entry is once at most. */
export class DeadlineHeap<E extends HeapEntry> {
  readonly #entries: E[] = [];

  /** The entry that is due first. */
  get first(): E | undefined {
    return this.#entries[0];
  }

  /** Puts an entry in, moves it to a new time, or takes it out if that is never. */
  set(entry: E, deadlineUs: number): void {
    if (entry.heapIndex < 0) {
      entry.deadlineUs = deadlineUs;
      if (deadlineUs === Infinity) return;
      entry.heapIndex = this.#entries.length;
      this.#entries.push(entry);
      this.#up(entry.heapIndex);
      return;
    }
    if (deadlineUs === Infinity) {
      this.remove(entry);
      return;
    }
    entry.deadlineUs = deadlineUs;
    this.#up(entry.heapIndex);
    this.#down(entry.heapIndex);
  }

  /** Takes an entry out. */
  remove(entry: E): void {
    entry.deadlineUs = Infinity;
    const index = entry.heapIndex;
    if (index < 0) return;
    entry.heapIndex = -1;
    const last = this.#entries.pop()!;
    if (last === entry) return;
    this.#entries[index] = last;
    last.heapIndex = index;
    this.#up(index);
    this.#down(last.heapIndex);
  }

  #up(index: number): void {
    const entries = this.#entries;
    const entry = entries[index]!;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = entries[above]!;
      if (!isBefore(entry, parent)) break;
      entries[index] = parent;
      parent.heapIndex = index;
      index = above;
    }
    entries[index] = entry;
    entry.heapIndex = index;
  }

  #down(index: number): void {
    const entries = this.#entries;
    const entry = entries[index]!;
    while (true) {
      let below = 2 * index + 1;
      if (below >= entries.length) break;
      if (
        below + 1 < entries.length &&
        isBefore(entries[below + 1]!, entries[below]!)
      ) below++;
      const child = entries[below]!;
      if (!isBefore(child, entry)) break;
      entries[index] = child;
      child.heapIndex = index;
      index = below;
    }
    entries[index] = entry;
    entry.heapIndex = index;
  }
}

function isBefore(a: HeapEntry, b: HeapEntry): boolean {
  return a.deadlineUs < b.deadlineUs ||
    a.deadlineUs === b.deadlineUs && a.order < b.order;
}

// This module is browser compatible.
import type { JournalEntry } from "./journal.ts";

/** The entries of a journal that keeps them in memory, in ascending order. */
export class JournalEntries {
  #entries: JournalEntry[] = [];
  #bytes = 0;

  get size(): number {
    return this.#entries.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Takes the entry as it is. Its id must be above all others. */
  push(entry: JournalEntry): void {
    this.#entries.push(entry);
    this.#bytes += entry.bytes.length;
  }

  read(afterId: number, maxBytes: number): JournalEntry[] {
    const found: JournalEntry[] = [];
    let bytes = 0;
    for (let i = this.#indexAfter(afterId); i < this.#entries.length; i++) {
      const entry = this.#entries[i]!;
      bytes += entry.bytes.length;
      if (bytes > maxBytes && found.length > 0) break;
      found.push({ id: entry.id, bytes: entry.bytes.slice() });
    }
    return found;
  }

  remove(upToId: number): void {
    const removed = this.#entries.splice(0, this.#indexAfter(upToId));
    for (const entry of removed) this.#bytes -= entry.bytes.length;
  }

  /** How much `remove` would remove. */
  sizeUpTo(id: number): { readonly bytes: number; readonly size: number } {
    const size = this.#indexAfter(id);
    let bytes = 0;
    for (let i = 0; i < size; i++) bytes += this.#entries[i]!.bytes.length;
    return { bytes, size };
  }

  [Symbol.iterator](): IterableIterator<JournalEntry> {
    return this.#entries.values();
  }

  #indexAfter(id: number): number {
    let low = 0;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#entries[middle]!.id <= id) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

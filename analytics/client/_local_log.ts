// This module is browser compatible.
import type { Item } from "./_item.ts";

const CAPACITY = 10_000;

/** The newest events, for the player to see: what is sent, and nothing else. */
export class LocalLog {
  #items: Item[] = [];
  #next = 0;

  push(item: Item): void {
    if (this.#items.length < CAPACITY) {
      this.#items.push(item);
    } else {
      this.#items[this.#next] = item;
      this.#next = (this.#next + 1) % CAPACITY;
    }
  }

  clear(): void {
    this.#items = [];
    this.#next = 0;
  }

  /** Oldest first. */
  *[Symbol.iterator](): IterableIterator<Item> {
    for (let i = 0; i < this.#items.length; i++) {
      yield this.#items[(this.#next + i) % this.#items.length]!;
    }
  }
}

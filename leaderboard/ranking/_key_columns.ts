// This module is browser compatible.
import { sortedOrder } from "./_radix_sort.ts";
import { KEY_LENGTH } from "./_sort_key.ts";

/** Keys by slot, in columns that grow, to be sorted. */
export class KeyColumns {
  #columns = Array.from({ length: KEY_LENGTH }, () => new Float64Array(256));
  #count = 0;

  /** Writes the key of a slot, which is there or the next one. */
  set(slot: number, key: Float64Array): void {
    if (slot === this.#count) this.#count++;
    if (this.#count > this.#columns[0]!.length) {
      this.#columns = this.#columns.map((column) => {
        const larger = new Float64Array(2 * column.length);
        larger.set(column);
        return larger;
      });
    }
    for (let i = 0; i < KEY_LENGTH; i++) this.#columns[i]![slot] = key[i]!;
  }

  get(slot: number, key: Float64Array): void {
    for (let i = 0; i < KEY_LENGTH; i++) key[i] = this.#columns[i]![slot]!;
  }

  /** The slots by their keys. */
  sorted(): Uint32Array {
    return sortedOrder(this.#columns, this.#count);
  }
}

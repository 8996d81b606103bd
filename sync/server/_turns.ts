// This module is browser compatible.

/**
 * Who has their turn: numbers with keys, of which the largest keys are brought to the
 * front, without sorting the rest (Hoare's selection, with the median of three).
 */
export class Turns {
  /** The numbers. */
  readonly ids: Uint32Array;
  readonly #keys: Float64Array;
  #length = 0;

  /**
   * Creates a list without anybody.
   *
   * @param capacity How many there can be.
   */
  constructor(capacity: number) {
    this.ids = new Uint32Array(capacity);
    this.#keys = new Float64Array(capacity);
  }

  /** Begins anew. */
  clear(): void {
    this.#length = 0;
  }

  /** Adds a number. */
  push(id: number, key: number): void {
    this.ids[this.#length] = id;
    this.#keys[this.#length++] = key;
  }

  /**
   * Brings those with the largest keys to the front, in any order.
   *
   * @param count How many: 1 or more, up to as many as there are.
   */
  select(count: number): void {
    let low = 0;
    let high = this.#length - 1;
    const last = count - 1;
    while (low < high) {
      const pivot = this.#median(low, high);
      let i = low;
      let k = high;
      while (i <= k) {
        while (this.#keys[i]! > pivot) i++;
        while (this.#keys[k]! < pivot) k--;
        if (i <= k) this.#swap(i++, k--);
      }
      if (last <= k) high = k;
      else if (last >= i) low = i;
      else return;
    }
  }

  #median(low: number, high: number): number {
    const a = this.#keys[low]!;
    const b = this.#keys[(low + high) >>> 1]!;
    const c = this.#keys[high]!;
    return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
  }

  #swap(i: number, k: number): void {
    const key = this.#keys[i]!;
    const id = this.ids[i]!;
    this.#keys[i] = this.#keys[k]!;
    this.ids[i] = this.ids[k]!;
    this.#keys[k] = key;
    this.ids[k] = id;
  }
}

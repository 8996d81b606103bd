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
   * @param count How many: 1 or more.
   * @param most How many of them may be limited ones: 0 or more.
   * @param isLimited Tells which numbers are; none if left out.
   * @returns How many are at the front: fewer than `count` if there are no more, or no
   * more that may be there.
   */
  select(
    count: number,
    most = Infinity,
    isLimited?: (id: number) => boolean,
  ): number {
    let end = this.#length;
    if (isLimited !== undefined) {
      const others = this.#partition(isLimited);
      if (others + most < end) {
        if (most > 0) this.#bring(others, end, others + most);
        end = others + most;
      }
    }
    const found = Math.min(count, end);
    if (found > 0) this.#bring(0, end, found);
    return found;
  }

  /** Brings the limited ones to the end; returns how many others there are. */
  #partition(isLimited: (id: number) => boolean): number {
    let end = this.#length;
    for (let i = 0; i < end;) {
      if (isLimited(this.ids[i]!)) this.#swap(i, --end);
      else i++;
    }
    return end;
  }

  /** Brings the largest of those from one place to before another up to `to`. */
  #bring(from: number, end: number, to: number): void {
    let low = from;
    let high = end - 1;
    const last = to - 1;
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

// This module is browser compatible.

/**
 * A list of counts and the sums of its beginnings, in a binary indexed tree (Peter Fenwick, "A New Data Structure for
 * Cumulative Frequency Tables", 1994). Counts change in logarithmic time; inserting and removing takes linear time, which
 * for the thousands of counts of an index is microseconds.
 */
export class PrefixSums {
  #values = new Int32Array(4);
  /** At i, the sum of the `i & -i` values before i. */
  #tree = new Int32Array(5);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  value(at: number): number {
    return this.#values[at]!;
  }

  add(at: number, delta: number): void {
    this.#values[at]! += delta;
    const tree = this.#tree;
    for (let i = at + 1; i <= this.#length; i += i & -i) tree[i]! += delta;
  }

  /** The sum of the first so many. */
  before(count: number): number {
    const tree = this.#tree;
    let sum = 0;
    for (let i = count; i > 0; i &= i - 1) sum += tree[i]!;
    return sum;
  }

  /** Which count has a place: the first with which the sum exceeds it. */
  find(place: number): number {
    const tree = this.#tree;
    let at = 0;
    for (
      let step = 1 << (31 - Math.clz32(this.#length));
      step > 0;
      step >>= 1
    ) {
      const next = at + step;
      if (next <= this.#length && tree[next]! <= place) {
        place -= tree[next]!;
        at = next;
      }
    }
    return at;
  }

  insert(at: number, value: number): void {
    if (this.#length === this.#values.length) {
      const larger = new Int32Array(this.#length * 2);
      larger.set(this.#values);
      this.#values = larger;
      const tree = new Int32Array(larger.length + 1);
      tree.set(this.#tree);
      this.#tree = tree;
    }
    this.#values.copyWithin(at + 1, at, this.#length);
    this.#values[at] = value;
    this.#length++;
    if (at < this.#length - 1) this.#rebuild();
    else this.#sumUp(this.#length);
  }

  /** Puts a value where another was, with what is next to it. */
  set(at: number, value: number): void {
    this.add(at, value - this.#values[at]!);
  }

  remove(at: number): void {
    this.#values.copyWithin(at, at + 1, this.#length);
    this.#length--;
    this.#rebuild();
  }

  /** Writes one place of the tree, of which those before it are right. */
  #sumUp(at: number): void {
    const tree = this.#tree;
    let sum = this.#values[at - 1]!;
    const end = at & (at - 1);
    for (let i = at - 1; i > end; i &= i - 1) sum += tree[i]!;
    tree[at] = sum;
  }

  #rebuild(): void {
    for (let i = 1; i <= this.#length; i++) this.#sumUp(i);
  }
}

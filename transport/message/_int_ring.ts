// This module is browser compatible.

/**
 * A queue of records of 2 or 4 integers each, in one array that doubles. Cursors count up and
 * never wrap: those of records that are gone are never given again.
 */
export class IntRing {
  /** All integers: record `n` begins at `offset(n)`. */
  values: Int32Array;
  /** The first record that is there. */
  first: number;
  /** The record that the next `push()` makes. */
  end: number;
  readonly #shift: number;
  #mask: number;

  /** Of records of `1 << shift` integers, numbered from `first` on. */
  constructor(shift: number, first: number) {
    this.#shift = shift;
    this.values = EMPTY;
    this.#mask = -1;
    this.first = first;
    this.end = first;
  }

  /** Where a record is in `values`. */
  offset(record: number): number {
    return (record & this.#mask) << this.#shift;
  }

  /** Makes room for one more record and returns where it is. */
  push(): number {
    if (this.end - this.first > this.#mask) this.#grow();
    return (this.end++ & this.#mask) << this.#shift;
  }

  /** Takes the first record out. */
  shift(): void {
    this.drop(this.first + 1);
  }

  /** Takes out all records before one. */
  drop(end: number): void {
    this.first = end;
    // What a burst needed is not kept for ever.
    if (end === this.end && this.#mask >= KEPT_RECORDS) this.rest();
  }

  /** Keeps no room for records that are not there. */
  rest(): void {
    if (this.first !== this.end) return;
    this.values = EMPTY;
    this.#mask = -1;
  }

  #grow(): void {
    const old = this.values;
    const oldMask = this.#mask;
    const mask = Math.max(8, (oldMask + 1) * 2) - 1;
    const shift = this.#shift;
    const values = new Int32Array((mask + 1) << shift);
    for (let record = this.first; record < this.end; record++) {
      const from = (record & oldMask) << shift;
      const to = (record & mask) << shift;
      for (let i = 0; i < 1 << shift; i++) values[to + i] = old[from + i]!;
    }
    this.values = values;
    this.#mask = mask;
  }
}

const EMPTY = new Int32Array(0);
/** How many records an empty ring keeps room for at most. */
const KEPT_RECORDS = 256;

// This module is browser compatible.

/** The most ranges: what a client that skips every other number may make a store keep of a session. */
const MAX_RANGES = 512;

/**
 * Which numbers a session has had, as ranges: they are nearly contiguous, so that there are few. Where there are more than
 * 512, the lowest gaps are given up: what is in them counts as had.
 */
export class NumberRanges {
  /** The first and the last one of each, ascending, with a gap between any two. */
  readonly #bounds: number[];

  /** `bounds` are what `toJson()` gave. */
  constructor(bounds: readonly number[] = []) {
    this.#bounds = bounds.slice();
  }

  /** Adds a number; tells whether it is new. */
  add(number: number): boolean {
    const bounds = this.#bounds;
    const { length } = bounds;
    // Mostly it is the next one.
    if (length === 0 || number > bounds[length - 1]! + 1) {
      bounds.push(number, number);
      this.#trim();
      return true;
    }
    if (number === bounds[length - 1]! + 1) {
      bounds[length - 1] = number;
      return true;
    }
    return this.#insert(number);
  }

  /** The bounds, first and last of each range in turn. */
  toJson(): readonly number[] {
    return this.#bounds;
  }

  /** A number that is not above the last one. */
  #insert(number: number): boolean {
    const bounds = this.#bounds;
    let low = 0;
    let high = bounds.length / 2 - 1;
    // The first range that does not end before the number.
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (bounds[middle * 2 + 1]! < number) low = middle + 1;
      else high = middle;
    }
    const at = low * 2;
    if (bounds[at]! <= number) return false;
    const touchesBefore = at > 0 && bounds[at - 1]! === number - 1;
    const touchesAfter = bounds[at]! === number + 1;
    if (touchesBefore && touchesAfter) bounds.splice(at - 1, 2);
    else if (touchesBefore) bounds[at - 1] = number;
    else if (touchesAfter) bounds[at] = number;
    else {
      bounds.splice(at, 0, number, number);
      this.#trim();
    }
    return true;
  }

  #trim(): void {
    if (this.#bounds.length > MAX_RANGES * 2) this.#bounds.splice(1, 2);
  }
}

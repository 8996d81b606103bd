// This module is browser compatible.

/**
 * Numbers by players or sessions, of which no more than a bound are held: beyond it every second one is forgotten, then
 * every fourth and so on, chosen by a hash of the key. What is left is a fair sample, the same whatever the order in
 * which keys came (Wegman's adaptive sampling; Philippe Flajolet: "On adaptive sampling", Computing 43, 1990).
 */
export class KeyTable {
  readonly #width: number;
  readonly #maxKeys: number;
  #index = new Map<string, number>();
  #values: Float64Array;
  #level = 0;

  /**
   * Creates a table.
   *
   * @param width How many numbers there are of each key.
   * @param maxKeys How many keys are held: 1 or more.
   */
  constructor(width: number, maxKeys: number) {
    this.#width = width;
    this.#maxKeys = maxKeys;
    this.#values = new Float64Array(Math.min(maxKeys, 64) * width);
  }

  /** The share of all keys that are held: 1, 1/2, 1/4, … */
  get share(): number {
    return 2 ** -this.#level;
  }

  /** How many keys there were: exact while the share is 1, else an estimate. */
  get count(): number {
    return this.scale(this.#index.size);
  }

  /** The numbers, `width` of each key from its place on. Another array after each `add`. */
  get values(): Float64Array {
    return this.#values;
  }

  /** The places of all keys. */
  places(): IterableIterator<number> {
    return this.#index.values();
  }

  /** What a count of those that are held comes to for all. */
  scale(count: number): number {
    return count * 2 ** this.#level;
  }

  /** Where a key's numbers are, or -1. */
  find(key: string): number {
    return this.#index.get(key) ?? -1;
  }

  /** Where a key's numbers are, `NaN` if it is new; or -1 if it is none of the sample. */
  add(key: string): number {
    const known = this.#index.get(key);
    if (known !== undefined) return known;
    if (!isOfSample(key, this.#level)) return -1;
    while (this.#index.size >= this.#maxKeys) {
      // Keys that somebody made up to have one hash cannot be halved: then no more are taken.
      if (this.#level >= 32) return -1;
      this.#thin();
      if (!isOfSample(key, this.#level)) return -1;
    }
    const place = this.#index.size * this.#width;
    this.#reserve(place + this.#width);
    this.#values.fill(NaN, place, place + this.#width);
    this.#index.set(key, place);
    return place;
  }

  /** Forgets all. */
  clear(): void {
    this.#index.clear();
    this.#level = 0;
  }

  #thin(): void {
    this.#level++;
    const left = new Map<string, number>();
    for (const [key, from] of this.#index) {
      if (!isOfSample(key, this.#level)) continue;
      // Places ascend in the order of the map, so that nothing is overwritten that is still to be moved.
      const to = left.size * this.#width;
      this.#values.copyWithin(to, from, from + this.#width);
      left.set(key, to);
    }
    this.#index = left;
  }

  #reserve(length: number): void {
    if (length <= this.#values.length) return;
    const values = new Float64Array(
      Math.min(2 * length, this.#maxKeys * this.#width),
    );
    values.set(this.#values);
    this.#values = values;
  }
}

function isOfSample(key: string, level: number): boolean {
  return level === 0 || hashOf(key) >>> (32 - level) === 0;
}

/** FNV-1a of 32 bits (RFC 9923), its bits then mixed as MurmurHash3 does, as the highest ones are what counts. */
function hashOf(key: string): number {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < key.length; i++) {
    hash = Math.imul(hash ^ key.charCodeAt(i), 0x0100_0193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

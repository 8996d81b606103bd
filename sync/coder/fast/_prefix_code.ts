// This module is browser compatible.
import type { BitPacker } from "./_bit_packer.ts";
import type { BitUnpacker } from "./_bit_unpacker.ts";

/** The longest code: what the table of a decoder is as wide as. */
const MAX_LENGTH = 8;
/** The most symbols of an alphabet. */
export const MAX_SYMBOLS = 64;
const COUNT_BITS = 6;
const LENGTH_BITS = 3;

/**
 * Huffman's code for the symbols of one message (D. A. Huffman, A Method for the
 * Construction of Minimum-Redundancy Codes, 1952), canonical, of at most 8 bits a
 * symbol; or all of the same length, where the table would cost more than it saves.
 *
 * Each message has its own codes, so that nothing needs to be remembered from one to
 * the next, and nothing has to be tuned to a game.
 *
 * On the wire: a bit, 1 with a table; then the number of symbols up to the last that is
 * used, less 1 (6 bits); then for each a bit whether it is used, and the length of its
 * code less 1 (3 bits).
 */
export class PrefixCode {
  /** How many symbols there are: 2 to 64. */
  readonly size: number;
  /** How often each comes in the message, for the encoder. */
  readonly counts: Uint32Array;
  readonly #flatBits: number;
  readonly #lengths: Uint8Array;
  /** By symbol: its code, and how long that is above it. */
  readonly #codes: Uint16Array;
  /** By the next 8 bits: the symbol, and how long its code is above it; 0 if none. */
  readonly #table = new Uint16Array(1 << MAX_LENGTH);
  readonly #flatCodes: Uint16Array;
  readonly #flatTable = new Uint16Array(1 << MAX_LENGTH);
  // What holds for the message.
  #codesNow: Uint16Array;
  #tableNow: Uint16Array;

  /**
   * Creates a code.
   *
   * @param size How many symbols there are: 2 to 64.
   */
  constructor(size: number) {
    this.size = size;
    this.counts = new Uint32Array(size);
    this.#flatBits = 32 - Math.clz32(size - 1);
    this.#lengths = new Uint8Array(size);
    this.#codes = new Uint16Array(size);
    this.#flatCodes = new Uint16Array(size);
    for (let i = 0; i < size; i++) this.#flatCodes[i] = this.#flatBits << 8 | i;
    fillTable(this.#flatCodes, size, this.#flatTable);
    this.#codesNow = this.#flatCodes;
    this.#tableNow = this.#flatTable;
  }

  /** Makes the code for `counts`, and writes what the decoder needs to know of it. */
  write(packer: BitPacker): void {
    const { counts, size } = this;
    const lengths = this.#lengths;
    let last = -1;
    let used = 0;
    let total = 0;
    for (let i = 0; i < size; i++) {
      if (counts[i] === 0) continue;
      last = i;
      used++;
      total += counts[i]!;
    }
    const headerBits = COUNT_BITS + last + 1 + used * LENGTH_BITS;
    const flatBits = total * this.#flatBits;
    // A code of its own takes at least a bit a symbol.
    let isFlat = headerBits + total >= flatBits;
    if (!isFlat) {
      findLengths(counts, size, lengths);
      let bits = headerBits;
      for (let i = 0; i <= last; i++) bits += counts[i]! * lengths[i]!;
      isFlat = bits >= flatBits;
    }
    this.#codesNow = isFlat ? this.#flatCodes : this.#codes;
    packer.put(isFlat ? 0 : 1, 1);
    if (isFlat) return;
    packer.put(last, COUNT_BITS);
    for (let i = 0; i <= last; i++) {
      const length = lengths[i]!;
      if (length === 0) packer.put(0, 1);
      else packer.put((length - 1) << 1 | 1, 1 + LENGTH_BITS);
    }
    assignCodes(lengths, last + 1, this.#codes);
  }

  /** Writes a symbol that was counted. */
  put(packer: BitPacker, symbol: number): void {
    const code = this.#codesNow[symbol]!;
    packer.put(code & 0xff, code >>> 8);
  }

  /**
   * Reads what `write` has written.
   *
   * @returns `false` if it is no complete code.
   */
  read(unpacker: BitUnpacker): boolean {
    this.#tableNow = this.#flatTable;
    if (unpacker.take(1) === 0) return true;
    const lengths = this.#lengths;
    const count = unpacker.take(COUNT_BITS) + 1;
    if (count > this.size) return false;
    let space = 0;
    let used = 0;
    for (let i = 0; i < count; i++) {
      if (unpacker.take(1) === 0) {
        lengths[i] = 0;
        continue;
      }
      const length = unpacker.take(LENGTH_BITS) + 1;
      lengths[i] = length;
      space += 1 << MAX_LENGTH - length;
      used++;
    }
    // One symbol has half of the codes, and no use for the others.
    const isSingle = used === 1 && space === 1 << MAX_LENGTH - 1;
    if (space !== 1 << MAX_LENGTH && !isSingle) return false;
    if (lengths[count - 1] === 0) return false;
    assignCodes(lengths, count, this.#codes);
    if (isSingle) this.#table.fill(0);
    fillTable(this.#codes, count, this.#table);
    this.#tableNow = this.#table;
    return true;
  }

  /** Reads a symbol; -1 if there is none of this code. */
  take(unpacker: BitUnpacker): number {
    const entry = this.#tableNow[unpacker.peek(MAX_LENGTH)]!;
    unpacker.skip(entry >>> 8);
    return entry === 0 ? -1 : entry & 0xff;
  }
}

/** Finds for each 8 bits the symbol that they begin with. */
function fillTable(
  codes: Uint16Array,
  count: number,
  table: Uint16Array,
): void {
  for (let i = 0; i < count; i++) {
    const length = codes[i]! >>> 8;
    if (length === 0) continue;
    const entry = length << 8 | i;
    const step = 1 << length;
    for (let at = codes[i]! & 0xff; at < table.length; at += step) {
      table[at] = entry;
    }
  }
}

// What one call sorts and merges.
const order = new Uint8Array(MAX_SYMBOLS);
const weights = new Uint32Array(2 * MAX_SYMBOLS);
const parents = new Uint8Array(2 * MAX_SYMBOLS);
const depths = new Uint8Array(2 * MAX_SYMBOLS);

/** Finds the lengths of Huffman's codes, of at most 8 bits; 0 for what does not come. */
function findLengths(
  counts: Uint32Array,
  size: number,
  lengths: Uint8Array,
): void {
  lengths.fill(0);
  let used = 0;
  for (let i = 0; i < size; i++) {
    const count = counts[i]!;
    if (count === 0) continue;
    // The rarest first; equal ones in their order.
    let at = used++;
    while (at > 0 && counts[order[at - 1]!]! > count) {
      order[at] = order[at - 1]!;
      at--;
    }
    order[at] = i;
  }
  if (used === 1) {
    lengths[order[0]!] = 1;
    return;
  }
  for (let i = 0; i < used; i++) weights[i] = counts[order[i]!]!;
  // Leaves lie in front, in order; what they are merged into comes in order too.
  let leaf = 0;
  let node = used;
  const last = 2 * used - 2;
  for (let next = used; next <= last; next++) {
    let weight = 0;
    for (let child = 0; child < 2; child++) {
      const isLeaf = leaf < used &&
        (node >= next || weights[leaf]! <= weights[node]!);
      const it = isLeaf ? leaf++ : node++;
      weight += weights[it]!;
      parents[it] = next;
    }
    weights[next] = weight;
  }
  depths[last] = 0;
  let space = 0;
  for (let i = last - 1; i >= 0; i--) {
    const depth = depths[parents[i]!]! + 1;
    depths[i] = depth;
    if (i >= used) continue;
    const length = depth < MAX_LENGTH ? depth : MAX_LENGTH;
    lengths[order[i]!] = length;
    space += 1 << MAX_LENGTH - length;
  }
  // Codes that were cut take room that others give, the rarest of them first.
  for (let i = 0; space > 1 << MAX_LENGTH;) {
    const symbol = order[i]!;
    if (lengths[symbol]! < MAX_LENGTH) {
      space -= 1 << MAX_LENGTH - ++lengths[symbol]!;
    } else {
      i++;
    }
  }
  // What was given too much goes to the most frequent that it is enough for.
  for (let i = used - 1; i >= 0 && space < 1 << MAX_LENGTH; i--) {
    const symbol = order[i]!;
    while (
      lengths[symbol]! > 1 &&
      space + (1 << MAX_LENGTH - lengths[symbol]!) <= 1 << MAX_LENGTH
    ) {
      space += 1 << MAX_LENGTH - lengths[symbol]!--;
    }
  }
}

const nextCodes = new Uint16Array(MAX_LENGTH + 2);

/**
 * Gives each symbol its code, by length and then by symbol, the first bit lowest; and
 * how long it is above that.
 */
function assignCodes(
  lengths: Uint8Array,
  count: number,
  codes: Uint16Array,
): void {
  nextCodes.fill(0);
  for (let i = 0; i < count; i++) {
    if (lengths[i]! > 0) nextCodes[lengths[i]! + 1]!++;
  }
  for (let length = 1; length <= MAX_LENGTH; length++) {
    nextCodes[length] = (nextCodes[length]! + nextCodes[length - 1]!) << 1;
  }
  for (let i = 0; i < count; i++) {
    const length = lengths[i]!;
    codes[i] = length === 0
      ? 0
      : length << 8 | reversed(nextCodes[length]!++, length);
  }
}

function reversed(code: number, length: number): number {
  let bits = code << 8 - length;
  bits = bits >>> 4 & 0x0f | bits << 4 & 0xf0;
  bits = bits >>> 2 & 0x33 | bits << 2 & 0xcc;
  return bits >>> 1 & 0x55 | bits << 1 & 0xaa;
}

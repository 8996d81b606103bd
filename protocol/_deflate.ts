// This module is browser compatible.

/** Deflates bytes (RFC 1951), which may be reused as soon as this returns. */
export async function deflateRaw(
  bytes: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  // A Buffer of Node's gives views by slice().
  const copy = new Uint8Array(bytes);
  const plain = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      controller.enqueue(copy);
      controller.close();
    },
  });
  const deflated = plain.pipeThrough(new CompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(deflated).arrayBuffer());
}

/**
 * Inflates one stream (RFC 1951), which may come from anybody, into `target`.
 * Returns how many bytes were written; -1 if the stream is corrupt, does not end
 * where `source` ends, or becomes more than `target` holds. What was written then
 * means nothing.
 *
 * A DecompressionStream is not enough: Deno's accepts a stream without its end,
 * Node's accepts other bytes behind it, and each inflates all that it was given
 * before anybody can stop it.
 */
export function inflateRaw(source: Uint8Array, target: Uint8Array): number {
  return new Inflater(source, target).run();
}

const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;
const END_OF_BLOCK = 256;
const FIRST_LENGTH = 257;
const MAX_LITERAL_CODES = 286;
const MAX_DISTANCE_CODES = 30;
const MAX_CODE_BITS = 15;
/** Codes of up to so many bits are looked up, longer ones are counted out. */
const FAST_BITS = 9;

// Section 3.2.5: the smallest length or distance of each code, and how many bits
// follow that add to it.
const LENGTHS: readonly number[] = [
  ...[3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59],
  ...[67, 83, 99, 115, 131, 163, 195, 227, 258],
];
const LENGTH_BITS: readonly number[] = [
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3],
  ...[4, 4, 4, 4, 5, 5, 5, 5, 0],
];
const DISTANCES: readonly number[] = [
  ...[1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513],
  ...[769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577],
];
const DISTANCE_BITS: readonly number[] = [
  ...[0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10],
  ...[11, 11, 12, 12, 13, 13],
];
/** Section 3.2.7: the order in which the lengths of the code lengths' codes come. */
const ORDER: readonly number[] = [
  ...[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15],
];
/** Section 3.2.6. */
const FIXED_LITERALS: Uint8Array = new Uint8Array(288)
  .fill(8).fill(9, 144, 256).fill(7, 256, 280);
const FIXED_DISTANCES: Uint8Array = new Uint8Array(32).fill(5);

/** One set of Huffman codes (section 3.2.2). */
class Codes {
  /** How many codes there are of each length. */
  readonly counts = new Uint16Array(MAX_CODE_BITS + 1);
  /** What they mean, in the order of the codes. */
  readonly symbols = new Uint16Array(FIXED_LITERALS.length);
  /** For the next bits, symbol and length (4 bits) of a short code, or 0. */
  readonly fast = new Uint16Array(1 << FAST_BITS);
  /** What `set` counts with: of each length, the next code and its index. */
  readonly nextCode = new Uint16Array(MAX_CODE_BITS + 2);
  readonly nextIndex = new Uint16Array(MAX_CODE_BITS + 2);

  /**
   * Takes the lengths of all symbols' codes. Refused are more codes than there is
   * room for, and fewer, unless there is but one and that is allowed.
   */
  set(lengths: Uint8Array, isOneAllowed: boolean): boolean {
    const { counts, symbols, fast, nextCode, nextIndex } = this;
    counts.fill(0);
    fast.fill(0);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      counts[lengths[symbol]!]!++;
    }
    counts[0] = 0;
    nextCode[1] = 0;
    nextIndex[1] = 0;
    let room = 1;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      room = room * 2 - counts[length]!;
      if (room < 0) return false;
      nextCode[length + 1] = (nextCode[length]! + counts[length]!) << 1;
      nextIndex[length + 1] = nextIndex[length]! + counts[length]!;
    }
    // None at all, or a single one, of one bit.
    const isOne = nextIndex[MAX_CODE_BITS + 1] === counts[1];
    if (room > 0 && !(isOneAllowed && isOne)) return false;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const length = lengths[symbol]!;
      if (length === 0) continue;
      symbols[nextIndex[length]!++] = symbol;
      const code = nextCode[length]!++;
      if (length > FAST_BITS) continue;
      // Codes come with their highest bit first, all else with its lowest.
      let slot = 0;
      for (let i = 0; i < length; i++) {
        slot |= (code >>> i & 1) << length - 1 - i;
      }
      for (; slot < fast.length; slot += 1 << length) {
        fast[slot] = symbol << 4 | length;
      }
    }
    return true;
  }
}

/** One run of `inflateRaw`. */
class Inflater {
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  /** The next byte of the source; beyond its end, zeros are read. */
  #at = 0;
  #out = 0;
  /** What was read and not used yet, the next bit lowest. */
  #bits = 0;
  #bitCount = 0;
  readonly #literals = new Codes();
  readonly #distances = new Codes();
  /** Made once, as blocks of nothing take but ten bits. */
  #fixedLiterals: Codes | undefined;
  #fixedDistances: Codes | undefined;

  constructor(source: Uint8Array, target: Uint8Array) {
    this.#source = source;
    this.#target = target;
  }

  run(): number {
    let isLast = false;
    while (!isLast) {
      isLast = this.#take(1) === 1;
      if (!this.#block(this.#take(2))) return -1;
      // Checked for each block, so that the zeros do not go on forever.
      if (this.#usedBytes() > this.#source.length) return -1;
    }
    return this.#usedBytes() === this.#source.length ? this.#out : -1;
  }

  #block(type: number): boolean {
    switch (type) {
      case STORED:
        return this.#stored();
      case FIXED:
        this.#fixedLiterals ??= fixedCodes(FIXED_LITERALS);
        this.#fixedDistances ??= fixedCodes(FIXED_DISTANCES);
        return this.#compressed(this.#fixedLiterals, this.#fixedDistances);
      case DYNAMIC:
        return this.#readCodes() &&
          this.#compressed(this.#literals, this.#distances);
    }
    return false;
  }

  #stored(): boolean {
    const source = this.#source;
    const start = this.#usedBytes() + 4;
    this.#bits = 0;
    this.#bitCount = 0;
    if (start > source.length) return false;
    const length = source[start - 4]! | (source[start - 3]! << 8);
    const inverted = source[start - 2]! | (source[start - 1]! << 8);
    if (
      (length ^ inverted) !== 0xffff || length > source.length - start ||
      length > this.#target.length - this.#out
    ) return false;
    this.#at = start + length;
    this.#target.set(source.subarray(start, this.#at), this.#out);
    this.#out += length;
    return true;
  }

  /** Section 3.2.7: the codes of a block, themselves compressed. */
  #readCodes(): boolean {
    const literalCodes = this.#take(5) + 257;
    const distanceCodes = this.#take(5) + 1;
    const orderCodes = this.#take(4) + 4;
    if (
      literalCodes > MAX_LITERAL_CODES || distanceCodes > MAX_DISTANCE_CODES
    ) return false;
    const orderLengths = new Uint8Array(ORDER.length);
    for (let i = 0; i < orderCodes; i++) {
      orderLengths[ORDER[i]!] = this.#take(3);
    }
    if (!this.#literals.set(orderLengths, false)) return false;
    const lengths = new Uint8Array(literalCodes + distanceCodes);
    for (let i = 0; i < lengths.length;) {
      const symbol = this.#symbol(this.#literals);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) return false;
      const length = symbol === 16 ? lengths[i - 1]! : 0;
      const repeats = symbol === 16
        ? 3 + this.#take(2)
        : symbol === 17
        ? 3 + this.#take(3)
        : 11 + this.#take(7);
      if (repeats > lengths.length - i) return false;
      lengths.fill(length, i, i + repeats);
      i += repeats;
    }
    return lengths[END_OF_BLOCK] !== 0 &&
      this.#literals.set(lengths.subarray(0, literalCodes), true) &&
      this.#distances.set(lengths.subarray(literalCodes), true);
  }

  /** Section 3.2.3: what follows the codes of a block. */
  #compressed(literals: Codes, distances: Codes): boolean {
    const target = this.#target;
    while (true) {
      const symbol = this.#symbol(literals);
      if (symbol < END_OF_BLOCK) {
        if (symbol < 0 || this.#out === target.length) return false;
        target[this.#out++] = symbol;
        continue;
      }
      if (symbol === END_OF_BLOCK) return true;
      if (symbol >= MAX_LITERAL_CODES) return false;
      const lengthCode = symbol - FIRST_LENGTH;
      const length = LENGTHS[lengthCode]! +
        this.#take(LENGTH_BITS[lengthCode]!);
      const code = this.#symbol(distances);
      if (code < 0 || code >= MAX_DISTANCE_CODES) return false;
      const distance = DISTANCES[code]! + this.#take(DISTANCE_BITS[code]!);
      let out = this.#out;
      if (distance > out || length > target.length - out) return false;
      for (const end = out + length; out < end; out++) {
        target[out] = target[out - distance]!;
      }
      this.#out = out;
    }
  }

  /** Reads a code; returns its symbol, or -1 if there is no such code. */
  #symbol({ fast, counts, symbols }: Codes): number {
    this.#fill(MAX_CODE_BITS);
    const bits = this.#bits;
    const entry = fast[bits & (1 << FAST_BITS) - 1]!;
    if (entry !== 0) {
      this.#drop(entry & 0xf);
      return entry >>> 4;
    }
    // Codes of one length are consecutive numbers, and follow on the shorter ones.
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      code = code << 1 | bits >>> length - 1 & 1;
      first <<= 1;
      const count = counts[length]!;
      if (code - first < count) {
        this.#drop(length);
        return symbols[index + code - first]!;
      }
      first += count;
      index += count;
    }
    return -1;
  }

  /** Reads a number of up to 13 bits. */
  #take(bitCount: number): number {
    this.#fill(bitCount);
    const value = this.#bits & (1 << bitCount) - 1;
    this.#drop(bitCount);
    return value;
  }

  #fill(bitCount: number): void {
    while (this.#bitCount < bitCount) {
      const byte = this.#at < this.#source.length ? this.#source[this.#at]! : 0;
      this.#bits |= byte << this.#bitCount;
      this.#at++;
      this.#bitCount += 8;
    }
  }

  #drop(bitCount: number): void {
    this.#bits >>>= bitCount;
    this.#bitCount -= bitCount;
  }

  /** How many bytes of the source were begun. */
  #usedBytes(): number {
    return this.#at - (this.#bitCount >>> 3);
  }
}

function fixedCodes(lengths: Uint8Array): Codes {
  const codes = new Codes();
  codes.set(lengths, false);
  return codes;
}

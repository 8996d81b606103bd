// This module is browser compatible.

/** Why {@linkcode inflateRawWithin} gives nothing. */
export type InflateError =
  /** It is no stream, or has other bytes behind it, or too many blocks. */
  | "corrupt"
  /** It would become longer than was allowed. */
  | "tooLong";

/**
 * Deflates bytes to one raw stream (RFC 1951), by the runtime's `CompressionStream`.
 *
 * @param bytes What to deflate, which may be reused as soon as this returns.
 * @returns The stream, which belongs to the caller.
 * @throws {Error} Rejects with what the runtime says if it cannot deflate.
 *
 * @example There and back
 * ```ts
 * import { assert, assertEquals } from "@std/assert";
 * import { deflateRaw, inflateRaw } from "@tickwire/net/protocol";
 *
 * const bytes = new TextEncoder().encode("tick ".repeat(100));
 * const stream = await deflateRaw(bytes);
 * assert(stream.length < 50);
 * const target = new Uint8Array(bytes.length);
 * assertEquals(inflateRaw(stream, target), bytes.length);
 * assertEquals(target, bytes);
 * ```
 */
export async function deflateRaw(
  bytes: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const { writable, readable } = new CompressionStream("deflate-raw");
  const writer = writable.getWriter();
  const [stream] = await Promise.all([
    collect(readable),
    // A Buffer of Node's gives views by slice().
    writer.write(new Uint8Array(bytes)),
    writer.close(),
  ]);
  return stream;
}

/** All of a stream: a Response could do it, in twice the time. */
async function collect(
  readable: ReadableStream<Uint8Array>,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = readable.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    chunks.push(read.value);
    length += read.value.length;
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/**
 * Inflates one raw stream (RFC 1951), which may come from anybody, at once.
 *
 * A `DecompressionStream` is not enough: Deno's accepts a stream without its end,
 * Node's accepts other bytes behind it, and each inflates all that it was given
 * before anybody can stop it.
 *
 * A stream of many blocks of next to nothing would cost far more than its bytes, as
 * each brings codes of its own. So a block that has more than 16 before it is refused
 * unless 1024 bytes have come out for each beyond those. Encoders stay far below that,
 * but not one that is flushed every few bytes, or zlib with a `memLevel` below 5. What
 * becomes 1 MiB then takes some 15 ms at the very worst, usual text 4 ms, on one core
 * of a common server.
 *
 * @param source The stream, from its first byte to its last.
 * @param target Where the bytes go, from 0 on.
 * @returns How many were written; -1 if the stream is corrupt, does not end where
 * `source` ends, or becomes more than `target` holds. What was written then means
 * nothing.
 *
 * @example A bomb
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deflateRaw, inflateRaw } from "@tickwire/net/protocol";
 *
 * const bomb = await deflateRaw(new Uint8Array(1_000_000));
 * assertEquals(inflateRaw(bomb, new Uint8Array(1_000)), -1);
 * ```
 */
export function inflateRaw(source: Uint8Array, target: Uint8Array): number {
  return new Inflater(source, target, target.length).run();
}

/**
 * Inflates as {@linkcode inflateRaw} does, a stream that does not say what it becomes:
 * memory is taken as bytes come out, at most three times as many.
 *
 * @param source The stream, from its first byte to its last.
 * @param maxBytes The most bytes that it may become: an integer, 0 or more.
 * @returns The bytes, which belong to the caller, or why there are none.
 *
 * @example Just as long as may be
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { deflateRaw, inflateRawWithin } from "@tickwire/net/protocol";
 *
 * const stream = await deflateRaw(new Uint8Array(1_000));
 * assertEquals(inflateRawWithin(stream, 1_000), new Uint8Array(1_000));
 * assertEquals(inflateRawWithin(stream, 999), "tooLong");
 * assertEquals(inflateRawWithin(stream.subarray(1), 1_000), "corrupt");
 * ```
 */
export function inflateRawWithin(
  source: Uint8Array,
  maxBytes: number,
): Uint8Array<ArrayBuffer> | InflateError {
  const firstBytes = Math.min(maxBytes, Math.max(256, source.length * 4));
  const inflater = new Inflater(source, new Uint8Array(firstBytes), maxBytes);
  const length = inflater.run();
  if (length < 0) return inflater.isTooLong ? "tooLong" : "corrupt";
  const { target } = inflater;
  return length === target.length ? target : target.slice(0, length);
}

const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;
const END_OF_BLOCK = 256;
const FIRST_LENGTH = 257;
const MAX_LITERAL_CODES = 286;
const MAX_DISTANCE_CODES = 30;
const MAX_CODE_BITS = 15;
/** Codes of up to so many bits are looked up at once, longer ones in two steps. */
const ROOT_BITS = 9;
/** A block beyond so many needs bytes that came out before it, so many each. */
const FREE_BLOCKS = 16;
const BYTES_PER_BLOCK = 1_024;

// What a code means: its own length (4 bits), how many bits follow that add to the
// value (4 bits), the value (16 bits), and what it is.
const EXTRA_SHIFT = 4;
const VALUE_SHIFT = 8;
const KIND_SHIFT = 24;
const LITERAL = 0;
const COPY = 1;
const END = 2;
const NONE = 3;
/** A second table, at the value, for as many further bits as "that add". */
const TABLE = 4;

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

/** What the symbols mean, but for the lengths of their codes. */
const LITERAL_MEANINGS: Int32Array = Int32Array.from(
  { length: 288 },
  meaningOfLiteral,
);
const DISTANCE_MEANINGS: Int32Array = Int32Array.from(
  { length: 32 },
  meaningOfDistance,
);
const ORDER_MEANINGS: Int32Array = Int32Array.from(ORDER, meaningOfLiteral);
const COPY_ENTRY: number = meaning(COPY, 0, 0);
const TABLE_ENTRY: number = meaning(TABLE, 0, 0);
/** Section 3.2.6. */
const FIXED_LITERAL_LENGTHS: Uint8Array = new Uint8Array(288)
  .fill(8).fill(9, 144, 256).fill(7, 256, 280);
const FIXED_DISTANCE_LENGTHS: Uint8Array = new Uint8Array(32).fill(5);

function meaning(kind: number, value: number, extraBits: number): number {
  return kind << KIND_SHIFT | value << VALUE_SHIFT | extraBits << EXTRA_SHIFT;
}

function meaningOfLiteral(_: unknown, symbol: number): number {
  if (symbol < END_OF_BLOCK) return meaning(LITERAL, symbol, 0);
  if (symbol === END_OF_BLOCK) return meaning(END, 0, 0);
  if (symbol >= MAX_LITERAL_CODES) return meaning(NONE, 0, 0);
  const code = symbol - FIRST_LENGTH;
  return meaning(COPY, LENGTHS[code]!, LENGTH_BITS[code]!);
}

function meaningOfDistance(_: unknown, code: number): number {
  if (code >= MAX_DISTANCE_CODES) return meaning(NONE, 0, 0);
  return meaning(COPY, DISTANCES[code]!, DISTANCE_BITS[code]!);
}

/** One set of Huffman codes (section 3.2.2). */
class Codes {
  /**
   * By the next bits what the code is that they begin with, or 0; behind that, the
   * tables of what does not fit. No codes of 288 symbols fill more than 852 (zlib,
   * examples/enough.c).
   */
  readonly table = new Int32Array(852);
  /** How many bits are looked up first. */
  rootBits = 0;
  /** How many codes there are of each length. */
  readonly #counts = new Uint16Array(MAX_CODE_BITS + 1);
  /** Where the next symbol of each length goes. */
  readonly #places = new Uint16Array(MAX_CODE_BITS + 2);
  /** The symbols, in the order of their codes. */
  readonly #symbols = new Uint16Array(288);

  /**
   * Takes the lengths of all symbols' codes. Refused are more codes than there is
   * room for, and fewer, unless there is but one and that is allowed.
   */
  set(
    lengths: Uint8Array,
    start: number,
    end: number,
    meanings: Int32Array,
    isOneAllowed: boolean,
  ): boolean {
    const counts = this.#counts;
    const places = this.#places;
    const symbols = this.#symbols;
    counts.fill(0);
    for (let i = start; i < end; i++) counts[lengths[i]!]!++;
    counts[0] = 0;
    let room = 1;
    let maxBits = 1;
    places[1] = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      const count = counts[length]!;
      room = room * 2 - count;
      if (room < 0) return false;
      if (count > 0) maxBits = length;
      places[length + 1] = places[length]! + count;
    }
    const codeCount = places[MAX_CODE_BITS + 1]!;
    this.rootBits = Math.min(maxBits, ROOT_BITS);
    if (room > 0) {
      // None at all, or a single one, of one bit.
      if (!isOneAllowed || codeCount !== counts[1]) return false;
      this.table.fill(0, 0, 2);
    }
    for (let i = start; i < end; i++) {
      const length = lengths[i]!;
      if (length > 0) symbols[places[length]!++] = i - start;
    }
    this.#fill(codeCount, meanings);
    return true;
  }

  /**
   * Codes come with their highest bit first, all else with its lowest: so they are
   * counted up from that end. The table of the shorter ones, twice, is that of the
   * longer ones, before these are in it.
   */
  #fill(codeCount: number, meanings: Int32Array): void {
    const { table, rootBits } = this;
    const counts = this.#counts;
    const symbols = this.#symbols;
    let code = 0;
    let length = 0;
    let left = 0;
    let size = 1;
    /** The first bits of the codes of the second table that is being filled. */
    let prefix = -1;
    let base = 0;
    for (let i = 0; i < codeCount; i++) {
      while (left === 0) {
        length += 1;
        left = counts[length]!;
        if (length > rootBits) continue;
        // A code of one bit alone leaves the other bit without one.
        if (length > 1) table.copyWithin(size, 0, size);
        size *= 2;
      }
      left -= 1;
      const entry = meanings[symbols[i]!]!;
      if (length <= rootBits) {
        table[code] = entry | length;
      } else {
        const first = code & (1 << rootBits) - 1;
        if (first !== prefix) {
          prefix = first;
          base = size;
          const bits = this.#bitsOfTable(length, left + 1);
          size += 1 << bits;
          table[prefix] = meaning(TABLE, base, bits);
        }
        const step = 1 << length - rootBits;
        for (let at = base + (code >>> rootBits); at < size; at += step) {
          table[at] = entry | length - rootBits;
        }
      }
      // The next code: as if 1 were added at the other end.
      let bit = 1 << length - 1;
      while ((code & bit) !== 0) bit >>>= 1;
      code = code & bit - 1 | bit;
    }
    for (let bits = length; bits < rootBits; bits++) {
      table.copyWithin(size, 0, size);
      size *= 2;
    }
  }

  /** How many bits those codes have behind the root's that begin as the next one does. */
  #bitsOfTable(length: number, left: number): number {
    let bits = length - this.rootBits;
    let used = left;
    while (used < 1 << bits) {
      bits += 1;
      used = used * 2 + this.#counts[this.rootBits + bits]!;
    }
    return bits;
  }
}

/** One run of `inflateRaw`. */
class Inflater {
  readonly #source: Uint8Array;
  readonly #maxBytes: number;
  #target: Uint8Array;
  isTooLong = false;
  /** The next byte of the source; beyond its end, zeros are read. */
  #at = 0;
  #out = 0;
  /** What was read and not used yet, the next bit lowest. */
  #bits = 0;
  #bitCount = 0;
  readonly #literals = new Codes();
  readonly #distances = new Codes();
  readonly #lengths = new Uint8Array(MAX_LITERAL_CODES + MAX_DISTANCE_CODES);
  /** Made once, as blocks of nothing take but ten bits. */
  #fixedLiterals: Codes | undefined;
  #fixedDistances: Codes | undefined;

  constructor(source: Uint8Array, target: Uint8Array, maxBytes: number) {
    this.#source = source;
    this.#target = target;
    this.#maxBytes = maxBytes;
  }

  /** What was inflated, and room. */
  get target(): Uint8Array<ArrayBuffer> {
    return this.#target as Uint8Array<ArrayBuffer>;
  }

  run(): number {
    let isLast = false;
    for (let blocks = 0; !isLast; blocks++) {
      if (blocks - FREE_BLOCKS > this.#out / BYTES_PER_BLOCK) return -1;
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
      case FIXED: {
        this.#fixedLiterals ??= fixedCodes(
          FIXED_LITERAL_LENGTHS,
          LITERAL_MEANINGS,
        );
        this.#fixedDistances ??= fixedCodes(
          FIXED_DISTANCE_LENGTHS,
          DISTANCE_MEANINGS,
        );
        return this.#compressed(this.#fixedLiterals, this.#fixedDistances);
      }
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
      !this.#makeRoom(length)
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
    const lengths = this.#lengths;
    lengths.fill(0, 0, ORDER.length);
    for (let i = 0; i < orderCodes; i++) lengths[ORDER[i]!] = this.#take(3);
    const codes = this.#literals;
    if (!codes.set(lengths, 0, ORDER.length, ORDER_MEANINGS, false)) {
      return false;
    }
    const count = literalCodes + distanceCodes;
    if (!this.#readLengths(codes, count)) return false;
    return lengths[END_OF_BLOCK] !== 0 &&
      codes.set(lengths, 0, literalCodes, LITERAL_MEANINGS, true) &&
      this.#distances.set(
        lengths,
        literalCodes,
        count,
        DISTANCE_MEANINGS,
        true,
      );
  }

  /** The lengths of codes, by codes of no more than 7 bits. */
  #readLengths({ table, rootBits }: Codes, count: number): boolean {
    const source = this.#source;
    const lengths = this.#lengths;
    const mask = (1 << rootBits) - 1;
    let at = this.#at;
    let bits = this.#bits | 0;
    let bitCount = this.#bitCount | 0;
    for (let i = 0; i < count;) {
      // A code and 7 bits behind it.
      while (bitCount < 14) {
        bits |= (at < source.length ? source[at]! : 0) << bitCount;
        at += 1;
        bitCount += 8;
      }
      const entry = table[bits & mask]!;
      const symbol = entry >>> VALUE_SHIFT;
      bits >>= entry & 0xf;
      bitCount -= entry & 0xf;
      if (symbol < 16) {
        lengths[i] = symbol;
        i += 1;
        continue;
      }
      if (symbol === 16 && i === 0) return false;
      const length = symbol === 16 ? lengths[i - 1]! : 0;
      const extra = symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      const end = i + (symbol === 18 ? 11 : 3) + (bits & (1 << extra) - 1);
      bits >>= extra;
      bitCount -= extra;
      if (end > count) return false;
      for (; i < end; i++) lengths[i] = length;
    }
    this.#at = at;
    this.#bits = bits;
    this.#bitCount = bitCount;
    return true;
  }

  /** Section 3.2.3: what follows the codes of a block. */
  #compressed(literals: Codes, distances: Codes): boolean {
    const source = this.#source;
    const sourceEnd = source.length;
    const literalTable = literals.table;
    const literalMask = (1 << literals.rootBits) - 1;
    const distanceTable = distances.table;
    const distanceMask = (1 << distances.rootBits) - 1;
    let target = this.#target;
    let size = target.length;
    let out = this.#out;
    let at = this.#at;
    let bits = this.#bits | 0;
    let bitCount = this.#bitCount | 0;
    // No more than 30 bits are held, so that these stay small integers for the engine.
    // Beyond the end come four bytes of zeros that may not be used, and no more.
    while (at <= sourceEnd + 4) {
      while (bitCount < 23) {
        bits |= (at < sourceEnd ? source[at]! : 0) << bitCount;
        at += 1;
        bitCount += 8;
      }
      let entry = literalTable[bits & literalMask]!;
      if (entry >= TABLE_ENTRY) {
        bits >>= ROOT_BITS;
        bitCount -= ROOT_BITS;
        entry = literalTable[
          (entry >>> VALUE_SHIFT & 0xffff) +
          (bits & (1 << (entry >>> EXTRA_SHIFT & 0xf)) - 1)
        ]!;
      }
      bits >>= entry & 0xf;
      bitCount -= entry & 0xf;
      if (entry < COPY_ENTRY) {
        if (entry === 0) return false;
        if (out === size) {
          this.#out = out;
          this.#at = at;
          this.#bitCount = bitCount;
          if (!this.#makeRoom(1)) return false;
          target = this.#target;
          size = target.length;
        }
        target[out] = entry >>> VALUE_SHIFT;
        out += 1;
        continue;
      }
      if (entry >>> KIND_SHIFT !== COPY) {
        this.#out = out;
        this.#at = at;
        this.#bits = bits;
        this.#bitCount = bitCount;
        return entry >>> KIND_SHIFT === END;
      }
      // A code of 15 bits and the 5 behind it were there.
      let extra = entry >>> EXTRA_SHIFT & 0xf;
      const length = (entry >>> VALUE_SHIFT & 0xffff) +
        (bits & (1 << extra) - 1);
      bits >>= extra;
      bitCount -= extra;
      while (bitCount < 23) {
        bits |= (at < sourceEnd ? source[at]! : 0) << bitCount;
        at += 1;
        bitCount += 8;
      }
      entry = distanceTable[bits & distanceMask]!;
      if (entry >= TABLE_ENTRY) {
        bits >>= ROOT_BITS;
        bitCount -= ROOT_BITS;
        entry = distanceTable[
          (entry >>> VALUE_SHIFT & 0xffff) +
          (bits & (1 << (entry >>> EXTRA_SHIFT & 0xf)) - 1)
        ]!;
      }
      if (entry >>> KIND_SHIFT !== COPY) return false;
      bits >>= entry & 0xf;
      bitCount -= entry & 0xf;
      extra = entry >>> EXTRA_SHIFT & 0xf;
      while (bitCount < extra) {
        if (at >= sourceEnd) return false;
        bits |= source[at]! << bitCount;
        at += 1;
        bitCount += 8;
      }
      const distance = (entry >>> VALUE_SHIFT & 0xffff) +
        (bits & (1 << extra) - 1);
      bits >>= extra;
      bitCount -= extra;
      if (distance > out) return false;
      if (length > size - out) {
        this.#out = out;
        this.#at = at;
        this.#bitCount = bitCount;
        if (!this.#makeRoom(length)) return false;
        target = this.#target;
        size = target.length;
      }
      for (const end = out + length; out < end; out++) {
        target[out] = target[out - distance]!;
      }
    }
    return false;
  }

  /** Makes room for so many bytes, if so many are allowed. */
  #makeRoom(byteCount: number): boolean {
    const length = this.#out + byteCount;
    if (length <= this.#target.length) return true;
    if (length > this.#maxBytes) {
      // Else it is a stream that was cut, of which zeros were read.
      this.isTooLong = this.#usedBytes() <= this.#source.length;
      return false;
    }
    const grown = new Uint8Array(
      Math.min(this.#maxBytes, Math.max(length, this.#target.length * 2)),
    );
    grown.set(this.#target.subarray(0, this.#out));
    this.#target = grown;
    return true;
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
    this.#bits >>= bitCount;
    this.#bitCount -= bitCount;
  }

  /** How many bytes of the source were begun. */
  #usedBytes(): number {
    return this.#at - (this.#bitCount >>> 3);
  }
}

function fixedCodes(lengths: Uint8Array, meanings: Int32Array): Codes {
  const codes = new Codes();
  codes.set(lengths, 0, lengths.length, meanings, false);
  return codes;
}

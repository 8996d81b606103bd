// This module is browser compatible.

/** Matches are this long at least; the format counts from here. */
const MIN_MATCH = 4;
/** What a half of the token holds; from there on, more bytes follow. */
const LONG = 15;
/** Matches reach back no further than 16 bits can say. */
const MAX_DISTANCE = 0xffff;
/** Rules of the format for the end of a block, so that fast decoders may read on. */
const LAST_LITERALS = 5;
const LAST_MATCH_BYTES = 12;

const HASH_BITS = 12;
/** 2^32 divided by the golden ratio, odd: Knuth, TAOCP volume 3, section 6.4. */
const HASH_FACTOR = 0x9e37_79b1;
/** What the table holds never exceeds 31 bits. */
const MAX_POSITION = 2 ** 31 - 1;
const MAX_SOURCE_BYTES = 2 ** 30;
/** After 2^6 bytes without a match, every second position is tried, and so on. */
const SKIP_SHIFT = 6;
/** From here on the runtime's copy is faster than a loop. */
const LONG_COPY_BYTES = 64;

/**
 * Compresses into the LZ4 block format (Yann Collet, "LZ4 Block Format
 * Description"), without a frame. It keeps a table of 16 KiB from call to call,
 * but nothing of what was compressed: each block stands for itself.
 *
 * The same bytes may become other blocks with other versions of this library; what
 * they decompress to stays the same.
 *
 * @example A block there and back
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decompressLz4, Lz4Compressor } from "@tickwire/net/protocol";
 *
 * const compressor = new Lz4Compressor();
 * const source = new Uint8Array(1000);
 * const block = new Uint8Array(100);
 * const length = compressor.compress(source, 0, 1000, block, 0, 100);
 * assertEquals(length, 14);
 *
 * const target = new Uint8Array(1000).fill(1);
 * assertEquals(decompressLz4(block, 0, length, target, 0, 1000), 1000);
 * assertEquals(target, source);
 * ```
 */
export class Lz4Compressor {
  /** Where four bytes with this hash were last seen, counted from `#base`. */
  readonly #table = new Int32Array(1 << HASH_BITS);
  /**
   * What the first byte of the next source counts as: too far from all that the
   * table holds, so that it need not be cleared between calls.
   */
  #base = MAX_DISTANCE + 1;

  /**
   * Compresses bytes into one block.
   *
   * @param source What to compress: at most 2^30 bytes.
   * @param start Where it begins in `source`.
   * @param end Where it ends in `source`.
   * @param target Where the block is written; not the bytes that are compressed.
   * @param targetStart Where the block begins in `target`.
   * @param targetEnd What lies from here on in `target` is left alone.
   * @returns Bytes of the block; -1 if it would reach beyond `targetEnd`: what was
   * written then means nothing.
   * @throws {RangeError} If a range lies outside of its bytes, or the source has
   * more than 2^30 bytes.
   */
  compress(
    source: Uint8Array,
    start: number,
    end: number,
    target: Uint8Array,
    targetStart: number,
    targetEnd: number,
  ): number {
    checkRange(source, start, end, "compress");
    checkRange(target, targetStart, targetEnd, "compress");
    const sourceBytes = end - start;
    if (sourceBytes > MAX_SOURCE_BYTES) {
      throw new RangeError(
        `Cannot compress as the source must have at most ${MAX_SOURCE_BYTES} bytes: current value is ${sourceBytes}`,
      );
    }
    const table = this.#table;
    const next = sourceBytes + MAX_DISTANCE + 1;
    if (this.#base > MAX_POSITION - next) {
      table.fill(0);
      this.#base = MAX_DISTANCE + 1;
    }
    // Added to an index into the source, it gives what the table holds.
    const shift = this.#base - start;
    this.#base += next;

    const lastMatchStart = end - LAST_MATCH_BYTES;
    const matchLimit = end - LAST_LITERALS;
    let out = targetStart;
    let anchor = start;
    let at = start;
    while (at <= lastMatchStart) {
      const bytes = source[at]! | (source[at + 1]! << 8) |
        (source[at + 2]! << 16) | (source[at + 3]! << 24);
      const slot = Math.imul(bytes, HASH_FACTOR) >>> (32 - HASH_BITS);
      let from = table[slot]! - shift;
      table[slot] = at + shift;
      if (
        at - from > MAX_DISTANCE ||
        (source[from]! | (source[from + 1]! << 8) |
            (source[from + 2]! << 16) | (source[from + 3]! << 24)) !== bytes
      ) {
        at += 1 + ((at - anchor) >>> SKIP_SHIFT);
        continue;
      }
      let matchEnd = at + MIN_MATCH;
      const distance = at - from;
      while (
        matchEnd < matchLimit &&
        source[matchEnd] === source[matchEnd - distance]
      ) matchEnd++;
      while (
        at > anchor && from > start && source[at - 1] === source[from - 1]
      ) {
        at--;
        from--;
      }
      const literals = at - anchor;
      const extra = matchEnd - at - MIN_MATCH;
      const needed = 3 + literals + lengthBytes(literals) + lengthBytes(extra);
      if (needed > targetEnd - out) return -1;
      const token = out++;
      if (literals >= LONG) out = putLength(target, out, literals);
      for (let i = anchor; i < at; i++) target[out++] = source[i]!;
      target[out++] = distance;
      target[out++] = distance >>> 8;
      if (extra >= LONG) out = putLength(target, out, extra);
      target[token] = (literals < LONG ? literals : LONG) << 4 |
        (extra < LONG ? extra : LONG);
      anchor = matchEnd;
      at = matchEnd;
    }

    const literals = end - anchor;
    if (1 + literals + lengthBytes(literals) > targetEnd - out) return -1;
    target[out++] = (literals < LONG ? literals : LONG) << 4;
    if (literals >= LONG) out = putLength(target, out, literals);
    if (literals < LONG_COPY_BYTES) {
      for (let i = anchor; i < end; i++) target[out++] = source[i]!;
    } else {
      target.set(source.subarray(anchor, end), out);
      out += literals;
    }
    return out - targetStart;
  }
}

/**
 * Decompresses one block of the LZ4 block format (Yann Collet, "LZ4 Block Format
 * Description"), which may come from anybody. It reads and writes within the
 * ranges only, and takes time in proportion to that of the target.
 *
 * The block must end with a sequence of literals alone, if of none, as the format
 * demands. Its other rules for the end of a block (five literals at least, no match
 * begins within the last twelve bytes) are for encoders; they are not checked.
 *
 * @param source What to decompress.
 * @param start Where the block begins in `source`.
 * @param end Where it ends in `source`.
 * @param target Where the bytes are written; none of those of the block.
 * @param targetStart Where they begin in `target`. Matches reach back no further.
 * @param targetEnd What lies from here on in `target` is left alone.
 * @returns How many bytes were written; -1 if the block is corrupt or would reach
 * beyond `targetEnd`: what was written then means nothing.
 * @throws {RangeError} If a range lies outside of its bytes.
 *
 * @example A block made by hand, and a corrupt one
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decompressLz4 } from "@tickwire/net/protocol";
 *
 * // Two literals, a match of 4 bytes from 2 back; then a literal.
 * const block = new Uint8Array([0x20, 104, 97, 2, 0, 0x10, 33]);
 * const target = new Uint8Array(20);
 * assertEquals(decompressLz4(block, 0, 7, target, 0, 20), 7);
 * assertEquals(new TextDecoder().decode(target.subarray(0, 7)), "hahaha!");
 *
 * block[3] = 3; // Nothing lies 3 back.
 * assertEquals(decompressLz4(block, 0, 7, target, 0, 20), -1);
 * ```
 */
export function decompressLz4(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
  targetEnd: number,
): number {
  checkRange(source, start, end, "decompress");
  checkRange(target, targetStart, targetEnd, "decompress");
  let at = start;
  let out = targetStart;
  while (at < end) {
    const token = source[at++]!;

    let literals = token >>> 4;
    if (literals === LONG) {
      let more = 0xff;
      while (more === 0xff) {
        // Else a block of nothing but length would be read to its end.
        if (at === end || literals > targetEnd - out) return -1;
        more = source[at++]!;
        literals += more;
      }
    }
    const literalsEnd = at + literals;
    if (literalsEnd > end || literals > targetEnd - out) return -1;
    if (literals < LONG_COPY_BYTES) {
      while (at < literalsEnd) target[out++] = source[at++]!;
    } else {
      target.set(source.subarray(at, literalsEnd), out);
      at = literalsEnd;
      out += literals;
    }
    if (at === end) return out - targetStart;

    if (end - at < 2) return -1;
    const distance = source[at]! | (source[at + 1]! << 8);
    at += 2;
    if (distance === 0 || distance > out - targetStart) return -1;
    let length = token & LONG;
    if (length === LONG) {
      let more = 0xff;
      while (more === 0xff) {
        if (at === end || length > targetEnd - out) return -1;
        more = source[at++]!;
        length += more;
      }
    }
    length += MIN_MATCH;
    if (length > targetEnd - out) return -1;
    const matchEnd = out + length;
    let from = out - distance;
    if (length < LONG_COPY_BYTES) {
      while (out < matchEnd) target[out++] = target[from++]!;
    } else {
      // A match may reach into what it writes. Then the bytes up to where it has
      // come are its pattern, once, twice, four times and so on.
      while (out < matchEnd) {
        const count = Math.min(out - from, matchEnd - out);
        target.copyWithin(out, from, from + count);
        out += count;
      }
    }
  }
  // Nothing at all, or a match at the end.
  return -1;
}

/** How many bytes follow the token for a length. */
function lengthBytes(length: number): number {
  return length < LONG ? 0 : 1 + Math.floor((length - LONG) / 0xff);
}

/** Writes the part of a length that the token does not hold; returns its end. */
function putLength(target: Uint8Array, at: number, length: number): number {
  let rest = length - LONG;
  while (rest >= 0xff) {
    target[at++] = 0xff;
    rest -= 0xff;
  }
  target[at++] = rest;
  return at;
}

function checkRange(
  bytes: Uint8Array,
  start: number,
  end: number,
  action: string,
): void {
  if (
    Number.isInteger(start) && Number.isInteger(end) && start >= 0 &&
    start <= end && end <= bytes.length
  ) return;
  throw new RangeError(
    `Cannot ${action} as 0 <= start <= end <= ${bytes.length} must hold: current values are ${start} and ${end}`,
  );
}

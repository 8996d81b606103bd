// This module is browser compatible.

// A counter goes 1/64 of the way to what it saw.
const RATE = 7;

/**
 * An arithmetic coder of bits whose chances are learnt, over bytes.
 *
 * One object is both ends, so that what runs them is one function that cannot tell the
 * same bits in two ways: while it writes, {@linkcode BitCoder.bit} takes the bit and
 * gives it back; while it reads, what it takes is not looked at.
 *
 * A message ends by itself: bytes of another may follow at once. The end is the
 * shortest that tells the last bit, the least of those, and no other is accepted.
 */
export class BitCoder {
  /** Whether bits are read. */
  decoding = false;
  /** Whether more of a number is by counters. */
  isThorough = false;
  /** How likely a 1 is in each context, in 1/65536; what is coded changes them. */
  counters: Uint16Array = new Uint16Array(0);
  /** What was written: the first `length` bytes. */
  bytes: Uint8Array = new Uint8Array(1024);
  /** How many bytes were written, or where the next to be read is. */
  length = 0;
  // 32 bits each, kept signed since engines hold such numbers best.
  #low = 0;
  #range = -1;
  // While reading: how far the number read is above the low end.
  #code = 0;
  #isAstray = false;
  #own: Uint8Array;
  #start = 0;
  #end = 0;

  constructor() {
    this.#own = this.bytes;
  }

  /** Begins to write. */
  beginEncode(): void {
    this.decoding = false;
    this.bytes = this.#own;
    this.length = 0;
    this.#low = 0;
    this.#range = -1;
  }

  /**
   * Ends what was written, which then lies in `bytes`.
   */
  endEncode(): void {
    const count = this.#endLength();
    const low = this.#low >>> 0;
    const value = endValue(low, count);
    if (value < low) carry(this.bytes, this.length);
    for (let i = 0; i < count; i++) this.#put(value >>> (24 - 8 * i) & 255);
  }

  /**
   * Begins to read.
   *
   * @param bytes Holds the bytes, and maybe others behind them.
   * @param start Where they begin.
   * @param end Where the bytes end that may be read.
   */
  beginDecode(bytes: Uint8Array, start: number, end: number): void {
    this.decoding = true;
    this.bytes = bytes;
    this.length = this.#start = start;
    this.#end = end;
    this.#range = -1;
    this.#isAstray = false;
    let code = 0;
    for (let i = 0; i < 4; i++) code = code << 8 | this.#next();
    this.#code = code;
  }

  /**
   * Whether more was read than there is, so that what was read last is made up.
   */
  get isExhausted(): boolean {
    return this.length > this.#end + 4;
  }

  /**
   * Ends reading, and lets go of the bytes.
   *
   * @returns Where they end; -1 if they end too early, and -2 if they end otherwise
   * than they would have been written.
   */
  endDecode(): number {
    // The last 32 bits of the number that is read.
    let window = 0;
    this.length -= 4;
    for (let i = 0; i < 4; i++) window = window << 8 | this.#next();
    this.#low = window - this.#code | 0;
    const count = this.#endLength();
    const at = this.length - 4 + count;
    this.bytes = this.#own;
    if (at > this.#end) return -1;
    if (this.#isAstray) return -2;
    const shift = 32 - 8 * count;
    const value = endValue(this.#low >>> 0, count);
    return value >>> shift === window >>> shift ? at : -2;
  }

  /**
   * Codes a bit by a counter, which learns it.
   *
   * @param bit What to write: 0 or 1.
   * @param at Which of `counters`: how likely a 1 is, in 1/65536.
   * @returns The bit.
   */
  bit(bit: number, at: number): number {
    const { counters } = this;
    const chance = counters[at]!;
    const range = this.#range;
    const bound = Math.imul(range >>> 16, chance);
    if (this.decoding) {
      const code = this.#code;
      if (code >>> 0 < bound >>> 0) bit = 1;
      else {
        bit = 0;
        this.#code = code - bound | 0;
      }
    } else if (bit === 0) this.#raise(bound);
    let left: number;
    // Both keep it within 63 and 65472, or nearer to the middle.
    if (bit === 1) {
      counters[at] = chance + ((0xffff - chance) >> RATE);
      left = bound;
    } else {
      counters[at] = chance - (chance >> RATE);
      left = range - bound | 0;
    }
    if (left >>> 0 < 0x1000000) left = this.#shift(left);
    this.#range = left;
    return bit;
  }

  /**
   * Codes an integer of 32 bits with a sign, of which small ones take fewer bits: its
   * length in bits by a tree of 16 counters, of which the first is not used; then its
   * bits after the first, and its sign, as they are. If `isThorough`, the sign and the
   * two highest of those bits are by counters too, in this order.
   *
   * @param value What to write.
   * @param lengths The first counter of the tree. Lengths of 15 and more are one leaf.
   * @param sign The counter of the sign.
   * @param inner The first of 48 counters: 16 of the highest bit, by length, and 32 of
   * the next, by length and the highest.
   * @returns The integer.
   */
  number(
    value: number,
    lengths: number,
    sign: number,
    inner: number,
  ): number {
    if (this.isThorough) {
      return this.decoding
        ? this.#readThorough(lengths, sign, inner)
        : this.#writeThorough(value, lengths, sign, inner);
    }
    return this.decoding
      ? this.#readNumber(lengths)
      : this.#writeNumber(value, lengths);
  }

  /**
   * Codes an integer all of whose values are as likely.
   *
   * @param value What to write: below 2^bits.
   * @param bits 0 to 16.
   * @returns The integer.
   */
  even(value: number, bits: number): number {
    const range = this.#range;
    let left = range >>> bits;
    if (this.decoding) {
      const code = this.#code >>> 0;
      value = code / left | 0;
      const most = (1 << bits) - 1;
      if (value > most) {
        // Where no number of an encoder lies.
        this.#isAstray = true;
        value = most;
      }
      this.#code = code - value * left | 0;
    } else this.#raise(Math.imul(value, left));
    if (left >>> 0 < 0x1000000) left = this.#shift(left);
    this.#range = left;
    return value;
  }

  /** As {@linkcode BitCoder.even}, of 32 bits without a sign. */
  even32(value: number): number {
    const high = this.even(value >>> 16, 16);
    return (high << 16 | this.even(value & 0xffff, 16)) >>> 0;
  }

  /** As {@linkcode BitCoder.even}, of 1 to 32 bits without a sign. */
  evenBits(value: number, bits: number): number {
    if (bits <= 16) return this.even(value, bits);
    const high = this.even(value >>> 16, bits - 16);
    return (high << 16 | this.even(value & 0xffff, 16)) >>> 0;
  }

  // Those that code numbers hold in locals what `bit` holds in fields: most of a message
  // is numbers. Which way a bit goes nobody can foretell, so that nothing branches on it.
  #writeNumber(value: number, lengths: number): number {
    const { counters } = this;
    if (this.length + 16 > this.bytes.length) this.#grow();
    const { bytes } = this;
    let to = this.length;
    let low = this.#low;
    let range = this.#range;
    const negative = value >> 31;
    const size = (value ^ negative) - negative | 0;
    const exact = 32 - Math.clz32(size) | 0;
    const length = exact > 15 ? 15 : exact;
    let node = 1;
    for (let shift = 3; shift >= 0; shift = shift - 1 | 0) {
      const bit = length >> shift & 1;
      const at = lengths + node | 0;
      node = node << 1 | bit;
      const chance = counters[at]!;
      const bound = Math.imul(range >>> 16, chance);
      // All ones for a 0.
      const zero = bit - 1 | 0;
      const step = (chance ^ ~zero & 0xffff) >> RATE;
      counters[at] = chance + ((step ^ zero) - zero | 0) | 0;
      range = bound ^ (range - bound ^ bound) & zero;
      const sum = low + (bound & zero) | 0;
      if (sum >>> 0 < low >>> 0) carry(bytes, to);
      low = sum;
      while (range >>> 0 < 0x1000000) {
        bytes[to] = low >>> 24;
        to = to + 1 | 0;
        low <<= 8;
        range <<= 8;
      }
    }
    if (length > 0 && length < 15) {
      const rest = size - (1 << length - 1) << 1 | negative & 1;
      range >>>= length;
      const sum = low + Math.imul(rest, range) | 0;
      if (sum >>> 0 < low >>> 0) carry(bytes, to);
      low = sum;
      while (range >>> 0 < 0x1000000) {
        bytes[to] = low >>> 24;
        to = to + 1 | 0;
        low <<= 8;
        range <<= 8;
      }
    }
    this.length = to;
    this.#low = low;
    this.#range = range | 0;
    if (length === 15) {
      this.even32(size >>> 0);
      this.even(negative & 1, 1);
    }
    return value;
  }

  #readNumber(lengths: number): number {
    const { counters, bytes } = this;
    const end = this.#end;
    let from = this.length;
    let code = this.#code;
    let range = this.#range;
    let node = 1;
    for (let i = 0; i < 4; i = i + 1 | 0) {
      const at = lengths + node | 0;
      const chance = counters[at]!;
      const bound = Math.imul(range >>> 16, chance);
      const rest = code - bound | 0;
      // All ones for a 0, which is where no borrow comes out of the difference.
      const zero = ~((~code & bound | (~code | bound) & rest) >> 31);
      node = node << 1 | zero + 1;
      const step = (chance ^ ~zero & 0xffff) >> RATE;
      counters[at] = chance + ((step ^ zero) - zero | 0) | 0;
      range = bound ^ (range - bound ^ bound) & zero;
      code = code - (bound & zero) | 0;
      while (range >>> 0 < 0x1000000) {
        code = code << 8 | (from < end ? bytes[from]! : 0);
        from = from + 1 | 0;
        range <<= 8;
      }
    }
    const length = node & 15;
    let value = 0;
    if (length > 0 && length < 15) {
      const most = (1 << length) - 1 | 0;
      range >>>= length;
      let rest = (code >>> 0) / range | 0;
      if (rest > most) {
        // Where no number of an encoder lies.
        this.#isAstray = true;
        rest = most;
      }
      code = code - Math.imul(rest, range) | 0;
      while (range >>> 0 < 0x1000000) {
        code = code << 8 | (from < end ? bytes[from]! : 0);
        from = from + 1 | 0;
        range <<= 8;
      }
      const negative = -(rest & 1);
      value = ((1 << length - 1 | rest >> 1) ^ negative) - negative | 0;
    }
    this.length = from;
    this.#code = code;
    this.#range = range | 0;
    if (length < 15) return value;
    const size = this.even32(0) | 0;
    const negative = -this.even(0, 1);
    this.#checkLong(size, negative);
    return (size ^ negative) - negative | 0;
  }

  #writeThorough(
    value: number,
    lengths: number,
    sign: number,
    inner: number,
  ): number {
    const { counters } = this;
    let low = this.#low;
    let range = this.#range;
    const negative = value >> 31;
    const size = (value ^ negative) - negative | 0;
    const exact = 32 - Math.clz32(size);
    const length = exact > 15 ? 15 : exact;
    const steps = thoroughSteps(length);
    let node = 1;
    for (let i = 0; i < steps; i++) {
      let at: number;
      let bit: number;
      if (i < 4) {
        at = lengths + node;
        bit = length >> 3 - i & 1;
        node = node << 1 | bit;
      } else if (i === 4) {
        at = sign;
        bit = negative & 1;
      } else if (i === 5) {
        at = inner + length;
        bit = size >> length - 2 & 1;
      } else {
        at = inner + 16 + length * 2 + (size >> length - 2 & 1);
        bit = size >> length - 3 & 1;
      }
      const chance = counters[at]!;
      const bound = Math.imul(range >>> 16, chance);
      if (bit === 1) {
        counters[at] = chance + ((0xffff - chance) >> RATE);
        range = bound;
      } else {
        counters[at] = chance - (chance >> RATE);
        range = range - bound | 0;
        const sum = low + bound | 0;
        if (sum >>> 0 < low >>> 0) carry(this.bytes, this.length);
        low = sum;
      }
      while (range >>> 0 < 0x1000000) {
        this.#put(low >>> 24);
        low <<= 8;
        range <<= 8;
      }
    }
    this.#low = low;
    this.#range = range;
    if (length === 0) return 0;
    if (length === 15) this.even32(size >>> 0);
    else if (length > 3) {
      this.even(size & (1 << length - 3) - 1, length - 3);
    }
    return value;
  }

  #readThorough(lengths: number, sign: number, inner: number): number {
    const { counters, bytes } = this;
    const end = this.#end;
    let code = this.#code;
    let range = this.#range;
    let steps = 7;
    let node = 1;
    let length = 0;
    let negative = 0;
    let size = 1;
    for (let i = 0; i < steps; i++) {
      const at = i < 4
        ? lengths + node
        : i === 4
        ? sign
        : i === 5
        ? inner + length
        : inner + 16 + length * 2 + (size & 1);
      const chance = counters[at]!;
      const bound = Math.imul(range >>> 16, chance);
      let bit: number;
      if (code >>> 0 < bound >>> 0) {
        counters[at] = chance + ((0xffff - chance) >> RATE);
        range = bound;
        bit = 1;
      } else {
        counters[at] = chance - (chance >> RATE);
        range = range - bound | 0;
        code = code - bound | 0;
        bit = 0;
      }
      while (range >>> 0 < 0x1000000) {
        const next = this.length++;
        const byte = next < end ? bytes[next]! : 0;
        code = code << 8 | byte;
        range <<= 8;
      }
      if (i < 4) {
        node = node << 1 | bit;
        if (i === 3) {
          length = node & 15;
          steps = thoroughSteps(length);
        }
      } else if (i === 4) negative = -bit;
      else size = size << 1 | bit;
    }
    this.#code = code;
    this.#range = range;
    if (length === 0) return 0;
    if (length === 15) {
      size = this.even32(0) | 0;
      this.#checkLong(size, negative);
    } else if (length > 3) {
      size = size << length - 3 | this.even(0, length - 3);
    }
    return (size ^ negative) - negative | 0;
  }

  /** Refuses what has a leaf of its own, or is more than an integer can be. */
  #checkLong(size: number, negative: number): void {
    if (
      size >>> 0 < 0x4000 || size < 0 && (size << 1 !== 0 || negative === 0)
    ) {
      this.#isAstray = true;
    }
  }

  #raise(by: number): void {
    const low = this.#low;
    const sum = low + by | 0;
    if (sum >>> 0 < low >>> 0) carry(this.bytes, this.length);
    this.#low = sum;
  }

  #shift(range: number): number {
    while (range >>> 0 < 0x1000000) {
      if (this.decoding) {
        this.#code = this.#code << 8 | this.#next();
      } else {
        this.#put(this.#low >>> 24);
        this.#low <<= 8;
      }
      range <<= 8;
    }
    return range;
  }

  #next(): number {
    const at = this.length++;
    return at < this.#end ? this.bytes[at]! : 0;
  }

  #put(byte: number): void {
    if (this.length === this.bytes.length) this.#grow();
    this.bytes[this.length++] = byte;
  }

  #grow(): void {
    const larger = new Uint8Array(2 * this.bytes.length);
    larger.set(this.bytes);
    this.bytes = this.#own = larger;
  }

  /** How many bytes say where in the range the number lies, whatever follows. */
  #endLength(): number {
    const low = this.#low >>> 0;
    const range = this.#range >>> 0;
    for (let count = 1; count < 4; count++) {
      const unit = 2 ** (32 - 8 * count);
      // All that begins with these bytes lies within.
      if (Math.ceil(low / unit) * unit + unit <= low + range) return count;
    }
    return 4;
  }
}

/** Adds one to the number of the bytes before `to`. */
function carry(bytes: Uint8Array, to: number): void {
  let at = to - 1;
  while (bytes[at] === 255) bytes[at--] = 0;
  bytes[at]! += 1;
}

/** The least number not below `low` with zeros after `count` bytes, modulo 2^32. */
function endValue(low: number, count: number): number {
  const unit = 2 ** (32 - 8 * count);
  return Math.ceil(low / unit) * unit >>> 0;
}

/** How many bits of a number are by counters, by its length. */
function thoroughSteps(length: number): number {
  return length === 0
    ? 4
    : length === 1 || length === 15
    ? 5
    : length === 2
    ? 6
    : 7;
}

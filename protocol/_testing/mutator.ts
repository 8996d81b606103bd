// Seeded mutants of byte strings, for tests that show decoders bytes from anybody.

/** What a value is likely to be compared with, in one byte. */
const BYTES: readonly number[] = [
  ...[0x00, 0x01, 0x02, 0x0f, 0x10, 0x1f, 0x20, 0x3f, 0x40, 0x61, 0x7f, 0x80],
  ...[0x81, 0xbf, 0xc0, 0xe0, 0xf0, 0xfe, 0xff],
];

/** What is likely to matter in several: numbers, floats, text, magic. */
const PIECES: readonly Uint8Array[] = [
  ...[127, 128, 255, 256, 300, 1_023, 1_024, 4_096, 8_192, 16_383, 16_384],
  ...[65_535, 65_536, 2 ** 21 - 1, 2 ** 21, 2 ** 28 - 1, 2 ** 28, 2 ** 31],
  ...[2 ** 32 - 1, 2 ** 32, 2 ** 35, 2 ** 53 - 1, 2 ** 53],
].map(varint).concat(
  [
    // Varints with needless bytes, or too many.
    [0x80, 0x00],
    [0xff, 0x80, 0x00],
    [0x80, 0x80, 0x80, 0x00],
    [0x80, 0x80, 0x80, 0x80, 0x00],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    // The zigzag forms of -2^53 and of the number before it.
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f],
    [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f],
    // 2^15, 2^16, 2^31 and neighbours, with their low byte first.
    [0xff, 0xff],
    [0x00, 0x80],
    [0xff, 0x7f],
    [0xff, 0xff, 0xff, 0xff],
    [0x00, 0x00, 0x00, 0x80],
    [0xff, 0xff, 0xff, 0x7f],
    // Floats: -0, 1, infinity, the NaN that may be sent and others.
    [0x00, 0x00, 0x80, 0x3f],
    [0x00, 0x00, 0x80, 0x7f],
    [0x00, 0x00, 0xc0, 0x7f],
    [0x00, 0x00, 0xc0, 0xff],
    [0x01, 0x00, 0x80, 0x7f],
    [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x80],
    [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf0, 0x7f],
    [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f],
    [0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0xf8, 0x7f],
    // UTF-8: the ends of its ranges, overlong forms, a surrogate, too much.
    [0xc2, 0x80],
    [0xdf, 0xbf],
    [0xe0, 0xa0, 0x80],
    [0xed, 0x9f, 0xbf],
    [0xef, 0xbb, 0xbf],
    [0xf0, 0x90, 0x80, 0x80],
    [0xf4, 0x8f, 0xbf, 0xbf],
    [0xc0, 0x80],
    [0xe0, 0x9f, 0xbf],
    [0xed, 0xa0, 0x80],
    [0xf0, 0x8f, 0xbf, 0xbf],
    [0xf4, 0x90, 0x80, 0x80],
    // What a packet in the full form begins with.
    [0x50, 0x45, 0x4d, 0x50],
  ].map((bytes) => Uint8Array.from(bytes)),
);

const LONGEST_RUN = 80;

/**
 * Makes mutants: the same corpus and seed give the same bytes, whatever was made
 * before.
 */
export class Mutator {
  /** Where the mutant lies, from 0 on. */
  readonly buffer: Uint8Array;
  #length = 0;
  #state = 0;

  /** Creates a mutator of byte strings of at most `maxBytes`. */
  constructor(maxBytes: number) {
    this.buffer = new Uint8Array(maxBytes);
  }

  /**
   * Makes the mutant with a number.
   *
   * @param corpus What is changed; the later entries somewhat more often.
   * @param pool What pieces are also taken from, and now and then all.
   * @param seed Which mutant: an integer, 0 to 2^32 - 1.
   * @returns How many bytes it has.
   */
  mutate(
    corpus: readonly Uint8Array[],
    pool: readonly Uint8Array[],
    seed: number,
  ): number {
    this.#state = Math.imul(seed ^ 0x5bd1_e995, 0xc2b2_ae35);
    const base = this.#pick(this.#below(24) === 0 ? pool : corpus);
    this.#length = Math.min(base.length, this.buffer.length);
    for (let i = 0; i < this.#length; i++) this.buffer[i] = base[i]!;
    // Two or three changes on average: after more, little is understood.
    do this.#change(corpus, pool); while (this.#below(5) < 3);
    return this.#length;
  }

  #change(corpus: readonly Uint8Array[], pool: readonly Uint8Array[]): void {
    const { buffer } = this;
    const length = this.#length;
    const at = this.#below(length + 1);
    switch (this.#below(18)) {
      case 0:
      case 1:
      case 15:
        if (at < length) buffer[at]! ^= 1 << this.#below(8);
        break;
      case 2:
      case 3:
      case 16:
        if (at < length) buffer[at] = BYTES[this.#below(BYTES.length)]!;
        break;
      case 4:
        if (at < length) buffer[at] = this.#next();
        break;
      case 5:
        if (at < length) buffer[at]! += this.#below(9) - 4;
        break;
      case 6: // A run of one byte or of any.
        this.#run(at);
        break;
      case 7: // At the end.
        this.#run(length);
        break;
      case 8:
        this.#cut(at, at + this.#span(length - at));
        break;
      case 9:
        this.#length = at;
        break;
      case 10: { // A range twice.
        const count = this.#span(length - at);
        const to = this.#below(length + 1);
        if (this.#open(to, count)) {
          for (let i = at; i < at + count; i++) {
            buffer[to + i - at] = buffer[i < to ? i : i + count]!;
          }
        }
        break;
      }
      case 11: // A piece between.
        this.#insert(PIECES[this.#below(PIECES.length)]!, at);
        break;
      case 12: { // A piece in place.
        const piece = PIECES[this.#below(PIECES.length)]!;
        const count = Math.min(piece.length, length - at);
        for (let i = 0; i < count; i++) buffer[at + i] = piece[i]!;
        break;
      }
      case 13: { // A range of another entry between.
        const other = this.#pick(this.#below(4) === 0 ? pool : corpus);
        const from = this.#below(other.length + 1);
        this.#insert(
          other,
          at,
          from,
          from + this.#span(other.length - from),
        );
        break;
      }
      default: { // The head of this one, the tail of another.
        const other = this.#pick(this.#below(8) === 0 ? pool : corpus);
        const from = this.#below(2) === 0
          ? Math.min(at, other.length)
          : this.#below(other.length + 1);
        this.#length = at;
        this.#insert(other, at, from);
      }
    }
  }

  #run(at: number): void {
    const count = 1 + this.#below(LONGEST_RUN);
    if (!this.#open(at, count)) return;
    const kind = this.#below(3);
    const byte = kind === 0
      ? this.#next() & 0xff
      : BYTES[this.#below(BYTES.length)]!;
    for (let i = at; i < at + count; i++) {
      this.buffer[i] = kind === 2 ? this.#next() : byte;
    }
  }

  #insert(
    from: Uint8Array,
    at: number,
    start = 0,
    end: number = from.length,
  ): void {
    if (!this.#open(at, end - start)) return;
    for (let i = start; i < end; i++) this.buffer[at + i - start] = from[i]!;
  }

  /** Makes room for `count` bytes at `at`, if there is. */
  #open(at: number, count: number): boolean {
    if (count > this.buffer.length - this.#length) return false;
    this.buffer.copyWithin(at + count, at, this.#length);
    this.#length += count;
    return true;
  }

  #cut(start: number, end: number): void {
    this.buffer.copyWithin(start, end, this.#length);
    this.#length -= end - start;
  }

  #pick(entries: readonly Uint8Array[]): Uint8Array {
    const { length } = entries;
    // The newest quarter, in a corpus that grows, is where there is more to find.
    const first = this.#below(4) === 0 ? length - (length >>> 2) : 0;
    return entries[first < length ? first + this.#below(length - first) : 0]!;
  }

  /** A length, short more often than not. */
  #span(most: number): number {
    return Math.min(most, 1 + this.#below(this.#below(4) === 0 ? most + 1 : 8));
  }

  #below(limit: number): number {
    return this.#next() % limit;
  }

  /** A counter and the last step of MurmurHash3 (Austin Appleby): seeded in no time. */
  #next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let x = this.#state;
    x = Math.imul(x ^ (x >>> 16), 0x85eb_ca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2_ae35);
    return (x ^ (x >>> 16)) >>> 0;
  }
}

/** The varint of a number, which may be larger than what is allowed. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

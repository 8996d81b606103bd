import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../../../core/mod.ts";
import { ByteWriter } from "../../../protocol/mod.ts";
import { BitPacker } from "./_bit_packer.ts";
import { BitUnpacker } from "./_bit_unpacker.ts";
import { MAX_SYMBOLS, PrefixCode } from "./_prefix_code.ts";

const SYMBOL_BITS = 8;

/** What the code of a message is, as its bytes tell. */
interface Told {
  readonly isFlat: boolean;
  /** The length of each symbol's code, 0 for none, up to the last that has one. */
  readonly lengths: readonly number[];
}

function finished(packer: BitPacker): Uint8Array {
  const writer = new ByteWriter();
  packer.finish(writer);
  assert(writer.ok);
  return writer.toBytes();
}

/** Writes the code for symbols and the symbols. */
function written(size: number, symbols: readonly number[]): Uint8Array {
  const code = new PrefixCode(size);
  for (const symbol of symbols) code.counts[symbol]!++;
  const packer = new BitPacker();
  packer.reserve(1_024 + symbols.length * SYMBOL_BITS);
  code.write(packer);
  for (const symbol of symbols) code.put(packer, symbol);
  return finished(packer);
}

function read(size: number, bytes: Uint8Array, count: number): number[] {
  const unpacker = new BitUnpacker(1_024);
  unpacker.reset(bytes, 0, bytes.length);
  const code = new PrefixCode(size);
  assert(code.read(unpacker));
  const symbols = Array.from({ length: count }, () => code.take(unpacker));
  assert(!unpacker.isPastEnd && unpacker.isPadded());
  assertEquals(unpacker.nextByte, bytes.length);
  return symbols;
}

function told(bytes: Uint8Array): Told {
  const unpacker = new BitUnpacker(1_024);
  unpacker.reset(bytes, 0, bytes.length);
  if (unpacker.take(1) === 0) return { isFlat: true, lengths: [] };
  const count = unpacker.take(6) + 1;
  const lengths = Array.from(
    { length: count },
    () => unpacker.take(1) === 0 ? 0 : unpacker.take(3) + 1,
  );
  return { isFlat: false, lengths };
}

function repeated(counts: readonly number[]): number[] {
  return counts.flatMap((count, symbol) =>
    new Array<number>(count).fill(symbol)
  );
}

/** The share of all codes that lengths take: 1 if there is none to spare. */
function spaceOf(lengths: readonly number[]): number {
  return lengths.reduce((sum, it) => it === 0 ? sum : sum + 2 ** -it, 0);
}

/** What Huffman's code takes without a limit: all sums of two that are merged. */
function leastBits(counts: readonly number[]): number {
  const weights = counts.filter((it) => it > 0);
  let bits = weights.length === 1 ? weights[0]! : 0;
  while (weights.length > 1) {
    weights.sort((a, b) => b - a);
    const sum = weights.pop()! + weights.pop()!;
    bits += sum;
    weights.push(sum);
  }
  return bits;
}

Deno.test("PrefixCode gives back the symbols that it was given", () => {
  for (let seed = 0; seed < 300; seed++) {
    const random = new SeededRandom(seed);
    const size = 2 + random.nextU32() % (MAX_SYMBOLS - 1);
    const steepness = 1 + random.nextU32() % 5;
    const symbols = Array.from(
      { length: random.nextU32() % 2_000 },
      () => Math.floor(random.nextFloat() ** steepness * size),
    );
    const bytes = written(size, symbols);
    assertEquals(read(size, bytes, symbols.length), symbols, `seed ${seed}`);
  }
});

Deno.test("PrefixCode leaves no code to spare, and takes the fewest bits there are", () => {
  let own = 0;
  for (let seed = 0; seed < 300; seed++) {
    const random = new SeededRandom(seed);
    const size = 2 + random.nextU32() % (MAX_SYMBOLS - 1);
    const counts = Array.from(
      { length: size },
      () => random.nextU32() % 3 === 0 ? 0 : random.nextU32() % 200,
    );
    const { isFlat, lengths } = told(written(size, repeated(counts)));
    if (isFlat || lengths.filter((it) => it > 0).length < 2) continue;
    own++;
    assertEquals(spaceOf(lengths), 1, `seed ${seed}`);
    const bits = lengths.reduce((sum, it, i) => sum + it * counts[i]!, 0);
    const least = leastBits(counts);
    assert(
      Math.max(...lengths) < 8 ? bits === least : bits <= least * 1.02,
      `seed ${seed}: ${bits} bits instead of ${least}`,
    );
  }
  assert(own > 100);
});

Deno.test("PrefixCode cuts the codes of Fibonacci's counts at 8 bits", () => {
  // Huffman's own code for them has a length more with each.
  for (let used = 9; used <= 18; used++) {
    for (const isRising of [true, false]) {
      const counts = [1, 1];
      while (counts.length < used) {
        counts.push(counts.at(-1)! + counts.at(-2)!);
      }
      if (!isRising) counts.reverse();
      const symbols = repeated(counts);
      const bytes = written(used, symbols);
      const { isFlat, lengths } = told(bytes);
      assert(!isFlat);
      assertEquals(Math.max(...lengths), 8);
      assertEquals(spaceOf(lengths), 1);
      // The more frequent is never longer.
      const order = isRising ? lengths : lengths.toReversed();
      for (let i = 1; i < used; i++) assert(order[i]! <= order[i - 1]!);
      assertEquals(read(used, bytes, symbols.length), symbols);
    }
  }
});

Deno.test("PrefixCode holds all symbols that there can be at 8 bits", () => {
  const counts = Array.from(
    { length: MAX_SYMBOLS },
    (_, i) => i < 60 ? 1 : 9e3,
  );
  const bytes = written(MAX_SYMBOLS, repeated(counts));
  const { isFlat, lengths } = told(bytes);
  assert(!isFlat);
  assertEquals(spaceOf(lengths), 1);
  assertEquals(
    read(MAX_SYMBOLS, bytes, repeated(counts).length),
    repeated(counts),
  );
});

Deno.test("PrefixCode gives a single symbol a bit, which is 0", () => {
  const symbols = new Array<number>(64).fill(5);
  const bytes = written(17, symbols);
  assertEquals(told(bytes), {
    isFlat: false,
    lengths: [0, 0, 0, 0, 0, 1],
  });
  // 1 bit, 6 bits, five and one that tell which are used, 3 bits, and the symbols.
  assertEquals(bytes.length, Math.ceil((1 + 6 + 6 + 3 + 64) / 8));
  assertEquals(read(17, bytes, 64), symbols);
  // The other bit means nothing.
  bytes[2] = 0xff;
  const unpacker = new BitUnpacker(64);
  unpacker.reset(bytes, 0, bytes.length);
  const code = new PrefixCode(17);
  assert(code.read(unpacker));
  assertEquals(code.take(unpacker), -1);
});

Deno.test("PrefixCode is flat where a table would not pay", () => {
  for (const symbols of [[], [3], [0, 1, 2, 3, 4], repeated([3, 3, 3, 3])]) {
    const bytes = written(5, symbols);
    assertEquals(told(bytes).isFlat, true);
    assertEquals(bytes.length, Math.ceil((1 + 3 * symbols.length) / 8));
    assertEquals(read(5, bytes, symbols.length), symbols);
  }
  // What is beyond the symbols is none.
  const unpacker = new BitUnpacker(64);
  unpacker.reset(new Uint8Array([5 << 1]), 0, 1);
  const code = new PrefixCode(5);
  assert(code.read(unpacker));
  assertEquals(code.take(unpacker), -1);
});

Deno.test("PrefixCode.read takes complete codes only", () => {
  const packer = new BitPacker();
  const unpacker = new BitUnpacker(1_024);
  function isRead(lengths: readonly number[], size = 17): boolean {
    packer.reset();
    packer.put(1, 1);
    packer.put(lengths.length - 1, 6);
    for (const length of lengths) {
      if (length === 0) packer.put(0, 1);
      else packer.put((length - 1) << 1 | 1, 4);
    }
    const bytes = finished(packer);
    unpacker.reset(bytes, 0, bytes.length);
    return new PrefixCode(size).read(unpacker);
  }
  assert(isRead([1, 1]));
  assert(isRead([0, 1]));
  assert(isRead([2, 2, 0, 1]));
  assert(isRead([8, 8, 7, 6, 5, 4, 3, 2, 1]));
  // Too few, too many.
  assert(!isRead([2]));
  assert(!isRead([1, 2]));
  assert(!isRead([1, 1, 8]));
  assert(!isRead([1, 1, 1]));
  assert(!isRead([0, 0]));
  // Symbols at the end that are not used, or that there are not.
  assert(!isRead([1, 1, 0]));
  assert(!isRead([2, 2, 2, 2], 3));
});

Deno.test("PrefixCode is made anew for each message", () => {
  const code = new PrefixCode(17);
  const packer = new BitPacker();
  const unpacker = new BitUnpacker(1_024);
  for (let seed = 0; seed < 50; seed++) {
    const random = new SeededRandom(seed);
    const from = random.nextU32() % 17;
    const symbols = Array.from(
      { length: random.nextU32() % 100 },
      () => from + random.nextU32() % (17 - from),
    );
    code.counts.fill(0);
    for (const symbol of symbols) code.counts[symbol]!++;
    packer.reset();
    packer.reserve(2_048);
    code.write(packer);
    for (const symbol of symbols) code.put(packer, symbol);
    const bytes = finished(packer);
    unpacker.reset(bytes, 0, bytes.length);
    assert(code.read(unpacker));
    for (const symbol of symbols) assertEquals(code.take(unpacker), symbol);
  }
});

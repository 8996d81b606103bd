import { assert, assertEquals, assertThrows } from "@std/assert";
import lz4js from "lz4js";
import { SeededRandom } from "../core/mod.ts";
import { decompressLz4, Lz4Compressor } from "./lz4.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const GUARD = 0xa5;

/** What games send, and what compressors stumble over. */
const shapes: Record<
  string,
  (length: number, random: SeededRandom) => Uint8Array
> = {
  zeros: (length) => new Uint8Array(length),
  noise: (length, random) => {
    const bytes = new Uint8Array(length);
    random.fill(bytes);
    return bytes;
  },
  text: (length, random) => {
    const words = [
      "player",
      "entity",
      "position",
      "moved",
      "to",
      "the",
      "gate",
    ];
    let text = "";
    while (text.length < length) {
      text += `${words[random.nextU32() % words.length]} `;
    }
    return new TextEncoder().encode(text.slice(0, length));
  },
  "few values": (length, random) =>
    Uint8Array.from({ length }, () => random.nextU32() % 3),
  records: (length, random) =>
    Uint8Array.from(
      { length },
      (_, i) => i % 16 < 12 ? i % 16 : random.nextU32() & 0xff,
    ),
  "one pattern": (length, random) => {
    const pattern = new Uint8Array(1 + random.nextU32() % 100);
    random.fill(pattern);
    return Uint8Array.from({ length }, (_, i) => pattern[i % pattern.length]!);
  },
};

const lengths: readonly number[] = [
  ...Array.from({ length: 21 }, (_, length) => length),
  ...[63, 64, 65, 254, 255, 256, 269, 270, 271, 300, 1200, 4096, 65_535],
  ...[65_536, 70_000, 140_000],
];

function* samples(): Generator<[name: string, bytes: Uint8Array]> {
  const random = new SeededRandom(2024);
  for (const [name, make] of Object.entries(shapes)) {
    for (const length of lengths) {
      yield [`${length} of ${name}`, make(length, random)];
    }
  }
}

/** The most bytes that a block of `length` bytes may take. */
function bound(length: number): number {
  return length + Math.ceil(length / 255) + 16;
}

function compress(
  source: Uint8Array,
  compressor: Lz4Compressor = new Lz4Compressor(),
): Uint8Array<ArrayBuffer> {
  const target = new Uint8Array(bound(source.length));
  const length = compressor.compress(
    source,
    0,
    source.length,
    target,
    0,
    target.length,
  );
  assert(length >= 0);
  return target.slice(0, length);
}

/** Decompresses amid guard bytes, which must be left alone. */
function decompress(
  block: Uint8Array,
  maxBytes: number,
): Uint8Array | undefined {
  const target = new Uint8Array(maxBytes + 20).fill(GUARD);
  const written = decompressLz4(
    block,
    0,
    block.length,
    target,
    10,
    10 + maxBytes,
  );
  for (let i = 0; i < 10; i++) {
    assertEquals(target[i], GUARD);
    assertEquals(target[10 + maxBytes + i], GUARD);
  }
  assert(written >= -1 && written <= maxBytes);
  return written < 0 ? undefined : target.subarray(10, 10 + written);
}

/** A block by the letter of the format description, a byte at a time. */
function model(block: Uint8Array, maxBytes: number): number[] | undefined {
  const out: number[] = [];
  let at = 0;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble < 15) return length;
    for (let more = 255; more === 255; length += more) {
      more = block[at++] ?? NaN;
    }
    return length;
  };
  while (at < block.length) {
    const token = block[at++]!;
    const literals = lengthOf(token >>> 4);
    if (!(at + literals <= block.length)) return undefined;
    for (let i = 0; i < literals; i++) out.push(block[at++]!);
    if (out.length > maxBytes) return undefined;
    if (at === block.length) return out;
    const distance = block[at++]! + 256 * (block[at++] ?? NaN);
    if (!(distance >= 1 && distance <= out.length)) return undefined;
    const length = lengthOf(token & 15) + 4;
    if (!(out.length + length <= maxBytes)) return undefined;
    for (let i = 0; i < length; i++) out.push(out[out.length - distance]!);
  }
  return undefined;
}

/** Where each match of a block begins in the plain bytes, and the last one ends. */
function matchesOf(block: Uint8Array): { starts: number[]; end: number } {
  const starts: number[] = [];
  let at = 0;
  let out = 0;
  let end = 0;
  const lengthOf = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15) {
      do length += block[at]!; while (block[at++] === 255);
    }
    return length;
  };
  while (true) {
    const token = block[at++]!;
    const literals = lengthOf(token >>> 4);
    at += literals;
    out += literals;
    if (at === block.length) {
      // No match follows, so its half of the token is unused.
      assertEquals(token & 15, 0);
      return { starts, end };
    }
    at += 2;
    starts.push(out);
    out += lengthOf(token & 15) + 4;
    end = out;
  }
}

Deno.test("decompressLz4() returns what Lz4Compressor compressed", () => {
  const compressor = new Lz4Compressor();
  for (const [name, source] of samples()) {
    const block = compress(source, compressor);
    assertEquals([name, decompress(block, source.length)], [name, source]);
    // With room to spare, nothing else happens.
    assertEquals(decompress(block, source.length + 7), source);
    if (source.length === 0) continue;
    assertEquals(decompress(block, source.length - 1), undefined);
  }
});

Deno.test("lz4js decompresses what Lz4Compressor compressed", () => {
  const compressor = new Lz4Compressor();
  for (const [name, source] of samples()) {
    const block = compress(source, compressor);
    const target = new Uint8Array(source.length);
    const end = lz4js.decompressBlock(block, target, 0, block.length, 0);
    assertEquals([name, end, target], [name, source.length, source]);
  }
});

Deno.test("decompressLz4() decompresses what lz4js compressed", () => {
  let blocks = 0;
  for (const [name, source] of samples()) {
    const target = new Uint8Array(bound(source.length));
    const table = new Uint32Array(65_536);
    const length = lz4js.compressBlock(source, target, 0, source.length, table);
    // It makes no block of what has no match.
    if (length === 0) continue;
    blocks++;
    const block = target.subarray(0, length);
    assertEquals([name, decompress(block, source.length)], [name, source]);
  }
  assert(blocks > 60, `only ${blocks} blocks`);
});

Deno.test("Lz4Compressor.compress() makes smaller what can be", () => {
  const random = new SeededRandom(3);
  for (const [shape, most] of [["zeros", 15], ["text", 600]] as const) {
    const block = compress(shapes[shape]!(1200, random));
    assert(block.length <= most, `${shape}: ${block.length}`);
  }
});

Deno.test("Lz4Compressor.compress() obeys the rules for the end of a block", () => {
  for (const [name, source] of samples()) {
    const { starts, end } = matchesOf(compress(source));
    if (starts.length === 0) continue;
    assert(end <= source.length - 5, `${name}: the last match ends at ${end}`);
    const last = starts.at(-1)!;
    assert(last <= source.length - 12, `${name}: the last one is at ${last}`);
  }
});

Deno.test("Lz4Compressor.compress() returns -1 just where a block does not fit", () => {
  const compressor = new Lz4Compressor();
  const random = new SeededRandom(5);
  for (const [shape, make] of Object.entries(shapes)) {
    const source = make(400, random);
    const { length } = compress(source);
    for (let room = 0; room <= length + 1; room++) {
      const target = new Uint8Array(room + 20).fill(GUARD);
      const written = compressor.compress(
        source,
        0,
        400,
        target,
        10,
        10 + room,
      );
      assertEquals([shape, room, written], [
        shape,
        room,
        room < length ? -1 : length,
      ]);
      for (let i = 0; i < 10; i++) {
        assertEquals([target[i], target[10 + room + i]], [GUARD, GUARD]);
      }
    }
  }
});

Deno.test("Lz4Compressor.compress() looks at nothing outside of its range", () => {
  const compressor = new Lz4Compressor();
  const random = new SeededRandom(6);
  for (const [shape, make] of Object.entries(shapes)) {
    const source = make(300, random);
    const block = compress(source);
    for (const filling of [0, 0xff]) {
      const outer = new Uint8Array(900).fill(filling);
      // The same before and after: a match with it would be shorter.
      outer.set(source, 0);
      outer.set(source, 300);
      outer.set(source, 600);
      const target = new Uint8Array(bound(300));
      const length = compressor.compress(
        outer,
        300,
        600,
        target,
        0,
        target.length,
      );
      assertEquals([shape, target.subarray(0, length)], [shape, block]);
    }
  }
});

Deno.test("Lz4Compressor.compress() gives the same after whatever came before", () => {
  const compressor = new Lz4Compressor();
  const random = new SeededRandom(7);
  const source = shapes["text"]!(1200, random);
  const block = compress(source);
  const empty = new Uint8Array(0);
  const target = new Uint8Array(1300);
  // Positions are counted on from call to call, until they fill 31 bits: after
  // 32767 calls or less, they begin anew.
  for (let call = 0; call < 33_000; call++) {
    if (call < 100 || call > 32_000) {
      const length = compressor.compress(source, 0, 1200, target, 0, 1300);
      assertEquals([call, target.subarray(0, length)], [call, block]);
    }
    compressor.compress(empty, 0, 0, target, 0, 1);
  }
});

Deno.test("decompressLz4() follows the format description", () => {
  const run = (length: number): number[] => new Array(length).fill(120);
  const table: [name: string, block: number[], text: string | undefined][] = [
    ["no literals at all", [0x00], ""],
    ["a literal", [0x10, 97], "a"],
    ["14 literals", [0xe0, ...run(14)], "x".repeat(14)],
    ["15 literals", [0xf0, 0, ...run(15)], "x".repeat(15)],
    ["269 literals", [0xf0, 254, ...run(269)], "x".repeat(269)],
    ["270 literals", [0xf0, 255, 0, ...run(270)], "x".repeat(270)],
    ["a match of 4", [0x40, 97, 98, 99, 100, 4, 0, 0x10, 33], "abcdabcd!"],
    ["a match of 18", [0x1e, 97, 1, 0, 0x10, 33], `${"a".repeat(19)}!`],
    ["a match of 19", [0x1f, 97, 1, 0, 0, 0x10, 33], `${"a".repeat(20)}!`],
    [
      "a match of 274",
      [0x1f, 97, 1, 0, 255, 0, 0x10, 33],
      `${"a".repeat(275)}!`,
    ],
    [
      "a match with what it writes",
      [0x22, 104, 97, 2, 0, 0x10, 33],
      "hahahaha!",
    ],
    ["a match from the beginning", [0x30, 97, 98, 99, 3, 0, 0x00], "abcabca"],
    [
      "two matches",
      [0x20, 97, 98, 2, 0, 0x12, 99, 7, 0, 0x10, 33],
      "abababcabababc".slice(0, 7) + "ababab!",
    ],
    ["the end without five literals", [0x10, 97, 1, 0, 0x00], "aaaaa"],
    ["a match length that nothing uses", [0x1f, 97], "a"],
    ["nothing", [], undefined],
    ["literals cut", [0x20, 97], undefined],
    ["length of literals cut", [0xf0], undefined],
    ["length of literals cut later", [0xf0, 255], undefined],
    ["distance missing by a byte", [0x10, 97, 1], undefined],
    ["distance 0", [0x10, 97, 0, 0, 0x10, 33], undefined],
    ["distance beyond the beginning", [0x10, 97, 2, 0, 0x10, 33], undefined],
    ["a match before anything", [0x00, 1, 0, 0x10, 33], undefined],
    ["length of a match cut", [0x1f, 97, 1, 0], undefined],
    ["length of a match cut later", [0x1f, 97, 1, 0, 255], undefined],
    ["a match at the end", [0x10, 97, 1, 0], undefined],
  ];
  for (const [name, bytes, text] of table) {
    const block = Uint8Array.from(bytes);
    const plain = decompress(block, 300);
    assertEquals(
      [name, plain && new TextDecoder().decode(plain)],
      [name, text],
    );
    const expected = model(block, 300);
    assertEquals([name, plain && [...plain]], [name, expected]);
  }
});

Deno.test("decompressLz4() takes distances of up to 65535", () => {
  for (const distance of [65_534, 65_535]) {
    const literals = new Uint8Array(distance);
    new SeededRandom(8).fill(literals);
    const more = distance - 15;
    const block = Uint8Array.from([
      0xf0,
      ...new Array(Math.floor(more / 255)).fill(255),
      more % 255,
      ...literals,
      distance & 0xff,
      distance >>> 8,
      0x10,
      7,
    ]);
    const plain = decompress(block, 70_000)!;
    assertEquals(plain.length, distance + 5);
    assertEquals(plain.subarray(distance, distance + 4), literals.slice(0, 4));
  }
});

Deno.test("decompressLz4() refuses every block that is cut, or gives what is whole of it", () => {
  const random = new SeededRandom(9);
  for (const [shape, make] of Object.entries(shapes)) {
    const source = make(500, random);
    const block = compress(source);
    for (let end = 0; end < block.length; end++) {
      const plain = decompress(block.subarray(0, end), 500);
      // After literals, a block may end.
      if (plain === undefined) continue;
      assert(plain.length < 500, shape);
      assertEquals(plain, source.subarray(0, plain.length));
    }
  }
});

Deno.test("decompressLz4() does with damaged blocks what the format says", () => {
  const random = new SeededRandom(10);
  const compare = (block: Uint8Array): void => {
    const plain = decompress(block, 400);
    const expected = model(block, 400);
    assertEquals(plain && [...plain], expected);
  };
  for (const make of Object.values(shapes)) {
    const block = compress(make(300, random));
    for (let bit = 0; bit < block.length * 8; bit++) {
      block[bit >>> 3]! ^= 1 << (bit & 7);
      compare(block);
      block[bit >>> 3]! ^= 1 << (bit & 7);
    }
  }
  for (let run = 0; run < (IS_SOAK ? 1_000_000 : 20_000); run++) {
    const block = new Uint8Array(random.nextU32() % 40);
    random.fill(block);
    // Small distances, or nearly every one would be too large.
    for (let i = 0; i < block.length; i++) {
      if (random.nextU32() % 2 === 0) block[i]! &= 0x13;
    }
    compare(block);
  }
});

Deno.test("decompressLz4() reads nothing outside of its range", () => {
  const random = new SeededRandom(11);
  const block = compress(shapes["text"]!(300, random));
  for (let end = 0; end <= block.length; end++) {
    const results = [0, 0xff].map((filling) => {
      const outer = new Uint8Array(block.length + 40).fill(filling);
      outer.set(block.subarray(0, end), 20);
      // What lies before the target's range must not be matched either.
      const target = new Uint8Array(400).fill(filling);
      const written = decompressLz4(outer, 20, 20 + end, target, 50, 350);
      return written < 0 ? written : [...target.subarray(50, 50 + written)];
    });
    assertEquals(results[0], results[1]);
  }
  // The distance reaches into the target, but not into what this block wrote.
  const target = new Uint8Array(100);
  const far = Uint8Array.from([0x10, 97, 2, 0, 0x10, 33]);
  assertEquals(decompressLz4(far, 0, 6, target, 50, 100), -1);
});

Deno.test("decompressLz4() gives up as soon as a block is too much", () => {
  const maxBytes = 1000;
  for (const head of [[0x1f, 97, 1, 0], [0xf0]]) {
    const bomb = new Uint8Array(2 ** 24).fill(0xff);
    bomb.set(head);
    // A bomb read to its end would take minutes here.
    for (let run = 0; run < 10_000; run++) {
      const target = new Uint8Array(maxBytes);
      assertEquals(
        decompressLz4(bomb, 0, bomb.length, target, 0, maxBytes),
        -1,
      );
    }
    assertEquals(decompress(bomb, maxBytes), undefined);
  }
});

Deno.test("Lz4Compressor.compress() and decompressLz4() refuse ranges outside of the bytes", () => {
  const bytes = new Uint8Array(10);
  const compressor = new Lz4Compressor();
  for (
    const [start, end] of [
      ...[[-1, 2], [2, 1], [0, 11], [0.5, 2], [NaN, 2], [0, NaN], [
        0,
        Infinity,
      ]],
    ] as [number, number][]
  ) {
    for (
      const call of [
        () => compressor.compress(bytes, start, end, bytes, 0, 10),
        () => compressor.compress(bytes, 0, 10, bytes, start, end),
        () => decompressLz4(bytes, start, end, bytes, 0, 10),
        () => decompressLz4(bytes, 0, 10, bytes, start, end),
      ]
    ) {
      assertThrows(call, RangeError, "0 <= start <= end <= 10 must hold");
    }
  }
});

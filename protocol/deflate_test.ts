import { assert, assertEquals } from "@std/assert";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { SeededRandom } from "../core/mod.ts";
import { deflateRaw, inflateRaw, inflateRawWithin } from "./deflate.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 10_000 : 1_000;
const MAX_BYTES = 6_000;
const GUARD = 0xa5;

/** Bytes with something to find in them: few values, repeats, text, noise, zeros. */
function sample(random: SeededRandom): Uint8Array {
  const bytes = new Uint8Array(random.nextU32() % 3_000);
  const shape = random.nextU32() % 5;
  for (let i = 0; i < bytes.length; i++) {
    const word = random.nextU32();
    if (shape === 0) bytes[i] = word;
    else if (shape === 1) bytes[i] = word % 4;
    else if (shape === 2) bytes[i] = bytes[i - 1 - word % 200] ?? word % 20;
    else if (shape === 3) bytes[i] = 97 + (word % 8) * (word % 5);
  }
  return bytes;
}

/** One stream, of whatever kind of blocks zlib makes. */
function deflated(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  return new Uint8Array(deflateRawSync(bytes, {
    level: random.nextU32() % 10,
    strategy: random.nextU32() % 5,
    // Below that blocks have less than a kilobyte, and too many would come.
    memLevel: 5 + random.nextU32() % 5,
  }));
}

/** What zlib makes of a stream that has to end where the bytes do. */
function zlibInflates(stream: Uint8Array): Uint8Array | undefined {
  try {
    const { buffer, engine } = inflateRawSync(stream, {
      info: true,
      maxOutputLength: MAX_BYTES,
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
    if (engine.bytesWritten !== stream.length) return undefined;
    return new Uint8Array(buffer);
  } catch {
    return undefined;
  }
}

function inflates(
  stream: Uint8Array,
  maxBytes: number = MAX_BYTES,
): Uint8Array | undefined {
  const outer = new Uint8Array(maxBytes + 20).fill(GUARD);
  const written = inflateRaw(stream, outer.subarray(10, 10 + maxBytes));
  assert(written >= -1 && written <= maxBytes);
  for (let i = 0; i < 10; i++) {
    assertEquals([outer[i], outer[10 + maxBytes + i]], [GUARD, GUARD]);
  }
  return written < 0 ? undefined : outer.slice(10, 10 + written);
}

Deno.test("inflateRaw() inflates what zlib deflated, in just its bytes", () => {
  const random = new SeededRandom(21);
  for (let run = 0; run < RUNS; run++) {
    const bytes = sample(random);
    const stream = deflated(bytes, random);
    assertEquals([run, inflates(stream, bytes.length)], [run, bytes]);
    if (bytes.length === 0) continue;
    assertEquals(inflates(stream, bytes.length - 1), undefined);
  }
});

Deno.test("inflateRaw() inflates what deflateRaw() deflated", async () => {
  const random = new SeededRandom(22);
  for (let run = 0; run < 50; run++) {
    const bytes = sample(random);
    const copy = bytes.slice();
    const promise = deflateRaw(bytes);
    // The bytes may be reused at once.
    bytes.fill(0);
    const stream = await promise;
    assertEquals(inflates(stream, copy.length), copy);
    assertEquals(new Uint8Array(inflateRawSync(stream)), copy);
  }
});

Deno.test("inflateRaw() refuses each stream that is cut, and one with more behind it", () => {
  const random = new SeededRandom(23);
  for (let run = 0; run < 10; run++) {
    const stream = deflated(sample(random), random);
    for (let end = 0; end < stream.length; end++) {
      assertEquals([run, end, inflates(stream.subarray(0, end))], [
        run,
        end,
        undefined,
      ]);
    }
    for (const more of [1, 2, 100]) {
      const longer = new Uint8Array(stream.length + more);
      longer.set(stream);
      assertEquals([run, more, inflates(longer)], [run, more, undefined]);
    }
  }
});

Deno.test("inflateRaw() makes of damaged streams what zlib makes of them", () => {
  const random = new SeededRandom(24);
  let accepted = 0;
  let refused = 0;
  for (let run = 0; run < RUNS; run++) {
    const stream = deflated(sample(random), random);
    for (let mutant = 0; mutant < 10; mutant++) {
      const bytes = stream.slice();
      // Half of them where the codes are.
      const reach = mutant < 5 ? Math.min(40, bytes.length) : bytes.length;
      for (let flips = 1 + random.nextU32() % 2; flips > 0; flips--) {
        bytes[random.nextU32() % reach]! ^= 1 << random.nextU32() % 8;
      }
      const plain = inflates(bytes);
      assertEquals([run, mutant, plain], [run, mutant, zlibInflates(bytes)]);
      if (plain === undefined) refused++;
      else accepted++;
    }
  }
  assert(accepted > RUNS && refused > RUNS, `${accepted}, ${refused}`);
});

Deno.test("inflateRaw() makes of random bytes what zlib makes of them", () => {
  const random = new SeededRandom(25);
  for (let run = 0; run < RUNS * 3; run++) {
    const bytes = new Uint8Array(random.nextU32() % 60);
    random.fill(bytes);
    // The last block, stored, fixed or with codes of its own.
    if (bytes.length > 0) bytes[0] = bytes[0]! & 0xf8 | run % 8;
    assertEquals([run, inflates(bytes)], [run, zlibInflates(bytes)]);
  }
});

Deno.test("inflateRaw() stops a bomb at the end of its target", () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 26)));
  // Inflated to their end, these would take minutes.
  for (let run = 0; run < 2_000; run++) {
    assertEquals(inflateRaw(bomb, new Uint8Array(1_000)), -1);
  }
});

/** So many stored blocks of so many zeros each, the last of them marked as such. */
function stored(blocks: number, byteCount: number): Uint8Array {
  const bytes = new Uint8Array(blocks * (5 + byteCount));
  const high = byteCount >> 8;
  for (let at = 0; at < bytes.length; at += 5 + byteCount) {
    bytes.set([0, byteCount, high, ~byteCount, ~high], at);
  }
  bytes[bytes.length - 5 - byteCount] = 1;
  return bytes;
}

Deno.test("inflateRaw() refuses empty blocks without end", () => {
  const blocks = stored(2 ** 16, 0);
  assertEquals(inflates(blocks), undefined);
  blocks[blocks.length - 5] = 0;
  assertEquals(inflates(blocks), undefined);
});

Deno.test("inflateRaw() takes 17 blocks, and one more for each 1024 bytes", () => {
  assertEquals(inflates(stored(17, 0)), new Uint8Array(0));
  assertEquals(inflates(stored(18, 0)), undefined);
  for (const blocks of [18, 30, 100]) {
    // Those before the last have just enough.
    const byteCount = Math.ceil((blocks - 17) * 1_024 / (blocks - 1));
    const length = blocks * byteCount;
    const plain = inflates(stored(blocks, byteCount), length);
    assertEquals([blocks, plain], [blocks, new Uint8Array(length)]);
    assertEquals(inflates(stored(blocks, byteCount - 1), length), undefined);
  }
});

Deno.test("inflateRaw() takes what encoders make of large inputs", async () => {
  const random = new SeededRandom(26);
  const bytes = new Uint8Array(2 ** 20);
  random.fill(bytes);
  // Noise, few values, runs and copies by turns.
  for (let i = 0; i < bytes.length; i++) {
    const shape = i >>> 13 & 3;
    if (shape === 1) bytes[i]! &= 7;
    else if (shape === 2) bytes[i] = i >>> 6;
    else if (shape === 3) bytes[i] = bytes[i - 3_000]!;
  }
  const streams = [await deflateRaw(bytes)];
  for (const level of [0, 1, 6, 9]) {
    for (const strategy of [0, 2, 3, 4]) {
      for (const memLevel of [5, 8]) {
        const options = { level, strategy, memLevel };
        streams.push(new Uint8Array(deflateRawSync(bytes, options)));
      }
    }
  }
  for (const stream of streams) {
    assertEquals(inflateRawWithin(stream, bytes.length), bytes);
  }
});

Deno.test("inflateRawWithin() gives what inflateRaw() does, or says why not", () => {
  const random = new SeededRandom(27);
  for (let run = 0; run < RUNS; run++) {
    const bytes = sample(random);
    const stream = deflated(bytes, random);
    for (const maxBytes of [bytes.length, 1e6]) {
      const within = inflateRawWithin(stream, maxBytes);
      assertEquals([run, within], [run, bytes]);
    }
    if (bytes.length > 0) {
      assertEquals(inflateRawWithin(stream, bytes.length - 1), "tooLong");
    }
    const cut = stream.subarray(0, -1);
    for (const maxBytes of [bytes.length, 1e6]) {
      assertEquals([run, inflateRawWithin(cut, maxBytes)], [run, "corrupt"]);
    }
  }
});

Deno.test("inflateRawWithin() takes no more memory than a stream becomes, thrice", () => {
  const stream = deflateRawSync(new Uint8Array(100_000));
  const bytes = inflateRawWithin(stream, 2 ** 30);
  assertEquals(bytes, new Uint8Array(100_000));
  assertEquals((bytes as Uint8Array).buffer.byteLength, 100_000);
  assertEquals(inflateRawWithin(stream.subarray(0, 20), 2 ** 30), "corrupt");
});

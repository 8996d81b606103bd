import { assert, assertEquals, assertRejects } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { gzip } from "./_testing/bodies.ts";
import { gunzip, type NextBytes } from "./gunzip.ts";

Deno.test("gunzip() gives what was compressed, in whatever pieces", async () => {
  for (const length of [0, 1, 2, 100, 65_535, 65_536, 300_000]) {
    for (const bytes of [randomBytes(length), recordedBytes(length)]) {
      const compressed = await gzip(bytes);
      for (const size of [1_000, 4_096, 70_000, Infinity]) {
        assertEquals(await gunzip(inPieces(compressed, size), length), bytes);
      }
    }
  }
});

Deno.test("gunzip() takes one byte at a time, and pieces of none", async () => {
  const bytes = recordedBytes(500);
  const compressed = await gzip(bytes);
  assertEquals(await gunzip(inPieces(compressed, 1), 500), bytes);
  let calls = 0;
  const next = inPieces(compressed, 7);
  assertEquals(
    await gunzip(
      () => calls++ % 2 === 0 ? Promise.resolve(new Uint8Array(0)) : next(),
      500,
    ),
    bytes,
  );
});

Deno.test("gunzip() takes as many bytes as are allowed, with room for however many at first", async () => {
  const bytes = recordedBytes(1_000);
  const compressed = await gzip(bytes);
  for (const firstBytes of [0, 1, 999, 1_000, 1_001, 100_000]) {
    for (const length of [0, 1, 999]) {
      const read = gunzip(inPieces(compressed, 100), length, firstBytes);
      assertEquals(await read, "tooLong");
    }
    for (const length of [1_000, 1_001, 100_000]) {
      const read = gunzip(inPieces(compressed, 100), length, firstBytes);
      assertEquals(await read, bytes);
    }
  }
});

Deno.test("gunzip() refuses every truncation", async () => {
  const bytes = recordedBytes(200);
  const compressed = await gzip(bytes);
  for (let length = 0; length < compressed.length; length++) {
    const cut = compressed.slice(0, length);
    assertEquals(await gunzip(inPieces(cut, 64), 200), "broken", `${length}`);
  }
});

Deno.test("gunzip() refuses every flipped bit, or gives the same bytes", async () => {
  const bytes = recordedBytes(100);
  const compressed = await gzip(bytes);
  let refused = 0;
  for (let bit = 0; bit < compressed.length * 8; bit++) {
    const broken = compressed.slice();
    broken[bit >> 3]! ^= 1 << (bit & 7);
    const read = await gunzip(inPieces(broken, Infinity), 100);
    if (typeof read === "string") refused++;
    // The header has a time and a name of the system, of which nothing depends.
    else assertEquals(read, bytes, `bit ${bit}`);
  }
  assert(refused > (compressed.length - 10) * 8 - 16, `${refused}`);
});

Deno.test("gunzip() refuses what is behind the end", async () => {
  const bytes = recordedBytes(100);
  const compressed = await gzip(bytes);
  for (const tail of [[0], [1, 2, 3], [...compressed]]) {
    for (const size of [1, 10, compressed.length, Infinity]) {
      const long = new Uint8Array([...compressed, ...tail]);
      assertEquals(await gunzip(inPieces(long, size), 100), "broken");
      assertEquals(await gunzip(inPieces(long, size), 200), "broken");
    }
  }
});

Deno.test("gunzip() stops reading a bomb", async () => {
  const bomb = await gzip(new Uint8Array(64 * 2 ** 20));
  let asked = 0;
  const next = inPieces(bomb, 1_024);
  const read = await gunzip(() => {
    asked++;
    return next();
  }, 10_000);
  assertEquals(read, "tooLong");
  // One slice gives a megabyte; what waits in the streams is a few of them.
  assert(asked <= 16, `${asked} of ${bomb.length / 1_024}`);
});

Deno.test("gunzip() rejects with what the source rejects with", async () => {
  const compressed = await gzip(recordedBytes(100_000));
  for (const pieces of [0, 1, 3]) {
    const next = inPieces(compressed, 1_000);
    let left = pieces;
    const error = await assertRejects(() =>
      gunzip(
        () => left-- > 0 ? next() : Promise.reject(new Error("disk")),
        100_000,
      )
    );
    assertEquals((error as Error).message, "disk");
  }
});

function inPieces(bytes: Uint8Array<ArrayBuffer>, size: number): NextBytes {
  let offset = 0;
  return () => {
    if (offset >= bytes.length) return Promise.resolve(undefined);
    return Promise.resolve(bytes.slice(offset, offset += size));
  };
}

/** Bytes that no compression makes shorter. */
function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  new SeededRandom(1).fill(bytes);
  return bytes;
}

/** Bytes as a game records them: a few values, most of them as the one before. */
function recordedBytes(length: number): Uint8Array<ArrayBuffer> {
  const random = new SeededRandom(1);
  const bytes = new Uint8Array(length);
  for (let i = 0, value = 0; i < length; i++) {
    if (random.nextU32() % 16 === 0) value = random.nextU32() % 256;
    bytes[i] = value;
  }
  return bytes;
}

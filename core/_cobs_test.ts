import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { decodeCobs, encodeCobs } from "./_cobs.ts";
import { SeededRandom } from "./random.ts";

function count(from: number, to: number): string {
  const bytes = Array.from({ length: to - from + 1 }, (_, i) => from + i);
  return encodeHex(new Uint8Array(bytes));
}

// The examples that are commonly given for the algorithm.
const VECTORS: readonly (readonly [string, string])[] = [
  ["", "01"],
  ["00", "0101"],
  ["0000", "010101"],
  ["001100", "01021101"],
  ["11220033", "0311220233"],
  ["11223344", "0511223344"],
  ["11000000", "0211010101"],
  [count(1, 254), `ff${count(1, 254)}01`],
  [`00${count(1, 254)}`, `01ff${count(1, 254)}01`],
  [count(1, 255), `ff${count(1, 254)}02ff`],
  [`${count(2, 255)}00`, `ff${count(2, 255)}0101`],
  [`${count(3, 255)}0001`, `fe${count(3, 255)}0201`],
];

Deno.test("encodeCobs() makes the bytes of the examples", () => {
  for (const [plain, encoded] of VECTORS) {
    assertEquals(encodeHex(encodeCobs(decodeHex(plain))), encoded);
  }
});

Deno.test("decodeCobs() reads the bytes of the examples", () => {
  for (const [plain, encoded] of VECTORS) {
    const decoded = decodeCobs(decodeHex(encoded));
    assertEquals(decoded && encodeHex(decoded), plain);
  }
});

Deno.test("decodeCobs() takes a full last block with or without an empty one", () => {
  const decoded = decodeCobs(decodeHex(`ff${count(1, 254)}`));
  assertEquals(decoded && encodeHex(decoded), count(1, 254));
});

Deno.test("decodeCobs() undoes encodeCobs(), which leaves no zero", () => {
  const random = new SeededRandom(1999);
  for (let i = 0; i < 2000; i++) {
    const bytes = new Uint8Array(random.nextU32() % 1100);
    random.fill(bytes);
    // Zeros from nowhere to everywhere, so that blocks of all lengths come up.
    const zeros = random.nextU32() % 300;
    for (let at = 0; at < bytes.length; at++) {
      if (bytes[at]! === 0) bytes[at] = 1;
      if (random.nextU32() % (zeros + 1) === 1) bytes[at] = 0;
    }
    const encoded = encodeCobs(bytes);
    assertEquals(encoded.includes(0), false);
    assertEquals(encoded.length <= bytes.length + bytes.length / 254 + 1, true);
    assertEquals(decodeCobs(encoded), bytes);
  }
});

Deno.test("decodeCobs() refuses what runs past the end or has a zero", () => {
  for (const hex of ["02", "0311", "ff11", "00", "0200", "021100", "0122"]) {
    const decoded = decodeCobs(decodeHex(hex));
    // A zero among the bytes of a block is for the caller to have split at.
    if (hex === "0200") assertEquals(decoded, new Uint8Array([0]));
    else assertEquals(decoded, undefined, hex);
  }
});

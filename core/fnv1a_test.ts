import { assertEquals } from "@std/assert";
import { Fnv1a64 } from "./fnv1a.ts";
import { SeededRandom } from "./random.ts";

// From the test suite of RFC 9923's authors.
const VECTORS: readonly (readonly [string, string])[] = [
  ["", "cbf29ce484222325"],
  ["a", "af63dc4c8601ec8c"],
  ["b", "af63df4c8601f1a5"],
  ["foobar", "85944171f73967e8"],
];

function reference(bytes: Uint8Array): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  }
  return hash.toString(16).padStart(16, "0");
}

Deno.test("Fnv1a64 gives the published hashes", () => {
  for (const [text, hex] of VECTORS) {
    const hash = new Fnv1a64();
    hash.update(new TextEncoder().encode(text));
    assertEquals([text, hash.hex()], [text, hex]);
    assertEquals(
      (BigInt(hash.high) << 32n | BigInt(hash.low)).toString(16),
      hex,
    );
  }
});

Deno.test("Fnv1a64.update() agrees with BigInt, wherever the bytes are cut", () => {
  const random = new SeededRandom(3);
  const hash = new Fnv1a64();
  for (let length = 0; length < 200; length++) {
    const bytes = new Uint8Array(length);
    random.fill(bytes);
    const cut = random.nextU32() % (length + 1);
    hash.reset();
    hash.update(bytes, 0, cut);
    hash.update(bytes, cut);
    assertEquals(hash.hex(), reference(bytes));
  }
});

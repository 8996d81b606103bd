import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { openLong, sealLong } from "./_xchacha.ts";

// Appendix A.3.1 of draft-irtf-cfrg-xchacha-03.
const KEY = decodeHex(
  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
);
const NONCE = decodeHex("404142434445464748494a4b4c4d4e4f5051525354555657");
const BINDING = decodeHex("50515253c0c1c2c3c4c5c6c7");
const PLAIN = new TextEncoder().encode(
  "Ladies and Gentlemen of the class of '99: If I could offer you only one " +
    "tip for the future, sunscreen would be it.",
);
const SEALED =
  "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb" +
  "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452" +
  "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" +
  "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";

Deno.test("sealLong() seals as the draft does", () => {
  const out = new Uint8Array(PLAIN.length + 16 + 5);
  sealLong(KEY, NONCE, BINDING, PLAIN, out, 5);
  assertEquals(encodeHex(out), "0000000000" + SEALED);
});

Deno.test("sealLong() may write over what it seals", () => {
  const bytes = new Uint8Array(PLAIN.length + 16);
  bytes.set(PLAIN);
  sealLong(KEY, NONCE, BINDING, bytes.subarray(0, PLAIN.length), bytes, 0);
  assertEquals(encodeHex(bytes), SEALED);
});

Deno.test("openLong() opens what the draft sealed", () => {
  const out = new Uint8Array(PLAIN.length);
  const length = openLong(KEY, NONCE, BINDING, decodeHex(SEALED), out);
  assertEquals(length, PLAIN.length);
  assertEquals(out, PLAIN);
});

Deno.test("openLong() refuses any other bit and leaves the output as it was", () => {
  const parts = [KEY, NONCE, BINDING, decodeHex(SEALED)] as const;
  for (let part = 0; part < parts.length; part++) {
    for (let bit = 0; bit < 8 * parts[part]!.length; bit++) {
      const [key, nonce, binding, sealed] = parts.map((bytes) => bytes.slice());
      [key, nonce, binding, sealed][part]![bit >> 3]! ^= 1 << (bit & 7);
      const out = new Uint8Array(PLAIN.length).fill(0xaa);
      const length = openLong(key!, nonce!, binding!, sealed!, out);
      const where = `part ${part}, bit ${bit}`;
      assertEquals(length, -1, where);
      assertEquals(out.every((byte) => byte === 0xaa), true, where);
    }
  }
});

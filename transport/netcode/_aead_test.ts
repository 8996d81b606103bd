import { assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { open, openDoubtful, seal } from "./_aead.ts";

const KEY = new Uint8Array(32).fill(1);
const NONCE = new Uint8Array(12).fill(2);
const BINDING = new Uint8Array(22).fill(3);

Deno.test("seal() may write over what it seals, at its place or shifted", () => {
  const plain = Uint8Array.from({ length: 300 }, (_, i) => i);
  const expected = new Uint8Array(316);
  seal(KEY, NONCE, BINDING, plain, expected, 0);
  for (const shift of [0, 1, 9, 300]) {
    const bytes = new Uint8Array(700);
    bytes.set(plain, 0);
    seal(KEY, NONCE, BINDING, bytes.subarray(0, 300), bytes, shift);
    assertEquals(bytes.slice(shift, shift + 316), expected);
  }
});

for (const opens of [open, openDoubtful]) {
  Deno.test(`${opens.name}() may write over what it opens`, () => {
    const bytes = new Uint8Array(116);
    seal(KEY, NONCE, BINDING, bytes.subarray(0, 100), bytes, 0);
    assertEquals(opens(KEY, NONCE, BINDING, bytes, bytes), 100);
    assertEquals(bytes.subarray(0, 100), new Uint8Array(100));
  });

  Deno.test(`${opens.name}() writes as many bytes as it opens and no more`, () => {
    for (const length of [0, 1, 8, 100]) {
      const sealed = new Uint8Array(length + 16);
      seal(KEY, NONCE, BINDING, new Uint8Array(length), sealed, 0);
      const out = new Uint8Array(length + 3).fill(0xaa);
      assertEquals(opens(KEY, NONCE, BINDING, sealed, out), length);
      assertEquals(encodeHex(out), "00".repeat(length) + "aaaaaa");
    }
  });
}

import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { createCipheriv } from "node:crypto";
import { SeededRandom } from "../../core/mod.ts";
import { hchacha20 } from "./_hchacha20.ts";

// Section 2.2.1 of draft-irtf-cfrg-xchacha-03.
const KEY = decodeHex(
  "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
);
const NONCE = decodeHex("000000090000004a0000000031415927");
const SUBKEY =
  "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc";

Deno.test("hchacha20() derives the subkey of the draft", () => {
  const out = new Uint8Array(32);
  hchacha20(KEY, NONCE, out);
  assertEquals(encodeHex(out), SUBKEY);
});

Deno.test("hchacha20() takes the first 16 bytes of a longer nonce, at any place", () => {
  const bytes = new Uint8Array(80).fill(0xff);
  bytes.set(KEY, 1);
  bytes.set(NONCE, 35);
  const out = new Uint8Array(40).fill(0xee);
  hchacha20(bytes.subarray(1, 33), bytes.subarray(35), out.subarray(3));
  assertEquals(encodeHex(out), "eeeeee" + SUBKEY + "eeeeeeeeee");
});

Deno.test("hchacha20() may write over its key", () => {
  const key = KEY.slice();
  hchacha20(key, NONCE, key);
  assertEquals(encodeHex(key), SUBKEY);
});

Deno.test("hchacha20() is the runtime's ChaCha20 block without its input", () => {
  const random = new SeededRandom(8);
  for (let run = 0; run < 200; run++) {
    const key = new Uint8Array(32);
    const nonce = new Uint8Array(16);
    random.fill(key);
    random.fill(nonce);
    // The AEAD's text begins with block 1 (RFC 8439, section 2.8), and the block's number
    // is where HChaCha20 has the first word of its nonce.
    const block = 1 + run % 5;
    nonce.set([block, 0, 0, 0]);
    const out = new Uint8Array(32);
    hchacha20(key, nonce, out);
    assertEquals(out, expected(key, nonce, block), `run ${run}`);
  }
});

/** Sections 2.3 of RFC 8439 and 2.2 of the draft: what ChaCha20 adds at last is not added. */
function expected(
  key: Uint8Array,
  nonce: Uint8Array,
  block: number,
): Uint8Array {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce.subarray(4), {
    authTagLength: 16,
  });
  const stream = Uint8Array.from(cipher.update(new Uint8Array(64 * block)));
  cipher.final();
  const added = new Uint8Array(64);
  added.set(new TextEncoder().encode("expand 32-byte k"));
  added.set(nonce, 48);
  const from = new DataView(stream.buffer, 64 * (block - 1));
  const less = new DataView(added.buffer);
  const out = new DataView(new ArrayBuffer(32));
  for (let i = 0; i < 8; i++) {
    const at = 4 * (i < 4 ? i : 8 + i);
    const word = from.getUint32(at, true) - less.getUint32(at, true);
    out.setUint32(4 * i, word, true);
  }
  return new Uint8Array(out.buffer);
}

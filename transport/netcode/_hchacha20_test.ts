import { assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
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

import { assert, assertEquals } from "@std/assert";
import {
  decodeBase64,
  decodeBase64Url,
  encodeBase64,
  encodeBase64Url,
  SeededRandom,
} from "./mod.ts";

const SEED = 11;

// RFC 4648, section 10, and the characters beyond letters and digits.
const vectors: readonly [bytes: string, text: string][] = [
  ["", ""],
  ["f", "Zg=="],
  ["fo", "Zm8="],
  ["foo", "Zm9v"],
  ["foob", "Zm9vYg=="],
  ["fooba", "Zm9vYmE="],
  ["foobar", "Zm9vYmFy"],
  ["\xfb\xff\xfe", "+//+"],
];

function bytesOf(binary: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

Deno.test("encodeBase64() and decodeBase64() agree with the RFC", () => {
  for (const [binary, text] of vectors) {
    assertEquals(encodeBase64(bytesOf(binary)), text);
    assertEquals(decodeBase64(text), bytesOf(binary));
  }
});

Deno.test("decodeBase64() reads what encodeBase64() writes, of any length", () => {
  const random = new SeededRandom(SEED);
  for (const length of [1, 2, 3, 254, 8_191, 8_192, 8_193, 70_000]) {
    const bytes = new Uint8Array(length);
    random.fill(bytes);
    assertEquals(decodeBase64(encodeBase64(bytes)), bytes, `seed ${SEED}`);
  }
});

Deno.test("decodeBase64() refuses what encodeBase64() does not write", () => {
  const texts = [
    "A",
    "AA",
    "AAA",
    "AA=",
    "AAA==",
    "AA===",
    "=",
    "====",
    "=AAA",
    "A===",
    "AA=A",
    " AAA",
    "AAA ",
    "AA A",
    "AA\n==",
    "AAAA    ",
    "    ",
    "    AAAA",
    "AB==",
    "AAB=",
    "A-__",
    "Ä===",
    "AAA\u{1f600}",
    "AAA\0",
  ];
  for (const text of texts) {
    assertEquals(decodeBase64(text), undefined, JSON.stringify(text));
  }
});

Deno.test("decodeBase64() has one text for equal bytes", () => {
  const random = new SeededRandom(SEED);
  const alphabet = "AQgw+/9= \n";
  let accepted = 0;
  for (let i = 0; i < 20_000; i++) {
    let text = "";
    for (let n = random.nextU32() % 13; n > 0; n--) {
      text += alphabet[random.nextU32() % alphabet.length];
    }
    const bytes = decodeBase64(text);
    if (bytes === undefined) continue;
    accepted += 1;
    assertEquals(encodeBase64(bytes), text, `seed ${SEED}`);
  }
  assert(accepted > 100);
});

Deno.test("encodeBase64Url() and decodeBase64Url() agree with the RFC", () => {
  for (const [binary, text] of vectors) {
    const url = text.replaceAll("+", "-").replaceAll("/", "_")
      .replaceAll("=", "");
    assertEquals(encodeBase64Url(bytesOf(binary)), url);
    assertEquals(decodeBase64Url(url), bytesOf(binary));
  }
});

Deno.test("decodeBase64Url() refuses what encodeBase64Url() does not write", () => {
  const texts = [
    "A",
    "AA==",
    "AAA=",
    "AB",
    "AAB",
    "A+__",
    "A/__",
    "AA AA",
    "Ä",
  ];
  for (const text of [...texts, "AAAAA", "=", "AAA\0"]) {
    assertEquals(decodeBase64Url(text), undefined, JSON.stringify(text));
  }
});

import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { isUtf8, utf8Length } from "./mod.ts";

const SEED = 5;
const strict = new TextDecoder("utf-8", { fatal: true });

function isDecoded(bytes: Uint8Array<ArrayBuffer>): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}

Deno.test("utf8Length() agrees with TextEncoder", () => {
  const random = new SeededRandom(5);
  const encoder = new TextEncoder();
  const units = [
    0x41,
    0x7f,
    0x80,
    0x7ff,
    0x800,
    0xd800,
    0xdbff,
    0xdc00,
    0xffff,
  ];
  for (let i = 0; i < 5_000; i++) {
    let text = "";
    for (let n = random.nextU32() % 8; n > 0; n--) {
      text += String.fromCharCode(units[random.nextU32() % units.length]!);
    }
    assert(
      utf8Length(text) === encoder.encode(text).length,
      JSON.stringify(text),
    );
  }
});

Deno.test("isUtf8() agrees with TextDecoder about every pair of bytes", () => {
  for (let first = 0; first < 256; first++) {
    for (let second = 0; second < 256; second++) {
      for (const rest of [[], [0x80], [0x80, 0xbf], [0x41]]) {
        const bytes = new Uint8Array([first, second, ...rest]);
        assertEquals(isUtf8(bytes), isDecoded(bytes), `${bytes}`);
      }
    }
  }
});

Deno.test("isUtf8() agrees with TextDecoder about bytes at random", () => {
  const random = new SeededRandom(SEED);
  const choice = [0x41, 0x7f, 0x80, 0xbf, 0xc2, 0xe2, 0x82, 0xac, 0xf0, 0x9f];
  let right = 0;
  for (let i = 0; i < 50_000; i++) {
    const bytes = new Uint8Array(random.nextU32() % 6);
    for (let j = 0; j < bytes.length; j++) {
      bytes[j] = choice[random.nextU32() % choice.length]!;
    }
    const wanted = isDecoded(bytes);
    right += Number(wanted);
    assertEquals(isUtf8(bytes), wanted, `seed ${SEED}: ${bytes}`);
  }
  assert(right > 1_000);
});

Deno.test("isUtf8() finds one wrong byte anywhere in a long text", () => {
  for (const length of [191, 192, 193, 207, 208, 223, 1_000]) {
    // A view into a larger buffer, and beyond its end what would be wrong.
    const bytes = new Uint8Array(length + 9).fill(0xff).subarray(3);
    bytes.fill(0x61, 0, length);
    assert(isUtf8(bytes, 0, length));
    for (let at = 0; at < length; at++) {
      bytes[at] = 0x80;
      assertEquals(isUtf8(bytes, 0, length), false, `${at} of ${length}`);
      assert(isUtf8(bytes, at + 1, length));
      assert(isUtf8(bytes, 0, at));
      bytes[at] = 0x61;
    }
  }
});

import { assertEquals, assertThrows } from "@std/assert";
import { crc32 } from "./crc32.ts";

const VECTORS: readonly (readonly [string, number])[] = [
  ["", 0],
  ["a", 0xe8b7be43],
  ["abc", 0x352441c2],
  ["123456789", 0xcbf43926],
  ["The quick brown fox jumps over the lazy dog", 0x414fa339],
];

Deno.test("crc32() makes the known checksums", () => {
  for (const [text, expected] of VECTORS) {
    assertEquals(crc32(new TextEncoder().encode(text)), expected);
  }
  assertEquals(crc32(new Uint8Array(32)), 0x190a55ad);
  assertEquals(crc32(new Uint8Array(32).fill(0xff)), 0xff6cab0b);
});

Deno.test("crc32() takes a part of the bytes", () => {
  const bytes = new TextEncoder().encode("..123456789.");
  assertEquals(crc32(bytes, 2, 11), 0xcbf43926);
  assertEquals(crc32(bytes, 12), 0);
  for (const [start, end] of [[-1, 2], [3, 2], [0, 13], [NaN, 3]] as const) {
    assertThrows(() => crc32(bytes, start, end), RangeError);
  }
});

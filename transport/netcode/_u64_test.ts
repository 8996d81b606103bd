import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { getU32, getU64, getU64Number, putU32, putU64 } from "./_u64.ts";

const U64: readonly (readonly [bigint, string])[] = [
  [0n, "0000000000000000"],
  [1n, "0100000000000000"],
  [0x0102_0304_0506_0708n, "0807060504030201"],
  [2n ** 31n, "0000008000000000"],
  [2n ** 32n - 1n, "ffffffff00000000"],
  [2n ** 32n, "0000000001000000"],
  [2n ** 53n + 1n, "0100000000002000"],
  [2n ** 63n, "0000000000000080"],
  [2n ** 64n - 1n, "ffffffffffffffff"],
];

Deno.test("putU64() and getU64() have the lowest byte first", () => {
  for (const [value, hex] of U64) {
    const bytes = new Uint8Array(12).fill(0xaa);
    putU64(bytes, 3, value);
    assertEquals(encodeHex(bytes), `aaaaaa${hex}aa`);
    assertEquals(getU64(bytes, 3), value);
  }
});

Deno.test("getU64Number() is exact below 2^53, and no less than that above", () => {
  for (const value of [0, 1, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1]) {
    const bytes = new Uint8Array(12).fill(0xaa);
    putU64(bytes, 3, BigInt(value));
    assertEquals(getU64Number(bytes, 3), value);
  }
  for (const value of [2n ** 53n, 2n ** 53n + 1n, 2n ** 64n - 1n]) {
    const bytes = new Uint8Array(8);
    putU64(bytes, 0, value);
    assert(getU64Number(bytes, 0) >= 2 ** 53, `${value}`);
  }
});

Deno.test("putU32() and getU32() have the lowest byte first and no sign", () => {
  for (
    const [value, hex] of [
      [0, "00000000"],
      [0x0102_0304, "04030201"],
      [2 ** 31, "00000080"],
      [2 ** 32 - 1, "ffffffff"],
    ] as const
  ) {
    const bytes = new Uint8Array(6).fill(0xaa);
    putU32(bytes, 1, value);
    assertEquals(encodeHex(bytes), `aa${hex}aa`);
    assertEquals(getU32(bytes, 1), value);
  }
});

import { assert, assertEquals } from "@std/assert";
import { generateKey } from "./generate_key.ts";

Deno.test("generateKey() makes 32 bytes that do not come again", () => {
  const keys = Array.from({ length: 100 }, generateKey);
  for (const { length } of keys) assertEquals(length, 32);
  assertEquals(new Set(keys.map(String)).size, keys.length);
  // Each byte is random: none stays the same in a hundred keys (256^-99).
  for (let i = 0; i < 32; i++) {
    assert(keys.some((key) => key[i] !== keys[0]![i]), `byte ${i}`);
  }
});

Deno.test("generateKey() gives memory that nothing else has", () => {
  const key = generateKey();
  assertEquals(key.byteOffset, 0);
  assertEquals(key.buffer.byteLength, 32);
});

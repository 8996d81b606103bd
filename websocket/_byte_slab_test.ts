import { Buffer } from "node:buffer";
import { assert, assertEquals } from "@std/assert";
import { ByteSlab } from "./_byte_slab.ts";

Deno.test("ByteSlab keeps copies apart, of any length and over its end", () => {
  const slab = new ByteSlab();
  const kept: { copy: Uint8Array; length: number; value: number }[] = [];
  for (let i = 0; i < 2_000; i++) {
    const length = (i * 37) % 1_100;
    const bytes = i % 2 ? new Uint8Array(length) : Buffer.alloc(length);
    bytes.fill(i);
    kept.push({ copy: slab.copy(bytes), length, value: i & 0xff });
    bytes.fill(0);
  }
  for (const { copy, length, value } of kept) {
    assertEquals(copy, new Uint8Array(length).fill(value));
  }
});

Deno.test("ByteSlab encodes text of any length", () => {
  const slab = new ByteSlab();
  const texts = [
    "",
    "gg",
    "é",
    "😀",
    "\ud800",
    "€".repeat(341),
    "€".repeat(400),
  ];
  const encoded = texts.map((text) => slab.encode(text));
  assertEquals(encoded, texts.map((text) => new TextEncoder().encode(text)));
});

Deno.test("ByteSlab has no message keep more than 2 KiB", () => {
  const slab = new ByteSlab();
  for (let length = 0; length <= 1_024; length++) {
    const copy = slab.copy(new Uint8Array(length));
    assert(copy.buffer.byteLength <= 2_048);
  }
  assert(slab.encode("gg").buffer.byteLength <= 2_048);
});

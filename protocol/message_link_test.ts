import { assert, assertEquals } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { cutCloseReason, MAX_CLOSE_REASON_BYTES } from "./message_link.ts";

const encoder = new TextEncoder();

Deno.test("cutCloseReason() leaves what fits", () => {
  const texts = ["", "bye", "\ufeffx\0", "é".repeat(61), "x".repeat(123)];
  for (const text of texts) assertEquals(cutCloseReason(text), text);
});

Deno.test("cutCloseReason() cuts between characters", () => {
  const table: [string, string][] = [
    ["x".repeat(124), "x".repeat(123)],
    ["é".repeat(62), "é".repeat(61)],
    ["x" + "é".repeat(62), "x" + "é".repeat(61)],
    ["€".repeat(42), "€".repeat(41)],
    ["\u{1f44b}".repeat(31), "\u{1f44b}".repeat(30)],
    ["x".repeat(120) + "\u{1f44b}", "x".repeat(120)],
  ];
  for (const [text, cut] of table) assertEquals(cutCloseReason(text), cut);
});

Deno.test("cutCloseReason() replaces unpaired surrogates", () => {
  assertEquals(cutCloseReason("a\ud83db\udc4bc"), "a\ufffdb\ufffdc");
});

Deno.test("cutCloseReason() keeps as many characters as fit, whatever the text", () => {
  for (let seed = 0; seed < 2_000; seed++) {
    const random = new SeededRandom(seed);
    const units = Array.from(
      { length: random.nextU32() % 200 },
      () => random.nextU32() >>> (16 + random.nextU32() % 10),
    );
    const text = String.fromCharCode(...units);
    const cut = cutCloseReason(text);
    const where = `seed ${seed}`;
    assert(text.toWellFormed().startsWith(cut), where);
    const used = encoder.encode(cut).length;
    assert(used <= MAX_CLOSE_REASON_BYTES, where);
    const next = [...text.toWellFormed().slice(cut.length)][0] ?? "";
    assert(
      next === "" ||
        used + encoder.encode(next).length > MAX_CLOSE_REASON_BYTES,
      where,
    );
    assertEquals(cutCloseReason(cut), cut, where);
  }
});

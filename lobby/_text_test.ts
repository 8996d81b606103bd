import { assertEquals } from "@std/assert";
import { isDisplayLines, isDisplayText } from "./_text.ts";

Deno.test("isDisplayLines() takes what isDisplayText() takes, and line feeds", () => {
  const differing: string[] = [];
  for (let unit = 0; unit <= 0xffff; unit++) {
    const text = `a${String.fromCharCode(unit)}b`;
    if (isDisplayText(text, 8) !== isDisplayLines(text, 8)) {
      differing.push(text);
    }
  }
  assertEquals(differing, ["a\nb"]);
});

Deno.test("isDisplayText() and isDisplayLines() refuse what is no text to show", () => {
  for (
    const value of [
      "",
      " ",
      "toolong",
      "\u00e9\u00e9\u00e9",
      "\ud800",
      "a\u061c",
      "a\u200e",
      "\u2028a",
      "\u2029a",
      "\u202ea",
      "\u2066a",
      "a\r",
      "a\t",
      "a\x85",
      7,
      null,
      undefined,
    ]
  ) {
    assertEquals(isDisplayText(value, 5), false, JSON.stringify(value));
    assertEquals(isDisplayLines(value, 5), false, JSON.stringify(value));
  }
  assertEquals(isDisplayLines("\n\n", 5), false);
  assertEquals(isDisplayLines("a\nb\nc", 5), true);
  assertEquals(isDisplayText("\u00e9\u00e9a", 5), true);
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { countSteps, growthOf } from "./count_steps.ts";

Deno.test("countSteps() counts what String and patterns go through", () => {
  const text = "a".repeat(1_000);
  assertEquals(countSteps(() => {}), 0);
  assertEquals(countSteps(() => text.indexOf("b")), 1_000);
  assertEquals(countSteps(() => text.indexOf("a", 10)), 1);
  assertEquals(countSteps(() => text.charCodeAt(7)), 1);
  const steps = countSteps(() => {
    /^a+$/.test(text);
  });
  assert(steps > 1_000 && steps < 3_000, `${steps}`);
  // What was put in is taken out again.
  assert(text.indexOf.toString().includes("[native code]"));
  assert(RegExp.prototype.exec.toString().includes("[native code]"));
});

Deno.test("growthOf() tells what grows with the text from what grows with its square", () => {
  function growth(pattern: RegExp): number {
    return growthOf("ab", (text) => text.match(pattern), 100);
  }
  for (const pattern of [/b{1,9}c/g, /^(?:ab)*$/, /(?<!a)b|a(?=c)/g, /\w+/]) {
    const times = growth(pattern);
    assert(times > 2 && times < 5, `${pattern}: ${times}`);
  }
  for (const pattern of [/[ab]+c/, /(?:ab)+c/g, /a.*c/g, /\w*\s/]) {
    const times = growth(pattern);
    assert(times > 12, `${pattern}: ${times}`);
  }
  const times = growthOf("a", (text) => {
    for (let i = 0; i < text.length; i++) text.includes("b");
  }, 500);
  assert(times > 12, `${times}`);
});

Deno.test("countSteps() finds what patterns find, or it throws", () => {
  const texts = ["", "a1-b22 c", "\u{1d7d9}x\n", "foo://bar:12:3", "é²½"];
  const patterns = [
    /(\d{1,9}){1,2}$/,
    /^(?:[A-Za-z]:)?[\\/]|^~/,
    /[a-z]+(?![a-z])|[A-Z]?[a-z]+/g,
    /(?<=\d)-(?<!x-)[b-z]/,
    /(?:a|b|)*c/i,
    /\p{Nd}+/gu,
    /[^\s"'()]+/g,
    /.*x/s,
    /\u0061|\x62/y,
    /(?<name>o{2,}):/,
  ];
  for (const text of texts) {
    for (const pattern of patterns) {
      countSteps(() => text.replace(pattern, "-"));
    }
  }
  assertThrows(
    () => countSteps(() => /(a)\1/.test("aa")),
    SyntaxError,
    "steps",
  );
});

import { assert, assertEquals } from "@std/assert";
import { entityTag, isStrong, strongMatch, weakMatch } from "./entity_tag.ts";

Deno.test("entityTag() reads tags, also those without quotes", () => {
  for (
    const tag of ['"a"', '""', 'W/"a"', '"a,b"', '"\x80\xff"', "abc", "w/a"]
  ) {
    assertEquals(entityTag(tag), tag);
  }
  for (
    const value of [
      undefined,
      "",
      '"a',
      'a"',
      '"a" b',
      '"a", "b"',
      "a, b",
      '"a\r\nx: y"',
      '"a b"',
      `"${"x".repeat(1_024)}"`,
    ]
  ) assertEquals(entityTag(value), undefined, value);
});

Deno.test("strongMatch() and weakMatch() are the table of RFC 9110 section 8.8.3.2", () => {
  for (
    const [a, b, strong, weak] of [
      ['W/"1"', 'W/"1"', false, true],
      ['W/"1"', 'W/"2"', false, false],
      ['W/"1"', '"1"', false, true],
      ['"1"', '"1"', true, true],
    ] as const
  ) {
    assertEquals(strongMatch(a, b), strong);
    assertEquals(weakMatch(a, b), weak);
  }
  assert(!strongMatch(undefined, undefined));
  assert(!isStrong("abc"));
});

import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { formatHttpDate, parseHttpDate } from "./http_date.ts";

const NOW = Date.UTC(2026, 5, 15, 12, 0, 0);

const VALID: ReadonlyArray<readonly [string, number]> = [
  ["Sun, 06 Nov 1994 08:49:37 GMT", 784111777000],
  ["Sunday, 06-Nov-94 08:49:37 GMT", 784111777000],
  ["Sun Nov  6 08:49:37 1994", 784111777000],
  ["Thu, 18 Aug 2050 02:01:18 GMT", Date.UTC(2050, 7, 18, 2, 1, 18)],
  ["Thursday, 18-Aug-50 02:01:18 GMT", Date.UTC(2050, 7, 18, 2, 1, 18)],
  ["Thu Aug 18 02:01:18 2050", Date.UTC(2050, 7, 18, 2, 1, 18)],
  ["Thu, 29 Feb 2024 00:00:00 GMT", Date.UTC(2024, 1, 29)],
  ["Fri, 31 Dec 9999 23:59:59 GMT", Date.UTC(9999, 11, 31, 23, 59, 59)],
  // A leap second is the nearest earlier time that we can represent (RFC 9111 section 4.2).
  ["Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2016, 11, 31, 23, 59, 59)],
  // The name of the day is not compared with the date.
  ["Mon, 06 Nov 1994 08:49:37 GMT", 784111777000],
];

Deno.test("parseHttpDate() reads the three forms of RFC 9110 section 5.6.7", () => {
  for (const [text, epochMs] of VALID) {
    assertEquals(parseHttpDate(text, NOW), epochMs, text);
  }
});

Deno.test("parseHttpDate() ignores case (RFC 9111 section 4.2)", () => {
  const expected = 784111777000;
  for (
    const text of [
      "SUN, 06 Nov 1994 08:49:37 GMT",
      "Sun, 06 NOV 1994 08:49:37 GMT",
      "Sun, 06 Nov 1994 08:49:37 gMT",
      "sunday, 06-nov-94 08:49:37 gmt",
      "sun nov  6 08:49:37 1994",
    ]
  ) {
    assertEquals(parseHttpDate(text, NOW), expected, text);
  }
});

const INVALID: readonly string[] = [
  "",
  "0",
  "-1",
  "1",
  "784111777",
  "Sun, 06 Nov 1994 08:49:37 AEST",
  "Sun, 06 Nov 1994 08:49:37 UTC",
  "Sun, 06 Nov 1994 08:49:37 +0000",
  "Sun, 06 Nov 1994 08:49:37",
  "Sun, 06 Nov 94 08:49:37 GMT",
  "Sun 06 Nov 1994 08:49:37 GMT",
  "Sun, 06  Nov  1994 08:49:37 GMT",
  "Sun, 06-Nov-1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 08.49.37 GMT",
  "Sun, 06 Nov 1994 8:49:37 GMT",
  "Sun, 6 Nov 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
  "Sun, 31 Feb 1994 08:49:37 GMT",
  "Sun, 29 Feb 2023 08:49:37 GMT",
  "Sun, 00 Nov 1994 08:49:37 GMT",
  "Sun, 32 Nov 1994 08:49:37 GMT",
  "Sun, 06 Foo 1994 08:49:37 GMT",
  "Sun, 06 Nov 1994 24:00:00 GMT",
  "Sun, 06 Nov 1994 08:60:37 GMT",
  "Sun, 06 Nov 1994 08:49:61 GMT",
  "Foo, 06 Nov 1994 08:49:37 GMT",
  "Sun, 06-Nov-94 08:49:37 GMT",
  "Sun Nov 6 08:49:37 1994",
  "Sun Nov  6 08:49:37 1994 GMT",
  " Sun, 06 Nov 1994 08:49:37 GMT",
  "1994-11-06T08:49:37Z",
];

Deno.test("parseHttpDate() refuses everything else", () => {
  for (const text of INVALID) {
    assertEquals(parseHttpDate(text, NOW), undefined, text);
  }
});

Deno.test("parseHttpDate() takes two-digit years more than 50 years ahead for past ones", () => {
  const at = (text: string, now: number): number => {
    return new Date(parseHttpDate(text, now)!).getUTCFullYear();
  };
  assertEquals(at("Monday, 15-Jun-76 12:00:00 GMT", NOW), 2076);
  assertEquals(at("Monday, 15-Jun-76 12:00:01 GMT", NOW), 1976);
  assertEquals(at("Monday, 01-Jan-77 00:00:00 GMT", NOW), 1977);
  assertEquals(at("Monday, 01-Jan-00 00:00:00 GMT", NOW), 2000);
  assertEquals(at("Monday, 01-Jan-99 00:00:00 GMT", NOW), 1999);
  assertEquals(
    at("Monday, 01-Jan-10 00:00:00 GMT", Date.UTC(2080, 0, 1)),
    2110,
  );
  assertEquals(
    at("Monday, 01-Jan-40 00:00:00 GMT", Date.UTC(2080, 0, 1)),
    2040,
  );
  // The leap day exists only in the century that the rule leads to.
  assertEquals(
    at("Tuesday, 29-Feb-00 00:00:00 GMT", Date.UTC(1999, 0, 1)),
    2000,
  );
});

Deno.test("formatHttpDate() is read back by parseHttpDate()", () => {
  fc.assert(fc.property(
    fc.integer({
      min: Date.parse("0000-01-01T00:00:00Z"),
      max: Date.UTC(9999, 11, 31, 23, 59, 59, 999),
    }),
    (epochMs) => {
      const text = formatHttpDate(epochMs);
      assertEquals(parseHttpDate(text, NOW), Math.floor(epochMs / 1000) * 1000);
    },
  ));
});

Deno.test("formatHttpDate() refuses times without a four-digit year", () => {
  for (
    const epochMs of [NaN, Infinity, Date.UTC(10000, 0, 1), -62167219200001]
  ) {
    assertThrows(() => formatHttpDate(epochMs), RangeError, "from 0 to 9999");
  }
});

Deno.test("parseHttpDate() never throws on hostile text", () => {
  const piece = fc.constantFrom(
    "Sun",
    "Sunday",
    ", ",
    " ",
    "06",
    "-",
    "Nov",
    "94",
    "1994",
    "08:49:37",
    "GMT",
    "\0",
    "é",
  );
  fc.assert(fc.property(
    fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 12 }).map((p) => p.join("")),
    ),
    (text) => {
      const parsed = parseHttpDate(text, NOW);
      if (parsed !== undefined) {
        assertEquals(Number.isSafeInteger(parsed), true);
      }
    },
  ));
});

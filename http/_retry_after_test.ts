import { assertEquals, assertStrictEquals } from "@std/assert";
import { MAX_RETRY_AFTER_MS, parseRetryAfter } from "./_retry_after.ts";

const NOW = Date.UTC(2026, 6, 1, 12, 0, 0);

Deno.test("parseRetryAfter() reads seconds", () => {
  assertEquals(parseRetryAfter("120", NOW), 120_000);
  assertEquals(parseRetryAfter(" 7\t", NOW), 7_000);
  assertEquals(parseRetryAfter("007", NOW), 7_000);
  assertStrictEquals(parseRetryAfter("0", NOW), 0);
});

Deno.test("parseRetryAfter() reads the three date forms of RFC 9110 section 5.6.7", () => {
  for (
    const text of [
      "Wed, 01 Jul 2026 12:01:30 GMT",
      "Wednesday, 01-Jul-26 12:01:30 GMT",
      "Wed Jul  1 12:01:30 2026",
    ]
  ) assertEquals(parseRetryAfter(text, NOW), 90_000, text);
});

Deno.test("parseRetryAfter() takes a date that has passed as now", () => {
  assertStrictEquals(parseRetryAfter("Wed, 01 Jul 2026 11:59:59 GMT", NOW), 0);
  assertStrictEquals(parseRetryAfter("Sun, 06 Nov 1994 08:49:37 GMT", NOW), 0);
});

Deno.test("parseRetryAfter() shortens an endless wait to one day", () => {
  for (
    const text of [
      "86401",
      "9007199254740993",
      "1" + "0".repeat(30),
      "9".repeat(100_000),
      "Fri, 01 Jan 9999 00:00:00 GMT",
    ]
  ) {
    assertEquals(
      parseRetryAfter(text, NOW),
      MAX_RETRY_AFTER_MS,
      text.slice(0, 40),
    );
  }
});

Deno.test("parseRetryAfter() refuses what is in neither form", () => {
  for (
    const text of [
      "",
      " ",
      "-1",
      "+1",
      "1.5",
      "1e3",
      "0x10",
      "Infinity",
      "NaN",
      "120, 120",
      "120s",
      "1 2",
      "१२",
      "tomorrow",
      "2026-07-01T12:01:30Z",
      "Wed, 32 Jul 2026 12:01:30 GMT",
      "null",
      "\0",
      "a".repeat(100_000),
    ]
  ) {
    assertEquals(
      parseRetryAfter(text, NOW),
      undefined,
      JSON.stringify(text.slice(0, 40)),
    );
  }
});

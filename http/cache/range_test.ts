import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { parseContentRange, parseRange, resolveRange } from "./range.ts";

Deno.test("parseRange() reads one range of bytes", () => {
  assertEquals(parseRange("bytes=0-0"), { first: 0, last: 0 });
  assertEquals(parseRange("Bytes= 5-9 "), { first: 5, last: 9 });
  assertEquals(parseRange("bytes=5-"), { first: 5, last: undefined });
  assertEquals(parseRange("bytes=-5"), { suffix: 5 });
  for (
    const value of [
      "",
      "bytes",
      "bytes=",
      "bytes=-",
      "bytes=1",
      "bytes=2-1",
      "bytes=1-2,3-4",
      "bytes=1 -2",
      "bytes=+1-2",
      "bytes=--1",
      "items=1-2",
      " bytes=1-2",
      "bytes=1-9999999999999999",
    ]
  ) assertEquals(parseRange(value), undefined, value);
});

Deno.test("resolveRange() stays within the representation", () => {
  fc.assert(fc.property(
    fc.nat(20),
    fc.oneof(
      fc.record({ suffix: fc.nat(25) }),
      fc.tuple(fc.nat(25), fc.option(fc.nat(25), { nil: undefined }))
        .filter(([first, last]) => last === undefined || last >= first)
        .map(([first, last]) => ({ first, last })),
    ),
    (length, range) => {
      const all = Array.from({ length }, (_, i) => i);
      const wanted = "suffix" in range
        ? all.slice(range.suffix === 0 ? length : -range.suffix)
        : all.slice(
          range.first,
          range.last === undefined ? undefined : range.last + 1,
        );
      const resolved = resolveRange(range, length);
      if (wanted.length === 0) assertEquals(resolved, undefined);
      else {
        assertEquals(resolved, { first: wanted[0]!, last: wanted.at(-1)! });
      }
    },
  ));
});

Deno.test("parseContentRange() reads a valid part only", () => {
  assertEquals(parseContentRange("bytes 0-4/10"), {
    first: 0,
    last: 4,
    total: 10,
  });
  assertEquals(parseContentRange("bytes 3-3/*"), {
    first: 3,
    last: 3,
    total: undefined,
  });
  for (
    const value of [
      undefined,
      "",
      "bytes 4-3/10",
      "bytes 0-10/10",
      "bytes */10",
      "bytes 0-4",
      "bytes=0-4/10",
      "bytes 0-4/10, bytes 5-9/10",
      "bytes 0-9999999999999999/*",
    ]
  ) assertEquals(parseContentRange(value), undefined, value);
});

Deno.test("parseRange() and parseContentRange() survive hostile text", () => {
  const piece = fc.constantFrom(
    "bytes",
    "=",
    " ",
    "-",
    "/",
    "*",
    "1",
    "9",
    ",",
  );
  fc.assert(fc.property(
    fc.oneof(fc.string(), fc.array(piece).map((pieces) => pieces.join(""))),
    (value) => {
      const range = parseRange(value);
      if (range !== undefined && "first" in range) {
        assert(range.last === undefined || range.last >= range.first);
      }
      const part = parseContentRange(value);
      if (part !== undefined) assert(part.last >= part.first);
    },
  ));
});

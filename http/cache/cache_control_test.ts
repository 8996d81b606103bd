import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { HttpHeaders } from "../headers.ts";
import {
  MAX_DELTA_SECONDS,
  NO_REQUEST_DIRECTIVES,
  parseDeltaSeconds,
  parseRequestDirectives,
  parseResponseDirectives,
  splitList,
} from "./cache_control.ts";

Deno.test("splitList() splits at commas outside of quoted strings", () => {
  for (
    const [value, elements] of [
      ["", []],
      [", ,\t,", []],
      ["a", ["a"]],
      [" a , b,c ", ["a", "b", "c"]],
      ['a="b, c", d', ['a="b, c"', "d"]],
      ['"a\\", b", c', ['"a\\", b"', "c"]],
      ['"\\\\", b', ['"\\\\"', "b"]],
      ['a, "b, c', ["a", '"b, c']],
      ['a, "b\\', ["a", '"b\\']],
      ['a"b,c"d, e', ['a"b,c"d', "e"]],
    ] as const
  ) assertEquals(splitList(value), [...elements], value);
});

Deno.test("splitList() loses nothing but commas and white space", () => {
  const piece = fc.constantFrom("a", ",", " ", '"', "\\", "\t", "é");
  fc.assert(fc.property(fc.array(piece), (pieces) => {
    const value = pieces.join("");
    const bare = (text: string): string => text.replace(/[,\s]/g, "");
    assertEquals(bare(splitList(value).join()), bare(value));
  }));
});

Deno.test("parseDeltaSeconds() takes digits only and stops at 2^31", () => {
  for (
    const [text, seconds] of [
      ["0", 0],
      ["007", 7],
      ["2147483647", 2147483647],
      ["2147483648", MAX_DELTA_SECONDS],
      ["2147483649", MAX_DELTA_SECONDS],
      ["9".repeat(100_000), MAX_DELTA_SECONDS],
    ] as const
  ) assertEquals(parseDeltaSeconds(text), seconds);
  for (
    const text of [undefined, "", "-1", "+1", "1.0", "1e3", " 1", "0x1", "١"]
  ) assertEquals(parseDeltaSeconds(text), undefined);
});

Deno.test("parseResponseDirectives() reads every directive, in any case", () => {
  const value =
    'No-Store, NO-CACHE, must-revalidate, must-understand, public, private="x", ' +
    'immutable, max-age="60", stale-while-revalidate=5, stale-if-error=6';
  assertEquals(parseResponseDirectives(value), {
    noStore: true,
    noCache: true,
    noCacheFields: [],
    mustRevalidate: true,
    mustUnderstand: true,
    public: true,
    private: true,
    immutable: true,
    maxAgeSeconds: 60,
    staleWhileRevalidateSeconds: 5,
    staleIfErrorSeconds: 6,
  });
});

Deno.test("parseResponseDirectives() takes repeated directives at their strictest", () => {
  const parsed = parseResponseDirectives(
    'max-age=1, max-age=2, no-cache="A", no-cache="b,C", stale-if-error=9, ' +
      "stale-if-error=x, stale-while-revalidate=9, stale-while-revalidate=8",
  );
  assertEquals(parsed.maxAgeSeconds, 0);
  assertEquals(parsed.noCache, false);
  assertEquals(parsed.noCacheFields, ["a", "b", "c"]);
  assertEquals(parsed.staleIfErrorSeconds, 0);
  assertEquals(parsed.staleWhileRevalidateSeconds, 8);
});

Deno.test("parseRequestDirectives() reads every directive", () => {
  const parsed = parseRequestDirectives(
    new HttpHeaders({
      "cache-control":
        "no-cache, no-store, only-if-cached, max-age=1, max-stale=2, min-fresh=3, stale-if-error=4",
    }),
  );
  assertEquals(parsed, {
    noCache: true,
    noStore: true,
    onlyIfCached: true,
    maxAgeSeconds: 1,
    maxStaleSeconds: 2,
    minFreshSeconds: 3,
    staleIfErrorSeconds: 4,
  });
  assertEquals(
    parseRequestDirectives(new HttpHeaders({ "cache-control": "max-stale" }))
      .maxStaleSeconds,
    Infinity,
  );
});

Deno.test("parseRequestDirectives() shares one object where nothing is asked", () => {
  assert(parseRequestDirectives(new HttpHeaders()) === NO_REQUEST_DIRECTIVES);
  assert(
    parseRequestDirectives(new HttpHeaders({ a: "1" })) ===
      NO_REQUEST_DIRECTIVES,
  );
});

Deno.test("parseResponseDirectives() and parseRequestDirectives() survive hostile text", () => {
  const piece = fc.constantFrom(
    "max-age",
    "no-cache",
    "no-store",
    "=",
    '"',
    "\\",
    ",",
    " ",
    "1",
    "99999999999",
    "-",
    "\0",
    "é",
  );
  fc.assert(fc.property(
    fc.oneof(fc.string(), fc.array(piece).map((pieces) => pieces.join(""))),
    (value) => {
      const { maxAgeSeconds } = parseResponseDirectives(value);
      assert(maxAgeSeconds === undefined || maxAgeSeconds >= 0);
      parseRequestDirectives(new HttpHeaders({ "cache-control": value }));
      // What is there is found, whatever stands before it, unless a quoted string was left open.
      const quotes = value.replace(/\\./g, "").split('"').length - 1;
      if (quotes === 0 && !value.includes("\\")) {
        assert(parseResponseDirectives(`${value}, no-store`).noStore);
      }
    },
  ));
});

Deno.test("parseResponseDirectives() takes time in proportion to the length", () => {
  // A million of each takes milliseconds; what is quadratic would not end within the test's patience.
  for (const unit of ["a=,", '"', "\\", '"\\', " ", ",", 'no-cache="a,', "="]) {
    parseResponseDirectives(unit.repeat(1_000_000));
  }
});

Deno.test("parseResponseDirectives() takes what is too long for no-store", () => {
  const text = "max-age=60,".repeat(200).slice(0, 2_049);
  assert(parseResponseDirectives(text).noStore);
  const { noStore, maxAgeSeconds } = parseResponseDirectives(text.slice(0, -9));
  assertEquals([noStore, maxAgeSeconds], [false, 60]);
});

Deno.test("parseRequestDirectives() takes what is too long for no-store", () => {
  const long = `max-age=60${",".repeat(2_048)}`;
  const noStore = (name: string): boolean =>
    parseRequestDirectives(new HttpHeaders({ [name]: long })).noStore;
  assert(noStore("cache-control"));
  assert(noStore("pragma"));
});

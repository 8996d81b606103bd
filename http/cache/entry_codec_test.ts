import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { decodeEntry, encodeEntry } from "./entry_codec.ts";
import type { CacheEntry } from "./store.ts";

const ENTRY: CacheEntry = {
  key: "https://example.com/",
  id: "id",
  method: "GET",
  status: 200,
  statusText: "OK",
  fields: [["a", "1"]],
  body: new Uint8Array([1, 2, 3]),
  requestEpochMs: 1,
  responseEpochMs: 2,
  staleEpochMs: 3,
  selecting: [["b", null]],
  part: { range: "bytes=0-2", first: 0, last: 2, total: 9 },
};

function encode(entry: unknown): Uint8Array {
  const [head, body] = encodeEntry(entry as CacheEntry);
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

const arbitraryEntry: fc.Arbitrary<CacheEntry> = fc.record({
  key: fc.string({ unit: "binary" }),
  id: fc.string(),
  method: fc.constantFrom("GET", "HEAD"),
  status: fc.nat(),
  statusText: fc.string({ unit: "grapheme" }),
  fields: fc.array(fc.tuple(fc.string(), fc.string())),
  body: fc.uint8Array(),
  requestEpochMs: fc.integer(),
  responseEpochMs: fc.integer(),
  staleEpochMs: fc.integer(),
  selecting: fc.array(
    fc.tuple(fc.string(), fc.option(fc.string(), { nil: null })),
  ),
});

Deno.test("decodeEntry() reads what encodeEntry() has written", () => {
  assertEquals(decodeEntry(encode(ENTRY)), ENTRY);
  fc.assert(fc.property(arbitraryEntry, (entry) => {
    assertEquals(decodeEntry(encode(entry)), entry);
  }));
});

Deno.test("decodeEntry() refuses an entry that is cut short or too long", () => {
  const bytes = encode(ENTRY);
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(decodeEntry(bytes.subarray(0, length)), undefined);
  }
  assertEquals(decodeEntry(new Uint8Array([...bytes, 0])), undefined);
});

Deno.test("decodeEntry() survives every flipped bit", () => {
  const bytes = encode(ENTRY);
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const flipped = bytes.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    const entry = decodeEntry(flipped);
    if (entry !== undefined) assertEquals(entry.body.length, 3);
  }
});

Deno.test("decodeEntry() refuses members that are missing or of another kind", () => {
  const wrong: ReadonlyArray<Record<string, unknown>> = [
    ...Object.keys(ENTRY).filter((name) => name !== "part" && name !== "body")
      .flatMap((name) => [{ [name]: undefined }, { [name]: null }, {
        [name]: {},
      }]),
    { format: 2 },
    { bodyLength: 2 },
    { method: "POST" },
    { status: -1 },
    { status: 200.5 },
    { staleEpochMs: "3" },
    { fields: [["a"]] },
    { fields: [["a", null]] },
    { fields: [["a", "1", "2"]] },
    { selecting: [["a", 1]] },
    { part: null },
    { part: { range: "x", first: 2, last: 1, total: 9 } },
    { part: { first: 0, last: 1, total: 9 } },
    { part: { range: "x", first: 0, last: 1, total: "9" } },
  ];
  for (const overrides of wrong) {
    assertEquals(
      decodeEntry(encode({ ...ENTRY, ...overrides })),
      undefined,
      JSON.stringify(overrides),
    );
  }
});

Deno.test("decodeEntry() never throws on hostile bytes", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
    decodeEntry(bytes);
  }));
  const json = fc.json().map((text) => {
    const utf8 = new TextEncoder().encode(text);
    return new Uint8Array([utf8.length & 255, utf8.length >> 8, 0, 0, ...utf8]);
  });
  fc.assert(fc.property(json, (bytes) => {
    assertEquals(decodeEntry(bytes), undefined);
  }));
});

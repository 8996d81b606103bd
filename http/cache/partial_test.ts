import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { combineParts } from "./partial.ts";
import { interpret, type StoredResponse } from "./stored_response.ts";

const WHOLE = Uint8Array.from({ length: 12 }, (_, i) => i);

function storedPart(first: number, last: number, etag: string): StoredResponse {
  return interpret({
    key: "",
    id: "",
    method: "GET",
    status: 200,
    statusText: "",
    fields: [["etag", etag]],
    body: WHOLE.slice(first, last + 1),
    requestEpochMs: 0,
    responseEpochMs: 0,
    staleEpochMs: 0,
    selecting: [],
    part: { range: "", first, last, total: WHOLE.length },
  });
}

function combine(
  [a, b]: readonly [number, number],
  [c, d]: readonly [number, number],
  overrides: { etag?: string; total?: number; cut?: number } = {},
) {
  const { etag = '"1"', total = WHOLE.length, cut = 0 } = overrides;
  return combineParts(
    storedPart(a, b, '"1"'),
    etag,
    { range: "", first: c, last: d, total },
    WHOLE.slice(c, d + 1 - cut),
  );
}

Deno.test("combineParts() puts together what overlaps or touches", () => {
  const position = fc.nat(WHOLE.length - 1);
  const range = fc.tuple(position, position)
    .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  fc.assert(fc.property(range, range, (older, newer) => {
    const combined = combine(older, newer);
    const first = Math.min(older[0], newer[0]);
    const last = Math.max(older[1], newer[1]);
    const hasGap = newer[0] > older[1] + 1 || older[0] > newer[1] + 1;
    if (hasGap) assertEquals(combined, undefined);
    else {
      assertEquals(combined, {
        body: WHOLE.slice(first, last + 1),
        first,
        last,
        total: WHOLE.length,
      });
    }
  }));
});

Deno.test("combineParts() refuses parts that may be of different bytes", () => {
  assertEquals(combine([0, 3], [4, 7], { etag: '"2"' }), undefined);
  assertEquals(combine([0, 3], [4, 7], { etag: 'W/"1"' }), undefined);
  assertEquals(combine([0, 3], [4, 7], { total: 13 }), undefined);
  assertEquals(combine([0, 3], [4, 7], { cut: 1 }), undefined);
  assertEquals(
    combineParts(
      storedPart(0, 3, 'W/"1"'),
      'W/"1"',
      { range: "", first: 4, last: 7, total: WHOLE.length },
      WHOLE.slice(4, 8),
    ),
    undefined,
  );
});

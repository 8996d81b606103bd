import { assertEquals, assertThrows } from "@std/assert";
import { readPageCursor, writePageCursor } from "./page_cursor.ts";

Deno.test("readPageCursor() reads what writePageCursor() gave", () => {
  for (
    const cursor of [
      { timeMs: 0, id: 0 },
      { timeMs: -5, id: 7 },
      { timeMs: Number.MAX_SAFE_INTEGER, id: Number.MAX_SAFE_INTEGER },
    ]
  ) {
    assertEquals(readPageCursor(writePageCursor(cursor)), cursor);
  }
});

Deno.test("readPageCursor() refuses everything else", () => {
  for (
    const after of [
      ..."|1|1.|.1|1.2.3|1,2|1e3.1|0x1.1| 1.1|1.-1|1.1\n|9999999999999999.1"
        .split("|"),
      "1".repeat(1e6),
      "NaN.NaN",
      "Infinity.1",
    ]
  ) {
    assertThrows(() => readPageCursor(after), RangeError, "after must be");
  }
});

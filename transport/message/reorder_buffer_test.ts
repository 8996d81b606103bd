import { SeededRandom } from "../../core/mod.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { numbered, numberOf } from "./_testing/pipe.ts";
import { ReorderBuffer } from "./reorder_buffer.ts";

Deno.test("ReorderBuffer hands out every message once and in order", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new SeededRandom(seed);
    const first = [0, 0xff, 0x3ffe, 0x7fff_fff0, 0xffff_fff0][seed % 5]!;
    const buffer = new ReorderBuffer({ first });
    const reach = 1 + random.nextU32() % 300;
    const count = 600;
    const waiting = Array.from({ length: count }, (_, i) => i);
    const got: number[] = [];
    while (got.length < count) {
      const at = random.nextU32() % Math.min(reach, waiting.length || 1);
      const i = waiting.length > 0 ? waiting[at]! : 0;
      if (random.nextU32() % 10 > 0) waiting.splice(at, 1);
      const bytes = numbered(i, 4 + random.nextU32() % 90);
      const was = buffer.length;
      const isNew = buffer.insert((first + i) >>> 0, bytes);
      assertEquals(buffer.length, was + (isNew ? 1 : 0));
      if (random.nextU32() % 4 > 0) continue;
      for (let next = buffer.take(); next !== undefined; next = buffer.take()) {
        got.push(numberOf(next));
      }
    }
    assertEquals(
      got,
      Array.from({ length: count }, (_, i) => i),
      `seed ${seed}`,
    );
    assertEquals([buffer.length, buffer.heldBytes, buffer.refused], [0, 0, 0]);
    assertEquals(buffer.next, (first + count) >>> 0);
  }
});

Deno.test("ReorderBuffer refuses what it has had", () => {
  const buffer = new ReorderBuffer();
  const bytes = new Uint8Array(1);
  assertEquals([buffer.insert(1, bytes), buffer.insert(1, bytes)], [
    true,
    false,
  ]);
  assertEquals([buffer.insert(0, bytes), buffer.insert(0, bytes)], [
    true,
    false,
  ]);
  buffer.take();
  assertEquals([buffer.insert(0, bytes), buffer.insert(0xffff_ffff, bytes)], [
    false,
    false,
  ]);
  assertEquals(buffer.refused, 0);
});

Deno.test("ReorderBuffer keeps its bounds, and always has room for the next message", () => {
  const buffer = new ReorderBuffer({ maxAhead: 10, maxBytes: 100 });
  assertEquals(buffer.insert(10, new Uint8Array(30)), true);
  assertEquals(buffer.insert(11, new Uint8Array(1)), false);
  assertEquals(buffer.insert(5, new Uint8Array(70)), true);
  assertEquals(buffer.insert(4, new Uint8Array(1)), false);
  assertEquals([buffer.refused, buffer.heldBytes], [2, 100]);
  assertEquals(buffer.insert(0, new Uint8Array(90)), true);
  assertEquals(buffer.take()?.length, 90);
});

Deno.test("ReorderBuffer.reset() begins anew", () => {
  const buffer = new ReorderBuffer({ first: 7 });
  buffer.insert(8, new Uint8Array([8]));
  buffer.reset();
  assertEquals([buffer.next, buffer.length, buffer.heldBytes], [0, 0, 0]);
  buffer.insert(0, new Uint8Array([1]));
  assertEquals(buffer.take(), new Uint8Array([1]));
  buffer.reset(0xffff_ffff);
  buffer.insert(0, new Uint8Array([3]));
  buffer.insert(0xffff_ffff, new Uint8Array([2]));
  assertEquals([buffer.take()?.[0], buffer.take()?.[0]], [2, 3]);
});

Deno.test("ReorderBuffer holds many messages without bytes", () => {
  const buffer = new ReorderBuffer();
  for (let i = 10_000; i > 0; i--) assert(buffer.insert(i, new Uint8Array(0)));
  buffer.insert(0, new Uint8Array(0));
  let count = 0;
  while (buffer.take() !== undefined) count++;
  assertEquals(count, 10_001);
});

Deno.test("ReorderBuffer refuses options outside their ranges", () => {
  assertThrows(() => new ReorderBuffer({ first: -1 }), RangeError, "first");
  assertThrows(
    () => new ReorderBuffer({ maxAhead: 0 }),
    RangeError,
    "maxAhead",
  );
  assertThrows(
    () => new ReorderBuffer({ maxBytes: 0 }),
    RangeError,
    "maxBytes",
  );
  assertThrows(() => new ReorderBuffer().reset(0.5), RangeError, "next");
});

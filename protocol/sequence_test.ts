import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import { isNewerSequence, nextSequence, sequenceDistance } from "./sequence.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 1_000_000 : 20_000;
const HALF = 2 ** 31;
const WHOLE = 2 ** 32;

const table: readonly (readonly [from: number, to: number, d: number])[] = [
  [0, 0, 0],
  [0, 1, 1],
  [1, 0, -1],
  [7, 7, 0],
  [WHOLE - 1, 0, 1],
  [0, WHOLE - 1, -1],
  [WHOLE - 1, WHOLE - 1, 0],
  [WHOLE - 33, 31, 64],
  [31, WHOLE - 33, -64],
  [0, HALF - 1, HALF - 1],
  [HALF - 1, 0, 1 - HALF],
  [HALF - 1, HALF, 1],
  [HALF, HALF - 1, -1],
  [1, HALF, HALF - 1],
  [0, HALF + 1, 1 - HALF],
  [HALF + 1, 0, HALF - 1],
  // Half way round: neither is newer, whichever way it is asked.
  [0, HALF, -HALF],
  [HALF, 0, -HALF],
  [HALF - 1, WHOLE - 1, -HALF],
  [WHOLE - 1, HALF - 1, -HALF],
];

Deno.test("sequenceDistance() and isNewerSequence() go the short way round", () => {
  for (const [from, to, distance] of table) {
    assertStrictEquals(
      sequenceDistance(from, to),
      distance,
      `${from} to ${to}`,
    );
    assertEquals(isNewerSequence(to, from), distance > 0, `${to}, ${from}`);
  }
});

Deno.test("nextSequence() counts through the wrap", () => {
  const pairs = [[0, 1], [HALF - 1, HALF], [HALF, HALF + 1], [WHOLE - 1, 0]];
  for (const [sequence, next] of pairs) {
    assertStrictEquals(nextSequence(sequence!), next!);
  }
});

Deno.test("sequenceDistance() agrees with RFC 1982 for any two numbers", () => {
  const edge = fc.constantFrom(0, 1, HALF - 1, HALF, HALF + 1, WHOLE - 1);
  const sequence = fc.oneof(
    edge,
    fc.integer({ min: 0, max: WHOLE - 1 }),
  );
  fc.assert(
    fc.property(sequence, sequence, (one, other) => {
      // The two cases of section 3.2, which compares without a difference modulo 2^32.
      const isLess = (i1: number, i2: number): boolean =>
        (i1 < i2 && i2 - i1 < HALF) || (i1 > i2 && i1 - i2 > HALF);
      assertEquals(isNewerSequence(other, one), isLess(one, other));
      const distance = sequenceDistance(one, other);
      assert(distance >= -HALF && distance < HALF);
      assertEquals((one + distance + WHOLE) % WHOLE, other);
      if (distance !== -HALF) {
        assertEquals(sequenceDistance(other, one) + distance, 0);
      }
      assertEquals(sequenceDistance(one, nextSequence(one)), 1);
    }),
    { numRuns: RUNS },
  );
});

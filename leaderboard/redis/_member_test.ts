import { assert, assertEquals } from "@std/assert";
import { playerId, SeededRandom } from "../../core/mod.ts";
import {
  compareScores,
  MAX_SCORE,
  MIN_SCORE,
  normalizeScore,
  type Score,
} from "../score.ts";
import type { RankingPosition } from "../store/store.ts";
import {
  encodeAfter,
  encodeMember,
  encodeRange,
  PLACE_LENGTH,
  TUPLE_LENGTH,
} from "./_member.ts";

const ADA = playerId("ada");

/** Of each width, also where doubles round and words end. */
function randomScore(random: SeededRandom): Score {
  const bits = BigInt(random.nextU32() % 64);
  const wide = BigInt(random.nextU32()) << 32n | BigInt(random.nextU32());
  const value = BigInt.asIntN(64, (wide >> (63n - bits)) - (1n << bits));
  return normalizeScore(value < MIN_SCORE ? MIN_SCORE : value);
}

Deno.test("encodeMember() gives known bytes", () => {
  const cases: [RankingPosition, "ascending" | "descending", string][] = [
    [
      { score: 0, subscore: 0, sequence: 1 },
      "ascending",
      "80000000000000008000000000000000" + "00000000000001",
    ],
    [
      { score: 0, subscore: 0, sequence: 1 },
      "descending",
      "7fffffffffffffff7fffffffffffffff" + "00000000000001",
    ],
    [
      { score: MIN_SCORE, subscore: MAX_SCORE, sequence: 2 ** 53 - 1 },
      "ascending",
      "0000000000000000ffffffffffffffff" + "1fffffffffffff",
    ],
    [
      { score: MAX_SCORE, subscore: MIN_SCORE, sequence: 0 },
      "descending",
      "0000000000000000ffffffffffffffff" + "00000000000000",
    ],
    [
      { score: -1, subscore: 2 ** 32, sequence: 255 },
      "ascending",
      "7fffffffffffffff8000000100000000" + "000000000000ff",
    ],
    [
      { score: 2n ** 53n + 1n, subscore: -(2n ** 53n) - 1n, sequence: 16 },
      "ascending",
      "80200000000000017fdfffffffffffff" + "00000000000010",
    ],
  ];
  for (const [position, order, place] of cases) {
    const member = encodeMember(
      { order, subscoreOrder: order },
      position,
      ADA,
    );
    assertEquals(member, `${place}ada`);
    assertEquals(place.length, PLACE_LENGTH);
  }
});

Deno.test("encodeMember() orders as the scores do, in each order", () => {
  const seed = 5;
  const random = new SeededRandom(seed);
  for (let i = 0; i < 20_000; i++) {
    const a = randomScore(random);
    const b = i % 3 === 0 ? a : randomScore(random);
    const [one, two] = [a, b].map((score, at) => ({
      score,
      subscore: i % 2 === 0 ? 7 : randomScore(random),
      sequence: at,
    }));
    for (const order of ["ascending", "descending"] as const) {
      const sign = order === "ascending" ? 1 : -1;
      const orders = { order, subscoreOrder: "ascending" as const };
      const expected = sign * compareScores(a, b) ||
        compareScores(one!.subscore, two!.subscore) || -1;
      const [first, second] = [one!, two!].map((it) =>
        encodeMember(orders, it, ADA)
      );
      assertEquals(
        first! < second!,
        expected < 0,
        `seed ${seed}: ${a} and ${b}, ${order}`,
      );
      const isTied = a === b && one!.subscore === two!.subscore;
      assertEquals(
        first!.slice(0, TUPLE_LENGTH) === second!.slice(0, TUPLE_LENGTH),
        isTied,
      );
    }
  }
});

Deno.test("encodeRange() has the scores within it and no others", () => {
  const scores: Score[] = [MIN_SCORE, -5, -1, 0, 1, 2n ** 60n, MAX_SCORE];
  for (const order of ["ascending", "descending"] as const) {
    const orders = { order, subscoreOrder: "ascending" as const };
    for (const minScore of [undefined, ...scores]) {
      for (const maxScore of [undefined, ...scores]) {
        const { low, high } = encodeRange(orders, {
          limit: 1,
          ...minScore === undefined ? {} : { minScore },
          ...maxScore === undefined ? {} : { maxScore },
        });
        for (const score of scores) {
          for (const subscore of [MIN_SCORE, MAX_SCORE]) {
            const position = { score, subscore, sequence: 2 ** 53 - 1 };
            const member = encodeMember(orders, position, ADA);
            const isWithin = (low === "-" || member >= low.slice(1)) &&
              (high === "+" || member < high.slice(1));
            assertEquals(
              isWithin,
              compareScores(score, minScore ?? MIN_SCORE) >= 0 &&
                compareScores(score, maxScore ?? MAX_SCORE) <= 0,
            );
          }
        }
      }
    }
  }
});

Deno.test("encodeAfter() is above who is at the place, and below the next", () => {
  const orders = { order: "ascending", subscoreOrder: "ascending" } as const;
  const last = playerId("\u{10ffff}".repeat(16));
  for (const sequence of [1, 15, 255, 2 ** 53 - 2]) {
    const position = { score: 1, subscore: 1, sequence };
    const next = { ...position, sequence: sequence + 1 };
    const bound = encodeAfter(orders, position).slice(1);
    assert(encodeMember(orders, position, last) < bound);
    assert(encodeMember(orders, next, playerId("!")) > bound);
  }
});

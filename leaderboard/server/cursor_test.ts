import { assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import { MAX_SCORE, MIN_SCORE, normalizeScore } from "../score.ts";
import { decodeCursor, encodeCursor } from "./cursor.ts";
import { Problem } from "./problem.ts";

const RANKING = {
  board: "main/b",
  period: "daily",
  season: 1_764_028_800_000,
  className: "any%",
};

Deno.test("decodeCursor() gives back what encodeCursor() was given", () => {
  const seed = 5;
  const random = new SeededRandom(seed);
  const edges = [0n, 1n, -1n, MAX_SCORE, MIN_SCORE, 2n ** 53n, -(2n ** 53n)];
  for (let i = 0; i < 500; i++) {
    const pick = () =>
      i < edges.length ? edges[i]! : BigInt.asIntN(
        64,
        BigInt(random.nextU32()) << 32n | BigInt(random.nextU32()),
      );
    const after = {
      score: normalizeScore(pick()),
      subscore: normalizeScore(pick()),
      sequence: i === 0 ? Number.MAX_SAFE_INTEGER : random.nextU32(),
    };
    const cursor = encodeCursor(RANKING, after);
    assertEquals(
      decodeCursor(cursor, RANKING),
      { season: RANKING.season, after },
      `seed ${seed}, case ${i}`,
    );
  }
});

Deno.test("decodeCursor() refuses a cursor of another ranking", () => {
  const cursor = encodeCursor(RANKING, { score: 1, subscore: 2, sequence: 3 });
  for (
    const other of [{ board: "main/c" }, { period: "weekly" }, {
      className: "",
    }]
  ) {
    const error = assertThrows(
      () => decodeCursor(cursor, { ...RANKING, ...other }),
      Problem,
    );
    assertEquals((error as Problem).code, "invalidCursor");
  }
});

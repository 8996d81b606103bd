// The bytes of RECORDING.md beside this, both ways.
import { assertEquals } from "@std/assert";
import vectors from "../vectors/match_recording.json" with { type: "json" };
import {
  MATCH_VECTOR_CASES,
  type MatchVectors,
} from "./_testing/match_vectors.ts";
import { playMatch, replayMatch } from "./_testing/play_match.ts";

for (const { name, run } of MATCH_VECTOR_CASES) {
  Deno.test(name, () => run(vectors as unknown as MatchVectors));
}

Deno.test("MatchPlayer comes to the checksums of the match that was recorded", () => {
  const sums = new Set<string>();
  for (const seed of [3, 4]) {
    const { recording, ...played } = playMatch(seed, 200);
    assertEquals(replayMatch(recording), played, `seed ${seed}`);
    sums.add(played.rolling);
  }
  assertEquals(sums.size, 2);
});

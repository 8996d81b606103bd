// Members with random scores, the same for all contenders.
import { type PlayerId, SeededRandom } from "../../core/mod.ts";

const SCORES = 10_000_000;

export interface Members {
  readonly ids: readonly PlayerId[];
  readonly scores: Float64Array;
}

export function makeMembers(count: number): Members {
  const random = new SeededRandom(count);
  const texts = Array.from(
    { length: count },
    (_, i) => `player-${i.toString(36).padStart(8, "0")}`,
  );
  return {
    ids: copyOf(texts) as PlayerId[],
    scores: Float64Array.from(texts, () => random.nextU32() % SCORES),
  };
}

/** Members chosen at random, with new scores: texts of their own, as those of a request are. */
export function makeMoves({ ids }: Members, count: number): Members {
  const random = new SeededRandom(count);
  return {
    ids: copyOf(
      Array.from({ length: count }, () => ids[random.nextU32() % ids.length]!),
    ),
    scores: Float64Array.from(
      { length: count },
      () => random.nextU32() % SCORES,
    ),
  };
}

function copyOf<Text extends string>(texts: readonly Text[]): Text[] {
  return JSON.parse(JSON.stringify(texts));
}

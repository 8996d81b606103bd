// Prints the figures of `memory.ts` of as many members as its argument says.
import {
  RankIndex,
  type RankIndexMember,
} from "../../leaderboard/ranking/rank_index.ts";
import { makeMembers, makeMoves } from "./_members.ts";

const OPTIONS = {
  order: "descending",
  subscoreOrder: "descending",
  ties: "earliest",
} as const;

const size = Number(Deno.args[0]);
const members = makeMembers(size);
const moves = makeMoves(members, size);
const order = Uint32Array.from(members.ids, (_, i) => i).sort((a, b) =>
  members.scores[b]! - members.scores[a]! || a - b
);

/** The members by number, or in an order. */
function* inTurn(order?: Uint32Array): Generator<RankIndexMember> {
  for (let i = 0; i < size; i++) {
    const at = order === undefined ? i : order[i]!;
    yield {
      playerId: members.ids[at]!,
      score: members.scores[at]!,
      subscore: 0,
      sequence: at + 1,
    };
  }
}

async function bytesInUse(): Promise<number> {
  for (let i = 0; i < 5; i++) {
    (globalThis as unknown as { gc(): void }).gc();
    // Buffers are given back in a turn of their own.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** Milliseconds of all calls, and of the longest one. */
function longestOf(call: (i: number) => void): [all: number, longest: number] {
  let longest = 0;
  const startMs = performance.now();
  let beforeMs = startMs;
  for (let i = 0; i < size; i++) {
    call(i);
    const nowMs = performance.now();
    longest = Math.max(longest, nowMs - beforeMs);
    beforeMs = nowMs;
  }
  return [beforeMs - startMs, longest];
}

function load(order?: Uint32Array): [index: RankIndex, ms: number] {
  const index = new RankIndex(OPTIONS);
  const startMs = performance.now();
  index.load(inTurn(order));
  return [index, performance.now() - startMs];
}

// First, as nothing of what came before may be collected between two counts.
const before = await bytesInUse();
const [index] = load();
const bytes = (await bytesInUse() - before) / size;
for (let i = 0; i < size; i++) {
  index.set(members.ids[i]!, moves.scores[i]!, 0, size + i);
}
const movedBytes = (await bytesInUse() - before) / size;
// All that was there before must be there when it is counted again.
if (
  index.size !== size || moves.ids.length + moves.scores.length !== 2 * size
) {
  throw new Error("Cannot measure as members are missing");
}
// By now all of it is compiled.
const [, unsortedMs] = load();
const [, sortedMs] = load(order);
const grown = new RankIndex(OPTIONS);
const [insertMs, longestMs] = longestOf((i) =>
  grown.set(members.ids[i]!, members.scores[i]!, 0, i + 1)
);
const beforeMap = await bytesInUse();
const map = new Map<string, number>();
const [, mapLongestMs] = longestOf((i) => map.set(members.ids[i]!, i));
const mapBytes = (await bytesInUse() - beforeMap) / map.size;
console.log(JSON.stringify({
  bytes,
  movedBytes,
  sortedMs,
  unsortedMs,
  insertUs: insertMs * 1_000 / size,
  longestMs,
  mapBytes,
  mapLongestMs,
}));

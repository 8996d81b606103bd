// A search for bytes that reach all code of rpc's decoders, guided by what the engine counts. It begins with four zeros for each
// decoder and finds half of the code; the rest is reached from packets that writers made, and
// those of rare places. An ordinary run tries 4,000 inputs, TICKWIRE_SOAK=1 400,000 with each of five seeds.
import { assert, assertEquals } from "@std/assert";
import { runSearch } from "../protocol/_testing/coverage_search.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? [1, 2, 3, 4, 5] : [1];
/** Made of nothing, then also of packets. */
const INPUTS = IS_SOAK ? [200_000, 200_000] : [3_000, 1_000];
const PROGRAM = new URL("./_testing/fuzz_search.ts", import.meta.url);

for (const seed of SEEDS) {
  Deno.test(`guided mutants reach all code of rpc's decoders (seed ${seed})`, async () => {
    const found = await runSearch(PROGRAM, [seed, ...INPUTS]);
    assertEquals(found.unreached, []);
    assertEquals(found.neverPassed, []);
    const { executed, kept, reachedShare } = found.fromNothing;
    assert(reachedShare > 0.4, `${reachedShare} of the code`);
    assert(executed >= INPUTS[0]! && kept > 30);
    assert(found.executed >= executed + INPUTS[1]!);
  });
}

// A search for bytes that reach all code of the decoders, guided by what the engine counts. It begins with four zeros for each
// decoder and finds nine tenths of the code; what takes whole words to get through (checksums of contracts, Huffman codes) is
// reached from the vectors. More seeds and more inputs with TICKWIRE_SOAK=1.
import { assert, assertEquals } from "@std/assert";
import {
  type ExpectedPlace,
  expectedPlaces,
  runSearch,
  shownPlaces,
} from "./_testing/coverage_search.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? [1, 2, 3, 4, 5] : [1];
/** Made of nothing, then also of the vectors. */
const INPUTS = IS_SOAK ? [200_000, 200_000] : [80_000, 60_000];

/** What always runs where it might be passed over. */
const NEVER_PASSED: readonly ExpectedPlace[] = [
  [
    "packet_decoder.ts",
    "#tryUsual",
    "&& end <= bytes.length",
    "a range outside of the bytes is a mistake of the caller's, for which the other way throws",
  ],
  ["packet_decoder.ts", "#tryUsual", "&& end - start >=", "the same"],
  [
    "packet_kind.ts",
    "isPacketKind",
    "&& (kind <=",
    "decoders ask of 16 bits; other numbers come from encoders",
  ],
];

const PROGRAM = new URL("./_testing/fuzz_search.ts", import.meta.url);

for (const seed of SEEDS) {
  Deno.test(`guided mutants reach all code of the decoders (seed ${seed})`, async () => {
    const found = await runSearch(PROGRAM, [seed, ...INPUTS]);
    assertEquals(found.unreached, []);
    assertEquals(
      shownPlaces(found.neverPassed, NEVER_PASSED),
      expectedPlaces(NEVER_PASSED),
    );
    // From four zeros for each decoder alone.
    const { executed, kept, reachedShare } = found.fromNothing;
    assert(reachedShare > 0.8, `${reachedShare} of the code`);
    assert(executed >= INPUTS[0]! && kept > 100);
    assert(found.executed >= executed + INPUTS[1]!);
  });
}

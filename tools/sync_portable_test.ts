// The vectors of sync in each runtime, on the files that would be published, and matches that all of them are to play alike:
// state, messages, prediction and drawing are numbers with fractions, which every engine must round alike.
import { assertNotEquals } from "@std/assert";
import { blendDigest, matchDigests } from "../sync/_testing/match_digests.ts";
import { toHex } from "../sync/recording/_testing/match_vectors.ts";
import type { FastVectors } from "../sync/coder/fast/_testing/vector_cases.ts";
import type { MatchVectors } from "../sync/recording/_testing/match_vectors.ts";
import { playMatch } from "../sync/recording/_testing/play_match.ts";
import fast from "../sync/vectors/fast_coder.json" with { type: "json" };
import match from "../sync/vectors/match_recording.json" with { type: "json" };
import strong from "../sync/vectors/strong_coder.json" with { type: "json" };
import { PortableSite } from "./portable_run.ts";
import { testInEachRuntime } from "./portable_steps.ts";
import { CASES, type Wanted } from "./sync_portable_main.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MAIN = `export { main } from "./tools/sync_portable_main.js";`;
const SOURCES = [
  "tools/sync_portable_main.ts",
  "sync/_testing/lossy_links.ts",
  "sync/_testing/match_digests.ts",
  "sync/coder/fast/_testing/vector_cases.ts",
  "sync/coder/strong/_testing/vector_cases.ts",
  "sync/interpolation/_testing/random_tables.ts",
  "sync/recording/_testing/match_game.ts",
  "sync/recording/_testing/match_vectors.ts",
  "sync/recording/_testing/play_match.ts",
];

/** What this runtime makes of what all of them are to do. */
function wantedHere(): Wanted {
  const seed = 61;
  const ticks = IS_SOAK ? 5_000 : 120;
  const runs = IS_SOAK ? 2_000 : 12;
  const { recording, ...played } = playMatch(seed, ticks);
  return {
    fast: fast as unknown as FastVectors,
    strong,
    match: match as unknown as MatchVectors,
    recorded: { seed, ticks, bytes: toHex(recording), ...played },
    digests: { seed, ticks, are: matchDigests(seed, ticks) },
    blended: { seed, runs, is: blendDigest(seed, runs) },
  };
}

Deno.test("sync does the same in every runtime", async (t) => {
  const wanted = wantedHere();
  await using site = await PortableSite.open({
    main: MAIN,
    sources: SOURCES,
    handler: () => Response.json(wanted),
    timeoutMs: 300_000,
  });
  await testInEachRuntime(t, site, CASES.map(({ name }) => name));
});

Deno.test("A match over bad links tells one seed from another", () => {
  const digests = [1, 2].map((seed) => matchDigests(seed, 90));
  for (const name of Object.keys(digests[0]!)) {
    if (name === "partialSnapshots") continue;
    assertNotEquals(digests[0]![name], digests[1]![name], name);
  }
  assertNotEquals(blendDigest(1, 1), blendDigest(2, 1));
});

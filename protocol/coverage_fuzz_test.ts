// A search for bytes that reach all code of the decoders, guided by what the engine counts. It begins with four zeros for each
// decoder and finds nine tenths of the code; what takes whole words to get through (checksums of contracts, Huffman codes) is
// reached from the vectors. More seeds and more inputs with TICKWIRE_SOAK=1.
import { assert, assertEquals } from "@std/assert";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const SEEDS = IS_SOAK ? [1, 2, 3, 4, 5] : [1];
/** Made of nothing, then also of the vectors. */
const INPUTS = IS_SOAK ? [200_000, 200_000] : [80_000, 60_000];

/** File, function, how the code begins, and why no bytes pass it over. */
type Expected = readonly [
  file: string,
  name: string,
  code: string,
  reason: string,
];

/** What always runs where it might be passed over. */
const NEVER_PASSED: readonly Expected[] = [
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

interface Place {
  readonly file: string;
  readonly name: string;
  readonly code: string;
}

interface Found {
  readonly fromNothing: {
    readonly executed: number;
    readonly kept: number;
    readonly reachedShare: number;
  };
  readonly executed: number;
  readonly unreached: readonly Place[];
  readonly neverPassed: readonly Place[];
}

/** In a process of its own, as counting slows all else and begins before the code. */
async function search(seed: number): Promise<Found> {
  const program = new URL("./_testing/fuzz_search.ts", import.meta.url);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", program.href, ...[seed, ...INPUTS].map(String)],
    cwd: new URL("..", import.meta.url),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return JSON.parse(decoder.decode(stdout));
}

/** The places as they are expected, or in full. */
function shown(places: readonly Place[]): string[] {
  return places.map((place) => {
    const known = NEVER_PASSED.find(([file, name, code]) =>
      file === place.file && name === place.name && place.code.startsWith(code)
    );
    return `${place.file} ${place.name}: ${known?.[2] ?? place.code}`;
  }).sort();
}

for (const seed of SEEDS) {
  Deno.test(`guided mutants reach all code of the decoders (seed ${seed})`, async () => {
    const found = await search(seed);
    assertEquals(found.unreached, []);
    assertEquals(
      shown(found.neverPassed),
      NEVER_PASSED.map(([file, name, code]) => `${file} ${name}: ${code}`)
        .sort(),
    );
    // From four zeros for each decoder alone.
    const { executed, kept, reachedShare } = found.fromNothing;
    assert(reachedShare > 0.8, `${reachedShare} of the code`);
    assert(executed >= INPUTS[0]! && kept > 100);
    assert(found.executed >= executed + INPUTS[1]!);
  });
}

// Looks for bytes that reach all code of the decoders, guided by what the engine counts. A program of its own, as counting slows
// what else runs, and functions are counted from the beginning only. Prints what it found as JSON.
//
//     deno run -A protocol/_testing/fuzz_search.ts [seed [inputs made of nothing [inputs made of the vectors as well]]]
import { Coverage, type Scope } from "./fuzz_coverage.ts";
import { Mutator } from "./mutator.ts";

/** Which functions read bytes from anybody. */
const DECODERS: Scope = {
  "_bit_width.ts": /./,
  "deflate.ts": /^(?!deflateRaw|collect|Codes class|meaningOf)/,
  "_position.ts": /./,
  "_token_body.ts": /^parseToken/,
  "utf8.ts": /^(readUtf8|skipAscii|readAscii|readShort|low6|isUtf8From)/,
  "ack_window.ts": /^(?!reset)/,
  "angle_quantizer.ts": /^fromIndex/,
  "bit_reader.ts": /./,
  "byte_reader.ts": /./,
  "connection_token.ts": /^(fromBytes|tryFromBytes|tokenError)/,
  "contract_handshake.ts": /^(?!hello )/,
  "fields/": /^(read | \(reader\)=|readFiniteF32)/,
  "float_quantizer.ts": /^fromIndex/,
  "lz4.ts": /^(decompressLz4|checkRange)/,
  "packet_decoder.ts": /./,
  "packet_filter.ts": /^(check|isSeen|clearBetween) /,
  "packet_header.ts": /./,
  "packet_kind.ts": /^isPacketKind/,
  "packet_view.ts": /./,
  "payload_compression.ts": /^(inflatePayload|invalid) /,
  "quat_quantizer.ts": /^(fromParts|isLargest) /,
  "sequence.ts": /^sequenceDistance/,
};

/** Inputs between two looks at the counts, which take half a millisecond. */
const BATCH = 64;
const MAX_BYTES = 2_048;

const [seed = 1, fromNothing = 80_000, fromVectors = 60_000] = Deno.args.map(
  Number,
);
const coverage = new Coverage(new URL("../", import.meta.url).href, DECODERS);
await coverage.start();
const { TARGETS } = await import("./fuzz_targets.ts");
// What preparing the targets ran does not count.
await coverage.take();
const missing = coverage.missing();
if (missing.length > 0) {
  throw new Error(`Cannot search as there are no decoders in ${missing}`);
}

const mutator = new Mutator(MAX_BYTES);
const corpora: Uint8Array[][] = TARGETS.map(() => [Uint8Array.of(0, 0, 0, 0)]);
let executed = 0;
let nextSeed = seed * 0x1000_0000;

async function runAll(
  target: typeof TARGETS[number],
  inputs: readonly Uint8Array[],
): Promise<void> {
  for (const input of inputs) {
    const pending = target.run(input, 0, input.length);
    if (typeof pending !== "number") await pending;
  }
  executed += inputs.length;
}

/** Adds those of the inputs to the corpus that reach what none before them did. */
async function search(
  target: typeof TARGETS[number],
  corpus: Uint8Array[],
  inputs: readonly Uint8Array[],
): Promise<void> {
  await runAll(target, inputs);
  const counts = await coverage.take();
  if (!coverage.isNew(counts)) return;
  if (inputs.length === 1) {
    corpus.push(inputs[0]!);
  } else {
    const half = inputs.length >>> 1;
    await search(target, corpus, inputs.slice(0, half));
    await search(target, corpus, inputs.slice(half));
  }
  // Also what happens once only, and not again in the halves.
  coverage.add(counts);
}

async function round(pool: readonly Uint8Array[]): Promise<void> {
  for (const [i, target] of TARGETS.entries()) {
    const corpus = corpora[i]!;
    const inputs = Array.from({ length: BATCH }, () => {
      const length = mutator.mutate(corpus, pool, nextSeed++);
      return mutator.buffer.slice(0, length);
    });
    await search(target, corpus, inputs);
  }
}

/** Goes from target to target until so many inputs were run. */
async function searchOn(limit: number): Promise<void> {
  for (let rounds = 0; executed < limit; rounds++) {
    // Pieces of what another target likes, each round of another one.
    await round(corpora[rounds % corpora.length]!);
  }
}

await searchOn(fromNothing);
const report = {
  fromNothing: {
    executed,
    kept: corpora.reduce((sum, { length }) => sum + length, 0),
    reachedShare: coverage.reachedShare(),
    unreached: coverage.unreached().length,
    neverPassed: coverage.neverPassed().length,
  },
};
for (const [i, { corpus }] of TARGETS.entries()) {
  await search(TARGETS[i]!, corpora[i]!, corpus);
  corpora[i]!.push(...corpus);
}
await searchOn(executed + fromVectors);
console.log(JSON.stringify(
  {
    ...report,
    executed,
    unreached: coverage.unreached(),
    neverPassed: coverage.neverPassed(),
  },
  undefined,
  2,
));

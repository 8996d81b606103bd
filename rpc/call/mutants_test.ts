// The two decoders under seeded mutants of all vectors: none throws, and what is accepted encodes to the same bytes. The whole
// count is 2,000,000 mutants (TICKWIRE_SOAK=1); an ordinary run takes 40,000. A failure names the seed.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { watch } from "../../protocol/_testing/fuzz_checks.ts";
import { Mutator } from "../../protocol/_testing/mutator.ts";
import { heldBytes } from "../_testing/held_bytes.ts";
import vectors from "../vectors/call.json" with { type: "json" };
import { RpcBatcher } from "./rpc_batcher.ts";
import { MAX_CALL_BYTES, RpcCall } from "./rpc_call.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS = IS_SOAK ? 1_000_000 : 20_000;
const WATCHED = IS_SOAK ? 50_000 : 1_000;
/** Reads for each byte: text is passed over thrice. */
const MAX_READS_PER_BYTE = 12;
/** What the calls of a batch may take beyond 16 times its bytes. */
const ALLOWANCE = 65_536;

const callCorpus = [...vectors.calls, ...vectors.refused].map(bytesOf);
const batchCorpus = [...vectors.batches, ...vectors.refusedBatches].map(
  bytesOf,
);
const batcher = new RpcBatcher();

interface Target {
  readonly name: string;
  readonly corpus: readonly Uint8Array[];
  /** What is encoded from what was decoded, or why it was refused. */
  readonly again: (bytes: Uint8Array) => Uint8Array | string;
}

const TARGETS: readonly Target[] = [
  {
    name: "RpcCall.tryDeserialize()",
    corpus: callCorpus,
    again: (bytes) => {
      const call = RpcCall.tryDeserialize(bytes, undefined);
      return typeof call === "string" ? call : call.serialize();
    },
  },
  {
    name: "RpcBatcher.tryUnbatch()",
    corpus: batchCorpus,
    again: (bytes) => {
      const calls: RpcCall[] = [];
      const fault = batcher.tryUnbatch(bytes, undefined, calls);
      if (fault === undefined) {
        const held = calls.reduce((sum, call) => sum + heldBytes(call), 0);
        assert(held <= 16 * bytes.length + ALLOWANCE, `${held} bytes held`);
        return one(batcher.batch(calls, MAX_CALL_BYTES));
      }
      assertEquals(calls, []);
      return fault;
    },
  },
];

function bytesOf({ bytes }: { readonly bytes: string }): Uint8Array {
  return decodeHex(bytes);
}

function one(packets: readonly Uint8Array[]): Uint8Array {
  assertEquals(packets.length, 1);
  return packets[0]!;
}

for (const { name, corpus, again } of TARGETS) {
  Deno.test(`${name} is not hurt by mutants`, () => {
    const mutator = new Mutator(2_048);
    const outcomes = new Map<string, number>();
    for (let seed = 0; seed < MUTANTS; seed++) {
      const length = mutator.mutate(corpus, callCorpus, seed);
      const bytes = mutator.buffer.subarray(0, length);
      try {
        const outcome = again(bytes);
        const key = typeof outcome === "string" ? outcome : "accepted";
        outcomes.set(key, (outcomes.get(key) ?? 0) + 1);
        if (typeof outcome === "string") continue;
        assertEquals(encodeHex(outcome), encodeHex(bytes));
      } catch (cause) {
        throw new Error(`seed ${seed} fails for ${encodeHex(bytes)}`, {
          cause,
        });
      }
    }
    // Each fault was met, and what is right as well.
    assertEquals([...outcomes.keys()].toSorted(), [
      "accepted",
      "nan",
      "overlong",
      "padding",
      "range",
      "tag",
      "target",
      "trailing",
      "truncated",
      "utf8",
    ]);
    assert(outcomes.get("accepted")! > MUTANTS / 100);
  });

  Deno.test(`${name} touches nothing but its bytes, a few times each`, () => {
    const mutator = new Mutator(2_048);
    for (let seed = 0; seed < WATCHED; seed++) {
      const length = mutator.mutate(corpus, callCorpus, seed);
      const watched = watch(mutator.buffer.slice(0, length));
      again(watched.bytes);
      assertEquals([seed, watched.faults], [seed, []]);
      assert(
        watched.reads <= MAX_READS_PER_BYTE * length + 64,
        `seed ${seed}: ${watched.reads} reads of ${length} bytes`,
      );
    }
  });
}

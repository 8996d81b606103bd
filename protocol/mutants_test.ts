// Every decoder under seeded mutants of all vectors. What must hold of each is in `_testing/fuzz_targets.ts`; here it is held
// against every mutant, twice with other bytes around it, and against some under watch. The whole count is 10,000,000 mutants
// (TICKWIRE_SOAK=1, minutes); an ordinary run takes 200,000. A failure names the target and the seed; that mutant alone:
//
//     TICKWIRE_MUTANT="ByteReader:4711" deno task test protocol/mutants_test.ts
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { watch } from "./_testing/fuzz_checks.ts";
import {
  ALL_VECTORS,
  type FuzzTarget,
  TARGETS,
} from "./_testing/fuzz_targets.ts";
import { Mutator } from "./_testing/mutator.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const MUTANTS = IS_SOAK ? 10_000_000 : 200_000;
const WATCHED = IS_SOAK ? 500_000 : 20_000;
const ONE = Deno.env.get("TICKWIRE_MUTANT");

const MAX_BYTES = 2_048;
/** How much of its surroundings a decoder could see. */
const MARGIN = 40;
/** Reads for each byte: text is passed over thrice, and a packet is decoded thrice. */
const MAX_READS_PER_BYTE = 12;

const mutator = new Mutator(MAX_BYTES);
const bare = new Uint8Array(MAX_BYTES + 2 * MARGIN);
const amidst = new Uint8Array(MAX_BYTES + 2 * MARGIN);

/** The seeds of a target: as many as its share of the mutants. */
function* seedsOf(target: FuzzTarget, mutants: number): Iterable<number> {
  if (ONE !== undefined) {
    const [name, seed] = ONE.split(":");
    if (name === target.name) yield Number(seed);
    return;
  }
  const count = Math.ceil(mutants * target.share / 100);
  for (let seed = 0; seed < count; seed++) yield seed;
}

/** Runs each mutant, and says which one it was if it fails. */
async function runMutants(
  target: FuzzTarget,
  mutants: number,
  run: (length: number, seed: number) => void | Promise<void>,
): Promise<number> {
  let count = 0;
  for (const seed of seedsOf(target, mutants)) {
    const length = mutator.mutate(target.corpus, ALL_VECTORS, seed);
    try {
      const pending = run(length, seed);
      if (pending !== undefined) await pending;
    } catch (cause) {
      throw new Error(
        `${target.name}:${seed} fails for ${
          encodeHex(mutator.buffer.subarray(0, length))
        }`,
        { cause },
      );
    }
    count += 1;
  }
  return count;
}

/** Puts the mutant between zeros, and somewhere else between bytes made of the seed. */
function surround(length: number, seed: number): number {
  const { buffer } = mutator;
  const shift = 1 + seed % 16;
  bare.fill(0, 0, MARGIN);
  bare.fill(0, MARGIN + length, 2 * MARGIN + length);
  for (let i = 0; i < MARGIN; i++) {
    // Mostly varints that go on, text that goes on, and large numbers.
    const byte = (seed & 3) === 0 ? 0xff : Math.imul(seed + i, 0x9e37_79b1);
    amidst[shift + i] = byte;
    amidst[shift + MARGIN + length + i] = byte >>> 8;
  }
  for (let i = 0; i < length; i++) {
    bare[MARGIN + i] = buffer[i]!;
    amidst[shift + MARGIN + i] = buffer[i]!;
  }
  return shift + MARGIN;
}

for (const target of TARGETS) {
  Deno.test(`${target.name} is not hurt by mutants`, async () => {
    let outcomes = 0;
    const seen = new Set<number>();
    const note = (one: number, other: number): void => {
      assertEquals(one, other, "what lies around must not matter");
      if (outcomes < 1_000) outcomes = seen.add(one).size;
    };
    const count = await runMutants(target, MUTANTS, (length, seed) => {
      const at = surround(length, seed);
      const one = target.run(bare, MARGIN, MARGIN + length);
      const other = target.run(amidst, at, at + length);
      if (typeof one === "number") {
        note(one, other as number);
        return;
      }
      return Promise.all([one, other]).then(([one, other]) => note(one, other));
    });
    // They do not all end alike, so that something was tried.
    assert(ONE !== undefined || outcomes > Math.min(20, count / 20));
  });
}

// Behind all others, as a proxy makes the engine forget what it knew of the decoders.
Deno.test("no decoder touches anything but its bytes, a few times each", async () => {
  let watchedReads = 0;
  for (const target of TARGETS) {
    await runMutants(target, WATCHED, async (length) => {
      const watched = watch(mutator.buffer.slice(0, length));
      const one = await target.run(watched.bytes, 0, length);
      assertEquals(watched.faults, []);
      assertEquals(one, await target.run(mutator.buffer, 0, length));
      assert(
        watched.reads <= MAX_READS_PER_BYTE * length + 64,
        `${watched.reads} reads of ${length} bytes`,
      );
      watchedReads += watched.reads;
    });
  }
  assert(ONE !== undefined || watchedReads > 10 * WATCHED);
});

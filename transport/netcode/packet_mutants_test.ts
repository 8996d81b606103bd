// Mutants of all sealed packets, as a flood of them would come in: a codec neither throws nor gives out a body, whatever it was
// shown before. An ordinary run takes 4,000 mutants; TICKWIRE_SOAK=1 takes 5,000,000 (minutes). A failure names the mutant.
import { assert } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { Mutator } from "../../protocol/_testing/mutator.ts";
import { HeaderFault, PacketCodec } from "./_packet_codec.ts";
import vectors from "./vectors/packets.json" with { type: "json" };

const MUTANTS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 5_000_000 : 4_000;
const ALL = 0b111_1111;

const CORPUS = vectors.packets.map(({ packet }) => decodeHex(packet));
const GENUINE = new Set(vectors.packets.map(({ packet }) => packet));
const KEY = decodeHex(vectors.key);

Deno.test("PacketCodec neither throws for a mutant nor gives out its body", () => {
  const codec = new PacketCodec(BigInt(vectors.protocolId));
  const mutator = new Mutator(1_600);
  const out = new Uint8Array(1_600).fill(0xaa);
  let faults = 0;
  let forged = 0;
  let genuine = 0;
  for (let seed = 0; seed < MUTANTS; seed++) {
    const length = mutator.mutate(CORPUS, CORPUS, seed);
    const packet = mutator.buffer.subarray(0, length);
    try {
      if (codec.readHeader(packet, ALL) !== HeaderFault.None) {
        faults++;
        continue;
      }
      if (codec.open(packet, KEY, out) < 0) {
        forged++;
        continue;
      }
      // Changes may cancel each other, or change nothing.
      assert(GENUINE.has(encodeHex(packet)), "it gives out a body");
      genuine++;
      out.fill(0xaa);
    } catch (cause) {
      throw new Error(`Mutant ${seed} fails: ${encodeHex(packet)}`, { cause });
    }
  }
  // What was refused has left nothing behind.
  assert(out.every((byte) => byte === 0xaa));
  // Mutants of each kind came, so that each check was reached.
  assert(faults > MUTANTS / 10, `${faults} faults`);
  assert(forged > MUTANTS / 10, `${forged} forged`);
  assert(genuine > 0, `${genuine} genuine`);
});

Deno.test("PacketCodec neither throws for noise nor gives out a body", () => {
  const codec = new PacketCodec(BigInt(vectors.protocolId));
  const mutator = new Mutator(1_600);
  const noise = [new Uint8Array(40)];
  const out = new Uint8Array(1_600);
  for (let seed = 0; seed < MUTANTS; seed++) {
    const length = mutator.mutate(noise, noise, seed);
    const packet = mutator.buffer.subarray(0, length);
    if (codec.readHeader(packet, ALL) !== HeaderFault.None) continue;
    assert(codec.open(packet, KEY, out) < 0, `seed ${seed}`);
  }
});

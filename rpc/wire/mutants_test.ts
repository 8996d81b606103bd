// The readers under seeded mutants of packets: nothing throws, and what is accepted is
// written again as it was. The whole count is 6,680,000 mutants of calls, and 2,371,400 of
// results, as not every contract has replies (TICKWIRE_SOAK=1, minutes); an ordinary run
// takes a slice. A failure names its contract and seed.
import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { Mutator } from "../../protocol/_testing/mutator.ts";
import { heldBytes } from "../_testing/held_bytes.ts";
import type { Rpc } from "../contract/define_rpc.ts";
import calls from "../vectors/calls.json" with { type: "json" };
import {
  randomCalls,
  randomResults,
  randomRpcs,
} from "./_testing/random_packet.ts";
import { callPacketOf, resultPacketOf } from "./_testing/reference_packet.ts";
import { contractOf, type VectorContract } from "./_testing/vector_rpcs.ts";
import { CallReader } from "./call_reader.ts";
import { CallWriter } from "./call_writer.ts";
import { RpcPacketKind } from "./packet_kind.ts";
import { ResultReader } from "./result_reader.ts";
import { ResultStatus } from "./result_status.ts";
import { ResultWriter } from "./result_writer.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
/** Contracts, and mutants of the packets of each: of calls, and half as many of results. */
const CONTRACTS = IS_SOAK ? 400 : 10;
const MUTANTS = IS_SOAK ? 16_700 : 1_000;
const PACKETS = 24;
const MAX_BYTES = 4_096;
/** What the values of a packet may take beyond 16 times its bytes. */
const ALLOWANCE = 65_536;
/** Enough calls to see that they do not all end alike. */
const LEAST_ACCEPTED = CONTRACTS * MUTANTS / 100;

const mutator = new Mutator(MAX_BYTES);

/** A contract of its own for each seed; the first is that of the vectors. */
function rpcsOf(seed: number, random: SeededRandom): readonly Rpc[] {
  return seed === 0
    ? contractOf(calls.contract as VectorContract).rpcs
    : randomRpcs(random, 10);
}

function fail(seed: number, mutant: number, cause: unknown): never {
  const bytes = encodeHex(mutator.buffer.subarray(0, MAX_BYTES));
  throw new Error(`contract ${seed}, mutant ${mutant}: ${bytes}`, { cause });
}

Deno.test("CallReader is not hurt by mutants, and takes in only what is written so", () => {
  let accepted = 0;
  for (let seed = 0; seed < CONTRACTS; seed++) {
    const random = new SeededRandom(seed);
    const rpcs = rpcsOf(seed, random);
    const corpus: Uint8Array[] = [];
    while (corpus.length < PACKETS) {
      const kind = 1 + corpus.length % 2;
      const packet = callPacketOf(
        kind,
        corpus.length * 100,
        randomCalls(random, rpcs, kind, 5),
      );
      // A contract may have nothing smaller.
      corpus.push(packet.length < MAX_BYTES ? packet : packet.slice(0, 100));
    }
    const reader = new CallReader(rpcs);
    const ignorant = new CallReader(rpcs.slice(0, -1));
    const writer = new CallWriter(MAX_BYTES);
    for (let mutant = 0; mutant < MUTANTS; mutant++) {
      const length = mutator.mutate(corpus, corpus, mutant);
      const packet = mutator.buffer.subarray(0, length);
      const kind = packet[0] === RpcPacketKind.ServerCalls
        ? RpcPacketKind.ServerCalls
        : RpcPacketKind.ClientCalls;
      try {
        const fault = reader.read(packet, kind);
        if (fault !== undefined) {
          assertEquals(reader.count, 0);
          continue;
        }
        // What is unknown is not looked into: everything else is the same.
        assertEquals(ignorant.read(packet, kind), undefined);
        assertEquals(
          ignorant.count + ignorant.unknownCalls,
          reader.count + reader.unknownCalls,
        );
        let held = 0;
        for (let i = 0; i < reader.count; i++) {
          held += heldBytes(reader.at(i).params);
        }
        assert(held <= 16 * length + ALLOWANCE, `${held} bytes held`);
        if (reader.unknownRuns > 0) continue;
        writer.begin(kind, reader.at(0).sequence);
        for (let i = 0; i < reader.count; i++) {
          const { rpc, tag, id, ticket, params } = reader.at(i);
          assert(writer.add(rpc, tag, id, ticket, params), writer.error);
        }
        assertEquals(encodeHex(writer.end()), encodeHex(packet));
        accepted++;
      } catch (cause) {
        fail(seed, mutant, cause);
      }
    }
  }
  assert(accepted > LEAST_ACCEPTED, `${accepted} accepted`);
});

Deno.test("ResultReader is not hurt by mutants, and takes in only what is written so", () => {
  let accepted = 0;
  for (let seed = 0; seed < CONTRACTS; seed++) {
    const random = new SeededRandom(seed);
    const answered = rpcsOf(seed, random).filter(({ definition }) =>
      definition.reply !== undefined
    );
    if (answered.length === 0) continue;
    const corpus: Uint8Array[] = [];
    while (corpus.length < PACKETS) {
      const packet = resultPacketOf(randomResults(random, answered, 5));
      corpus.push(packet.length < MAX_BYTES ? packet : packet.slice(0, 100));
    }
    const rpcOf = (ticket: number): Rpc => answered[ticket % answered.length]!;
    const reader = new ResultReader();
    const writer = new ResultWriter(MAX_BYTES);
    for (let mutant = 0; mutant < MUTANTS / 2; mutant++) {
      const length = mutator.mutate(corpus, corpus, mutant);
      const packet = mutator.buffer.subarray(0, length);
      try {
        if (reader.read(packet, rpcOf) !== undefined) continue;
        writer.begin();
        let held = 0;
        for (let i = 0; i < reader.count; i++) {
          const { ticket, status, code, text, value } = reader.at(i);
          held += heldBytes(value) + heldBytes(text);
          const isAdded = status === ResultStatus.Value
            ? writer.addValue(rpcOf(ticket), ticket, value)
            : writer.addStatus(ticket, status, code, text);
          assert(isAdded, writer.error);
        }
        assert(held <= 16 * length + ALLOWANCE, `${held} bytes held`);
        assertEquals(encodeHex(writer.end()), encodeHex(packet));
        accepted++;
      } catch (cause) {
        fail(seed, mutant, cause);
      }
    }
  }
  assert(accepted > LEAST_ACCEPTED / 4, `${accepted} accepted`);
});

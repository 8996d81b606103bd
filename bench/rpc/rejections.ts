// What it costs to refuse packets: seeded mutants of good ones, of which only those count that are refused.
import { Mutator } from "../../protocol/_testing/mutator.ts";
import {
  clientId,
  RpcBatcher,
  RpcCall,
  rpcId,
  RpcParam,
  RpcTarget,
} from "../../rpc/mod.ts";
import { CallReader } from "../../rpc/wire/call_reader.ts";
import { RpcPacketKind } from "../../rpc/wire/packet_kind.ts";
import { atMost, type Section } from "../_report.ts";
import { type Loop, time } from "../_nanoseconds.ts";
import { makePackets } from "./_tickwire.ts";
import { GAME, makeCalls } from "./_typical.ts";

/** Not a power of two: no other pattern than theirs. */
const MUTANTS = 1_021;
const MAX_BYTES = 8_192;
const BAR_NS = 300;
const FEW = 5;

export async function measureRejections(isSmoke: boolean): Promise<Section> {
  const calls = makeCalls();
  const reader = new CallReader(GAME.rpcs);
  const fewReader = new CallReader(GAME.rpcs);
  const batcher = new RpcBatcher();
  const into: RpcCall[] = [];
  const caller = clientId(7);
  const documented = calls.map(({ params: { amount, scale, text, at } }, i) =>
    new RpcCall({
      id: rpcId(100),
      target: RpcTarget.client(clientId(1 + i)),
      params: [
        RpcParam.int(amount),
        RpcParam.float(scale),
        RpcParam.string(text),
        RpcParam.vec3(at),
      ],
      sequence: i,
    })
  );
  const loops = [
    refuse(
      "contracts, a call",
      makePackets(calls, 1),
      (bytes) => reader.read(bytes, RpcPacketKind.ServerCalls) !== undefined,
    ),
    refuse(
      `contracts, ${FEW} calls`,
      makePackets(calls, FEW),
      (bytes) => fewReader.read(bytes, RpcPacketKind.ServerCalls) !== undefined,
    ),
    refuse(
      "RpcCall, a call",
      documented.map((call) => call.serialize()),
      (bytes) => typeof RpcCall.tryDeserialize(bytes, caller) === "string",
    ),
    refuse(
      `RpcBatcher, ${FEW} calls`,
      Array.from(
        { length: 12 },
        (_, i) =>
          batcher.batch(
            documented.slice(i * FEW, (i + 1) * FEW),
            MAX_BYTES,
          )[0]!,
      ),
      (bytes) => {
        into.length = 0;
        return batcher.tryUnbatch(bytes, caller, into) !== undefined;
      },
    ),
  ];
  const timings = await time(loops, isSmoke, MUTANTS);
  return {
    title: "rpc: what it costs to refuse a packet",
    notes: [
      `${
        MUTANTS.toLocaleString("en-US")
      } mutants of good packets that are refused; ns each. Of ${FEW} calls, those before the fault were read.`,
    ],
    rows: loops.map(({ name }) => ({
      name,
      "ns p50": timings.ns(name),
      "p10": timings.quietNs(name),
    })),
    bars: loops.map(({ name }) =>
      atMost(`refuse: ${name}`, BAR_NS, timings.ns(name), "ns")
    ),
  };
}

/** A loop over mutants of packets that are refused. */
function refuse(
  name: string,
  corpus: readonly Uint8Array[],
  isRefused: (bytes: Uint8Array) => boolean,
): Loop {
  const mutator = new Mutator(MAX_BYTES);
  const mutants: Uint8Array[] = [];
  for (let seed = 0; mutants.length < MUTANTS; seed++) {
    const length = mutator.mutate(corpus, corpus, seed);
    const bytes = mutator.buffer.slice(0, length);
    if (isRefused(bytes)) mutants.push(bytes);
  }
  return {
    name,
    run(count) {
      let refused = 0;
      for (let i = 0; i < count; i++) {
        if (isRefused(mutants[i % MUTANTS]!)) refused++;
      }
      if (refused !== count) throw new Error(`Cannot measure ${name}`);
      return refused;
    },
  };
}

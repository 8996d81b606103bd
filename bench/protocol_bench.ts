// What the wire format costs, beside its peers in the same run. The contenders take turns in
// one process, the figures are medians over all rounds, and each promised figure is printed
// with what was measured, met or missed.
//
// packets      encode and decode, beside msgpackr, protobufjs and a packer written by hand
// primitives   varints and short strings, beside BigInt, protobufjs, TextEncoder, TextDecoder
// receive      the replay filter, and refusing bytes that are no packets
// lz4          a payload of game state, beside lz4js
// bits         a packed record, beside shifts written by hand
//
//     deno task bench protocol_bench.ts [--smoke] [--json] [--only=packets,lz4]
//
// `--smoke` takes seconds and shows that everything runs; its figures mean little.
import { type Parts, runParts } from "./_report.ts";
import { measureBits } from "./protocol/bits.ts";
import { measureLz4 } from "./protocol/lz4.ts";
import { measurePackets } from "./protocol/packets.ts";
import { measurePrimitives } from "./protocol/primitives.ts";
import { measureReceive } from "./protocol/receive.ts";

const PARTS: Parts = {
  packets: measurePackets,
  primitives: measurePrimitives,
  receive: measureReceive,
  lz4: measureLz4,
  bits: measureBits,
};

if (import.meta.main) await runParts(PARTS, Deno.args);

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
import { machine, printSection, type Section } from "./_report.ts";
import { measureBits } from "./protocol/bits.ts";
import { measureLz4 } from "./protocol/lz4.ts";
import { measurePackets } from "./protocol/packets.ts";
import { measurePrimitives } from "./protocol/primitives.ts";
import { measureReceive } from "./protocol/receive.ts";

type Measure = (isSmoke: boolean) => Promise<Section | Section[]>;

const PARTS: Readonly<Record<string, Measure>> = {
  packets: measurePackets,
  primitives: measurePrimitives,
  receive: measureReceive,
  lz4: measureLz4,
  bits: measureBits,
};

async function main(args: readonly string[]): Promise<void> {
  const isSmoke = args.includes("--smoke");
  const asJson = args.includes("--json");
  const only = args.find((it) => it.startsWith("--only="))?.slice(7).split(",");
  if (!asJson) console.log(machine());
  const sections: Section[] = [];
  for (const [name, measure] of Object.entries(PARTS)) {
    if (only !== undefined && !only.includes(name)) continue;
    for (const section of [await measure(isSmoke)].flat()) {
      sections.push(section);
      printSection(section, asJson);
    }
  }
  if (asJson) {
    console.log(
      JSON.stringify({ machine: machine(), isSmoke, sections }, null, 2),
    );
  }
}

if (import.meta.main) await main(Deno.args);

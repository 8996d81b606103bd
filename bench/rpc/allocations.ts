// How much memory a call takes from the heap, on its way out and on its way in: all that is allocated, also what is
// dropped at once.
import v8 from "node:v8";
import vm from "node:vm";
import type { Loop } from "../_nanoseconds.ts";
import { atMost, median, type Row, type Section } from "../_report.ts";
import { CallWriter } from "../../rpc/wire/call_writer.ts";
import { RpcPacketKind } from "../../rpc/wire/packet_kind.ts";
import { makeAvsc } from "./_avsc.ts";
import { makeJson } from "./_json.ts";
import { makeMsgpackr } from "./_msgpackr.ts";
import { makeProtobufjs } from "./_protobufjs.ts";
import { makeTickwire, TICKWIRE } from "./_tickwire.ts";
import { BATCH, FIRST_SEQUENCE, makeCalls, STRIKE } from "./_typical.ts";

/** Less than the young generation holds, so that nothing is collected in between. */
const PACKETS = 32;
/** Half a byte: what the measuring itself takes. */
const NOTHING_BYTES = 0.5;

export function measureAllocations(isSmoke: boolean): Promise<Section> {
  const calls = makeCalls();
  const formats = [
    makeTickwire(calls),
    makeMsgpackr(calls),
    makeProtobufjs(calls),
    makeAvsc(calls),
    makeJson(calls),
  ];
  const rounds = isSmoke ? 9 : 51;
  // What is measured first pays for the measuring.
  measure(inPlaceLoop(), rounds);
  const rows = formats.map(({ name, batched }): Row => ({
    name,
    "encode bytes": measure(batched.encode, rounds),
    "decode bytes": measure(batched.decode, rounds),
  }));
  const inPlace = measure(inPlaceLoop(), rounds);
  return Promise.resolve({
    title: "rpc: what a call allocates",
    notes: [
      `Bytes of heap per call in packets of ${BATCH}, collected or not. In place: without the view of the packet that \`end()\` makes, as the endpoints write.`,
      "What decoding allocates is the receiver's: the parameters, their vector and their text.",
    ],
    rows: [{ name: `${TICKWIRE}, in place`, "encode bytes": inPlace }, ...rows],
    bars: [atMost("an encoded call", NOTHING_BYTES, inPlace, "bytes")],
  });
}

function inPlaceLoop(): Loop {
  const writer = new CallWriter(4_096);
  const calls = makeCalls().map(({ caller, params }) => ({
    caller,
    params: { ...params } as Readonly<Record<string, unknown>>,
  }));
  return {
    name: TICKWIRE,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        writer.begin(RpcPacketKind.ServerCalls, FIRST_SEQUENCE);
        for (let at = 0; at < BATCH; at++) {
          const { caller, params } = calls[at]!;
          writer.add(STRIKE, 0, caller, 0, params);
        }
        sum += writer.finish();
      }
      return sum;
    },
  };
}

/** The median of bytes per call; a round in which something was collected shows less than nothing. */
function measure({ run }: Loop, rounds: number): number {
  const collect = garbageCollector();
  // So that the optimizing compiler is done with it.
  for (let i = 0; i < 1_000; i++) run(PACKETS);
  const bytes: number[] = [];
  for (let i = 0; i < rounds; i++) {
    collect();
    const before = v8.getHeapStatistics().used_heap_size;
    run(PACKETS);
    const grown = v8.getHeapStatistics().used_heap_size - before;
    if (grown >= 0) bytes.push(grown);
  }
  const empty = emptyBytes(rounds, collect);
  return Math.max(0, median(bytes) - empty) / PACKETS / BATCH;
}

/** What asking itself takes. */
function emptyBytes(rounds: number, collect: () => void): number {
  const bytes: number[] = [];
  for (let i = 0; i < rounds; i++) {
    collect();
    const before = v8.getHeapStatistics().used_heap_size;
    bytes.push(v8.getHeapStatistics().used_heap_size - before);
  }
  return median(bytes);
}

function garbageCollector(): () => void {
  v8.setFlagsFromString("--expose-gc");
  return vm.runInNewContext("gc");
}

import { CallReader } from "../../rpc/wire/call_reader.ts";
import { CallWriter } from "../../rpc/wire/call_writer.ts";
import { RpcPacketKind } from "../../rpc/wire/packet_kind.ts";
import {
  BATCH,
  type Call,
  FIRST_SEQUENCE,
  type Format,
  GAME,
  type Params,
  STRIKE,
  sumOf,
} from "./_typical.ts";

export const TICKWIRE = "tickwire";

const KIND = RpcPacketKind.ServerCalls;
/** A batch of 64 takes 2.1 kB. */
const LIMIT_BYTES = 4_096;

export function makeTickwire(calls: readonly Call[]): Format {
  const alone = calls.map((call, i) => encode([call], FIRST_SEQUENCE + i));
  const batch = encode(calls, FIRST_SEQUENCE);
  return {
    name: TICKWIRE,
    alone: {
      bytes: alone.reduce((sum, { length }) => sum + length, 0) / BATCH,
      encode: { name: TICKWIRE, run: encodeAlone(calls) },
      decode: { name: TICKWIRE, run: decodeAlone(alone) },
    },
    batched: {
      bytes: batch.length / BATCH,
      encode: { name: TICKWIRE, run: encodeBatched(calls) },
      decode: { name: TICKWIRE, run: decodeBatched(batch) },
    },
  };
}

/** How many of the calls a packet of so many bytes has room for. */
export function callsIn(calls: readonly Call[], limitBytes: number): number {
  const writer = new CallWriter(limitBytes);
  writer.begin(KIND, FIRST_SEQUENCE);
  for (const { caller, params } of calls) {
    if (!writer.add(STRIKE, 0, caller, 0, { ...params })) break;
  }
  return writer.count;
}

/** Packets of so many of the calls each, as many as there are whole ones. */
export function makePackets(
  calls: readonly Call[],
  count: number,
): readonly Uint8Array[] {
  return Array.from(
    { length: Math.floor(calls.length / count) },
    (_, i) => encode(calls.slice(i * count, (i + 1) * count), FIRST_SEQUENCE),
  );
}

function encode(calls: readonly Call[], sequence: number): Uint8Array {
  const writer = new CallWriter(LIMIT_BYTES);
  writer.begin(KIND, sequence);
  for (const { caller, params } of calls) {
    if (!writer.add(STRIKE, 0, caller, 0, { ...params })) throw new Error();
  }
  return writer.end().slice();
}

/** The parameters in objects that the writer has as its own type. */
function paramsOf(
  calls: readonly Call[],
): readonly Readonly<Record<string, unknown>>[] {
  return calls.map(({ params }) => ({ ...params }));
}

function encodeAlone(calls: readonly Call[]): (count: number) => number {
  const writer = new CallWriter(LIMIT_BYTES);
  const params = paramsOf(calls);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const at = i % BATCH;
      writer.begin(KIND, FIRST_SEQUENCE + i);
      writer.add(STRIKE, 0, calls[at]!.caller, 0, params[at]!);
      const packet = writer.end();
      sum += packet.length + packet[5]!;
    }
    return sum;
  };
}

function encodeBatched(calls: readonly Call[]): (count: number) => number {
  const writer = new CallWriter(LIMIT_BYTES);
  const params = paramsOf(calls);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      writer.begin(KIND, FIRST_SEQUENCE + i * BATCH);
      for (let at = 0; at < BATCH; at++) {
        writer.add(STRIKE, 0, calls[at]!.caller, 0, params[at]!);
      }
      const packet = writer.end();
      sum += packet.length + packet[5]!;
    }
    return sum;
  };
}

function decodeAlone(
  packets: readonly Uint8Array[],
): (count: number) => number {
  const reader = new CallReader(GAME.rpcs);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      reader.read(packets[i % BATCH]!, KIND);
      const call = reader.at(0);
      sum += call.rpc.id + call.sequence + call.id +
        sumOf(call.params as unknown as Params);
    }
    return sum;
  };
}

function decodeBatched(packet: Uint8Array): (count: number) => number {
  const reader = new CallReader(GAME.rpcs);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      reader.read(packet, KIND);
      for (let at = 0; at < BATCH; at++) {
        const call = reader.at(at);
        sum += call.rpc.id + call.sequence + call.id +
          sumOf(call.params as unknown as Params);
      }
    }
    return sum;
  };
}

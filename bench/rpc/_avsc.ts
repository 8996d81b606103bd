// avsc: types compiled from a schema, one buffer that is used again. In a batch id and sequence are there once.
import avsc from "avsc";
import { Buffer } from "node:buffer";
import {
  BATCH,
  type Call,
  FIRST_SEQUENCE,
  type Format,
  type Params,
  STRIKE,
  sumOf,
} from "./_typical.ts";

export const AVSC = "avsc";

interface Fields extends Params {
  readonly target: number;
  readonly caller: number;
}
interface Alone extends Fields {
  readonly id: number;
  sequence: number;
}
interface Batch {
  readonly id: number;
  sequence: number;
  readonly calls: Fields[];
}

/** What is used of a compiled type here. */
interface Type<T> {
  toBuffer(value: T): Uint8Array;
  /** Returns where it ends, below 0 if there is no room. */
  encode(value: T, into: Uint8Array, at: number): number;
  decode(bytes: Uint8Array, at: number): { value: T };
}

const FIELDS = [
  { name: "target", type: "int" },
  { name: "caller", type: "int" },
  { name: "amount", type: "int" },
  { name: "scale", type: "float" },
  { name: "text", type: "string" },
  {
    name: "at",
    type: {
      type: "record",
      name: "Vec3",
      fields: ["x", "y", "z"].map((name) => ({ name, type: "float" })),
    },
  },
];
const HEAD = [{ name: "id", type: "int" }, { name: "sequence", type: "int" }];
const aloneType = compile<Alone>("Alone", [...HEAD, ...FIELDS]);
const batchType = compile<Batch>("Batch", [...HEAD, {
  name: "calls",
  type: {
    type: "array",
    items: { type: "record", name: "Call", fields: FIELDS },
  },
}]);

function compile<T>(name: string, fields: readonly object[]): Type<T> {
  const schema = { type: "record", name, fields };
  return avsc.Type.forSchema(schema as never) as unknown as Type<T>;
}

export function makeAvsc(calls: readonly Call[]): Format {
  const alone = calls.map((call, i) =>
    aloneType.toBuffer(aloneOf(call, FIRST_SEQUENCE + i))
  );
  const batch = batchType.toBuffer(batchOf(calls));
  return {
    name: AVSC,
    alone: {
      bytes: alone.reduce((sum, { length }) => sum + length, 0) / BATCH,
      encode: { name: AVSC, run: encodeAlone(calls) },
      decode: { name: AVSC, run: decodeAlone(alone) },
    },
    batched: {
      bytes: batch.length / BATCH,
      encode: { name: AVSC, run: encodeBatched(calls) },
      decode: { name: AVSC, run: decodeBatched(batch) },
    },
  };
}

function fieldsOf({ caller, params }: Call): Fields {
  return { target: 0, caller, ...params };
}

function aloneOf(call: Call, sequence: number): Alone {
  return { id: STRIKE.id, sequence, ...fieldsOf(call) };
}

function batchOf(calls: readonly Call[]): Batch {
  return {
    id: STRIKE.id,
    sequence: FIRST_SEQUENCE,
    calls: calls.map(fieldsOf),
  };
}

function encodeAlone(calls: readonly Call[]): (count: number) => number {
  const bytes = Buffer.alloc(256);
  const values = calls.map((call) => aloneOf(call, 0));
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const value = values[i % BATCH]!;
      value.sequence = FIRST_SEQUENCE + i;
      sum += aloneType.encode(value, bytes, 0) + bytes[5]!;
    }
    return sum;
  };
}

function encodeBatched(calls: readonly Call[]): (count: number) => number {
  const bytes = Buffer.alloc(8_192);
  const value = batchOf(calls);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      value.sequence = FIRST_SEQUENCE + i * BATCH;
      sum += batchType.encode(value, bytes, 0) + bytes[5]!;
    }
    return sum;
  };
}

function decodeAlone(
  packets: readonly Uint8Array[],
): (count: number) => number {
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const { value } = aloneType.decode(packets[i % BATCH]!, 0);
      sum += value.id + value.sequence + value.caller + sumOf(value);
    }
    return sum;
  };
}

function decodeBatched(packet: Uint8Array): (count: number) => number {
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const { id, sequence, calls } = batchType.decode(packet, 0).value;
      for (let at = 0; at < calls.length; at++) {
        const call = calls[at]!;
        sum += id + sequence + at + call.caller + sumOf(call);
      }
    }
    return sum;
  };
}

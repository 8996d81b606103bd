// protobufjs: code generated from a schema, one writer that is used again, sint32 for the integer. In a batch id and sequence
// are there once.
import protobuf from "protobufjs/minimal.js";
import {
  Batch as GeneratedBatch,
  Call as GeneratedCall,
} from "./_calls_protobuf.js";
import {
  BATCH,
  type Call,
  FIRST_SEQUENCE,
  type Format,
  STRIKE,
} from "./_typical.ts";

export const PROTOBUFJS = "protobufjs static";

interface Fields {
  target: number;
  caller: number;
  amount: number;
  scale: number;
  text: string;
  x: number;
  y: number;
  z: number;
}
interface Alone extends Fields {
  id: number;
  sequence: number;
}
interface Batch {
  id: number;
  sequence: number;
  calls: Fields[];
}

/** What was generated, and the parts of its Writer and Reader that are used here. */
interface Writer {
  readonly buf: Uint8Array;
  readonly pos: number;
  reset(): void;
  finish(): Uint8Array;
}
interface Codec<T> {
  encode(message: T, writer: Writer): void;
  decode(bytes: Uint8Array): T;
}
const aloneCodec = GeneratedCall as unknown as Codec<Alone>;
const batchCodec = GeneratedBatch as unknown as Codec<Batch>;

export function makeProtobufjs(calls: readonly Call[]): Format {
  const alone = calls.map((call, i) => {
    const writer = makeWriter();
    aloneCodec.encode(aloneOf(call, FIRST_SEQUENCE + i), writer);
    return writer.finish();
  });
  const writer = makeWriter();
  batchCodec.encode(batchOf(calls), writer);
  const batch = writer.finish();
  return {
    name: PROTOBUFJS,
    alone: {
      bytes: alone.reduce((sum, { length }) => sum + length, 0) / BATCH,
      encode: { name: PROTOBUFJS, run: encodeAlone(calls) },
      decode: { name: PROTOBUFJS, run: decodeAlone(alone) },
    },
    batched: {
      bytes: batch.length / BATCH,
      encode: { name: PROTOBUFJS, run: encodeBatched(calls) },
      decode: { name: PROTOBUFJS, run: decodeBatched(batch) },
    },
  };
}

function makeWriter(): Writer {
  return protobuf.Writer.create() as unknown as Writer;
}

function fieldsOf({ caller, params }: Call): Fields {
  const { amount, scale, text, at } = params;
  return { target: 0, caller, amount, scale, text, ...at };
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
  const writer = makeWriter();
  const messages = calls.map((call) => aloneOf(call, 0));
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const message = messages[i % BATCH]!;
      message.sequence = FIRST_SEQUENCE + i;
      // Without finish(), which copies.
      writer.reset();
      aloneCodec.encode(message, writer);
      sum += writer.pos + writer.buf[5]!;
    }
    return sum;
  };
}

function encodeBatched(calls: readonly Call[]): (count: number) => number {
  const writer = makeWriter();
  const message = batchOf(calls);
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      message.sequence = FIRST_SEQUENCE + i * BATCH;
      writer.reset();
      batchCodec.encode(message, writer);
      sum += writer.pos + writer.buf[5]!;
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
      const message = aloneCodec.decode(packets[i % BATCH]!);
      sum += message.id + message.sequence + message.caller + sumOf(message);
    }
    return sum;
  };
}

function decodeBatched(packet: Uint8Array): (count: number) => number {
  return (count) => {
    let sum = 0;
    for (let i = 0; i < count; i++) {
      const { id, sequence, calls } = batchCodec.decode(packet);
      for (let at = 0; at < calls.length; at++) {
        const call = calls[at]!;
        sum += id + sequence + at + call.caller + sumOf(call);
      }
    }
    return sum;
  };
}

function sumOf({ amount, scale, text, x, y, z }: Fields): number {
  return amount + scale + text.length + text.charCodeAt(3) + x + y + z;
}

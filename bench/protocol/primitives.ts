// Varints and short strings: what most fields are.
import protobuf from "protobufjs/minimal.js";
import { type Random, SeededRandom } from "../../core/mod.ts";
import { ByteReader, ByteWriter } from "../../protocol/mod.ts";
import type { Section } from "../_report.ts";
import { type Loop, time, type Timings } from "../_nanoseconds.ts";

/** Values of one pass; each counts as an operation. */
const VALUES = 256;
const PASSES_PER_TURN = 8;
const BUFFER_BYTES = VALUES * 32;

const TICKWIRE = "tickwire";
const PROTOBUF = "protobufjs";
const BIG_INT = "BigInt by hand";
const TEXT = "TextEncoder, TextDecoder";

/** Writes all values, then reads them. */
interface Codec {
  readonly name: string;
  encode(): number;
  decode(): number;
}

export async function measurePrimitives(isSmoke: boolean): Promise<Section[]> {
  const random = new SeededRandom(2);
  const small = Array.from(
    { length: VALUES },
    (_, i) => varintOf(random, i % 5, 32),
  );
  const large = Array.from(
    { length: VALUES },
    (_, i) => varintOf(random, i % 8, 53),
  );
  const texts = Array.from({ length: VALUES }, () => textOf(random, 12));
  return [
    await measure(
      "protocol: varints up to 32 bits",
      "Of 1 to 5 bytes, in turns; ns for each.",
      isSmoke,
      [
        ourVarints(small),
        protobufVarints(small, "uint32"),
        bigIntVarints(small),
      ],
    ),
    await measure(
      "protocol: varints up to 53 bits",
      "Of 1 to 8 bytes, in turns; ns for each. protobufjs reads a Long.",
      isSmoke,
      [
        ourVarints(large),
        protobufVarints(large, "uint64"),
        bigIntVarints(large),
      ],
    ),
    await measure(
      "protocol: strings of 12 ASCII characters",
      "With their length before them; ns for each.",
      isSmoke,
      [ourStrings(texts), protobufStrings(texts), platformStrings(texts)],
    ),
  ];
}

async function measure(
  title: string,
  note: string,
  isSmoke: boolean,
  codecs: readonly Codec[],
): Promise<Section> {
  const encode = await time(
    codecs.map(({ name, encode }) => passes(name, encode)),
    isSmoke,
    PASSES_PER_TURN,
    VALUES,
  );
  const decode = await time(
    codecs.map(({ name, decode }) => passes(name, decode)),
    isSmoke,
    PASSES_PER_TURN,
    VALUES,
  );
  function figures(what: string, timings: Timings, name: string) {
    return {
      [what]: timings.ns(name),
      [`${what} p10`]: timings.quietNs(name),
    };
  }
  return {
    title,
    notes: [note],
    rows: codecs.map(({ name }) => ({
      name,
      ...figures("encode", encode, name),
      ...figures("decode", decode, name),
    })),
    bars: [],
  };
}

function passes(name: string, pass: () => number): Loop {
  return {
    name,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) sum += pass();
      return sum;
    },
  };
}

/** A number whose varint has one byte more than `length`, within `maxBits`. */
function varintOf(random: Random, length: number, maxBits: number): number {
  const low = length === 0 ? 0 : 2 ** (7 * length);
  const high = 2 ** Math.min(maxBits, 7 * (length + 1));
  return low + Math.floor(random.nextFloat() * (high - low));
}

function textOf(random: Random, length: number): string {
  return String.fromCharCode(
    ...Array.from({ length }, () => 0x20 + random.nextU32() % 0x5f),
  );
}

function ourVarints(values: readonly number[]): Codec {
  const writer = new ByteWriter({ initialBytes: BUFFER_BYTES });
  const reader = new ByteReader();
  return {
    name: TICKWIRE,
    encode() {
      writer.reset();
      for (let i = 0; i < VALUES; i++) writer.varint(values[i]!);
      return writer.length;
    },
    decode() {
      let sum = 0;
      reader.reset(writer.buffer, 0, writer.length);
      for (let i = 0; i < VALUES; i++) sum += reader.varint();
      return sum;
    },
  };
}

function protobufVarints(
  values: readonly number[],
  type: "uint32" | "uint64",
): Codec {
  const writer = protobuf.Writer.create();
  const encoded = protobuf.Writer.create();
  for (const value of values) encoded[type](value);
  const bytes = encoded.finish();
  const reader = protobuf.Reader.create(bytes);
  return {
    name: PROTOBUF,
    encode: type === "uint32"
      ? () => {
        writer.reset();
        for (let i = 0; i < VALUES; i++) writer.uint32(values[i]!);
        return (writer as unknown as { pos: number }).pos;
      }
      : () => {
        writer.reset();
        for (let i = 0; i < VALUES; i++) writer.uint64(values[i]!);
        return (writer as unknown as { pos: number }).pos;
      },
    decode: type === "uint32"
      ? () => {
        let sum = 0;
        reader.pos = 0;
        for (let i = 0; i < VALUES; i++) sum += reader.uint32();
        return sum;
      }
      : () => {
        let sum = 0;
        reader.pos = 0;
        for (let i = 0; i < VALUES; i++) sum += Number(reader.uint64());
        return sum;
      },
  };
}

function bigIntVarints(values: readonly number[]): Codec {
  const buffer = new Uint8Array(BUFFER_BYTES);
  return {
    name: BIG_INT,
    encode() {
      let at = 0;
      for (let i = 0; i < VALUES; i++) {
        let rest = BigInt(values[i]!);
        while (rest > 0x7fn) {
          buffer[at++] = Number(rest & 0x7fn) | 0x80;
          rest >>= 7n;
        }
        buffer[at++] = Number(rest);
      }
      return at;
    },
    decode() {
      let sum = 0;
      let at = 0;
      for (let i = 0; i < VALUES; i++) {
        let value = 0n;
        let byte = 0x80;
        for (let shift = 0n; byte > 0x7f; shift += 7n) {
          byte = buffer[at++]!;
          value |= BigInt(byte & 0x7f) << shift;
        }
        sum += Number(value);
      }
      return sum;
    },
  };
}

function ourStrings(texts: readonly string[]): Codec {
  const writer = new ByteWriter({ initialBytes: BUFFER_BYTES });
  const reader = new ByteReader();
  return {
    name: TICKWIRE,
    encode() {
      writer.reset();
      for (let i = 0; i < VALUES; i++) writer.string(texts[i]!);
      return writer.length;
    },
    decode() {
      let sum = 0;
      reader.reset(writer.buffer, 0, writer.length);
      for (let i = 0; i < VALUES; i++) sum += reader.string().charCodeAt(11);
      return sum;
    },
  };
}

function protobufStrings(texts: readonly string[]): Codec {
  const writer = protobuf.Writer.create();
  const encoded = protobuf.Writer.create();
  for (const text of texts) encoded.string(text);
  const reader = protobuf.Reader.create(encoded.finish());
  return {
    name: PROTOBUF,
    encode() {
      writer.reset();
      for (let i = 0; i < VALUES; i++) writer.string(texts[i]!);
      return (writer as unknown as { pos: number }).pos;
    },
    decode() {
      let sum = 0;
      reader.pos = 0;
      for (let i = 0; i < VALUES; i++) sum += reader.string().charCodeAt(11);
      return sum;
    },
  };
}

function platformStrings(texts: readonly string[]): Codec {
  const buffer = new Uint8Array(BUFFER_BYTES);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  return {
    name: TEXT,
    encode() {
      let at = 0;
      for (let i = 0; i < VALUES; i++) {
        const { written } = encoder.encodeInto(
          texts[i]!,
          buffer.subarray(at + 1),
        );
        buffer[at] = written;
        at += 1 + written;
      }
      return at;
    },
    decode() {
      let sum = 0;
      let at = 0;
      for (let i = 0; i < VALUES; i++) {
        const end = at + 1 + buffer[at]!;
        sum += decoder.decode(buffer.subarray(at + 1, end)).charCodeAt(11);
        at = end;
      }
      return sum;
    },
  };
}

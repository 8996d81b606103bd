// A record of 8 ranged integers, 8 flags and a quantised position, in 149 bits, beside the same
// by hand: shifts into a byte array, widths and places as constants, nothing checked.
import { type Random, SeededRandom, type Vec3 } from "../../core/mod.ts";
import {
  BitReader,
  BitWriter,
  ByteWriter,
  FloatQuantizer,
} from "../../protocol/mod.ts";
import type { Section } from "../_report.ts";
import { type Loop, time } from "../_nanoseconds.ts";

const RECORDS = 64;
const RECORD_BYTES = 19;
const PASSES_PER_TURN = 32;

const TICKWIRE = "tickwire";
const BY_HAND = "shifts by hand";

/** Where each integer lies, inclusive. */
const RANGES: readonly (readonly [min: number, max: number])[] = [
  [0, 1],
  [0, 100],
  [-10, 10],
  [0, 1_000],
  [-2_000, 2_000],
  [0, 65_535],
  [1, 64],
  [-100_000, 100_000],
];
const POSITION = { min: -1_024, max: 1_024, step: 1 / 1_024 };
const STEPS_PER_UNIT = 1_024;

/** What is packed. */
interface Entity {
  readonly integers: number[];
  readonly flags: boolean[];
  readonly position: Vec3;
}

export async function measureBits(isSmoke: boolean): Promise<Section> {
  const random = new SeededRandom(5);
  const records = Array.from({ length: RECORDS }, () => randomRecord(random));
  const encode = await time(
    [ourEncoder(records), handEncoder(records)],
    isSmoke,
    PASSES_PER_TURN,
    RECORDS,
  );
  const bytes = encodeBoth(records);
  const decode = await time(
    [ourDecoder(bytes), handDecoder(bytes)],
    isSmoke,
    PASSES_PER_TURN,
    RECORDS,
  );
  const fields = RANGES.length + 8 + 3;
  return {
    title: `protocol: bit-packed records of ${fields} fields`,
    notes: [
      `8 ranged integers, 8 bools, 3 floats of 22 bits: ${RECORD_BYTES} bytes; ns for each record.`,
    ],
    rows: [TICKWIRE, BY_HAND].map((name) => ({
      name,
      "encode": encode.ns(name),
      "encode p10": encode.quietNs(name),
      "encode, a field": encode.ns(name) / fields,
      "decode": decode.ns(name),
      "decode p10": decode.quietNs(name),
      "decode, a field": decode.ns(name) / fields,
    })),
    bars: [],
  };
}

function randomRecord(random: Random): Entity {
  function coordinate(): number {
    return (random.nextFloat() * 2 - 1) * 1_000;
  }
  return {
    integers: RANGES.map(([min, max]) =>
      min + random.nextU32() % (max - min + 1)
    ),
    flags: Array.from({ length: 8 }, () => random.nextU32() % 2 === 0),
    position: { x: coordinate(), y: coordinate(), z: coordinate() },
  };
}

function emptyRecord(): Entity {
  return {
    integers: RANGES.map(() => 0),
    flags: Array.from({ length: 8 }, () => false),
    position: { x: 0, y: 0, z: 0 },
  };
}

/** Depends on every field. */
function sumOf({ integers, flags, position }: Entity): number {
  let sum = position.x + position.y + position.z;
  for (let i = 0; i < 8; i++) sum += integers[i]! + (flags[i] ? i : 0);
  return sum;
}

function ourEncoder(records: readonly Entity[]): Loop {
  const bytes = new ByteWriter({ initialBytes: RECORDS * RECORD_BYTES + 8 });
  const writer = new BitWriter(bytes);
  const quantizer = new FloatQuantizer(POSITION);
  return {
    name: TICKWIRE,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        writer.reset();
        for (let r = 0; r < RECORDS; r++) {
          const { integers, flags, position } = records[r]!;
          writer.ranged(integers[0]!, 0, 1);
          writer.ranged(integers[1]!, 0, 100);
          writer.ranged(integers[2]!, -10, 10);
          writer.ranged(integers[3]!, 0, 1_000);
          writer.ranged(integers[4]!, -2_000, 2_000);
          writer.ranged(integers[5]!, 0, 65_535);
          writer.ranged(integers[6]!, 1, 64);
          writer.ranged(integers[7]!, -100_000, 100_000);
          writer.bools(flags);
          writer.float(position.x, quantizer);
          writer.float(position.y, quantizer);
          writer.float(position.z, quantizer);
          writer.align();
        }
        sum += bytes.length + bytes.buffer[i]!;
      }
      return sum;
    },
  };
}

function ourDecoder(bytes: Uint8Array): Loop {
  const reader = new BitReader(bytes);
  const quantizer = new FloatQuantizer(POSITION);
  const record = emptyRecord();
  const { integers, flags, position } = record;
  return {
    name: TICKWIRE,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        reader.reset(bytes);
        for (let r = 0; r < RECORDS; r++) {
          integers[0] = reader.ranged(0, 1);
          integers[1] = reader.ranged(0, 100);
          integers[2] = reader.ranged(-10, 10);
          integers[3] = reader.ranged(0, 1_000);
          integers[4] = reader.ranged(-2_000, 2_000);
          integers[5] = reader.ranged(0, 65_535);
          integers[6] = reader.ranged(1, 64);
          integers[7] = reader.ranged(-100_000, 100_000);
          reader.bools(flags);
          position.x = reader.float(quantizer);
          position.y = reader.float(quantizer);
          position.z = reader.float(quantizer);
          reader.align();
          sum += sumOf(record);
        }
        if (!reader.ok) throw new Error(TICKWIRE);
      }
      return sum;
    },
  };
}

function handEncoder(records: readonly Entity[]): Loop {
  const buffer = new Uint8Array(RECORDS * RECORD_BYTES);
  return {
    name: BY_HAND,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        for (let r = 0; r < RECORDS; r++) {
          putRecord(buffer, r * RECORD_BYTES, records[r]!);
        }
        sum += buffer[i]!;
      }
      return sum;
    },
  };
}

function handDecoder(bytes: Uint8Array): Loop {
  const record = emptyRecord();
  return {
    name: BY_HAND,
    run(count) {
      let sum = 0;
      for (let i = 0; i < count; i++) {
        for (let r = 0; r < RECORDS; r++) {
          takeRecord(bytes, r * RECORD_BYTES, record);
          sum += sumOf(record);
        }
      }
      return sum;
    },
  };
}

/** The bits as in WIRE.md, the lowest first, a word at a time. */
function putRecord(
  buffer: Uint8Array,
  at: number,
  { integers, flags, position }: Entity,
): void {
  const i4 = integers[4]! + 2_000;
  const i7 = integers[7]! + 100_000;
  let bools = 0;
  for (let i = 0; i < 8; i++) if (flags[i]) bools |= 1 << i;
  const x = steps(position.x);
  const y = steps(position.y);
  const z = steps(position.z);
  put32(
    buffer,
    at,
    integers[0]! | (integers[1]! << 1) | ((integers[2]! + 10) << 8) |
      (integers[3]! << 13) | (i4 << 23),
  );
  put32(
    buffer,
    at + 4,
    (i4 >>> 9) | (integers[5]! << 3) | ((integers[6]! - 1) << 19) | (i7 << 25),
  );
  put32(buffer, at + 8, (i7 >>> 7) | (bools << 11) | (x << 19));
  put32(buffer, at + 12, (x >>> 13) | (y << 9) | (z << 31));
  buffer[at + 16] = z >>> 1;
  buffer[at + 17] = z >>> 9;
  buffer[at + 18] = z >>> 17;
}

function takeRecord(
  buffer: Uint8Array,
  at: number,
  { integers, flags, position }: Entity,
): void {
  const w0 = take32(buffer, at);
  const w1 = take32(buffer, at + 4);
  const w2 = take32(buffer, at + 8);
  const w3 = take32(buffer, at + 12);
  const w4 = buffer[at + 16]! | (buffer[at + 17]! << 8) |
    (buffer[at + 18]! << 16);
  integers[0] = w0 & 1;
  integers[1] = (w0 >>> 1) & 0x7f;
  integers[2] = ((w0 >>> 8) & 0x1f) - 10;
  integers[3] = (w0 >>> 13) & 0x3ff;
  integers[4] = ((w0 >>> 23) | ((w1 & 7) << 9)) - 2_000;
  integers[5] = (w1 >>> 3) & 0xffff;
  integers[6] = ((w1 >>> 19) & 0x3f) + 1;
  integers[7] = ((w1 >>> 25) | ((w2 & 0x7ff) << 7)) - 100_000;
  for (let i = 0; i < 8; i++) flags[i] = ((w2 >>> (11 + i)) & 1) === 1;
  position.x = units((w2 >>> 19) | ((w3 & 0x1ff) << 13));
  position.y = units((w3 >>> 9) & 0x3f_ffff);
  position.z = units((w3 >>> 31) | (w4 << 1));
}

function steps(value: number): number {
  return Math.round((value - POSITION.min) * STEPS_PER_UNIT);
}

function units(index: number): number {
  return index / STEPS_PER_UNIT + POSITION.min;
}

function put32(buffer: Uint8Array, at: number, value: number): void {
  buffer[at] = value;
  buffer[at + 1] = value >>> 8;
  buffer[at + 2] = value >>> 16;
  buffer[at + 3] = value >>> 24;
}

function take32(buffer: Uint8Array, at: number): number {
  return buffer[at]! | (buffer[at + 1]! << 8) | (buffer[at + 2]! << 16) |
    (buffer[at + 3]! << 24);
}

/** All records, once both ways are known to give the same bytes. */
function encodeBoth(records: readonly Entity[]): Uint8Array {
  const byHand = new Uint8Array(RECORDS * RECORD_BYTES);
  const bytes = new ByteWriter();
  const writer = new BitWriter(bytes);
  const quantizer = new FloatQuantizer(POSITION);
  for (const [r, record] of records.entries()) {
    putRecord(byHand, r * RECORD_BYTES, record);
    for (const [i, [min, max]] of RANGES.entries()) {
      writer.ranged(record.integers[i]!, min, max);
    }
    writer.bools(record.flags);
    const { x, y, z } = record.position;
    for (const value of [x, y, z]) writer.float(value, quantizer);
    writer.align();
  }
  const ours = bytes.toBytes();
  if (
    ours.length !== byHand.length || ours.some((it, i) => it !== byHand[i])
  ) {
    throw new Error("Cannot measure as the bytes of the two ways differ");
  }
  return ours;
}

// Everything that takes bytes from anybody, in one table for the fuzz tests. What a target is to do beyond reading, such as
// which schema to read by, the first bytes of its input say: the input alone repeats a case.
import { inflateRawSync } from "node:zlib";
import { isPlayerId } from "../../core/mod.ts";
import {
  encodeTokenBody,
  MAX_ADDRESSES,
  parseToken,
  TAG_BYTES,
} from "../_token_body.ts";
import { inflateRaw, inflateRawWithin } from "../deflate.ts";
import { acknowledges, AckWindow } from "../ack_window.ts";
import { AngleQuantizer } from "../angle_quantizer.ts";
import { BitReader } from "../bit_reader.ts";
import { BitWriter } from "../bit_writer.ts";
import { ByteReader } from "../byte_reader.ts";
import { ByteWriter } from "../byte_writer.ts";
import { ConnectionToken, MAX_TOKEN_BYTES } from "../connection_token.ts";
import { Contract } from "../contract.ts";
import { ContractHandshake, type ContractStep } from "../contract_handshake.ts";
import { FloatQuantizer } from "../float_quantizer.ts";
import { decompressLz4, Lz4Compressor } from "../lz4.ts";
import { Packet } from "../packet.ts";
import { PacketDecoder } from "../packet_decoder.ts";
import { PacketEncoder } from "../packet_encoder.ts";
import { PacketFilter } from "../packet_filter.ts";
import { CompressionHint, PROTOCOL_VERSION } from "../packet_header.ts";
import { PacketView } from "../packet_view.ts";
import { inflatePayload } from "../payload_compression.ts";
import { ProtocolError } from "../protocol_error.ts";
import { QuatQuantizer } from "../quat_quantizer.ts";
import contractVectors from "../vectors/contracts.json" with { type: "json" };
import fieldVectors from "../vectors/fields.json" with { type: "json" };
import packetVectors from "../vectors/packets.json" with { type: "json" };
import primitives from "../vectors/primitives.json" with { type: "json" };
import tokenVectors from "../vectors/tokens.json" with { type: "json" };
import { fieldOf } from "./field_of.ts";
import { attempt, check, checkSame, Digest, whole } from "./fuzz_checks.ts";

/** One way to take bytes from anybody. */
export interface FuzzTarget {
  /** What it is called. */
  readonly name: string;
  /** How many mutants it gets of each hundred. */
  readonly share: number;
  /** The vectors, as inputs of this target. */
  readonly corpus: readonly Uint8Array[];
  /**
   * Takes an input, and throws if something does not hold.
   *
   * @returns A number made of all that came out.
   */
  run(bytes: Uint8Array, start: number, end: number): number | Promise<number>;
}

type Hex = { readonly bytes: string };

const LARGEST = 65_535;
const MAX_DIFFERENCES = 64;

const packetSeeds = [
  ...packetVectors.plain,
  ...packetVectors.otherVersions,
  ...packetVectors.lz4,
  ...packetVectors.deflate,
  ...packetVectors.refused,
  ...packetVectors.refusedDeflate,
].map(bytesOf);
const tokenSeeds = [...tokenVectors.tokens, ...tokenVectors.refused].map(
  bytesOf,
);
const contractSeeds = [
  ...contractVectors.contracts.map(({ hello }) => fromHex(hello)),
  ...[
    ...contractVectors.descriptions,
    ...contractVectors.refusedDescriptions,
  ].map(bytesOf),
];
const primitiveSeeds = [...primitives.values, ...primitives.refused];
const fieldSeeds = [...fieldVectors.values, ...fieldVectors.refused];

/** The bytes of all vectors, as they are. */
export const ALL_VECTORS: readonly Uint8Array[] = [
  ...packetSeeds,
  ...tokenSeeds,
  ...contractSeeds,
  ...primitiveSeeds.map(bytesOf),
  ...fieldSeeds.map(bytesOf),
];

// Packets.

const encoders = {
  compact: new PacketEncoder(),
  full: new PacketEncoder({ form: "full" }),
};
const lz4Encoder = new PacketEncoder({
  compression: CompressionHint.Lz4,
  compressionThresholdBytes: 0,
});
const wideDecoder = new PacketDecoder({ strictVersion: false });
const scratch = new ByteWriter({ maxBytes: 2 ** 17 });

/** Goes on where a packet ends, as receivers of datagrams do. */
function packetRun(
  options: { strictVersion?: boolean; maxPayloadBytes?: number },
): FuzzTarget["run"] {
  const decoder = new PacketDecoder(options);
  const { strictVersion = true, maxPayloadBytes = LARGEST } = options;
  const view = new PacketView();
  const again = new PacketView();
  return (bytes, start, end) => {
    const digest = new Digest();
    let at = start;
    while (at < end) {
      const code = decoder.tryDecode(bytes, view, at, end);
      if (code !== undefined) {
        digest.text(code);
        break;
      }
      check(
        view.end >= at + 4 && view.end <= end,
        "a packet ends in its bytes",
      );
      check(
        !strictVersion || view.version === PROTOCOL_VERSION,
        "its version is accepted",
      );
      check(view.payloadLen <= maxPayloadBytes, "its payload is no larger");
      digest.int(view.flags ^ view.version << 8 ^ view.kind << 16);
      digest.int(view.sequence);
      digest.int(view.ack);
      digest.int(view.ackBits);
      const payload = view.payload();
      digest.bytes(payload);
      const packet = new Packet({
        version: view.version,
        flags: view.flags,
        kind: view.kind,
        sequence: view.sequence,
        ack: view.ack,
        ackBits: view.ackBits,
        payload,
      });
      const packetEnd = view.end;
      scratch.reset();
      if (view.buffer === bytes) {
        check(
          view.payloadStart >= at + 4 &&
            view.payloadStart + view.payloadLen === view.end,
          "its payload ends where it does",
        );
        const form = bytes[at]! >= 0x80 ? "compact" : "full";
        check(encoders[form].encodeInto(packet, scratch), "it can be encoded");
        checkSame(scratch.view(), bytes, at, packetEnd);
      } else {
        check(
          payload.length <= 256 * (view.end - at),
          "LZ4 makes no more than 256 bytes of one",
        );
        lz4Encoder.encodeInto(packet, scratch);
        wideDecoder.tryDecode(scratch.buffer, again, 0, scratch.length);
        checkSame(again.payload(), payload, 0, payload.length);
      }
      // A packet knows its end, whatever follows, or if nothing does.
      for (const otherEnd of [packetEnd, bytes.length]) {
        check(
          decoder.tryDecode(bytes, again, at, otherEnd) === undefined &&
            again.end === packetEnd &&
            again.payloadLen === payload.length &&
            again.kind === packet.header.kind &&
            again.sequence === packet.header.sequence &&
            again.ack === packet.header.ack &&
            again.ackBits === packet.header.ackBits &&
            again.flags === packet.header.flags &&
            again.version === packet.header.version,
          "it is the same with other bytes behind it, and with none",
        );
      }
      at = packetEnd;
    }
    digest.int(at - start);
    return digest.value;
  };
}

/** A few bytes that many of make more than `decodeAll` allows. */
function largeLz4(): Uint8Array {
  const payload = new Uint8Array(60_000);
  return lz4Encoder.encode(new Packet({ kind: 0, sequence: 0, payload }));
}

/** The first byte says how often the others come, one after the other. */
function runDecodeAll(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  if (start === end) return digest.value;
  const first = bytes[start]!;
  const times = first > 0xc0 ? first & 0x3f : 1;
  const one = bytes.slice(start + 1, end);
  const all = new Uint8Array(one.length * times);
  for (let i = 0; i < times; i++) all.set(one, i * one.length);
  const packets = attempt(() => wideDecoder.decodeAll(all));
  const packet = attempt(() => wideDecoder.decode(one));
  if (typeof packets === "string") {
    digest.text(packets);
  } else {
    let inflated = 0;
    for (const { payload } of packets) {
      digest.bytes(payload);
      if (payload.buffer !== all.buffer) inflated += payload.length;
    }
    check(packets.length * 4 <= all.length, "a packet has 4 bytes or more");
    check(inflated <= 2 ** 20, "no more than 1 MiB is inflated");
    check(
      times > 1 || (packets.length === 1) === (typeof packet !== "string"),
      "both accept one packet",
    );
  }
  if (typeof packet === "string") {
    digest.text(packet);
    check(
      times > 1 || one.length === 0 || packet === "trailingBytes" ||
        packets === packet,
      "both refuse the same",
    );
  } else {
    digest.bytes(packet.payload);
  }
  return digest.value;
}

/** Varints, three zigzags, and flags. */
function oneShotSeeds(): Uint8Array[] {
  const zigzags = primitiveSeeds.filter(({ type }) => type === "zigzag");
  return [
    ...primitiveSeeds.filter(({ type }) => type === "varint").map((vector) =>
      prefixed([0, 0], bytesOf(vector))
    ),
    ...zigzags.map((_, i) =>
      prefixed(
        [1, i % 3 | i % 7 << 4],
        fromHex(
          [0, 1, 5].map((k) => zigzags[(i + k) % zigzags.length]!.bytes).join(
            "",
          ),
        ),
      )
    ),
    ...[0, 1, 7, 8, 9, 63, 100, 255].map((count) =>
      prefixed([2, count], new Uint8Array(Math.ceil(count / 8)).fill(1))
    ),
  ];
}

const BASES = [
  { x: 0, y: 0, z: 0 },
  { x: -1.5, y: 1e6, z: 0.001 },
  { x: 2 ** 43, y: -(2 ** 43), z: 1 },
  // None that may be.
  { x: 0, y: 0, z: Infinity },
];
const STEPS = [1 / 256, 1, 0.1];
/** Beyond, the multiples of 0.1 are no whole numbers of steps any more. */
const EXACT_STEPS = 2 ** 49;

function runOneShots(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  if (end - start < 2) return digest.value;
  const setting = bytes[start + 1]!;
  const input = whole(bytes, start, end).subarray(2);
  switch (bytes[start]! % 3) {
    case 0: {
      const value = attempt(() => PacketDecoder.decodeVarint(input));
      digest.any(value);
      if (typeof value === "number") {
        checkSame(PacketEncoder.encodeVarint(value), input, 0, input.length);
      }
      break;
    }
    case 1: {
      const base = BASES[setting % BASES.length]!;
      const step = STEPS[(setting >>> 4) % STEPS.length]!;
      const to = attempt(() =>
        PacketDecoder.decodePositionDelta(input, base, step)
      );
      digest.any(to);
      if (typeof to !== "string") {
        const { x, y, z } = to;
        const most = Math.max(Math.abs(x), Math.abs(y), Math.abs(z)) / step;
        if (step !== 0.1 || most < EXACT_STEPS) {
          const again = PacketEncoder.encodePositionDelta(base, to, step);
          checkSame(again, input, 0, input.length);
        }
      }
      break;
    }
    default: {
      const flags = attempt(() => PacketDecoder.unpackBools(input, setting));
      if (typeof flags === "string") {
        digest.text(flags);
      } else {
        digest.any(flags);
        checkSame(PacketEncoder.packBools(flags), input, 0, input.length);
      }
    }
  }
  return digest.value;
}

// Readers. Inputs are: how many reads, which (with an argument each), and what is read.

const BYTE_READS = [
  ...["u8", "u16", "u32", "i8", "i16", "i32", "f32", "f64", "u64", "varint"],
  ...["zigzag", "bytes", "string", "raw", "skip", "end"],
] as const;
const MAX_READS = 31;

function byteReaderSeeds(): Uint8Array[] {
  const seeds = primitiveSeeds.map(({ type, bytes }) =>
    prefixed([1, BYTE_READS.indexOf(type as "u8")], fromHex(bytes))
  );
  // All kinds one behind the other, with a limit of twelve bytes or more for each.
  const some = BYTE_READS.map((read, i) => {
    const fitting = primitives.values.filter(({ type, bytes }) =>
      type === read && bytes.length <= 24
    );
    return {
      read: i | 0x10,
      bytes: fromHex(fitting.at(-1)?.bytes ?? (i < 15 ? "00" : "")),
    };
  });
  seeds.push(prefixed(
    [some.length, ...some.map(({ read }) => read)],
    Uint8Array.from(some.flatMap(({ bytes }) => [...bytes])),
  ));
  return seeds;
}

/** Reads one value, checks it if it is none, and writes it otherwise. */
function readAndWrite(
  reader: ByteReader,
  writer: ByteWriter,
  read: number,
  digest: Digest,
): void {
  const name = BYTE_READS[read & 15]!;
  const size = read >>> 4;
  const limit = size === 0 ? undefined : size * 12;
  const before = reader.position;
  const wasOk = reader.ok;
  switch (name) {
    case "u64": {
      const { low, high } = reader.u64({ low: 1, high: 1 });
      digest.int(low);
      digest.int(high);
      if (reader.ok) writer.u64(low, high);
      else check(low === 0 && high === 0, "after an error a u64 is 0");
      break;
    }
    case "bytes":
    case "raw": {
      const view = name === "raw" ? reader.raw(size) : reader.bytes(limit);
      digest.bytes(view);
      check(
        view.length <= reader.position - before,
        "the bytes lie in what was read",
      );
      if (!reader.ok) check(view.length === 0, "after an error there are none");
      else if (name === "raw") writer.raw(view);
      else writer.bytes(view);
      break;
    }
    case "string": {
      const text = reader.string(limit);
      digest.text(text);
      check(
        text.length <= reader.position - before,
        "text has no more units than bytes",
      );
      if (reader.ok) writer.string(text);
      else check(text === "", "after an error there is no text");
      break;
    }
    case "skip":
      reader.skip(size);
      if (reader.ok) {
        writer.raw(reader.buffer.subarray(before, reader.position));
      }
      break;
    case "end":
      check(
        reader.atEnd ===
          (reader.ok && reader.position === reader.end),
        "the end is where the bytes end",
      );
      check(
        reader.remaining === (reader.ok ? reader.end - before : 0),
        "what remains is what lies before the end",
      );
      if (size === 15) reader.fail("range");
      break;
    default: {
      const value = reader[name]();
      digest.number(value);
      if (reader.ok) writer[name](value);
      else check(value === 0, "after an error a number is 0");
    }
  }
  if (!wasOk) check(!reader.ok, "an error stays");
  if (!reader.ok) {
    check(reader.position === before, "it stands where the error is");
  }
}

/** Where what is read begins, in an input of a reader. */
function readsEnd(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return end;
  return Math.min(end, start + 1 + (bytes[start]! & MAX_READS));
}

function runByteReader(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const from = readsEnd(bytes, start, end);
  const reader = new ByteReader();
  reader.reset(bytes, from, end);
  scratch.reset();
  for (let i = start + 1; i < from; i++) {
    readAndWrite(reader, scratch, bytes[i]!, digest);
  }
  check(
    reader.position >= from && reader.position <= end,
    "it stays within its range",
  );
  // All was read before the error that it stands at.
  checkSame(scratch.view(), bytes, from, reader.position);
  digest.text(reader.error ?? "");
  digest.int(reader.position - from);
  return digest.value;
}

const RANGES: readonly [number, number][] = [
  [0, 1],
  [-10, 10],
  [7, 7],
  [0, 2 ** 32 - 1],
  [-(2 ** 31), 2 ** 31 - 1],
  [-(2 ** 53 - 1), -(2 ** 53) + 5],
  [2 ** 53 - 9, 2 ** 53 - 1],
  [1, 100_000_000],
];
const FLOATS = [
  new FloatQuantizer({ min: 0, max: 100, step: 0.5 }),
  new FloatQuantizer({ min: -500, max: 500, step: 0.01 }),
  new FloatQuantizer({ min: -1, max: 0, step: 1 }),
  new FloatQuantizer({ min: 0, max: 2 ** 32 - 1, step: 1 }),
];
const ANGLES = [1, 8, 17, 32].map((bits) => new AngleQuantizer(bits));
const QUATS = [4, 9, 10, 16].map((bits) => new QuatQuantizer(bits));

function bitReaderSeeds(): Uint8Array[] {
  const reads = fieldSeeds.map(({ field, bytes }) => {
    const [, type = "", number = "8"] = /^(\w+)(?:\((\d+))?/.exec(field)!;
    const width = Number(number);
    const read = {
      bits: width % 2 === 0 ? 1 | width - 2 << 3 : width - 1 << 3,
      bool: 2,
      int: 4 | 1 << 4,
      float: 5,
      angle: 6 | Math.log2(width / 8) << 4,
      quat: 7 | [4, 9, 10, 16].indexOf(width) << 4,
    }[type] ?? 8;
    return prefixed([1, read & 0xff], fromHex(bytes));
  });
  const all = Array.from(
    { length: 31 },
    (_, i) => (i * 5 & 15) | i << 4 & 0xf0,
  );
  reads.push(prefixed([31, ...all], new Uint8Array(120)));
  return reads;
}

/** What reads of whole bytes are tried amid bits. */
const ALIGNED_READS = [0, 1, 6, 7, 9, 10, 11, 12];

function readAndWriteBits(
  reader: BitReader,
  writer: BitWriter,
  read: number,
  digest: Digest,
): void {
  const size = read >>> 4;
  switch (read & 15) {
    case 0:
    case 1: {
      const width = size * 2 + 1 + (read & 1);
      const value = reader.bits(width);
      digest.int(value);
      if (reader.ok) writer.bits(value, width);
      else check(value === 0, "after an error bits are 0");
      break;
    }
    case 2: {
      const value = reader.bool();
      digest.any(value);
      if (reader.ok) writer.bool(value);
      else check(!value, "after an error a flag is false");
      break;
    }
    case 3: {
      const flags = reader.bools(new Array(size).fill(true));
      digest.any(flags);
      if (reader.ok) writer.bools(flags);
      break;
    }
    case 4: {
      const [min, max] = RANGES[size % RANGES.length]!;
      const value = reader.ranged(min, max);
      digest.number(value);
      check(value >= min && value <= max, "an integer is in its range");
      if (reader.ok) writer.ranged(value, min, max);
      else check(value === min, "after an error it is the smallest");
      break;
    }
    case 5: {
      const quantizer = FLOATS[size % FLOATS.length]!;
      const value = reader.float(quantizer);
      digest.number(value);
      check(
        value >= quantizer.min && value <= quantizer.max,
        "a float is in its range",
      );
      if (reader.ok) writer.float(value, quantizer);
      else check(value === quantizer.min, "after an error it is the smallest");
      break;
    }
    case 6: {
      const quantizer = ANGLES[size % ANGLES.length]!;
      const value = reader.angle(quantizer);
      digest.number(value);
      check(value >= 0 && value < 2 * Math.PI, "an angle is within a turn");
      if (reader.ok) writer.angle(value, quantizer);
      else check(value === 0, "after an error an angle is 0");
      break;
    }
    case 7: {
      const quantizer = QUATS[size % QUATS.length]!;
      const value = reader.quat(quantizer, { x: 9, y: 9, z: 9, w: 9 });
      digest.any(value);
      const { x, y, z, w } = value;
      check(
        Math.abs(Math.hypot(x, y, z, w) - 1) < 1e-9,
        "a rotation has length 1",
      );
      if (reader.ok) writer.quat(value, quantizer);
      else check(w === 1, "after an error it is none at all");
      break;
    }
    default: {
      const bytes = reader.align();
      const kind = ALIGNED_READS[read & 7]!;
      readAndWrite(bytes, writer.align(), kind | size << 4, digest);
    }
  }
}

function runBitReader(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const from = readsEnd(bytes, start, end);
  const source = new ByteReader();
  const reader = new BitReader(source);
  reader.reset(bytes, from, end);
  scratch.reset();
  const writer = new BitWriter(scratch);
  for (let i = start + 1; i < from; i++) {
    readAndWriteBits(reader, writer, bytes[i]!, digest);
  }
  const wasAtEnd = reader.atEnd;
  reader.align();
  check(
    wasAtEnd === (reader.ok && source.position === end),
    "the end is where all bits were read",
  );
  check(
    source.position >= from && source.position <= end,
    "it stays within its range",
  );
  if (reader.ok) {
    writer.align();
    checkSame(scratch.view(), bytes, from, source.position);
  }
  digest.text(reader.error ?? "");
  return digest.value;
}

// Fields.

const RICH: readonly (readonly [descriptor: string, ...values: unknown[]])[] = [
  [
    "list(struct(id:varint,name:optional(string(16)),at:vec3(-500,500,0.01;0,100,0.5;-500,500,0.01),look:quat(10),tags:list(choice(red,green,blue),7)),200)",
    [],
    [{
      id: 7,
      name: "Zoë",
      at: { x: 1.5, y: 20, z: -499.99 },
      look: { x: 0, y: 0.6, z: 0, w: -0.8 },
      tags: ["red", "blue"],
    }, {
      id: 2 ** 40,
      at: { x: 0, y: 0, z: 0 },
      look: { x: 0, y: 0, z: 0, w: 1 },
      tags: [],
    }],
  ],
  [
    "list(list(optional(bool),40000),65535)",
    [[true, undefined, false], [], [true]],
  ],
  [
    "struct(text:string(65535),raw:bytes(300),low:u64,high:zigzag,real:f64,part:f32,flat:vec2,deep:vec3)",
    {
      text: "long enough not to be read by hand: ".repeat(3) + "💧",
      raw: new Uint8Array(20),
      low: { low: 1, high: 2 },
      high: -(2 ** 50),
      real: Math.PI,
      part: -0,
      flat: { x: 1, y: 2 },
      deep: { x: -1, y: -2, z: -3 },
    },
  ],
  [
    "struct(a:int(-2147483648,2147483647),b:bits(25),c:angle(32),d:float(-1000,1000,0.001),e:quat(16),f:i8,g:i16,h:i32,i:u8,j:u16,k:u32,l:vec2(0,1000,1;0,50,0.5))",
    {
      a: -1,
      b: 2 ** 24,
      c: 3,
      d: -999.999,
      e: { x: 0.5, y: 0.5, z: -0.5, w: 0.5 },
      f: -1,
      g: -2,
      h: -3,
      i: 1,
      j: 2,
      k: 3,
      l: { x: 999, y: 0.5 },
    },
  ],
];
const descriptors = [
  ...new Set([
    ...RICH.map(([descriptor]) => descriptor),
    ...fieldSeeds.map(({ field }) => field),
  ]),
];
const fields = descriptors.map(fieldOf);

function richSeeds(): Uint8Array[] {
  const seeds = fieldSeeds.map(({ field, bytes }) =>
    prefixed([descriptors.indexOf(field)], fromHex(bytes))
  );
  for (const [i, [, ...values]] of RICH.entries()) {
    for (const value of values) {
      const writer = new BitWriter();
      fields[i]!.write(writer, value);
      seeds.push(prefixed([i], writer.toBytes()));
    }
  }
  return seeds;
}

function runField(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  if (start === end) return digest.value;
  const field = fields[bytes[start]! % fields.length]!;
  const source = new ByteReader();
  const reader = new BitReader(source);
  reader.reset(bytes, start + 1, end);
  const value = field.read(reader);
  const held = digest.any(value);
  const length = end - start - 1;
  check(source.position <= end, "it stays within its range");
  // One more for each list that the error was in.
  check(
    held.elements <= 8 * length + 2,
    "a list has no more elements than there are bits",
  );
  // Not counted: the words of choices, which are the schema's own.
  check(
    field.descriptor.includes("choice") || held.bytes <= length,
    "there is no more text than bytes",
  );
  if (reader.atEnd) {
    scratch.reset();
    const writer = new BitWriter(scratch);
    field.write(writer, value);
    writer.align();
    check(writer.ok, "what was read can be written");
    checkSame(scratch.view(), bytes, start + 1, end);
  }
  digest.text(reader.error ?? "");
  return digest.value;
}

// Compression.

const GUARD = 32;
/** Up to here what comes out is also compressed again. */
const SHORT = 4_096;
const target = new Uint8Array(GUARD + LARGEST + GUARD);
const block = new Uint8Array(SHORT + 100);
const compressor = new Lz4Compressor();
let filling = 0;

/**
 * Letters by zlib, with code lengths that repeat. Then streams made by hand, which
 * encoders make for much longer bytes or for none: codes of all lengths up to 15 bits
 * and a single distance; a single code, which is used, or another in its place; a
 * code length that is the same as the one before the first.
 */
const STREAMS: readonly string[] = [
  "3dc15b0240201005d0b58a44495e4db17a73e7e39e333837c244decc2aa8c5ac1421a52de71d0a1de65497bacd4315445aef2f7cf403",
  "0de00182244992244902128b9a4756cffeffbb77e0df7fffdfffdffffefffedfff0f",
  "05c081000000000090ff6b00",
  "05c081000000000090ff6b02",
  "05008200",
  // Codes of distances with up to 15 bits, and 13 bits behind the longest.
  [
    "edfddb922449922ccb22b1a89d73ce39e79c73ce39e79c73ce39e79c73ce39e79c73ce39e79c73ce39e7ecbdf7de7befbdf7de7b",
    "efbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbd",
    "f7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de",
    "7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7befbdf7de7b2301000000000000b0a87964f5ac7d8effc27fedbf",
    "f33ffa5ffceffe2fffaf1fe007fb617ea41fe3c7fb497eaa9fe167fb797ea15fe297fb557eaddfe037fb6d7ea7dfe3f7fb43fea8",
    "3fe14ffb73fea2bfe2affb5bfe73ff79ffb9ffbcffdc7fde7fee3fef3ff79ff79ffbcffbcffde7fde7fef3fe73ff79ffb9ffbcff",
    "dc7fde7fee3fef3ff79ff79ffbcffbcffde7fde7fef3fe73ff79ffb9ffbcffdc7fde7fee3fef3ff79ff79ffbcffbcffde7fde7fe",
    "f3fe73ff79ffb9ffbcffdc7fde7fee3fef3ff79ff79ffbcffbcffde7fde7fef3fe73ff79ffb9ffbcffdc7fde7fee3fef3ff79ff7",
    "9ffbcffbcffde7fde7fef3fe73ff79ffb9ffbcffdc7fde7fee3fef3ff79ff79ffbcffbcffde7fde7fef3fe73ff79ffb9ffbc7f7a",
    "d07ffaeafff4d3fca7bfdf7ffa47ee9ffe4bf84fff73f99ffe6fea7ffa7f78fba7ffaf73fff4ff139e7ffaff3b9f7ffaffc740fe",
    "e9ff7f0cf967fe7f00e09ff9ff57837fe6ffa79afe99ffff1ff867fe7f54f39ff9ffa7807fe6ffe7cfff99ffff74f867fe7fa8e6",
    "9ff9fff7857fe6ff2705ff99ffff49f8a700",
  ].join(""),
  // Cut where the 13 bits behind a code of 15 should be, and where zeros are letters.
  [
    "0dfd0190244992244902000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "00000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000001021b1a87964f5ec01000000000000fcfbff07",
  ].join(""),
  [
    "0dfd0190244992244902000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "00000000000002000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
    "0000000000000000000000000000000000000000000000000000000000000000001021b1a87964f5ec01000000000000fc03f8",
  ].join(""),
  // Empty blocks, one too many.
  `${"000000ffff".repeat(17)}010000ffff`,
];

/** The compressed bytes alone. */
function compressedSeeds(vectors: readonly Hex[]): Uint8Array[] {
  const view = new PacketView();
  return vectors.map((vector) => {
    const bytes = bytesOf(vector);
    // Taken for a plain one, its payload is what lies on the wire.
    bytes[bytes[0]! >= 0x80 ? 0 : 5]! &= ~0x18;
    wideDecoder.tryDecode(bytes, view);
    const reader = new ByteReader(view.payload());
    reader.varint();
    return reader.raw(reader.remaining).slice();
  });
}

/** Decompresses with room for any payload, then with just enough and too little. */
function decompressed(
  digest: Digest,
  decompress: (targetEnd: number) => number,
): Uint8Array | undefined {
  const length = tryCap(LARGEST, decompress);
  digest.int(length);
  if (length < 0) {
    check(tryCap(16, decompress) < 0, "what is refused is so with less room");
    return undefined;
  }
  check(
    length === 0 || tryCap(length - 1, decompress) < 0,
    "it is refused where a byte is missing",
  );
  check(tryCap(length, decompress) === length, "it fills just its length");
  const out = target.subarray(GUARD, GUARD + length);
  digest.bytes(out);
  return out;
}

/** Decompresses amid whatever lies in and around the target. */
function tryCap(
  cap: number,
  decompress: (targetEnd: number) => number,
): number {
  filling ^= 0x5a;
  const targetEnd = GUARD + cap;
  target.fill(filling, 0, GUARD + Math.min(cap, 256));
  target.fill(filling, targetEnd, targetEnd + GUARD);
  const written = decompress(targetEnd);
  for (let i = 0; i < GUARD; i++) {
    check(
      target[i] === filling && target[targetEnd + i] === filling,
      "what lies around the target is left alone",
    );
  }
  check(
    Number.isInteger(written) && written >= -1 && written <= cap,
    "no more is written than there is room for",
  );
  return written;
}

function runLz4(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const out = decompressed(
    digest,
    (targetEnd) => decompressLz4(bytes, start, end, target, GUARD, targetEnd),
  );
  if (out === undefined) return digest.value;
  check(out.length <= 256 * (end - start), "a byte makes no more than 256");
  if (out.length <= SHORT) {
    const length = compressor.compress(
      out,
      0,
      out.length,
      block,
      0,
      block.length,
    );
    const again = new Uint8Array(out.length);
    decompressLz4(block, 0, length, again, 0, again.length);
    checkSame(again, out, 0, out.length);
  }
  return digest.value;
}

function runInflateRaw(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const input = whole(bytes, start, end);
  const out = decompressed(
    digest,
    (targetEnd) => inflateRaw(input, target.subarray(GUARD, targetEnd)),
  );
  if (out === undefined) {
    const within = inflateRawWithin(input, LARGEST);
    check(typeof within === "string", "nobody inflates what is refused");
    return digest.value;
  }
  checkSame(inflateRawSync(input.slice()), out, 0, out.length);
  for (const maxBytes of [LARGEST, out.length]) {
    const within = inflateRawWithin(input, maxBytes);
    checkSame(within as Uint8Array, out, 0, out.length);
  }
  check(
    out.length === 0 ||
      inflateRawWithin(input, out.length - 1) === "tooLong",
    "it is too long where a byte is missing",
  );
  return digest.value;
}

const CAPS = [LARGEST, SHORT, 1_000, 300, 64, 16, 1, 0];

async function runInflatePayload(
  bytes: Uint8Array,
  start: number,
  end: number,
): Promise<number> {
  const digest = new Digest();
  if (start === end) return digest.value;
  const maxBytes = CAPS[bytes[start]! & 7]!;
  // The other bits are to be left as they are.
  const others = bytes[start]! >>> 3 & 7;
  const compression = bytes[start]! >>> 6;
  const packet = new Packet({
    kind: 0,
    sequence: 0,
    flags: others | (compression ^ CompressionHint.Zlib) << 3,
    payload: bytes.subarray(start + 1, end),
  });
  try {
    const inflated = await inflatePayload(packet, { maxBytes });
    const { header, payload } = inflated;
    digest.bytes(payload);
    if (compression !== 0) {
      check(inflated === packet, "what is not deflated is left as it is");
      return digest.value;
    }
    check(payload.length <= maxBytes, "no more is inflated than allowed");
    check(payload.length > packet.payload.length, "it becomes more");
    check(
      header.flags === (packet.header.flags & 7),
      "it says that it is plain",
    );
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    digest.text(error.code);
  }
  return digest.value;
}

// Tokens and contracts.

const tooLong = new Uint8Array(MAX_TOKEN_BYTES + 1);

function runToken(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const input = whole(bytes, start, end);
  const token = ConnectionToken.tryFromBytes(input);
  const fields = parseToken(input);
  tooLong.set(input);
  check(
    ConnectionToken.tryFromBytes(tooLong) === "tokenMalformed",
    "what is longer than any token is none",
  );
  const either = attempt(() => ConnectionToken.fromBytes(input));
  if (typeof token === "string") {
    digest.text(token);
    check(fields === token, "the parser says so");
    check(either === token, "it is thrown as it is returned");
    return digest.value;
  }
  const { clientId, addresses, userData, tokenId } = token;
  digest.any([clientId, addresses, userData, tokenId]);
  digest.any([token.keyId, token.protocolId, token.issuedAt, token.expiresAt]);
  const text = addresses.reduce((sum, { length }) => sum + length, 0);
  check(
    clientId.length + text + userData.length + tokenId.length <= input.length,
    "it holds no more than its bytes",
  );
  check(
    isPlayerId(clientId) && addresses.length <= MAX_ADDRESSES &&
      addresses.every((address) => address !== "") &&
      token.issuedAt <= token.expiresAt,
    "its fields are what they may be",
  );
  const body = encodeTokenBody(token);
  checkSame(body, input, 0, input.length - TAG_BYTES);
  checkSame(token.toBytes(), input, 0, input.length);
  check(typeof either !== "string", "it is accepted twice");
  return digest.value;
}

const OURS = [
  new Contract("empty", {}),
  new Contract("rpc", { aim: "bool", hit: "", jump: "struct()" }),
  new Contract("rpc", { aim: "bool", hit: `choice(${"a".repeat(90)},b)` }),
  new Contract(
    "many",
    Object.fromEntries(
      Array.from({ length: 70 }, (_, i) => [`n${i}`, "struct()"]),
    ),
  ),
];
const otherHello = new ContractHandshake(new Contract("other", {})).hello();

const tooLongMessage = new Uint8Array(65_536);

function contractMessages(): Uint8Array[] {
  const replies = OURS.flatMap((contract) =>
    [64, 1_500].map((maxMessageBytes) =>
      new ContractHandshake(contract, { maxMessageBytes }).handle(otherHello)
    )
  ).flatMap((step) => step.type === "reply" ? step.bytes : []);
  const hellos = OURS.map((contract) =>
    new ContractHandshake(contract).hello()
  );
  return [...contractSeeds, ...replies, ...hellos];
}

/** Bits of the first byte: ours (2), whether a hello came before, small messages. */
function runContract(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  if (start === end) return digest.value;
  const setting = bytes[start]!;
  const maxMessageBytes = (setting & 8) === 0 ? 65_535 : 64;
  const ours = OURS[setting & 3]!;
  const handshake = new ContractHandshake(ours, { maxMessageBytes });
  if ((setting & 4) !== 0) handshake.handle(otherHello);
  const input = whole(bytes, start, end).subarray(1);
  tooLongMessage.set(input);
  check(
    new ContractHandshake(ours).handle(tooLongMessage).type === "malformed",
    "what is longer than any message is none",
  );
  const step = handshake.handle(input);
  digest.text(step.type);
  switch (step.type) {
    case "reply":
      digest.bytes(step.bytes);
      check(step.bytes.length <= maxMessageBytes, "a reply is small enough");
      break;
    case "differs":
      checkDifferences(step, input, digest);
      break;
  }
  const next = handshake.handle(input);
  check(next.type === "malformed", "the same message does not come twice");
  return digest.value;
}

function checkDifferences(
  step: ContractStep & { type: "differs" },
  input: Uint8Array,
  digest: Digest,
): void {
  const { differences, theirs, message } = step;
  digest.any(differences);
  digest.any(theirs);
  digest.text(message);
  check(differences.length <= MAX_DIFFERENCES, "few differences are told");
  check(message.length <= 2_048, "the message is short");
  const known = new Map(
    theirs.map(({ name, descriptor }) => [name, descriptor]),
  );
  for (const difference of differences) {
    check(
      difference.type === "onlyOurs" ||
        difference.theirs === known.get(difference.name),
      "what they have is in the message",
    );
  }
  check(
    differences.every(({ name }, i) =>
      i === 0 || name > differences[i - 1]!.name
    ),
    "differences are in order, each once",
  );
  let last = "";
  scratch.reset();
  scratch.u8(2);
  scratch.u8(step.isWhole ? 1 : 0);
  scratch.varint(theirs.length);
  for (const { name, descriptor } of theirs) {
    check(
      /^[A-Za-z][\w.]{0,63}$/.test(name) && /^[ -~]{0,8192}$/.test(descriptor),
      "they are names and descriptors",
    );
    check(name > last, "they are in order, each once");
    last = name;
    scratch.string(name);
    scratch.string(descriptor);
  }
  checkSame(scratch.view(), input, 0, input.length);
}

// Numbers.

/** Each sequence number is a byte, and either one of 32 bits or 16 bits to the next. */
function runSequences(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  const filter = new PacketFilter({ maxPeers: 1 });
  const acks = new AckWindow();
  filter.registerPeer(1);
  let sequence = 0;
  for (let at = start; at + 5 <= end;) {
    const a = bytes[at + 1]! | bytes[at + 2]! << 8;
    if ((bytes[at]! & 1) === 0) {
      sequence = (a | bytes[at + 3]! << 16 | bytes[at + 4]! << 24) >>> 0;
      at += 5;
    } else {
      // Both ways, and mostly not far.
      const shift = bytes[at]! >>> 4;
      sequence = (sequence + (a << 16 >> 16 >> shift)) >>> 0;
      at += 3;
    }
    check(filter.check(2, sequence) === "unknownPeer", "strangers are refused");
    digest.text(filter.check(1, sequence) ?? "");
    check(
      filter.check(1, sequence) !== undefined,
      "no packet is accepted twice",
    );
    const isNew = acks.record(sequence);
    digest.any(isNew);
    check(!acks.record(sequence), "no packet is new twice");
    digest.int(acks.ack);
    digest.int(acks.ackBits);
    check(
      acknowledges(acks.ack, acks.ackBits, sequence) === isNew ||
        !isNew || acks.ack === 0,
      "what is new is acknowledged, but for the number 0",
    );
  }
  return digest.value;
}

const parts = new Uint32Array(4);
const partsAgain = new Uint32Array(4);

/** A byte for the bits, one for the largest, and three numbers of 16 bits. */
function runQuatParts(bytes: Uint8Array, start: number, end: number): number {
  const digest = new Digest();
  if (end - start < 8) return digest.value;
  const quantizer = QUATS[bytes[start]! % QUATS.length]!;
  const shift = 16 - quantizer.bits;
  parts[0] = bytes[start + 1]! % 5;
  for (let i = 1; i < 4; i++) {
    const at = start + 2 * i;
    parts[i] = (bytes[at]! | bytes[at + 1]! << 8) >>>
      (bytes[start]! >>> 7) * shift;
  }
  const rotation = { x: 9, y: 9, z: 9, w: 9 };
  if (quantizer.fromParts(parts, rotation)) {
    const { x, y, z, w } = rotation;
    check(Math.abs(Math.hypot(x, y, z, w) - 1) < 1e-9, "it has length 1");
    quantizer.toParts(rotation, partsAgain);
    check(parts.every((part, i) => part === partsAgain[i]), "its parts return");
  } else {
    check(rotation.x === 9 && rotation.w === 9, "what is refused is left");
  }
  digest.any(rotation);
  return digest.value;
}

/** Every decoder. */
export const TARGETS: readonly FuzzTarget[] = [
  {
    name: "PacketDecoder.tryDecode() of version 1",
    share: 14,
    corpus: packetSeeds,
    run: packetRun({}),
  },
  {
    name: "PacketDecoder.tryDecode() of any version",
    share: 10,
    corpus: packetSeeds,
    run: packetRun({ strictVersion: false }),
  },
  {
    name: "PacketDecoder.tryDecode() of small payloads",
    share: 6,
    corpus: packetSeeds,
    run: packetRun({ strictVersion: false, maxPayloadBytes: 64 }),
  },
  {
    name: "PacketDecoder.decodeAll()",
    share: 5,
    corpus: [
      ...packetSeeds.map((bytes) => prefixed([0], bytes)),
      prefixed([0xff], largeLz4()),
    ],
    run: runDecodeAll,
  },
  {
    name: "PacketDecoder.decodeVarint() and the like",
    share: 5,
    corpus: oneShotSeeds(),
    run: runOneShots,
  },
  {
    name: "ByteReader",
    share: 15,
    corpus: byteReaderSeeds(),
    run: runByteReader,
  },
  {
    name: "BitReader",
    share: 10,
    corpus: bitReaderSeeds(),
    run: runBitReader,
  },
  { name: "Field.read()", share: 15, corpus: richSeeds(), run: runField },
  {
    name: "decompressLz4()",
    share: 6,
    corpus: compressedSeeds(packetVectors.lz4),
    run: runLz4,
  },
  {
    name: "inflateRaw()",
    share: 2,
    corpus: [
      ...compressedSeeds(packetVectors.deflate),
      ...compressedSeeds(packetVectors.refusedDeflate),
      ...STREAMS.map(fromHex),
    ],
    run: runInflateRaw,
  },
  {
    name: "ConnectionToken.tryFromBytes()",
    share: 4,
    corpus: tokenSeeds,
    run: runToken,
  },
  {
    name: "ContractHandshake.handle()",
    share: 4,
    corpus: contractMessages().flatMap((bytes) =>
      (bytes[0] === 1 ? [0, 1, 2, 3, 9, 11] : [4, 5, 6, 7, 12, 15]).map(
        (setting) => prefixed([setting], bytes),
      )
    ),
    run: runContract,
  },
  {
    name: "PacketFilter.check() and AckWindow.record()",
    share: 2,
    corpus: ALL_VECTORS,
    run: runSequences,
  },
  {
    name: "QuatQuantizer.fromParts()",
    share: 1,
    corpus: ALL_VECTORS,
    run: runQuatParts,
  },
  {
    name: "inflatePayload()",
    share: 1,
    corpus: [...packetVectors.deflate, ...packetVectors.refusedDeflate].map(
      ({ bytes }) => prefixed([0], fromHex(bytes).subarray(4)),
    ),
    run: runInflatePayload,
  },
];

// Hexadecimal by hand: this runs also where `@std` is not at hand.
function fromHex(text: string): Uint8Array {
  return Uint8Array.from(
    text.match(/../g) ?? [],
    (digits) => Number.parseInt(digits, 16),
  );
}

function bytesOf({ bytes }: Hex): Uint8Array {
  return fromHex(bytes);
}

function prefixed(prefix: readonly number[], bytes: Uint8Array): Uint8Array {
  return Uint8Array.from([...prefix, ...bytes]);
}

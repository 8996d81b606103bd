import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { decompressLz4 } from "./lz4.ts";
import { Packet, type PacketOptions } from "./packet.ts";
import { PacketDecoder } from "./packet_decoder.ts";
import { PacketEncoder } from "./packet_encoder.ts";
import {
  CompressionHint,
  FULL_HEADER_BYTES,
  MAX_COMPACT_HEADER_BYTES,
  MAX_PAYLOAD_LEN,
} from "./packet_header.ts";
import { customPacketKind, PacketKind } from "./packet_kind.ts";
import { PacketView } from "./packet_view.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol_error.ts";

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 100_000 : 2_000;
const FORMS = ["compact", "full"] as const;

function packetOf(options: Partial<PacketOptions> = {}): Packet {
  return new Packet({ kind: PacketKind.StateUpdate, sequence: 1, ...options });
}

function noise(length: number): Uint8Array {
  let word = 1;
  return Uint8Array.from({ length }, () => {
    word = Math.imul(word, 1_664_525) + 1_013_904_223;
    return word >>> 24;
  });
}

/** What no packet may have, and how `encode` calls it. */
const unfit: readonly [options: Partial<PacketOptions>, ProtocolErrorCode][] = [
  ...[-1, 0.5, 2 ** 32, NaN, Infinity].flatMap((value) =>
    ["sequence", "ack", "ackBits"].map((
      field,
    ): [Partial<PacketOptions>, ProtocolErrorCode] => [
      { [field]: value },
      "encodeError",
    ])
  ),
  ...[-1, 0.5, 256, NaN].map((
    version,
  ): [Partial<PacketOptions>, ProtocolErrorCode] => [
    { version },
    "encodeError",
  ]),
  ...[-1, 0.5, 0x20, 0x100, NaN].map((
    flags,
  ): [Partial<PacketOptions>, ProtocolErrorCode] => [
    { flags },
    flags === -1 ? "invalidCompression" : "encodeError",
  ]),
  [{ flags: 0x18 }, "invalidCompression"],
  [{ flags: 0x1f }, "invalidCompression"],
  ...[-1, 0.5, 0x1d, 0x7fff, 0x1_0000, NaN].map((
    kind,
  ): [Partial<PacketOptions>, ProtocolErrorCode] => [
    { kind },
    "unknownPacketKind",
  ]),
  [{ payload: new Uint8Array(MAX_PAYLOAD_LEN + 1) }, "payloadTooLarge"],
];

Deno.test("PacketEncoder.encode() refuses what no packet may have", () => {
  for (const form of FORMS) {
    for (
      const compression of [CompressionHint.None, CompressionHint.Lz4] as const
    ) {
      const encoder = new PacketEncoder({ form, compression });
      for (const [options, code] of unfit) {
        const error = assertThrows(
          () => encoder.encode(packetOf(options)),
          ProtocolError,
          "Cannot encode a packet as",
        );
        const { payload, ...rest } = options;
        assertEquals([rest, payload?.length, error.code], [
          rest,
          payload?.length,
          code,
        ]);
        // It goes on as if nothing had been.
        assert(encoder.encode(packetOf()).length > 0);
      }
    }
  }
});

Deno.test("PacketEncoder.encodeInto() leaves what was written alone if a packet does not fit", () => {
  for (const form of FORMS) {
    const encoder = new PacketEncoder({ form });
    for (const [options] of unfit) {
      const writer = new ByteWriter({ maxBytes: 70_000 });
      writer.u32(0x01020304);
      const { buffer } = writer;
      assertEquals(encoder.encodeInto(packetOf(options), writer), false);
      assertEquals([writer.error, writer.length], ["range", 4]);
      assertEquals(buffer, writer.buffer);
      assertEquals(
        buffer.every((byte, i) => byte === (i < 4 ? 4 - i : 0)),
        true,
      );
    }
    const packet = packetOf({ payload: noise(40) });
    const { length } = encoder.encode(packet);
    for (let room = 0; room <= length; room++) {
      const bytes = new Uint8Array(3 + room).fill(0xa5);
      const writer = ByteWriter.over(bytes);
      writer.raw(Uint8Array.from([1, 2, 3]));
      assertEquals(encoder.encodeInto(packet, writer), room === length);
      if (room === length) {
        assertEquals([writer.error, writer.length], [undefined, 3 + length]);
      } else {
        assertEquals([writer.error, writer.length], ["full", 3]);
        assertEquals(bytes.subarray(3).every((byte) => byte === 0xa5), true);
      }
      assertEquals([...bytes.subarray(0, 3)], [1, 2, 3]);
    }
  }
});

Deno.test("PacketEncoder.encodeInto() writes nothing after an error of the writer", () => {
  const writer = new ByteWriter();
  writer.u8(256);
  assertEquals(new PacketEncoder().encodeInto(packetOf(), writer), false);
  assertEquals([writer.error, writer.length], ["range", 0]);
});

Deno.test("PacketEncoder.encodeInto() grows the writer, and reuses what it was given", () => {
  const encoder = new PacketEncoder();
  const decoder = new PacketDecoder();
  const writer = new ByteWriter({ initialBytes: 1, maxBytes: 100_000 });
  const header = { ...packetOf().header };
  const reused = { header, payload: new Uint8Array(100) };
  for (let sequence = 0; sequence < 300; sequence++) {
    header.sequence = sequence;
    reused.payload.fill(sequence);
    assert(encoder.encodeInto(reused as Packet, writer));
  }
  const packets = decoder.decodeAll(writer.toBytes());
  assertEquals(packets.length, 300);
  for (const [sequence, { header, payload }] of packets.entries()) {
    assertEquals(header.sequence, sequence);
    assertEquals(payload, new Uint8Array(100).fill(sequence));
  }
});

Deno.test("PacketEncoder.encode() makes bytes of the length that WIRE.md names", () => {
  const everything = 0xffff_ffff;
  const table: [options: Partial<PacketOptions>, compact: number][] = [
    [{ sequence: 127 }, 4],
    [{ sequence: 16_383 }, 5],
    [{ sequence: 2_097_151 }, 6],
    [{ sequence: 16_383, ack: 16_383, ackBits: everything }, 8],
    [{ sequence: 2_097_151, ack: 2_097_151, ackBits: everything }, 10],
    [{
      sequence: 2 ** 28 - 1,
      ack: 2 ** 28 - 1,
      ackBits: (everything ^ 0x41) >>> 0,
    }, 12],
    [{ sequence: 2 ** 28, ack: 2 ** 28, ackBits: 0x7fff_ffff }, 18],
    [{ payload: new Uint8Array(127) }, 4 + 127],
    [{ payload: new Uint8Array(128) }, 5 + 128],
    [{ payload: new Uint8Array(16_383) }, 5 + 16_383],
    [{ payload: new Uint8Array(16_384) }, 6 + 16_384],
    [{ payload: new Uint8Array(MAX_PAYLOAD_LEN) }, 6 + MAX_PAYLOAD_LEN],
    [{ kind: 0x803f }, 4],
    [{ kind: 0x8040 }, 5],
    [{ kind: 0x9fff }, 5],
    [{ kind: 0xa000 }, 6],
    [{ version: 2 }, 5],
    [{
      version: 0,
      kind: 0xffff,
      sequence: 2 ** 32 - 1,
      ack: 2 ** 32 - 1,
      payload: new Uint8Array(MAX_PAYLOAD_LEN),
    }, MAX_COMPACT_HEADER_BYTES + MAX_PAYLOAD_LEN],
  ];
  const compact = new PacketEncoder();
  const full = new PacketEncoder({ form: "full" });
  for (const [options, length] of table) {
    const packet = packetOf(options);
    const bytes = compact.encode(packet);
    assertEquals(bytes.length, length);
    // Just as large is its buffer.
    assertEquals(bytes.buffer.byteLength, length);
    assertEquals(
      full.encode(packet).length,
      FULL_HEADER_BYTES + packet.payload.length,
    );
  }
});

const packets: fc.Arbitrary<Packet> = fc.record({
  version: fc.oneof(
    { weight: 3, arbitrary: fc.constant(1) },
    fc.integer({ min: 0, max: 255 }),
  ),
  flags: fc.integer({ min: 0, max: 7 }),
  kind: fc.oneof(
    fc.integer({ min: 0, max: 0x1c }),
    fc.integer({ min: 0, max: 0x7fff }).map(customPacketKind),
  ),
  sequence: fc.oneof(
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    fc.constantFrom(0, 127, 128, 16_383, 16_384, 2 ** 28, 2 ** 31, 2 ** 32 - 1),
  ),
  ack: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 ** 32 - 1 })),
  ackBits: fc.oneof(
    fc.constantFrom(0, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000),
    fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  ),
  payload: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 2_000, max: 3, size: "max" }),
    fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 30 }), fc.nat(200)).map(
      ([part, times]) =>
        Uint8Array.from(
          { length: part.length * times },
          (_, i) => part[i % part.length]!,
        ),
    ),
  ),
}).map((options) => new Packet(options));

Deno.test("PacketDecoder decodes whatever packet PacketEncoder encoded", () => {
  const decoder = new PacketDecoder({ strictVersion: false });
  const view = new PacketView();
  for (const form of FORMS) {
    const plain = new PacketEncoder({ form });
    const lz4 = new PacketEncoder({
      form,
      compression: CompressionHint.Lz4,
      compressionThresholdBytes: 0,
    });
    fc.assert(
      fc.property(packets, (packet) => {
        const bytes = plain.encode(packet);
        assertEquals(decoder.decode(bytes), packet);
        assertEquals(plain.encode(decoder.decode(bytes)), bytes);
        const compressed = lz4.encode(packet);
        assertEquals(decoder.decode(compressed), packet);
        assert(compressed.length <= bytes.length);
        // In place, it is the same.
        assertEquals(decoder.tryDecode(compressed, view), undefined);
        assertEquals([view.end, view.flags, view.version], [
          compressed.length,
          packet.header.flags,
          packet.header.version,
        ]);
        assertEquals(new Uint8Array(view.payload()), packet.payload);
      }),
      { numRuns: RUNS },
    );
  }
});

Deno.test("PacketEncoder.encode() compresses from the threshold on, if it helps", () => {
  for (const threshold of [0, 100, 256, 1000, MAX_PAYLOAD_LEN]) {
    const encoder = new PacketEncoder({
      compression: CompressionHint.Lz4,
      compressionThresholdBytes: threshold,
    });
    for (
      const length of [
        ...[0, 1, 2, 10, 99, 100, 255, 256, 999, 1000],
        ...[MAX_PAYLOAD_LEN - 1, MAX_PAYLOAD_LEN],
      ]
    ) {
      const plain = packetOf({ payload: noise(length), flags: 5 });
      assertEquals(encoder.encode(plain), new PacketEncoder().encode(plain));
      const zeros = packetOf({ payload: new Uint8Array(length), flags: 5 });
      const bytes = encoder.encode(zeros);
      const isCompressed = (bytes[0]! & 0x18) === 0x10;
      // Ten zeros become no fewer bytes.
      assertEquals([threshold, length, isCompressed], [
        threshold,
        length,
        length >= threshold && length > 10,
      ]);
      assertEquals(new PacketDecoder().decode(bytes), zeros);
    }
  }
  // By default, from 256 bytes on.
  const encoder = new PacketEncoder({ compression: CompressionHint.Lz4 });
  for (const [length, isCompressed] of [[255, false], [256, true]] as const) {
    const packet = packetOf({ payload: new Uint8Array(length) });
    assertEquals(encoder.encode(packet)[0] === 0x90, isCompressed);
  }
});

Deno.test("PacketEncoder.encode() writes length and block of a payload in LZ4", () => {
  const payload = new Uint8Array(3000).map((_, i) => i % 50);
  const bytes = new PacketEncoder({ compression: CompressionHint.Lz4 })
    .encode(packetOf({ payload }));
  const reader = new ByteReader(bytes);
  assertEquals([reader.u8(), reader.u8(), reader.u8()], [0x90, 6, 1]);
  assertEquals(reader.varint(), reader.remaining);
  assertEquals(reader.varint(), 3000);
  const plain = new Uint8Array(3000);
  const { position, end } = reader;
  assertEquals(decompressLz4(bytes, position, end, plain, 0, 3000), 3000);
  assertEquals(plain, payload);
});

Deno.test("PacketEncoder.encode() sends what is compressed already as it is", () => {
  const encoder = new PacketEncoder({ compression: CompressionHint.Lz4 });
  for (const flags of [0x08, 0x10]) {
    const packet = packetOf({ flags, payload: new Uint8Array(1000) });
    assertEquals(encoder.encode(packet), new PacketEncoder().encode(packet));
  }
});

Deno.test("PacketEncoder.encodeBatch() writes one packet after the other", () => {
  for (const form of FORMS) {
    const encoder = new PacketEncoder({ form });
    const batch = [1, 2, 3].map((sequence) =>
      packetOf({ sequence, payload: noise(sequence * 100) })
    );
    const bytes = encoder.encodeBatch(batch);
    assertEquals(
      [...bytes],
      batch.flatMap((packet) => [...encoder.encode(packet)]),
    );
    assertEquals(new PacketDecoder().decodeAll(bytes), batch);
    assertEquals(encoder.encodeBatch([]), new Uint8Array(0));
    for (const [options, code] of unfit) {
      const error = assertThrows(
        () => encoder.encodeBatch([packetOf(), packetOf(options), packetOf()]),
        ProtocolError,
      );
      assertEquals(error.code, code);
    }
  }
});

Deno.test("PacketEncoder() refuses options that are none", () => {
  const table: [options: unknown, message: string][] = [
    [{ form: "tiny" }, 'form must be "compact" or "full"'],
    [{ compression: CompressionHint.Zlib }, "compression must be"],
    [{ compression: 3 }, "compression must be"],
    ...[-1, 0.5, 65_536, NaN].map((value): [unknown, string] => [
      { compressionThresholdBytes: value },
      `integer from 0 to 65535 bytes: current value is ${value}`,
    ]),
  ];
  for (const [options, message] of table) {
    assertThrows(
      () => new PacketEncoder(options as Record<string, never>),
      RangeError,
      message,
    );
  }
});

Deno.test("Packet() stands for what was given, and no more", () => {
  const { header, payload } = new Packet({ kind: 3, sequence: 9 });
  assertEquals(header, {
    version: 1,
    flags: 0,
    kind: 3,
    sequence: 9,
    ack: 0,
    ackBits: 0,
    payloadLen: 0,
  });
  assertEquals(payload, new Uint8Array(0));
});

Deno.test("Packet.heartbeat(), ping() and pong() make what WIRE.md says", () => {
  const encoder = new PacketEncoder();
  assertEquals(
    encoder.encode(Packet.heartbeat(5)),
    Uint8Array.from([0x80, 4, 5, 0]),
  );
  const ping = Packet.ping(6, 1234.5);
  const f64 = [0, 0, 0, 0, 0, 0x4a, 0x93, 0x40];
  assertEquals(
    encoder.encode(ping),
    Uint8Array.from([0x80, 36, 6, 8, ...f64]),
  );
  const pong = Packet.pong(7, ping.payload);
  assertEquals(
    encoder.encode(pong),
    Uint8Array.from([0x80, 38, 7, 8, ...f64]),
  );
  const { payload } = new PacketDecoder().decode(encoder.encode(pong));
  assertEquals(new ByteReader(payload).f64(), 1234.5);
});

Deno.test("PacketEncoder.encodeVarint() makes what decodeVarint() reads", () => {
  const table: [value: number, bytes: number[]][] = [
    [0, [0]],
    [127, [0x7f]],
    [128, [0x80, 1]],
    [300, [0xac, 2]],
    [2 ** 32, [0x80, 0x80, 0x80, 0x80, 0x10]],
    [2 ** 53 - 1, [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
  ];
  for (const [value, bytes] of table) {
    assertEquals(PacketEncoder.encodeVarint(value), Uint8Array.from(bytes));
    assertEquals(PacketDecoder.decodeVarint(Uint8Array.from(bytes)), value);
  }
  for (const value of [-1, 0.5, 2 ** 53, NaN, Infinity]) {
    const error = assertThrows(
      () => PacketEncoder.encodeVarint(value),
      ProtocolError,
    );
    assertEquals([value, error.code], [value, "encodeError"]);
  }
});

Deno.test("PacketEncoder.packBools() packs eight to a byte", () => {
  assertEquals(PacketEncoder.packBools([]), new Uint8Array(0));
  assertEquals(
    PacketEncoder.packBools([true, false, true]),
    Uint8Array.from([0b101]),
  );
  assertEquals(
    PacketEncoder.packBools([...new Array(7).fill(false), true, true]),
    Uint8Array.from([0x80, 1]),
  );
  fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 70 }), (flags) => {
    const bytes = PacketEncoder.packBools(flags);
    assertEquals(bytes.length, Math.ceil(flags.length / 8));
    assertEquals(PacketDecoder.unpackBools(bytes, flags.length), flags);
  }));
});

Deno.test("PacketEncoder.encodePositionDelta() writes whole steps", () => {
  const base = { x: 0, y: 10, z: -10 };
  const table: [x: number, y: number, z: number, bytes: number[]][] = [
    [0, 10, -10, [0, 0, 0]],
    [1 / 256, 10 - 1 / 256, -10 + 63 / 256, [2, 1, 126]],
    // A half step goes up, less than that goes down.
    [0.5 / 256, 10, -10 - 0.5 / 256, [2, 0, 0]],
    [0.49 / 256, 10, -10 - 0.51 / 256, [0, 0, 1]],
    [64 / 256, 10, -10, [0x80, 1, 0, 0]],
  ];
  for (const [x, y, z, bytes] of table) {
    assertEquals(
      PacketEncoder.encodePositionDelta(base, { x, y, z }),
      Uint8Array.from(bytes),
    );
  }
  // The nearest integer of the double next below 1/2 is 0.
  const below = { x: 0.49999999999999994, y: 0, z: 0 };
  const zero = { x: 0, y: 0, z: 0 };
  assertEquals(
    PacketEncoder.encodePositionDelta(zero, below, 1),
    new Uint8Array(3),
  );
});

Deno.test("PacketEncoder.encodePositionDelta() refuses what cannot be sent", () => {
  const zero = { x: 0, y: 0, z: 0 };
  for (const value of [NaN, Infinity, -Infinity, 2 ** 48 + 1, -(2 ** 50)]) {
    for (const axis of ["x", "y", "z"]) {
      const position = { ...zero, [axis]: value };
      for (
        const call of [
          () => PacketEncoder.encodePositionDelta(position, zero, 1),
          () => PacketEncoder.encodePositionDelta(zero, position, 1),
          () =>
            PacketDecoder.decodePositionDelta(new Uint8Array(3), position, 1),
        ]
      ) {
        const error = assertThrows(call, ProtocolError, "2^48 steps of 1");
        assertEquals(error.code, "encodeError");
      }
    }
  }
  for (const step of [0, -1, NaN, Infinity]) {
    assertThrows(
      () => PacketEncoder.encodePositionDelta(zero, zero, step),
      RangeError,
      "step must be finite and > 0",
    );
    assertThrows(
      () => PacketDecoder.decodePositionDelta(new Uint8Array(3), zero, step),
      RangeError,
      "step must be finite and > 0",
    );
  }
});

Deno.test("PacketEncoder.encodePositionDelta() reaches from one end to the other", () => {
  const last = 2 ** 48;
  const low = { x: -last, y: last, z: 0 };
  const high = { x: last, y: -last, z: -last };
  const bytes = PacketEncoder.encodePositionDelta(low, high, 1);
  assertEquals(PacketDecoder.decodePositionDelta(bytes, low, 1), high);
});

Deno.test("PacketDecoder.decodePositionDelta() does not drift over many deltas", () => {
  for (const step of [1 / 256, 0.01, 3]) {
    const actual = { x: 100.123, y: -3.77, z: 0 };
    let sent = PacketDecoder.decodePositionDelta(
      PacketEncoder.encodePositionDelta({ x: 0, y: 0, z: 0 }, actual, step),
      { x: 0, y: 0, z: 0 },
      step,
    );
    for (let tick = 1; tick <= 10_000; tick++) {
      actual.x += 0.0011 * Math.sin(tick);
      actual.y += 0.0007;
      actual.z -= 0.013 * Math.cos(tick / 50);
      const bytes = PacketEncoder.encodePositionDelta(sent, actual, step);
      sent = PacketDecoder.decodePositionDelta(bytes, sent, step);
      for (const axis of ["x", "y", "z"] as const) {
        const error = Math.abs(sent[axis] - actual[axis]);
        assert(error <= step * 0.500001, `${axis} at ${tick}: ${error}`);
      }
    }
  }
});

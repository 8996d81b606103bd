import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../core/mod.ts";
import { ByteWriter } from "./byte_writer.ts";
import { Packet } from "./packet.ts";
import { PacketDecoder, type PacketDecoderOptions } from "./packet_decoder.ts";
import { PacketEncoder } from "./packet_encoder.ts";
import { CompressionHint, MAX_PAYLOAD_LEN } from "./packet_header.ts";
import { PacketKind } from "./packet_kind.ts";
import { PacketView } from "./packet_view.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol_error.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const lz4 = new PacketEncoder({ compression: CompressionHint.Lz4 });

function assertCode(call: () => unknown, code: ProtocolErrorCode): void {
  const error = assertThrows(call, ProtocolError, "Cannot ");
  assertEquals(error.code, code);
}

/** Both ways of decoding refuse `bytes` with `code`. */
function assertRefused(
  bytes: Uint8Array,
  code: ProtocolErrorCode,
  options: PacketDecoderOptions = {},
): void {
  const decoder = new PacketDecoder(options);
  assertEquals(decoder.tryDecode(bytes, new PacketView()), code);
  assertCode(() => decoder.decode(bytes), code);
  assertCode(() => decoder.decodeAll(bytes), code);
}

function zeros(length: number): Packet {
  return new Packet({
    kind: PacketKind.StateUpdate,
    sequence: 1,
    payload: new Uint8Array(length),
  });
}

Deno.test("PacketDecoder refuses bytes with each code", () => {
  const table: [bytes: number[], code: ProtocolErrorCode][] = [
    [[0x80, 4, 1], "bufferTooShort"],
    [[0x50, 0x45, 0x4d], "bufferTooShort"],
    [[0x51, 0x45, 0x4d, 0x50], "badMagic"],
    [[0xc0, 2, 4, 1, 0], "versionMismatch"],
    [[0x80, 4, 1, 2, 0], "payloadTruncated"],
    [[0x80, 4, 1, 0x80, 0x80, 4], "payloadTooLarge"],
    [[0x80, 0x3a, 1, 0], "unknownPacketKind"],
    [[0x98, 4, 1, 0], "invalidCompression"],
    [[0x90, 4, 1, 1, 5], "invalidCompression"],
    [[0x80, 4, 0x81, 0, 0], "nonCanonical"],
  ];
  for (const [bytes, code] of table) {
    assertRefused(Uint8Array.from(bytes), code);
  }
  const decoder = new PacketDecoder();
  assertEquals(
    decoder.tryDecode(new Uint8Array(0), new PacketView()),
    "bufferTooShort",
  );
  assertCode(() => decoder.decode(new Uint8Array(0)), "bufferTooShort");
});

Deno.test("PacketDecoder.decode() says where and why", () => {
  const decoder = new PacketDecoder();
  const bytes = Uint8Array.from([0x80, 4, 1, 0, 0x80, 0x3a, 1, 0]);
  assertThrows(
    () => decoder.decodeAll(bytes),
    ProtocolError,
    "Cannot decode the packet at byte 4 as its kind is neither named nor custom",
  );
  assertCode(() => decoder.decode(bytes), "trailingBytes");
  assertThrows(
    () => decoder.decode(bytes),
    ProtocolError,
    "bytes follow it: 4 of 8",
  );
});

Deno.test("PacketDecoder reads other versions as its own only if it is to", () => {
  const packet = new Packet({ kind: 2, sequence: 3, version: 9 });
  for (const form of ["compact", "full"] as const) {
    const bytes = new PacketEncoder({ form }).encode(packet);
    assertRefused(bytes, "versionMismatch");
    assertRefused(bytes, "versionMismatch", { strictVersion: true });
    const decoder = new PacketDecoder({ strictVersion: false });
    assertEquals(decoder.strictVersion, false);
    assertEquals(decoder.decode(bytes), packet);
    const view = new PacketView();
    assertEquals(decoder.tryDecode(bytes, view), undefined);
    assertEquals(view.version, 9);
  }
  // The own version has no need to be named, then as well.
  assertRefused(Uint8Array.from([0xc0, 1, 4, 1, 0]), "nonCanonical", {
    strictVersion: false,
  });
});

Deno.test("PacketDecoder takes no more payload than maxPayloadBytes", () => {
  for (const maxPayloadBytes of [0, 1, 300, 1000]) {
    const decoder = new PacketDecoder({ maxPayloadBytes });
    for (const encoder of [lz4, new PacketEncoder()]) {
      const most = zeros(maxPayloadBytes);
      assertEquals(decoder.decode(encoder.encode(most)), most);
      assertRefused(
        encoder.encode(zeros(maxPayloadBytes + 1)),
        "payloadTooLarge",
        { maxPayloadBytes },
      );
    }
  }
  for (const maxPayloadBytes of [-1, 0.5, 65_536, NaN]) {
    assertThrows(
      () => new PacketDecoder({ maxPayloadBytes }),
      RangeError,
      `integer from 0 to 65535: current value is ${maxPayloadBytes}`,
    );
  }
});

Deno.test("PacketDecoder.tryDecode() fills the view where the packet lies", () => {
  const packet = new Packet({
    kind: PacketKind.ChatMessage,
    sequence: 300,
    flags: 3,
    ack: 299,
    ackBits: 0xffff_fffe,
    payload: Uint8Array.from([1, 2, 3]),
  });
  const bytes = new PacketEncoder().encode(packet);
  const outer = new Uint8Array(bytes.length + 9);
  outer.set(bytes, 4);
  const view = new PacketView();
  assertEquals(new PacketDecoder().tryDecode(outer, view, 4), undefined);
  assertEquals(view.buffer === outer, true);
  const { version, flags, kind, sequence, ack, ackBits } = view;
  assertEquals(
    { version, flags, kind, sequence, ack, ackBits, payloadLen: 3 },
    packet.header,
  );
  assertEquals([view.payloadStart, view.payloadLen, view.end], [
    4 + bytes.length - 3,
    3,
    4 + bytes.length,
  ]);
  assertEquals(view.payload().byteOffset, 4 + bytes.length - 3);
  assertEquals([...view.payload()], [1, 2, 3]);
});

Deno.test("PacketDecoder.tryDecode() inflates into one buffer of its own", () => {
  const decoder = new PacketDecoder();
  const view = new PacketView();
  const packet = new Packet({
    kind: PacketKind.StateUpdate,
    sequence: 1,
    flags: 7,
    payload: new Uint8Array(1000).fill(7),
  });
  const bytes = lz4.encode(packet);
  assertEquals(bytes[0], 0x97);
  const outer = new Uint8Array(bytes.length + 20);
  outer.set(bytes, 10);
  assertEquals(decoder.tryDecode(outer, view, 10), undefined);
  // Plain is how the payload stands now; the end is that of what was received.
  assertEquals([view.flags, view.payloadLen, view.end], [
    7,
    1000,
    10 + bytes.length,
  ]);
  assertEquals(view.payload(), packet.payload);
  const { buffer } = view;
  assertEquals(decoder.tryDecode(lz4.encode(zeros(2000)), view), undefined);
  assertEquals(view.buffer === buffer, true);
  assertEquals(view.payload(), new Uint8Array(2000));
});

Deno.test("PacketDecoder.decode() gives payloads that the next call leaves alone", () => {
  const decoder = new PacketDecoder();
  const one = new Packet({
    kind: 3,
    sequence: 1,
    payload: new Uint8Array(500).fill(1),
  });
  const first = decoder.decode(lz4.encode(one));
  decoder.decode(lz4.encode(zeros(500)));
  assertEquals(first, one);
  // A plain one is where it was.
  const bytes = new PacketEncoder().encode(one);
  assertEquals(decoder.decode(bytes).payload.buffer === bytes.buffer, true);
});

Deno.test("PacketDecoder inflates a packet that lay inside of a packet", () => {
  const inner = new Packet({
    kind: 4,
    sequence: 2,
    payload: new Uint8Array(1000).map((_, i) => i % 7),
  });
  const outer = new Packet({
    kind: 3,
    sequence: 1,
    payload: Uint8Array.from([...lz4.encode(inner), ...new Array(500).fill(0)]),
  });
  const decoder = new PacketDecoder();
  const unpacked = decoder.decode(lz4.encode(outer));
  assertThrows(() => decoder.decode(unpacked.payload), ProtocolError);
  const view = new PacketView();
  assertEquals(decoder.tryDecode(unpacked.payload, view), undefined);
  assertEquals(view.payload(), inner.payload);
});

Deno.test("PacketDecoder.tryDecode() refuses a range outside of the bytes", () => {
  const decoder = new PacketDecoder();
  const bytes = new Uint8Array(4);
  for (const [start, end] of [[-1, 2], [3, 2], [0, 5], [NaN, 2], [0, NaN]]) {
    assertThrows(
      () => decoder.tryDecode(bytes, new PacketView(), start, end),
      RangeError,
      "Cannot read bytes",
    );
  }
});

Deno.test("PacketDecoder.decodeAll() inflates no more than 1 MiB", () => {
  const decoder = new PacketDecoder();
  const whole = lz4.encode(zeros(2 ** 15));
  const join = (count: number, last: Uint8Array): Uint8Array => {
    const writer = new ByteWriter({ maxBytes: 2 ** 20 });
    for (let i = 0; i < count; i++) writer.raw(whole);
    writer.raw(last);
    return writer.toBytes();
  };
  const nothing = new Uint8Array(0);
  assertEquals(decoder.decodeAll(join(32, nothing)).length, 32);
  // What was sent plain does not count.
  const plain = new PacketEncoder().encode(zeros(MAX_PAYLOAD_LEN));
  assertEquals(decoder.decodeAll(join(32, plain)).length, 33);
  assertCode(
    () => decoder.decodeAll(join(32, lz4.encode(zeros(256)))),
    "payloadTooLarge",
  );
  assertEquals(decoder.decodeAll(nothing), []);
});

Deno.test("PacketDecoder.decodeAll() gives all or nothing", () => {
  const good = new PacketEncoder().encode(zeros(3));
  const bytes = Uint8Array.from([...good, ...good, 0x80]);
  assertCode(() => new PacketDecoder().decodeAll(bytes), "bufferTooShort");
});

Deno.test("PacketDecoder.decodeVarint() refuses what is no varint", () => {
  const table: [bytes: number[], code: ProtocolErrorCode][] = [
    [[], "bufferTooShort"],
    [[0x80], "bufferTooShort"],
    [[0x80, 0], "nonCanonical"],
    [[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x10], "nonCanonical"],
    [new Array(8).fill(0x80), "nonCanonical"],
    [[1, 2], "trailingBytes"],
  ];
  for (const [bytes, code] of table) {
    assertCode(() => PacketDecoder.decodeVarint(Uint8Array.from(bytes)), code);
  }
});

Deno.test("PacketDecoder.decodePositionDelta() refuses what is no delta", () => {
  const zero = { x: 0, y: 0, z: 0 };
  const far = PacketEncoder.encodeVarint(2 ** 53 - 1);
  const table: [bytes: number[], code: ProtocolErrorCode][] = [
    [[], "bufferTooShort"],
    [[0, 0], "bufferTooShort"],
    [[0, 0, 0x80], "bufferTooShort"],
    [[0, 0x80, 0, 0], "nonCanonical"],
    [[0, 0, 0, 0], "trailingBytes"],
  ];
  for (const [bytes, code] of table) {
    assertCode(
      () => PacketDecoder.decodePositionDelta(Uint8Array.from(bytes), zero),
      code,
    );
  }
  // No position has an index so far from 0.
  for (const bytes of [[...far, 0, 0], [0, ...far, 0], [0, 0, ...far]]) {
    assertCode(
      () => PacketDecoder.decodePositionDelta(Uint8Array.from(bytes), zero),
      "nonCanonical",
    );
  }
  const nearly = [...PacketEncoder.encodeVarint(2 ** 49), 0, 0];
  assertCode(
    () =>
      PacketDecoder.decodePositionDelta(Uint8Array.from(nearly), {
        ...zero,
        x: 1,
      }, 1),
    "nonCanonical",
  );
  assertEquals(
    PacketDecoder.decodePositionDelta(Uint8Array.from(nearly), zero, 1),
    { x: 2 ** 48, y: 0, z: 0 },
  );
});

Deno.test("PacketDecoder.unpackBools() refuses what packBools() would not make", () => {
  const unpack = (bytes: number[], count: number) => () =>
    PacketDecoder.unpackBools(Uint8Array.from(bytes), count);
  assertCode(unpack([], 1), "bufferTooShort");
  assertCode(unpack([0xff], 9), "bufferTooShort");
  assertCode(unpack([0], 0), "trailingBytes");
  assertCode(unpack([0, 0], 8), "trailingBytes");
  for (let count = 1; count < 8; count++) {
    assertCode(unpack([1 << count], count), "nonCanonical");
    assertCode(unpack([0, 0x80], 8 + count), "nonCanonical");
    assertEquals(unpack([(1 << count) - 1], count)().every(Boolean), true);
  }
  assertEquals(unpack([0x80], 8)(), [...new Array(7).fill(false), true]);
  assertCode(unpack([], 2 ** 53 - 1), "bufferTooShort");
  for (const count of [-1, 0.5, NaN, Infinity]) {
    assertThrows(unpack([0], count), RangeError, "count must be an integer");
  }
});

Deno.test("PacketDecoder.tryDecode() returns a code for whatever bytes, or what encodes to the same", () => {
  const random = new SeededRandom(41);
  const decoder = new PacketDecoder({ strictVersion: false });
  const view = new PacketView();
  const encoders = {
    compact: new PacketEncoder(),
    full: new PacketEncoder({ form: "full" }),
  };
  const seeds = [
    ...Object.values(encoders).flatMap((encoder) => [
      encoder.encode(
        new Packet({ kind: 3, sequence: 300, ack: 7, ackBits: 9 }),
      ),
      encoder.encode(new Packet({ kind: 0x8100, sequence: 1, version: 4 })),
      encoder.encode(zeros(20)),
    ]),
    lz4.encode(zeros(400)),
  ];
  const codes = new Set<ProtocolErrorCode | undefined>();
  for (let run = 0; run < (IS_SOAK ? 1_000_000 : 30_000); run++) {
    let bytes: Uint8Array;
    if (run % 3 === 0) {
      bytes = new Uint8Array(random.nextU32() % 30);
      random.fill(bytes);
      if (bytes.length > 0) bytes[0]! |= 0x80;
    } else {
      bytes = seeds[random.nextU32() % seeds.length]!.slice();
      for (let changes = random.nextU32() % 4; changes >= 0; changes--) {
        bytes[random.nextU32() % bytes.length] = random.nextU32();
      }
      bytes = bytes.subarray(0, bytes.length - random.nextU32() % 3);
    }
    const code = decoder.tryDecode(bytes, view);
    codes.add(code);
    if (code !== undefined || view.buffer !== bytes) continue;
    const { version, flags, kind, sequence, ack, ackBits } = view;
    const payload = view.payload();
    const packet = new Packet({
      ...{ version, flags, kind, sequence, ack, ackBits, payload },
    });
    const form = bytes[0]! >= 0x80 ? "compact" : "full";
    assertEquals(
      [run, encoders[form].encode(packet)],
      [run, bytes.slice(0, view.end)],
    );
  }
  // All but `versionMismatch`.
  assert(codes.size === 8, [...codes].join());
});

Deno.test("PacketDecoder and Packet refuse what is not bytes", () => {
  const decoder = new PacketDecoder();
  for (const value of [new ArrayBuffer(4), "hi", [0x80, 4, 0, 0], undefined]) {
    const bytes = value as unknown as Uint8Array;
    assertThrows(() => decoder.decode(bytes), TypeError, "Uint8Array");
    assertThrows(() => decoder.decodeAll(bytes), TypeError, "Uint8Array");
    if (value === undefined) continue;
    assertThrows(
      () => new Packet({ kind: 2, sequence: 1, payload: bytes }),
      TypeError,
      "Uint8Array",
    );
  }
});

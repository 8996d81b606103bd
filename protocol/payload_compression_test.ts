import { Buffer } from "node:buffer";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { SeededRandom } from "../core/mod.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";
import { Packet } from "./packet.ts";
import { PacketDecoder } from "./packet_decoder.ts";
import { PacketEncoder } from "./packet_encoder.ts";
import {
  CompressionHint,
  MAX_PAYLOAD_LEN,
  PacketFlags,
} from "./packet_header.ts";
import { PacketKind } from "./packet_kind.ts";
import { deflatePayload, inflatePayload } from "./payload_compression.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol_error.ts";

const ZLIB = CompressionHint.Zlib << 3;
const LZ4 = CompressionHint.Lz4 << 3;

function packetWith(payload: Uint8Array, flags = 0): Packet {
  return new Packet({
    kind: PacketKind.FileChunk,
    sequence: 70_000,
    flags,
    ack: 5,
    ackBits: 3,
    version: 2,
    payload,
  });
}

function text(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => 97 + (i * i >> 3) % 13);
}

function noise(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new SeededRandom(31).fill(bytes);
  return bytes;
}

/** A deflated payload by hand, which says that it is `originalLength` long. */
function deflatedBy(originalLength: number, stream: Uint8Array): Packet {
  const writer = new ByteWriter();
  writer.varint(originalLength);
  writer.raw(stream);
  return packetWith(writer.toBytes(), ZLIB);
}

async function assertRefused(
  packet: Packet,
  code: ProtocolErrorCode,
  maxBytes: number = MAX_PAYLOAD_LEN,
): Promise<void> {
  const error = await assertRejects(
    () => inflatePayload(packet, { maxBytes }),
    ProtocolError,
  );
  assertEquals(error.code, code);
}

Deno.test("deflatePayload() and inflatePayload() keep all but the payload", async () => {
  const flags = PacketFlags.RELIABLE | PacketFlags.ORDERED |
    PacketFlags.FRAGMENTED;
  const packet = packetWith(text(5000), flags);
  const deflated = await deflatePayload(packet);
  assert(deflated.payload.length < 5000);
  assertEquals(deflated.header, {
    ...packet.header,
    flags: flags | ZLIB,
    payloadLen: deflated.payload.length,
  });
  assertEquals(await inflatePayload(deflated), packet);
});

Deno.test("deflatePayload() writes the length and what zlib inflates", async () => {
  for (const length of [256, 1000, 20_000, MAX_PAYLOAD_LEN]) {
    const { payload } = await deflatePayload(packetWith(text(length)));
    const reader = new ByteReader(payload);
    assertEquals(reader.varint(), length);
    const stream = reader.raw(reader.remaining);
    assertEquals(new Uint8Array(inflateRawSync(stream)), text(length));
  }
});

Deno.test("inflatePayload() inflates what zlib deflated", async () => {
  for (const level of [0, 1, 6, 9]) {
    const stream = deflateRawSync(text(3000), { level });
    // Stored, it is longer than what it holds.
    const packet = deflatedBy(3000, new Uint8Array(stream));
    if (level === 0) await assertRefused(packet, "invalidCompression");
    else assertEquals((await inflatePayload(packet)).payload, text(3000));
  }
});

Deno.test("deflatePayload() returns the packet itself if there is nothing to gain", async () => {
  const small = packetWith(new Uint8Array(255));
  assertEquals(await deflatePayload(small) === small, true);
  const large = packetWith(new Uint8Array(256));
  assertEquals(await deflatePayload(large) === large, false);
  const off = await deflatePayload(large, { thresholdBytes: 257 });
  assertEquals(off === large, true);
  for (const payload of [noise(1000), noise(MAX_PAYLOAD_LEN)]) {
    const packet = packetWith(payload);
    assertEquals(await deflatePayload(packet) === packet, true);
  }
  for (const payload of [0, 1, 2, 3].map((length) => new Uint8Array(length))) {
    const packet = packetWith(payload);
    const same = await deflatePayload(packet, { thresholdBytes: 0 });
    assertEquals(same === packet, true);
  }
  for (const flags of [ZLIB, LZ4]) {
    const packet = packetWith(new Uint8Array(1000), flags);
    assertEquals(await deflatePayload(packet) === packet, true);
  }
});

Deno.test("inflatePayload() returns the packet itself if it is not deflated", async () => {
  for (const flags of [0, PacketFlags.RELIABLE, LZ4]) {
    const packet = packetWith(text(100), flags);
    assertEquals(await inflatePayload(packet) === packet, true);
  }
});

Deno.test("deflatePayload() takes the payload before it returns", async () => {
  const payload = text(5000);
  const promise = deflatePayload(packetWith(payload));
  payload.fill(0);
  assertEquals((await inflatePayload(await promise)).payload, text(5000));
});

Deno.test("deflatePayload() makes packets that go through encoder and decoder", async () => {
  for (const form of ["compact", "full"] as const) {
    // An encoder with LZ4 sends them as they are.
    const encoder = new PacketEncoder({
      form,
      compression: CompressionHint.Lz4,
    });
    const decoder = new PacketDecoder({ strictVersion: false });
    const packet = packetWith(text(5000), PacketFlags.RELIABLE);
    const deflated = await deflatePayload(packet);
    const decoded = decoder.decode(encoder.encode(deflated));
    assertEquals(decoded, deflated);
    assertEquals(await inflatePayload(decoded), packet);
  }
});

Deno.test("inflatePayload() refuses a bomb, whatever it says", async () => {
  const bomb = new Uint8Array(deflateRawSync(new Uint8Array(2 ** 25)));
  assert(bomb.length < MAX_PAYLOAD_LEN);
  await assertRefused(
    deflatedBy(bomb.length + 10, bomb),
    "invalidCompression",
  );
  await assertRefused(deflatedBy(MAX_PAYLOAD_LEN, bomb), "invalidCompression");
  await assertRefused(deflatedBy(2 ** 25, bomb), "payloadTooLarge");
});

Deno.test("inflatePayload() refuses more than maxBytes before it inflates", async () => {
  const deflated = await deflatePayload(packetWith(text(1000)));
  await assertRefused(deflated, "payloadTooLarge", 999);
  const { payload } = await inflatePayload(deflated, { maxBytes: 1000 });
  assertEquals(payload, text(1000));
});

Deno.test("inflatePayload() refuses what does not give what it says", async () => {
  const stream = new Uint8Array(deflateRawSync(text(1000)));
  for (const length of [999, 1001]) {
    await assertRefused(deflatedBy(length, stream), "invalidCompression");
  }
  for (let end = 0; end < stream.length; end++) {
    await assertRefused(
      deflatedBy(1000, stream.subarray(0, end)),
      "invalidCompression",
    );
  }
  await assertRefused(
    deflatedBy(1000, Uint8Array.from([...stream, 0])),
    "invalidCompression",
  );
  // No more than the payload itself: nothing to gain.
  await assertRefused(
    deflatedBy(stream.length + 2, stream),
    "invalidCompression",
  );
  for (const payload of [[], [0x80], [0x80, 0x00, 1]]) {
    await assertRefused(
      packetWith(Uint8Array.from(payload), ZLIB),
      "invalidCompression",
    );
  }
});

Deno.test("inflatePayload() gives for a bit flip a payload or a code", async () => {
  const { payload } = await deflatePayload(packetWith(text(400)));
  for (let bit = 0; bit < payload.length * 8; bit++) {
    const flipped = payload.slice();
    flipped[bit >>> 3]! ^= 1 << (bit & 7);
    const promise = inflatePayload(packetWith(flipped, ZLIB));
    const result = await promise.then(
      (packet) => packet.payload.length,
      (error) => error instanceof ProtocolError ? error.code : error,
    );
    // Raw deflate has no checksum: other bytes may come out, but as many as said.
    assert(
      typeof result === "number" && result <= MAX_PAYLOAD_LEN ||
        result === "invalidCompression" || result === "payloadTooLarge",
      `bit ${bit}: ${result}`,
    );
  }
});

Deno.test("deflatePayload() and inflatePayload() refuse what cannot be", async () => {
  for (const bytes of [-1, 0.5, 65_536, NaN, Infinity]) {
    const packet = packetWith(new Uint8Array(10));
    await assertRejects(
      () => deflatePayload(packet, { thresholdBytes: bytes }),
      RangeError,
      "must be an integer from 0 to 65535",
    );
    await assertRejects(
      () => inflatePayload(packet, { maxBytes: bytes }),
      RangeError,
      "must be an integer from 0 to 65535",
    );
  }
  const error = await assertRejects(
    () => deflatePayload(packetWith(new Uint8Array(65_536))),
    ProtocolError,
    "current value is 65536",
  );
  assertEquals(error.code, "payloadTooLarge");
});

Deno.test("deflatePayload() copies the payload before it waits", async () => {
  const payload = Buffer.alloc(2_000, 1);
  const packet = new Packet({
    kind: PacketKind.FileChunk,
    sequence: 1,
    payload,
  });
  const pending = deflatePayload(packet);
  payload.fill(7);
  const { payload: got } = await inflatePayload(await pending);
  assertEquals(got, new Uint8Array(2_000).fill(1));
});

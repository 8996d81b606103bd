// The packets of section 3 of WIRE.md, both ways.
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { ByteWriter } from "./byte_writer.ts";
import { Packet } from "./packet.ts";
import { PacketDecoder } from "./packet_decoder.ts";
import { PacketEncoder } from "./packet_encoder.ts";
import {
  CompressionHint,
  compressionOf,
  PROTOCOL_VERSION,
} from "./packet_header.ts";
import { PacketView } from "./packet_view.ts";
import { deflatePayload, inflatePayload } from "./payload_compression.ts";
import { ProtocolError } from "./protocol_error.ts";
import vectors from "./vectors/packets.json" with { type: "json" };

const encoders = {
  compact: new PacketEncoder({ form: "compact" }),
  full: new PacketEncoder({ form: "full" }),
};
const strict = new PacketDecoder();
const lenient = new PacketDecoder({ strictVersion: false });

type Vector = typeof vectors.plain[number];

const accepted: readonly Vector[] = [
  ...vectors.plain,
  ...vectors.otherVersions,
  ...vectors.lz4,
  ...vectors.deflate,
];

function encoderOf({ form }: Vector): PacketEncoder {
  return encoders[form as "compact" | "full"];
}

function packetOf({ packet }: Vector): Packet {
  return new Packet({ ...packet, payload: decodeHex(packet.payload) });
}

/** What a packet looks like in the vectors. */
function shown({ header, payload }: Packet): Vector["packet"] {
  const { payloadLen, ...rest } = header;
  assertEquals(payloadLen, payload.length);
  return { ...rest, payload: encodeHex(payload) };
}

/** Encodes what was decoded from `bytes`, in the same form. */
function again(bytes: Uint8Array, view: PacketView): string {
  const packet = new Packet({
    version: view.version,
    flags: view.flags,
    kind: view.kind,
    sequence: view.sequence,
    ack: view.ack,
    ackBits: view.ackBits,
    payload: view.payload(),
  });
  const form = bytes[0]! >= 0x80 ? "compact" : "full";
  return encodeHex(encoders[form].encode(packet));
}

Deno.test("PacketEncoder.encode() writes the bytes of every vector", () => {
  for (const vector of [...vectors.plain, ...vectors.otherVersions]) {
    const bytes = encoderOf(vector).encode(packetOf(vector));
    assertEquals([vector.name, encodeHex(bytes)], [vector.name, vector.bytes]);
  }
});

Deno.test("PacketEncoder.encodeInto() takes no more room than every vector", () => {
  for (const vector of [...vectors.plain, ...vectors.otherVersions]) {
    const target = new Uint8Array(vector.bytes.length / 2);
    const exact = ByteWriter.over(target);
    assert(encoderOf(vector).encodeInto(packetOf(vector), exact), vector.name);
    assertEquals(encodeHex(target), vector.bytes);
    const short = ByteWriter.over(target.subarray(1));
    assert(!encoderOf(vector).encodeInto(packetOf(vector), short));
    assertEquals([vector.name, short.length], [vector.name, 0]);
  }
});

Deno.test("PacketDecoder.decode() reads every vector", () => {
  for (const vector of vectors.plain) {
    const packet = strict.decode(decodeHex(vector.bytes));
    assertEquals([vector.name, shown(packet)], [vector.name, vector.packet]);
  }
});

Deno.test("PacketDecoder reads packets of other versions if it is to", () => {
  for (const vector of vectors.otherVersions) {
    const bytes = decodeHex(vector.bytes);
    assertEquals(shown(lenient.decode(bytes)), vector.packet);
    assertEquals(strict.tryDecode(bytes, new PacketView()), "versionMismatch");
  }
});

Deno.test("PacketDecoder inflates every LZ4 vector", () => {
  for (const vector of vectors.lz4) {
    const bytes = decodeHex(vector.bytes);
    assertEquals(
      [vector.name, shown(strict.decode(bytes))],
      [vector.name, vector.packet],
    );
    const view = new PacketView();
    assertEquals(strict.tryDecode(bytes, view), undefined);
    assertEquals(view.end, bytes.length);
    assertEquals(encodeHex(view.payload()), vector.packet.payload);
  }
});

Deno.test("inflatePayload() inflates every deflate vector", async () => {
  for (const vector of vectors.deflate) {
    const bytes = decodeHex(vector.bytes);
    const packet = strict.decode(bytes);
    assertEquals(compressionOf(packet.header.flags), CompressionHint.Zlib);
    assertEquals(encodeHex(encoderOf(vector).encode(packet)), vector.bytes);
    assertEquals(
      [vector.name, shown(await inflatePayload(packet))],
      [vector.name, vector.packet],
    );
  }
});

Deno.test("PacketEncoder and deflatePayload() compress the payload of every vector", async () => {
  for (const form of ["compact", "full"] as const) {
    const encoder = new PacketEncoder({
      form,
      compression: CompressionHint.Lz4,
      compressionThresholdBytes: 0,
    });
    for (const vector of accepted) {
      const packet = packetOf(vector);
      assertEquals(shown(lenient.decode(encoder.encode(packet))), {
        ...vector.packet,
      });
      const deflated = await deflatePayload(packet, { thresholdBytes: 0 });
      const got = lenient.decode(encoder.encode(deflated));
      assertEquals(shown(await inflatePayload(got)), vector.packet);
    }
  }
});

Deno.test("PacketDecoder.tryDecode() reads every vector amid other bytes", () => {
  const view = new PacketView();
  for (const filling of [0x00, 0x80, 0xff]) {
    for (const { name, bytes, packet } of accepted) {
      const inner = decodeHex(bytes);
      const outer = new Uint8Array(inner.length + 20).fill(filling);
      outer.set(inner, 10);
      // With other bytes behind it or without: a packet knows its end.
      for (const end of [10 + inner.length, outer.length]) {
        assertEquals(
          [name, lenient.tryDecode(outer, view, 10, end)],
          [name, undefined],
        );
        assertEquals([name, view.end], [name, 10 + inner.length]);
        assertEquals(view.sequence, packet.sequence);
      }
    }
  }
});

Deno.test("PacketDecoder.decodeAll() reads all vectors one after the other", () => {
  const all = decodeHex(accepted.map(({ bytes }) => bytes).join(""));
  const packets = lenient.decodeAll(all);
  assertEquals(packets.length, accepted.length);
  for (const [i, packet] of packets.entries()) {
    const { version, sequence, kind } = accepted[i]!.packet;
    assertEquals(
      [packet.header.version, packet.header.sequence, packet.header.kind],
      [version, sequence, kind],
    );
  }
});

Deno.test("PacketDecoder refuses every refused vector with its code", () => {
  const view = new PacketView();
  for (const { name, bytes, error } of vectors.refused) {
    const packet = decodeHex(bytes);
    assertEquals([name, strict.tryDecode(packet, view)], [name, error]);
    const thrown = assertThrows(() => strict.decode(packet), ProtocolError);
    assertEquals([name, thrown.code], [name, error]);
    // What lies beyond the end makes it no better.
    const longer = new Uint8Array(packet.length + 100);
    longer.set(packet);
    assertEquals(
      [name, strict.tryDecode(longer, view, 0, packet.length)],
      [name, error],
    );
  }
});

Deno.test("inflatePayload() refuses every refused deflate vector with its code", async () => {
  for (const { name, bytes, error } of vectors.refusedDeflate) {
    const packet = strict.decode(decodeHex(bytes));
    const thrown = await assertRejects(
      () => inflatePayload(packet),
      ProtocolError,
    );
    assertEquals([name, thrown.code], [name, error]);
  }
});

Deno.test("PacketDecoder refuses every vector that is cut anywhere", () => {
  const view = new PacketView();
  for (const { name, bytes } of accepted) {
    const whole = decodeHex(bytes);
    for (let end = 0; end < whole.length; end++) {
      const code = lenient.tryDecode(whole, view, 0, end);
      assert(
        code === "bufferTooShort" || code === "payloadTruncated",
        `${name} cut at ${end}: ${code}`,
      );
    }
  }
});

Deno.test("PacketDecoder accepts of vectors with a bit flipped only what encodes to the same", () => {
  const view = new PacketView();
  let acceptedCount = 0;
  let refusedCount = 0;
  for (const { name, bytes } of [...accepted, ...vectors.refused]) {
    const whole = decodeHex(bytes);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      whole[bit >>> 3]! ^= 1 << (bit & 7);
      const code = lenient.tryDecode(whole, view);
      if (code !== undefined) {
        refusedCount++;
      } else {
        acceptedCount++;
        assert(view.end <= whole.length);
        // What was LZ4 may be compressed otherwise.
        if (view.buffer === whole) {
          const packet = whole.subarray(0, view.end);
          assertEquals(
            [name, bit, again(packet, view)],
            [name, bit, encodeHex(packet)],
          );
        }
        if (view.version !== PROTOCOL_VERSION) {
          assertEquals(strict.tryDecode(whole, view), "versionMismatch");
        }
      }
      whole[bit >>> 3]! ^= 1 << (bit & 7);
    }
  }
  assert(acceptedCount > 1000 && refusedCount > 1000);
});

Deno.test("PacketDecoder refuses what is above its maxPayloadBytes", () => {
  for (const { name, maxPayloadBytes, bytes, error } of vectors.refusedAbove) {
    const view = new PacketView();
    const decoder = new PacketDecoder({ maxPayloadBytes });
    assertEquals([name, decoder.tryDecode(decodeHex(bytes), view)], [
      name,
      error,
    ]);
    assertEquals(strict.tryDecode(decodeHex(bytes), view), undefined);
  }
});

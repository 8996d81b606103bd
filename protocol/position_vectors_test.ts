// The position deltas and flags of section 4 of WIRE.md, both ways.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { PacketDecoder } from "./packet_decoder.ts";
import { PacketEncoder } from "./packet_encoder.ts";
import { ProtocolError } from "./protocol_error.ts";
import vectors from "./vectors/positions.json" with { type: "json" };

/** The code with which a call is refused. */
function codeOf(call: () => void): string {
  return assertThrows(call, ProtocolError).code;
}

/** Flags as the vectors write them. */
function shown(flags: readonly boolean[]): string {
  return flags.map((flag) => flag ? "1" : "0").join("");
}

Deno.test("encodePositionDelta() and decodePositionDelta() agree with every vector", () => {
  for (const { step, base, current, bytes, result } of vectors.deltas) {
    assertEquals(
      encodeHex(PacketEncoder.encodePositionDelta(base, current, step)),
      bytes,
    );
    const got = PacketDecoder.decodePositionDelta(decodeHex(bytes), base, step);
    assertEquals([bytes, got], [bytes, result]);
    // From where it led, nothing is left to say.
    assertEquals(
      encodeHex(PacketEncoder.encodePositionDelta(got, current, step)),
      "000000",
    );
  }
});

Deno.test("decodePositionDelta() refuses every refused vector", () => {
  for (const { name, base, step, bytes, error } of vectors.refusedDeltas) {
    const code = codeOf(() =>
      PacketDecoder.decodePositionDelta(decodeHex(bytes), base, step)
    );
    assertEquals([name, code], [name, error]);
  }
});

Deno.test("decodePositionDelta() refuses cut vectors, and takes flipped bits for others", () => {
  for (const { step, base, bytes } of vectors.deltas) {
    const whole = decodeHex(bytes);
    for (let end = 0; end < whole.length; end++) {
      const cut = whole.subarray(0, end);
      assertEquals(
        codeOf(() => PacketDecoder.decodePositionDelta(cut, base, step)),
        "bufferTooShort",
      );
    }
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const flipped = whole.slice();
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      let got;
      try {
        got = PacketDecoder.decodePositionDelta(flipped, base, step);
      } catch (error) {
        assert(error instanceof ProtocolError);
        continue;
      }
      assertEquals(
        PacketEncoder.encodePositionDelta(base, got, step),
        flipped,
      );
    }
  }
});

Deno.test("packBools() and unpackBools() agree with every vector", () => {
  for (const { flags, bytes } of vectors.flags) {
    const packed = PacketEncoder.packBools([...flags].map((it) => it === "1"));
    assertEquals([flags, encodeHex(packed)], [flags, bytes]);
    const unpacked = PacketDecoder.unpackBools(decodeHex(bytes), flags.length);
    assertEquals(shown(unpacked), flags);
  }
  for (const { count, bytes, error } of vectors.refusedFlags) {
    const code = codeOf(() =>
      PacketDecoder.unpackBools(decodeHex(bytes), count)
    );
    assertEquals([count, bytes, code], [count, bytes, error]);
  }
});

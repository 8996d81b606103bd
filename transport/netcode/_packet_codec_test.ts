import { assert, assertEquals } from "@std/assert";
import { encodeHex } from "@std/encoding/hex";
import { SeededRandom } from "../../core/mod.ts";
import { seal } from "./_aead.ts";
import { HeaderFault, isBodyLength, PacketCodec } from "./_packet_codec.ts";
import { CLIENT_TAKES, PacketType, SERVER_TAKES } from "./_packet_type.ts";
import { VERSION } from "./_sizes.ts";
import { putU64 } from "./_u64.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const CASES = IS_SOAK ? 20_000 : 200;

const KEY = Uint8Array.from({ length: 32 }, (_, i) => 3 * i);
const PROTOCOL_ID = 0x1122_3344_5566_7788n;
const ALL = 0b111_1111;
const TYPES = [1, 2, 3, 4, 5, 6] as const;
const BODY_BYTES = { 1: 0, 2: 308, 3: 308, 4: 8, 5: 100, 6: 0 } as const;

/** A sequence, and how many bytes it takes. */
const SEQUENCES: readonly (readonly [bigint, number])[] = [
  [0n, 1],
  [255n, 1],
  [256n, 2],
  [2n ** 16n - 1n, 2],
  [2n ** 16n, 3],
  [2n ** 24n - 1n, 3],
  [2n ** 24n, 4],
  [2n ** 31n, 4],
  [2n ** 32n - 1n, 4],
  [2n ** 32n, 5],
  [2n ** 40n - 1n, 5],
  [2n ** 40n, 6],
  [2n ** 48n - 1n, 6],
  [2n ** 48n, 7],
  [2n ** 53n, 7],
  [2n ** 56n - 1n, 7],
  [2n ** 56n, 8],
  [2n ** 63n, 8],
  [2n ** 63n + 5n * 2n ** 32n, 8],
  [2n ** 64n - 1n, 8],
];

function codecOf(protocolId = PROTOCOL_ID): PacketCodec {
  return new PacketCodec(protocolId);
}

function sealed(
  type: number,
  sequence: bigint,
  body: Uint8Array,
  codec = codecOf(),
): Uint8Array {
  const out = new Uint8Array(body.length + 25);
  const high = Number(sequence >> 32n);
  const low = Number(sequence & 0xffff_ffffn);
  return out.slice(0, codec.seal(type, high, low, KEY, body, out));
}

/** What comes out of a packet; `undefined` if nothing does. */
function opened(
  packet: Uint8Array,
  codec = codecOf(),
  key = KEY,
): Uint8Array | undefined {
  if (codec.readHeader(packet, ALL) !== HeaderFault.None) return undefined;
  const out = new Uint8Array(packet.length).fill(0xaa);
  const length = codec.open(packet, key, out);
  // Beyond the body, and after a refusal, nothing is written.
  assert(out.subarray(Math.max(length, 0)).every((byte) => byte === 0xaa));
  return length < 0 ? undefined : out.slice(0, length);
}

function sequenceOf({ sequenceHigh, sequenceLow }: PacketCodec): bigint {
  return BigInt(sequenceHigh) << 32n | BigInt(sequenceLow);
}

function bodyOf(type: keyof typeof BODY_BYTES): Uint8Array {
  return Uint8Array.from({ length: BODY_BYTES[type] }, (_, i) => i + type);
}

Deno.test("PacketCodec writes each sequence in as many bytes as it needs", () => {
  for (const [sequence, count] of SEQUENCES) {
    for (const type of TYPES) {
      const body = bodyOf(type);
      const packet = sealed(type, sequence, body);
      assertEquals(packet.length, 1 + count + body.length + 16);
      assertEquals(packet[0], count << 4 | type);
      const bytes = packet.slice(1, 1 + count).reverse();
      assertEquals(BigInt("0x" + encodeHex(bytes)), sequence);

      const codec = codecOf();
      assertEquals(opened(packet, codec), body);
      assertEquals(codec.type, type);
      assertEquals(sequenceOf(codec), sequence);
    }
  }
});

Deno.test("PacketCodec takes a sequence with leading zeros, as the reference does", () => {
  // No implementation writes it, but whoever has the key can: the nonce is the number's,
  // and the prefix, which is bound to the packet, says how many bytes there are.
  const body = bodyOf(PacketType.Payload);
  for (const [sequence, count] of SEQUENCES) {
    for (let padded = count + 1; padded <= 8; padded++) {
      const packet = new Uint8Array(1 + padded + body.length + 16);
      packet[0] = padded << 4 | PacketType.Payload;
      const bytes = new Uint8Array(8);
      putU64(bytes, 0, sequence);
      packet.set(bytes.subarray(0, padded), 1);
      const nonce = new Uint8Array(12);
      nonce.set(bytes, 4);
      const binding = new Uint8Array(22);
      binding.set(VERSION);
      putU64(binding, 13, PROTOCOL_ID);
      binding[21] = packet[0];
      seal(KEY, nonce, binding, body, packet, 1 + padded);
      const codec = codecOf();
      assertEquals(opened(packet, codec), body);
      assertEquals(sequenceOf(codec), sequence);
    }
  }
});

Deno.test("PacketCodec refuses a packet whose sequence got a leading zero on the way", () => {
  const body = bodyOf(PacketType.Payload);
  const packet = sealed(PacketType.Payload, 7n, body);
  const padded = new Uint8Array(packet.length + 1);
  padded.set([0x25, 7, 0]);
  padded.set(packet.subarray(2), 3);
  assertEquals(opened(padded), undefined);
});

Deno.test("PacketCodec finds the faults of a header in the order of the standard", () => {
  const codec = codecOf();
  function fault(first: number, length: number, takes = ALL): number {
    const packet = new Uint8Array(length);
    if (length > 0) packet[0] = first;
    return codec.readHeader(packet, takes);
  }
  // Fewer than 18 bytes, whatever they are.
  for (let length = 0; length < 18; length++) {
    for (const first of [0x00, 0x15, 0x1f, 0xf5]) {
      assertEquals(fault(first, length), HeaderFault.TooShort);
    }
  }
  // Then the type, of which there are seven, whatever the sequence is.
  for (let type = 7; type < 16; type++) {
    for (let count = 0; count < 16; count++) {
      assertEquals(fault(count << 4 | type, 18), HeaderFault.UnknownType);
    }
  }
  // Then whether this end takes it; a request is read elsewhere.
  for (const type of TYPES) {
    const others = ALL & ~(1 << type);
    for (let count = 0; count < 16; count++) {
      assertEquals(fault(count << 4 | type, 18, others), HeaderFault.WrongType);
      assertEquals(fault(count << 4, 18), HeaderFault.WrongType);
    }
  }
  // Then how many bytes of sequence it says there are.
  for (const count of [0, 9, 10, 15]) {
    for (const type of TYPES) {
      assertEquals(fault(count << 4 | type, 18), HeaderFault.BadSequence);
    }
  }
  // Then whether they and the tag are there.
  for (let count = 2; count <= 8; count++) {
    for (let length = 18; length < 17 + count; length++) {
      assertEquals(fault(count << 4 | 6, length), HeaderFault.TooShort);
    }
    assertEquals(fault(count << 4 | 6, 17 + count), HeaderFault.None);
  }
  // Then the length of the body.
  for (const type of TYPES) {
    for (let length = 0; length < 1_400; length++) {
      const expected = isBodyLength(type, length)
        ? HeaderFault.None
        : HeaderFault.BadLength;
      assertEquals(fault(0x30 | type, 20 + length), expected);
    }
  }
});

Deno.test("PacketCodec has each end take what is for it", () => {
  const codec = codecOf();
  const ends = [
    [SERVER_TAKES, [3, 4, 5, 6]],
    [CLIENT_TAKES, [1, 2, 4, 5, 6]],
  ] as const;
  for (const [takes, types] of ends) {
    const taken = TYPES.filter((type) => {
      const packet = sealed(type, 1n, bodyOf(type));
      return codec.readHeader(packet, takes) === HeaderFault.None;
    });
    assertEquals(taken, [...types]);
  }
});

Deno.test("isBodyLength() knows the lengths of each type", () => {
  const lengths = TYPES.map((type) => {
    const fitting: number[] = [];
    for (let length = 0; length < 2_000; length++) {
      if (isBodyLength(type, length)) fitting.push(length);
    }
    return [fitting[0], fitting.at(-1), fitting.length];
  });
  assertEquals(lengths, [
    [0, 0, 1],
    [308, 308, 1],
    [308, 308, 1],
    [8, 8, 1],
    [1, 1_200, 1_200],
    [0, 0, 1],
  ]);
});

Deno.test("PacketCodec refuses a packet cut at any length", () => {
  const codec = codecOf();
  for (const type of TYPES) {
    for (const sequence of [9n, 2n ** 40n, 2n ** 64n - 1n]) {
      const packet = sealed(type, sequence, bodyOf(type));
      for (let length = 0; length < packet.length; length++) {
        assertEquals(opened(packet.subarray(0, length), codec), undefined);
      }
      const longer = new Uint8Array(packet.length + 1);
      longer.set(packet);
      assertEquals(opened(longer, codec), undefined);
      assertEquals(opened(packet, codec), bodyOf(type));
    }
  }
});

Deno.test("PacketCodec refuses a packet with any bit flipped", () => {
  const codec = codecOf();
  for (const type of TYPES) {
    const packet = sealed(type, 0x0102_0304_0506_0708n, bodyOf(type));
    // All of the prefix, the sequence and the first of the body.
    const step = (bit: number): number => IS_SOAK || bit < 100 ? 1 : 7;
    for (let bit = 0; bit < 8 * packet.length; bit += step(bit)) {
      packet[bit >> 3]! ^= 1 << (bit & 7);
      assertEquals(
        opened(packet, codec),
        undefined,
        `type ${type}, bit ${bit}`,
      );
      packet[bit >> 3]! ^= 1 << (bit & 7);
    }
    assertEquals(opened(packet, codec), bodyOf(type));
  }
});

Deno.test("PacketCodec opens with its own protocol id and key alone", () => {
  const body = bodyOf(PacketType.KeepAlive);
  const packet = sealed(PacketType.KeepAlive, 3n, body);
  for (let bit = 0n; bit < 64n; bit++) {
    const other = codecOf(PROTOCOL_ID ^ 1n << bit);
    assertEquals(opened(packet, other), undefined, `bit ${bit}`);
  }
  for (let bit = 0; bit < 256; bit++) {
    const other = KEY.slice();
    other[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(opened(packet, codecOf(), other), undefined, `bit ${bit}`);
  }
  assertEquals(opened(packet), body);
});

Deno.test("PacketCodec opens genuine packets among any number of forged ones", () => {
  const random = new SeededRandom(5);
  const codec = codecOf();
  for (let run = 0; run < CASES; run++) {
    const body = new Uint8Array(1 + random.nextU32() % 1_200);
    random.fill(body);
    const packet = sealed(PacketType.Payload, BigInt(run), body);
    for (let forged = random.nextU32() % 4; forged > 0; forged--) {
      const other = packet.slice();
      other[2 + random.nextU32() % (other.length - 2)]! ^= 1 +
        random.nextU32() % 255;
      assertEquals(opened(other, codec), undefined, `run ${run}`);
    }
    // Enough of them, now and then, that the next is not expected to be forged.
    const again = run % 5 === 0 ? 5 : 1;
    for (let i = 0; i < again; i++) {
      assertEquals(opened(packet, codec), body, `run ${run}`);
    }
  }
});

Deno.test("PacketCodec may be given a body that lies where the packet goes", () => {
  const body = bodyOf(PacketType.Payload);
  for (const [sequence] of SEQUENCES) {
    const expected = sealed(PacketType.Payload, sequence, body);
    const out = new Uint8Array(9 + body.length + 16);
    out.set(body, 9);
    const length = codecOf().seal(
      PacketType.Payload,
      Number(sequence >> 32n),
      Number(sequence & 0xffff_ffffn),
      KEY,
      out.subarray(9, 9 + body.length),
      out,
    );
    assertEquals(out.subarray(0, length), expected);
  }
});

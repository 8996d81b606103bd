import { open, openDoubtful, seal } from "../_aead.ts";
import { hchacha20 } from "../_hchacha20.ts";
import { PacketCodec } from "../_packet_codec.ts";
import { openLong, sealLong } from "../_xchacha.ts";

/** A sealed packet, bytes in hexadecimal. */
export interface PacketVector {
  /** 1 to 6. */
  readonly type: number;
  /** In decimal. */
  readonly sequence: string;
  readonly body: string;
  readonly packet: string;
}

/** What `vectors/packets.json` holds. */
export interface PacketVectors {
  readonly key: string;
  /** In decimal. */
  readonly protocolId: string;
  readonly packets: readonly PacketVector[];
}

/** Something that holds in every runtime; throws where it does not. */
export interface CodecCase {
  readonly name: string;
  run(vectors: PacketVectors): void;
}

/** Section 2.8.2 of RFC 8439. */
const RFC = {
  key: "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
  nonce: "070000004041424344454647",
  binding: "50515253c0c1c2c3c4c5c6c7",
  sealed: "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6" +
    "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36" +
    "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc" +
    "3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691",
};
/** Appendix A.3.1 of draft-irtf-cfrg-xchacha-03; the key, binding and text are the RFC's. */
const DRAFT = {
  nonce: "404142434445464748494a4b4c4d4e4f5051525354555657",
  sealed: "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb" +
    "731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452" +
    "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9" +
    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49",
};
const TEXT =
  "Ladies and Gentlemen of the class of '99: If I could offer you only one " +
  "tip for the future, sunscreen would be it.";
/** Section 2.2.1 of the draft. */
const SUBKEY = {
  key: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
  nonce: "000000090000004a0000000031415927",
  subkey: "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc",
};

/** What sealing, opening and framing come to, the same in each runtime. */
export const CODEC_CASES: readonly CodecCase[] = [
  {
    name: "seal() seals as RFC 8439 does",
    run(): void {
      const plain = new TextEncoder().encode(TEXT);
      const out = new Uint8Array(plain.length + 16);
      seal(bytes(RFC.key), bytes(RFC.nonce), bytes(RFC.binding), plain, out, 0);
      expect(hex(out), RFC.sealed);
    },
  },
  ...[open, openDoubtful].map((opens): CodecCase => ({
    name: `${opens.name}() opens what RFC 8439 sealed`,
    run(): void {
      const key = bytes(RFC.key);
      const nonce = bytes(RFC.nonce);
      const sealed = bytes(RFC.sealed);
      const out = new Uint8Array(TEXT.length);
      const length = opens(key, nonce, bytes(RFC.binding), sealed, out);
      expect(length, TEXT.length);
      expect(new TextDecoder().decode(out), TEXT);
    },
  })),
  ...[open, openDoubtful].map((opens): CodecCase => ({
    name: `${opens.name}() refuses any other bit and leaves the output alone`,
    run(): void {
      const parts = [RFC.key, RFC.nonce, RFC.binding, RFC.sealed].map(bytes);
      const out = new Uint8Array(TEXT.length).fill(0xaa);
      for (const part of parts) {
        for (let bit = 0; bit < 8 * part.length; bit++) {
          part[bit >> 3]! ^= 1 << (bit & 7);
          const [key, nonce, binding, sealed] = parts;
          expect(opens(key!, nonce!, binding!, sealed!, out), -1);
          part[bit >> 3]! ^= 1 << (bit & 7);
        }
      }
      expect(hex(out), "aa".repeat(TEXT.length));
    },
  })),
  ...[open, openDoubtful].map((opens): CodecCase => ({
    name: `${opens.name}() opens an empty text, and refuses what has no tag`,
    run(): void {
      const key = bytes(RFC.key);
      const nonce = bytes(RFC.nonce);
      const sealed = new Uint8Array(16);
      const nothing = new Uint8Array(0);
      seal(key, nonce, nothing, nothing, sealed, 0);
      expect(opens(key, nonce, nothing, sealed, nothing), 0);
      for (let length = 0; length < 16; length++) {
        const cut = sealed.subarray(0, length);
        expect(opens(key, nonce, nothing, cut, nothing), -1);
      }
      sealed[15]! ^= 0x80;
      expect(opens(key, nonce, nothing, sealed, nothing), -1);
    },
  })),
  {
    name: "hchacha20() derives the subkey of the draft",
    run(): void {
      const out = new Uint8Array(32);
      hchacha20(bytes(SUBKEY.key), bytes(SUBKEY.nonce), out);
      expect(hex(out), SUBKEY.subkey);
    },
  },
  {
    name: "sealLong() and openLong() do as the draft does",
    run(): void {
      const key = bytes(RFC.key);
      const nonce = bytes(DRAFT.nonce);
      const binding = bytes(RFC.binding);
      const sealed = new Uint8Array(TEXT.length + 16);
      const plain = new TextEncoder().encode(TEXT);
      sealLong(key, nonce, binding, plain, sealed, 0);
      expect(hex(sealed), DRAFT.sealed);
      const out = new Uint8Array(TEXT.length);
      expect(openLong(key, nonce, binding, sealed, out), TEXT.length);
      expect(new TextDecoder().decode(out), TEXT);
    },
  },
  {
    name: "PacketCodec writes the packets of the vectors, and reads them",
    run({ key, protocolId, packets }: PacketVectors): void {
      const codec = new PacketCodec(BigInt(protocolId));
      for (const vector of packets) checkPacket(codec, bytes(key), vector);
      expect(packets.length > 0, true);
    },
  },
];

function checkPacket(
  codec: PacketCodec,
  key: Uint8Array,
  { type, sequence, body, packet }: PacketVector,
): void {
  const high = Number(BigInt(sequence) >> 32n);
  const low = Number(BigInt(sequence) & 0xffff_ffffn);
  const out = new Uint8Array(2_000);
  const length = codec.seal(type, high, low, key, bytes(body), out);
  expect(hex(out.subarray(0, length)), packet);

  const received = bytes(packet);
  expect(codec.readHeader(received, 1 << type), 0);
  expect(codec.type, type);
  expect(codec.sequenceHigh, high);
  expect(codec.sequenceLow, low);
  const opened = new Uint8Array(body.length / 2);
  expect(codec.open(received, key, opened), opened.length);
  expect(hex(opened), body);
}

/** The cases run where nothing is imported but what is published. */
function expect(actual: unknown, expected: unknown): void {
  if (actual === expected) return;
  throw new Error(`It is ${actual}, and should be ${expected}`);
}

function bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = parseInt(text.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

// The packets of `vectors/packets.json`, both ways, and in every runtime that has the cipher (tools/netcode_portable_test.ts).
// What makes them here is `node:crypto` and the standard's text, byte by byte: none of the code that they are for. A changed
// file is written by
//
//     TICKWIRE_WRITE_VECTORS=1 deno task test transport/netcode/packet_vectors_test.ts
import { Buffer } from "node:buffer";
import { createCipheriv } from "node:crypto";
import { assertEquals } from "@std/assert";
import vectors from "./vectors/packets.json" with { type: "json" };
import { CODEC_CASES, type PacketVector } from "./_testing/codec_cases.ts";

const FILE = new URL("./vectors/packets.json", import.meta.url);
const IS_WRITING = Deno.env.get("TICKWIRE_WRITE_VECTORS") === "1";

const ABOUT =
  "Sealed packets of netcode 1.02; bytes are hexadecimal, numbers " +
  "of 64 bits decimal. `packet` is `body` sealed with `key`, its nonce made of " +
  "`sequence`, for the protocol `protocolId`; `request` is in clear, and what it " +
  "has of a token stands for any.";

const KEY = counting(32, 0x80);
const PROTOCOL_ID = 0x1122_3344_5566_7788n;

/** Where the number of the bytes changes, and where numbers of other lengths end. */
const SEQUENCES: readonly bigint[] = [
  0n,
  1n,
  255n,
  256n,
  1_000n,
  2n ** 16n - 1n,
  2n ** 16n,
  2n ** 24n - 1n,
  2n ** 24n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 40n - 1n,
  2n ** 40n,
  2n ** 48n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 56n - 1n,
  2n ** 56n,
  2n ** 63n - 1n,
  2n ** 63n,
  2n ** 63n + 0x1234_5678n * 2n ** 32n,
  2n ** 64n - 1n,
];

/** Types and bodies: each comes with a few sequences, and one with all. */
const BODIES: readonly { readonly type: number; readonly body: Buffer }[] = [
  { type: 1, body: Buffer.alloc(0) },
  // The sequence of a challenge, and 300 bytes that are sealed with another key.
  { type: 2, body: Buffer.concat([u64(7n), counting(300, 3)]) },
  { type: 3, body: Buffer.concat([u64(7n), counting(300, 3)]) },
  // Client 3 of 16; a client itself sends zeros.
  { type: 4, body: Buffer.from("0300000010000000", "hex") },
  { type: 4, body: Buffer.alloc(8) },
  { type: 5, body: Buffer.from("5a", "hex") },
  { type: 5, body: counting(100, 0) },
  { type: 5, body: counting(1_200, 9) },
  { type: 6, body: Buffer.alloc(0) },
];
const FEW: readonly bigint[] = [0n, 1_000n, 2n ** 63n + 2n ** 32n];

function makeFile(): unknown {
  const packets: PacketVector[] = [];
  for (const { type, body } of BODIES) {
    const isShort = type === 5 && body.length === 1;
    for (const sequence of isShort ? SEQUENCES : FEW) {
      packets.push({
        type,
        sequence: String(sequence),
        body: body.toString("hex"),
        packet: sealed(type, sequence, body).toString("hex"),
      });
    }
  }
  const expire = 1_800_000_000n;
  const nonce = counting(24, 0x40);
  const token = counting(1_024, 5);
  return {
    about: ABOUT,
    key: KEY.toString("hex"),
    protocolId: String(PROTOCOL_ID),
    request: {
      expire: String(expire),
      nonce: nonce.toString("hex"),
      token: token.toString("hex"),
      packet: Buffer.concat([
        Buffer.from([0]),
        Buffer.from("NETCODE 1.02\0", "latin1"),
        u64(PROTOCOL_ID),
        u64(expire),
        nonce,
        token,
      ]).toString("hex"),
    },
    packets,
  };
}

function sealed(type: number, sequence: bigint, body: Buffer): Buffer {
  let digits = sequence.toString(16);
  if (digits.length % 2 === 1) digits = "0" + digits;
  const sequenceBytes = Buffer.from(digits, "hex").reverse();
  const prefix = Buffer.from([sequenceBytes.length * 16 + type]);
  const nonce = Buffer.concat([Buffer.alloc(4), u64(sequence)]);
  const cipher = createCipheriv("chacha20-poly1305", KEY, nonce, {
    authTagLength: 16,
  });
  cipher.setAAD(
    Buffer.concat([
      Buffer.from("NETCODE 1.02\0", "latin1"),
      u64(PROTOCOL_ID),
      prefix,
    ]),
    { plaintextLength: body.length },
  );
  const encrypted = Buffer.concat([cipher.update(body), cipher.final()]);
  return Buffer.concat([
    prefix,
    sequenceBytes,
    encrypted,
    cipher.getAuthTag(),
  ]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

function counting(length: number, first: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => first + i & 255));
}

Deno.test("packets.json is what the standard's text makes", async () => {
  const file = makeFile();
  if (IS_WRITING) {
    await Deno.writeTextFile(FILE, JSON.stringify(file, null, 2) + "\n");
  }
  assertEquals(JSON.parse(await Deno.readTextFile(FILE)), file);
});

Deno.test("packets.json has every type, and every length of a sequence", () => {
  const prefixes = vectors.packets.map(({ packet }) =>
    parseInt(packet.slice(0, 2), 16)
  );
  assertEquals([...new Set(prefixes.map((prefix) => prefix & 15))].sort(), [
    1,
    2,
    3,
    4,
    5,
    6,
  ]);
  assertEquals([...new Set(prefixes.map((prefix) => prefix >> 4))].sort(), [
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
  ]);
});

for (const { name, run } of CODEC_CASES) {
  Deno.test(name, () => run(vectors));
}

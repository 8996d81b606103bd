import { assert, assertEquals, assertThrows } from "@std/assert";
import { encodeBase64 } from "@std/encoding/base64";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { Buffer } from "node:buffer";
import { SeededRandom } from "../../core/mod.ts";
import vectors from "./vectors/tokens.json" with { type: "json" };
import {
  type ConnectToken,
  encodeConnectToken,
  parseConnectToken,
  tryParseConnectToken,
} from "./connect_token.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RUNS = IS_SOAK ? 100_000 : 200;
/** Every bit is flipped, or every so many. */
const BIT_STEP = IS_SOAK ? 1 : 13;
const ADDRESSES_AT = 13 + 8 + 8 + 8 + 24 + 1_024 + 4;
const U64 = 0xffff_ffff_ffff_ffffn;

function sample(): Uint8Array<ArrayBuffer> {
  return decodeHex(vectors.tokens[1]!.public);
}

/** Where the keys of a token end: its addresses are of the sample. */
const PADDING_AT = ADDRESSES_AT + 4 + 19 + 7 + 64;

function changed(at: number, ...values: number[]): Uint8Array {
  const bytes = sample();
  bytes.set(values, at);
  return bytes;
}

Deno.test("parseConnectToken() takes bytes and base64 alike", () => {
  const bytes = sample();
  const parsed = parseConnectToken(bytes);
  assertEquals(parseConnectToken(encodeBase64(bytes)), parsed);
  assertEquals(tryParseConnectToken(bytes), parsed);
  assertEquals(tryParseConnectToken(encodeBase64(bytes)), parsed);
});

Deno.test("parseConnectToken() gives bytes of its own, of Node's Buffer too", () => {
  for (const bytes of [sample(), Buffer.from(sample())]) {
    const parsed = parseConnectToken(bytes);
    const before = encodeConnectToken(parsed);
    bytes.fill(0xaa);
    assertEquals(encodeConnectToken(parsed), before);
  }
});

const REFUSED: [token: Uint8Array | string, message: string][] = [
  [new Uint8Array(0), "must be 2048 bytes long: current value is 0"],
  [sample().subarray(1), "current value is 2047"],
  [new Uint8Array(2_049), "current value is 2049"],
  ["", "base64 must be 2732 characters long: current value is 0"],
  ["A".repeat(1_000_000), "current value is 1000000"],
  ["!".repeat(2_732), "must be base64"],
  [` ${encodeBase64(sample()).slice(1)}`, "must be base64"],
  [encodeBase64(new Uint8Array(2_049)), "current value is 2049"],
  [changed(0, 0x6e), 'version must be "NETCODE 1.02"'],
  [changed(11, 0x31), 'version must be "NETCODE 1.02"'],
  [changed(12, 0x20), 'version must be "NETCODE 1.02"'],
  [
    changed(21, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0),
    "expire after it was made, at 2: current value is 1",
  ],
  [changed(ADDRESSES_AT, 0), "1 to 32 addresses: current value is 0"],
  [changed(ADDRESSES_AT, 33), "1 to 32 addresses: current value is 33"],
  [changed(ADDRESSES_AT + 3, 255), "current value is 4278190082"],
  [changed(ADDRESSES_AT + 4, 0), "type 1 or 2"],
  [changed(ADDRESSES_AT + 4, 3), "type 1 or 2"],
];

Deno.test("parseConnectToken() says what is wrong with a token", () => {
  for (const [token, message] of REFUSED) {
    assertThrows(() => parseConnectToken(token), SyntaxError, message);
    assertEquals(tryParseConnectToken(token), undefined, message);
  }
});

Deno.test("tryParseConnectToken() gives undefined for what an answer has in place of a token", () => {
  class Boastful extends Uint8Array {
    override get length(): number {
      return 2_048;
    }
  }
  const { buffer } = sample();
  const values: unknown[] = [undefined, null, 5, true, {}, [], buffer];
  values.push({ length: 2_048 }, [...sample()], new Boastful(3));
  for (const value of values) {
    const token = value as Uint8Array;
    assertEquals(tryParseConnectToken(token), undefined);
    assertThrows(() => parseConnectToken(token), SyntaxError);
  }
});

Deno.test("parseConnectToken() takes a token that expires when it was made", () => {
  const bytes = changed(21, 5, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0);
  assertEquals(parseConnectToken(bytes).expireSeconds, 5n);
});

Deno.test("parseConnectToken() does not look at what fills the token up", () => {
  const bytes = sample();
  bytes.fill(0xff, PADDING_AT);
  assertEquals(parseConnectToken(bytes), parseConnectToken(sample()));
});

Deno.test("parseConnectToken() reads any cut, and any flipped bit, as a token or not at all", () => {
  const bytes = sample();
  for (let length = 0; length < bytes.length; length++) {
    assertEquals(tryParseConnectToken(bytes.subarray(0, length)), undefined);
  }
  for (let bit = 0; bit < 8 * bytes.length; bit += BIT_STEP) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    checkRead(bytes, `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
});

Deno.test("parseConnectToken() reads random bytes as a token or not at all", () => {
  const seed = 20_002;
  const random = new SeededRandom(seed);
  let read = 0;
  for (let run = 0; run < RUNS; run++) {
    const bytes = sample();
    // From anywhere on, so that all depths are reached.
    random.fill(bytes.subarray(random.nextU32() % bytes.length));
    if (checkRead(bytes, `seed ${seed}, run ${run}`)) read++;
    random.fill(bytes);
    assert(!checkRead(bytes, `seed ${seed}, run ${run}`));
  }
  assert(read > 0, `seed ${seed}`);
});

/** Whether it is a token, which is written as it was read. */
function checkRead(bytes: Uint8Array, about: string): boolean {
  const parsed = tryParseConnectToken(bytes);
  if (parsed === undefined) return false;
  const written = encodeConnectToken(parsed);
  const end = written.findLastIndex((byte, at) => byte !== bytes[at]);
  const keysEnd = 4 + ADDRESSES_AT + 64 +
    parsed.addresses.reduce((sum, text) => sum + (text[0] === "[" ? 19 : 7), 0);
  // All of it but the padding.
  assert(end < 0 || end >= keysEnd, about);
  return true;
}

Deno.test("encodeConnectToken() writes what parseConnectToken() reads, for any token", () => {
  const seed = 20_003;
  const random = new SeededRandom(seed);
  for (let run = 0; run < RUNS; run++) {
    const token = randomToken(random);
    assertEquals(
      parseConnectToken(encodeConnectToken(token)),
      token,
      `seed ${seed}, run ${run}`,
    );
  }
});

function randomToken(random: SeededRandom): ConnectToken {
  const bytes = (length: number): Uint8Array => {
    const filled = new Uint8Array(length);
    random.fill(filled);
    return filled;
  };
  const u64 = (): bigint => BigInt(`0x${encodeHex(bytes(8))}`);
  const [createSeconds, expireSeconds] = [u64(), u64()].sort((a, b) =>
    a < b ? -1 : 1
  );
  return {
    protocolId: u64(),
    createSeconds: createSeconds!,
    expireSeconds: expireSeconds!,
    nonce: bytes(24),
    privateData: bytes(1_024),
    timeoutSeconds: random.nextU32() | 0,
    addresses: Array.from(
      { length: 1 + random.nextU32() % 32 },
      () =>
        random.nextU32() % 2 === 0
          ? `${bytes(4).join(".")}:${random.nextU32() & 0xffff}`
          : `[2001:db8::${1 + random.nextU32() % 9}]:${
            random.nextU32() & 0xffff
          }`,
    ),
    clientToServerKey: bytes(32),
    serverToClientKey: bytes(32),
  };
}

Deno.test("encodeConnectToken() refuses what a token cannot have", () => {
  const good = parseConnectToken(sample());
  const refuses = (
    changes: Partial<ConnectToken>,
    type: typeof RangeError | typeof TypeError,
    message: string,
  ): void => {
    assertThrows(
      () => encodeConnectToken({ ...good, ...changes }),
      type,
      message,
    );
  };
  refuses({ protocolId: -1n }, RangeError, "protocolId must be 0 to 2^64 - 1");
  refuses({ createSeconds: U64 + 1n }, RangeError, "createSeconds");
  refuses({ expireSeconds: U64 + 1n }, RangeError, "expireSeconds");
  refuses(
    { createSeconds: 2n, expireSeconds: 1n },
    RangeError,
    "at least createSeconds, 2: current value is 1",
  );
  for (const timeoutSeconds of [0.5, 2 ** 31, -(2 ** 31) - 1, NaN]) {
    refuses(
      { timeoutSeconds },
      RangeError,
      `current value is ${timeoutSeconds}`,
    );
  }
  refuses({ nonce: new Uint8Array(23) }, RangeError, "nonce must be 24 bytes");
  refuses({ privateData: new Uint8Array(1_025) }, RangeError, "privateData");
  refuses({ addresses: [] }, RangeError, "1 to 32 addresses");
  refuses({ addresses: Array(33).fill("1.2.3.4:5") }, RangeError, "is 33");
  refuses({ addresses: ["localhost:5"] }, TypeError, '"localhost:5"');
  const short = new Uint8Array([11, 22, 33]);
  refuses({ clientToServerKey: short }, RangeError, "clientToServerKey");
  refuses({ serverToClientKey: short }, RangeError, "current value is 3");
});

import { assert, assertEquals, assertThrows } from "@std/assert";
import { SeededRandom } from "../../core/mod.ts";
import {
  decodePrivateToken,
  encodePrivateToken,
  openPrivateToken,
  type PrivateToken,
  sealPrivateToken,
} from "./_private_token.ts";
import { putU64 } from "./_u64.ts";
import { sealLong } from "./_xchacha.ts";

const IS_SOAK = Deno.env.get("TICKWIRE_SOAK") === "1";
const RUNS = IS_SOAK ? 50_000 : 500;
/** Every one, or every so many. */
const BIT_STEP = IS_SOAK ? 1 : 13;
const PROTOCOL = 0x1122_3344_5566_7788n;
const EXPIRE = 1_764_000_030n;

const KEYS = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte));
const NONCE = Uint8Array.from({ length: 24 }, (_, i) => 7 * i);
const TOKEN: PrivateToken = {
  clientId: 7n,
  timeoutSeconds: 5,
  addresses: ["203.0.113.7:40000", "[2001:db8::7]:40000"],
  clientToServerKey: new Uint8Array(32).fill(4),
  serverToClientKey: new Uint8Array(32).fill(5),
  userData: new Uint8Array(256).fill(6),
};

function sealed(key = KEYS[1]!): Uint8Array<ArrayBuffer> {
  return sealPrivateToken(TOKEN, NONCE, PROTOCOL, EXPIRE, key);
}

Deno.test("openPrivateToken() tries each of several keys", () => {
  for (const key of KEYS) {
    assertEquals(
      openPrivateToken(sealed(key), NONCE, PROTOCOL, EXPIRE, KEYS),
      TOKEN,
    );
  }
  const others = KEYS.slice(1);
  const fault = openPrivateToken(
    sealed(KEYS[0]),
    NONCE,
    PROTOCOL,
    EXPIRE,
    others,
  );
  assertEquals(fault, "notOpened");
  const none = openPrivateToken(sealed(), NONCE, PROTOCOL, EXPIRE, []);
  assertEquals(none, "notOpened");
});

Deno.test("openPrivateToken() gives bytes of its own", () => {
  const bytes = sealed();
  const token = openPrivateToken(bytes, NONCE, PROTOCOL, EXPIRE, KEYS);
  bytes.fill(0);
  assertEquals(token, TOKEN);
});

Deno.test("openPrivateToken() opens nothing of another protocol, expiry, nonce or length", () => {
  const opened = (
    protocol = PROTOCOL,
    expire = EXPIRE,
    nonce = NONCE,
    bytes = sealed(),
  ): unknown => openPrivateToken(bytes, nonce, protocol, expire, KEYS);
  assertEquals(opened(), TOKEN);
  assertEquals(opened(PROTOCOL + 1n), "notOpened");
  assertEquals(opened(PROTOCOL ^ (1n << 63n)), "notOpened");
  assertEquals(opened(PROTOCOL, EXPIRE + 1n), "notOpened");
  for (let at = 0; at < 24; at++) {
    assertEquals(opened(PROTOCOL, EXPIRE, NONCE.with(at, 1)), "notOpened");
  }
  const bytes = sealed();
  for (let length = 0; length < bytes.length; length += IS_SOAK ? 1 : 17) {
    const cut = bytes.subarray(0, length) as Uint8Array<ArrayBuffer>;
    assertEquals(opened(PROTOCOL, EXPIRE, NONCE, cut), "notOpened");
  }
});

Deno.test("openPrivateToken() opens nothing with a flipped bit", () => {
  const bytes = sealed();
  for (let bit = 0; bit < 8 * bytes.length; bit += BIT_STEP) {
    bytes[bit >> 3]! ^= 1 << (bit & 7);
    const token = openPrivateToken(bytes, NONCE, PROTOCOL, EXPIRE, [KEYS[1]!]);
    assertEquals(token, "notOpened", `bit ${bit}`);
    bytes[bit >> 3]! ^= 1 << (bit & 7);
  }
  assertEquals(
    openPrivateToken(bytes, NONCE, PROTOCOL, EXPIRE, KEYS),
    TOKEN,
  );
});

Deno.test("openPrivateToken() tells what is malformed from what is forged", () => {
  const plain = encodePrivateToken(TOKEN);
  for (const [at, value] of [[12, 0], [12, 33], [15, 128], [16, 0], [16, 3]]) {
    assertEquals(openPlain(plain.with(at!, value!)), "malformed");
  }
  assertEquals(openPlain(plain), TOKEN);
});

/** Opens what somebody with the key has written. */
function openPlain(plain: Uint8Array): unknown {
  const key = KEYS[0]!;
  const binding = new Uint8Array(29);
  binding.set(new TextEncoder().encode("NETCODE 1.02\0"));
  putU64(binding, 13, PROTOCOL);
  putU64(binding, 21, EXPIRE);
  const bytes = new Uint8Array(1_024);
  sealLong(key, NONCE, binding, plain, bytes, 0);
  return openPrivateToken(bytes, NONCE, PROTOCOL, EXPIRE, [key]);
}

Deno.test("decodePrivateToken() does not look at what fills the token up", () => {
  const plain = encodePrivateToken(TOKEN);
  plain.fill(0xff, 8 + 4 + 4 + 7 + 19 + 64 + 256);
  assertEquals(decodePrivateToken(plain), TOKEN);
});

Deno.test("decodePrivateToken() reads random bytes as a token or not at all", () => {
  const seed = 20_004;
  const random = new SeededRandom(seed);
  let read = 0;
  for (let run = 0; run < RUNS; run++) {
    const plain = encodePrivateToken(TOKEN);
    random.fill(plain.subarray(random.nextU32() % plain.length));
    // Addresses that go on for as long as they may.
    if (run % 4 === 0) plain.fill(run % 8 === 0 ? 1 : 2, 16, 16 + 32 * 19);
    if (run % 4 === 0) plain.set([1 + random.nextU32() % 40, 0, 0, 0], 12);
    const token = decodePrivateToken(plain);
    if (token === undefined) continue;
    read++;
    const written = encodePrivateToken(token);
    assertEquals(decodePrivateToken(written), token, `seed ${seed}`);
    const end = 336 + token.addresses.reduce(
      (sum, text) => sum + (text[0] === "[" ? 19 : 7),
      0,
    );
    assertEquals(
      written.subarray(0, end),
      plain.subarray(0, end),
      `seed ${seed}, run ${run}`,
    );
  }
  assert(read > RUNS / 10, `seed ${seed}: ${read}`);
});

Deno.test("encodePrivateToken() has room for 32 addresses of IPv6, and refuses more or none", () => {
  const addresses = Array<string>(32).fill("[2001:db8::7]:40000");
  const token = { ...TOKEN, addresses };
  assertEquals(decodePrivateToken(encodePrivateToken(token)), token);
  for (const count of [0, 33]) {
    assertThrows(
      () =>
        encodePrivateToken({
          ...TOKEN,
          addresses: Array(count).fill("1.2.3.4:5"),
        }),
      RangeError,
      `1 to 32 addresses: current value is ${count}`,
    );
  }
});

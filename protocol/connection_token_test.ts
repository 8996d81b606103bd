import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { Buffer } from "node:buffer";
import { createHmac } from "node:crypto";
import { type PlayerId, playerId, SeededRandom } from "../core/mod.ts";
import {
  ConnectionToken,
  type ConnectionTokenOptions,
  importTokenKey,
  MAX_TOKEN_BYTES,
  type TokenKey,
  type TokenKeys,
  type VerifyTokenOptions,
} from "./connection_token.ts";
import { ProtocolError } from "./protocol_error.ts";
import { TokenGuard } from "./token_guard.ts";
import { encodeTokenBody, sealTokenBody } from "./_token_body.ts";
import vectors from "./vectors/tokens.json" with { type: "json" };

const RUNS = Deno.env.get("TICKWIRE_SOAK") === "1" ? 200_000 : 2_000;
const TAG_BYTES = 32;
const NOW = vectors.verify.nowMs;

const rawKeys = new Map(
  Object.entries(vectors.keys).map((
    [keyId, key],
  ) => [Number(keyId), decodeHex(key)]),
);
const keys = new Map<number, CryptoKey>();
for (const [keyId, raw] of rawKeys) keys.set(keyId, await importTokenKey(raw));

const ordinary = vectors.tokens.find(({ base64 }) => base64 !== undefined)!;
const asServer: VerifyTokenOptions = { ...vectors.verify, keys };

const ada: ConnectionTokenOptions = {
  keyId: 3,
  protocolId: vectors.verify.protocolId,
  clientId: playerId("ada"),
  issuedAt: NOW - 500,
  expiresAt: NOW + 60_000,
};

function issue(
  changes: Partial<ConnectionTokenOptions> = {},
  key: TokenKey = keys.get(3)!,
): Promise<ConnectionToken> {
  return ConnectionToken.issue(key, { ...ada, ...changes });
}

/** The code that a server refuses `bytes` with, or `undefined` if it takes them. */
async function refusal(
  bytes: Uint8Array,
  changes: Partial<VerifyTokenOptions> = {},
): Promise<string | undefined> {
  try {
    await ConnectionToken.verify(bytes, { ...asServer, ...changes });
  } catch (error) {
    assertInstanceOf(error, ProtocolError);
    return error.code;
  }
  return undefined;
}

function fieldsOf(vector: typeof vectors.tokens[number]) {
  return {
    ...vector.fields,
    clientId: playerId(vector.fields.clientId),
    tokenId: decodeHex(vector.fields.tokenId),
    userData: decodeHex(vector.fields.userData),
  };
}

function assertSays(
  token: ConnectionToken,
  { fields }: typeof vectors.tokens[number],
): void {
  assertEquals({
    keyId: token.keyId,
    tokenId: encodeHex(token.tokenId),
    protocolId: token.protocolId,
    issuedAt: token.issuedAt,
    expiresAt: token.expiresAt,
    clientId: `${token.clientId}`,
    addresses: [...token.addresses],
    userData: encodeHex(token.userData),
  }, fields);
}

Deno.test("ConnectionToken has the bytes of every vector", async () => {
  for (const vector of vectors.tokens) {
    const fields = fieldsOf(vector);
    const body = encodeTokenBody(fields);
    const bytes = await sealTokenBody(keys.get(fields.keyId)!, body);
    assertEquals([vector.name, encodeHex(bytes)], [vector.name, vector.bytes]);
  }
});

Deno.test("ConnectionToken.fromBytes() reads every vector", () => {
  for (const vector of vectors.tokens) {
    const token = ConnectionToken.fromBytes(decodeHex(vector.bytes));
    assertSays(token, vector);
    assertEquals(encodeHex(token.toBytes()), vector.bytes);
  }
});

Deno.test("ConnectionToken.verify() accepts every vector", async () => {
  for (const vector of vectors.tokens) {
    const { protocolId, expiresAt, addresses } = vector.fields;
    const [serverAddress] = addresses;
    const token = await ConnectionToken.verify(decodeHex(vector.bytes), {
      keys,
      protocolId,
      nowMs: expiresAt - 1,
      ...(serverAddress !== undefined && { serverAddress }),
      guard: new TokenGuard(),
    });
    assertSays(token, vector);
    assertEquals(encodeHex(token.toBytes()), vector.bytes);
  }
});

Deno.test("ConnectionToken.verify() refuses every refused vector with its code", async () => {
  for (const { name, error, bytes } of vectors.refused) {
    const guard = new TokenGuard();
    assertEquals(
      [name, await refusal(decodeHex(bytes), { guard })],
      [name, error],
    );
    assertEquals(guard.size, 0);
  }
});

Deno.test("ConnectionToken.fromBytes() refuses what is no token, and nothing else", () => {
  for (const { name, error, bytes } of vectors.refused) {
    const isForm = error === "tokenTruncated" || error === "tokenMalformed";
    const got = ConnectionToken.tryFromBytes(decodeHex(bytes));
    assertEquals(
      [name, typeof got === "string" ? got : undefined],
      [name, isForm ? error : undefined],
    );
    if (!isForm) continue;
    const thrown = assertThrows(
      () => ConnectionToken.fromBytes(decodeHex(bytes)),
      ProtocolError,
      `Cannot read the token of ${bytes.length / 2} bytes`,
    );
    assertEquals(thrown.code, error);
  }
});

Deno.test("ConnectionToken.issue() makes what verify() accepts", async () => {
  const guard = new TokenGuard();
  const addresses = ["203.0.113.7:9000", "203.0.113.8:9000"];
  const userData = new Uint8Array([1, 2, 3]);
  const issued = await issue({ addresses, userData });
  const token = await ConnectionToken.verify(issued.toBytes(), {
    ...asServer,
    guard,
  });
  assertEquals({ ...token }, {
    ...ada,
    tokenId: issued.tokenId,
    addresses,
    userData,
  });
  assertEquals({ ...issued }, { ...token });
  assertEquals(token.toBytes(), issued.toBytes());
  assertEquals(guard.size, 1);
});

Deno.test("ConnectionToken.issue() leaves out what is not given", async () => {
  const { protocolId, clientId, issuedAt, expiresAt } = ada;
  const token = await ConnectionToken.issue(rawKeys.get(0)!, {
    protocolId,
    clientId,
    issuedAt,
    expiresAt,
  });
  assertEquals([token.keyId, token.addresses, token.userData], [
    0,
    [],
    new Uint8Array(0),
  ]);
  assertEquals(await refusal(token.toBytes()), undefined);
});

Deno.test("ConnectionToken.issue() signs as node:crypto does", async () => {
  for (let i = 0; i < 50; i++) {
    const bytes = (await issue({ userData: new Uint8Array(i) })).toBytes();
    const tag = createHmac("sha256", rawKeys.get(3)!)
      .update("tickwire connection token\0")
      .update(bytes.subarray(0, -TAG_BYTES))
      .digest("hex");
    assertEquals(encodeHex(bytes.subarray(-TAG_BYTES)), tag);
  }
});

Deno.test("ConnectionToken.issue() gives each token an id of its own", async () => {
  const ids = new Set<string>();
  for (let i = 0; i < 200; i++) ids.add(encodeHex((await issue()).tokenId));
  assertEquals(ids.size, 200);
  assert([...ids].every((id) => id.length === 32));
});

Deno.test("ConnectionToken holds each field at its longest", async () => {
  const max = Number.MAX_SAFE_INTEGER;
  const token = await issue({
    keyId: 255,
    protocolId: max,
    clientId: playerId("é".repeat(32)),
    issuedAt: max,
    expiresAt: max,
    addresses: new Array<string>(32).fill("x".repeat(255)),
    userData: new Uint8Array(1024).fill(0xff),
  });
  const bytes = token.toBytes();
  assertEquals(bytes.length, MAX_TOKEN_BYTES);
  assertEquals(MAX_TOKEN_BYTES, 9390);
  assertEquals({ ...ConnectionToken.fromBytes(bytes) }, { ...token });
  const longer = new Uint8Array(MAX_TOKEN_BYTES + 1);
  longer.set(bytes);
  assertEquals(ConnectionToken.tryFromBytes(longer), "tokenMalformed");
});

Deno.test("ConnectionToken refuses bytes beyond the longest before it looks at them", async () => {
  const tooLong: Uint8Array = Object.create(Uint8Array.prototype, {
    length: { value: MAX_TOKEN_BYTES + 1 },
    0: {
      get(): number {
        throw new Error("a byte was read");
      },
    },
  });
  assertEquals(ConnectionToken.tryFromBytes(tooLong), "tokenMalformed");
  assertEquals(await refusal(tooLong), "tokenMalformed");
});

Deno.test("ConnectionToken.issue() refuses options out of range", async () => {
  const wrong: [Partial<ConnectionTokenOptions>, string][] = [
    [{ keyId: 256 }, "keyId must be an integer from 0 to 255"],
    [{ keyId: -1 }, "current value is -1"],
    [{ keyId: 0.5 }, "current value is 0.5"],
    [{ protocolId: -1 }, "protocolId must be an integer from 0 to 2^53 - 1"],
    [{ protocolId: 2 ** 53 }, "current value is 9007199254740992"],
    [{ protocolId: NaN }, "current value is NaN"],
    [{ clientId: "" as PlayerId }, "clientId must be a player id"],
    [{ clientId: "a\nb" as PlayerId }, "clientId must be a player id"],
    [{ clientId: "x".repeat(65) as PlayerId }, "clientId must be a player id"],
    [{ issuedAt: 0.5 }, "issuedAt must be an integer"],
    [{ issuedAt: -1 }, "issuedAt must be an integer"],
    [{ expiresAt: NOW - 501 }, `expiresAt must be an integer from issuedAt`],
    [{ expiresAt: NOW + 0.5 }, `current value is ${NOW + 0.5}`],
    [{ expiresAt: Infinity }, "current value is Infinity"],
    [
      { addresses: new Array<string>(33).fill("a") },
      "addresses must be at most 32: current value is 33",
    ],
    [{ addresses: ["a", ""] }, "1 to 255 bytes in UTF-8: current value is 0"],
    [{ addresses: ["é".repeat(128)] }, "current value is 256"],
    [
      { addresses: ["a\ud800"] },
      'unpaired surrogates: current value is "a\\ud',
    ],
    [
      { userData: new Uint8Array(1025) },
      "userData must have at most 1024 bytes: current value is 1025",
    ],
  ];
  for (const [changes, message] of wrong) {
    await assertRejects(() => issue(changes), RangeError, message);
  }
});

Deno.test("ConnectionToken.issue() takes its options as they are at the call", async () => {
  const addresses = ["203.0.113.7:9000"];
  const userData = new Uint8Array([1]);
  const key = rawKeys.get(3)!.slice();
  const issuing = issue({ addresses, userData }, key);
  addresses[0] = "203.0.113.66:9000";
  userData[0] = 2;
  key.fill(0);
  const token = await issuing;
  assertEquals([token.addresses, token.userData], [
    ["203.0.113.7:9000"],
    new Uint8Array([1]),
  ]);
  assertEquals(await refusal(token.toBytes()), undefined);
});

Deno.test("ConnectionToken.toBytes() gives what was signed, whatever was done to it", async () => {
  const token = await issue({ userData: new Uint8Array([1]) });
  const before = token.toBytes();
  token.userData[0] = 2;
  token.tokenId.fill(0);
  token.toBytes().fill(0);
  assertThrows(() => (token.addresses as string[]).push("a"), TypeError);
  assertEquals(token.toBytes(), before);

  const received = before.slice();
  const read = ConnectionToken.fromBytes(received);
  received.fill(0);
  assertEquals([read.toBytes(), read.userData], [before, new Uint8Array([1])]);
  assertThrows(() => (read.addresses as string[]).push("a"), TypeError);
  read.userData.fill(0);
  read.tokenId.fill(0);
  assertEquals(read.toBytes(), before);
});

Deno.test("ConnectionToken.isValid() looks at the expiry and at nothing else", async () => {
  const token = await issue({ issuedAt: 1_000, expiresAt: 2_000 });
  assertEquals(
    [0, 1_000, 1_999, 1_999.9, 2_000, 3_000, NaN].map((nowMs) =>
      token.isValid(nowMs)
    ),
    [true, true, true, true, false, false, false],
  );
  const forged = token.toBytes();
  forged[forged.length - 1]! ^= 1;
  assert(ConnectionToken.fromBytes(forged).isValid(1_500));
});

Deno.test("ConnectionToken.verify() accepts until just before expiresAt", async () => {
  const bytes = (await issue({ expiresAt: NOW })).toBytes();
  assertEquals(await refusal(bytes, { nowMs: NOW - 0.5 }), undefined);
  assertEquals(await refusal(bytes, { nowMs: NOW }), "tokenExpired");
  assertEquals(await refusal(bytes, { nowMs: NOW + 1e9 }), "tokenExpired");
});

Deno.test("ConnectionToken.verify() accepts a token from a clock that is ahead", async () => {
  const bytes = (await issue({ issuedAt: NOW + 30_000 })).toBytes();
  assertEquals(await refusal(bytes), undefined);
});

Deno.test("ConnectionToken.verify() compares addresses as text", async () => {
  const addresses = ["203.0.113.7:9000", "[2001:db8::7]:9000"];
  const bytes = (await issue({ addresses })).toBytes();
  for (const serverAddress of addresses) {
    assertEquals(await refusal(bytes, { serverAddress }), undefined);
  }
  for (const serverAddress of ["", "203.0.113.7", "[2001:DB8::7]:9000"]) {
    assertEquals(await refusal(bytes, { serverAddress }), "tokenWrongAddress");
  }
  // A server that does not know its address is none of those named.
  const { protocolId } = ada;
  const nowhere = { keys, protocolId, nowMs: NOW };
  const error = await assertRejects(
    () => ConnectionToken.verify(bytes, nowhere),
    ProtocolError,
  );
  assertEquals(error.code, "tokenWrongAddress");
  const forAny = (await issue()).toBytes();
  assertEquals((await ConnectionToken.verify(forAny, nowhere)).clientId, "ada");
});

Deno.test("ConnectionToken.verify() refuses a time that is none", async () => {
  const bytes = decodeHex(ordinary.bytes);
  for (const nowMs of [NaN, Infinity, -Infinity]) {
    await assertRejects(
      () => ConnectionToken.verify(bytes, { ...asServer, nowMs }),
      RangeError,
      `nowMs must be finite: current value is ${nowMs}`,
    );
  }
});

Deno.test("ConnectionToken.verify() knows keys before and after a rotation", async () => {
  const old = crypto.getRandomValues(new Uint8Array(32));
  const next = await importTokenKey(crypto.getRandomValues(new Uint8Array(64)));
  const byOld = (await issue({ keyId: 1 }, old)).toBytes();
  const byNext = (await issue({ keyId: 2 }, next)).toBytes();
  const both = new Map<number, TokenKey>([[1, old], [2, next]]);
  const lists: [TokenKeys, (string | undefined)[]][] = [
    [new Map([[1, old]]), [undefined, "tokenUnknownKey"]],
    [both, [undefined, undefined]],
    [(keyId) => both.get(keyId), [undefined, undefined]],
    [new Map([[2, next]]), ["tokenUnknownKey", undefined]],
    [() => undefined, ["tokenUnknownKey", "tokenUnknownKey"]],
    // One key is asked for every keyId.
    [old, [undefined, "tokenForged"]],
    [next, ["tokenForged", undefined]],
    [new Map<number, TokenKey>([[1, next], [2, old]]), [
      "tokenForged",
      "tokenForged",
    ]],
  ];
  for (const [keys, expected] of lists) {
    assertEquals(
      [await refusal(byOld, { keys }), await refusal(byNext, { keys })],
      expected,
    );
  }
});

Deno.test("importTokenKey() takes 32 to 64 bytes", async () => {
  for (const length of [32, 33, 64]) {
    const key = await importTokenKey(new Uint8Array(length).fill(7));
    assertEquals([key.extractable, key.usages], [false, ["sign", "verify"]]);
    await assertRejects(() => crypto.subtle.exportKey("raw", key));
  }
  const shared = new Uint8Array(new SharedArrayBuffer(32));
  shared.set(rawKeys.get(3)!);
  const bytes = decodeHex(ordinary.bytes);
  assertEquals(await refusal(bytes, { keys: shared }), undefined);
  for (const length of [0, 1, 31, 65, 1000]) {
    const raw = new Uint8Array(length);
    const message = `must have 32 to 64 bytes: current value is ${length}`;
    await assertRejects(() => importTokenKey(raw), RangeError, message);
    await assertRejects(() => issue({}, raw), RangeError, message);
    await assertRejects(
      () =>
        ConnectionToken.verify(decodeHex(ordinary.bytes), {
          ...asServer,
          keys: raw,
        }),
      RangeError,
      message,
    );
  }
});

Deno.test("ConnectionToken refuses what is no key of HMAC with SHA-256", async () => {
  const raw = rawKeys.get(3)!;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const wrongKeys = [
    undefined,
    "0".repeat(64),
    [...raw],
    raw.buffer,
    await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt"]),
    await crypto.subtle.importKey(
      "raw",
      raw,
      { name: "HMAC", hash: "SHA-512" },
      false,
      ["sign", "verify"],
    ),
    await crypto.subtle.importKey("raw", raw.subarray(1), hmac, false, [
      "sign",
      "verify",
    ]),
  ];
  const signing = await crypto.subtle.importKey("raw", raw, hmac, false, [
    "sign",
  ]);
  const verifying = await crypto.subtle.importKey("raw", raw, hmac, false, [
    "verify",
  ]);
  for (const key of [...wrongKeys, verifying]) {
    await assertRejects(
      () => ConnectionToken.issue(key as TokenKey, ada),
      TypeError,
      "Cannot ",
    );
  }
  const bytes = (await issue({}, signing)).toBytes();
  for (const key of [...wrongKeys, signing]) {
    if (key === undefined) continue;
    await assertRejects(
      () =>
        ConnectionToken.verify(bytes, { ...asServer, keys: key as TokenKey }),
      TypeError,
      "Cannot ",
    );
  }
  assertEquals(await refusal(bytes, { keys: verifying }), undefined);
});

Deno.test("ConnectionToken refuses every truncation as tokenTruncated", async () => {
  for (const vector of vectors.tokens) {
    const whole = decodeHex(vector.bytes);
    for (let end = 0; end < whole.length; end++) {
      const cut = whole.subarray(0, end);
      assertEquals(
        [vector.name, end, ConnectionToken.tryFromBytes(cut)],
        [vector.name, end, "tokenTruncated"],
      );
      assertEquals(await refusal(cut), "tokenTruncated");
    }
  }
});

Deno.test("ConnectionToken refuses every token with more behind it", async () => {
  for (const vector of vectors.tokens) {
    const whole = decodeHex(vector.bytes);
    for (const length of [1, 31, 32, 33, whole.length]) {
      const extended = new Uint8Array(whole.length + length);
      extended.set(whole);
      assertEquals(await refusal(extended), "tokenMalformed");
      extended.set(whole.subarray(0, length), whole.length);
      assertEquals(await refusal(extended), "tokenMalformed");
    }
  }
});

Deno.test("ConnectionToken.verify() refuses every bit flip of a token", async () => {
  // One key for whatever keyId, so that the tag alone speaks for it.
  const codes = new Map<string, number>();
  for (const { fields, bytes } of vectors.tokens) {
    const flipped = decodeHex(bytes);
    const guard = new TokenGuard();
    const [serverAddress] = fields.addresses;
    const options: VerifyTokenOptions = {
      keys: keys.get(fields.keyId)!,
      protocolId: fields.protocolId,
      nowMs: fields.expiresAt - 1,
      ...(serverAddress !== undefined && { serverAddress }),
      guard,
    };
    for (let bit = 0; bit < flipped.length * 8; bit++) {
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
      const code = await refusal(flipped, options);
      assert(code !== undefined, `bit ${bit} of ${bytes}`);
      codes.set(code, (codes.get(code) ?? 0) + 1);
      flipped[bit >>> 3]! ^= 1 << (bit & 7);
    }
    // Not one of them used the token up.
    assertEquals(guard.size, 0);
    assertEquals(await refusal(flipped, options), undefined);
  }
  assertEquals([...codes.keys()].sort(), [
    "tokenForged",
    "tokenMalformed",
    "tokenTruncated",
  ]);
});

Deno.test("ConnectionToken.tryFromBytes() throws nothing for whatever bytes", async () => {
  const random = new SeededRandom(5);
  const below = (end: number) => random.nextU32() % end;
  const whole = vectors.tokens.map(({ bytes }) => decodeHex(bytes));
  let accepted = 0;
  for (let run = 0; run < RUNS; run++) {
    let bytes: Uint8Array;
    if (run % 4 === 0) {
      bytes = new Uint8Array(below(200));
      random.fill(bytes);
      if (bytes.length > 0 && below(4) > 0) bytes[0] = 1;
    } else {
      const base = whole[below(whole.length)]!;
      const cut = below(4) === 0 ? below(base.length) : base.length;
      bytes = new Uint8Array(cut + (below(4) === 0 ? below(40) : 0));
      bytes.set(base.subarray(0, cut));
      for (let i = below(4); i > 0 && bytes.length > 0; i--) {
        bytes[below(bytes.length)] = below(3) === 0 ? 0xff : below(256);
      }
    }
    const token = ConnectionToken.tryFromBytes(bytes);
    if (typeof token === "string") {
      assert(token === "tokenTruncated" || token === "tokenMalformed");
      continue;
    }
    accepted += 1;
    const where = `run ${run}: ${encodeHex(bytes)}`;
    // The only bytes for what it says.
    assertEquals(encodeHex(token.toBytes()), encodeHex(bytes), where);
    assertEquals(
      encodeHex(encodeTokenBody(token)),
      encodeHex(bytes.subarray(0, -TAG_BYTES)),
      where,
    );
    if (run % 16 !== 1) continue;
    const isReal = whole.some((each) => encodeHex(each) === encodeHex(bytes));
    const code = await refusal(bytes, { keys: keys.get(3)! });
    assert(isReal || code === "tokenForged", where);
  }
  assert(accepted > RUNS / 20, `${accepted}`);
});

Deno.test("ConnectionToken goes through base64 and hexadecimal", async () => {
  const bytes = decodeHex(ordinary.bytes);
  assertEquals(encodeBase64(bytes), ordinary.base64);
  assertSays(
    await ConnectionToken.verify(decodeBase64(ordinary.base64!), asServer),
    ordinary,
  );
  for (let length = 0; length < 6; length++) {
    const issued = await issue({ userData: new Uint8Array(length) });
    for (
      const back of [
        decodeBase64(encodeBase64(issued.toBytes())),
        decodeHex(encodeHex(issued.toBytes())),
      ]
    ) {
      const token = await ConnectionToken.verify(back, asServer);
      assertEquals({ ...token }, { ...issued });
    }
  }
});

Deno.test("ConnectionToken.verify() verifies the bytes as they are at the call", async () => {
  // A raw key is imported first: longer until the tag is looked at.
  for (const keys of [rawKeys, asServer.keys]) {
    const real = decodeHex(ordinary.bytes);
    const changed = real.slice();
    const verifying = ConnectionToken.verify(changed, { ...asServer, keys });
    changed.fill(0);
    assertEquals((await verifying).toBytes(), real);

    const forged = real.slice();
    forged[forged.length - 1]! ^= 1;
    const refused = refusal(forged, { keys });
    forged.set(real);
    assertEquals(await refused, "tokenForged");
  }
});

Deno.test("ConnectionToken.verify() takes a copy of a Buffer of Node's too", async () => {
  const real = decodeHex(ordinary.bytes);
  const whole = Buffer.concat([Buffer.alloc(5), real, Buffer.alloc(5)]);
  const part = whole.subarray(5, 5 + real.length);
  const verifying = ConnectionToken.verify(part, asServer);
  whole.fill(0);
  const token = await verifying;
  assertEquals(token.toBytes(), real);
  assertStrictEquals(token.toBytes().constructor, Uint8Array);
  assertEquals(token.userData, decodeHex(ordinary.fields.userData));
});

Deno.test("ConnectionToken.verify() lets a token open one connection", async () => {
  const guard = new TokenGuard();
  const bytes = (await issue()).toBytes();
  assertEquals(await refusal(bytes, { guard }), undefined);
  assertEquals(await refusal(bytes, { guard }), "tokenReplayed");
  assertEquals(
    await refusal(bytes, { guard, nowMs: ada.expiresAt - 1 }),
    "tokenReplayed",
  );
  assertEquals(
    await refusal(bytes, { guard, nowMs: ada.expiresAt }),
    "tokenExpired",
  );
  // Another one of the same player is another one.
  assertEquals(await refusal((await issue()).toBytes(), { guard }), undefined);
  // Each server has a guard of its own.
  assertEquals(
    await refusal(bytes, { guard: new TokenGuard() }),
    undefined,
  );
});

Deno.test("ConnectionToken.verify() lets one of many calls at once through", async () => {
  const guard = new TokenGuard();
  for (const keys of [rawKeys, asServer.keys]) {
    const bytes = (await issue()).toBytes();
    const codes = await Promise.all(
      Array.from({ length: 20 }, () => refusal(bytes, { guard, keys })),
    );
    assertEquals(codes.filter((code) => code === undefined).length, 1);
    assertEquals(codes.filter((code) => code === "tokenReplayed").length, 19);
  }
  assertEquals(guard.size, 2);
});

Deno.test("ConnectionToken.verify() does not use up a token that it refuses", async () => {
  const guard = new TokenGuard();
  const bytes = decodeHex(ordinary.bytes);
  const wrong: Partial<VerifyTokenOptions>[] = [
    { keys: new Map() },
    { keys: keys.get(0)! },
    { protocolId: 8 },
    { nowMs: ordinary.fields.expiresAt },
    { serverAddress: "203.0.113.8:9000" },
  ];
  const codes = [];
  for (const changes of wrong) {
    codes.push(await refusal(bytes, { ...changes, guard }));
  }
  assertEquals(codes, [
    "tokenUnknownKey",
    "tokenForged",
    "tokenWrongProtocol",
    "tokenExpired",
    "tokenWrongAddress",
  ]);
  assertEquals(guard.size, 0);
  assertEquals(await refusal(bytes, { guard }), undefined);
});

Deno.test("ConnectionToken.verify() refuses what the guard cannot remember", async () => {
  const guard = new TokenGuard({ capacity: 2 });
  const tokens = [];
  for (let i = 0; i < 4; i++) {
    tokens.push((await issue({ expiresAt: NOW + 1_000 + i })).toBytes());
  }
  const [first, second, third, fourth] = tokens as [
    Uint8Array,
    Uint8Array,
    Uint8Array,
    Uint8Array,
  ];
  assertEquals(await refusal(first, { guard }), undefined);
  assertEquals(await refusal(second, { guard }), undefined);
  assertEquals(await refusal(third, { guard }), "tokenGuardFull");
  assertEquals(await refusal(first, { guard }), "tokenReplayed");
  assertEquals(await refusal(third, { guard, nowMs: NOW + 1_000 }), undefined);
  assertEquals(
    await refusal(fourth, { guard, nowMs: NOW + 1_000 }),
    "tokenGuardFull",
  );
  // The first one was forgotten; no clock that is set back lets it in again.
  assertEquals(await refusal(first, { guard, nowMs: NOW }), "tokenExpired");
});

/** Whether `text` shows `secret` as hexadecimal, base64 or decimal numbers. */
function shows(text: string, secret: Uint8Array): boolean {
  const part = secret.subarray(3, 15);
  const digits = text.toLowerCase().replace(/[^0-9a-f]+/g, "");
  // JSON has the index of each byte before it.
  const numbers = text.replace(/"\d+":/g, "").replace(/[^0-9]+/g, " ");
  return digits.includes(encodeHex(part)) ||
    text.includes(encodeBase64(part)) ||
    ` ${numbers} `.includes(` ${[...part].join(" ")} `);
}

Deno.test("ConnectionToken and its errors show neither key nor tag", async () => {
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const key = await importTokenKey(raw);
  const addresses = ["canary.example:9000"];
  const userData = new TextEncoder().encode("canary of the user data");
  const token = await issue({
    clientId: playerId("canary-player"),
    addresses,
    userData,
  }, raw);
  const bytes = token.toBytes();
  const tag = bytes.subarray(-TAG_BYTES);
  assert(shows(Deno.inspect(tag), tag) && shows(encodeHex(tag), tag));
  assert(shows(JSON.stringify(tag), tag) && shows(encodeBase64(tag), tag));

  const used = new TokenGuard();
  used.use(token.tokenId, token.expiresAt, NOW);
  const full = new TokenGuard({ capacity: 1 });
  full.use(new Uint8Array(16), token.expiresAt, NOW);
  const good: VerifyTokenOptions = {
    keys: raw,
    protocolId: ada.protocolId,
    nowMs: NOW,
    serverAddress: "canary.example:9000",
  };
  const forged = bytes.slice();
  forged[bytes.length - 1]! ^= 1;
  const { serverAddress: _, ...nowhere } = good;
  const calls: (() => unknown)[] = [
    () => ConnectionToken.fromBytes(bytes.subarray(1)),
    () => ConnectionToken.fromBytes(bytes.subarray(0, -1)),
    () => ConnectionToken.verify(bytes.subarray(0, -1), good),
    () => ConnectionToken.verify(bytes.subarray(1), good),
    () => ConnectionToken.verify(bytes, { ...good, keys: new Map() }),
    () => ConnectionToken.verify(forged, good),
    () => ConnectionToken.verify(forged, { ...good, keys: key }),
    () => ConnectionToken.verify(bytes, { ...good, protocolId: 0 }),
    () => ConnectionToken.verify(bytes, { ...good, nowMs: NOW + 1e9 }),
    () => ConnectionToken.verify(bytes, nowhere),
    () => ConnectionToken.verify(bytes, { ...good, guard: used }),
    () => ConnectionToken.verify(bytes, { ...good, guard: full }),
    () => ConnectionToken.verify(bytes, { ...good, keys: raw.subarray(1) }),
    () =>
      ConnectionToken.verify(bytes, {
        ...good,
        keys: encodeHex(raw) as unknown as TokenKey,
      }),
    () => ConnectionToken.issue(raw.subarray(1), ada),
    () => ConnectionToken.issue(raw, { ...ada, keyId: -1 }),
    () => importTokenKey(raw.subarray(1)),
    () => importTokenKey(encodeBase64(raw) as unknown as Uint8Array),
  ];
  const codes = new Set<string>();
  for (const call of calls) {
    const error = await assertRejects(async () => await call());
    assertInstanceOf(error, Error);
    assertEquals(error.cause, undefined);
    if (error instanceof ProtocolError) codes.add(error.code);
    const texts = [
      error.message,
      error.stack ?? "",
      JSON.stringify(error),
      Deno.inspect(error),
    ];
    for (const text of texts) {
      assertEquals(text.includes("canary"), false, text);
      for (const secret of [raw, bytes, bytes.subarray(2, 18), tag]) {
        assertEquals(shows(text, secret), false, text);
      }
    }
  }
  assertEquals(codes.size, 9);

  // A token says what it says, but not what would make it a token.
  for (
    const text of [
      JSON.stringify(token),
      Deno.inspect(token),
      Deno.inspect(token, { showHidden: true, depth: 9, iterableLimit: 9999 }),
      Deno.inspect({ ...token }),
      Deno.inspect(key, { showHidden: true }),
    ]
  ) {
    for (const secret of [raw, tag]) assertEquals(shows(text, secret), false);
  }
  assertNotEquals(JSON.stringify(token), "{}");
});

Deno.test("ConnectionToken refuses what is neither bytes nor an array", async () => {
  const wrong = [3e8, -1, "abc", new ArrayBuffer(60), [1, 2], null, undefined];
  for (const value of wrong as unknown as Uint8Array[]) {
    assertThrows(() => ConnectionToken.tryFromBytes(value), TypeError, "bytes");
    await assertRejects(
      () => ConnectionToken.verify(value, { keys, protocolId: 7, nowMs: 0 }),
      TypeError,
      "must be a Uint8Array",
    );
  }
  for (
    const [options, message] of [
      [{ addresses: "abc" }, "addresses must be an array"],
      [{ userData: 5 }, "userData"],
      [{ userData: new ArrayBuffer(2) }, '"ArrayBuffer"'],
    ] as unknown as [Partial<ConnectionTokenOptions>, string][]
  ) {
    await assertRejects(() => issue(options), TypeError, message);
  }
});

// The tokens of vectors/tokens.json, both ways, beside a path that shares nothing with the library: bytes put together as
// the standard lists them, and XChaCha20-Poly1305 from node:crypto alone.
import { assert, assertEquals } from "@std/assert";
import { decodeHex, encodeHex } from "@std/encoding/hex";
import { createCipheriv } from "node:crypto";
import vectors from "./vectors/tokens.json" with { type: "json" };
import { openChallenge, sealChallenge } from "./_challenge_token.ts";
import {
  decodePrivateToken,
  encodePrivateToken,
  openPrivateToken,
  sealPrivateToken,
} from "./_private_token.ts";
import { encodeConnectToken, parseConnectToken } from "./connect_token.ts";

const { tokens, challenges } = vectors;
const key = decodeHex(vectors.key);
const nonce = decodeHex(vectors.nonce);
const clientToServerKey = decodeHex(vectors.clientToServerKey);
const serverToClientKey = decodeHex(vectors.serverToClientKey);

type Token = typeof tokens[number];

/** What is listed, in this order, and zeros up to a length. */
function bytesOf(
  length: number,
  write: (put: Put) => void,
): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  write(new Put(bytes));
  assert(bytes.length <= length);
  const padded = new Uint8Array(length);
  padded.set(bytes);
  return padded;
}

/** Puts numbers at the end of an array, little-endian. */
class Put {
  readonly #bytes: number[];

  constructor(bytes: number[]) {
    this.#bytes = bytes;
  }

  bytes(bytes: Iterable<number>): void {
    this.#bytes.push(...bytes);
  }

  number(value: bigint | number | string, size: number): void {
    let rest = BigInt.asUintN(8 * size, BigInt(value));
    for (let i = 0; i < size; i++, rest >>= 8n) {
      this.#bytes.push(Number(rest & 255n));
    }
  }

  addresses(addresses: readonly string[]): void {
    this.number(addresses.length, 4);
    for (const address of addresses) {
      const [, host, port] = /^(.+):(\d+)$/.exec(address)!;
      const isIpv6 = host!.startsWith("[");
      this.number(isIpv6 ? 2 : 1, 1);
      if (isIpv6) {
        for (const group of groupsOf(host!)) this.number(group, 2);
      } else for (const part of host!.split(".")) this.number(part, 1);
      this.number(port!, 2);
    }
  }
}

/** The eight groups of `[2001:db8::7]`, as the URL standard reads them. */
function groupsOf(host: string): number[] {
  const text = new URL(`http://${host}/`).hostname.slice(1, -1);
  const [head, tail] = text.split("::").map((half) =>
    half.split(":").filter((group) => group !== "")
  );
  const zeros = 8 - head!.length - (tail?.length ?? 0);
  return [...head!, ...Array(zeros).fill("0"), ...tail ?? []]
    .map((group) => parseInt(group, 16));
}

function version(): Uint8Array {
  return new TextEncoder().encode("NETCODE 1.02\0");
}

/**
 * HChaCha20 out of ChaCha20: a block of its keystream is the state after all rounds plus the state before them (RFC 8439,
 * section 2.3), and of the words that HChaCha20 gives the state before is known: the constants, and the counter and nonce.
 */
function hchacha20(from: Uint8Array, input: Uint8Array): Uint8Array {
  const cipher = createCipheriv("chacha20", from, input);
  const block = cipher.update(new Uint8Array(64));
  cipher.final();
  const before = new TextEncoder().encode("expand 32-byte k");
  const out = new Uint8Array(32);
  const wordOf = (bytes: Uint8Array, at: number): number =>
    new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
  const difference = (at: number, minus: Uint8Array, to: number): void => {
    for (let i = 0; i < 16; i += 4) {
      const word = wordOf(block, at + i) - wordOf(minus, i);
      new DataView(out.buffer).setUint32(to + i, word, true);
    }
  };
  difference(0, before, 0);
  difference(48, input, 16);
  return out;
}

function sealIetf(
  plain: Uint8Array,
  binding: Uint8Array,
  twelve: Uint8Array,
  by: Uint8Array,
): Uint8Array {
  const cipher = createCipheriv("chacha20-poly1305", by, twelve, {
    authTagLength: 16,
  });
  cipher.setAAD(binding, { plaintextLength: plain.length });
  const sealed = [...cipher.update(plain), ...cipher.final()];
  return new Uint8Array([...sealed, ...cipher.getAuthTag()]);
}

function privatePlain(token: Token): Uint8Array {
  return bytesOf(1_008, (put) => {
    put.number(token.clientId, 8);
    put.number(token.timeoutSeconds, 4);
    put.addresses(token.addresses);
    put.bytes(clientToServerKey);
    put.bytes(serverToClientKey);
    put.bytes(decodeHex(token.userData));
  });
}

function privateSealed(token: Token): Uint8Array {
  const binding = bytesOf(29, (put) => {
    put.bytes(version());
    put.number(token.protocolId, 8);
    put.number(token.expireSeconds, 8);
  });
  return sealIetf(
    privatePlain(token),
    binding,
    new Uint8Array([0, 0, 0, 0, ...nonce.slice(16)]),
    hchacha20(key, nonce.slice(0, 16)),
  );
}

function publicToken(token: Token): Uint8Array {
  return bytesOf(2_048, (put) => {
    put.bytes(version());
    put.number(token.protocolId, 8);
    put.number(token.createSeconds, 8);
    put.number(token.expireSeconds, 8);
    put.bytes(nonce);
    put.bytes(decodeHex(token.privateSealed));
    put.number(token.timeoutSeconds, 4);
    put.addresses(token.addresses);
    put.bytes(clientToServerKey);
    put.bytes(serverToClientKey);
  });
}

function padded(userData: string): Uint8Array<ArrayBuffer> {
  return bytesOf(256, (put) => put.bytes(decodeHex(userData)));
}

Deno.test("the independent HChaCha20 gives what section 2.2.1 of the draft does", () => {
  const subkey = hchacha20(
    Uint8Array.from({ length: 32 }, (_, i) => i),
    decodeHex("000000090000004a0000000031415927"),
  );
  assertEquals(
    encodeHex(subkey),
    "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc",
  );
});

for (const token of tokens) {
  const protocolId = BigInt(token.protocolId);
  const expireSeconds = BigInt(token.expireSeconds);
  const { timeoutSeconds, addresses } = token;

  Deno.test(`vectors/tokens.json, ${token.name}: is what the standard says`, () => {
    assertEquals(encodeHex(privatePlain(token)), token.privatePlain);
    assertEquals(encodeHex(privateSealed(token)), token.privateSealed);
    assertEquals(encodeHex(publicToken(token)), token.public);
  });

  Deno.test(`vectors/tokens.json, ${token.name}: is read and written as a private token`, () => {
    const expected = {
      clientId: BigInt(token.clientId),
      timeoutSeconds,
      addresses,
      clientToServerKey,
      serverToClientKey,
      userData: padded(token.userData),
    };
    const plain = decodeHex(token.privatePlain);
    assertEquals(decodePrivateToken(plain), expected);
    assertEquals(encodePrivateToken(expected), plain);
    const sealed = decodeHex(token.privateSealed);
    assertEquals(
      openPrivateToken(sealed, nonce, protocolId, expireSeconds, [key]),
      expected,
    );
    assertEquals(
      sealPrivateToken(expected, nonce, protocolId, expireSeconds, key),
      sealed,
    );
  });

  Deno.test(`vectors/tokens.json, ${token.name}: is read and written as a public token`, () => {
    const bytes = decodeHex(token.public);
    const parsed = parseConnectToken(bytes);
    assertEquals(parsed, {
      protocolId,
      createSeconds: BigInt(token.createSeconds),
      expireSeconds,
      nonce,
      privateData: decodeHex(token.privateSealed),
      timeoutSeconds,
      addresses,
      clientToServerKey,
      serverToClientKey,
    });
    assertEquals(encodeConnectToken(parsed), bytes);
  });
}

for (const [index, challenge] of challenges.entries()) {
  Deno.test(`vectors/tokens.json, challenge ${index}: is what the standard says, and read and written`, () => {
    const plain = bytesOf(284, (put) => {
      put.number(challenge.clientId, 8);
      put.bytes(decodeHex(challenge.userData));
    });
    assertEquals(encodeHex(plain), challenge.plain);
    const twelve = bytesOf(12, (put) => {
      put.number(0, 4);
      put.number(challenge.sequence, 8);
    });
    const sealed = sealIetf(plain, new Uint8Array(0), twelve, key);
    assertEquals(encodeHex(sealed), challenge.sealed);
    const body = bytesOf(308, (put) => {
      put.number(challenge.sequence, 8);
      put.bytes(decodeHex(challenge.sealed));
    });
    const expected = {
      clientId: BigInt(challenge.clientId),
      userData: padded(challenge.userData),
    };
    assertEquals(openChallenge(body, key), expected);
    const written = new Uint8Array(308);
    sealChallenge(expected, BigInt(challenge.sequence), key, written);
    assertEquals(written, body);
  });
}

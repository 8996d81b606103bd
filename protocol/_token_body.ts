// This module is browser compatible.
import { isPlayerId, type PlayerId } from "../core/mod.ts";
import { ByteReader } from "./byte_reader.ts";
import { ByteWriter } from "./byte_writer.ts";

// Section 5 of WIRE.md.

export const TOKEN_VERSION = 1;
export const TOKEN_ID_BYTES = 16;
export const TAG_BYTES = 32;
export const MAX_ADDRESSES = 32;
export const MAX_ADDRESS_BYTES = 255;
export const MAX_USER_DATA_BYTES = 1024;

const MAX_CLIENT_ID_BYTES = 64;
const MAX_VARINT_BYTES = 8;

/** Each field at its longest, in their order. */
export const MAX_TOKEN_BODY_BYTES: number = 1 + 1 + TOKEN_ID_BYTES +
  3 * MAX_VARINT_BYTES + (1 + MAX_CLIENT_ID_BYTES) +
  (1 + MAX_ADDRESSES * (2 + MAX_ADDRESS_BYTES)) + (2 + MAX_USER_DATA_BYTES);

/**
 * Before the body in what is signed, so that a tag of some other protocol that
 * came to use the same key is none of a token.
 */
const CONTEXT = new TextEncoder().encode("tickwire connection token\0");

/** What a token says. */
export interface TokenFields {
  readonly keyId: number;
  readonly tokenId: Uint8Array;
  readonly protocolId: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly clientId: PlayerId;
  readonly addresses: readonly string[];
  readonly userData: Uint8Array;
}

/** Writes all but the tag. The fields are within their limits. */
export function encodeTokenBody(fields: TokenFields): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter({ maxBytes: MAX_TOKEN_BODY_BYTES });
  writer.u8(TOKEN_VERSION);
  writer.u8(fields.keyId);
  writer.raw(fields.tokenId);
  writer.varint(fields.protocolId);
  writer.varint(fields.issuedAt);
  writer.varint(fields.expiresAt);
  writer.string(fields.clientId);
  writer.u8(fields.addresses.length);
  for (const address of fields.addresses) writer.string(address);
  writer.bytes(fields.userData);
  return writer.toBytes();
}

/**
 * Reads a token, whose tag it does not look at.
 *
 * @returns Fields that share nothing with `bytes`, or what is wrong.
 */
export function parseToken(
  bytes: Uint8Array,
): TokenFields | "tokenTruncated" | "tokenMalformed" {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (reader.ok && version !== TOKEN_VERSION) return "tokenMalformed";
  const keyId = reader.u8();
  const tokenId = new Uint8Array(reader.raw(TOKEN_ID_BYTES));
  const protocolId = reader.varint();
  const issuedAt = reader.varint();
  const expiresAt = reader.varint();
  const clientId = reader.string(MAX_CLIENT_ID_BYTES);
  const addressCount = reader.u8();
  if (addressCount > MAX_ADDRESSES) reader.fail("range");
  const addresses: string[] = [];
  for (let i = 0; i < addressCount && reader.ok; i++) {
    const address = reader.string(MAX_ADDRESS_BYTES);
    if (address === "") reader.fail("range");
    addresses.push(address);
  }
  const userData = new Uint8Array(reader.bytes(MAX_USER_DATA_BYTES));
  reader.skip(TAG_BYTES);
  if (reader.error === "truncated") return "tokenTruncated";
  if (
    !reader.atEnd || expiresAt < issuedAt || !isPlayerId(clientId)
  ) return "tokenMalformed";
  return {
    keyId,
    tokenId,
    protocolId,
    issuedAt,
    expiresAt,
    clientId,
    addresses: Object.freeze(addresses),
    userData,
  };
}

/** Signs a body: gives the bytes of the whole token. */
export async function sealTokenBody(
  key: CryptoKey,
  body: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const tag = await crypto.subtle.sign("HMAC", key, signedBytes(body));
  const bytes = new Uint8Array(body.length + TAG_BYTES);
  bytes.set(body);
  bytes.set(new Uint8Array(tag), body.length);
  return bytes;
}

/** Tells whether a token's tag is right; how long it takes does not tell how wrong. */
export function isSealed(
  key: CryptoKey,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const tagStart = bytes.length - TAG_BYTES;
  return crypto.subtle.verify(
    "HMAC",
    key,
    bytes.subarray(tagStart),
    signedBytes(bytes.subarray(0, tagStart)),
  );
}

function signedBytes(body: Uint8Array): Uint8Array<ArrayBuffer> {
  const signed = new Uint8Array(CONTEXT.length + body.length);
  signed.set(CONTEXT);
  signed.set(body, CONTEXT.length);
  return signed;
}

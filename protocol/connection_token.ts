// This module is browser compatible.
import { isPlayerId, type PlayerId } from "../core/mod.ts";
import { checkBytes } from "./_check_bytes.ts";
import { ProtocolError, type ProtocolErrorCode } from "./protocol_error.ts";
import type { TokenGuard } from "./token_guard.ts";
import { utf8Length } from "./utf8.ts";
import {
  encodeTokenBody,
  isSealed,
  MAX_ADDRESS_BYTES,
  MAX_ADDRESSES,
  MAX_TOKEN_BODY_BYTES,
  MAX_USER_DATA_BYTES,
  parseToken,
  sealTokenBody,
  TAG_BYTES,
  TOKEN_ID_BYTES,
  type TokenFields,
} from "./_token_body.ts";

/** The most bytes that a {@linkcode ConnectionToken} can have. */
export const MAX_TOKEN_BYTES: number = MAX_TOKEN_BODY_BYTES + TAG_BYTES;

/**
 * A key that backend and game servers share: 32 to 64 random bytes, or better what
 * {@linkcode importTokenKey} made of them, as bytes are imported at each call.
 */
export type TokenKey = CryptoKey | Uint8Array;

/**
 * Where {@linkcode ConnectionToken.verify} finds the key: one for all tokens, or
 * one for each `keyId`. A function is called at once and must not wait.
 */
export type TokenKeys =
  | TokenKey
  | ReadonlyMap<number, TokenKey>
  | ((keyId: number) => TokenKey | undefined);

/** Options for {@linkcode ConnectionToken.issue}. */
export interface ConnectionTokenOptions {
  /**
   * Which key signs: 0 to 255. It tells a server that knows several which one to
   * check with, so that keys can be replaced one after the other.
   *
   * @default {0}
   */
  readonly keyId?: number;
  /** The game and its version, as agreed: an integer, 0 to 2^53 - 1. */
  readonly protocolId: number;
  /** Who may connect. */
  readonly clientId: PlayerId;
  /** When the token is made: epoch milliseconds, an integer, 0 to 2^53 - 1. */
  readonly issuedAt: number;
  /**
   * From when on it is not valid: epoch milliseconds, an integer from `issuedAt`
   * to 2^53 - 1. A minute is enough to connect.
   */
  readonly expiresAt: number;
  /**
   * The game servers it is good for, in a form that they know themselves by, such
   * as "203.0.113.7:9000": at most 32, each 1 to 255 bytes in UTF-8. None is any
   * server.
   *
   * @default {[]}
   */
  readonly addresses?: readonly string[];
  /**
   * What else the backend tells the server, at most 1024 bytes. The client can
   * read it, but not change it.
   *
   * @default {new Uint8Array(0)}
   */
  readonly userData?: Uint8Array;
}

/** Options for {@linkcode ConnectionToken.verify}. */
export interface VerifyTokenOptions {
  /** The key, or the keys by `keyId`. */
  readonly keys: TokenKeys;
  /** The game and its version that the server runs: 0 to 2^53 - 1. */
  readonly protocolId: number;
  /** The time by the wall clock: epoch milliseconds, such as `clock.epochMs()`. */
  readonly nowMs: number;
  /**
   * The server's own address, compared character by character. Without it only
   * tokens that are good for any server are accepted.
   */
  readonly serverAddress?: string;
  /**
   * What remembers the tokens that were used. Without it a token can be used again
   * until it expires.
   */
  readonly guard?: TokenGuard;
}

const MIN_KEY_BYTES = 32;
/** One block of SHA-256. HMAC hashes longer keys first, which adds nothing. */
const MAX_KEY_BYTES = 64;

/** They tell lengths and nothing else of the token, as anybody may have sent it. */
const MESSAGES = {
  tokenTruncated: "its bytes end too early",
  tokenMalformed: "its bytes are not those of a token",
  tokenUnknownKey: "there is no key for its keyId",
  tokenForged: "its tag is wrong",
  tokenWrongProtocol: "it is for another protocolId",
  tokenExpired: "it has expired",
  tokenWrongAddress: "it is for other servers",
  tokenReplayed: "it was used before",
  tokenGuardFull: "the guard cannot remember more tokens",
} satisfies Partial<Record<ProtocolErrorCode, string>>;

/**
 * Proof, carried by a client to a game server, that a backend with the server's key
 * let this player in: signed with HMAC-SHA-256 (RFC 2104, FIPS 180-4), not
 * encrypted. Its bytes are section 5 of WIRE.md.
 *
 * The backend issues it over a connection of its own, such as HTTPS; the client
 * passes its bytes on; the server verifies them. The key is an argument and never a
 * part of it. Who gets hold of the bytes can use them, so send them over nothing
 * that others read; the tag is no property, so a token printed to a log cannot be used.
 *
 * To carry it as text, encode its bytes in base64. With a few short fields it has
 * about 100 bytes, at most
 * {@linkcode MAX_TOKEN_BYTES}: keep it below what a packet holds.
 *
 * WebCrypto is needed to issue and to verify; pages have it in secure contexts only.
 *
 * @example From the backend through the client to the server
 * ```ts
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { decodeBase64, encodeBase64 } from "@std/encoding/base64";
 * import { playerId } from "@tickwire/net/core";
 * import {
 *   ConnectionToken,
 *   importTokenKey,
 *   ProtocolError,
 *   TokenGuard,
 * } from "@tickwire/net/protocol";
 *
 * const key = await importTokenKey(crypto.getRandomValues(new Uint8Array(32)));
 * const issuedAt = Date.now();
 * const issued = await ConnectionToken.issue(key, {
 *   protocolId: 7,
 *   clientId: playerId("ada"),
 *   issuedAt,
 *   expiresAt: issuedAt + 60_000,
 *   addresses: ["203.0.113.7:9000"],
 * });
 * const text = encodeBase64(issued.toBytes());
 *
 * const options = {
 *   keys: key,
 *   protocolId: 7,
 *   nowMs: issuedAt + 500,
 *   serverAddress: "203.0.113.7:9000",
 *   guard: new TokenGuard(),
 * };
 * const token = await ConnectionToken.verify(decodeBase64(text), options);
 * assertEquals(token.clientId, "ada");
 * await assertRejects(
 *   () => ConnectionToken.verify(decodeBase64(text), options),
 *   ProtocolError,
 *   "it was used before",
 * );
 * ```
 */
export class ConnectionToken {
  /** Which key signed: 0 to 255. */
  readonly keyId: number;
  /** The game and its version: 0 to 2^53 - 1. */
  readonly protocolId: number;
  /** Who may connect. */
  readonly clientId: PlayerId;
  /**
   * When it was made, by the backend's clock: epoch milliseconds. Nothing is
   * refused for it: the server's clock may be behind.
   */
  readonly issuedAt: number;
  /** From when on it is not valid: epoch milliseconds. */
  readonly expiresAt: number;
  /** 16 random bytes that no other token has. */
  readonly tokenId: Uint8Array;
  /** The game servers it is good for; none is any server. */
  readonly addresses: readonly string[];
  /** What else the backend told: 0 to 1024 bytes. */
  readonly userData: Uint8Array;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  private constructor(fields: TokenFields, bytes: Uint8Array<ArrayBuffer>) {
    this.keyId = fields.keyId;
    this.protocolId = fields.protocolId;
    this.clientId = fields.clientId;
    this.issuedAt = fields.issuedAt;
    this.expiresAt = fields.expiresAt;
    this.tokenId = fields.tokenId;
    this.addresses = fields.addresses;
    this.userData = fields.userData;
    this.#bytes = bytes;
  }

  /**
   * Makes and signs a token, with a `tokenId` from the platform's secure random
   * numbers.
   *
   * @param serverKey The key that `keyId` names. It is not kept.
   * @param options What the token says, which is copied at once.
   * @returns The token.
   * @throws {RangeError} If an option is out of its range, or raw bytes of a key are
   * not 32 to 64.
   * @throws {TypeError} If the key is neither bytes nor a key of HMAC with SHA-256
   * of 256 bits or more that may sign.
   */
  static async issue(
    serverKey: TokenKey,
    options: ConnectionTokenOptions,
  ): Promise<ConnectionToken> {
    const {
      keyId = 0,
      protocolId,
      clientId,
      issuedAt,
      expiresAt,
      addresses = [],
      userData = new Uint8Array(0),
    } = options;
    if ((keyId & 0xff) !== keyId) {
      throw issueError("keyId must be an integer from 0 to 255", keyId);
    }
    if (!isUint53(protocolId)) {
      throw issueError(
        "protocolId must be an integer from 0 to 2^53 - 1",
        protocolId,
      );
    }
    if (!isPlayerId(clientId)) {
      throw new RangeError(
        "Cannot issue a token as clientId must be a player id, 1 to 64 bytes of plain text",
      );
    }
    if (!isUint53(issuedAt)) {
      throw issueError(
        "issuedAt must be an integer from 0 to 2^53 - 1",
        issuedAt,
      );
    }
    if (!isUint53(expiresAt) || expiresAt < issuedAt) {
      throw issueError(
        `expiresAt must be an integer from issuedAt (${issuedAt}) to 2^53 - 1`,
        expiresAt,
      );
    }
    if (!Array.isArray(addresses)) {
      throw new TypeError(
        `Cannot issue a token as addresses must be an array: current value is of type "${typeof addresses}"`,
      );
    }
    if (addresses.length > MAX_ADDRESSES) {
      throw issueError(
        `addresses must be at most ${MAX_ADDRESSES}`,
        addresses.length,
      );
    }
    for (const address of addresses) checkAddress(address);
    checkBytes(userData, "issue a token with userData");
    if (userData.length > MAX_USER_DATA_BYTES) {
      throw issueError(
        `userData must have at most ${MAX_USER_DATA_BYTES} bytes`,
        userData.length,
      );
    }
    const fields: TokenFields = {
      keyId,
      tokenId: crypto.getRandomValues(new Uint8Array(TOKEN_ID_BYTES)),
      protocolId,
      clientId,
      issuedAt,
      expiresAt,
      addresses: Object.freeze([...addresses]),
      userData: new Uint8Array(userData),
    };
    const body = encodeTokenBody(fields);
    const key = await asTokenKey(serverKey, "sign");
    return new ConnectionToken(fields, await sealTokenBody(key, body));
  }

  /**
   * Verifies a token and tells what it says. The checks come in this order: form,
   * key, tag, protocol, expiry, address, replay; so a token that is refused was not
   * used up.
   *
   * `nowMs` and the backend's clock should agree within the life of a token. That
   * one was issued in the future is no reason to refuse it.
   *
   * @param bytes The token's bytes, which are copied at once.
   * @param options The keys, and what the token has to be good for.
   * @returns The token.
   * @throws {ProtocolError} `tokenTruncated` if the bytes end too early;
   * `tokenMalformed` if they are no token otherwise, or more follows;
   * `tokenUnknownKey` if there is no key for its `keyId`; `tokenForged` if it was
   * signed with another key or changed since; `tokenWrongProtocol` if its
   * `protocolId` is another; `tokenExpired` from `expiresAt` on, and if the guard
   * cannot know any more whether it was used; `tokenWrongAddress` if it names
   * servers and not this one; `tokenReplayed` if it was used; `tokenGuardFull` if
   * the guard has no room.
   * @throws {RangeError} If raw bytes of a key are not 32 to 64, or `nowMs` is not
   * finite.
   * @throws {TypeError} If the key is neither bytes nor a key of HMAC with SHA-256
   * of 256 bits or more that may verify.
   */
  static async verify(
    bytes: Uint8Array,
    options: VerifyTokenOptions,
  ): Promise<ConnectionToken> {
    const { keys, protocolId, nowMs, serverAddress, guard } = options;
    if (!Number.isFinite(nowMs)) {
      throw new RangeError(
        `Cannot verify a token as nowMs must be finite: current value is ${nowMs}`,
      );
    }
    // What is parsed, verified and returned is one copy, which the caller cannot
    // change while the key and the tag are awaited.
    const token = ConnectionToken.tryFromBytes(bytes);
    if (typeof token === "string") {
      throw tokenError("verify", token, bytes.length);
    }
    const refuse = (code: TokenErrorCode) =>
      tokenError("verify", code, token.#bytes.length);

    const tokenKey = findKey(keys, token.keyId);
    if (tokenKey === undefined) throw refuse("tokenUnknownKey");
    const key = await asTokenKey(tokenKey, "verify");
    if (!await isSealed(key, token.#bytes)) throw refuse("tokenForged");

    // Nothing is awaited from here on: of two calls with the same token the guard
    // sees one whole, then the other.
    if (token.protocolId !== protocolId) throw refuse("tokenWrongProtocol");
    if (!token.isValid(nowMs)) throw refuse("tokenExpired");
    if (token.addresses.length > 0) {
      if (
        serverAddress === undefined || !token.addresses.includes(serverAddress)
      ) throw refuse("tokenWrongAddress");
    }
    switch (guard?.use(token.tokenId, token.expiresAt, nowMs)) {
      case "replayed":
        throw refuse("tokenReplayed");
      case "expired":
        throw refuse("tokenExpired");
      case "full":
        throw refuse("tokenGuardFull");
    }
    return token;
  }

  /**
   * Reads what a token says and does **not** verify it: anybody may have written
   * these bytes. It is for a client that wants to know its token's expiry.
   *
   * @param bytes One token and nothing after it, which are copied.
   * @returns The token.
   * @throws {ProtocolError} `tokenTruncated` if the bytes end too early,
   * `tokenMalformed` if they are no token otherwise, or more follows.
   */
  static fromBytes(bytes: Uint8Array): ConnectionToken {
    const token = ConnectionToken.tryFromBytes(bytes);
    if (typeof token === "string") {
      throw tokenError("read", token, bytes.length);
    }
    return token;
  }

  /**
   * Does what `fromBytes` does, also without verifying, and throws nothing for
   * whatever bytes.
   *
   * @param bytes One token and nothing after it, which are copied.
   * @returns The token, or what is wrong.
   * @throws {TypeError} If `bytes` is not a Uint8Array.
   */
  static tryFromBytes(
    bytes: Uint8Array,
  ): ConnectionToken | "tokenTruncated" | "tokenMalformed" {
    checkBytes(bytes, "read a token");
    if (bytes.length > MAX_TOKEN_BYTES) return "tokenMalformed";
    // The constructor copies whatever kind of array, where slice() of a Buffer of
    // Node's would not.
    const copy = new Uint8Array(bytes);
    const fields = parseToken(copy);
    return typeof fields === "string"
      ? fields
      : new ConnectionToken(fields, copy);
  }

  /**
   * Copies the token's bytes, the tag included. They are those that were issued or
   * read, also where the content of `tokenId` or `userData` was changed since.
   *
   * @returns Bytes that belong to the caller.
   */
  toBytes(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice();
  }

  /**
   * Tells whether the token has not expired yet, and nothing else: it may be
   * forged, or for another server.
   *
   * @param nowMs The time by the wall clock: epoch milliseconds.
   * @returns Whether `nowMs` is before `expiresAt`.
   */
  isValid(nowMs: number): boolean {
    return nowMs < this.expiresAt;
  }
}

/**
 * Imports a key, once for many tokens. What it returns cannot be exported again.
 *
 * @param raw 32 to 64 random bytes, which are copied; overwrite them if you like.
 * @returns A key of HMAC with SHA-256, which may sign and verify.
 * @throws {TypeError} If `raw` is not bytes.
 * @throws {RangeError} If `raw` does not have 32 to 64 bytes.
 *
 * @example A key from the surroundings
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { decodeHex } from "@std/encoding/hex";
 * import { importTokenKey } from "@tickwire/net/protocol";
 *
 * const secret = "8f".repeat(32); // Deno.env.get("TOKEN_KEY")
 * const key = await importTokenKey(decodeHex(secret));
 * assertEquals([key.extractable, key.usages], [false, ["sign", "verify"]]);
 * ```
 */
export async function importTokenKey(raw: Uint8Array): Promise<CryptoKey> {
  if (!(raw instanceof Uint8Array)) {
    throw new TypeError(
      "Cannot import a token key as it must be a Uint8Array or a CryptoKey",
    );
  }
  if (raw.length < MIN_KEY_BYTES || raw.length > MAX_KEY_BYTES) {
    throw new RangeError(
      `Cannot import a token key as it must have ${MIN_KEY_BYTES} to ${MAX_KEY_BYTES} bytes: current value is ${raw.length}`,
    );
  }
  return await crypto.subtle.importKey(
    "raw",
    new Uint8Array(raw),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign", "verify"],
  );
}

type TokenErrorCode = keyof typeof MESSAGES;

function tokenError(
  action: "read" | "verify",
  code: TokenErrorCode,
  byteLength: number,
): ProtocolError {
  return new ProtocolError(
    code,
    `Cannot ${action} the token of ${byteLength} bytes as ${MESSAGES[code]}`,
  );
}

function issueError(wanted: string, current: unknown): RangeError {
  return new RangeError(
    `Cannot issue a token as ${wanted}: current value is ${current}`,
  );
}

function isUint53(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function checkAddress(address: string): void {
  const byteLength = utf8Length(address);
  if (byteLength < 1 || byteLength > MAX_ADDRESS_BYTES) {
    throw issueError(
      `each of addresses must have 1 to ${MAX_ADDRESS_BYTES} bytes in UTF-8`,
      byteLength,
    );
  }
  // It would be written as another text, which no server is called.
  if (!address.isWellFormed()) {
    throw issueError(
      "each of addresses must be without unpaired surrogates",
      JSON.stringify(address),
    );
  }
}

function findKey(keys: TokenKeys, keyId: number): TokenKey | undefined {
  if (typeof keys === "function") return keys(keyId);
  return keys instanceof Map ? keys.get(keyId) : keys as TokenKey;
}

async function asTokenKey(
  key: TokenKey,
  usage: "sign" | "verify",
): Promise<CryptoKey> {
  if (!(key instanceof CryptoKey)) return await importTokenKey(key);
  // With another hash the platform makes other tags, without a word.
  const { name, hash, length } = key.algorithm as HmacKeyAlgorithm;
  if (
    name !== "HMAC" || hash.name !== "SHA-256" || length < MIN_KEY_BYTES * 8 ||
    !key.usages.includes(usage)
  ) {
    throw new TypeError(
      `Cannot ${usage} a token as the key must be of HMAC with SHA-256, have ${
        MIN_KEY_BYTES * 8
      } bits or more and be usable to ${usage}`,
    );
  }
  return key;
}

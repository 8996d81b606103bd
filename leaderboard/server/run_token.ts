// This module is browser compatible.
import {
  decodeBase64Url,
  encodeBase64Url,
  type PlayerId,
  type Random,
} from "../../core/mod.ts";

const VERSION = 1;
/** Version, issued, lifetime and id. */
const HEAD_BYTES = 1 + 6 + 4 + 16;
const MAC_BYTES = 32;
const TOKEN_BYTES = HEAD_BYTES + MAC_BYTES;
/** Of the token as text. */
export const RUN_TOKEN_LENGTH = Math.ceil(TOKEN_BYTES * 8 / 6);
const CONTEXT = "tickwire run";

const UTF8 = new TextEncoder();

/** A run, as its token tells. */
export interface Run {
  /** When the token was issued, in epoch milliseconds. */
  readonly issuedMs: number;
  /** When it ends. */
  readonly expiresMs: number;
  /** Its id: 32 hex digits. */
  readonly id: string;
}

/** What makes and checks the tokens of runs; PROTOCOL.md, section 5. */
export class RunTokens {
  readonly #secret: Uint8Array<ArrayBuffer> | CryptoKey;
  #imported: Promise<CryptoKey> | undefined;
  readonly #random: Random;

  /** Takes 32 to 64 bytes or a key of HMAC-SHA-256. */
  constructor(
    key: Uint8Array<ArrayBuffer> | CryptoKey,
    random: Random,
  ) {
    this.#secret = key;
    this.#random = random;
  }

  /** Makes the token of a run. The board is `title/board`, the lifetime at most 2^32 - 1. */
  async issue(
    board: string,
    playerId: PlayerId,
    issuedMs: number,
    lifetimeMs: number,
  ): Promise<string> {
    const token = new Uint8Array(TOKEN_BYTES);
    const view = new DataView(token.buffer);
    view.setUint8(0, VERSION);
    view.setUint16(1, Math.floor(issuedMs / 2 ** 32));
    view.setUint32(3, issuedMs % 2 ** 32);
    view.setUint32(7, lifetimeMs);
    this.#random.fill(token.subarray(11, HEAD_BYTES));
    const head = token.slice(0, HEAD_BYTES);
    const mac = await crypto.subtle.sign(
      "HMAC",
      await this.#key(),
      signedBytes(head, board, playerId),
    );
    token.set(new Uint8Array(mac), HEAD_BYTES);
    return encodeBase64Url(token);
  }

  /** Reads a token; `undefined` if it is none of these for this board and player. Its time may be over. */
  async verify(
    text: string,
    board: string,
    playerId: PlayerId,
  ): Promise<Run | undefined> {
    if (text.length !== RUN_TOKEN_LENGTH) return undefined;
    const token = decodeBase64Url(text);
    if (token?.length !== TOKEN_BYTES || token[0] !== VERSION) return undefined;
    const head = token.slice(0, HEAD_BYTES);
    // Web Crypto compares in constant time.
    const isAuthentic = await crypto.subtle.verify(
      "HMAC",
      await this.#key(),
      token.slice(HEAD_BYTES),
      signedBytes(head, board, playerId),
    );
    if (!isAuthentic) return undefined;
    const view = new DataView(head.buffer);
    const issuedMs = view.getUint16(1) * 2 ** 32 + view.getUint32(3);
    return {
      issuedMs,
      expiresMs: issuedMs + view.getUint32(7),
      id: toHex(head.subarray(11)),
    };
  }

  #key(): Promise<CryptoKey> {
    const secret = this.#secret;
    this.#imported ??= secret instanceof Uint8Array
      ? importKey(secret)
      : Promise.resolve(secret);
    return this.#imported;
  }
}

function signedBytes(
  head: Uint8Array,
  board: string,
  playerId: PlayerId,
): Uint8Array<ArrayBuffer> {
  const context = UTF8.encode(CONTEXT);
  const names = [UTF8.encode(board), UTF8.encode(playerId)];
  const byteLength = names.reduce((sum, name) => sum + 2 + name.length, 0);
  const bytes = new Uint8Array(context.length + head.length + byteLength);
  bytes.set(context);
  bytes.set(head, context.length);
  let at = context.length + head.length;
  for (const name of names) {
    new DataView(bytes.buffer).setUint16(at, name.length);
    bytes.set(name, at + 2);
    at += 2 + name.length;
  }
  return bytes;
}

async function importKey(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<CryptoKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", bytes, algorithm, false, [
    "sign",
    "verify",
  ]);
}

function toHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += byte.toString(16).padStart(2, "0");
  return text;
}

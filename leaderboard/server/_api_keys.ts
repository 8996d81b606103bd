// This module is browser compatible.
import type { Role } from "./call.ts";
import type { ApiKey } from "./server_options.ts";

/** What can be an API key: it is a field of a header. */
const KEY = /^[\x21-\x7e]{1,256}$/;
/** Of a key that opens more than what ships in every game, so that none can be guessed. */
const MIN_SECRET_LENGTH = 16;
/** The most keys: each request is compared with all of them. */
const MAX_KEYS = 1_000;

const UTF8 = new TextEncoder();

/** What a key opens. */
export interface Access {
  readonly title: string;
  readonly role: Role;
}

interface KnownKey {
  readonly access: Access;
  readonly digest: Uint8Array;
}

/**
 * The API keys of a server. What a request brings is digested with a random key of this process first, and the digest
 * compared with those of all keys to the end: how long that takes tells nothing of a key. Those of games are no secret,
 * come with most requests, and are just looked up.
 */
export class ApiKeys {
  readonly #games = new Map<string, Access>();
  readonly #keys: readonly ApiKey[];
  #known: Promise<readonly KnownKey[]> | undefined;
  #salt: Promise<CryptoKey> | undefined;

  /** Takes keys that {@linkcode checkApiKeys} has passed. */
  constructor(keys: readonly ApiKey[]) {
    this.#keys = keys.filter(({ role }) => role !== "game");
    for (const { key, title = "main", role } of keys) {
      if (role === "game") this.#games.set(key, { title, role });
    }
  }

  /** What a key opens; `undefined` if it is none. */
  async find(text: string | null): Promise<Access | undefined> {
    if (text === null || !KEY.test(text)) return undefined;
    const game = this.#games.get(text);
    if (game !== undefined) return game;
    this.#known ??= Promise.all(this.#keys.map((key) => this.#know(key)));
    const [digest, known] = await Promise.all([
      this.#digest(text),
      this.#known,
    ]);
    let found: Access | undefined;
    for (const { access, digest: other } of known) {
      let difference = 0;
      for (let i = 0; i < digest.length; i++) {
        difference |= digest[i]! ^ other[i]!;
      }
      if (difference === 0) found = access;
    }
    return found;
  }

  async #know({ key, title = "main", role }: ApiKey): Promise<KnownKey> {
    return { access: { title, role }, digest: await this.#digest(key) };
  }

  async #digest(text: string): Promise<Uint8Array> {
    const key = await (this.#salt ??= hmacKey());
    return new Uint8Array(
      await crypto.subtle.sign("HMAC", key, UTF8.encode(text)),
    );
  }
}

/** Refuses keys that are none, by throwing; what they are is not in the message. */
export function checkApiKeys(keys: readonly ApiKey[]): readonly ApiKey[] {
  if (keys.length === 0 || keys.length > MAX_KEYS) {
    throw new RangeError(
      `Cannot use apiKeys as there must be 1 to ${MAX_KEYS} of them: current length is ${keys.length}`,
    );
  }
  keys.forEach(({ key, role }, i) => {
    if (!KEY.test(key)) {
      throw new RangeError(
        `Cannot use apiKeys[${i}] as key must be 1 to 256 visible ASCII characters`,
      );
    }
    if (role !== "game" && role !== "server" && role !== "admin") {
      throw new RangeError(
        `Cannot use apiKeys[${i}] as role must be "game", "server" or "admin": current value is "${role}"`,
      );
    }
    if (role !== "game" && key.length < MIN_SECRET_LENGTH) {
      throw new RangeError(
        `Cannot use apiKeys[${i}] as key must be at least ${MIN_SECRET_LENGTH} characters for the role "${role}"`,
      );
    }
  });
  if (new Set(keys.map(({ key }) => key)).size < keys.length) {
    throw new RangeError("Cannot use apiKeys as each must be there once");
  }
  return keys;
}

async function hmacKey(): Promise<CryptoKey> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", bytes, algorithm, false, [
    "sign",
  ]);
}

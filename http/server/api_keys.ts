// This module is browser compatible.

/** The title of a server that has no keys. */
export const MAIN_TITLE = "main";
/** The role of keys that ship in a game, and so are no secret. */
const PUBLIC_ROLE = "game";
const TITLE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
/** What can be an API key: it is a field of a header. */
const KEY = /^[\x21-\x7e]{1,256}$/;
/** Of a key that opens more than what ships in every game, so that none can be guessed. */
const MIN_SECRET_LENGTH = 16;
/** The most keys: each request is compared with all of them. */
const MAX_KEYS = 1_000;

const UTF8 = new TextEncoder();

/** An API key and what it opens. */
export interface TitleKey<Role extends string> {
  /** 1 to 256 visible ASCII characters; at least 16 if the role is not `"game"`. */
  readonly key: string;
  /** The title; `"main"` by default. */
  readonly title?: string;
  /** What it lets do. */
  readonly role: Role;
}

/** What a key opens. */
export interface Access<Role extends string> {
  readonly title: string;
  readonly role: Role;
}

interface KnownKey<Role extends string> {
  readonly access: Access<Role>;
  readonly digest: Uint8Array;
}

/**
 * The API keys of a server. What a request brings is digested with a random key of this process first, and the digest
 * compared with those of all keys to the end: how long that takes tells nothing of a key. Those of games are no secret,
 * come with most requests, and are just looked up.
 */
export class ApiKeys<Role extends string> {
  readonly #games = new Map<string, Access<Role>>();
  readonly #keys: readonly TitleKey<Role>[];
  #known: Promise<readonly KnownKey<Role>[]> | undefined;
  #salt: Promise<CryptoKey> | undefined;

  /** Takes keys that {@linkcode checkApiKeys} has passed. */
  constructor(keys: readonly TitleKey<Role>[]) {
    this.#keys = keys.filter(({ role }) => role !== PUBLIC_ROLE);
    for (const { key, title = MAIN_TITLE, role } of keys) {
      if (role === PUBLIC_ROLE) this.#games.set(key, { title, role });
    }
  }

  /** What a key opens; `undefined` if it is none. */
  async find(text: string | null): Promise<Access<Role> | undefined> {
    if (text === null || !KEY.test(text)) return undefined;
    const game = this.#games.get(text);
    if (game !== undefined) return game;
    this.#known ??= Promise.all(this.#keys.map((key) => this.#know(key)));
    const [digest, known] = await Promise.all([
      this.#digest(text),
      this.#known,
    ]);
    let found: Access<Role> | undefined;
    for (const { access, digest: other } of known) {
      let difference = 0;
      for (let i = 0; i < digest.length; i++) {
        difference |= digest[i]! ^ other[i]!;
      }
      if (difference === 0) found = access;
    }
    return found;
  }

  async #know(
    { key, title = MAIN_TITLE, role }: TitleKey<Role>,
  ): Promise<KnownKey<Role>> {
    return { access: { title, role }, digest: await this.#digest(key) };
  }

  async #digest(text: string): Promise<Uint8Array> {
    const key = await (this.#salt ??= hmacKey());
    return new Uint8Array(
      await crypto.subtle.sign("HMAC", key, UTF8.encode(text)),
    );
  }
}

/**
 * Refuses keys that are none; what they are is not in the message.
 *
 * @param keys The option `apiKeys` of a server.
 * @param roles The roles that there are, `"game"` among them.
 * @throws {RangeError} If there are none or too many, one is there twice, or one is not what it must be.
 */
export function checkApiKeys<Role extends string>(
  keys: readonly TitleKey<Role>[],
  roles: readonly Role[],
): void {
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
    if (!roles.includes(role)) {
      throw new RangeError(
        `Cannot use apiKeys[${i}] as role must be ${
          orList(roles)
        }: current value is "${role}"`,
      );
    }
    if (role !== PUBLIC_ROLE && key.length < MIN_SECRET_LENGTH) {
      throw new RangeError(
        `Cannot use apiKeys[${i}] as key must be at least ${MIN_SECRET_LENGTH} characters for the role "${role}"`,
      );
    }
  });
  if (new Set(keys.map(({ key }) => key)).size < keys.length) {
    throw new RangeError("Cannot use apiKeys as each must be there once");
  }
}

/**
 * Lists the titles of a server.
 *
 * @param keys The option `apiKeys` of a server.
 * @returns Each once: `"main"` alone where there are no keys.
 * @throws {RangeError} If one is not 1 to 64 of `A–Z a–z 0–9 . _ -`, beginning with a letter or digit.
 */
export function titlesOf(
  keys: readonly TitleKey<string>[] | undefined,
): readonly string[] {
  const titles = new Set(
    keys?.map(({ title }) => title ?? MAIN_TITLE) ?? [MAIN_TITLE],
  );
  for (const title of titles) {
    if (typeof title !== "string" || !TITLE.test(title)) {
      throw new RangeError(
        'Cannot use apiKeys as each title must be 1 to 64 letters, digits, ".", "_" and "-"',
      );
    }
  }
  return [...titles];
}

function orList(texts: readonly string[]): string {
  const quoted = texts.map((text) => `"${text}"`);
  const last = quoted.pop();
  return quoted.length === 0 ? `${last}` : `${quoted.join(", ")} or ${last}`;
}

async function hmacKey(): Promise<CryptoKey> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return await crypto.subtle.importKey("raw", bytes, algorithm, false, [
    "sign",
  ]);
}

import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";
import { DatabaseSync } from "node:sqlite";

/** The least that is recommended for scrypt (OWASP, "Password Storage Cheat Sheet"): 32 MiB and 0.4 s of a core. */
const DEFAULT_COST: PasswordCost = { N: 2 ** 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Each takes its memory: others wait, but not too many. */
const MAX_HASHING = 2;
const MAX_WAITING = 32;

/** What a hash costs: memory is 128 · N · r bytes, time N · r · p. */
export interface PasswordCost {
  /** A power of two. */
  readonly N: number;
  /** The size of a block. */
  readonly r: number;
  /** How often. */
  readonly p: number;
}

/** Options for {@linkcode Accounts}. */
export interface AccountsOptions {
  /** The file, or `":memory:"`. */
  readonly path: string;
  /** What a new hash costs; old ones keep theirs. Only tests make it cheap. */
  readonly cost?: PasswordCost;
}

/** What became of a call: an account's number, or why there is none. `"busy"`: too many wait for their hash. */
export type AccountAnswer = bigint | "taken" | "wrong" | "busy";

interface Row {
  readonly id: number;
  readonly salt: Uint8Array;
  readonly hash: Uint8Array;
  readonly cost: string;
}

/** Names and passwords, in SQLite. Passwords are kept as salted hashes that are slow to make. */
export class Accounts implements Disposable {
  readonly #database: DatabaseSync;
  readonly #cost: PasswordCost;
  /** What a password is compared with where there is no such account: nobody's. */
  readonly #nobody: Row;
  #hashing = 0;
  readonly #waiting: (() => void)[] = [];

  /**
   * Opens the accounts.
   *
   * @param options Where they are.
   */
  constructor(options: AccountsOptions) {
    this.#cost = options.cost ?? DEFAULT_COST;
    this.#nobody = {
      id: 0,
      salt: randomBytes(SALT_BYTES),
      hash: randomBytes(HASH_BYTES),
      cost: JSON.stringify(this.#cost),
    };
    this.#database = new DatabaseSync(options.path);
    this.#database.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE IF NOT EXISTS account (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        salt BLOB NOT NULL,
        hash BLOB NOT NULL,
        cost TEXT NOT NULL
      ) STRICT`);
  }

  /**
   * Makes an account.
   *
   * @param name Its name.
   * @param password Its password.
   * @returns Its number; `"taken"` if there is one of that name.
   */
  async register(name: string, password: string): Promise<AccountAnswer> {
    const salt = randomBytes(SALT_BYTES);
    const hash = await this.#hash(password, salt, this.#cost);
    if (hash === undefined) return "busy";
    // The name is asked for when all is known: two may want it at once.
    const { changes, lastInsertRowid } = this.#database.prepare(
      "INSERT INTO account (name, salt, hash, cost) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    ).run(name, salt, hash, JSON.stringify(this.#cost));
    return changes === 0 ? "taken" : BigInt(lastInsertRowid);
  }

  /**
   * Checks a password. Whether there is such an account can be told neither by the answer
   * nor by how long it takes.
   *
   * @param name An account's name, maybe.
   * @param password Its password, maybe.
   * @returns Its number; `"wrong"` if one or the other is not right.
   */
  async check(name: string, password: string): Promise<AccountAnswer> {
    const row = this.#database.prepare(
      "SELECT id, salt, hash, cost FROM account WHERE name = ?",
    ).get(name) as Row | undefined;
    const { salt, hash, cost } = row ?? this.#nobody;
    const given = await this.#hash(password, salt, JSON.parse(cost));
    if (given === undefined) return "busy";
    const isRight = timingSafeEqual(given, hash);
    return isRight && row !== undefined ? BigInt(row.id) : "wrong";
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#database.close();
  }

  /** Hashes beside the event loop, a few at a time; `undefined` if too many wait. */
  async #hash(
    password: string,
    salt: Uint8Array,
    cost: PasswordCost,
  ): Promise<Uint8Array | undefined> {
    if (this.#hashing === MAX_HASHING) {
      if (this.#waiting.length === MAX_WAITING) return undefined;
      // Whoever is done hands its place on.
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#hashing++;
    }
    try {
      return await hashOf(password, salt, cost);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#hashing--;
      else next();
    }
  }
}

function hashOf(
  password: string,
  salt: Uint8Array,
  cost: PasswordCost,
): Promise<Uint8Array> {
  // The same letters may be written in more than one way.
  const text = password.normalize("NFC");
  const options = { ...cost, maxmem: 256 * cost.N * cost.r };
  return new Promise((resolve, reject) => {
    scrypt(text, salt, HASH_BYTES, options, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

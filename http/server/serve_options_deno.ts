/**
 * Reads what the `serve` entries of the package are told by command line, environment and files. What it throws is for
 * people, and has no key in it.
 *
 * @module
 */

import { checkApiKeys, type TitleKey } from "./api_keys.ts";

const KEY_ENTRY =
  /^([A-Za-z0-9][A-Za-z0-9._-]{0,63}):([a-z]+):([\x21-\x7e]{1,256})$/;
/** What ships in a game is no secret, and may be shorter. */
const MIN_SECRET_LENGTH = 16;

/**
 * Reads an integer of decimal digits.
 *
 * @param name The option's name, without dashes.
 * @param text What it says.
 * @param min The least, 0 or more.
 * @param max The most.
 * @throws {SyntaxError} If it is none, or outside of the bounds.
 */
export function readInteger(
  name: string,
  text: string,
  min: number,
  max: number,
): number {
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new SyntaxError(
    `Cannot serve as --${name} must be an integer from ${min} to ${max}: current value is "${text}"`,
  );
}

/** Where API keys come from. */
export interface KeySources<Role extends string> {
  /** The environment's `TICKWIRE_API_KEYS`: keys separated by commas. */
  readonly variable: string | undefined;
  /** The file of `--keys`: one a line, `#` begins a comment. */
  readonly file: string | undefined;
  /** The roles that there are. */
  readonly roles: readonly Role[];
}

/**
 * Reads API keys, each written as `title:role:key`.
 *
 * @param sources Where they come from.
 * @returns A promise of them, or of `undefined` if there is no source. It rejects with a `SyntaxError` if one is written
 * wrongly or there is none, and with a `RangeError` if there are too many or one is there twice.
 */
export async function readApiKeys<Role extends string>(
  { variable, file, roles }: KeySources<Role>,
): Promise<TitleKey<Role>[] | undefined> {
  if (variable === undefined && file === undefined) return undefined;
  const keys: TitleKey<Role>[] = [];
  const add = (source: string, texts: readonly string[]): void => {
    for (const [i, text] of texts.entries()) {
      const entry = text.trim();
      if (entry === "" || entry.startsWith("#")) continue;
      const key = parseKey(entry, roles);
      if (key === undefined) {
        throw new SyntaxError(
          `Cannot serve as key ${
            i + 1
          } of ${source} must be title:role:key with the role ${
            roles.slice(0, -1).join(", ")
          } or ${
            roles.at(-1)
          }, and a key of visible ASCII characters, ${MIN_SECRET_LENGTH} or more if it is not for the game`,
        );
      }
      keys.push(key);
    }
  };
  if (variable !== undefined) add("TICKWIRE_API_KEYS", variable.split(","));
  if (file !== undefined) {
    add("--keys", (await readTextFile("keys", file)).split("\n"));
  }
  if (keys.length === 0) {
    throw new SyntaxError("Cannot serve as there must be at least one API key");
  }
  checkApiKeys(keys, roles);
  return keys;
}

/**
 * Reads a file of JSON that an option names.
 *
 * @param name The option's name, without dashes.
 * @param file The file.
 * @returns A promise of its value. It rejects with a `SyntaxError`.
 */
export async function readJsonFile(
  name: string,
  file: string,
): Promise<unknown> {
  const text = await readTextFile(name, file);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot serve as the file of --${name} must be JSON: ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
}

async function readTextFile(name: string, file: string): Promise<string> {
  try {
    return await Deno.readTextFile(file);
  } catch (cause) {
    throw new SyntaxError(
      `Cannot serve as the file of --${name} must be readable: ${
        (cause as Error).message
      }`,
      { cause },
    );
  }
}

function parseKey<Role extends string>(
  entry: string,
  roles: readonly Role[],
): TitleKey<Role> | undefined {
  const [, title, name, key] = KEY_ENTRY.exec(entry) ?? [];
  const role = roles.find((it) => it === name);
  if (title === undefined || key === undefined || role === undefined) {
    return undefined;
  }
  return role === "game" || key.length >= MIN_SECRET_LENGTH
    ? { title, role, key }
    : undefined;
}

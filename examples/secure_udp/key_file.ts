/**
 * The private keys, which the login server and the game servers share.
 *
 * @module
 */

import { decodeBase64, encodeBase64 } from "../../core/mod.ts";
import { generateKey } from "../../transport/netcode.ts";

/** Where keys are looked for before the file: where servers get their secrets by their environment. */
export const KEYS_VARIABLE = "NETCODE_PRIVATE_KEYS";

const KEY_BYTES = 32;
const MAX_KEYS = 8;
/** All but the owner's. */
const OTHERS_MODE = 0o077;

/**
 * Reads the private keys: of the environment, or else of a file, which is made with a new
 * key where there is none, for its owner's eyes only.
 *
 * @param path The file: one key in base64 a line, the newest first.
 * @param variable What {@linkcode KEYS_VARIABLE} says: the same, or with spaces in between.
 * @returns 1 to 8 keys.
 * @throws {Error} If others may read the file, or it holds something else. No message has a key in it.
 */
export async function readPrivateKeys(
  path: string,
  variable: string | undefined = Deno.env.get(KEYS_VARIABLE),
): Promise<Uint8Array[]> {
  if (variable !== undefined && variable !== "") {
    return parseKeys(variable, KEYS_VARIABLE);
  }
  await makeIfMissing(path);
  // The file whose mode is looked at is the one that is read, whatever is put in its place.
  using file = await Deno.open(path);
  const { mode } = await file.stat();
  // Windows has no modes.
  if (mode !== null && (mode & OTHERS_MODE) !== 0) {
    const shown = (mode & 0o777).toString(8);
    throw new Error(
      `Cannot use the keys of "${path}" as its mode must be 600: current value is ${shown}`,
    );
  }
  return parseKeys(await new Response(file.readable).text(), `"${path}"`);
}

/** Makes the file whole or not at all, as two servers may start at once. */
async function makeIfMissing(path: string): Promise<void> {
  try {
    await Deno.stat(path);
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const made = `${path}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(
    made,
    `${encodeBase64(generateKey())}\n`,
    {
      createNew: true,
      mode: 0o600,
    },
  );
  try {
    await Deno.link(made, path);
  } catch (error) {
    // The other one was faster: its key counts.
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  } finally {
    await Deno.remove(made);
  }
}

function parseKeys(text: string, where: string): Uint8Array[] {
  const words = text.split(/\s+/).filter((word) => word !== "");
  if (words.length < 1 || words.length > MAX_KEYS) {
    throw new Error(
      `Cannot use the keys of ${where} as they must be 1 to ${MAX_KEYS}: current value is ${words.length}`,
    );
  }
  return words.map((word, index) => {
    const key = decodeBase64(word);
    if (key?.length === KEY_BYTES) return key;
    throw new Error(
      `Cannot use key ${
        index + 1
      } of ${where} as it must be ${KEY_BYTES} bytes in base64`,
    );
  });
}

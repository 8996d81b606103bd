// This module is browser compatible.
import { KEY_BYTES } from "./_sizes.ts";

/**
 * Makes a key: 32 bytes of the runtime's secure random numbers.
 *
 * The login server seals its tokens with it, and every game server opens them with it
 * ({@linkcode NetcodeServerOptions.privateKeys}): whoever has it can let anybody in. It
 * belongs in the secret store of both, and in no log, no repository and no client.
 *
 * @returns A key of its own for each call, the caller's.
 *
 * @example A key to be stored
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * import { generateKey } from "@tickwire/net/transport/netcode";
 *
 * const key = generateKey();
 * assertEquals(key.length, 32);
 * assertNotEquals(key, generateKey());
 * ```
 */
export function generateKey(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(KEY_BYTES));
}

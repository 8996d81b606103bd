// This module is browser compatible.
import { KEY_BYTES } from "./_sizes.ts";

/**
 * Checks that something is bytes: a text would pass for some, and its letters for zeros.
 * What it is instead is not shown, as it may be a secret in another form.
 *
 * @param action What cannot be done without it: `"issue a token"`.
 * @throws {TypeError} If it is no `Uint8Array`.
 */
export function checkBytes(
  action: string,
  name: string,
  bytes: Uint8Array,
): void {
  if (bytes instanceof Uint8Array) return;
  throw new TypeError(
    `Cannot ${action} as ${name} must be a Uint8Array: current value is a ${typeof bytes}`,
  );
}

/**
 * Checks a private key, and does not show it.
 *
 * @param action What cannot be done without it: `"issue a token"`.
 * @returns The key.
 * @throws {TypeError} If it is no `Uint8Array`.
 * @throws {RangeError} If it is not 32 bytes long.
 */
export function checkKey(
  action: string,
  name: string,
  key: Uint8Array,
): Uint8Array {
  checkBytes(action, name, key);
  if (key.length === KEY_BYTES) return key;
  throw new RangeError(
    `Cannot ${action} as ${name} must be ${KEY_BYTES} bytes long: current value is ${key.length}`,
  );
}

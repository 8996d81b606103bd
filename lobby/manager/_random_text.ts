// This module is browser compatible.

/** Crockford's base 32: nothing that is read as something else. */
const CODE_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Makes text that nobody can guess, with 5 bits in each letter. */
export function randomText(length: number): string {
  let text = "";
  for (const byte of crypto.getRandomValues(new Uint8Array(length))) {
    text += CODE_LETTERS[byte & 31];
  }
  return text;
}

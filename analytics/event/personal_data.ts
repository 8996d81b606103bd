// This module is browser compatible.
import { findPersonalData } from "./_find_personal_data.ts";

/** What a text looks like: `"number"` is a long row of digits, `"token"` an id or a key. */
export type PersonalDataKind =
  | "email"
  | "ipAddress"
  | "macAddress"
  | "telephone"
  | "card"
  | "iban"
  | "socialSecurity"
  | "number"
  | "url"
  | "path"
  | "token";

/**
 * Tells whether a text has something in it that looks like personal data: e-mail addresses (also spelled out), IP and MAC
 * addresses, numbers of telephones, cards, bank accounts and social security, other long rows of digits, URLs with
 * credentials or of profiles, paths in home directories, UUIDs and other random ids. It stops accidents, such as a label
 * that is a player's name for himself; a name that looks like a word passes.
 *
 * @param text Any text. The time that it takes grows with its length, and no faster.
 * @returns What the first such thing looks like, or `undefined`.
 */
export function personalDataIn(text: string): PersonalDataKind | undefined {
  return findPersonalData(text)[0]?.kind;
}

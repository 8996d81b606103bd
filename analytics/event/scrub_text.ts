// This module is browser compatible.
import { findPersonalData } from "./_find_personal_data.ts";
import { plainForm } from "./_plain_form.ts";
import { shortenPaths } from "./_shorten_paths.ts";
import type { PersonalDataKind } from "./personal_data.ts";

const PLACEHOLDERS: Readonly<Record<PersonalDataKind, string>> = {
  email: "<e-mail>",
  ipAddress: "<address>",
  macAddress: "<address>",
  telephone: "<number>",
  card: "<number>",
  iban: "<number>",
  socialSecurity: "<number>",
  number: "<number>",
  url: "<url>",
  path: "<path>",
  token: "<id>",
};
/** What is left of a text may look like something again, but does so seldom twice. */
const MAX_ROUNDS = 4;
const WHOLLY = "<text>";

/**
 * Blanks what looks like personal data in a text that is not a label: the message of an error or its stack. Of paths and
 * URLs the last part stays, with its line and column, so that a stack can still be read. What has been scrubbed already is
 * not changed any more, as long as `maxLength` is not less.
 *
 * @param text Any text. The time that it takes grows with `maxLength` at most, and no faster.
 * @param maxLength The most characters of what is returned; what is longer is cut.
 * @returns The text, without personal data as far as that can be told.
 */
export function scrubText(text: string, maxLength: number): string {
  let scrubbed = text.slice(0, maxLength);
  for (let i = 0; i < MAX_ROUNDS; i++) {
    const before = scrubbed;
    // What is cut off may have told what is left.
    scrubbed = scrubOnce(before).slice(0, maxLength);
    if (scrubbed === before) return scrubbed;
  }
  return WHOLLY.slice(0, maxLength);
}

function scrubOnce(text: string): string {
  const plain = shortenPaths(plainForm(text));
  let scrubbed = "";
  let from = 0;
  for (const { kind, start, end } of findPersonalData(plain)) {
    scrubbed += plain.slice(from, start) + PLACEHOLDERS[kind];
    from = end;
  }
  return scrubbed + plain.slice(from);
}

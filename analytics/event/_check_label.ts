// This module is browser compatible.
import { personalDataIn, type PersonalDataKind } from "./personal_data.ts";

const MAX_LENGTH = 64;

// How often something is in a label, all in one number: eight bits for each.
const DIGIT = 1;
const DOT = 1 << 8;
const COLON = 1 << 16;
const CAPITAL = 1 << 24;
// What a character is.
const OTHER = 0;
const LETTER = 1;
const JOINER = 2;
const SLASH = 3;
const NEITHER = 4;

const COUNTS = new Int32Array(128);
const CLASSES = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const character = String.fromCharCode(c);
  if (/[A-Za-z0-9]/.test(character)) CLASSES[c] = LETTER;
  else if (/[_+-]/.test(character)) CLASSES[c] = JOINER;
  else if (character === "/") CLASSES[c] = SLASH;
  else if (/[ .:]/.test(character)) CLASSES[c] = NEITHER;
  else CLASSES[c] = OTHER;
  if (/[0-9]/.test(character)) COUNTS[c] = DIGIT;
  if (/[A-Z]/.test(character)) COUNTS[c] = CAPITAL;
}
COUNTS[0x2e] = DOT;
COUNTS[0x3a] = COLON;

// Below these there is nothing that the patterns would find.
const MANY_DIGITS = 8;
const MANY_CAPITALS = 3;
const TOKEN_DIGITS = 2;
const TOKEN_RUN = 12;
/** A MAC address with two dots. */
const MAC_LENGTH = 14;

/**
 * Whether a text is a label, and nobody's address or number: `undefined` if so, `"form"` if it is no label, or what it
 * looks like. Most labels are settled by going through them once; the patterns see only those with many digits, dots,
 * colons or long runs, paths from a root or behind a domain, or the words "at" and "dot".
 */
export function checkLabel(
  text: string,
): PersonalDataKind | "form" | undefined {
  const length = text.length;
  if (length === 0 || length > MAX_LENGTH) return "form";
  let counts = 0;
  let run = 0;
  let longest = 0;
  let hasAt = false;
  let hasPlace = false;
  let previous = 0x20;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    const kind = c < 128 ? CLASSES[c]! : OTHER;
    counts += COUNTS[c & 127]!;
    if (kind === LETTER) {
      run++;
      // The end of a word "at".
      if ((c | 0x20) === 0x74 && (previous | 0x20) === 0x61) hasAt = true;
    } else if (kind === JOINER) {
      run++;
    } else if (kind === OTHER) {
      // It is refused in any case: this is for the reason.
      return personalDataIn(text) ?? "form";
    } else {
      if (run > longest) longest = run;
      run = 0;
      if (kind === SLASH && !hasPlace) {
        // Behind a space, a colon, a slash or a plus, or after a dot.
        hasPlace = CLASSES[previous]! >= SLASH || previous === 0x2b ||
          (counts & 0xff00) !== 0;
      }
    }
    previous = c;
  }
  if (run > longest) longest = run;
  const digits = counts & 0xff;
  const dots = counts >> 8 & 0xff;
  const colons = counts >> 16 & 0xff;
  const capitals = counts >> 24;
  const isPlain = !hasPlace && digits < MANY_DIGITS && colons < 2 &&
    (dots < 2 || dots === 2 && length < MAC_LENGTH) &&
    (longest < TOKEN_RUN ||
      digits < TOKEN_DIGITS && capitals < MANY_CAPITALS) &&
    !(hasAt && (dots > 0 || /dot/i.test(text)));
  return isPlain ? undefined : personalDataIn(text);
}

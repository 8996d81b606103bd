// This module is browser compatible.
import { personalDataIn, type PersonalDataKind } from "./personal_data.ts";

const MAX_LENGTH = 64;

// How often something is in a label, all in one number: eight bits for each.
const DIGIT = 1;
const DOT = 1 << 8;
const COLON = 1 << 16;
const SLASH = 1 << 24;
// What a character is.
const OTHER = 0;
const LETTER = 1;
const JOINER = 2;
const NEITHER = 3;

const COUNTS = new Int32Array(128);
const CLASSES = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const character = String.fromCharCode(c);
  if (/[A-Za-z0-9]/.test(character)) CLASSES[c] = LETTER;
  else if (/[_+-]/.test(character)) CLASSES[c] = JOINER;
  else if (/[ .:/]/.test(character)) CLASSES[c] = NEITHER;
  else CLASSES[c] = OTHER;
  if (/[0-9]/.test(character)) COUNTS[c] = DIGIT;
}
COUNTS[0x2e] = DOT;
COUNTS[0x3a] = COLON;
COUNTS[0x2f] = SLASH;

/** As many digits as a telephone has, and a local one has no more than a date. */
const FEW_DIGITS = 8;
/** As many in a row as a token has. */
const LONG_RUN = 12;

/**
 * Whether a text is a label, and nobody's address or number: `undefined` if so, `"form"` if it is no label, or what it
 * looks like. Most labels are settled by going through them once; the patterns see only those with many digits, dots,
 * colons, long runs, slashes, or the words "at" and "dot".
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
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    const kind = c < 128 ? CLASSES[c]! : OTHER;
    counts += COUNTS[c & 127]!;
    if (kind === LETTER) {
      run++;
      // The end of a word "at".
      if (
        (c | 0x20) === 0x74 && i > 0 && (text.charCodeAt(i - 1) | 0x20) === 0x61
      ) hasAt = true;
    } else if (kind === JOINER) {
      run++;
    } else if (kind === OTHER) {
      // It is refused in any case: this is for the reason.
      return personalDataIn(text) ?? "form";
    } else {
      if (run > longest) longest = run;
      run = 0;
    }
  }
  if (run > longest) longest = run;
  const digits = counts & 0xff;
  const dots = counts >> 8 & 0xff;
  const colons = counts >> 16 & 0xff;
  const isPlain = digits < FEW_DIGITS && dots < 2 && colons < 2 &&
    counts < SLASH && (longest < LONG_RUN || !isMixed(text, digits)) &&
    !(hasAt && (dots > 0 || /dot/i.test(text)));
  return isPlain ? undefined : personalDataIn(text);
}

/** Whether a long run may be a token: one of small letters only may not. */
function isMixed(text: string, digits: number): boolean {
  if (digits >= 2) return true;
  let capitals = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c >= 65 && c <= 90) capitals++;
  }
  return capitals >= 3;
}

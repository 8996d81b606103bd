// This module is browser compatible.

const UNUSUAL = /[^\t\n -~]|%[2-7]/;
/** Half characters are not well-formed, and these end lines or are not seen. */
// deno-lint-ignore no-control-regex
const CONTROLS = /[\0-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]/g;
/** What is not seen at all: zero-width spaces and joiners, soft hyphens, marks of direction. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}]/gu;
/** Digits, spaces, dashes and the signs of addresses and paths, in all the forms that read as those of ASCII. */
const LOOKALIKES =
  /(?![\0-\x7f])[\p{Nd}\p{No}\p{Zs}\p{Pd}\u2024\u2044\u2212\u2215\u2216\u2236\u29f5\u29f8\u3002\ufe50-\ufe6f\uff01-\uff61\u{1d400}-\u{1d7ff}]/gu;
const ESCAPES = /%([2-7][0-9A-Fa-f])/g;
/** What an address, a number or a path is made of. */
const PART = /[\w@.:/\\+%-]/;
const ASCII = /^[ -~]+$/;
const SIGNS: Readonly<Record<string, string>> = {
  "\u2044": "/",
  "\u2212": "-",
  "\u2215": "/",
  "\u2216": "\\",
  "\u2236": ":",
  "\u29f5": "\\",
  "\u29f8": "/",
  "\u3002": ".",
  "\uff61": ".",
};

/**
 * A text as it reads: without what is not seen, with the digits and signs of ASCII in place of others, and with those that
 * are percent-encoded decoded, so that what looks for personal data need not know their disguises.
 */
export function plainForm(text: string): string {
  if (!UNUSUAL.test(text)) return text;
  return text.toWellFormed()
    .replace(CONTROLS, " ")
    .replace(INVISIBLE, "")
    .replace(LOOKALIKES, toAscii)
    .replace(ESCAPES, (escape, hex) => {
      const character = String.fromCharCode(parseInt(hex, 16));
      return PART.test(character) ? character : escape;
    });
}

function toAscii(character: string): string {
  // One character at a time: normalizing a whole text takes time that grows with the square of its marks.
  const normal = character.normalize("NFKC");
  if (ASCII.test(normal)) return normal;
  const sign = SIGNS[character];
  if (sign !== undefined) return sign;
  if (/\p{Pd}/u.test(character)) return "-";
  if (/\p{Zs}/u.test(character)) return " ";
  const code = character.codePointAt(0)!;
  return isDigit(code) ? digitOf(code) : character;
}

/** Which digit it is: the ten of a script follow each other, and so do scripts, seldom. */
function digitOf(code: number): string {
  let zero = code;
  while (isDigit(zero - 1)) zero--;
  return `${(code - zero) % 10}`;
}

function isDigit(code: number): boolean {
  return /\p{Nd}/u.test(String.fromCodePoint(code));
}

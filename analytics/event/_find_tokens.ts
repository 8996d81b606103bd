// This module is browser compatible.
import { addMatches, matchesOf, type Span } from "./_span.ts";

const UUID =
  /(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])/g;
/** Where words are joined by what base64url has too. */
const RUN = /[A-Za-z0-9_+=-]{12,}/g;
const PIECE = /[A-Za-z0-9]+/g;
/** "ABC", "Abc" or "abc"; the last capital of several begins the next word, as in "HTTPServer". */
const WORD = /[A-Z]+(?![a-z])|[A-Z]?[a-z]+/g;
const DIGIT = /[0-9]/g;
const CAPITAL = /[A-Z]/g;
const MIN_HEX = 12;
const MIN_TOKEN = 16;
/** Pieces that are shorter are names of rooms and models. */
const MIN_PIECE = 5;
const MIN_UNLIKE = 5;
/**
 * What words do not have, in languages with Latin letters: pairs such as "qx" and "zk", five consonants in a row, four
 * vowels.
 */
const UNLIKE_WORDS =
  /q[^u]|j[^aeiouyj]|v[^aeiouyrlnsv]|x[bdfgjkmnqrsvwz]|z[bcdfgjknpqrsvx]|[bcdfghjkmpqstvwyz]x|[bcfghkmpqtvwxy]j|[cfghjkmpqvwx]z|[^aeiouy]{5}|[aeiou]{4}|^[^aeiouy]*$/i;

/** UUIDs, and what looks drawn at random: hexadecimal, base32 and base64. */
export function findTokens(text: string, spans: Span[]): void {
  addMatches(text, UUID, "token", spans);
  for (const match of matchesOf(text, RUN)) {
    if (!isToken(match[0])) continue;
    spans.push({
      kind: "token",
      start: match.index,
      end: match.index + match[0].length,
    });
  }
}

function isToken(run: string): boolean {
  // Words are written in small letters, but for a few.
  if (count(run, DIGIT) < 2 && count(run, CAPITAL) < 3) return false;
  let total = 0;
  let letters = 0;
  let unlike = 0;
  for (const [piece] of matchesOf(run, PIECE)) {
    if (isHex(piece)) return true;
    total += piece.length;
    for (const [word] of matchesOf(piece, WORD)) {
      letters += word.length;
      if (piece.length < MIN_PIECE) continue;
      if (word.length < 3 || UNLIKE_WORDS.test(word)) unlike += word.length;
    }
  }
  return total >= MIN_TOKEN && unlike >= MIN_UNLIKE && unlike * 4 >= letters;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}

function isHex(piece: string): boolean {
  // An account of a chain, or a pointer.
  const start = piece.startsWith("0x") ? 2 : 0;
  const length = piece.length - start;
  if (length < MIN_HEX) return false;
  let digits = 0;
  for (let i = start; i < piece.length; i++) {
    const c = piece.charCodeAt(i);
    if (c <= 57) digits++;
    else if ((c | 0x20) > 102) return false;
  }
  return digits >= 2 && digits < length;
}

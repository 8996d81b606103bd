// This module is browser compatible.
import { addMatches, type Span } from "./_span.ts";

const UUID =
  /(?<![0-9A-Fa-f])[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}(?![0-9A-Fa-f])/g;
/** Where words are joined by what base64url has too. */
const RUN = /[A-Za-z0-9_+=-]{12,}/g;
const PIECE = /[A-Za-z0-9]+/g;
const MIN_HEX = 12;
const MIN_TOKEN = 16;
/** Pieces that are shorter are names of rooms and models. */
const MIN_PIECE = 6;
/** So many consonants in a row no word has. */
const MAX_CONSONANTS = 6;

/** UUIDs, and what looks drawn at random: hexadecimal, base32 and base64. */
export function findTokens(text: string, spans: Span[]): void {
  addMatches(text, UUID, "token", spans);
  for (const match of text.matchAll(RUN)) {
    if (!isToken(match[0])) continue;
    spans.push({
      kind: "token",
      start: match.index,
      end: match.index + match[0].length,
    });
  }
}

function isToken(run: string): boolean {
  let total = 0;
  let unlike = 0;
  for (const [piece] of run.matchAll(PIECE)) {
    if (isHex(piece)) return true;
    total += piece.length;
    if (piece.length >= MIN_PIECE) unlike += unlikeWords(piece);
  }
  return total >= MIN_TOKEN && unlike >= MIN_PIECE && unlike * 4 >= total;
}

function isHex(piece: string): boolean {
  if (piece.length < MIN_HEX) return false;
  let digits = 0;
  for (let i = 0; i < piece.length; i++) {
    const c = piece.charCodeAt(i);
    if (c <= 57) digits++;
    else if ((c | 0x20) > 102) return false;
  }
  return digits >= 2 && digits < piece.length;
}

/** How many letters are in no stretch that could be a word: "Abc", "abc" or "ABC". */
function unlikeWords(piece: string): number {
  let unlike = 0;
  let i = 0;
  while (i < piece.length) {
    if (kindAt(piece, i) === "digit") {
      i++;
      continue;
    }
    const start = i;
    if (kindAt(piece, i) === "upper") {
      while (kindAt(piece, i) === "upper") i++;
      // The last of several begins the next word, as in "HTTPServer".
      if (kindAt(piece, i) === "lower" && i - start > 1) i--;
      else while (kindAt(piece, i) === "lower") i++;
    } else {
      while (kindAt(piece, i) === "lower") i++;
    }
    if (i - start < 3 || !isPronounceable(piece, start, i)) unlike += i - start;
  }
  return unlike;
}

function isPronounceable(piece: string, start: number, end: number): boolean {
  let consonants = 0;
  for (let i = start; i < end; i++) {
    if ("aeiouyAEIOUY".includes(piece[i]!)) consonants = 0;
    else if (++consonants >= MAX_CONSONANTS) return false;
  }
  return true;
}

function kindAt(
  piece: string,
  i: number,
): "digit" | "upper" | "lower" | "end" {
  const c = piece.charCodeAt(i);
  if (c >= 97) return "lower";
  if (c >= 65) return "upper";
  return c >= 48 ? "digit" : "end";
}

// This module is browser compatible.
import { matchesOf, type Span } from "./_span.ts";

/** What may stand around an "at" or a "dot" that is spelled out. */
const GAP = /^[ _()[\]{}<>-]{1,3}$/;
const WORD = /[A-Za-z0-9]+/g;
const MAX_LABELS = 8;
/** Ends of domains that are common, and not those of files of source ("at main.rs"). */
const TOP_LEVEL = new Set(
  ("com net org edu gov mil int info biz name io gg dev app xyz online site " +
    "co uk de fr it es pt nl be lu ch at li dk se fi no pl cz sk hu ro bg gr ie is " +
    "eu us ca mx br ar cl au nz jp cn kr tw hk sg in id th vn ph my tr ru ua by kz " +
    "il ae sa eg za ng ke tv me").split(" "),
);

/** E-mail addresses, also such as "ada at example dot com". */
export function findEmails(text: string, spans: Span[]): void {
  let from = 0;
  for (let i = text.indexOf("@"); i >= 0; i = text.indexOf("@", i + 1)) {
    const span = spanAround(text, i, from);
    from = i + 1;
    if (span === undefined) continue;
    spans.push(span);
    from = span.end;
  }
  if (/(?<![A-Za-z])at(?![A-Za-z])/i.test(text)) findSpelled(text, spans);
}

function spanAround(
  text: string,
  at: number,
  from: number,
): Span | undefined {
  let left = at;
  let right = at + 1;
  const isSpaced = text[at - 1] === " " || text[at + 1] === " ";
  if (text[at - 1] === " ") left--;
  if (text[at + 1] === " ") right++;
  let start = left;
  while (start > from && isLocal(text.charCodeAt(start - 1))) start--;
  let end = right;
  while (end < text.length && isDomain(text.charCodeAt(end))) end++;
  // What ends a sentence is none of it.
  while (end > right && (text[end - 1] === "." || text[end - 1] === "-")) end--;
  if (start === left || end === right) return undefined;
  const domain = text.slice(right, Math.min(end, right + 256));
  const top = domain.slice(domain.lastIndexOf(".") + 1).toLowerCase();
  if (isSpaced) {
    if (!domain.includes(".") || !TOP_LEVEL.has(top)) return undefined;
  } else if (!hasLetter(domain)) return undefined; // A package and its version.
  return { kind: "email", start, end };
}

function findSpelled(text: string, spans: Span[]): void {
  const words = [...matchesOf(text, WORD)].map((match) => ({
    text: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
  function gap(i: number): string {
    // Long ones are none, and are not copied.
    const { end } = words[i]!;
    return text.slice(end, Math.min(words[i + 1]?.start ?? end, end + 4));
  }
  for (let i = 1; i < words.length - 1; i++) {
    if (words[i]!.text !== "at") continue;
    if (!GAP.test(gap(i - 1)) || !GAP.test(gap(i))) continue;
    let last = -1;
    let labels = 1;
    let j = i + 1;
    while (labels < MAX_LABELS && j + 1 < words.length) {
      if (gap(j) === ".") j++;
      else if (
        words[j + 1]!.text === "dot" && j + 2 < words.length &&
        GAP.test(gap(j)) && GAP.test(gap(j + 1))
      ) j += 2;
      else if (gap(j) === "-" && words[j + 1]!.text !== "at") {
        j++;
        continue;
      } else break;
      labels++;
      if (TOP_LEVEL.has(words[j]!.text)) last = j;
    }
    if (last < 0) continue;
    let first = i - 1;
    for (let k = 0; k < MAX_LABELS && first > 0; k++) {
      if (gap(first - 1) === "." || gap(first - 1) === "_") first--;
      else if (words[first - 1]!.text === "dot" && first > 1) first -= 2;
      else break;
    }
    spans.push({
      kind: "email",
      start: words[first]!.start,
      end: words[last]!.end,
    });
    i = last;
  }
}

function hasLetter(text: string): boolean {
  return /[A-Za-z\u0080-\uffff]/.test(text);
}

/** RFC 5321 allows more; no text of a game has it. */
function isLocal(c: number): boolean {
  return isDomain(c) || c === 0x2b || c === 0x5f || c === 0x25 || c === 0x27;
}

function isDomain(c: number): boolean {
  return c >= 48 && c <= 57 || c >= 65 && c <= 90 || c >= 97 && c <= 122 ||
    c === 0x2d || c === 0x2e || c > 0xa0;
}

// This module is browser compatible.
import { matchesOf, type Span } from "./_span.ts";
import type { PersonalDataKind } from "./personal_data.ts";

/** So many digits in a row count nothing in a game that a label would have to say; eight may be a date. */
const LONG_RUN = 9;
/** So many, with gaps between them, are a number that somebody dials or pays with. */
const LONG_NUMBER = 10;
const MAX_GAP = 3;
const MAX_IBAN = 34;
const MIN_IBAN = 15;

interface Group {
  readonly start: number;
  readonly end: number;
}

/** Numbers of telephones, cards and social security, and other long ones. */
export function findNumbers(text: string, spans: Span[]): void {
  let i = 0;
  let groups: Group[] = [];
  while (i < text.length) {
    if (!isDigit(text.charCodeAt(i))) {
      i++;
      continue;
    }
    const start = i;
    while (i < text.length && isDigit(text.charCodeAt(i))) i++;
    groups.push({ start, end: i });
    let next = i;
    while (next - i <= MAX_GAP && isGap(text.charCodeAt(next))) next++;
    if (next - i <= MAX_GAP && isDigit(text.charCodeAt(next))) {
      i = next;
    } else {
      classifyGroups(text, groups, spans);
      groups = [];
    }
  }
}

/** Leaves out what is a date, and looks at what is between: groups of two digits or more, and one before them. */
function classifyGroups(
  text: string,
  groups: readonly Group[],
  spans: Span[],
): void {
  let part: Group[] = [];
  for (let i = 0; i < groups.length; i++) {
    const date = dateLength(text, groups, i);
    if (date > 0) {
      classify(text, part, spans);
      part = [];
      i += date - 1;
      continue;
    }
    const { start, end } = groups[i]!;
    if (end - start === 1 && part.length > 0) {
      classify(text, part, spans);
      part = [];
    }
    part.push(groups[i]!);
  }
  classify(text, part, spans);
}

function classify(
  text: string,
  groups: readonly Group[],
  spans: Span[],
): void {
  if (groups.length === 0) return;
  const { start } = groups[0]!;
  const { end } = groups.at(-1)!;
  const lengths = groups.map((group) => group.end - group.start);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const kind = kindOf(text, start, end, lengths, total);
  if (kind !== undefined) {
    spans.push({ kind, start, end });
    return;
  }
  for (const group of groups) {
    if (group.end - group.start >= LONG_RUN) {
      spans.push({ kind: "number", start: group.start, end: group.end });
    }
  }
}

function kindOf(
  text: string,
  start: number,
  end: number,
  lengths: readonly number[],
  total: number,
): PersonalDataKind | undefined {
  if (total >= 13 && total <= 19 && isLuhn(text, start, end)) return "card";
  if (lengths.length === 1) return undefined;
  if (
    lengths.length === 3 && lengths[0] === 3 && lengths[1] === 2 &&
    lengths[2] === 4
  ) return "socialSecurity";
  const hasPlus = text[start - 1] === "+";
  const hasZero = text[start] === "0";
  // Coordinates, waves and times of two digits each are no telephone, but where it begins like one.
  const isPairs = lengths.every((length) => length <= 2);
  if (hasPlus && total >= 8) return "telephone";
  if (hasZero && lengths[0]! >= 2 && total >= 9) return "telephone";
  if (total < LONG_NUMBER || isPairs) return undefined;
  return total <= 15 ? "telephone" : "number";
}

/** How many groups from one on are a date: 2024-01-31, 31.01.2024, or 20240131; 0 for none. */
function dateLength(
  text: string,
  groups: readonly Group[],
  i: number,
): number {
  const first = textOf(text, groups[i]);
  if (/^(?:19|20)\d\d[01]\d[0-3]\d$/.test(first)) return 1;
  const second = textOf(text, groups[i + 1]);
  const third = textOf(text, groups[i + 2]);
  const isYearFirst = /^(?:19|20)\d\d$/.test(first) &&
    /^[01]?\d$/.test(second) && /^[0-3]?\d$/.test(third);
  const isYearLast = /^[0-3]?\d$/.test(first) && /^[0-3]?\d$/.test(second) &&
    /^(?:19|20)\d\d$/.test(third);
  return isYearFirst || isYearLast ? 3 : 0;
}

function textOf(text: string, group: Group | undefined): string {
  // A long one is no date, and is not copied.
  return group === undefined || group.end - group.start > 8
    ? ""
    : text.slice(group.start, group.end);
}

/** ISO/IEC 7812-1, annex B. */
function isLuhn(text: string, start: number, end: number): boolean {
  let sum = 0;
  let isDoubled = false;
  for (let i = end - 1; i >= start; i--) {
    let digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) continue;
    if (isDoubled && (digit *= 2) > 9) digit -= 9;
    isDoubled = !isDoubled;
    sum += digit;
  }
  return sum % 10 === 0;
}

/** Numbers of accounts (ISO 13616). Two letters and two digits begin one; where it ends is tried at each gap. */
export function findIbans(text: string, spans: Span[]): void {
  const begin = /(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?=[ -]?[A-Za-z0-9])/g;
  for (const match of matchesOf(text, begin)) {
    const start = match.index;
    let count = 4;
    let digits = 2;
    let remainder = 0;
    for (let i = start + 4; i < text.length && count < MAX_IBAN; i++) {
      const c = text.charCodeAt(i);
      if (c === 0x20 || c === 0x2d) continue;
      const value = valueOf(c);
      if (value < 0) break;
      if (value < 10) digits++;
      count++;
      remainder = (remainder * (value < 10 ? 10 : 100) + value) % 97;
      if (
        count >= MIN_IBAN && digits >= 8 && valueOf(text.charCodeAt(i + 1)) < 0
      ) {
        let whole = remainder;
        for (let j = start; j < start + 4; j++) {
          const head = valueOf(text.charCodeAt(j));
          whole = (whole * (head < 10 ? 10 : 100) + head) % 97;
        }
        if (whole === 1) {
          spans.push({ kind: "iban", start, end: i + 1 });
          break;
        }
      }
    }
  }
}

/** What a character counts in an IBAN; -1 if it cannot be there. */
function valueOf(c: number): number {
  if (isDigit(c)) return c - 48;
  const upper = c & ~0x20;
  return upper >= 65 && upper <= 90 && c < 128 ? upper - 55 : -1;
}

function isDigit(c: number): boolean {
  return c >= 48 && c <= 57;
}

/** Space (also one that does not break), hyphen, dot, slash, underscore and brackets. */
function isGap(c: number): boolean {
  return c === 0x20 || c === 0xa0 || c === 0x2d || c === 0x2e || c === 0x2f ||
    c === 0x5f || c === 0x28 || c === 0x29;
}

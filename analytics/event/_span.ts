// This module is browser compatible.
import type { PersonalDataKind } from "./personal_data.ts";

/** Where something is that looks like personal data. */
export interface Span {
  readonly kind: PersonalDataKind;
  /** The index of its first character. */
  readonly start: number;
  /** The index behind its last. */
  readonly end: number;
}

/** Adds a span for each match of a pattern that has the flag "g". */
export function addMatches(
  text: string,
  pattern: RegExp,
  kind: PersonalDataKind,
  spans: Span[],
): void {
  for (const { 0: { length }, index } of matchesOf(text, pattern)) {
    spans.push({ kind, start: index, end: index + length });
  }
}

const NONE: readonly RegExpExecArray[] = [];

/** Like `text.matchAll(pattern)`, but does not copy the pattern, which costs more than a short text does. */
export function matchesOf(
  text: string,
  pattern: RegExp,
): readonly RegExpExecArray[] {
  pattern.lastIndex = 0;
  let match = pattern.exec(text);
  if (match === null) return NONE;
  const matches: RegExpExecArray[] = [];
  while (match !== null) {
    matches.push(match);
    match = pattern.exec(text);
  }
  return matches;
}

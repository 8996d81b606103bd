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
  for (const match of text.matchAll(pattern)) {
    spans.push({
      kind,
      start: match.index,
      end: match.index + match[0].length,
    });
  }
}

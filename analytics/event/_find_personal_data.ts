// This module is browser compatible.
import { findAddresses } from "./_find_addresses.ts";
import { findEmails } from "./_find_emails.ts";
import { findIbans, findNumbers } from "./_find_numbers.ts";
import { findPlaces } from "./_find_places.ts";
import { findTokens } from "./_find_tokens.ts";
import type { Span } from "./_span.ts";

/**
 * Finds what looks like personal data, by where it begins; spans do not overlap. Each part takes a time that is linear in
 * the text: it goes through it once, or tries patterns of a bounded length.
 */
export function findPersonalData(text: string): readonly Span[] {
  const spans: Span[] = [];
  // What is more special comes first: of overlapping ones that begin together the first is kept.
  findPlaces(text, spans);
  findEmails(text, spans);
  findAddresses(text, spans);
  findIbans(text, spans);
  findTokens(text, spans);
  findNumbers(text, spans);
  if (spans.length < 2) return spans;
  spans.sort((a, b) => a.start - b.start);
  const merged: Span[] = [];
  let last = spans[0]!;
  for (const span of spans) {
    if (span.start >= last.end) {
      merged.push(last);
      last = span;
    } else if (span.end > last.end) {
      last = { kind: last.kind, start: last.start, end: span.end };
    }
  }
  merged.push(last);
  return merged;
}

// This module is browser compatible.
import { utf8Length } from "../protocol/mod.ts";

/**
 * What no text may have that others are shown: control characters, and what reorders or breaks the lines
 * around it (Unicode Technical Report 36, section 3.4, and the bidirectional
 * formatting characters of Unicode Standard Annex 9, section 2).
 */
const UNFIT =
  // deno-lint-ignore no-control-regex -- they are what is refused
  /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

/** Tells whether a value is text of 1 to so many bytes that can be shown to others. */
export function isDisplayText(
  value: unknown,
  maxBytes: number,
): value is string {
  // A unit of text takes a byte or more: what is longer need not be walked.
  return typeof value === "string" && value.length <= maxBytes &&
    value.isWellFormed() && !UNFIT.test(value) && value.trim() !== "" &&
    utf8Length(value) <= maxBytes;
}

/** Tells the same of text of several lines, which line feeds end and nothing else. */
export function isDisplayLines(
  value: unknown,
  maxBytes: number,
): value is string {
  return typeof value === "string" && value.length <= maxBytes &&
    isDisplayText(value.replaceAll("\n", " "), maxBytes);
}

/** Tells whether a value is well-formed text of at most so many bytes. */
export function isText(value: unknown, maxBytes: number): value is string {
  return typeof value === "string" && value.length <= maxBytes &&
    value.isWellFormed() && utf8Length(value) <= maxBytes;
}

/** A value in a few words: it may be a stranger's, and endless. */
export function describeValue(value: unknown): string {
  if (typeof value === "string") return `text of ${value.length} characters`;
  if (typeof value === "number" || typeof value === "boolean") {
    return String(value);
  }
  if (value === null || value === undefined) return String(value);
  return Array.isArray(value) ? "an array" : `of type "${typeof value}"`;
}

// This module is browser compatible.
import { Fnv1a64 } from "../core/mod.ts";

const UTF8 = new TextEncoder();

/** What a checksum is of, in this order; PROTOCOL.md, section 4. */
const FIELDS = [
  "playerId",
  "name",
  "score",
  "subscore",
  "class",
  "metadata",
  "replay",
  "run",
] as const;

/**
 * Sums up a submission, for accidents on the way; PROTOCOL.md, section 4.
 *
 * @param body Its fields as they are in its body: scores as JSON has them, and `undefined` or `null` for what is left out.
 * @returns 16 hexadecimal digits.
 */
export function submissionChecksum(
  body: Readonly<Record<string, unknown>>,
): string {
  return hashJson(FIELDS.map((field) => body[field] ?? null));
}

/**
 * Hashes a value of JSON, whatever the order in which its objects have their fields.
 *
 * @param value The value.
 * @returns The FNV-1a hash, 64 bits in 16 hexadecimal digits, of its text without blanks and with names sorted by code
 * units.
 */
export function hashJson(value: unknown): string {
  const hash = new Fnv1a64();
  hash.update(UTF8.encode(canonicalJson(value)));
  return hash.hex();
}

/** Written by hand, as objects put names that look like integers first, whatever order they are made in. */
function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const members = Object.entries(value)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, member]) =>
      `${JSON.stringify(name)}:${canonicalJson(member)}`
    );
  return `{${members.join(",")}}`;
}

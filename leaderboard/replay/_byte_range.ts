// This module is browser compatible.

/** A range of bytes: from the first to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

// Fifteen digits are always a safe integer.
const RANGE = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i;

/**
 * Reads a `Range` field with one range (RFC 9110, section 14.2).
 *
 * @param value The field's value.
 * @param byteLength How many bytes there are.
 * @returns The range; `"unsatisfiable"` if none of it is there; `undefined` if the field is to be ignored, as it is
 * invalid or asks for several.
 */
export function readByteRange(
  value: string,
  byteLength: number,
): ByteRange | "unsatisfiable" | undefined {
  const [, from = "", to = ""] = RANGE.exec(value) ?? [];
  if (from === "") {
    if (to === "") return undefined;
    const start = Math.max(0, byteLength - Number(to));
    return start < byteLength ? { start, end: byteLength } : "unsatisfiable";
  }
  const start = Number(from);
  if (to !== "" && Number(to) < start) return undefined;
  if (start >= byteLength) return "unsatisfiable";
  const end = to === "" ? byteLength : Math.min(Number(to) + 1, byteLength);
  return { start, end };
}

/**
 * Tells whether an `If-None-Match` field names an entity tag (RFC 9110, section 13.1.2: compared weakly).
 *
 * @param value The field's value.
 * @param tag The tag without its quotes, which has none of `"`, `,` and `*`.
 * @returns Whether it does.
 */
export function matchesTag(value: string, tag: string): boolean {
  return value.split(",").some((item) => {
    const trimmed = item.trim();
    return trimmed === "*" || trimmed.replace(/^W\//, "") === `"${tag}"`;
  });
}

// This module is browser compatible.

/** One range as a `Range` field asks for it: positions, or the last bytes. */
export type ByteRange =
  | { readonly first: number; readonly last: number | undefined }
  | { readonly suffix: number };

/** What a 206 response says which part it is. */
export interface ContentRange {
  /** Position of the first byte. */
  readonly first: number;
  /** Position of the last byte. */
  readonly last: number;
  /** Length of the whole, or `undefined` if it is not known. */
  readonly total: number | undefined;
}

// Fifteen digits are always a safe integer.
const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i;
const POSITION = /^\d{1,15}$/;

/**
 * Parses a `Range` field with one range of bytes (RFC 9110 section 14.1.2).
 *
 * @param value The field's value.
 * @returns The range, or `undefined` if the field is to be ignored: it is invalid, has another unit, or asks for several
 * ranges at once, which a cache may answer with the whole (section 14.2).
 */
export function parseRange(value: string): ByteRange | undefined {
  const equals = value.indexOf("=");
  if (equals < 0 || value.slice(0, equals).toLowerCase() !== "bytes") {
    return undefined;
  }
  const spec = value.slice(equals + 1).trim();
  const dash = spec.indexOf("-");
  if (dash < 0) return undefined;
  const from = spec.slice(0, dash);
  const to = spec.slice(dash + 1);
  if (from === "") {
    return POSITION.test(to) ? { suffix: Number(to) } : undefined;
  }
  if (!POSITION.test(from)) return undefined;
  const first = Number(from);
  if (to === "") return { first, last: undefined };
  if (!POSITION.test(to)) return undefined;
  const last = Number(to);
  return last < first ? undefined : { first, last };
}

/**
 * Finds the bytes of a representation that a range means.
 *
 * @param range The range.
 * @param length Length of the representation.
 * @returns The positions of the first and the last byte, or `undefined` if there are none: the range cannot be satisfied.
 */
export function resolveRange(
  range: ByteRange,
  length: number,
): { first: number; last: number } | undefined {
  if ("suffix" in range) {
    if (range.suffix === 0 || length === 0) return undefined;
    return { first: Math.max(0, length - range.suffix), last: length - 1 };
  }
  if (range.first >= length) return undefined;
  return {
    first: range.first,
    last: Math.min(range.last ?? length - 1, length - 1),
  };
}

/**
 * Parses a `Content-Range` field (RFC 9110 section 14.4).
 *
 * @param value The field's value, or `undefined` if there is none.
 * @returns Which part it names, or `undefined` if it is invalid or names none.
 */
export function parseContentRange(
  value: string | undefined,
): ContentRange | undefined {
  const match = value === undefined ? null : CONTENT_RANGE.exec(value);
  if (match === null) return undefined;
  const first = Number(match[1]);
  const last = Number(match[2]);
  const total = match[3] === "*" ? undefined : Number(match[3]);
  if (last < first || (total !== undefined && last >= total)) return undefined;
  return { first, last, total };
}

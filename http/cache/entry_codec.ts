// This module is browser compatible.

import type { CacheEntry, CachePart } from "./store.ts";

// Layout: length of the JSON text in four bytes, lowest first; the JSON text in UTF-8; the body.
const FORMAT = 1;
const PREFIX_LENGTH = 4;

/**
 * Encodes an entry for a store that keeps bytes.
 *
 * @param entry The entry.
 * @returns Its bytes, in parts: everything but the body, and the body, which is shared.
 */
export function encodeEntry(
  entry: CacheEntry,
): [Uint8Array<ArrayBuffer>, Uint8Array] {
  const { body, ...rest } = entry;
  const text = new TextEncoder().encode(
    JSON.stringify({ format: FORMAT, bodyLength: body.byteLength, ...rest }),
  );
  const head = new Uint8Array(PREFIX_LENGTH + text.length);
  new DataView(head.buffer).setUint32(0, text.length, true);
  head.set(text, PREFIX_LENGTH);
  return [head, body];
}

/**
 * Decodes an entry. What is stored on a disk may have been cut short, written by another version, or changed by others.
 *
 * @param bytes The bytes.
 * @returns The entry, whose body is a view into the bytes, or `undefined` if they are not a valid one.
 */
export function decodeEntry(bytes: Uint8Array): CacheEntry | undefined {
  if (bytes.length < PREFIX_LENGTH) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = PREFIX_LENGTH + view.getUint32(0, true);
  if (start > bytes.length) return undefined;
  let json: unknown;
  try {
    json = JSON.parse(
      new TextDecoder("utf-8", { fatal: true }).decode(
        bytes.subarray(PREFIX_LENGTH, start),
      ),
    );
  } catch {
    return undefined;
  }
  if (!isRecord(json)) return undefined;
  const { format, bodyLength, key, id, method, status, statusText } = json;
  const { fields, requestEpochMs, responseEpochMs, staleEpochMs } = json;
  const { selecting, part } = json;
  if (
    format !== FORMAT || bodyLength !== bytes.length - start ||
    typeof key !== "string" || typeof id !== "string" ||
    (method !== "GET" && method !== "HEAD") || !isCount(status) ||
    typeof statusText !== "string" || !isPairs(fields, isString) ||
    !isNumber(requestEpochMs) || !isNumber(responseEpochMs) ||
    !isNumber(staleEpochMs) || !isPairs(selecting, isStringOrNull) ||
    !(part === undefined || isPart(part))
  ) return undefined;
  return {
    key,
    id,
    method,
    status,
    statusText,
    fields,
    body: bytes.subarray(start),
    requestEpochMs,
    responseEpochMs,
    staleEpochMs,
    selecting,
    ...(part === undefined ? undefined : { part: copyPart(part) }),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isString(value: unknown): value is string {
  return typeof value === "string";
}

function isStringOrNull(value: unknown): value is string | null {
  return value === null || typeof value === "string";
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function isCount(value: unknown): value is number {
  return isNumber(value) && Number.isSafeInteger(value) && value >= 0;
}

function isPairs<T>(
  value: unknown,
  isValue: (value: unknown) => value is T,
): value is Array<[string, T]> {
  return Array.isArray(value) &&
    value.every((pair) =>
      Array.isArray(pair) && pair.length === 2 && isString(pair[0]) &&
      isValue(pair[1])
    );
}

function copyPart({ range, first, last, total }: CachePart): CachePart {
  return { range, first, last, total };
}

function isPart(value: unknown): value is CachePart {
  return isRecord(value) && isString(value["range"]) &&
    isCount(value["first"]) && isCount(value["last"]) &&
    value["first"] <= value["last"] &&
    (value["total"] === undefined || isCount(value["total"]));
}

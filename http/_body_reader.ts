// This module is browser compatible.

import type { HttpHeaders } from "./headers.ts";

const LENGTH = /^[0-9]{1,15}$/;

/** Memory that a declared length is believed for before the bytes are there. */
const MAX_EXPECTED_BYTES = 262_144;

/** The body is larger than allowed; the connection was given up. */
export class BodyTooLargeError extends Error {
  override readonly name = "BodyTooLargeError";
}

/** The body broke off before the length that the server had declared. */
export class TruncatedBodyError extends Error {
  override readonly name = "TruncatedBodyError";
}

/** How a body is read. */
export interface ReadBodyOptions {
  /** Largest body in decoded bytes. */
  readonly maxBytes: number;
  /** Whether a declared length announces a body: not in the answer to HEAD. */
  readonly hasBody: boolean;
  /** Called with the decoded bytes so far and with the total if it is known. */
  readonly onProgress:
    | ((receivedBytes: number, totalBytes: number | undefined) => void)
    | undefined;
}

/**
 * Reads a body, and no more of it than allowed: a small compressed body may expand without end, so decoded bytes are
 * counted as they come and Content-Length is not believed.
 *
 * @param response The response; its body is consumed or cancelled.
 * @param headers Its header fields.
 * @param options How it is read.
 * @returns The bytes.
 * @throws {BodyTooLargeError} If the body is larger than `maxBytes`.
 * @throws {TruncatedBodyError} If it is shorter than declared.
 * @throws {Error} Whatever the runtime throws when the connection breaks.
 */
export async function readBody(
  response: Response,
  headers: HttpHeaders,
  options: ReadBodyOptions,
): Promise<Uint8Array> {
  if (!hasBody(response, options)) {
    await cancelBody(response);
    return new Uint8Array(0);
  }
  const declared = declaredLength(response, headers);
  if (declared !== undefined && declared > options.maxBytes) {
    await cancelBody(response);
    throw new BodyTooLargeError();
  }
  const bytes = await readChunks(response, declared, options);
  return declared === undefined ? bytes : checkLength(bytes, declared, options);
}

/**
 * Tells whether a body may be read by `arrayBuffer()`, which is several times faster: the connection itself limits an
 * uncompressed body of declared length.
 *
 * @param response The response.
 * @param headers Its header fields.
 * @param options How it is to be read.
 * @returns The declared length, for {@linkcode checkLength}, or `undefined` if {@linkcode readBody} has to read it.
 */
export function lengthAtOnce(
  response: Response,
  headers: HttpHeaders,
  options: ReadBodyOptions,
): number | undefined {
  if (options.onProgress !== undefined || !hasBody(response, options)) {
    return undefined;
  }
  const declared = declaredLength(response, headers);
  return declared !== undefined && declared <= options.maxBytes
    ? declared
    : undefined;
}

/**
 * Refuses a body that was not read up to its end, which not every runtime notices, or that is larger than allowed after
 * all.
 *
 * @param bytes The body.
 * @param declared The length that the server declared.
 * @param options How it was read.
 * @returns The body.
 * @throws {BodyTooLargeError} If it is larger than `maxBytes`.
 * @throws {TruncatedBodyError} If it is shorter than declared.
 */
export function checkLength(
  bytes: Uint8Array,
  declared: number,
  options: ReadBodyOptions,
): Uint8Array {
  if (bytes.length > options.maxBytes) throw new BodyTooLargeError();
  if (bytes.length >= declared) return bytes;
  throw new TruncatedBodyError(
    `Cannot read body as it broke off: received ${bytes.length} of ${declared} bytes`,
  );
}

function hasBody(
  { status }: Response,
  options: ReadBodyOptions,
): boolean {
  return options.hasBody && status !== 204 && status !== 304;
}

async function readChunks(
  response: Response,
  declared: number | undefined,
  { maxBytes, onProgress }: ReadBodyOptions,
): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  if (reader === undefined) return new Uint8Array(0);
  // The runtime's chunks are views on large buffers: one byte of a server that sends byte by byte would hold 64 KiB.
  let bytes = new Uint8Array(0);
  let length = 0;
  while (true) {
    const { done, value } = await reader.read();
    if (done) break;
    const end = length + value.length;
    if (end > maxBytes) {
      reader.cancel().catch(() => {});
      throw new BodyTooLargeError();
    }
    if (end > bytes.length) {
      const expected = Math.min(declared ?? 0, MAX_EXPECTED_BYTES);
      const size = Math.max(end, bytes.length * 2, expected);
      const larger = new Uint8Array(Math.min(size, maxBytes));
      larger.set(bytes.subarray(0, length));
      bytes = larger;
    }
    bytes.set(value, length);
    length = end;
    onProgress?.(length, declared);
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

/** The length of the decoded body, where the server declared it and nothing may have changed it on the way. */
function declaredLength(
  response: Response,
  headers: HttpHeaders,
): number | undefined {
  const value = headers.get("content-length");
  if (
    value === undefined || !LENGTH.test(value) ||
    headers.has("content-encoding")
  ) {
    return undefined;
  }
  const { status } = response;
  // Deno loses the body of a redirect that names no target.
  const isRedirect = status > 300 && status < 400;
  if (isRedirect && !headers.has("location")) return undefined;
  // A "cors" response may hide its Content-Encoding.
  return response.type === "cors" ? undefined : Number(value);
}

/**
 * Gives up a body that nobody will read, so that its connection is closed.
 *
 * @param response The response.
 */
export async function cancelBody(response: Response): Promise<void> {
  try {
    await response.body?.cancel();
  } catch {
    // It broke by itself: what was wanted.
  }
}

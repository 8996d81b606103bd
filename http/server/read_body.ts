// This module is browser compatible.
import { gunzip } from "./gunzip.ts";
import { HttpProblem, invalidRequest } from "./http_problem.ts";

/** The most bytes of a body in JSON, unless a server says otherwise. */
const MAX_JSON_BYTES = 65_536;
/** The deepest that arrays and objects may be within each other: far more than any request has. */
const MAX_JSON_DEPTH = 16;
const FIRST_BYTES = 1_024;
/** Each takes its time, whatever is in it. A mebibyte in packets has far fewer. */
const MAX_PIECES = 4_096;
/** For a body of JSON, which a peer who holds it back would have the server keep for ever. */
const MAX_READ_MS = 30_000;
/** As `fetch` takes it where nobody says otherwise. */
const JSON_TYPE = "application/json";
/** DEFLATE makes at most so many bytes of one (RFC 1951): what says more is cut, or lies. */
const MAX_GZIP_RATIO = 1_032;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a request's body, whatever its header says about its length.
 *
 * @param request The request.
 * @param maxBytes The most bytes; beyond, the rest is not read.
 * @param maxMs How long they may take.
 * @param reserve Asked for room.
 * @returns A promise of the bytes. It rejects with an {@linkcode HttpProblem} if there are too many, or if they end early or
 * take too long.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
  maxMs: number = MAX_READ_MS,
  reserve?: Reserve,
): Promise<Uint8Array<ArrayBuffer>> {
  // Told early where the peer is honest about it: it need not send what nobody reads.
  const announced = Number(request.headers.get("content-length") ?? "0");
  if (announced > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array(0);
  const body = new BodyBytes(maxBytes, reserve);
  const reader = request.body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    reader.cancel().catch(() => {});
  }, maxMs);
  try {
    while (true) {
      const { done, value } = await reader.read();
      // A body that was cancelled seems to end in order.
      if (isLate) throw incomplete();
      if (done) break;
      body.add(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    if (error instanceof HttpProblem) throw error;
    throw incomplete();
  } finally {
    clearTimeout(timer);
  }
  return body.take();
}

/**
 * What has come of a body. It is copied: a runtime may hand out a byte as a view of a buffer of 64 KiB, and a peer who
 * sends byte by byte would have all of them held.
 */
export class BodyBytes {
  readonly #maxBytes: number;
  readonly #reserve: Reserve | undefined;
  #bytes = new Uint8Array(FIRST_BYTES);
  #byteLength = 0;
  #pieces = 0;

  /** `reserve` is asked for room as the bytes come: a peer may announce many and never send them. */
  constructor(maxBytes: number, reserve?: Reserve) {
    this.#maxBytes = maxBytes;
    this.#reserve = reserve;
  }

  /** Adds what came next. Throws an {@linkcode HttpProblem} if it is too much. */
  add(chunk: Uint8Array): void {
    const byteLength = this.#byteLength + chunk.length;
    if (byteLength > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#pieces += 1;
    if (this.#pieces > MAX_PIECES) {
      throw invalidRequest(
        `Cannot read the body as it must come in at most ${MAX_PIECES} pieces`,
      );
    }
    if (byteLength > this.#bytes.length) {
      const length = Math.min(
        Math.max(byteLength, this.#bytes.length * 2),
        this.#maxBytes,
      );
      this.#reserve?.(length);
      const larger = new Uint8Array(length);
      larger.set(this.#bytes.subarray(0, this.#byteLength));
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#byteLength);
    this.#byteLength = byteLength;
  }

  /** All of it. */
  take(): Uint8Array<ArrayBuffer> {
    return this.#bytes.slice(0, this.#byteLength);
  }
}

/**
 * Told, before that is so, how many bytes will be held of a body altogether: more than once, of which the last counts.
 * What it throws is what is rejected with.
 */
export type Reserve = (bytes: number) => void;

/**
 * Reads a request's body, and decompresses it if it is gzip: as its header says, or as its first bytes do, where a page
 * could set no header.
 *
 * @param request The request.
 * @param maxBytes The most bytes as they are sent.
 * @param maxDecodedBytes The most bytes as they are decompressed.
 * @param maxMs How long they may take to come.
 * @param reserve Asked for room.
 * @returns A promise of the bytes, decompressed. It rejects with an {@linkcode HttpProblem}.
 */
export async function readEncodedBody(
  request: Request,
  maxBytes: number,
  maxDecodedBytes: number,
  maxMs: number = MAX_READ_MS,
  reserve?: Reserve,
): Promise<Uint8Array<ArrayBuffer>> {
  const encoding = (request.headers.get("content-encoding") ?? "").trim()
    .toLowerCase();
  const isCompressed = encoding === "gzip" || encoding === "x-gzip";
  if (!isCompressed && encoding !== "" && encoding !== "identity") {
    throw new HttpProblem(
      "unsupportedMediaType",
      415,
      "Cannot read the body as its encoding must be gzip, or none",
    );
  }
  const bytes = await readBody(request, maxBytes, maxMs, reserve);
  reserve?.(bytes.length);
  // No text in UTF-8 begins so.
  if (!isCompressed && (bytes[0] !== 0x1f || bytes[1] !== 0x8b)) {
    if (bytes.length > maxDecodedBytes) throw tooLarge(maxDecodedBytes);
    return bytes;
  }
  // What it says of its length is believed, as no more than that is taken.
  const decodedLength = decodedLengthOf(bytes);
  if (decodedLength > bytes.length * MAX_GZIP_RATIO) throw notGzip();
  if (decodedLength > maxDecodedBytes) throw tooLarge(maxDecodedBytes);
  reserve?.(bytes.length + decodedLength);
  let rest: Uint8Array<ArrayBuffer> | undefined = bytes;
  const decoded = await gunzip(
    () => {
      const next = rest;
      rest = undefined;
      return Promise.resolve(next);
    },
    decodedLength,
    decodedLength,
  );
  if (typeof decoded !== "string") return decoded;
  throw notGzip();
}

/** What {@linkcode readJson} takes. */
export interface ReadJsonOptions {
  /** The most bytes as they are sent; 65,536 by default. */
  readonly maxBytes?: number;
  /** The most bytes as they are decompressed; without it, the body may not be compressed. */
  readonly maxDecodedBytes?: number;
  /** The types that the body may have; `application/json` alone by default. */
  readonly types?: readonly string[];
  /**
   * The most objects, arrays and members of objects together: each takes far more memory and time than its bytes do, of
   * which there may be few when they are compressed. As many as there are bytes for by default.
   */
  readonly maxParts?: number;
  /** Asked for room, if `maxDecodedBytes` is there. */
  readonly reserve?: Reserve;
}

/**
 * Reads a request's body of JSON, whose value must be an object.
 *
 * @param request The request.
 * @param options What it may be.
 * @returns A promise of the object. It rejects with an {@linkcode HttpProblem}.
 */
export async function readJson(
  request: Request,
  options: ReadJsonOptions = {},
): Promise<Readonly<Record<string, unknown>>> {
  const { maxBytes = MAX_JSON_BYTES, maxDecodedBytes } = options;
  const { types = [JSON_TYPE], maxParts = Infinity, reserve } = options;
  const field = request.headers.get("content-type") ?? JSON_TYPE;
  const type = (field.split(";", 1)[0] ?? "").trim().toLowerCase();
  if (!types.includes(type)) {
    throw new HttpProblem(
      "unsupportedMediaType",
      415,
      `Cannot read the body as its type must be ${types.join(" or ")}`,
    );
  }
  const bytes = maxDecodedBytes === undefined
    ? await readBody(request, maxBytes)
    : await readEncodedBody(
      request,
      maxBytes,
      maxDecodedBytes,
      MAX_READ_MS,
      reserve,
    );
  const { depth, parts } = shapeOf(bytes, maxParts);
  if (depth > MAX_JSON_DEPTH) {
    throw invalidRequest(
      `Cannot read the body as it must be at most ${MAX_JSON_DEPTH} deep`,
    );
  }
  if (parts > maxParts) {
    throw invalidRequest(
      `Cannot read the body as it must have at most ${maxParts} objects, arrays and members of objects`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    throw invalidRequest("Cannot read the body as it is no JSON");
  }
  if (!isRecord(value)) {
    throw invalidRequest("Cannot read the body as it must be an object");
  }
  return value;
}

/** Whether a value of JSON is an object. */
export function isRecord(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * How deep brackets outside of strings go, and how many there are, with colons: no further than is allowed. Whether it is
 * JSON at all is found out later.
 */
function shapeOf(
  bytes: Uint8Array,
  maxParts: number,
): { depth: number; parts: number } {
  let depth = 0;
  let parts = 0;
  let isInString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isInString) {
      if (byte === 0x5c) i += 1; // a backslash
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      parts += 1;
      if (depth > MAX_JSON_DEPTH || parts > maxParts) break;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
    else if (byte === 0x3a) {
      parts += 1;
      if (parts > maxParts) break;
    }
  }
  return { depth, parts };
}

/** What gzip says at its end of its length before (RFC 1952, section 2.3.1), modulo 2^32. */
function decodedLengthOf(bytes: Uint8Array): number {
  let length = 0;
  for (let i = 1; i <= 4; i++) length = length * 256 + (bytes.at(-i) ?? 0);
  return length;
}

function notGzip(): HttpProblem {
  return invalidRequest("Cannot read the body as it is not whole gzip");
}

function incomplete(): HttpProblem {
  return invalidRequest(
    "Cannot read the body as it ended before its end, or took too long",
  );
}

function tooLarge(maxBytes: number): HttpProblem {
  return new HttpProblem(
    "bodyTooLarge",
    413,
    `Cannot read the body as it must be at most ${maxBytes} bytes`,
  );
}

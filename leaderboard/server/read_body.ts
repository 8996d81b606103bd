// This module is browser compatible.
import { Problem } from "./problem.ts";

/** The most bytes of a body in JSON. */
export const MAX_JSON_BYTES = 65_536;
/** The deepest that arrays and objects may be within each other: far more than any request has. */
const MAX_JSON_DEPTH = 16;
const FIRST_BYTES = 1_024;
/** Each takes its time, whatever is in it. A mebibyte in packets has far fewer. */
const MAX_PIECES = 4_096;
/** For a body of JSON, which a peer who holds it back would have the server keep for ever. */
const MAX_READ_MS = 30_000;

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a request's body, whatever its header says about its length.
 *
 * @param request The request.
 * @param maxBytes The most bytes; beyond, the rest is not read.
 * @param maxMs How long they may take.
 * @returns A promise of the bytes. It rejects with a {@linkcode Problem} if there are too many, or if they end early or
 * take too long.
 */
export async function readBody(
  request: Request,
  maxBytes: number,
  maxMs: number = MAX_READ_MS,
): Promise<Uint8Array<ArrayBuffer>> {
  // Told early where the peer is honest about it: it need not send what nobody reads.
  const announced = Number(request.headers.get("content-length") ?? "0");
  if (announced > maxBytes) throw tooLarge(maxBytes);
  if (request.body === null) return new Uint8Array(0);
  const body = new BodyBytes(maxBytes);
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
    if (error instanceof Problem) throw error;
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
  #bytes = new Uint8Array(FIRST_BYTES);
  #byteLength = 0;
  #pieces = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds what came next. Throws a {@linkcode Problem} if it is too much. */
  add(chunk: Uint8Array): void {
    const byteLength = this.#byteLength + chunk.length;
    if (byteLength > this.#maxBytes) throw tooLarge(this.#maxBytes);
    this.#pieces += 1;
    if (this.#pieces > MAX_PIECES) {
      throw new Problem(
        "invalidRequest",
        `Cannot read the body as it must come in at most ${MAX_PIECES} pieces`,
      );
    }
    if (byteLength > this.#bytes.length) {
      const larger = new Uint8Array(
        Math.min(
          Math.max(byteLength, this.#bytes.length * 2),
          this.#maxBytes,
        ),
      );
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
 * Reads a request's body of JSON, whose value must be an object.
 *
 * @param request The request.
 * @returns A promise of the object. It rejects with a {@linkcode Problem}.
 */
export async function readJson(
  request: Request,
): Promise<Readonly<Record<string, unknown>>> {
  const type = request.headers.get("content-type") ?? "application/json";
  if (!/^application\/json *(?:;|$)/i.test(type)) {
    throw new Problem(
      "unsupportedMediaType",
      "Cannot read the body as its type must be application/json",
    );
  }
  const bytes = await readBody(request, MAX_JSON_BYTES);
  if (isDeep(bytes)) {
    throw new Problem(
      "invalidRequest",
      `Cannot read the body as it must be at most ${MAX_JSON_DEPTH} deep`,
    );
  }
  let value: unknown;
  try {
    value = JSON.parse(UTF8.decode(bytes));
  } catch {
    throw new Problem(
      "invalidRequest",
      "Cannot read the body as it is no JSON",
    );
  }
  if (!isRecord(value)) {
    throw new Problem(
      "invalidRequest",
      "Cannot read the body as it must be an object",
    );
  }
  return value;
}

/** Whether a value of JSON is an object. */
export function isRecord(
  value: unknown,
): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether brackets outside of strings go deeper than is allowed; whether it is JSON at all is found out later. */
function isDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i];
    if (isInString) {
      if (byte === 0x5c) i += 1; // a backslash
      else if (byte === 0x22) isInString = false;
    } else if (byte === 0x22) isInString = true;
    else if (byte === 0x5b || byte === 0x7b) {
      depth += 1;
      if (depth > MAX_JSON_DEPTH) return true;
    } else if (byte === 0x5d || byte === 0x7d) depth -= 1;
  }
  return false;
}

function incomplete(): Problem {
  return new Problem(
    "invalidRequest",
    "Cannot read the body as it ended before its end, or took too long",
  );
}

function tooLarge(maxBytes: number): Problem {
  return new Problem(
    "bodyTooLarge",
    `Cannot read the body as it must be at most ${maxBytes} bytes`,
  );
}

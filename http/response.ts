// This module is browser compatible.

import { HttpHeaders } from "./headers.ts";

/**
 * When a request was where, in milliseconds of the client's clock. An answer that needed no attempt of this request, and
 * a stale one after a failure, has `totalMs` alone; the rest is 0.
 */
export interface HttpTimings {
  /** From `send` to the start of the first attempt. */
  readonly queuedMs: number;
  /** From the start of the last attempt to its response header. */
  readonly waitingMs: number;
  /** From `send` to the response header of the last attempt. */
  readonly firstByteMs: number;
  /** From `send` to the last byte. */
  readonly totalMs: number;
}

/** What an {@linkcode HttpResponse} is made of. */
export interface HttpResponseInit {
  /** The status code: 200 to 999, or 0. */
  readonly status: number;
  /** The reason phrase, often empty. */
  readonly statusText?: string;
  /** The URL that answered, after redirects. */
  readonly url?: string;
  /** The header fields; the response keeps the object. */
  readonly headers?: HttpHeaders;
  /** The body, decoded; the response keeps the bytes. */
  readonly body?: Uint8Array;
  /** Whether `body` belongs to somebody else (the cache), so that it is copied when it is first asked for. */
  readonly isBodyShared?: boolean;
  /** Whether the cache answered. */
  readonly fromCache?: boolean;
  /** How many attempts were made; 0 for an answer that needed none. */
  readonly attempts?: number;
  /** The timings; zeros by default. */
  readonly timings?: HttpTimings;
}

/**
 * What a server answered. The bytes are kept as they came; text and JSON are decoded when they are asked for.
 *
 * @example Read JSON
 * ```ts
 * import { HttpResponse } from "@tickwire/net/http";
 * import { assertEquals } from "@std/assert";
 *
 * const body = new TextEncoder().encode('{"entries":[{"name":"ada"}]}');
 * const response = new HttpResponse({ status: 200, body });
 * assertEquals(response.jsonField("entries.0.name"), "ada");
 * assertEquals(response.jsonField("entries.1.name"), undefined);
 * ```
 */
export class HttpResponse {
  /** The status code: 200 to 999; 0 for a redirect that a browser hides from `withRedirect("manual")`. */
  readonly status: number;
  /** The reason phrase, often empty. */
  readonly statusText: string;
  /** The URL that answered, after redirects. */
  readonly url: string;
  /** The header fields. */
  readonly headers: HttpHeaders;
  /**
   * Whether the cache answered, also after the server confirmed with 304, or the request shared the answer to an
   * identical one.
   */
  readonly fromCache: boolean;
  /** How many attempts were made; 0 for an answer that needed none. */
  readonly attempts: number;
  /** When the request was where. */
  readonly timings: HttpTimings;

  #bytes: Uint8Array;
  #isShared: boolean;
  #text: string | undefined;
  #json: { value: unknown } | { error: unknown } | undefined;

  /**
   * Makes a response.
   *
   * @param init What it is made of.
   */
  constructor(init: HttpResponseInit) {
    this.status = init.status;
    this.statusText = init.statusText ?? "";
    this.url = init.url ?? "";
    this.headers = init.headers ?? new HttpHeaders();
    this.fromCache = init.fromCache ?? false;
    this.attempts = init.attempts ?? 0;
    this.timings = init.timings ?? NO_TIMINGS;
    this.#bytes = init.body ?? NO_BYTES;
    this.#isShared = init.isBodyShared ?? false;
  }

  /** The body's bytes, decoded from any Content-Encoding. They belong to the caller. */
  get body(): Uint8Array {
    if (this.#isShared) {
      this.#bytes = this.#bytes.slice();
      this.#isShared = false;
    }
    return this.#bytes;
  }

  /** Length of the body in bytes. */
  get bodyLength(): number {
    return this.#bytes.length;
  }

  /** The body as text, in the `charset` of the content type, else UTF-8; malformed bytes become U+FFFD. */
  get text(): string {
    return this.#text ??= decodeText(this.#bytes, this.contentType);
  }

  /** Milliseconds from the start of the last attempt to the last byte; from `send` for an answer from the cache. */
  get latencyMs(): number {
    const { totalMs, firstByteMs, waitingMs } = this.timings;
    return totalMs - firstByteMs + waitingMs;
  }

  /** Whether the status is 200 to 299. */
  get isSuccess(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  /** Whether the status is 400 to 499. */
  get isClientError(): boolean {
    return this.status >= 400 && this.status <= 499;
  }

  /** Whether the status is 500 to 599. */
  get isServerError(): boolean {
    return this.status >= 500 && this.status <= 599;
  }

  /** Whether the status is 304, the answer to a condition of the game's own. */
  get isNotModified(): boolean {
    return this.status === 304;
  }

  /** The `Content-Type` field. */
  get contentType(): string | undefined {
    return this.headers.get("content-type");
  }

  /** The `ETag` field. */
  get etag(): string | undefined {
    return this.headers.get("etag");
  }

  /** The `Last-Modified` field. */
  get lastModified(): string | undefined {
    return this.headers.get("last-modified");
  }

  /**
   * Parses the body as JSON. The value is parsed once: later calls return the same object.
   *
   * @typeParam T The type that the caller expects; it is not checked.
   * @returns The value.
   * @throws {SyntaxError} If the body is not JSON.
   */
  json<T = unknown>(): T {
    this.#json ??= parseJson(this.text);
    if ("error" in this.#json) throw this.#json.error;
    return this.#json.value as T;
  }

  /**
   * Looks up a value in a body of JSON.
   *
   * @param path Keys and array indices, joined by dots ("entries.0.name"), or as an array if a key has a dot in it.
   * @returns The value, or `undefined` if the body is not JSON or has nothing there.
   */
  jsonField(path: string | readonly (string | number)[]): unknown {
    this.#json ??= parseJson(this.text);
    if ("error" in this.#json) return undefined;
    let value = this.#json.value;
    for (const key of typeof path === "string" ? path.split(".") : path) {
      // Own properties only: "constructor" or "__proto__" is not data.
      if (
        typeof value !== "object" || value === null ||
        !Object.hasOwn(value, key) ||
        (Array.isArray(value) && key === "length")
      ) {
        return undefined;
      }
      value = (value as Record<string | number, unknown>)[key];
    }
    return value;
  }
}

const NO_BYTES = new Uint8Array(0);
const CHARSET = /;\s*charset="?([\w.:+-]{1,40})/i;
// To make one costs more than to decode a small body.
const UTF_8 = new TextDecoder();
const NO_TIMINGS: HttpTimings = Object.freeze({
  queuedMs: 0,
  waitingMs: 0,
  firstByteMs: 0,
  totalMs: 0,
});

function decodeText(bytes: Uint8Array, contentType: string | undefined) {
  const charset = contentType === undefined
    ? undefined
    : CHARSET.exec(contentType)?.[1];
  if (charset !== undefined && charset.toLowerCase() !== "utf-8") {
    try {
      return new TextDecoder(charset).decode(bytes);
    } catch {
      // A label that the runtime does not know: UTF-8 is the best guess left.
    }
  }
  return UTF_8.decode(bytes);
}

function parseJson(text: string): { value: unknown } | { error: unknown } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { error };
  }
}

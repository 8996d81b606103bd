// This module is browser compatible.

import type { HttpHeaders } from "../headers.ts";

/**
 * RFC 9111 section 1.2.2: larger numbers of seconds than this count as this one, so that no sum overflows
 * and a hostile server gains nothing by a thousand digits.
 */
export const MAX_DELTA_SECONDS = 2 ** 31;

/**
 * The longest field that is parsed element by element. Real ones have some tens of characters, and a server may send
 * hundreds of thousands, which would cost a frame.
 */
export const MAX_FIELD_LENGTH = 2_048;

/** What the `Cache-Control` field of a response says to a private cache (RFC 9111 section 5.2.2). */
export interface ResponseDirectives {
  /** Section 5.2.2.5. */
  noStore: boolean;
  /** Section 5.2.2.4, without field names: nothing may be reused without validation. */
  noCache: boolean;
  /** Section 5.2.2.4, with field names: these fields may not be reused without validation. Lower case. */
  noCacheFields: readonly string[];
  /** Section 5.2.2.2. */
  mustRevalidate: boolean;
  /** Section 5.2.2.3. */
  mustUnderstand: boolean;
  /** Section 5.2.2.9. */
  public: boolean;
  /** Section 5.2.2.7; for a private cache it only says that the response may be stored. */
  private: boolean;
  /** RFC 8246. */
  immutable: boolean;
  /** Section 5.2.2.1. Zero if it is there but invalid or contradicts itself, since the response is to count as stale. */
  maxAgeSeconds: number | undefined;
  /** RFC 5861 section 3. */
  staleWhileRevalidateSeconds: number | undefined;
  /** RFC 5861 section 4. */
  staleIfErrorSeconds: number | undefined;
}

/** What the `Cache-Control` field of a request asks for (RFC 9111 section 5.2.1). */
export interface RequestDirectives {
  /** Section 5.2.1.4, or `Pragma: no-cache` without `Cache-Control` (section 5.4). */
  noCache: boolean;
  /** Section 5.2.1.5. */
  noStore: boolean;
  /** Section 5.2.1.7. */
  onlyIfCached: boolean;
  /** Section 5.2.1.1. */
  maxAgeSeconds: number | undefined;
  /** Section 5.2.1.2; `Infinity` without an argument. */
  maxStaleSeconds: number | undefined;
  /** Section 5.2.1.3. */
  minFreshSeconds: number | undefined;
  /** RFC 5861 section 4. */
  staleIfErrorSeconds: number | undefined;
}

/** What a request without `Cache-Control` asks for. */
export const NO_REQUEST_DIRECTIVES: Readonly<RequestDirectives> = Object.freeze(
  {
    noCache: false,
    noStore: false,
    onlyIfCached: false,
    maxAgeSeconds: undefined,
    maxStaleSeconds: undefined,
    minFreshSeconds: undefined,
    staleIfErrorSeconds: undefined,
  },
);

/**
 * Parses the `Cache-Control` field of a response. What is invalid or contradicts itself counts as the
 * stricter reading (RFC 9111 section 4.2.1), and what is longer than {@linkcode MAX_FIELD_LENGTH} as `no-store`.
 *
 * @param value The field's value, or `undefined` if there is none.
 * @returns What it says.
 */
export function parseResponseDirectives(
  value: string | undefined,
): ResponseDirectives {
  const result: ResponseDirectives = {
    noStore: false,
    noCache: false,
    noCacheFields: [],
    mustRevalidate: false,
    mustUnderstand: false,
    public: false,
    private: false,
    immutable: false,
    maxAgeSeconds: undefined,
    staleWhileRevalidateSeconds: undefined,
    staleIfErrorSeconds: undefined,
  };
  if (value === undefined) return result;
  if (value.length > MAX_FIELD_LENGTH) {
    result.noStore = true;
    return result;
  }
  let noCacheFields: string[] | undefined;
  forEachDirective(value, (name, argument) => {
    switch (name) {
      case "no-store":
        result.noStore = true;
        break;
      case "no-cache": {
        const fields = argument === undefined ? [] : fieldNames(argument);
        // A list that names nothing, or nonsense, cannot be meant to set the directive aside.
        if (fields.length === 0) result.noCache = true;
        else (noCacheFields ??= []).push(...fields);
        break;
      }
      case "must-revalidate":
        result.mustRevalidate = true;
        break;
      case "must-understand":
        result.mustUnderstand = true;
        break;
      case "public":
        result.public = true;
        break;
      case "private":
        result.private = true;
        break;
      case "immutable":
        result.immutable = true;
        break;
      case "max-age": {
        const seconds = parseDeltaSeconds(argument) ?? 0;
        const before = result.maxAgeSeconds;
        result.maxAgeSeconds = before === undefined || before === seconds
          ? seconds
          : 0;
        break;
      }
      case "stale-while-revalidate":
        result.staleWhileRevalidateSeconds = least(
          result.staleWhileRevalidateSeconds,
          parseDeltaSeconds(argument) ?? 0,
        );
        break;
      case "stale-if-error":
        result.staleIfErrorSeconds = least(
          result.staleIfErrorSeconds,
          parseDeltaSeconds(argument) ?? 0,
        );
        break;
    }
  });
  if (noCacheFields !== undefined) result.noCacheFields = noCacheFields;
  return result;
}

/**
 * Reads what a request asks of caches, from `Cache-Control` and, without it, `Pragma`. What is invalid or
 * contradicts itself counts as the stricter reading, and what is longer than {@linkcode MAX_FIELD_LENGTH} as `no-store`.
 *
 * @param headers The request's header fields.
 * @returns What it asks for.
 */
export function parseRequestDirectives(
  headers: HttpHeaders,
): Readonly<RequestDirectives> {
  if (headers.size === 0) return NO_REQUEST_DIRECTIVES;
  const value = headers.get("cache-control");
  if (value === undefined) {
    const pragma = headers.get("pragma");
    if (pragma === undefined) return NO_REQUEST_DIRECTIVES;
    if (pragma.length > MAX_FIELD_LENGTH) {
      return { ...NO_REQUEST_DIRECTIVES, noStore: true };
    }
    let noCache = false;
    forEachDirective(pragma, (name) => noCache ||= name === "no-cache");
    return noCache
      ? { ...NO_REQUEST_DIRECTIVES, noCache }
      : NO_REQUEST_DIRECTIVES;
  }
  const result: RequestDirectives = { ...NO_REQUEST_DIRECTIVES };
  if (value.length > MAX_FIELD_LENGTH) {
    result.noStore = true;
    return result;
  }
  forEachDirective(value, (name, argument) => {
    switch (name) {
      case "no-cache":
        result.noCache = true;
        break;
      case "no-store":
        result.noStore = true;
        break;
      case "only-if-cached":
        result.onlyIfCached = true;
        break;
      case "max-age":
        result.maxAgeSeconds = least(
          result.maxAgeSeconds,
          parseDeltaSeconds(argument) ?? 0,
        );
        break;
      case "max-stale":
        result.maxStaleSeconds = least(
          result.maxStaleSeconds,
          argument === undefined ? Infinity : parseDeltaSeconds(argument) ?? 0,
        );
        break;
      case "min-fresh":
        result.minFreshSeconds = Math.max(
          result.minFreshSeconds ?? 0,
          parseDeltaSeconds(argument) ?? Infinity,
        );
        break;
      case "stale-if-error":
        result.staleIfErrorSeconds = least(
          result.staleIfErrorSeconds,
          parseDeltaSeconds(argument) ?? 0,
        );
        break;
    }
  });
  return result;
}

/**
 * Parses a number of seconds (RFC 9111 section 1.2.2).
 *
 * @param text The text, or `undefined` if there is none.
 * @returns The number, at most {@linkcode MAX_DELTA_SECONDS}, or `undefined` if the text is anything but digits.
 */
export function parseDeltaSeconds(
  text: string | undefined,
): number | undefined {
  if (text === undefined || text.length === 0) return undefined;
  let seconds = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    if (seconds < MAX_DELTA_SECONDS) seconds = seconds * 10 + digit;
  }
  return Math.min(seconds, MAX_DELTA_SECONDS);
}

/**
 * Splits the elements of a list (RFC 9110 section 5.6.1) at commas outside of quoted strings, in one pass.
 *
 * @param value The field's value.
 * @returns The elements without white space around them; empty ones are left out.
 */
export function splitList(value: string): string[] {
  const elements: string[] = [];
  let isQuoted = false;
  let start = 0;
  for (let i = 0; i <= value.length; i++) {
    const char = i < value.length ? value[i] : ",";
    if (isQuoted && i < value.length) {
      if (char === "\\") i++;
      else if (char === '"') isQuoted = false;
    } else if (char === '"') {
      isQuoted = true;
    } else if (char === ",") {
      const element = value.slice(start, i).trim();
      if (element !== "") elements.push(element);
      start = i + 1;
    }
  }
  // A string that ends behind a backslash steps over its own end.
  if (start < value.length) {
    const element = value.slice(start).trim();
    if (element !== "") elements.push(element);
  }
  return elements;
}

function forEachDirective(
  value: string,
  visit: (name: string, argument: string | undefined) => void,
): void {
  for (const element of splitList(value)) {
    const equals = element.indexOf("=");
    if (equals < 0) {
      visit(element.toLowerCase(), undefined);
      continue;
    }
    // White space around "=" is invalid. The name still counts, and its argument, which then begins with white
    // space or is none, does not pass for a number: the stricter reading.
    const name = element.slice(0, equals);
    const trimmed = name.trimEnd();
    const argument = element.slice(equals + 1);
    visit(
      trimmed.toLowerCase(),
      trimmed.length === name.length ? unquote(argument) : "",
    );
  }
}

function unquote(text: string): string {
  if (!text.startsWith('"')) return text;
  let result = "";
  let from = 1;
  for (let i = 1; i < text.length; i++) {
    const char = text[i];
    if (char === "\\") {
      result += text.slice(from, i);
      from = ++i;
    } else if (char === '"') {
      // Anything behind the closing quote makes the argument invalid.
      return i === text.length - 1 ? result + text.slice(from, i) : text;
    }
  }
  return text;
}

function fieldNames(argument: string): string[] {
  return argument.split(",").map((name) => name.trim().toLowerCase())
    .filter((name) => name !== "");
}

function least(a: number | undefined, b: number): number {
  return a === undefined ? b : Math.min(a, b);
}

// This module is browser compatible.

import type { HttpHeaders } from "../headers.ts";
import { MAX_FIELD_LENGTH, splitList } from "./cache_control.ts";
import { digest } from "./digest.ts";

// A response that varies by more fields than this is as good as one that varies by everything.
const MAX_SELECTING_FIELDS = 32;

const CREDENTIALS: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "proxy-authorization",
]);

// Their elements are unordered but for their weights, and case does not matter (RFC 9110 sections 12.5.3 and 12.5.4).
const WEIGHTED: ReadonlySet<string> = new Set([
  "accept-encoding",
  "accept-language",
]);

// RFC 9110 section 12.4.2.
const WEIGHT = /^q=[01](?:\.\d{0,3})?$/;

/** The fields of a request that selected a response, as an entry has them. */
export type Selecting = ReadonlyArray<readonly [string, string | null]>;

/**
 * Reads which fields of the request selected a response (RFC 9111 section 4.1).
 *
 * Credentials select, too, unless the response says that it is `public`: a game where another player signs in must not
 * see what was for the one before, and servers of APIs seldom send `Vary: Authorization`.
 *
 * @param vary The response's `Vary` field, or `undefined` if there is none.
 * @param isPublic Whether the response is `public`.
 * @returns Lower-case names in order, or `undefined` if no request can be known to match (`*`).
 */
export function selectingNames(
  vary: string | undefined,
  isPublic: boolean,
): string[] | undefined {
  const names = new Set<string>();
  if (vary !== undefined) {
    if (vary.length > MAX_FIELD_LENGTH) return undefined;
    for (const element of splitList(vary)) {
      if (element === "*") return undefined;
      names.add(element.toLowerCase());
    }
  }
  if (!isPublic) names.add("authorization");
  if (names.size > MAX_SELECTING_FIELDS) return undefined;
  return [...names].sort();
}

/**
 * Takes the selecting fields from a request.
 *
 * @param names The names, from {@linkcode selectingNames}.
 * @param request The request's header fields.
 * @returns Names and normalised values.
 */
export function selectingFields(
  names: readonly string[],
  request: HttpHeaders,
): Selecting {
  return names.map((name) => {
    const value = request.get(name);
    return [name, value === undefined ? null : normalize(name, value)];
  });
}

/** Tells which requests a stored response answers, by its selecting fields. */
export class Selector {
  readonly #selecting: Selecting;
  // The values that matched last, as they were. The next request most often has the same, and to compare them costs
  // nothing beside normalising or digesting.
  readonly #matched: Array<string | undefined>;

  /**
   * Makes a selector.
   *
   * @param selecting The selecting fields of the stored response.
   */
  constructor(selecting: Selecting) {
    this.#selecting = selecting;
    this.#matched = selecting.map(() => undefined);
  }

  /**
   * Compares a request with the one that the response was for.
   *
   * @param request The request's header fields.
   * @returns `true` if all selecting fields match.
   */
  matches(request: HttpHeaders): boolean {
    for (let i = 0; i < this.#selecting.length; i++) {
      if (!this.#matchesAt(i, request)) return false;
    }
    return true;
  }

  /**
   * Compares the credentials of a request with those of the one that the response was for, as far as they selected it.
   *
   * @param request The request's header fields.
   * @returns `true` if the response was not for another user.
   */
  matchesCredentials(request: HttpHeaders): boolean {
    return this.#selecting.every(([name], i) =>
      !CREDENTIALS.has(name) || this.#matchesAt(i, request)
    );
  }

  #matchesAt(i: number, request: HttpHeaders): boolean {
    const [name, stored] = this.#selecting[i]!;
    const value = request.get(name);
    if (value === undefined || stored === null) {
      return value === undefined && stored === null;
    }
    if (value !== this.#matched[i]) {
      if (normalize(name, value) !== stored) return false;
      this.#matched[i] = value;
    }
    return true;
  }
}

// RFC 9111 section 4.1 allows to combine lines, to change white space where the syntax allows it, and what the
// field's own definition makes equal. More would be a guess at what the server does.
function normalize(name: string, value: string): string {
  if (CREDENTIALS.has(name)) return digest(value);
  const elements = splitList(value);
  if (!WEIGHTED.has(name)) return elements.join(",");
  return elements.map(normalizeWeighted).sort().join(",");
}

function normalizeWeighted(element: string): string {
  const [item, ...parameters] = element.toLowerCase().split(";");
  let result = item!.trim();
  for (const parameter of parameters) {
    const text = parameter.trim();
    // "q=1.0", "q=1" and no weight at all are the same.
    if (!WEIGHT.test(text)) result += `;${text}`;
    else if (Number(text.slice(2)) !== 1) {
      result += `;q=${Number(text.slice(2))}`;
    }
  }
  return result;
}

// This module is browser compatible.

import type { BearerToken } from "./client_options.ts";
import { invalidHeader } from "./headers.ts";

/** Keeps the current token, so that many requests share one call of the provider. */
export class TokenSource {
  readonly #provider: BearerToken;
  #current: string | Promise<string> | undefined;
  #isStale = false;

  constructor(provider: BearerToken) {
    this.#provider = provider;
  }

  /** The current token, if it is there already. */
  get known(): string | undefined {
    if (typeof this.#provider === "string") return this.#provider;
    return typeof this.#current === "string" ? this.#current : undefined;
  }

  /** Stops waiting for a provider that does not answer: the next request asks it again. */
  abandon(): void {
    if (typeof this.#current !== "string") this.#current = undefined;
  }

  /** The current token, asked for if there is none. */
  get(): string | Promise<string> {
    if (typeof this.#provider === "string") return this.#provider;
    if (this.#current !== undefined) return this.#current;
    const token = this.#provider({ refresh: this.#isStale });
    if (typeof token === "string") return this.#current = token;
    const pending = token.then((value) => {
      if (this.#current === pending) this.#current = value;
      return value;
    }, (error) => {
      if (this.#current === pending) this.#current = undefined;
      throw error;
    });
    return this.#current = pending;
  }

  /**
   * Forgets a token that the server refused. Of many requests that were refused with the
   * same token, only the first makes the provider be asked again.
   *
   * @returns Whether another token may be had.
   */
  refuse(token: string): boolean {
    if (typeof this.#provider === "string") return false;
    if (this.#current === token) {
      this.#current = undefined;
      this.#isStale = true;
    }
    return true;
  }
}

/**
 * Refuses what cannot be a token (RFC 6750 section 2.1), without showing it.
 *
 * @throws {TypeError} If the token is no text or cannot be a header field.
 */
export function checkToken(token: unknown): string {
  if (typeof token !== "string" || token === "") {
    throw new TypeError(
      `Cannot use token as it must be a text that is not empty: current type is ${typeof token}`,
    );
  }
  if (invalidHeader("authorization", token) !== undefined) {
    throw new TypeError(
      "Cannot use token as it has characters that a header field must not have",
    );
  }
  return token;
}

// This module is browser compatible.
import { invalidRequest } from "./http_problem.ts";

/** The query of a URL. Unlike `URLSearchParams` it refuses what is encoded wrongly. */
export class Query {
  readonly #raw = new Map<string, string>();

  /**
   * Reads a query.
   *
   * @param search The URL's `search`.
   * @throws {HttpProblem} If a name is encoded wrongly.
   */
  constructor(search: string) {
    for (const pair of search.slice(1).split("&")) {
      if (pair === "") continue;
      const equals = pair.indexOf("=");
      const name = decode("", equals < 0 ? pair : pair.slice(0, equals));
      const value = equals < 0 ? "" : pair.slice(equals + 1);
      if (!this.#raw.has(name)) this.#raw.set(name, value);
    }
  }

  /** Whether a parameter is there, empty or not. */
  has(name: string): boolean {
    return this.#raw.has(name);
  }

  /**
   * Reads a parameter; of several of one name the first.
   *
   * @throws {HttpProblem} If it is encoded wrongly.
   */
  get(name: string): string | undefined {
    const raw = this.#raw.get(name);
    // A blank may have been written as a plus, as forms do.
    return raw === undefined
      ? undefined
      : decode(name, raw.replaceAll("+", " "));
  }

  /**
   * Reads a list: its members are encoded each by itself, as they may have commas, and then all of it like any parameter.
   *
   * @throws {HttpProblem} If a member is encoded wrongly.
   */
  list(name: string): readonly string[] | undefined {
    return this.get(name)?.split(",").map((raw) => decode(name, raw));
  }

  /**
   * Reads an integer of decimal digits.
   *
   * @throws {HttpProblem} If it is none, or outside of the bounds.
   */
  integer(name: string, otherwise: number, min: number, max: number): number {
    const text = this.get(name);
    if (text === undefined) return otherwise;
    const value = /^-?\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    throw invalidRequest(
      `Cannot answer as ${name} must be an integer from ${min} to ${max}`,
      name,
    );
  }
}

function decode(name: string, raw: string): string {
  try {
    return decodeURIComponent(raw);
  } catch {
    throw invalidRequest(
      "Cannot answer as the query is not percent-encoded UTF-8",
      name === "" ? undefined : name,
    );
  }
}

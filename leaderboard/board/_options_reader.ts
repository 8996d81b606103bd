// This module is browser compatible.
import { BoardOptionsError } from "./board_options_error.ts";

const MAX_SHOWN = 64;

/** Reads options of which nothing is known, a record of them at a time, and names what is wrong by its path. */
export class OptionsReader {
  readonly #path: string;
  readonly #fields: ReadonlyMap<string, unknown>;

  /** @throws {BoardOptionsError} If `value` is no object, or has fields that are not in `known` (all, if left out). */
  constructor(path: string, value: unknown, known?: readonly string[]) {
    this.#path = path;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw optionsError(path, "be an object", value);
    }
    // A field that is there without a value is one that is left out.
    this.#fields = new Map(
      Object.entries(value).filter(([, field]) => field !== undefined),
    );
    for (const name of known === undefined ? [] : this.names) {
      if (known!.includes(name)) continue;
      throw new BoardOptionsError(
        this.pathOf(name.slice(0, MAX_SHOWN)),
        `Cannot make board as ${
          path === "" ? "its fields" : `the fields of its ${path}`
        } must be of "${known!.join('", "')}": current value is ${shown(name)}`,
      );
    }
  }

  /** The names of the fields that are there. */
  get names(): readonly string[] {
    return [...this.#fields.keys()];
  }

  /** The path of a field. */
  pathOf(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  /** A field as it is; `absent` where it is left out. */
  get(name: string, absent?: unknown): unknown {
    return this.#fields.has(name) ? this.#fields.get(name) : absent;
  }

  oneOf<T extends string>(name: string, values: readonly T[], absent: T): T {
    const value = this.get(name, absent) as T;
    if (values.includes(value)) return value;
    throw this.error(name, `be one of "${values.join('", "')}"`);
  }

  boolean(name: string): boolean {
    const value = this.get(name, false);
    if (typeof value === "boolean") return value;
    throw this.error(name, "be true or false");
  }

  integer(name: string, min: number, max: number, absent?: number): number {
    const value = this.get(name, absent) as number;
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw this.error(name, `be an integer from ${min} to ${max}`);
  }

  array(name: string, maxLength: number): readonly unknown[] {
    const value = this.get(name, []);
    if (Array.isArray(value) && value.length <= maxLength) return value;
    throw this.error(name, `be an array of at most ${maxLength}`);
  }

  /** The error for a field that is not what it must be. */
  error(name: string, wanted: string, cause?: unknown): BoardOptionsError {
    return optionsError(this.pathOf(name), wanted, this.get(name), cause);
  }
}

/** The error for an option that is not what it must be: `wanted` goes on behind "must". */
export function optionsError(
  path: string,
  wanted: string,
  value: unknown,
  cause?: unknown,
): BoardOptionsError {
  return new BoardOptionsError(
    path,
    `Cannot make board as ${
      path === "" ? "its options" : `its ${path}`
    } must ${wanted}: current value is ${shown(value)}`,
    { cause },
  );
}

/** A value in a few words: it may be a stranger's, and endless. */
function shown(value: unknown): string {
  if (typeof value === "string") {
    return JSON.stringify(value.slice(0, MAX_SHOWN));
  }
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "function" || typeof value === "symbol") {
    return `a ${typeof value}`;
  }
  return String(value).slice(0, MAX_SHOWN);
}

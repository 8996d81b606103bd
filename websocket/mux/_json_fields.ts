// This module is browser compatible.
import { decodeBase64 } from "../../core/mod.ts";
import { utf8Length } from "../../protocol/mod.ts";
import type { TextError, TextRefusal } from "./frame_from_text.ts";

/** How much of a text that somebody made up is said again. */
const SHOWN = 40;

/**
 * The properties of an object that JSON.parse has made of what anybody may have written.
 * As with a `ByteReader`, what is wrong first is kept, and what is read is of no use
 * until `refusal` was looked at. Each property that was not asked for is wrong.
 */
export class JsonFields {
  readonly #object: Readonly<Record<string, unknown>>;
  readonly #asked = new Set<string>();
  /** Where it is, for messages. */
  #path: string;
  #refusal: TextRefusal | undefined;
  /** Whether it is something that nothing more can be said of. */
  #isUnknown = false;

  constructor(value: unknown, path: string) {
    this.#path = path;
    const isObject = typeof value === "object" && value !== null &&
      !Array.isArray(value);
    this.#object = isObject ? value as Record<string, unknown> : {};
    if (!isObject) this.#refuse("type", "must be an object");
  }

  /** What is wrong; a name that there is not, before what is missed instead of it. */
  get refusal(): TextRefusal | undefined {
    if (this.#isUnknown) return this.#refusal;
    for (const name of Object.keys(this.#object)) {
      if (this.#asked.has(name)) continue;
      return {
        code: "unknownProperty",
        message: `${this.#path}unknown property ${quote(name)}`,
      };
    }
    return this.#refusal;
  }

  fail(code: TextError, message: string): void {
    this.#refusal ??= { code, message: `${this.#path}${message}` };
  }

  /** Takes over what is wrong with an object within this one. */
  failWith(inner: JsonFields): void {
    this.#refusal ??= inner.refusal;
  }

  /** What kind of object it is; "" if it does not say. */
  type(): string {
    const type = this.#value("type");
    if (typeof type === "string") {
      this.#path += `${shorten(type)}: `;
      return type;
    }
    this.#refuse(
      type === undefined ? "missing" : "type",
      "type must be there, as a string",
    );
    return "";
  }

  /** There is no such kind. */
  failType(): void {
    this.#refuse("unknownType", "there is no such type");
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  /** A number; where it is left out, `otherwise` if that is within the limits. */
  integer(name: string, min: number, max: number, otherwise = 0): number {
    const isAllowed = otherwise >= min && otherwise <= max;
    const value = this.#value(name, isAllowed ? otherwise : undefined);
    if (typeof value !== "number") {
      this.#failKind("number", name, value);
      return min;
    }
    if (!Number.isInteger(value) || value < min || value > max) {
      this.fail(
        "range",
        min === max
          ? `${name} must be ${min}`
          : `${name} must be an integer from ${min} to ${max}`,
      );
      return min;
    }
    // Without the sign of -0.
    return value + 0;
  }

  /** A flag, which is not set where it is left out. */
  flag(name: string): boolean {
    const value = this.#value(name, false);
    if (typeof value === "boolean") return value;
    this.#failKind("boolean", name, value);
    return false;
  }

  /** A flag in whose place there may be a string, of any length. */
  textOrFlag(name: string): string | boolean {
    const value = this.#value(name, false);
    if (typeof value !== "string") return this.flag(name);
    return this.string(name, 0, Infinity);
  }

  /** One of some strings. */
  choice<T extends string>(name: string, choices: readonly [T, ...T[]]): T {
    const value = this.#value(name);
    const choice = choices.find((one) => one === value);
    if (choice !== undefined) return choice;
    if (typeof value !== "string") this.#failKind("string", name, value);
    this.fail("range", `${name} must be one of ${choices.join(", ")}`);
    return choices[0];
  }

  /** A string; where it is left out, "" if that is within the limits. */
  string(name: string, minBytes: number, maxBytes: number): string {
    const value = this.#value(name, minBytes === 0 ? "" : undefined);
    if (typeof value !== "string") {
      this.#failKind("string", name, value);
    } else if (this.#isWithin(name, utf8Length(value), minBytes, maxBytes)) {
      if (!/\p{Surrogate}/u.test(value)) return value;
      this.fail("utf8", `${name} has half a surrogate pair`);
    }
    return "";
  }

  /** Bytes in base64; where they are left out, none if that is within the limits. */
  bytes(name: string, minBytes: number, maxBytes: number): Uint8Array {
    const value = this.#value(name, minBytes === 0 ? "" : undefined);
    if (typeof value !== "string") {
      this.#failKind("string", name, value);
    } else {
      const bytes = decodeBase64(value);
      if (bytes === undefined) {
        this.fail("base64", `${name} must be base64 with padding`);
      } else if (this.#isWithin(name, bytes.length, minBytes, maxBytes)) {
        return bytes;
      }
    }
    return new Uint8Array(minBytes);
  }

  /** An object. */
  object(name: string): JsonFields {
    return new JsonFields(this.#value(name), `${this.#path}${name}: `);
  }

  /** A list of objects, which is empty where it is left out. */
  objects(name: string, maxLength: number): readonly JsonFields[] {
    const values = this.#value(name, []);
    if (!Array.isArray(values)) {
      this.fail("type", `${name} must be an array`);
    } else if (values.length > maxLength) {
      this.fail("range", `${name} must have at most ${maxLength} elements`);
    } else {
      return values.map((value, i) =>
        new JsonFields(value, `${this.#path}${name} ${i + 1}: `)
      );
    }
    return [];
  }

  /** The value, which may be null; `otherwise` where it is left out. */
  #value(name: string, otherwise?: unknown): unknown {
    this.#asked.add(name);
    // An object without them has `constructor` and more all the same.
    return this.has(name) ? this.#object[name] : otherwise;
  }

  #refuse(code: TextError, message: string): void {
    this.fail(code, message);
    this.#isUnknown = true;
  }

  #failKind(kind: string, name: string, value: unknown): void {
    if (value === undefined) this.fail("missing", `${name} is missing`);
    else this.fail("type", `${name} must be a ${kind}`);
  }

  #isWithin(name: string, length: number, min: number, max: number): boolean {
    if (length >= min && length <= max) return true;
    const wanted = min === max ? `${min}` : `${min} to ${max}`;
    this.fail("range", `${name} must have ${wanted} bytes, not ${length}`);
    return false;
  }
}

/** Shows a text that somebody made up, of whatever length and characters. */
function quote(text: string): string {
  return JSON.stringify(shorten(text));
}

function shorten(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}

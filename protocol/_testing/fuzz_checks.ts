// What the targets of the fuzz tests check with.
import { ProtocolError, type ProtocolErrorCode } from "../protocol_error.ts";

/** Fails the case unless something holds. */
export function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It does not hold that ${what}`);
}

/** Fails the case unless `again` is what lies in a range of `bytes`. */
export function checkSame(
  again: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let isSame = again.length === end - start;
  for (let i = 0; isSame && i < again.length; i++) {
    isSame = again[i] === bytes[start + i];
  }
  check(isSame, "what was accepted encodes to the same bytes");
}

/** What `action` returns or, if it throws a ProtocolError, that one's code. */
export function attempt<T>(action: () => T): T | ProtocolErrorCode {
  try {
    return action();
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

/** The range as an array of its own; the array itself if it has nothing else. */
export function whole(
  bytes: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  return start === 0 && end === bytes.length
    ? bytes
    : bytes.subarray(start, end);
}

const F64 = new Float64Array(1);
const WORDS = new Uint32Array(F64.buffer);

/** Makes one number of all that came out of a case, to compare two runs by. */
export class Digest {
  /** The number so far. */
  value = 0x811c_9dc5;

  /** Adds a 32-bit integer. */
  int(value: number): void {
    this.value = Math.imul(this.value ^ value, 0x0100_0193);
    this.value ^= this.value >>> 15;
  }

  /** Adds any number, -0 and NaN included. */
  number(value: number): void {
    F64[0] = value;
    this.int(WORDS[0]!);
    this.int(WORDS[1]!);
  }

  /** Adds text. */
  text(value: string): void {
    this.int(value.length);
    for (let i = 0; i < value.length; i++) this.int(value.charCodeAt(i));
  }

  /** Adds bytes, of many every so many. */
  bytes(value: Uint8Array): void {
    this.int(value.length);
    const step = 1 + (value.length >>> 10);
    for (let i = 0; i < value.length; i += step) this.int(value[i]!);
  }

  /**
   * Adds what a field was read as.
   *
   * @returns How many elements its lists have, and how much text and bytes it holds.
   */
  any(value: unknown): { elements: number; bytes: number } {
    const held = { elements: 0, bytes: 0 };
    this.#any(value, held);
    return held;
  }

  #any(value: unknown, held: { elements: number; bytes: number }): void {
    if (typeof value === "number") return this.number(value);
    if (typeof value === "string") {
      held.bytes += value.length;
      return this.text(value);
    }
    if (value instanceof Uint8Array) {
      held.bytes += value.length;
      return this.bytes(value);
    }
    if (Array.isArray(value)) {
      held.elements += value.length;
      this.int(value.length);
      for (const element of value) this.#any(element, held);
    } else if (typeof value === "object" && value !== null) {
      for (const part of Object.values(value)) this.#any(part, held);
    } else {
      this.int(value === undefined ? 2 : Number(value));
    }
  }
}

/** An array that takes note of what is done to it. */
export interface Watched {
  /** In place of the array. */
  readonly bytes: Uint8Array;
  /** How many bytes were read one by one. */
  reads: number;
  /** What was done that may not be: reading outside of the array, or writing. */
  readonly faults: string[];
}

/** Watches every use of an array, which is a hundred times slower than without. */
export function watch(array: Uint8Array): Watched {
  const faults: string[] = [];
  const range = (name: "subarray" | "slice") =>
  (
    start = 0,
    end: number = array.length,
  ): Uint8Array => {
    if (!(start >= 0 && start <= end && end <= array.length)) {
      faults.push(`${name}(${start}, ${end}) of ${array.length}`);
    }
    return array[name](start, end);
  };
  const bytes = new Proxy(array, {
    get(_, key) {
      if (key === "subarray" || key === "slice") return range(key);
      if (typeof key === "string" && /^[-\d]|^NaN$/.test(key)) {
        watched.reads += 1;
        const at = Number(key);
        if (!(at >= 0 && at < array.length)) {
          faults.push(`[${key}] of ${array.length}`);
        }
      }
      const value = Reflect.get(array, key, array);
      return typeof value === "function" ? value.bind(array) : value;
    },
    set(_, key) {
      faults.push(`[${String(key)}] = …`);
      return false;
    },
  });
  const watched: Watched = { bytes, reads: 0, faults };
  return watched;
}

// What decoded values take in memory, counted rather than measured: the sizes are those of V8 without compressed pointers,
// which a soak test compares with its heap.
import { RpcCall } from "../call/rpc_call.ts";

const WORD_BYTES = 8;
const MAX_FAST_PROPERTIES = 16;

/** The bytes of a value and of all that only it holds. What is shared by all, such as frozen constants, is not its own. */
export function heldBytes(value: unknown): number {
  switch (typeof value) {
    case "string":
      // Of one character there is one string for all.
      return value.length < 2 ? 0 : padded(16 + textBytes(value));
    case "number":
      return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? 0 : 16;
    case "object":
      break;
    default:
      return 0;
  }
  if (value === null || Object.isFrozen(value)) return 0;
  if (value instanceof Uint8Array) return 200 + padded(value.length);
  if (Array.isArray(value)) {
    const slots = value.length === 0 ? 32 : 48 + WORD_BYTES * value.length;
    return slots + sumOf(value);
  }
  // Words of this code, which are there once.
  const parts = Object.entries(value).map(([name, part]) =>
    name === "type" ? undefined : part
  );
  // Numbers of vectors are objects of their own, whole ones too.
  if ("x" in value) return 24 + (WORD_BYTES + 16) * parts.length;
  if (value instanceof RpcCall) return 64 + sumOf(parts);
  return objectBytes(value, parts.length) + sumOf(parts);
}

function sumOf(values: readonly unknown[]): number {
  return values.reduce((sum: number, value) => sum + heldBytes(value), 0);
}

function objectBytes(value: object, properties: number): number {
  // Made at once of names that are known.
  if ("low" in value || "type" in value) return 24 + WORD_BYTES * properties;
  if (properties <= 4) return 56;
  if (properties <= MAX_FAST_PROPERTIES) {
    return 72 + 24 * Math.ceil((properties - 4) / 3);
  }
  const places = 2 ** Math.ceil(Math.log2(1.5 * properties));
  return 88 + 24 * places;
}

function textBytes(text: string): number {
  // deno-lint-ignore no-control-regex
  return /^[\x00-\xff]*$/.test(text) ? text.length : 2 * text.length;
}

function padded(bytes: number): number {
  return WORD_BYTES * Math.ceil(bytes / WORD_BYTES);
}

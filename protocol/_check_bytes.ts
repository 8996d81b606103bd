// This module is browser compatible.

/**
 * Refuses what is no Uint8Array, such as an ArrayBuffer: its length would be taken
 * for none, or its elements for other bytes.
 */
export function checkBytes(value: unknown, action: string): void {
  if (value instanceof Uint8Array) return;
  throw new TypeError(
    `Cannot ${action} as its bytes must be a Uint8Array: current value is of type "${
      typeof value === "object" && value !== null
        ? value.constructor?.name ?? "object"
        : typeof value
    }"`,
  );
}

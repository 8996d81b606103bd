// This module is browser compatible.
import { MAX_PAYLOAD_BYTES } from "./_sizes.ts";

/**
 * Checks what is to be sealed.
 *
 * @returns Its length, 1 to 1200.
 * @throws {RangeError} If it is empty, or longer than other implementations take.
 */
export function checkPayload({ length }: Uint8Array): number {
  if (length >= 1 && length <= MAX_PAYLOAD_BYTES) return length;
  throw new RangeError(
    `Cannot seal a payload as its length must be 1 to ${MAX_PAYLOAD_BYTES}: current value is ${length}`,
  );
}

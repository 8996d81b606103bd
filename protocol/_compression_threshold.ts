// This module is browser compatible.
import { MAX_PAYLOAD_LEN } from "./packet_header.ts";

/** Payloads below seldom become smaller. */
export const DEFAULT_COMPRESSION_THRESHOLD_BYTES = 256;

/** Refuses a threshold that is no integer from 0 to 65535. */
export function checkThreshold(bytes: number, action: string): void {
  if ((bytes & MAX_PAYLOAD_LEN) === bytes) return;
  throw new RangeError(
    `Cannot ${action} as the compression threshold must be an integer from 0 to ${MAX_PAYLOAD_LEN} bytes: current value is ${bytes}`,
  );
}

// This module is browser compatible.

import { cutCloseReason } from "../protocol/mod.ts";

export const CLOSE_NORMAL = 1000;
/** Reported, never sent: there was no closing handshake. */
export const CLOSE_ABNORMAL = 1006;
/** What came cannot be read. */
export const CLOSE_PROTOCOL_ERROR = 4002;
/** More came than may wait to be drained. */
export const CLOSE_UNDRAINED = 4010;
/** Nothing came after a ping. */
export const CLOSE_PING_TIMEOUT = 4011;

/** The code a client may send in place of `code`: browsers throw for all but 1000 and 3000 to 4999. */
export function sendableCode(code: number): number {
  return code >= 3000 && code <= 4999 ? code : CLOSE_NORMAL;
}

/** The code that a runtime reports, made one that the others would report too. */
export function reportedCode(code: unknown): number {
  // Deno gives 0 for a connection that was refused or cut.
  return typeof code === "number" && code >= 1000 && code <= 4999
    ? code
    : CLOSE_ABNORMAL;
}

/** The reason that a runtime reports, bounded whatever it is. */
export function reportedReason(reason: unknown): string {
  return typeof reason === "string" && reason !== ""
    ? cutCloseReason(reason)
    : "";
}

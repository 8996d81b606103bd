// This module is browser compatible.
import { CloseCode } from "./record.ts";
import type { SessionError } from "./session.ts";

/** With which code an end closes the socket of a peer that sent what is wrong. */
export function closeCodeOf(error: SessionError): number {
  return error === "frameTooLarge" || error === "messageTooLarge"
    ? CloseCode.TooLarge
    : CloseCode.ProtocolError;
}

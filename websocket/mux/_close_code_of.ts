// This module is browser compatible.
import { CloseCode } from "./record.ts";
import type { SessionError } from "./session_error.ts";

/** With which code an end closes the socket of a peer that sent what is wrong. */
export function closeCodeOf(error: SessionError): CloseCode {
  switch (error) {
    case "frameTooLarge":
    case "messageTooLarge":
      return CloseCode.TooLarge;
    case "versionMismatch":
      return CloseCode.VersionMismatch;
    case "inboxFull":
      // An honest peer may get there, and has the rest to send again.
      return CloseCode.RateLimited;
    default:
      return CloseCode.ProtocolError;
  }
}

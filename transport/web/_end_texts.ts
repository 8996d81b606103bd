// This module is browser compatible.
import type { WebDatagramEndReason } from "./web_datagram_limits.ts";

/** What a client is told of its end. */
export const END_TEXTS: Readonly<Record<WebDatagramEndReason, string>> = {
  left: "",
  disconnected: "",
  notBinary: "Not a binary frame",
  oversized: "Larger than a datagram",
  flooded: "Far too many datagrams",
  silent: "Silent for too long",
  stranger: "No session",
  refused: "No room",
};

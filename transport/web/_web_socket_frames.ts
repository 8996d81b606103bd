// This module is browser compatible.
import type { DatagramWebSocket } from "./datagram_web_socket.ts";

/** The datagram of a "message" event; `undefined` if it is none. */
export function toDatagram(data: unknown): Uint8Array | undefined {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  // Stand-ins may give views, which may be of a buffer that they use again.
  if (data instanceof Uint8Array) return Uint8Array.from(data);
  return undefined;
}

/** Closes a socket, whatever it is at; without a code if there is none to tell. */
export function closeQuietly(
  socket: DatagramWebSocket,
  code?: number,
  reason?: string,
): void {
  try {
    socket.close(code, reason);
  } catch {
    // It is over all the same.
  }
}

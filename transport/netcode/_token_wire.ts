// This module is browser compatible.
import { PacketType } from "./_packet_type.ts";
import { KEY_BYTES, MAX_PAYLOAD_BYTES, REQUEST_BYTES } from "./_sizes.ts";

/**
 * What lies inside of TLS: a prefix byte and a body, nothing sealed once more. The lower
 * four bits of the prefix are the type, one of netcode's; the upper four tell a client's
 * sessions at one address apart. PROTOCOL.md, section 8.
 */

/** Netcode's types; a client resumes where it would respond. */
export const TokenPacket = {
  Request: PacketType.Request,
  Denied: PacketType.Denied,
  Resume: PacketType.Response,
  KeepAlive: PacketType.KeepAlive,
  Payload: PacketType.Payload,
  Disconnect: PacketType.Disconnect,
} as const;

/** The token's key, which its client has, and whoever has seen a request pass over UDP has not. */
export const PROOF_AT = REQUEST_BYTES;
/** Random bytes of the client: whoever has them has the session. */
export const SESSION_AT = PROOF_AT + KEY_BYTES;
export const SESSION_BYTES = 16;
/** A request of netcode, whose prefix may have a round, the proof, the session. */
export const TOKEN_REQUEST_BYTES = SESSION_AT + SESSION_BYTES;
/** Prefix, client index u32, session. */
export const RESUME_BYTES = 1 + 4 + SESSION_BYTES;
/** Prefix, client index u32, most clients u32. */
export const KEEP_ALIVE_BYTES = 1 + 4 + 4;
/** How many rounds there are. */
export const ROUNDS = 16;

/** The first byte of a datagram. */
export function prefixOf(type: number, round: number): number {
  return round << 4 | type;
}

/** Whether a datagram has a length that its type has. */
export function isTokenPacketLength(type: number, length: number): boolean {
  switch (type) {
    case TokenPacket.Payload:
      return length >= 2 && length <= 1 + MAX_PAYLOAD_BYTES;
    case TokenPacket.KeepAlive:
      return length === KEEP_ALIVE_BYTES;
    case TokenPacket.Request:
      return length === TOKEN_REQUEST_BYTES;
    case TokenPacket.Resume:
      return length === RESUME_BYTES;
    case TokenPacket.Denied:
    case TokenPacket.Disconnect:
      return length === 1;
    default:
      return false;
  }
}

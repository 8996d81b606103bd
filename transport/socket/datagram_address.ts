// This module is browser compatible.
import type { DatagramSocket } from "./datagram_socket.ts";

/**
 * Where a datagram came from or goes to, as one socket knows it.
 *
 * A socket interns its addresses: as long as one is retained, the same address is
 * the same object, so that a `Map` keyed by it finds it without a string. What is
 * not retained may be forgotten at any time, and be another object when it comes
 * up again: so strangers cannot fill a table.
 */
export interface DatagramAddress {
  /** The socket that it belongs to. */
  readonly socket: DatagramSocket;
  /** `"203.0.113.7"` or `"2001:db8::7"`; for a web transport whatever its server knows of the client. */
  readonly host: string;
  /** 0 to 65535; 0 where there are no ports. */
  readonly port: number;
  /**
   * What tells it from every other address of this socket, 1 to 32 bytes: for IP
   * the 16 bytes of the address (IPv4 mapped) and two of the port, big-endian, and
   * four of the scope id where a link-local address has one. Not to be written to.
   */
  readonly key: Uint8Array;
  /** Keeps it in the socket's table until {@linkcode DatagramAddress.release}; counted. */
  retain(): void;
  /** Takes one {@linkcode DatagramAddress.retain} back. */
  release(): void;
  /** `"203.0.113.7:9000"`, `"[2001:db8::7]:9000"`: for people and logs. */
  toString(): string;
}

// This module is browser compatible.
import type { DatagramSocket } from "./datagram_socket.ts";
import type { IpAddressTable } from "./ip_address_table.ts";

/** What stands behind a `NonBlockingSocket`. */
export interface SocketBackend extends DatagramSocket {
  /** Its addresses, which belong to the one in front. */
  readonly addresses: IpAddressTable;
  /** Bytes of the system's buffer for what came in; 0 if nobody knows. */
  readonly receiveBufferBytes: number;
  /** Bytes of the system's buffer for what leaves; 0 if nobody knows. */
  readonly sendBufferBytes: number;
}

/** What a backend is opened with: every option has its value, checked. */
export interface BackendSettings {
  /** An IP address of this machine, or 0.0.0.0 or ::. */
  readonly hostname: string;
  /** 0 to 65535. */
  readonly port: number;
  /** 1200 to 65507. */
  readonly maxDatagramBytes: number;
  /** Bytes wanted. */
  readonly receiveBufferBytes: number;
  /** Bytes wanted. */
  readonly sendBufferBytes: number;
  /** Whether a socket of :: leaves IPv4 alone. */
  readonly isIpv6Only: boolean;
  /** Whether `hostname` is one of IPv6. */
  readonly isIpv6: boolean;
}

// This module is browser compatible.
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";

/**
 * One end of a connection of the web. It is the same object for as long as the
 * connection is there, and of no use afterwards: there is no table to be kept in.
 */
export class WebAddress implements DatagramAddress {
  readonly socket: DatagramSocket;
  readonly host: string;
  readonly port: number;
  readonly key: Uint8Array;
  #retained = 0;

  /** `number` is one that no other address of the socket has: 0 to 2^53 - 1. */
  constructor(
    socket: DatagramSocket,
    host: string,
    port: number,
    number: number,
  ) {
    this.socket = socket;
    this.host = host;
    this.port = port;
    this.key = new Uint8Array(8);
    const view = new DataView(this.key.buffer);
    view.setUint32(0, Math.floor(number / 0x1_0000_0000));
    view.setUint32(4, number >>> 0);
  }

  /** Whether somebody wants to keep it. */
  get isRetained(): boolean {
    return this.#retained > 0;
  }

  retain(): void {
    this.#retained += 1;
  }

  release(): void {
    if (this.#retained > 0) this.#retained -= 1;
  }

  toString(): string {
    const host = this.host.includes(":") ? `[${this.host}]` : this.host;
    return this.port === 0 ? host : `${host}:${this.port}`;
  }
}

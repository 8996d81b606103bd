// This module is browser compatible.
import type { DatagramAddress } from "../socket/datagram_address.ts";
import type { SimulatedSocket } from "./_simulated_socket.ts";
import { ipKey } from "./_ip_key.ts";
import type { NetworkPath } from "./network_path.ts";

/** A host and a port. */
export class Endpoint {
  readonly host: string;
  readonly port: number;
  readonly key: Uint8Array;
  /** The key as text, for maps. */
  readonly text: string;
  /** Who gets what arrives there, as long as it does. */
  socket: SimulatedSocket | undefined;

  /**
   * Checks the host.
   *
   * @throws {TypeError} If it is no address.
   */
  constructor(host: string, port: number) {
    const key = ipKey(host, port);
    if (key === undefined) {
      throw new TypeError(
        `Cannot make an address as host must be an IP address: current value is "${host}"`,
      );
    }
    this.host = host;
    this.port = port;
    this.key = key;
    this.text = String.fromCharCode(...key);
  }
}

/** What a datagram travels along: from an address as others see it to an address. */
export class Wire {
  readonly path: NetworkPath;
  readonly from: Endpoint;
  readonly to: Endpoint;
  /** `from` as the receiver knows it. */
  fromAddress: SimulatedAddress | undefined;

  constructor(path: NetworkPath, from: Endpoint, to: Endpoint) {
    this.path = path;
    this.from = from;
    this.to = to;
  }
}

/** An address as one socket knows it. */
export class SimulatedAddress implements DatagramAddress {
  readonly socket: SimulatedSocket;
  readonly endpoint: Endpoint;
  /** What datagrams to it travel along, once one was sent. */
  wire: Wire | undefined;
  retained = 0;
  /** Whether the socket's table is without it. */
  isForgotten = false;

  constructor(socket: SimulatedSocket, endpoint: Endpoint) {
    this.socket = socket;
    this.endpoint = endpoint;
  }

  get host(): string {
    return this.endpoint.host;
  }

  get port(): number {
    return this.endpoint.port;
  }

  get key(): Uint8Array {
    return this.endpoint.key;
  }

  retain(): void {
    this.retained += 1;
    if (this.isForgotten) this.socket.remember(this);
  }

  release(): void {
    if (this.retained > 0) this.retained -= 1;
  }

  toString(): string {
    const { host, port } = this.endpoint;
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  }
}

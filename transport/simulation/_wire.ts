// This module is browser compatible.
import { IP_WORDS, parseIp } from "../socket/ip_address.ts";
import type { SimulatedSocket } from "./_simulated_socket.ts";
import type { NetworkPath } from "./network_path.ts";

/** A host and a port. */
export class Endpoint {
  readonly host: string;
  readonly port: number;
  /** The address as {@linkcode parseIp} writes it. */
  readonly words = new Int32Array(IP_WORDS);
  /** All of it, for maps. */
  readonly text: string;
  /** Who gets what arrives there, as long as it does. */
  socket: SimulatedSocket | undefined;

  /**
   * Checks the host.
   *
   * @throws {TypeError} If it is no address.
   */
  constructor(host: string, port: number) {
    if (!parseIp(host, this.words)) {
      throw new TypeError(
        `Cannot use host as it must be an IP address: current value is "${host}"`,
      );
    }
    this.host = host;
    this.port = port;
    this.text = endpointText(this.words, port);
  }
}

/** What a datagram travels along: from an address as others see it to an address. */
export class Wire {
  readonly path: NetworkPath;
  readonly from: Endpoint;
  readonly to: Endpoint;

  constructor(path: NetworkPath, from: Endpoint, to: Endpoint) {
    this.path = path;
    this.from = from;
    this.to = to;
  }
}

/** The same text for the same address, whatever was typed. */
export function endpointText(words: ArrayLike<number>, port: number): string {
  return `${words[0]},${words[1]},${words[2]},${words[3]},${words[4]},${port};`;
}

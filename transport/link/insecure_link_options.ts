// This module is browser compatible.
import type { Random } from "../../core/mod.ts";
import type { DatagramAddress } from "../socket/datagram_address.ts";

/** Options for {@linkcode InsecureLink}. */
export interface InsecureLinkOptions {
  /**
   * Which game this is, and which version of its messages: any text, the same at both
   * ends. A 64-bit FNV-1a hash of this library's wire version and the text goes over the
   * wire: ends that would not understand each other do not connect.
   */
  readonly protocol: string;
  /**
   * How many clients may be connected at once: 0 to 65536. With 0 nobody can connect
   * to this end.
   *
   * @default {0}
   */
  readonly maxClients?: number;
  /**
   * How many of them may come from one host (an address without its port): 1 or more.
   *
   * @default {Infinity}
   */
  readonly maxClientsPerHost?: number;
  /**
   * Decides whether a client may connect, at once and at no great cost, such as by the
   * token that its user data is. Called when the client has proven its address, at most
   * 1,000 times per second, and for one host 500 times. If it throws, the client is refused.
   *
   * @param userData What the client says of itself, 0 to 256 bytes; not to be kept.
   * @param from Where it is.
   * @returns Whether it may.
   */
  authorize?(userData: Uint8Array, from: DatagramAddress): boolean;
  /**
   * How long to try to connect, in milliseconds: above 0.
   *
   * @default {10000}
   */
  readonly connectTimeoutMs?: number;
  /**
   * Where keys, salts and session numbers come from. Whoever can guess it can be anyone:
   * only tests give another one.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}

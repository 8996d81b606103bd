// This module is browser compatible.

/** What the clients of a listener may cost it. */
export interface WebDatagramLimits {
  /**
   * The most clients at a time: 1 to 65536.
   *
   * @default {1024}
   */
  readonly maxClients?: number;
  /**
   * The most of them from one host: 1 to 65536.
   *
   * @default {64}
   */
  readonly maxClientsPerHost?: number;
  /**
   * How many bytes from one client may wait to be polled, at 256 more for each
   * datagram. Beyond that what comes is dropped and counted, and who goes on has its
   * connection closed. Room for two of the largest datagrams, or more.
   *
   * @default {262144}
   */
  readonly maxReceiveBytesPerClient?: number;
  /**
   * How many bytes from all clients may wait to be polled. Half of that is for whoever
   * comes first; of the other half each client has an equal share, that nobody can take.
   * Up to 2^30; room for two of the largest datagrams of each client, or more.
   *
   * @default {16777216}
   */
  readonly maxReceiveBytes?: number;
  /**
   * After how much silence a connection is closed, in milliseconds: above 0.
   *
   * @default {30000}
   */
  readonly idleTimeoutMs?: number;
  /**
   * How long a client is kept whose address nobody retains, in milliseconds: above 0.
   * The time of a handshake, so that strangers cannot fill the table.
   *
   * @default {15000}
   */
  readonly strangerTimeoutMs?: number;
}

/** Why a listener's client is no more. */
export type WebDatagramEndReason =
  /** It has closed, or the connection broke. */
  | "left"
  /** This end has closed it. */
  | "disconnected"
  /** What it sent was no binary frame. */
  | "notBinary"
  /** What it sent was larger than a datagram. */
  | "oversized"
  /** It went on sending far more than was polled. */
  | "flooded"
  /** Nothing came from it for too long. */
  | "silent"
  /** Nobody wanted to keep it. */
  | "stranger"
  /** There was no room for it. */
  | "refused";

/** Where a client is, as its server knows it. */
export interface WebDatagramOrigin {
  /** Its IP address: by what the clients of one host are counted. */
  readonly host: string;
  /**
   * Its port: 0 to 65535.
   *
   * @default {0}
   */
  readonly port?: number;
}

import type { Clock, Random } from "../../core/mod.ts";
import type { DatagramSocket } from "../socket/datagram_socket.ts";

/** Options for {@linkcode NetcodeServer}. */
export interface NetcodeServerOptions {
  /** Which game this is, and which version of it: 0 to 2^64 - 1, the same in its tokens. */
  readonly protocolId: bigint;
  /**
   * The keys that it shares with the login server: 1 to 8 of 32 bytes each, copied. A token
   * that any of them opens is good: the new key goes first, and the old one stays until its
   * last token has expired.
   */
  readonly privateKeys: readonly Uint8Array[];
  /**
   * Where clients reach it, as its tokens list it: 1 to 32 of `"203.0.113.7:40000"` and
   * `"[2001:db8::7]:40000"`. A token that lists none of them is for another server.
   */
  readonly addresses: readonly string[];
  /** How many clients may be connected at once: 1 to 65535. */
  readonly maxClients: number;
  /**
   * Whether what goes through a socket is sealed below it, with its clients' addresses proven,
   * as over TLS: a client there presents its token by a `TokenLink`, and nothing is sealed once
   * more. A WebSocket without TLS is so only where nobody else can read it: on loopback, or from
   * a proxy that ends TLS on this machine.
   *
   * @default {() => false}
   */
  isSealedBelow?(socket: DatagramSocket): boolean;
  /**
   * The time of day, by which tokens expire.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
  /**
   * Where the challenge key comes from, and where sequences begin. Whoever can guess it can be
   * anywhere: only tests give another one.
   *
   * @default {new SecureRandom()}
   */
  readonly random?: Random;
}

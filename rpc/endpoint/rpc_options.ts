// This module is browser compatible.
import type { Clock, Vec3 } from "../../core/mod.ts";
import type { IsOwner } from "../security/call_guard.ts";
import type { RpcLimits } from "../security/rpc_limits.ts";
import type { ClientId } from "../target/client_id.ts";
import type { RpcObserver } from "./rpc_observer.ts";

/** What both ends can be told. */
export interface RpcEndpointOptions {
  /**
   * The bytes of a packet not to be exceeded by putting several calls or answers into
   * it: an integer from 64 to 65535; the link's `maxMessageBytes` if that is less. What
   * is larger goes alone. The default fits a datagram.
   *
   * @default {1200}
   */
  readonly maxPacketBytes?: number;
  /**
   * The most bytes of calls that wait to be sent over one link, and of answers: an
   * integer, `maxPacketBytes` or more. Beyond it calls are dropped that may be lost, then
   * new ones refused. A server passes calls of other clients on while not half of it
   * is used.
   *
   * @default {262144}
   */
  readonly maxQueuedBytes?: number;
  /**
   * The most calls of one link that wait for their answers, in either direction: an
   * integer from 1 to 65535. Beyond it this end's are refused, and the other end's
   * answered with `tooManyOutstanding`.
   *
   * @default {256}
   */
  readonly maxOutstanding?: number;
  /**
   * The most events that wait to be drained: an integer from 16 to 16777216. Outcomes
   * and the ends of links have their places from the beginning; the rest is dropped
   * beyond it, and counted.
   *
   * @default {65536}
   */
  readonly maxEvents?: number;
  /** Who is told of what is done to it, such as an `RpcRecorder`. */
  readonly observer?: RpcObserver;
}

/** Options for {@linkcode RpcServer}: what it knows of the game. */
export interface RpcServerOptions extends RpcEndpointOptions {
  /**
   * The team of a client; `undefined` if it has none. Needed by targets of teams.
   *
   * @param client Which.
   */
  readonly teamOf?: (client: ClientId) => number | undefined;
  /**
   * Whether a client owns what its call is about. Needed by contracts with calls from
   * owners.
   */
  readonly isOwner?: IsOwner;
  /**
   * Where a client is; `undefined` if it is nowhere. Needed by targets within a radius.
   *
   * @param client Which.
   */
  readonly positionOf?: (client: ClientId) => Vec3 | undefined;
  /** How much a client may do, and what becomes of one that does more. */
  readonly limits?: RpcLimits;
  /**
   * What the time of handlers is measured by.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
}

/** Options of a call that is answered. */
export interface RpcCallOptions {
  /**
   * How long to wait for the answer, in milliseconds of simulation time: above 0, and
   * it may be infinite.
   *
   * @default {10000}
   */
  readonly timeoutMs?: number;
}

// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";

/** Options for {@linkcode LobbyCluster.open}. */
export interface LobbyClusterOptions {
  /**
   * Where clients reach this server and no other: an absolute URL with ws, wss, http or https. Clients are sent to it, so it
   * has to be one that they can reach, behind no balancer that may choose another server.
   */
  readonly url: string;
  /**
   * What the cluster is called: 1 to 64 letters, digits, `-`, `_` and `.`. Clusters of other names in the same Redis have
   * nothing to do with it.
   *
   * @default {"lobby"}
   */
  readonly name?: string;
  /**
   * For how long a server that is not heard of keeps its lobbies, in milliseconds: 1000 to 600000. It is how long players
   * wait for another server at most, some seconds apart, and how long a server may stand still or be cut off from Redis
   * before it is over.
   *
   * @default {10000}
   */
  readonly leaseMs?: number;
  /**
   * How often changes of listings are told to the other servers, in milliseconds of `tick` time: 0 or more.
   *
   * @default {500}
   */
  readonly listIntervalMs?: number;
  /**
   * The most listings that are taken of another server: an integer, 0 to 1000000.
   *
   * @default {65536}
   */
  readonly maxListingsPerServer?: number;
  /**
   * The time by which the lease runs out here. It must not stand still while the process or the machine does.
   *
   * @default {new SystemClock()}
   */
  readonly clock?: Clock;
}

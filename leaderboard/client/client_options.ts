// This module is browser compatible.
import type {
  BearerToken,
  HttpClientOptions,
  Journal,
} from "../../http/mod.ts";

/** How the requests of a {@linkcode LeaderboardClient} are made, as in `HttpClientOptions`. */
export type LeaderboardHttpOptions = Pick<
  HttpClientOptions,
  | "backoffBaseMs"
  | "backoffMaxMs"
  | "circuitBreaker"
  | "clock"
  | "deadlineMs"
  | "fetch"
  | "log"
  | "maxConcurrent"
  | "onWake"
  | "random"
  | "retries"
  | "timeoutMs"
  | "verbose"
>;

/** How a {@linkcode LeaderboardClient} behaves. Every option has a default. */
export interface LeaderboardClientOptions {
  /**
   * The board that is meant where none is named.
   *
   * @default {"main"}
   */
  readonly board?: string;
  /**
   * Who the player is: the token of `Authorization: Bearer …`, for the server's `authenticate`. A function is asked when
   * the first request needs one, and again after a 401, which repeats the request once.
   *
   * @default {undefined}
   */
  readonly playerToken?: BearerToken;
  /**
   * Where submissions are kept from `submit` until the server has answered, so that they survive being offline and
   * restarts. The client reads it when it is made and does not close it. A journal is for one client at a time.
   *
   * @default {undefined}
   */
  readonly journal?: Journal;
  /**
   * Calls that are under way or whose terminal event nobody drained: 1 to 65536. At this bound calls are `refused`.
   *
   * @default {1024}
   */
  readonly maxPending?: number;
  /**
   * The most bytes of a replay, decompressed, that is sent or fetched: 1 to 268435456. Four times as many are held for
   * uploads that are under way.
   *
   * @default {16777216}
   */
  readonly maxReplayBytes?: number;
  /**
   * How requests are made.
   *
   * @default {{}}
   */
  readonly http?: LeaderboardHttpOptions;
}

// This module is browser compatible.
import type { Clock, Random } from "../../core/mod.ts";
import type { RateLimits } from "../../http/server/mod.ts";
import type { Replays } from "../replay/replays.ts";
import type { LeaderboardStore } from "../store/store.ts";
import type { Boards } from "./_boards.ts";
import type { HeldQueue } from "./_held_queue.ts";
import type { ServerCounters } from "./_server_counters.ts";
import type { RunTokens } from "./run_token.ts";
import type { LeaderboardServerOptions } from "./server_options.ts";

/** What the parts of one server share. */
export interface ServerContext {
  /** Guarded: what it throws is counted and told. */
  readonly store: LeaderboardStore;
  readonly boards: Boards;
  readonly replays: Replays | undefined;
  readonly runs: RunTokens;
  readonly runLifetimeMs: number;
  readonly held: HeldQueue;
  readonly verify: LeaderboardServerOptions["verify"];
  readonly verifiesLater: boolean;
  readonly maxVerifications: number;
  readonly playerLimits: RateLimits;
  readonly counters: ServerCounters;
  /** All titles that there are. */
  readonly titles: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly onError: (error: unknown) => void;
}

// This module is browser compatible.
import type { Clock, Metric, PlayerId } from "../../core/mod.ts";
import { metricMakers } from "../../http/server/mod.ts";
import type { Routes } from "../server/call.ts";
import type { LeaderboardStore } from "../store/store.ts";
import { GuardedReplayStore } from "./_guarded_replay_store.ts";
import { PartReader } from "./_part_reader.ts";
import { ReplayListRoutes } from "./_replay_list_routes.ts";
import { ReplayRoutes } from "./_replay_routes.ts";
import { KEEP_MS, ReplaySweep } from "./_replay_sweep.ts";
import { ReplayVerifier } from "./_replay_verifier.ts";
import { readReplay } from "./read_replay.ts";
import type { ReplayStore, StoredReplay } from "./replay_store.ts";

const { counter, gauge } = metricMakers("tickwire_leaderboard_replay_");

/** What the {@linkcode Replays} of a server work with. */
export interface ReplaysContext {
  /** Where replays are. It stays its owner's. */
  readonly replays: ReplayStore;
  /** Where entries are, whose failures are told by it. */
  readonly store: Pick<LeaderboardStore, "isReplayLinked" | "page">;
  /** The time. */
  readonly clock: Clock;
  /** The most bytes of a replay, decompressed. */
  readonly maxReplayBytes: number;
  /** Counts what costs the server much for a player. It throws a `Problem` if that is too often. */
  readonly takeTurn: (playerId: PlayerId) => void;
  /** Told what the store of replays threw. */
  readonly onError: (error: unknown) => void;
}

/** A server's replays: the routes of PROTOCOL.md, section 7, and what a submission with a replay needs. */
export class Replays {
  /** The routes. */
  readonly routes: readonly Routes[];
  readonly #replays: GuardedReplayStore;
  readonly #clock: Clock;
  readonly #store: ReplaysContext["store"];
  readonly #sweep: ReplaySweep;
  readonly #parts = new PartReader();
  readonly #routes: ReplayRoutes;

  constructor(context: ReplaysContext) {
    const { clock, store, maxReplayBytes, takeTurn } = context;
    const replays = new GuardedReplayStore(context.replays, context.onError);
    this.#replays = replays;
    this.#clock = clock;
    this.#store = store;
    this.#sweep = new ReplaySweep({ replays, store, clock });
    this.#routes = new ReplayRoutes({
      replays,
      clock,
      maxReplayBytes,
      takeTurn,
      parts: this.#parts,
      verifier: new ReplayVerifier(replays),
    });
    this.routes = [this.#routes, new ReplayListRoutes(store)];
  }

  /**
   * Finds the replay of a submission, before the transaction that links it: it will not be swept for half a day,
   * whatever a sweep has found out before.
   *
   * @param sha256 Its name.
   * @returns A promise of it, or of `undefined` if its upload is not complete.
   */
  async use(sha256: string): Promise<StoredReplay | undefined> {
    const nowMs = this.#clock.epochMs();
    const replay = await this.#replays.replay(sha256);
    // One that was just uploaded needs no other write: a sweep looks at those that are older than a day.
    if (replay === undefined || replay.usedMs > nowMs - KEEP_MS / 2) {
      return replay;
    }
    return await this.#replays.touch(sha256, nowMs);
  }

  /**
   * Notes, after the transaction, that an entry or a held submission has a replay: it no longer counts for its owner's
   * quota. What fails here is found out by the sweep a day later.
   *
   * @param sha256 Its name.
   */
  async linked(sha256: string): Promise<void> {
    try {
      await this.#replays.touch(sha256, this.#clock.epochMs(), true);
    } catch {
      // The guard has told.
    }
  }

  /**
   * Notes, after the transaction, which replays an entry or a held submission has no more. Where no other has one, it
   * counts for its owner's quota again until it is swept: else who betters his score with a new replay each time would
   * fill the store.
   *
   * @param replays Their names; `""` is none.
   */
  async freed(replays: readonly string[] = []): Promise<void> {
    try {
      for (const sha256 of new Set(replays)) {
        if (sha256 === "" || await this.#store.isReplayLinked(sha256)) continue;
        await this.#replays.touch(sha256, this.#clock.epochMs(), false);
      }
    } catch {
      // The guards have told.
    }
  }

  /**
   * Makes what `verify` is given.
   *
   * @param replay A replay that `use` found.
   * @returns Its name, its length, and how to read it: decompressed, and its hash compared again.
   */
  toVerify(replay: StoredReplay): {
    readonly sha256: string;
    readonly bytes: number;
    read(): Promise<Uint8Array<ArrayBuffer>>;
  } {
    const { sha256, bytes } = replay;
    return { sha256, bytes, read: () => readReplay(this.#replays, replay) };
  }

  /** Moves on in time, in seconds: begins a sweep each minute, and gives up parts that come too slowly. */
  tick(dt: number): void {
    this.#parts.tick(dt);
    this.#sweep.tick(dt);
  }

  /** Resolves when the sweep that is under way has ended. */
  settled(): Promise<void> {
    return this.#sweep.settled();
  }

  /** Begins no sweep any more, and cuts the one short that is under way. */
  async close(): Promise<void> {
    this.#sweep.close();
    await this.#sweep.settled();
  }

  /** What there is to count. */
  *metrics(): Iterable<Metric> {
    const { completed, refused, given, receivedBytes } = this.#routes.counts;
    yield counter("completed", "Replays uploaded and found right", completed);
    yield counter("invalid", "Uploads that were not what they said", refused);
    yield counter(
      "received_bytes",
      "Bytes of parts that were written",
      receivedBytes,
    );
    yield counter(
      "uploads_given_up",
      "Uploads given up for newer ones of the same player",
      given,
    );
    yield counter(
      "uploads_expired",
      "Uploads given up as nothing came",
      this.#sweep.expired,
    );
    yield counter(
      "removed",
      "Replays removed as no score had them",
      this.#sweep.removed,
    );
    yield counter(
      "store_failures",
      "Calls of the replay store that failed",
      this.#replays.failures,
    );
    yield gauge("parts", "Parts whose bytes are coming", this.#parts.size);
  }
}

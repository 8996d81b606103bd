// This module is browser compatible.
import type { Board } from "../board/board.ts";
import type { HeldSubmission } from "../store/store.ts";
import type { FoundBoard } from "./_boards.ts";
import type { ServerContext } from "./_server_context.ts";

const ROUND_SECONDS = 60;
/** Where the store has failed, it is not asked sooner. */
const RETRY_SECONDS = 5;
/** What is removed at a time, so that others have their turn. */
const SLICE = 1_000;

/**
 * What a server does by itself, a slice at a time, from `tick`: it forgets claims that have expired and seasons that are
 * over for long, and removes boards that are leaving. All of it can be cut off anywhere and goes on later.
 */
export class Upkeep {
  readonly #context: ServerContext;
  readonly #onRemoved: (board: string) => void;
  #work: AsyncGenerator<void> | undefined;
  #step: Promise<void> | undefined;
  #waitSeconds = 0;

  constructor(context: ServerContext, onRemoved: (board: string) => void) {
    this.#context = context;
    this.#onRemoved = onRemoved;
  }

  /** Has the next round begin soon. */
  hurry(seconds: number): void {
    this.#waitSeconds = Math.min(this.#waitSeconds, seconds);
  }

  /** Does one slice more, unless the last one is not done yet. */
  tick(dt: number): void {
    this.#waitSeconds -= dt;
    if (this.#step !== undefined) return;
    if (this.#work === undefined) {
      if (this.#waitSeconds > 0) return;
      this.#waitSeconds = ROUND_SECONDS;
      this.#work = this.#round();
    }
    this.#step = this.#next(this.#work).finally(() => this.#step = undefined);
  }

  /** Waits for the slice that is under way. */
  async close(): Promise<void> {
    await this.#step;
  }

  async #next(work: AsyncGenerator<void>): Promise<void> {
    try {
      const { done } = await work.next();
      if (done === true) this.#work = undefined;
    } catch {
      this.#work = undefined;
      this.hurry(RETRY_SECONDS);
    }
  }

  async *#round(): AsyncGenerator<void> {
    const { store, boards, clock, titles } = this.#context;
    await store.prune(clock.epochMs());
    for (const title of titles) {
      yield;
      for (const found of await boards.list(title)) {
        if (found.isLeaving) yield* this.#remove(found);
        else yield* this.#retain(found.board);
      }
    }
  }

  /** Drops the seasons beyond those that a period keeps. */
  async *#retain(board: Board): AsyncGenerator<void> {
    const { store, clock } = this.#context;
    const rankings = await store.rankings(board.id);
    yield;
    for (const [name, schedule] of board.periods) {
      // A period without a schedule has a season that began before all others.
      const running = schedule.seasonAt(clock.epochMs()).startMs;
      const seasons = new Set<number>();
      for (const { period, season } of rankings) {
        if (period === name && season < running) seasons.add(season);
      }
      const over = [...seasons].sort((a, b) => b - a).slice(
        schedule.keepSeasons,
      );
      for (const ranking of rankings) {
        if (ranking.period !== name || !over.includes(ranking.season)) continue;
        yield* this.#drop(board, ranking);
      }
    }
  }

  async *#remove(found: FoundBoard): AsyncGenerator<void> {
    const { board, leftMs } = found;
    const { store, boards, clock } = this.#context;
    // Others may not have seen yet that it is leaving.
    const waitMs = leftMs + boards.settleMs - clock.epochMs();
    if (waitMs > 0) {
      this.hurry(waitMs / 1_000);
      return;
    }
    for (const ranking of await store.rankings(board.id)) {
      yield* this.#drop(board, ranking);
    }
    for (const state of ["unverified", "quarantined"] as const) {
      yield* this.#release(board, state);
    }
    // What was submitted in the last moment is removed in another round.
    if ((await store.rankings(board.id)).length === 0) {
      await boards.remove(found);
      this.#onRemoved(board.id);
    } else this.hurry(RETRY_SECONDS);
  }

  async *#drop(
    board: Board,
    { period, season, className }: {
      readonly period: string;
      readonly season: number;
      readonly className: string;
    },
  ): AsyncGenerator<void> {
    const { store, counters } = this.#context;
    const ranking = board.ranking(period, season, className);
    for (let isGone = false; !isGone;) {
      isGone = await store.dropRanking(ranking, SLICE);
      counters.drops += 1;
      yield;
    }
  }

  async *#release(
    board: Board,
    state: HeldSubmission["state"],
  ): AsyncGenerator<void> {
    const { store, clock } = this.#context;
    const query = { state, afterSequence: 0, limit: 100 };
    for (;;) {
      const found = await store.held(board.id, query);
      if (found.length === 0) return;
      for (const { id, playerId } of found) {
        await store.transact({
          board: board.id,
          playerId,
          rankings: [],
          nowMs: clock.epochMs(),
          heldId: id,
        }, () => ({ releasesHeld: true }));
      }
      yield;
    }
  }
}

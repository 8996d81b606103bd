// This module is browser compatible.
import { type PlayerId, TokenBucket } from "../../core/mod.ts";

/** Matches that a player may let come to nothing at once, and how long it takes for one to be forgotten. */
const MAX_MISSED = 3;
const FORGET_MS = 30_000;
/** How often it is looked for players of whom all are forgotten. */
const SWEEP_MS = 10_000;

/**
 * Who has let matches come to nothing, by saying no or nothing at all: for the others of a match, each of them is a wait for
 * nothing, and who does it again and again keeps them all from playing.
 */
export class MissedMatches {
  readonly #byPlayer = new Map<PlayerId, TokenBucket>();
  #sweptMs = 0;

  /** How many players it remembers. */
  get size(): number {
    return this.#byPlayer.size;
  }

  /** A player has missed a match. */
  count(player: PlayerId, nowMs: number): void {
    let left = this.#byPlayer.get(player);
    if (left === undefined) {
      left = new TokenBucket({
        capacity: MAX_MISSED,
        refillPerSecond: 1_000 / FORGET_MS,
      });
      this.#byPlayer.set(player, left);
    }
    left.tryTake(1, nowMs);
  }

  /** How long it is until all of some players may look for a match again, in milliseconds: 0 if they may now. */
  waitMs(players: readonly PlayerId[], nowMs: number): number {
    return players.reduce(
      (longest, player) =>
        Math.max(longest, this.#byPlayer.get(player)?.waitMs(1, nowMs) ?? 0),
      0,
    );
  }

  /** Forgets what is long ago. */
  sweep(nowMs: number): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const [player, left] of this.#byPlayer) {
      if (left.available(nowMs) >= MAX_MISSED) this.#byPlayer.delete(player);
    }
  }
}

// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { BackfillId } from "./backfill.ts";
import type { ProposedMatch } from "./proposed_match.ts";
import type { WorkMeter } from "./_work_meter.ts";

/** A game that looks for players. */
export interface OpenBackfill {
  readonly id: BackfillId;
  readonly mode: number;
  readonly region: number;
  /** -1 if any will do. */
  readonly map: number;
  readonly skill: number;
  /** In seconds of the queue's time. */
  readonly since: number;
  /** Seats by team that nobody has been proposed for. */
  readonly open: number[];
  /** Proposals that wait for their players. */
  pending: number;
}

/** The games that look for players, the oldest first. */
export class Backfills {
  readonly limit: number;
  readonly #games = new Map<BackfillId, OpenBackfill>();
  #nextId = 1;
  /** The last one that was looked at before the allowance was spent. */
  #lastId = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get size(): number {
    return this.#games.size;
  }

  get(id: BackfillId): OpenBackfill | undefined {
    return this.#games.get(id);
  }

  add(game: Omit<OpenBackfill, "id" | "pending">): BackfillId | undefined {
    if (this.#games.size >= this.limit) return undefined;
    const id = this.#nextId++ as BackfillId;
    this.#games.set(id, { ...game, id, pending: 0 });
    this.#endIfFull(id);
    return id;
  }

  remove(id: BackfillId): boolean {
    return this.#games.delete(id);
  }

  /** Gives each game, from where the last call stopped, those who fit into its teams. */
  fill(
    meter: WorkMeter,
    candidatesFor: (game: OpenBackfill) => readonly number[],
    playersOf: (slot: number) => readonly PlayerId[],
    announce: (game: OpenBackfill, teams: number[][]) => boolean,
  ): void {
    if (this.#games.size === 0) return;
    const games = [...this.#games.values()];
    const first = games.findIndex(({ id }) => id > this.#lastId);
    this.#lastId = 0;
    for (let i = 0; i < games.length; i++) {
      const game = games[(Math.max(0, first) + i) % games.length]!;
      if (meter.isSpent()) return;
      meter.done++;
      this.#lastId = game.id;
      if (game.open.every((seats) => seats === 0)) continue;
      this.#fillOne(game, candidatesFor(game), playersOf, announce);
    }
    this.#lastId = 0;
  }

  #fillOne(
    game: OpenBackfill,
    candidates: readonly number[],
    playersOf: (slot: number) => readonly PlayerId[],
    announce: (game: OpenBackfill, teams: number[][]) => boolean,
  ): void {
    const left = [...game.open];
    const teams: number[][] = left.map(() => []);
    const seated = new Set<PlayerId>();
    for (const slot of candidates) {
      const players = playersOf(slot);
      const team = tightest(left, players.length);
      // A player may have several tickets.
      if (team < 0 || players.some((player) => seated.has(player))) continue;
      left[team]! -= players.length;
      for (const player of players) seated.add(player);
      teams[team]!.push(slot);
    }
    if (seated.size === 0) return;
    // Once announced without being asked, they play.
    for (let team = 0; team < left.length; team++) {
      game.open[team] = left[team]!;
    }
    if (!announce(game, teams)) {
      for (let team = 0; team < left.length; team++) {
        game.open[team]! += sum(
          teams[team]!.map((slot) => playersOf(slot).length),
        );
      }
    }
  }

  /** A proposal waits for its players. */
  begin(game: OpenBackfill | undefined): void {
    if (game !== undefined) game.pending++;
  }

  /** A proposal was accepted by all. */
  confirm(game: OpenBackfill | undefined): void {
    if (game === undefined) return;
    game.pending--;
    this.#endIfFull(game.id);
  }

  /** A proposal fell through: its seats are open again. */
  reopen(game: OpenBackfill | undefined, match: ProposedMatch): void {
    if (game === undefined) return;
    game.pending--;
    for (let team = 0; team < game.open.length; team++) {
      game.open[team]! += match.teams[team]!.parties.flat().length;
    }
  }

  #endIfFull(id: BackfillId): void {
    const game = this.#games.get(id);
    if (game === undefined || game.pending > 0) return;
    if (game.open.every((seats) => seats === 0)) this.#games.delete(id);
  }
}

/** The team with the fewest seats that are enough, or -1. */
function tightest(left: readonly number[], size: number): number {
  let best = -1;
  for (let team = 0; team < left.length; team++) {
    if (left[team]! < size) continue;
    if (best < 0 || left[team]! < left[best]!) best = team;
  }
  return best;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0);
}

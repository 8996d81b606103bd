// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { isLatencies } from "../wire/_shape.ts";

/** Milliseconds there and back, by region. */
type Latencies = Readonly<Record<string, number>>;

/** What a party's ticket has, or who has told nothing of the queue's regions; nobody, if no region is told by all. */
export type PartyLatencies =
  | { readonly latencies: Latencies }
  | { readonly missing: readonly PlayerId[] };

/** How often it is looked for players who need not be remembered. */
const SWEEP_MS = 10_000;

/** How far away the regions of all queues are for each player, as the player's client has measured. */
export class PlayerLatencies {
  readonly #regions: readonly string[];
  readonly #told = new Map<PlayerId, Latencies>();
  #sweptMs = 0;

  /** Nothing is kept of other regions than these. */
  constructor(regions: Iterable<string>) {
    this.#regions = [...new Set(regions)];
  }

  /** A player has told them: what was told before is forgotten. */
  set(player: PlayerId, told: Latencies): void {
    const kept = pick(told, this.#regions);
    if (Object.keys(kept).length === 0) this.#told.delete(player);
    else this.#told.set(player, kept);
  }

  /** In each region the worst of the party's members counts, as all of them play there. */
  ofParty(
    players: readonly PlayerId[],
    regions: readonly string[],
    /** What the one who asks has told with that. */
    asker: PlayerId,
    asked: Latencies | undefined,
  ): PartyLatencies {
    const missing: PlayerId[] = [];
    let common: readonly string[] = regions;
    const worst: Record<string, number> = {};
    for (const player of players) {
      const told = (player === asker ? asked : undefined) ??
        this.#told.get(player) ?? {};
      const own = pick(told, regions);
      if (Object.keys(own).length === 0) missing.push(player);
      common = common.filter((region) => Object.hasOwn(own, region));
      for (const region of common) {
        worst[region] = Math.max(worst[region] ?? 0, own[region]!);
      }
    }
    return missing.length > 0 || common.length === 0
      ? { missing }
      : { latencies: pick(worst, common) };
  }

  /** What goes with a player to another server of a cluster; empty if there is nothing. */
  textOf(player: PlayerId): string {
    const told = this.#told.get(player);
    return told === undefined ? "" : JSON.stringify(told);
  }

  /** Takes what has come with a player from another server, if it is that. */
  takeText(player: PlayerId, text: string): void {
    if (!text.startsWith("{")) return;
    try {
      const told: unknown = JSON.parse(text);
      if (isLatencies(told)) this.set(player, told as Latencies);
    } catch {
      // The player's client will tell them.
    }
  }

  /** Forgets players whom nobody knows any more. */
  sweep(nowMs: number, isKnown: (player: PlayerId) => boolean): void {
    if (nowMs - this.#sweptMs < SWEEP_MS) return;
    this.#sweptMs = nowMs;
    for (const player of this.#told.keys()) {
      if (!isKnown(player)) this.#told.delete(player);
    }
  }
}

function pick(from: Latencies, regions: readonly string[]): Latencies {
  return Object.fromEntries(
    regions.filter((region) => Object.hasOwn(from, region))
      .map((region) => [region, from[region]!]),
  );
}

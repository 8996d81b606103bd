import type { PeerOptions } from "../../transport/mod.ts";
import {
  Bot,
  type MATCH,
  MatchGame,
} from "../recording/_testing/match_game.ts";
import type { EntityStore } from "../world/entity_store.ts";

/** What both ends of a match over UDP speak. */
export const WORLD_PROTOCOL = "sync over a bad network 1";

/** What a link over websockets is called. */
export const WORLD_LINK = "world";

/** A silent end is noticed soon enough for tests that kill it, and later than any that waits for a busy processor. */
export const WORLD_CONNECTION: PeerOptions = {
  keepaliveMs: 100,
  peerTimeoutMs: 10_000,
};

/** A match that depends on nothing but the name of its first player: who knows that knows each tick of it. */
export class WorldMatch {
  readonly #entities: EntityStore<typeof MATCH.schemas>;
  readonly #name: string;
  readonly #game: MatchGame;
  readonly #bots = [new Bot(1), new Bot(2)];

  constructor(entities: EntityStore<typeof MATCH.schemas>, name: string) {
    this.#entities = entities;
    this.#name = name;
    this.#game = new MatchGame(entities, 7);
    this.#game.join(name);
    this.#game.join("other");
  }

  /** Plays a tick: each once, in order, from 0. */
  step(tick: number): void {
    const { players } = this.#game;
    this.#game.step(tick, (id) => this.#bots[players.indexOf(id)]!.next());
    // The match gives players other names.
    this.#entities.set(players[0]!, "player", { name: this.#name });
  }
}

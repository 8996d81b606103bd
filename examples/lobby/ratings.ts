import { DatabaseSync } from "node:sqlite";
import type { PlayerId } from "../../core/mod.ts";
import { Glicko2, type LobbyId, type Rating } from "../../lobby/mod.ts";
import type { Results } from "./game_message.ts";

/** A system for players one against one. */
const SYSTEM = new Glicko2();

/** A row for each player of a match, with the rating after it: the last one counts. */
const SCHEMA = `
  PRAGMA journal_mode = WAL;
  CREATE TABLE IF NOT EXISTS ratings (
    id INTEGER PRIMARY KEY,
    player TEXT NOT NULL,
    lobby TEXT NOT NULL,
    game INTEGER NOT NULL,
    mu_before REAL NOT NULL,
    mu REAL NOT NULL,
    sigma REAL NOT NULL,
    volatility REAL NOT NULL,
    UNIQUE (player, lobby, game)
  ) STRICT;
  CREATE INDEX IF NOT EXISTS ratings_by_player ON ratings (player, id);
`;

/** A player's rating, and what it was before the match that it is of. */
export interface PlayerRating extends Rating {
  /** The last rated match; `undefined` if there was none. */
  readonly lobby?: LobbyId;
  /** The mean before it. */
  readonly muBefore?: number;
}

/** What is known of the players' skills, in a file of its own. */
export class Ratings {
  readonly #db: DatabaseSync;
  readonly #last;
  readonly #add;

  /** @param path The file; ":memory:" for none. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    this.#db.exec(SCHEMA);
    this.#last = this.#db.prepare(
      `SELECT mu, sigma, volatility, lobby, mu_before AS muBefore
        FROM ratings WHERE player = ? ORDER BY id DESC LIMIT 1`,
    );
    // One statement is one transaction: both players are rated, or neither is.
    this.#add = this.#db.prepare(
      `INSERT OR IGNORE INTO ratings
        (player, lobby, game, mu_before, mu, sigma, volatility)
        VALUES (?, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, ?, ?, ?)`,
    );
  }

  /** How strong a player is, as far as is known. */
  of(player: PlayerId): PlayerRating {
    return this.#last.get(player) as PlayerRating | undefined ??
      SYSTEM.initial();
  }

  /** Learns from a match, which is named by its lobby and the game there: the second time it is given, nothing comes of it. */
  rate(lobby: LobbyId, game: number, { players, winner }: Results): void {
    const before = players.map((player) => this.of(player));
    const after = SYSTEM.update(
      before.map((rating) => [rating]),
      players.map((player) => player === winner ? 1 : 2),
    ).flat();
    this.#add.run(...players.flatMap((player, i) => {
      const { mu, sigma, volatility } = after[i]!;
      return [player, lobby, game, before[i]!.mu, mu, sigma, volatility];
    }));
  }

  /** Closes the file. */
  close(): void {
    this.#db.close();
  }
}

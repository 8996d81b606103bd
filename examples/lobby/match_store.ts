import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { LobbyId } from "../../lobby/mod.ts";
import type { MatchRecord } from "./rps_match.ts";

/** Where the matches are that are under way, so that the end of the process ends none of them. */
export class MatchStore implements Disposable {
  readonly #db: DatabaseSync;
  readonly #put: StatementSync;
  readonly #remove: StatementSync;

  /** @param path The file, or `":memory:"`. */
  constructor(path: string) {
    this.#db = new DatabaseSync(path);
    // Written before anybody is told: that is kept, whatever becomes of the process.
    this.#db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    this.#db.exec(
      "CREATE TABLE IF NOT EXISTS matches (lobby TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT",
    );
    this.#put = this.#db.prepare(
      "INSERT INTO matches VALUES (?, ?) ON CONFLICT DO UPDATE SET record = excluded.record",
    );
    this.#remove = this.#db.prepare("DELETE FROM matches WHERE lobby = ?");
  }

  /** All matches that are kept. */
  load(): MatchRecord[] {
    return this.#db.prepare("SELECT record FROM matches").all().map((
      { record },
    ) => JSON.parse(record as string) as MatchRecord);
  }

  save(record: MatchRecord): void {
    this.#put.run(record.lobby, JSON.stringify(record));
  }

  remove(lobby: LobbyId): void {
    this.#remove.run(lobby);
  }

  [Symbol.dispose](): void {
    this.#db.close();
  }
}

import type { DatabaseSync, StatementSync } from "node:sqlite";

/** Numbers by name that outlive the process. */
export class Counters {
  readonly #put: StatementSync;
  readonly #get: StatementSync;

  constructor(db: DatabaseSync) {
    this.#put = db.prepare("INSERT OR REPLACE INTO counters VALUES (?, ?)");
    this.#get = db.prepare("SELECT value FROM counters WHERE name = ?");
  }

  get(name: string): number | undefined {
    return this.#get.get(name)?.value as number | undefined;
  }

  set(name: string, value: number): void {
    this.#put.run(name, value);
  }
}

import type { DatabaseSync } from "node:sqlite";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";
import type { EventRow, SessionInfo } from "../store/store.ts";

/** The columns that a row is made of. */
export const EVENT_COLUMNS = "id, number, name, time_ms, data, run";

interface Run {
  readonly info: SessionInfo;
  readonly common: string;
}

/**
 * Makes rows of lists of events: what many of them share is read once. It knows what it has read until `reset()`, which is
 * to be called where others may have had a turn.
 */
export class EventReader {
  readonly #findRun: RowStatement;
  readonly #findSession: RowStatement;
  readonly #findName: RowStatement;
  readonly #runs = new Map<number, Run>();
  readonly #sessions = new Map<number, SessionInfo>();
  readonly #names = new Map<number, string>();

  constructor(db: DatabaseSync) {
    this.#findRun = prepareRows(
      db,
      "SELECT session, common FROM runs WHERE id = ?",
    );
    this.#findSession = prepareRows(
      db,
      "SELECT title, session, player, build, platform FROM sessions WHERE id = ?",
    );
    this.#findName = prepareRows(db, "SELECT name FROM names WHERE id = ?");
  }

  reset(): void {
    this.#runs.clear();
    this.#sessions.clear();
    this.#names.clear();
  }

  /** The row of `EVENT_COLUMNS`. */
  read(row: readonly unknown[]): EventRow {
    const [id, number, name, timeMs, data, runId] = row as [
      number,
      number,
      number,
      number,
      string,
      number,
    ];
    const { info, common } = this.#run(runId);
    const { title, session, player, build, platform } = info;
    return {
      ...{ id, number, name: this.#name(name), timeMs, data },
      ...{ title, session, player, build, platform, common },
    };
  }

  #run(id: number): Run {
    let run = this.#runs.get(id);
    if (run === undefined) {
      const [session, common] = this.#findRun.get(id) as [number, string];
      run = { info: this.#session(session), common };
      this.#runs.set(id, run);
    }
    return run;
  }

  #session(id: number): SessionInfo {
    let info = this.#sessions.get(id);
    if (info === undefined) {
      const [title, session, player, build, platform] = this.#findSession
        .get(id) as [string, string, string, string, string];
      info = { title, session, player, build, platform };
      this.#sessions.set(id, info);
    }
    return info;
  }

  #name(id: number): string {
    let name = this.#names.get(id);
    if (name === undefined) {
      name = this.#findName.get(id)![0] as string;
      this.#names.set(id, name);
    }
    return name;
  }
}

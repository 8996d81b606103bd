import type { DatabaseSync, StatementSync } from "node:sqlite";
import { prepareRows, type RowStatement } from "../../core/sqlite/mod.ts";
import { NumberRanges } from "../store/number_ranges.ts";
import { readPageCursor, writePageCursor } from "../store/page_cursor.ts";
import type {
  EventSums,
  Page,
  SessionInfo,
  SessionQuery,
  SessionRow,
  StoredEvent,
} from "../store/store.ts";
import type { Slices } from "./_slices.ts";
import { Statements } from "./_statements.ts";

/** Rows that are looked at between two turns of others. */
const READ_AT_ONCE = 2000;

/** A session, as a run changes it. */
export interface Session {
  /** 0 if it is not there yet. */
  id: number;
  readonly info: SessionInfo;
  readonly numbers: NumberRanges;
  startMs: number;
  isStartSaid: boolean;
  lastMs: number;
  endReason: string;
  events: number;
}

/** Sessions, and the players whose they are. */
export class SessionTable {
  readonly #statements: Statements;
  readonly #find: RowStatement;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #putPlayer: StatementSync;
  readonly #putErased: StatementSync;
  readonly #next: RowStatement;
  readonly #delete: StatementSync;
  readonly #deletePlayer: StatementSync;
  readonly #nextTitle: RowStatement;
  readonly #expired: RowStatement;

  constructor(db: DatabaseSync) {
    this.#statements = new Statements(db);
    this.#find = prepareRows(
      db,
      `SELECT EXISTS (SELECT 1 FROM erased WHERE title = ?1 AND player = ?2), id, build, platform, start_ms,
          is_start_said, last_ms, end_reason, events, numbers
        FROM (SELECT 1) LEFT JOIN sessions ON player = ?2 AND session = ?3 AND title = ?1`,
    );
    this.#insert = db.prepare(
      "INSERT INTO sessions VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
    this.#update = db.prepare(
      `UPDATE sessions SET start_ms = ?, is_start_said = ?, last_ms = ?, end_reason = ?, events = ?, numbers = ?
        WHERE id = ?`,
    );
    this.#putPlayer = db.prepare(
      `INSERT INTO players VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET first_ms = excluded.first_ms WHERE excluded.first_ms < first_ms`,
    );
    this.#putErased = db.prepare("INSERT OR IGNORE INTO erased VALUES (?, ?)");
    this.#next = prepareRows(
      db,
      // The plus as in list(): without it each of his would be looked for among all of the title.
      `SELECT id, session, build, platform FROM sessions WHERE player = ? AND +title = ? LIMIT 1`,
    );
    this.#delete = db.prepare("DELETE FROM sessions WHERE id = ?");
    this.#deletePlayer = db.prepare(
      `DELETE FROM players WHERE title = ?1 AND player = ?2
        AND NOT EXISTS (SELECT 1 FROM sessions WHERE player = ?2 AND title = ?1)`,
    );
    this.#nextTitle = prepareRows(
      db,
      "SELECT title FROM sessions WHERE title > ? ORDER BY title LIMIT 1",
    );
    this.#expired = prepareRows(
      db,
      // Without its events only: one may have come late.
      `SELECT id, player FROM sessions WHERE title = ? AND start_ms < ?2 AND last_ms < ?2
        AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.session = sessions.id) LIMIT ?3`,
    );
  }

  /** Finds the session of a run, or what is to become it; `undefined` if its player was erased. */
  find({ title, player, session, build, platform }: SessionInfo):
    | Session
    | undefined {
    const row = this.#find.get(title, player, session)!;
    if (row[0] !== 0) return undefined;
    if (row[1] === null) {
      return {
        id: 0,
        info: { title, session, player, build, platform },
        numbers: new NumberRanges(),
        startMs: Infinity,
        isStartSaid: false,
        lastMs: -Infinity,
        endReason: "",
        events: 0,
      };
    }
    return {
      id: row[1] as number,
      info: {
        title,
        session,
        player,
        build: row[2] as string,
        platform: row[3] as string,
      },
      startMs: row[4] as number,
      isStartSaid: row[5] === 1,
      lastMs: row[6] as number,
      endReason: row[7] as string,
      events: row[8] as number,
      numbers: new NumberRanges(JSON.parse(row[9] as string)),
    };
  }

  /** Writes a session, with what has come. */
  put(
    session: Session,
    fresh: readonly StoredEvent[],
    { startMs, endReason }: EventSums,
  ): void {
    const { info } = session;
    const isNew = session.id === 0;
    const before = session.startMs;
    let firstMs = Infinity;
    for (const { timeMs } of fresh) {
      if (timeMs < firstMs) firstMs = timeMs;
      if (timeMs > session.lastMs) session.lastMs = timeMs;
    }
    if (startMs !== undefined) {
      session.startMs = session.isStartSaid
        ? Math.min(before, startMs)
        : startMs;
      session.isStartSaid = true;
    } else if (!session.isStartSaid) {
      session.startMs = Math.min(before, firstMs);
    }
    session.endReason = endReason ?? session.endReason;
    session.events += fresh.length;
    const values = [
      session.startMs,
      session.isStartSaid ? 1 : 0,
      session.lastMs,
      session.endReason,
      session.events,
      JSON.stringify(session.numbers.toJson()),
    ];
    if (isNew) {
      const { title, player, build, platform } = info;
      const { lastInsertRowid } = this.#insert.run(
        ...[title, player, info.session, build, platform],
        ...values,
      );
      session.id = Number(lastInsertRowid);
    } else this.#update.run(...values, session.id);
    if (isNew || session.startMs < before) {
      this.#putPlayer.run(info.title, info.player, session.startMs);
    }
  }

  /** Has it that nothing of a player is stored from now on. */
  erase(title: string, player: string): void {
    this.#putErased.run(title, player);
  }

  /** One of a player's sessions. */
  next(
    title: string,
    player: string,
  ): { id: number; info: SessionInfo } | undefined {
    const row = this.#next.get(player, title);
    if (row === undefined) return undefined;
    const [id, session, build, platform] = row as [
      number,
      string,
      string,
      string,
    ];
    return { id, info: { title, session, player, build, platform } };
  }

  /** Removes a session, and with the last one the player. */
  remove(id: number, title: string, player: string): void {
    this.#delete.run(id);
    this.#deletePlayer.run(title, player);
  }

  /** Removes sessions that ended before a time and have no events any more; gives how many. */
  expire(beforeMs: number, limit: number): number {
    let removed = 0;
    let last = this.#nextTitle.get("");
    while (last !== undefined && removed < limit) {
      const title = last[0] as string;
      const rows = this.#expired.all(title, beforeMs, limit - removed);
      for (const [id, player] of rows as [number, string][]) {
        this.remove(id, title, player);
      }
      removed += rows.length;
      last = this.#nextTitle.get(title);
    }
    return removed;
  }

  async list(
    query: SessionQuery,
    after: string | undefined,
    limit: number,
    slices: Slices,
  ): Promise<Page<SessionRow>> {
    const { title, player, build, platform } = query;
    const cursor = readPageCursor(after);
    const rows: SessionRow[] = [];
    const ids: number[] = [];
    const [fromMs, toMs] = player === undefined
      ? [query.fromMs, query.toMs]
      : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
    // A plus keeps SQLite from taking the order by time as what to look through: all sessions of the title, for one player's.
    const ofTitle = player === undefined
      ? "title = ?1"
      : "player = ?6 AND +title = ?1";
    const statement = this.#statements.get(
      `SELECT s.*, (SELECT first_ms FROM players WHERE players.title = ?1 AND players.player = s.player)
        FROM (
          SELECT id, start_ms, session, player, build, platform, last_ms, end_reason, events FROM sessions
            WHERE ${ofTitle} AND (start_ms, id) > (?2, ?3) AND start_ms >= ?7 AND start_ms < ?4
            ORDER BY start_ms, id LIMIT ?5
        ) AS s`.replace("?7", player === undefined ? "?6" : "?7"),
    );
    let atMs = cursor.timeMs;
    let atId = cursor.id;
    for (;;) {
      const found = statement.all(
        ...[title, atMs, atId, toMs, READ_AT_ONCE],
        ...(player === undefined ? [] : [player]),
        fromMs,
      );
      for (const row of found) {
        atId = row[0] as number;
        atMs = row[1] as number;
        if (build !== undefined && row[4] !== build) continue;
        if (platform !== undefined && row[5] !== platform) continue;
        if (rows.length === limit) {
          const last = { timeMs: rows.at(-1)!.startMs, id: ids.at(-1)! };
          return { rows, next: writePageCursor(last) };
        }
        ids.push(atId);
        rows.push({
          title,
          session: row[2] as string,
          player: row[3] as string,
          build: row[4] as string,
          platform: row[5] as string,
          startMs: atMs,
          lastMs: row[6] as number,
          endReason: row[7] as string,
          events: row[8] as number,
          playerFirstMs: row[9] as number,
        });
      }
      if (found.length < READ_AT_ONCE) return { rows, next: undefined };
      await slices.next();
    }
  }
}

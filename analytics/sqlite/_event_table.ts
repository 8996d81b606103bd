import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  prepareRows,
  type RowStatement,
  type Undo,
} from "../../core/sqlite/mod.ts";
import {
  type PageCursor,
  readPageCursor,
  writePageCursor,
} from "../store/page_cursor.ts";
import type {
  EventQuery,
  EventRow,
  Page,
  RangeQuery,
  StoredEvent,
  StoredRun,
} from "../store/store.ts";
import { EVENT_COLUMNS, EventReader } from "./_event_reader.ts";
import { NameMerge } from "./_name_merge.ts";
import type { Slices } from "./_slices.ts";
import { Statements } from "./_statements.ts";

/** Rows of one statement: of more the statement costs more than it saves. */
const ROWS = 25;
/** Rows that are read between two turns of others: a few milliseconds' work. */
const READ_AT_ONCE = 1000;
/** Runs of a player that are found at once: each time all that he has are looked through, as they are by session. */
const FOUND_RUNS = 4000;
/** Lists of players that are known to go on. */
const MAX_LISTS = 32;
/** Names of events that are known without a look, of all titles. */
const MAX_KNOWN_NAMES = 4096;

type FoundRun = readonly [id: number, events: number];

/** Events, and the runs that they came in. */
export class EventTable {
  readonly #statements: Statements;
  readonly #reader: EventReader;
  readonly #insertRun: StatementSync;
  readonly #insertOne: StatementSync;
  readonly #insertMany: StatementSync;
  readonly #insertName: StatementSync;
  readonly #findName: RowStatement;
  readonly #values: (number | string)[] = new Array(ROWS * 6).fill(0);
  readonly #names = new Map<string, number>();
  /**
   * Runs behind a page of a player's events, by where it ended. New ones come behind them, and those that are gone have no
   * events: they are found once.
   */
  readonly #found = new Map<string, readonly FoundRun[]>();

  constructor(db: DatabaseSync) {
    this.#statements = new Statements(db);
    this.#reader = new EventReader(db);
    this.#insertRun = db.prepare("INSERT INTO runs VALUES (?, ?, ?, ?, ?)");
    // What fails takes all of its transaction with it, so that it need not be able to undo one statement: noting what that
    // would take doubles the cost of inserting several rows.
    const insert = "INSERT OR FAIL INTO events VALUES";
    const row = "(?, ?, ?, ?, ?, ?)";
    this.#insertOne = db.prepare(`${insert} ${row}`);
    this.#insertMany = db.prepare(
      `${insert} ${new Array(ROWS).fill(row).join(", ")}`,
    );
    this.#insertName = db.prepare("INSERT INTO names VALUES (NULL, ?, ?)");
    this.#findName = prepareRows(
      db,
      "SELECT id FROM names WHERE title = ? AND name = ?",
    );
  }

  /** The greatest id that is there. */
  get lastId(): number {
    const row = this.#statements.get("SELECT max(id) FROM events").get()!;
    return row[0] as number ?? 0;
  }

  /** Writes new events of a run, with ids from `firstId` on. */
  put(
    firstId: number,
    sessionId: number,
    { title, receivedMs, common }: StoredRun,
    fresh: readonly StoredEvent[],
    undo: Undo,
  ): void {
    this.#insertRun.run(firstId, sessionId, fresh.length, receivedMs, common);
    let i = 0;
    const values = this.#values;
    for (; i + ROWS <= fresh.length; i += ROWS) {
      for (let row = 0, at = 0; row < ROWS; row++, at += 6) {
        const { number, name, timeMs, data } = fresh[i + row]!;
        values[at] = firstId + i + row;
        values[at + 1] = firstId;
        values[at + 2] = number;
        values[at + 3] = this.#nameId(title, name, undo);
        values[at + 4] = timeMs;
        values[at + 5] = data;
      }
      this.#insertMany.run(...values);
    }
    for (; i < fresh.length; i++) {
      const { number, name, timeMs, data } = fresh[i]!;
      const nameId = this.#nameId(title, name, undo);
      this.#insertOne.run(firstId + i, firstId, number, nameId, timeMs, data);
    }
  }

  async list(
    query: EventQuery,
    after: string | undefined,
    limit: number,
    slices: Slices,
  ): Promise<Page<EventRow>> {
    const cursor = readPageCursor(after);
    const { player, title, name } = query;
    const page = new PageRows(query, limit);
    if (player !== undefined) {
      await this.#listPlayer(title, player, name, cursor.id, page, slices);
    } else if (name === undefined) {
      await this.#listNames(query, cursor, page, slices);
    } else {
      const [row] = this.#statements.get(
        "SELECT id FROM names WHERE title = ? AND name = ?",
      ).all(title, name);
      if (row !== undefined) {
        await this.#listName(row[0] as number, query, cursor, page, slices);
      }
    }
    return page.end();
  }

  /** The newest of a title. */
  async recent(
    query: RangeQuery,
    limit: number,
    slices: Slices,
  ): Promise<EventRow[]> {
    const rows: EventRow[] = [];
    const runs = this.#statements.get(
      `SELECT r.id, r.events, s.title, s.build, s.platform FROM runs AS r JOIN sessions AS s ON s.id = r.session
        WHERE r.id < ? ORDER BY r.id DESC LIMIT ${READ_AT_ONCE}`,
    );
    let beforeId = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const found = runs.all(beforeId);
      for (const [id, events, ...info] of found) {
        beforeId = id as number;
        const [title, build, platform] = info as [string, string, string];
        if (!isAsked(query, { title, build, platform })) continue;
        const ofRun = await this.#ofRuns(
          [[beforeId, events as number]],
          slices,
        );
        for (const row of ofRun.reverse()) {
          if (row.timeMs < query.fromMs || row.timeMs >= query.toMs) continue;
          rows.push(row);
          if (rows.length === limit) return rows;
        }
      }
      if (found.length < READ_AT_ONCE) return rows;
      await slices.next();
    }
  }

  /** Those behind an id. */
  async after(
    afterId: number,
    limit: number,
    slices: Slices,
  ): Promise<EventRow[]> {
    const rows: EventRow[] = [];
    const statement = this.#statements.get(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE id > ? ORDER BY id LIMIT ?`,
    );
    for (;;) {
      const wanted = Math.min(READ_AT_ONCE, limit - rows.length);
      const found = statement.all(rows.at(-1)?.id ?? afterId, wanted);
      rows.push(...this.#rows(found));
      if (found.length < wanted || rows.length === limit) return rows;
      await slices.next();
    }
  }

  /** Removes events of a session, those of some runs at a time, and gives them. */
  take(sessionId: number, limit: number): EventRow[] {
    const rows: EventRow[] = [];
    const run = this.#statements.get(
      "SELECT id, events FROM runs WHERE session = ? LIMIT 1",
    );
    const ofRun = this.#statements.get(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE id >= ?1 AND id < ?1 + ?2 ORDER BY id LIMIT ?3`,
    );
    while (rows.length < limit) {
      const found = run.get(sessionId);
      if (found === undefined) break;
      const [id, events] = found as [number, number];
      const taken = ofRun.all(id, events, limit - rows.length);
      const isPart = rows.length + taken.length === limit;
      rows.push(...this.#rows(taken));
      const last = isPart ? rows.at(-1)!.id + 1 : id + events;
      this.#statements.get("DELETE FROM events WHERE id >= ? AND id < ?")
        .all(id, last);
      this.#dropEmptyRun(id);
    }
    return rows;
  }

  /** Removes events that were before a time; gives how many. */
  expire(beforeMs: number, limit: number): number {
    const names = this.#statements.get("SELECT id FROM names").all();
    const drop = this.#statements.get(
      `DELETE FROM events WHERE id IN (
        SELECT id FROM events WHERE name = ? AND time_ms < ? LIMIT ?
      ) RETURNING run`,
    );
    let removed = 0;
    const runs = new Set<number>();
    for (const [name] of names) {
      if (removed >= limit) break;
      const gone = drop.all(name as number, beforeMs, limit - removed);
      for (const [run] of gone) runs.add(run as number);
      removed += gone.length;
    }
    for (const run of runs) this.#dropEmptyRun(run);
    return removed;
  }

  #dropEmptyRun(id: number): void {
    this.#statements.get(
      `DELETE FROM runs WHERE id = ?1 AND NOT EXISTS (
        SELECT 1 FROM events WHERE events.id >= ?1 AND events.id < ?1 + runs.events
      )`,
    ).all(id);
  }

  #nameId(title: string, name: string, undo: Undo): number {
    // Titles have no control characters, and if they had, two that meet would only be looked up again.
    const key = `${title.length}:${title}${name}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const row = this.#findName.get(title, name);
    let id: number;
    if (row !== undefined) id = row[0] as number;
    else {
      id = Number(this.#insertName.run(title, name).lastInsertRowid);
      undo.add(() => this.#names.delete(key));
    }
    if (this.#names.size >= MAX_KNOWN_NAMES) this.#names.clear();
    this.#names.set(key, id);
    return id;
  }

  async #listName(
    name: number,
    { fromMs, toMs }: RangeQuery,
    cursor: PageCursor,
    page: PageRows,
    slices: Slices,
  ): Promise<void> {
    const statement = this.#statements.get(
      `SELECT ${EVENT_COLUMNS} FROM events
        WHERE name = ? AND time_ms >= ? AND time_ms < ? AND (time_ms, id) > (?, ?)
        ORDER BY time_ms, id LIMIT ?`,
    );
    let at = cursor;
    for (;;) {
      const wanted = page.wanted;
      const found = statement.all(
        ...[name, Math.max(fromMs, at.timeMs), toMs, at.timeMs, at.id, wanted],
      );
      for (const row of this.#rows(found)) if (!page.add(at = row)) return;
      if (found.length < wanted) return;
      await slices.next();
    }
  }

  /** Those of all names of a title. */
  async #listNames(
    query: RangeQuery,
    cursor: PageCursor,
    page: PageRows,
    slices: Slices,
  ): Promise<void> {
    const names = this.#statements
      .get("SELECT id FROM names WHERE title = ?").all(query.title)
      .map(([id]) => id as number);
    const places = new NameMerge(
      this.#statements.get(
        `SELECT time_ms, id FROM events WHERE name = ? AND time_ms >= ? AND time_ms < ? AND (time_ms, id) > (?, ?)
          ORDER BY time_ms, id LIMIT ?`,
      ),
      ...[names, query, cursor, page.wanted] as const,
    );
    for (;;) {
      const wanted = page.wanted;
      const found = places.take(wanted);
      const rows = this.#byIds(found.map(({ id }) => id));
      for (const { id } of found) {
        // What was removed meanwhile is not there.
        const row = rows.get(id);
        if (row !== undefined && !page.add(row)) return;
      }
      if (found.length < wanted) return;
      await slices.next();
    }
  }

  async #listPlayer(
    title: string,
    player: string,
    name: string | undefined,
    afterId: number,
    page: PageRows,
    slices: Slices,
  ): Promise<void> {
    const runs = this.#statements.get(
      `SELECT r.id, r.events FROM sessions AS s CROSS JOIN runs AS r ON r.session = s.id
        WHERE s.player = ?1 AND s.title = ?2 AND r.id + r.events - 1 > ?3 ORDER BY r.id LIMIT ${FOUND_RUNS}`,
    );
    const keyOf = (id: number): string =>
      `${id}:${title.length}:${title}${player}`;
    let lastId = afterId;
    for (;;) {
      const key = keyOf(afterId);
      const found = this.#found.get(key) ??
        runs.all(player, title, afterId) as unknown as FoundRun[];
      this.#found.delete(key);
      for (const [i, run] of found.entries()) {
        for (const row of await this.#ofRuns([run], slices)) {
          if (row.id <= afterId) continue;
          if (name !== undefined && row.name !== name) continue;
          if (!page.add(row)) {
            this.#keep(keyOf(lastId), found.slice(i));
            return;
          }
          lastId = row.id;
        }
        afterId = run[0] + run[1] - 1;
      }
      if (found.length === 0) return;
      await slices.next();
    }
  }

  #keep(key: string, runs: readonly FoundRun[]): void {
    if (this.#found.size >= MAX_LISTS) {
      for (const first of this.#found.keys()) {
        this.#found.delete(first);
        break;
      }
    }
    this.#found.set(key, runs);
  }

  /** The events of runs, by id. */
  async #ofRuns(
    runs: readonly (readonly [id: number, events: number])[],
    slices: Slices,
  ): Promise<EventRow[]> {
    const statement = this.#statements.get(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE id >= ? AND id < ? ORDER BY id`,
    );
    const rows: EventRow[] = [];
    for (const [id, events] of runs) {
      for (let at = id; at < id + events; at += READ_AT_ONCE) {
        const end = Math.min(id + events, at + READ_AT_ONCE);
        rows.push(...this.#rows(statement.all(at, end)));
        await slices.next();
      }
    }
    return rows;
  }

  #byIds(ids: readonly number[]): Map<number, EventRow> {
    const statement = this.#statements.get(
      `SELECT ${EVENT_COLUMNS} FROM events WHERE id IN (SELECT value FROM json_each(?))`,
    );
    const found = this.#rows(statement.all(JSON.stringify(ids)));
    return new Map(found.map((row) => [row.id, row]));
  }

  #rows(found: readonly (readonly unknown[])[]): EventRow[] {
    this.#reader.reset();
    return found.map((row) => this.#reader.read(row));
  }
}

/** The rows of a page as they are found. */
class PageRows {
  readonly #query: EventQuery;
  readonly #limit: number;
  readonly #rows: EventRow[] = [];
  #isMore = false;

  constructor(query: EventQuery, limit: number) {
    this.#query = query;
    this.#limit = limit;
  }

  /** How many rows are worth looking at next. */
  get wanted(): number {
    const { build, platform } = this.#query;
    if (build !== undefined || platform !== undefined) return READ_AT_ONCE;
    // One more tells whether there is another page.
    return Math.min(READ_AT_ONCE, this.#limit - this.#rows.length + 1);
  }

  /** Takes a row if it is asked for; tells whether more may be added. */
  add(row: EventRow): boolean {
    if (!isAsked(this.#query, row)) return true;
    this.#isMore = this.#rows.length === this.#limit;
    if (!this.#isMore) this.#rows.push(row);
    return !this.#isMore;
  }

  end(): Page<EventRow> {
    const next = this.#isMore ? writePageCursor(this.#rows.at(-1)!) : undefined;
    return { rows: this.#rows, next };
  }
}

function isAsked(
  query: RangeQuery,
  info: Pick<EventRow, "title" | "build" | "platform">,
): boolean {
  return info.title === query.title &&
    (query.build === undefined || query.build === info.build) &&
    (query.platform === undefined || query.platform === info.platform);
}

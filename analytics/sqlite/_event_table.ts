import type { DatabaseSync, StatementSync } from "node:sqlite";
import { readPageCursor, writePageCursor } from "../store/page_cursor.ts";
import type {
  EventQuery,
  EventRow,
  Page,
  RangeQuery,
  StoredEvent,
  StoredRun,
} from "../store/store.ts";
import { BlockReader, BlockWriter, quotedNameOf } from "./_block_text.ts";
import { EventPage } from "./_event_page.ts";
import type { Slices } from "./_slices.ts";
import { Statements } from "./_statements.ts";

/**
 * The bounds of a block. As none is longer than two minutes, all that may have an event of some time begin in the two
 * minutes before, which is where a page by time begins to read; what a client sends at a time is shorter as a rule. The
 * others are so that a block takes well under a millisecond to be read.
 */
const MAX_BLOCK_MS = 120_000;
const MAX_BLOCK_EVENTS = 256;
const MAX_BLOCK_CHARS = 32_768;
/** About what stands in a block beside an event's fields. */
const EVENT_CHARS = 32;
/** Blocks that are fetched at once: a millisecond's work in general. */
const BLOCKS_AT_ONCE = 32;

/** Blocks of a player that are found at once: each time all that he has are looked through, as they are by session. */
const FOUND_BLOCKS = 4000;
/** Lists of players that are known to go on. */
const MAX_LISTS = 32;

const COLUMNS =
  "b.id, b.first_ms, b.last_ms, b.title, s.session, s.player, s.build, s.platform, b.common";
const TABLES = "blocks AS b CROSS JOIN sessions AS s ON s.id = b.session";

/** Where a block is in the order of time. */
type Place = readonly [firstMs: number, lastMs: number, id: number];

/** A row of `COLUMNS` and the events. */
type Block = readonly [
  id: number,
  firstMs: number,
  lastMs: number,
  title: string,
  session: string,
  player: string,
  build: string,
  platform: string,
  common: string,
  events: string | null,
];

/** Events, in blocks. */
export class EventTable {
  readonly #statements: Statements;
  readonly #insert: StatementSync;
  readonly #writer = new BlockWriter();
  /** Used between two turns of others only. */
  readonly #reader = new BlockReader();
  /**
   * Blocks behind a page of a player's events, by where it ended. New ones come behind them, and those that are gone have no
   * events: they are found once.
   */
  readonly #found = new Map<string, readonly number[]>();

  constructor(db: DatabaseSync) {
    this.#statements = new Statements(db);
    this.#insert = db.prepare(
      "INSERT INTO blocks VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    );
  }

  /** Writes new events of a run, with ids from `firstId` on. */
  put(
    firstId: number,
    sessionId: number,
    { title, receivedMs, common }: StoredRun,
    fresh: readonly StoredEvent[],
  ): void {
    let start = 0;
    while (start < fresh.length) {
      let firstMs = Infinity;
      let lastMs = -Infinity;
      let chars = 0;
      const names = new Set<string>();
      let end = start;
      for (; end < fresh.length && end - start < MAX_BLOCK_EVENTS; end++) {
        const { timeMs, name, data } = fresh[end]!;
        const minMs = Math.min(firstMs, timeMs);
        const maxMs = Math.max(lastMs, timeMs);
        chars += data.length + EVENT_CHARS;
        const isTooLong = maxMs - minMs > MAX_BLOCK_MS ||
          chars > MAX_BLOCK_CHARS;
        if (isTooLong && end > start) break;
        firstMs = minMs;
        lastMs = maxMs;
        names.add(name);
      }
      const text = this.#writer.write(fresh, start, end, firstMs);
      this.#insert.run(
        ...[firstId + start, title, sessionId, firstMs, lastMs],
        ...[end - start, receivedMs, common],
        Array.from(names, quotedNameOf).join(""),
        text,
      );
      start = end;
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
    const quoted = name === undefined ? undefined : quotedNameOf(name);
    if (player !== undefined) {
      return await this.#listPlayer(
        ...[query, player, quoted, cursor.id, limit, slices] as const,
      );
    }
    const page = new EventPage(query, cursor, limit);
    const fromMs = Math.max(query.fromMs, cursor.timeMs);
    const range = `b.title = ? AND b.last_ms >= ?
      AND (b.first_ms, b.last_ms, b.id) > (?, ?, ?)`;
    const order = "ORDER BY b.first_ms, b.last_ms, b.id";
    const places = this.#statements.get(
      `SELECT b.first_ms, b.last_ms, b.id FROM blocks AS b
        WHERE ${range} AND b.first_ms < ? ${order} LIMIT ${BLOCKS_AT_ONCE}`,
    );
    // What has no event of the name is not fetched.
    const blocks = this.#statements.get(
      `SELECT ${COLUMNS}, b.events FROM ${TABLES}
        WHERE ${range} AND (b.first_ms, b.last_ms, b.id) <= (?, ?, ?) AND instr(b.names, ?) > 0 ${order}`,
    );
    let at: Place = [fromMs - MAX_BLOCK_MS - 1, 0, 0];
    for (;;) {
      const found = places.all(title, fromMs, ...at, query.toMs);
      const end = found.at(-1) as Place | undefined;
      if (end === undefined) return page.end();
      for (
        const block of blocks.all(
          ...[title, fromMs, ...at, ...end, quoted ?? '"'],
        ) as unknown as Block[]
      ) {
        if (block[1] > page.lastMs) return page.end();
        if (isAsked(query, block)) this.#addTo(page, block, quoted);
        await slices.next();
      }
      if (found.length < BLOCKS_AT_ONCE) return page.end();
      if (end[0] > page.lastMs) return page.end();
      at = end;
      await slices.next();
    }
  }

  /** The newest of a title. */
  async recent(
    query: RangeQuery,
    limit: number,
    slices: Slices,
  ): Promise<EventRow[]> {
    const { title, fromMs, toMs } = query;
    const rows: EventRow[] = [];
    // Of others nothing but that they are there is fetched.
    const statement = this.#statements.get(
      `SELECT ${COLUMNS}, CASE WHEN b.title = ?2 AND b.first_ms < ?3 AND b.last_ms >= ?4 THEN b.events END
        FROM ${TABLES} WHERE b.id < ?1 ORDER BY b.id DESC LIMIT ${BLOCKS_AT_ONCE}`,
    );
    let beforeId = Number.MAX_SAFE_INTEGER;
    for (;;) {
      const found = statement.all(
        ...[beforeId, title, toMs, fromMs],
      ) as unknown as Block[];
      for (const block of found) {
        beforeId = block[0];
        if (!isAsked(query, block)) continue;
        for (const row of this.#rowsOf(block).reverse()) {
          if (row.timeMs < fromMs || row.timeMs >= toMs) continue;
          rows.push(row);
          if (rows.length === limit) return rows;
        }
      }
      if (found.length < BLOCKS_AT_ONCE) return rows;
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
      `SELECT ${COLUMNS}, b.events FROM ${TABLES} WHERE b.id > ? ORDER BY b.id LIMIT ${BLOCKS_AT_ONCE}`,
    );
    // The block that it is in may have more.
    let at = afterId - MAX_BLOCK_EVENTS;
    for (;;) {
      const found = statement.all(at) as unknown as Block[];
      for (const block of found) {
        at = block[0];
        for (const row of this.#rowsOf(block)) {
          if (row.id <= afterId) continue;
          rows.push(row);
          if (rows.length === limit) return rows;
        }
        await slices.next();
      }
      if (found.length < BLOCKS_AT_ONCE) return rows;
    }
  }

  /** Removes events of a session, whole blocks until there are so many, and gives them. */
  take(sessionId: number, limit: number): StoredEvent[] {
    const events: StoredEvent[] = [];
    const find = this.#statements.get(
      "SELECT id, first_ms, events FROM blocks WHERE session = ? LIMIT 1",
    );
    const reader = this.#reader;
    while (events.length < limit) {
      const found = find.get(sessionId);
      if (found === undefined) break;
      const [id, firstMs, text] = found as [number, number, string];
      reader.open(text, firstMs);
      while (reader.next()) events.push(reader.toEvent());
      this.#drop(id);
    }
    return events;
  }

  /** Removes events that were before a time; gives how many. */
  expire(beforeMs: number, limit: number): number {
    const nextTitle = this.#statements.get(
      "SELECT title FROM blocks WHERE title > ? ORDER BY title LIMIT 1",
    );
    const find = this.#statements.get(
      "SELECT id, first_ms, last_ms, count FROM blocks WHERE title = ? AND first_ms < ? ORDER BY first_ms LIMIT 1",
    );
    let removed = 0;
    let last = nextTitle.get("");
    while (last !== undefined && removed < limit) {
      const title = last[0] as string;
      while (removed < limit) {
        const found = find.get(title, beforeMs);
        if (found === undefined) break;
        const [id, firstMs, lastMs, count] = found as number[];
        if (lastMs! < beforeMs && count! <= limit - removed) {
          this.#drop(id!);
          removed += count!;
        } else {
          removed += this.#cut(id!, firstMs!, beforeMs, limit - removed);
        }
      }
      last = nextTitle.get(title);
    }
    return removed;
  }

  /** Removes some events of a block, whose places are kept for the ids of the others; gives how many. */
  #cut(id: number, firstMs: number, beforeMs: number, limit: number): number {
    const [text] = this.#statements.get(
      "SELECT events FROM blocks WHERE id = ?",
    )
      .get(id) as [string];
    const kept: (StoredEvent | undefined)[] = [];
    const reader = this.#reader;
    let removed = 0;
    let minMs = Infinity;
    let maxMs = -Infinity;
    reader.open(text, firstMs);
    while (reader.next()) {
      const { timeMs } = reader;
      if (timeMs < beforeMs && removed < limit) {
        removed++;
        continue;
      }
      minMs = Math.min(minMs, timeMs);
      maxMs = Math.max(maxMs, timeMs);
      kept.length = reader.index;
      kept.push(reader.toEvent());
    }
    const count = kept.reduce((sum, event) => event ? sum + 1 : sum, 0);
    // Or it would be found again and again.
    if (removed === 0) throw new Error("a block of events is damaged");
    if (count === 0) this.#drop(id);
    else {
      this.#statements.get(
        "UPDATE blocks SET first_ms = ?, last_ms = ?, count = ?, events = ? WHERE id = ?",
      ).all(
        ...[minMs, maxMs, count],
        this.#writer.write(kept, 0, kept.length, minMs),
        id,
      );
    }
    return removed;
  }

  #drop(id: number): void {
    this.#statements.get("DELETE FROM blocks WHERE id = ?").all(id);
  }

  async #listPlayer(
    query: EventQuery,
    player: string,
    quotedName: string | undefined,
    afterId: number,
    limit: number,
    slices: Slices,
  ): Promise<Page<EventRow>> {
    const { title } = query;
    const rows: EventRow[] = [];
    const ids = this.#statements.get(
      `SELECT b.id FROM sessions AS s CROSS JOIN blocks AS b ON b.session = s.id
        WHERE s.player = ? AND s.title = ? AND b.id > ? ORDER BY b.id LIMIT ${FOUND_BLOCKS}`,
    );
    const find = this.#statements.get(
      `SELECT ${COLUMNS}, b.events FROM ${TABLES} WHERE b.id = ?`,
    );
    const keyOf = (id: number): string =>
      `${id}:${title.length}:${title}${player}`;
    let found = this.#found.get(keyOf(afterId)) ?? [];
    this.#found.delete(keyOf(afterId));
    // The block that it is in may have more.
    let at = afterId - MAX_BLOCK_EVENTS;
    for (;;) {
      for (const [i, id] of found.entries()) {
        at = id;
        const block = find.get(id) as unknown as Block | undefined;
        // What was removed meanwhile is not there.
        if (block === undefined || !isAsked(query, block)) continue;
        for (const row of this.#rowsOf(block, quotedName)) {
          if (row.id <= afterId) continue;
          if (rows.length === limit) {
            const last = rows.at(-1)!;
            this.#keep(keyOf(last.id), found.slice(i));
            return { rows, next: writePageCursor(last) };
          }
          rows.push(row);
        }
        await slices.next();
      }
      found = ids.all(player, title, at).map(([id]) => id as number);
      if (found.length === 0) return { rows, next: undefined };
      await slices.next();
    }
  }

  #keep(key: string, ids: readonly number[]): void {
    if (this.#found.size >= MAX_LISTS) {
      for (const first of this.#found.keys()) {
        this.#found.delete(first);
        break;
      }
    }
    this.#found.set(key, ids);
  }

  #addTo(page: EventPage, block: Block, quotedName: string | undefined): void {
    const reader = this.#reader;
    reader.open(block[9]!, block[1]);
    while (reader.next(quotedName)) {
      if (page.takes(reader.timeMs, block[0] + reader.index)) {
        page.add(rowOf(block, reader));
      }
    }
  }

  #rowsOf(block: Block, quotedName?: string): EventRow[] {
    const rows: EventRow[] = [];
    const reader = this.#reader;
    reader.open(block[9]!, block[1]);
    while (reader.next(quotedName)) rows.push(rowOf(block, reader));
    return rows;
  }
}

function rowOf(block: Block, reader: BlockReader): EventRow {
  return {
    id: block[0] + reader.index,
    number: reader.number,
    name: reader.name,
    timeMs: reader.timeMs,
    data: reader.data,
    title: block[3],
    session: block[4],
    player: block[5],
    build: block[6],
    platform: block[7],
    common: block[8],
  };
}

function isAsked({ build, platform }: RangeQuery, block: Block): boolean {
  return block[9] !== null &&
    (build === undefined || build === block[6]) &&
    (platform === undefined || platform === block[7]);
}

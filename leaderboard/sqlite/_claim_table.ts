import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  prepareRows,
  type RowStatement,
  type Undo,
} from "../../core/sqlite/mod.ts";
import type { Claim } from "../store/store.ts";
import { claimHash } from "./_claim_hash.ts";
import type { Counters } from "./_counters.ts";

/** How many claims are found by memory before they are in the index. */
const RUN = 32_768;
/** How many a batch writes to the index at least while a run is under way. */
const MIN_INDEXED = 64;
/** Claims that are looked at between two turns of others. */
const PRUNED_AT_ONCE = 4096;

/** Where a claim is, or would be. */
export interface ClaimPlace {
  readonly name: string;
  readonly hash: number;
  /** 0 if it is not there. */
  readonly id: number;
  /** What it was made with, expired or not. */
  readonly claim: Claim | undefined;
}

/** One id or, where hashes meet, several. */
type Ids = Map<number, number | number[]>;

/**
 * Claims, in the order in which they were made. The index by their hashes would be written all over for each of them, so
 * the newest are found by memory, and go to the index in runs, sorted, a few with each batch.
 */
export class ClaimTable {
  readonly #counters: Counters;
  readonly #seed: number;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteIndexed: StatementSync;
  readonly #index: StatementSync;
  readonly #pruneClaims: StatementSync;
  readonly #pruneIndexed: StatementSync;
  readonly #read: RowStatement;
  readonly #find: RowStatement;
  readonly #scan: RowStatement;
  #newest: Ids = new Map();
  #made = 0;
  #nextId: number;
  /** The last claim that is in the index. */
  #indexedId: number;
  /** Claims on their way to the index: hashes and ids, sorted. */
  #run: [hash: number, id: number][] = [];
  #ofRun: Ids = new Map();
  #runEndId = 0;
  readonly #goneOfRun = new Set<number>();
  #written = 0;
  #prunedId = 0;

  constructor(db: DatabaseSync, counters: Counters) {
    this.#counters = counters;
    let seed = counters.get("claim_seed");
    if (seed === undefined) {
      seed = crypto.getRandomValues(new Int32Array(1))[0]!;
      counters.set("claim_seed", seed);
    }
    this.#seed = seed;
    this.#insert = db.prepare(
      "INSERT INTO claims VALUES (?, ?, ?, ?, ?)",
    );
    this.#delete = db.prepare("DELETE FROM claims WHERE id = ?");
    this.#deleteIndexed = db.prepare(
      "DELETE FROM claims_by_hash WHERE hash = ? AND id = ?",
    );
    this.#index = db.prepare(
      "INSERT OR IGNORE INTO claims_by_hash SELECT value ->> 0, value ->> 1 FROM json_each(?)",
    );
    this.#pruneClaims = db.prepare(
      "DELETE FROM claims WHERE id IN (SELECT value FROM json_each(?))",
    );
    this.#pruneIndexed = db.prepare(
      "DELETE FROM claims_by_hash WHERE (hash, id) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?))",
    );
    this.#read = prepareRows(
      db,
      "SELECT value, expires_ms FROM claims WHERE id = ? AND name = ?",
    );
    this.#find = prepareRows(
      db,
      "SELECT id FROM claims_by_hash WHERE hash = ?",
    );
    this.#scan = prepareRows(
      db,
      `SELECT id, hash, expires_ms FROM claims WHERE id > ? ORDER BY id LIMIT ${PRUNED_AT_ONCE}`,
    );
    this.#indexedId = counters.get("claim_indexed_id") ?? 0;
    this.#nextId = this.#indexedId + 1;
    const rest = prepareRows(db, "SELECT id, hash FROM claims WHERE id > ?");
    for (const [id, hash] of rest.all(this.#indexedId) as [number, number][]) {
      add(this.#newest, hash, id);
      this.#nextId = id + 1;
    }
  }

  find(board: string, playerId: string, key: string): ClaimPlace {
    // None of these has control characters.
    const name = `${board}\n${playerId}\n${key}`;
    const hash = claimHash(this.#seed, name);
    return this.#pick(this.#newest.get(hash), hash, name) ??
      this.#pick(this.#ofRun.get(hash), hash, name) ??
      this.#pick(this.#indexed(hash), hash, name) ??
      { name, hash, id: 0, claim: undefined };
  }

  /** Makes a claim in its place. */
  put(place: ClaimPlace, { value, expiresMs }: Claim, undo: Undo): void {
    if (place.id !== 0) this.#remove(place, undo);
    const { hash, name } = place;
    const id = this.#nextId++;
    this.#insert.run(id, hash, name, value, expiresMs);
    add(this.#newest, hash, id);
    this.#made++;
    undo.add(() => {
      remove(this.#newest, hash, id);
      this.#made--;
    });
  }

  /** Writes some to the index, at the end of a batch. */
  tend(undo: Undo): void {
    const made = this.#made;
    this.#made = 0;
    if (this.#run.length === 0) return;
    const start = this.#written;
    const end = start + Math.max(MIN_INDEXED, made * 2);
    const rows = this.#run.slice(start, end);
    this.#index.run(JSON.stringify(
      this.#goneOfRun.size === 0
        ? rows
        : rows.filter(([, id]) => !this.#goneOfRun.has(id)),
    ));
    this.#written = end;
    undo.add(() => this.#written = start);
    if (end < this.#run.length) return;
    this.#counters.set("claim_indexed_id", this.#runEndId);
  }

  /** Begins a run when there is enough for it, and ends one: before a batch, so that all of it is committed. */
  turn(): void {
    if (this.#run.length > 0) {
      if (this.#written < this.#run.length) return;
      this.#indexedId = this.#runEndId;
      this.#run = [];
      this.#ofRun = new Map();
      this.#goneOfRun.clear();
      this.#written = 0;
    }
    if (this.#newest.size < RUN) return;
    this.#ofRun = this.#newest;
    this.#newest = new Map();
    this.#runEndId = this.#nextId - 1;
    for (const [hash, ids] of this.#ofRun) {
      if (typeof ids === "number") this.#run.push([hash, ids]);
      else for (const id of ids) this.#run.push([hash, id]);
    }
    this.#run.sort((a, b) => a[0] - b[0]);
  }

  /**
   * Removes those that have expired among the next ones.
   *
   * @returns Whether to go on at once, as there may be as many again.
   */
  prune(nowMs: number, undo: Undo): boolean {
    const before = this.#prunedId;
    undo.add(() => this.#prunedId = before);
    const rows = this.#scan.all(before) as number[][];
    const isEnd = rows.length < PRUNED_AT_ONCE;
    this.#prunedId = isEnd ? 0 : rows.at(-1)![0]!;
    const expired = rows.filter((row) => row[2]! <= nowMs);
    if (expired.length === 0) return false;
    this.#pruneClaims.run(JSON.stringify(expired.map(([id]) => id)));
    const indexed = expired.filter(([id, hash]) =>
      this.#forget(hash!, id!, undo)
    );
    if (indexed.length > 0) {
      this.#pruneIndexed.run(
        JSON.stringify(indexed.map(([id, hash]) => [hash, id])),
      );
    }
    return !isEnd;
  }

  #pick(
    ids: number | number[] | undefined,
    hash: number,
    name: string,
  ): ClaimPlace | undefined {
    if (ids === undefined) return undefined;
    for (const id of typeof ids === "number" ? [ids] : ids) {
      const row = this.#read.get(id, name);
      if (row === undefined) continue;
      const claim = { value: row[0] as string, expiresMs: row[1] as number };
      return { name, hash, id, claim };
    }
    return undefined;
  }

  #indexed(hash: number): number[] | undefined {
    // Mostly there is none, which costs less to ask for one row.
    return this.#find.get(hash) &&
      this.#find.all(hash).map((row) => row[0] as number);
  }

  #remove({ id, hash }: ClaimPlace, undo: Undo): void {
    this.#delete.run(id);
    if (this.#forget(hash, id, undo)) this.#deleteIndexed.run(hash, id);
  }

  /** Takes a claim out of memory; tells whether it may be in the index. */
  #forget(hash: number, id: number, undo: Undo): boolean {
    // Those of the run come before the newest ones.
    if (id > Math.max(this.#indexedId, this.#runEndId)) {
      remove(this.#newest, hash, id);
      undo.add(() => add(this.#newest, hash, id));
      return false;
    }
    if (id > this.#indexedId) {
      this.#goneOfRun.add(id);
      undo.add(() => this.#goneOfRun.delete(id));
    }
    return true;
  }
}

function add(ids: Ids, hash: number, id: number): void {
  const before = ids.get(hash);
  if (before === undefined) ids.set(hash, id);
  else if (typeof before === "number") ids.set(hash, [before, id]);
  else before.push(id);
}

function remove(ids: Ids, hash: number, id: number): void {
  const before = ids.get(hash);
  if (typeof before === "number") ids.delete(hash);
  else if (before !== undefined) {
    ids.set(hash, before.filter((other) => other !== id));
  }
}

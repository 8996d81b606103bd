import type { PlayerId } from "../../core/mod.ts";
import type { Undo, WriteJob } from "../../core/sqlite/mod.ts";
import type {
  EntryChange,
  Standing,
  StoredEntry,
  Transaction,
  TransactionChange,
  TransactionResult,
  TransactionState,
} from "../store/store.ts";
import type { AttemptTable } from "./_attempt_table.ts";
import type { ClaimPlace, ClaimTable } from "./_claim_table.ts";
import type { EntryTable, FoundEntry } from "./_entry_table.ts";
import type { HeldTable } from "./_held_table.ts";
import type { LoadedRanking } from "./_loaded_ranking.ts";

/** What a transaction reads and writes. */
export interface TransactionTables {
  readonly entries: EntryTable;
  readonly claims: ClaimTable;
  readonly attempts: AttemptTable;
  readonly held: HeldTable;
  /** Whether anybody wants to know of changes. */
  readonly isListenedTo: boolean;
  nextSequence(undo: Undo): number;
  /** Notes that the batch has rows of a ranking. */
  touch(ranking: LoadedRanking): void;
}

/** How a transaction ends. */
export interface TransactionEnd<Change extends TransactionChange> {
  readonly changes: readonly EntryChange[];
  /** What it resolves with, unless `decide` threw. */
  readonly result: TransactionResult<Change> | undefined;
  readonly thrown: unknown;
}

/** A transaction that waits for its batch. */
export class TransactJob<Change extends TransactionChange> implements WriteJob {
  readonly #tables: TransactionTables;
  readonly #transaction: Transaction;
  readonly #rankings: readonly LoadedRanking[];
  readonly #decide: (state: TransactionState) => Change;
  readonly #settle: (end: TransactionEnd<Change>) => void;
  readonly fail: (error: unknown) => void;
  #changes: EntryChange[] = [];
  #result: TransactionResult<Change> | undefined;
  #thrown: unknown;

  constructor(
    tables: TransactionTables,
    transaction: Transaction,
    rankings: readonly LoadedRanking[],
    decide: (state: TransactionState) => Change,
    settle: (end: TransactionEnd<Change>) => void,
    fail: (error: unknown) => void,
  ) {
    this.#tables = tables;
    this.#transaction = transaction;
    this.#rankings = rankings;
    this.#decide = decide;
    this.#settle = settle;
    this.fail = fail;
  }

  run(undo: Undo): void {
    this.#changes = [];
    this.#result = undefined;
    const { entries, claims, attempts, held } = this.#tables;
    const transaction = this.#transaction;
    const { board, playerId, heldId } = transaction;
    const rankings = this.#rankings;
    const sequence = this.#tables.nextSequence(undo);
    const found = rankings.map((ranking) => entries.find(ranking, playerId));
    const claimed =
      transaction.claims?.map((key) => claims.find(board, playerId, key)) ?? [];
    const state: TransactionState = {
      sequence,
      entries: found.map((it) => it?.entry),
      claimed: claimed.map(({ claim }) =>
        claim !== undefined && claim.expiresMs > transaction.nowMs
          ? claim.value
          : undefined
      ),
      attempts: transaction.attempts === undefined
        ? 0
        : attempts.get(board, transaction.attempts, playerId),
      held: heldId === undefined
        ? undefined
        : held.find(heldId, board, playerId),
    };
    let change: Change;
    try {
      change = this.#decide(state);
    } catch (error) {
      this.#thrown = error;
      return;
    }
    const isFull = this.#isFull(change, found);
    if (!isFull) this.#apply(change, state, found, claimed, undo);
    this.#result = {
      change,
      isFull,
      standings: rankings.map((ranking, i) => {
        const put = isFull ? undefined : change.entries?.[i];
        const entry = put === undefined
          ? this.#unchanged(ranking, found[i])
          : put ?? undefined;
        return entry && standingOf(ranking, entry);
      }),
    };
  }

  /** What stays, read while it is there. */
  #unchanged(
    ranking: LoadedRanking,
    found: FoundEntry | undefined,
  ): StoredEntry | undefined {
    return found === undefined || found.entry.isHidden
      ? found?.entry
      : this.#tables.entries.get(ranking, this.#transaction.playerId);
  }

  settle(): void {
    this.#settle({
      changes: this.#changes,
      result: this.#result,
      thrown: this.#thrown,
    });
  }

  #isFull(
    change: TransactionChange,
    found: readonly (FoundEntry | undefined)[],
  ): boolean {
    const { maxEntries = Infinity } = this.#transaction;
    return this.#rankings.some((ranking, i) =>
      change.entries?.[i] && found[i] === undefined &&
      ranking.size >= maxEntries
    );
  }

  #apply(
    change: TransactionChange,
    state: TransactionState,
    found: readonly (FoundEntry | undefined)[],
    claimed: readonly ClaimPlace[],
    undo: Undo,
  ): void {
    const { claims, attempts, held } = this.#tables;
    const transaction = this.#transaction;
    const { board, playerId } = transaction;
    this.#rankings.forEach((ranking, i) => {
      const entry = change.entries?.[i];
      if (entry === undefined) return;
      this.#put(ranking, playerId, entry, state.sequence, found[i], undo);
    });
    claimed.forEach((_, i) => {
      const claim = change.claims?.[i];
      if (claim === undefined) return;
      claims.put(claimed[i]!, claim, undo);
    });
    if (change.attempts !== undefined && transaction.attempts !== undefined) {
      attempts.put(board, transaction.attempts, playerId, change.attempts);
    }
    if (change.releasesHeld && state.held !== undefined) {
      held.delete(state.held.id);
    }
    if (change.hold !== undefined) held.put(change.hold);
  }

  #put(
    ranking: LoadedRanking,
    playerId: PlayerId,
    entry: StoredEntry | null,
    version: number,
    before: FoundEntry | undefined,
    undo: Undo,
  ): void {
    const { entries, isListenedTo } = this.#tables;
    if (entry === null) {
      if (before === undefined) return;
      entries.remove(ranking, version, before, undo);
    } else {
      entries.put(ranking, entry, version, before, undo);
    }
    this.#tables.touch(ranking);
    if (!isListenedTo) return;
    const wasSeen = before !== undefined && !before.entry.isHidden;
    const shown = entry === null || entry.isHidden ? undefined : entry;
    if (!wasSeen && shown === undefined) return;
    this.#changes.push({
      ranking: ranking.key,
      playerId,
      entry: shown,
      rank: shown === undefined ? 0 : ranking.index.rankOf(playerId),
      total: ranking.index.size,
    });
  }
}

function standingOf({ index }: LoadedRanking, entry: StoredEntry): Standing {
  const rank = entry.isHidden ? 0 : index.rankOf(entry.playerId);
  return { entry, rank, total: index.size };
}

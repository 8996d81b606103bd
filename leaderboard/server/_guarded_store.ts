// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type {
  EntryChange,
  HeldSubmission,
  LeaderboardStore,
  PageQuery,
  RankedEntry,
  Ranking,
  RankingKey,
  RankingPage,
  Standing,
  StoredBoard,
  Transaction,
  TransactionChange,
  TransactionResult,
  TransactionState,
} from "../store/store.ts";
import { StoreGuard } from "../store/store_guard.ts";

/** A store whose failures are counted and told, and are all `LeaderboardError`s, whatever it throws. */
export class GuardedStore implements LeaderboardStore {
  readonly #store: LeaderboardStore;
  readonly #guard: StoreGuard;

  constructor(store: LeaderboardStore, onError: (error: unknown) => void) {
    this.#store = store;
    this.#guard = new StoreGuard("store", onError);
  }

  /** How many calls have failed. */
  get failures(): number {
    return this.#guard.failures;
  }

  transact<Change extends TransactionChange>(
    transaction: Transaction,
    decide: (state: TransactionState) => Change,
  ): Promise<TransactionResult<Change>> {
    return this.#guard.run(() => this.#store.transact(transaction, decide));
  }

  standing(
    ranking: Ranking,
    playerId: PlayerId,
  ): Promise<Standing | undefined> {
    return this.#guard.run(() => this.#store.standing(ranking, playerId));
  }

  page(ranking: Ranking, query: PageQuery): Promise<RankingPage> {
    return this.#guard.run(() => this.#store.page(ranking, query));
  }

  around(
    ranking: Ranking,
    playerId: PlayerId,
    limit: number,
  ): Promise<RankingPage | undefined> {
    return this.#guard.run(() => this.#store.around(ranking, playerId, limit));
  }

  ofPlayers(
    ranking: Ranking,
    playerIds: readonly PlayerId[],
  ): Promise<readonly RankedEntry[]> {
    return this.#guard.run(() => this.#store.ofPlayers(ranking, playerIds));
  }

  rankings(board: string): Promise<readonly RankingKey[]> {
    return this.#guard.run(() => this.#store.rankings(board));
  }

  dropRanking(ranking: Ranking, maxEntries: number): Promise<boolean> {
    return this.#guard.run(() => this.#store.dropRanking(ranking, maxEntries));
  }

  boards(title: string): Promise<readonly StoredBoard[]> {
    return this.#guard.run(() => this.#store.boards(title));
  }

  board(board: string): Promise<string | undefined> {
    return this.#guard.run(() => this.#store.board(board));
  }

  putBoard(
    board: string,
    options: string | undefined,
    before: string | undefined,
  ): Promise<boolean> {
    return this.#guard.run(() => this.#store.putBoard(board, options, before));
  }

  held(
    board: string,
    query: {
      readonly state: HeldSubmission["state"];
      readonly afterSequence: number;
      readonly limit: number;
    },
  ): Promise<readonly HeldSubmission[]> {
    return this.#guard.run(() => this.#store.held(board, query));
  }

  isReplayLinked(replay: string): Promise<boolean> {
    return this.#guard.run(() => this.#store.isReplayLinked(replay));
  }

  subscribe(
    onChange: (change: EntryChange) => void,
    onMissed?: (board: string) => void,
  ): Promise<() => Promise<void>> {
    return this.#guard.run(() => this.#store.subscribe(onChange, onMissed));
  }

  prune(nowMs: number): Promise<void> {
    return this.#guard.run(() => this.#store.prune(nowMs));
  }

  /** Does nothing: the store is its owner's. */
  close(): Promise<void> {
    return Promise.resolve();
  }
}

// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import { MemoryBoard } from "./_memory_board.ts";
import type {
  Claim,
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
  StoredEntry,
  Transaction,
  TransactionChange,
  TransactionResult,
  TransactionState,
} from "./store.ts";

/** Claims that one call of `prune` looks at, at least: a fraction of a millisecond's work. */
const PRUNED_AT_ONCE = 4096;

/**
 * A {@linkcode LeaderboardStore} in memory, for one process: nothing outlives it. For tests, for development, and for
 * boards that may begin anew.
 *
 * Each call does all of its work before it returns.
 *
 * @example Put an entry and read it
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { playerId } from "@tickwire/net/core";
 * import { MemoryLeaderboardStore, type Ranking } from "@tickwire/net/leaderboard";
 *
 * const store = new MemoryLeaderboardStore();
 * const ranking: Ranking = {
 *   board: "main/speedrun", period: "allTime", season: 0, className: "",
 *   order: "ascending", subscoreOrder: "ascending", ties: "earliest",
 * };
 * const ada = playerId("ada");
 * await store.transact(
 *   { board: ranking.board, playerId: ada, rankings: [ranking], nowMs: 1000 },
 *   ({ sequence }) => ({
 *     entries: [{
 *       playerId: ada, name: "Ada", score: 4200, subscore: 0, sequence, className: "",
 *       metadata: "", replay: "", submittedMs: 1000, isHidden: false,
 *     }],
 *   }),
 * );
 * assertEquals((await store.standing(ranking, ada))?.rank, 1);
 * await store.close();
 * ```
 */
export class MemoryLeaderboardStore implements LeaderboardStore {
  readonly #boards = new Map<string, MemoryBoard>();
  readonly #options = new Map<string, string>();
  /** By board, player and key, roughly in the order of their expiry. */
  readonly #claims = new Map<string, Claim>();
  /** How many entries and held submissions have each replay. */
  readonly #replays = new Map<string, number>();
  readonly #listeners = new Set<(change: EntryChange) => void>();
  /** Changes that listeners have yet to be told. */
  readonly #changes: EntryChange[] = [];
  #pruning: Iterator<[string, Claim]> | undefined;
  #isTelling = false;
  #isClosed = false;

  /**
   * Reads what is there of a player and changes it, as one.
   *
   * @typeParam Change What `decide` returns.
   * @param transaction What is read.
   * @param decide Decides. It is called once.
   * @returns A promise of what became of it.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async transact<Change extends TransactionChange>(
    transaction: Transaction,
    decide: (state: TransactionState) => Change,
  ): Promise<TransactionResult<Change>> {
    this.#checkOpen();
    const board = this.#ensureBoard(transaction.board);
    const { playerId, rankings } = transaction;
    const change = decide(this.#read(board, transaction));
    const isFull = isAnyFull(board, transaction, change);
    if (!isFull) this.#apply(board, transaction, change);
    const standings = rankings.map((ranking) =>
      board.ranking(ranking)?.standing(playerId)
    );
    this.#tell();
    return { change, isFull, standings };
  }

  /**
   * Finds a player's entry and its rank.
   *
   * @param ranking Where.
   * @param playerId Whose.
   * @returns A promise of it, or of `undefined`.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async standing(
    ranking: Ranking,
    playerId: PlayerId,
  ): Promise<Standing | undefined> {
    this.#checkOpen();
    const standing = this.#ranking(ranking)?.standing(playerId);
    return standing?.entry.isHidden ? undefined : standing;
  }

  /**
   * Reads part of a ranking.
   *
   * @param ranking Which.
   * @param query Which part.
   * @returns A promise of the entries.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async page(ranking: Ranking, query: PageQuery): Promise<RankingPage> {
    this.#checkOpen();
    return this.#ranking(ranking)?.page(query) ??
      { entries: [], total: 0, offset: 0 };
  }

  /**
   * Reads the neighbourhood of a player.
   *
   * @param ranking Which ranking.
   * @param playerId Whose entry is in the middle.
   * @param limit The most entries: 1 to 1000.
   * @returns A promise of the entries, or of `undefined` if the player has none.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async around(
    ranking: Ranking,
    playerId: PlayerId,
    limit: number,
  ): Promise<RankingPage | undefined> {
    this.#checkOpen();
    return this.#ranking(ranking)?.around(playerId, limit);
  }

  /**
   * Reads the entries of some players.
   *
   * @param ranking Which ranking.
   * @param playerIds At most 1000.
   * @returns A promise of their entries, best first.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async ofPlayers(
    ranking: Ranking,
    playerIds: readonly PlayerId[],
  ): Promise<readonly RankedEntry[]> {
    this.#checkOpen();
    return this.#ranking(ranking)?.ofPlayers(playerIds) ?? [];
  }

  /**
   * Lists the rankings of a board that have entries.
   *
   * @param board The board.
   * @returns A promise of their names.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async rankings(board: string): Promise<readonly RankingKey[]> {
    this.#checkOpen();
    return this.#boards.get(board)?.rankings() ?? [];
  }

  /**
   * Removes entries of a ranking, and attempts counted in its season, without telling anybody.
   *
   * @param ranking Which.
   * @param maxEntries The most to remove in this call.
   * @returns A promise of whether nothing is left.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async dropRanking(ranking: Ranking, maxEntries: number): Promise<boolean> {
    this.#checkOpen();
    const board = this.#boards.get(ranking.board);
    if (board === undefined) return true;
    board.dropAttempts(ranking);
    const found = board.ranking(ranking);
    if (found === undefined) return true;
    let left = maxEntries;
    for (const playerId of found.playerIds()) {
      if (left-- <= 0) return false;
      this.#unlink(found.get(playerId)!.replay);
      found.remove(playerId);
    }
    board.tidy(ranking);
    return true;
  }

  /**
   * Lists boards.
   *
   * @param title The part of their names before the slash.
   * @returns A promise of them, by name.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async boards(title: string): Promise<readonly StoredBoard[]> {
    this.#checkOpen();
    return Array.from(this.#options, ([board, options]) => ({ board, options }))
      .filter(({ board }) => board.startsWith(`${title}/`))
      .sort((a, b) => a.board < b.board ? -1 : 1);
  }

  /**
   * Reads a board's options.
   *
   * @param board The board.
   * @returns A promise of them as JSON, or of `undefined` if there is no such board.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async board(board: string): Promise<string | undefined> {
    this.#checkOpen();
    return this.#options.get(board);
  }

  /**
   * Writes a board's options, if they still are what they were.
   *
   * @param board The board.
   * @param options The options as JSON, or `undefined` to remove them.
   * @param before What they must be now; `undefined` for a board that must not be there.
   * @returns A promise of whether they were written.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async putBoard(
    board: string,
    options: string | undefined,
    before: string | undefined,
  ): Promise<boolean> {
    this.#checkOpen();
    if (this.#options.get(board) !== before) return false;
    if (options === undefined) this.#options.delete(board);
    else this.#options.set(board, options);
    return true;
  }

  /**
   * Lists held submissions, oldest first by their sequence.
   *
   * @param board The board.
   * @param query Of which state, behind which sequence, and how many.
   * @returns A promise of them.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async held(
    board: string,
    query: {
      readonly state: HeldSubmission["state"];
      readonly afterSequence: number;
      readonly limit: number;
    },
  ): Promise<readonly HeldSubmission[]> {
    this.#checkOpen();
    const { state, afterSequence, limit } = query;
    return this.#boards.get(board)?.held.list(state, afterSequence, limit) ??
      [];
  }

  /**
   * Tells whether an entry or a held submission has a replay.
   *
   * @param replay Its SHA-256 in hex.
   * @returns A promise of whether one has.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async isReplayLinked(replay: string): Promise<boolean> {
    this.#checkOpen();
    return this.#replays.has(replay);
  }

  /**
   * Listens to changes of entries.
   *
   * @param onChange Called with each change before the promise of its transaction resolves. It must not throw.
   * @returns A promise of a function that ends it.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async subscribe(
    onChange: (change: EntryChange) => void,
  ): Promise<() => Promise<void>> {
    this.#checkOpen();
    // A function of its own, as the same one may listen twice.
    const listener = (change: EntryChange): void => onChange(change);
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
      return Promise.resolve();
    };
  }

  /**
   * Forgets claims that have expired, among some thousands that it looks at in a call.
   *
   * @param nowMs Now, in epoch milliseconds.
   * @returns A promise that resolves when it has done enough for this call.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  // deno-lint-ignore require-await
  async prune(nowMs: number): Promise<void> {
    this.#checkOpen();
    // However many there are, a few dozen calls come round to each.
    const count = Math.max(PRUNED_AT_ONCE, this.#claims.size >>> 5);
    for (let i = 0; i < count; i++) {
      this.#pruning ??= this.#claims.entries();
      const { value, done } = this.#pruning.next();
      if (done) {
        this.#pruning = undefined;
        return;
      }
      const [key, { expiresMs }] = value;
      if (expiresMs <= nowMs) this.#claims.delete(key);
    }
  }

  /**
   * Forgets everything. Closing twice has no effect.
   *
   * @returns A promise that resolves at once.
   */
  close(): Promise<void> {
    this.#isClosed = true;
    this.#pruning = undefined;
    this.#boards.clear();
    this.#options.clear();
    this.#claims.clear();
    this.#replays.clear();
    this.#listeners.clear();
    return Promise.resolve();
  }

  #checkOpen(): void {
    if (this.#isClosed) {
      throw new LeaderboardError(
        "closed",
        "Cannot use a leaderboard store as it is closed",
      );
    }
  }

  #ranking(ranking: RankingKey): ReturnType<MemoryBoard["ranking"]> {
    return this.#boards.get(ranking.board)?.ranking(ranking);
  }

  #ensureBoard(name: string): MemoryBoard {
    let board = this.#boards.get(name);
    if (board === undefined) {
      board = new MemoryBoard();
      this.#boards.set(name, board);
    }
    return board;
  }

  #read(board: MemoryBoard, transaction: Transaction): TransactionState {
    const { playerId, rankings, claims = [], attempts, heldId } = transaction;
    const held = heldId === undefined ? undefined : board.held.get(heldId);
    return {
      sequence: board.nextSequence(),
      entries: rankings.map((ranking) => board.ranking(ranking)?.get(playerId)),
      claimed: claims.map((claim) => this.#claimed(transaction, claim)),
      attempts: attempts === undefined ? 0 : board.attempts(attempts, playerId),
      held: held?.playerId === playerId ? held : undefined,
    };
  }

  #claimed(transaction: Transaction, claim: string): string | undefined {
    const found = this.#claims.get(claimKey(transaction, claim));
    return found !== undefined && found.expiresMs > transaction.nowMs
      ? found.value
      : undefined;
  }

  #apply(
    board: MemoryBoard,
    transaction: Transaction,
    change: TransactionChange,
  ): void {
    const { playerId, rankings, claims = [], attempts, heldId } = transaction;
    for (const [i, ranking] of rankings.entries()) {
      const entry = change.entries?.[i];
      if (entry !== undefined) this.#put(board, ranking, playerId, entry);
    }
    for (const [i, claim] of claims.entries()) {
      const made = change.claims?.[i];
      if (made === undefined) continue;
      const key = claimKey(transaction, claim);
      // To the end, where what expires last is.
      this.#claims.delete(key);
      this.#claims.set(key, made);
    }
    if (change.attempts !== undefined && attempts !== undefined) {
      board.setAttempts(attempts, playerId, change.attempts);
    }
    if (change.releasesHeld && heldId !== undefined) {
      const held = board.held.get(heldId);
      if (held?.playerId === playerId) {
        this.#unlink(held.replay);
        board.held.remove(heldId);
      }
    }
    if (change.hold !== undefined) {
      this.#unlink(board.held.get(change.hold.id)?.replay ?? "");
      this.#link(change.hold.replay);
      board.held.put(change.hold);
    }
  }

  #put(
    board: MemoryBoard,
    ranking: Ranking,
    playerId: PlayerId,
    entry: StoredEntry | null,
  ): void {
    const before = board.ranking(ranking)?.get(playerId);
    if (entry === null && before === undefined) return;
    const found = board.ensureRanking(ranking);
    this.#unlink(before?.replay ?? "");
    if (entry === null) {
      found.remove(playerId);
    } else {
      this.#link(entry.replay);
      found.put(entry);
    }
    const wasSeen = before !== undefined && !before.isHidden;
    const shown = entry === null || entry.isHidden ? undefined : entry;
    if (this.#listeners.size > 0 && (wasSeen || shown !== undefined)) {
      this.#changes.push({
        ranking: found.key,
        playerId,
        entry: shown,
        rank: shown === undefined ? 0 : found.standing(playerId)!.rank,
        total: found.total,
      });
    }
    board.tidy(ranking);
  }

  #link(replay: string): void {
    if (replay === "") return;
    this.#replays.set(replay, (this.#replays.get(replay) ?? 0) + 1);
  }

  #unlink(replay: string): void {
    if (replay === "") return;
    const count = this.#replays.get(replay)! - 1;
    if (count === 0) this.#replays.delete(replay);
    else this.#replays.set(replay, count);
  }

  /** Tells what has changed. A listener that changes something itself is told of it after all others know of this. */
  #tell(): void {
    if (this.#isTelling) return;
    this.#isTelling = true;
    try {
      for (let i = 0; i < this.#changes.length; i++) {
        for (const listener of this.#listeners) listener(this.#changes[i]!);
      }
    } finally {
      this.#changes.length = 0;
      this.#isTelling = false;
    }
  }
}

function isAnyFull(
  board: MemoryBoard,
  { playerId, rankings, maxEntries = Infinity }: Transaction,
  change: TransactionChange,
): boolean {
  return rankings.some((ranking, i) => {
    if (!change.entries?.[i]) return false;
    const found = board.ranking(ranking);
    return (found?.size ?? 0) >= maxEntries &&
      found?.get(playerId) === undefined;
  });
}

// Neither boards nor player ids have control characters, so that two keys never give one text.
function claimKey({ board, playerId }: Transaction, claim: string): string {
  return `${board}\0${playerId}\0${claim}`;
}

// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type { ScoreOrder, TieRule } from "../board/board_options.ts";
import type { Score } from "../score.ts";

/** Names a ranking: the entries of one season of one period of a board, of one class or of all. */
export interface RankingKey {
  /** The board, with its title before it: `"title/board"`. 1 to 129 characters, without control characters. */
  readonly board: string;
  /** The period's name. */
  readonly period: string;
  /** When the season began, in epoch milliseconds; 0 for a period that has only one. */
  readonly season: number;
  /** The class, or `""` for all of them. */
  readonly className: string;
}

/** A ranking and how it is ordered, which is the same in every call. */
export interface Ranking extends RankingKey {
  /** Which scores are the better ones. */
  readonly order: ScoreOrder;
  /** Which subscores are the better ones. */
  readonly subscoreOrder: ScoreOrder;
  /** Which rank equals have. */
  readonly ties: TieRule;
}

/** A player's entry in a ranking. */
export interface StoredEntry {
  /** Whose it is; at most one a ranking. */
  readonly playerId: PlayerId;
  /** The name to show. */
  readonly name: string;
  /** The score. */
  readonly score: Score;
  /** What decides where scores are equal. */
  readonly subscore: Score;
  /**
   * What decides where both are equal: the {@linkcode TransactionState.sequence} of the submission that reached them.
   * Lower is before, in either order. Unique within a ranking.
   */
  readonly sequence: number;
  /** The class of the submission, or `""`. */
  readonly className: string;
  /** The metadata as JSON, or `""`. */
  readonly metadata: string;
  /** The replay's SHA-256 in hex, or `""`. */
  readonly replay: string;
  /** When it was submitted, in epoch milliseconds. */
  readonly submittedMs: number;
  /** Whether it is kept from everybody: it has no rank, and is in no page and no count. */
  readonly isHidden: boolean;
}

/** An entry with its place. */
export interface RankedEntry {
  /** The entry. */
  readonly entry: StoredEntry;
  /** Its rank by the ranking's {@linkcode Ranking.ties}: 1 for the best; 0 for one that is hidden. */
  readonly rank: number;
}

/** A place in a ranking, whether an entry is there or not. */
export interface RankingPosition {
  /** The score. */
  readonly score: Score;
  /** The subscore. */
  readonly subscore: Score;
  /** What decides where both are equal. */
  readonly sequence: number;
}

/** Which part of a ranking is asked for. */
export interface PageQuery {
  /** The most entries: 1 to 1000. */
  readonly limit: number;
  /**
   * Entries of the range to skip, from the best on: an integer, 0 or more. Not together with `after`.
   *
   * @default {0}
   */
  readonly offset?: number;
  /** Only entries behind this place, for which no entry needs to be there. */
  readonly after?: RankingPosition;
  /** Only entries with this score or a higher one. */
  readonly minScore?: Score;
  /** Only entries with this score or a lower one. */
  readonly maxScore?: Score;
}

/** Part of a ranking, at one moment. */
export interface RankingPage {
  /** The entries, best first, without those that are hidden. */
  readonly entries: readonly RankedEntry[];
  /** Entries between `minScore` and `maxScore`, on this page or not. */
  readonly total: number;
  /** How many of these are before the page's first entry; all of them if it has none. */
  readonly offset: number;
}

/** A player's place in a ranking, at one moment. */
export interface Standing extends RankedEntry {
  /** Entries of the ranking that are not hidden. */
  readonly total: number;
}

/** A submission that waits to be verified or for a moderator. It is on no board meanwhile. */
export interface HeldSubmission {
  /** Unique in the store. */
  readonly id: string;
  /** The board. */
  readonly board: string;
  /** Who submitted it. */
  readonly playerId: PlayerId;
  /** The sequence that it got when it came. */
  readonly sequence: number;
  /** When it came, in epoch milliseconds. */
  readonly heldMs: number;
  /** Whether `verify` has yet to be asked, or a moderator has to decide. */
  readonly state: "unverified" | "quarantined";
  /** The replay's SHA-256 in hex, or `""`. */
  readonly replay: string;
  /** The submission and what else the server wants to know again, as JSON. */
  readonly data: string;
}

/** What {@linkcode LeaderboardStore.transact} reads of one player, all of it on one board. */
export interface Transaction {
  /** The board. */
  readonly board: string;
  /** The player. */
  readonly playerId: PlayerId;
  /** Rankings of the board whose entries of the player are read and may be written: 0 to 64, each once. */
  readonly rankings: readonly Ranking[];
  /** Now, in epoch milliseconds: claims that have expired are not there. */
  readonly nowMs: number;
  /**
   * Keys that are each claimed at most once by this player on this board, until the claim expires: 0 to 4, each once,
   * of 1 to 160 characters without control characters.
   */
  readonly claims?: readonly string[];
  /** The season in which attempts of the player are counted. */
  readonly attempts?: { readonly period: string; readonly season: number };
  /** The id of a held submission of this player and board. */
  readonly heldId?: string;
  /** The most entries, hidden ones too, in a ranking for a new one to be added; see {@linkcode TransactionResult.isFull}. */
  readonly maxEntries?: number;
}

/** What a decision is based on. */
export interface TransactionState {
  /**
   * A number above all that this board's transactions saw which changed anything: an integer, 1 or more. No two of them
   * see the same.
   */
  readonly sequence: number;
  /**
   * The player's entry, hidden or not, in each of the rankings, in their order. Those that the change replaces or removes
   * are good only while `decide` runs.
   */
  readonly entries: readonly (StoredEntry | undefined)[];
  /** What each of the claims was made with, in their order; `undefined` for one that is not there. */
  readonly claimed: readonly (string | undefined)[];
  /** Attempts counted so far. */
  readonly attempts: number;
  /** The held submission, if it is there. */
  readonly held: HeldSubmission | undefined;
}

/** That a key is taken. */
export interface Claim {
  /** What is to be known of it later: at most 1024 characters. */
  readonly value: string;
  /** When it is forgotten, in epoch milliseconds. */
  readonly expiresMs: number;
}

/** What a decision changes. What is left out stays as it is. */
export interface TransactionChange {
  /**
   * For each of the rankings, in their order: the entry to put there, `null` to remove it, `undefined` to leave it.
   */
  readonly entries?: readonly (StoredEntry | null | undefined)[];
  /**
   * For each of the transaction's keys, in their order: what it is claimed with, until a time in epoch milliseconds,
   * whatever was there before; `undefined` to leave it.
   */
  readonly claims?: readonly (Claim | undefined)[];
  /** The attempts counted from now on. */
  readonly attempts?: number;
  /** Holds a submission, or changes the held one of the same id. */
  readonly hold?: HeldSubmission;
  /** Whether the transaction's held submission is removed. */
  readonly releasesHeld?: boolean;
}

/** What became of a transaction. */
export interface TransactionResult<Change extends TransactionChange> {
  /** What `decide` returned in the end. */
  readonly change: Change;
  /**
   * Whether nothing was changed, as a ranking had `maxEntries` entries and the change had one more for it.
   */
  readonly isFull: boolean;
  /**
   * The player's place in each of the rankings after the change; `undefined` without an entry there, and with rank 0 if
   * it is hidden.
   */
  readonly standings: readonly (Standing | undefined)[];
}

/** A change of an entry, told after it was committed. One that is hidden and was so before is not told. */
export interface EntryChange {
  /** Where. */
  readonly ranking: RankingKey;
  /** Whose entry. */
  readonly playerId: PlayerId;
  /** The entry as it is now; `undefined` if it is gone or hidden. */
  readonly entry: StoredEntry | undefined;
  /** Its rank when it was committed; 0 without an entry. */
  readonly rank: number;
  /** Entries of the ranking that are not hidden, at that moment. */
  readonly total: number;
}

/** A board as it is stored. */
export interface StoredBoard {
  /** Its name, with its title before it. */
  readonly board: string;
  /** Its options, as JSON. */
  readonly options: string;
}

/**
 * Where a {@linkcode LeaderboardServer} keeps boards and entries. What a submission does is decided by the server; a
 * store orders, counts, and keeps what it has acknowledged.
 *
 * Each call rejects with a {@linkcode LeaderboardError} of code `"storeFailed"` if the storage fails, and with
 * `"closed"` after `close`. A call that rejects has changed nothing, or, where the connection was lost in its midst,
 * may have changed all of it.
 */
export interface LeaderboardStore {
  /**
   * Reads what is there of a player and changes it, as one: nothing else happens to the player on this board between
   * what `decide` is given and what it returns, and all of the change is there, or none of it.
   *
   * @typeParam Change What `decide` returns, for the caller to have more in it than is stored.
   * @param transaction What is read.
   * @param decide Decides. It must be quick and do nothing else, as it may be called again: where others have changed
   * something meanwhile, with what is there now. What it throws is what the call rejects with, and nothing is changed.
   * @returns A promise of what became of it. When it resolves, the change will survive what the store promises.
   */
  transact<Change extends TransactionChange>(
    transaction: Transaction,
    decide: (state: TransactionState) => Change,
  ): Promise<TransactionResult<Change>>;
  /**
   * Finds a player's entry and its rank. Of hidden ones it says that there is none.
   *
   * @param ranking Where.
   * @param playerId Whose.
   * @returns A promise of it, or of `undefined`.
   */
  standing(
    ranking: Ranking,
    playerId: PlayerId,
  ): Promise<Standing | undefined>;
  /**
   * Reads part of a ranking.
   *
   * @param ranking Which.
   * @param query Which part.
   * @returns A promise of the entries.
   */
  page(ranking: Ranking, query: PageQuery): Promise<RankingPage>;
  /**
   * Reads the neighbourhood of a player: `limit` entries with the player's in the middle (`floor(limit / 2)` before it),
   * or as near to it as the ends of the ranking allow.
   *
   * @param ranking Which ranking.
   * @param playerId Whose entry is in the middle.
   * @param limit The most entries: 1 to 1000.
   * @returns A promise of the entries, or of `undefined` if the player has none, or a hidden one.
   */
  around(
    ranking: Ranking,
    playerId: PlayerId,
    limit: number,
  ): Promise<RankingPage | undefined>;
  /**
   * Reads the entries of some players, such as somebody's friends, with their ranks in the whole ranking. Hidden ones
   * are left out.
   *
   * @param ranking Which ranking.
   * @param playerIds At most 1000; those without an entry are left out.
   * @returns A promise of their entries, best first.
   */
  ofPlayers(
    ranking: Ranking,
    playerIds: readonly PlayerId[],
  ): Promise<readonly RankedEntry[]>;
  /**
   * Lists the rankings of a board that have entries, hidden ones included.
   *
   * @param board The board.
   * @returns A promise of their names, in any order.
   */
  rankings(board: string): Promise<readonly RankingKey[]>;
  /**
   * Removes entries of a ranking, and attempts counted in its season, without telling anybody. It is called again
   * until all are gone.
   *
   * @param ranking Which.
   * @param maxEntries The most to remove in this call.
   * @returns A promise of whether nothing is left.
   */
  dropRanking(ranking: Ranking, maxEntries: number): Promise<boolean>;
  /**
   * Lists boards.
   *
   * @param title The part of their names before the slash.
   * @returns A promise of them, by name.
   */
  boards(title: string): Promise<readonly StoredBoard[]>;
  /**
   * Reads a board's options.
   *
   * @param board The board.
   * @returns A promise of them as JSON, or of `undefined` if there is no such board.
   */
  board(board: string): Promise<string | undefined>;
  /**
   * Writes a board's options, if they still are what they were.
   *
   * @param board The board.
   * @param options The options as JSON, or `undefined` to remove them. Entries and held submissions stay.
   * @param before What they must be now; `undefined` for a board that must not be there.
   * @returns A promise of whether they were written.
   */
  putBoard(
    board: string,
    options: string | undefined,
    before: string | undefined,
  ): Promise<boolean>;
  /**
   * Lists held submissions, oldest first by their sequence.
   *
   * @param board The board.
   * @param query Of which state, behind which sequence (0 for the start), and how many: 1 to 1000.
   * @returns A promise of them.
   */
  held(
    board: string,
    query: {
      readonly state: HeldSubmission["state"];
      readonly afterSequence: number;
      readonly limit: number;
    },
  ): Promise<readonly HeldSubmission[]>;
  /**
   * Tells whether an entry or a held submission has a replay.
   *
   * @param replay Its SHA-256 in hex.
   * @returns A promise of whether one has.
   */
  isReplayLinked(replay: string): Promise<boolean>;
  /**
   * Listens to changes of entries, those that other machines commit to the same storage included.
   *
   * @param onChange Called with each change, in the order of their commits. It must not throw.
   * @param onMissed Called with a board of which changes were lost on the way, when that is noticed: at the latest with
   * the board's next change. Without other machines there is no way to lose them on. It must not throw.
   * @returns A promise of a function that ends it.
   */
  subscribe(
    onChange: (change: EntryChange) => void,
    onMissed?: (board: string) => void,
  ): Promise<() => Promise<void>>;
  /**
   * Forgets claims that have expired, where the storage does not by itself.
   *
   * @param nowMs Now, in epoch milliseconds.
   * @returns A promise that resolves when it has done so, or has done enough for this call.
   */
  prune(nowMs: number): Promise<void>;
  /** Finishes what is under way and gives back what the store has opened itself. Closing twice has no effect. */
  close(): Promise<void>;
}

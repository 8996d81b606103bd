// This module is browser compatible.
import {
  checkInteger,
  type PlayerId,
  type RedisLike,
  SecureRandom,
} from "../../core/mod.ts";
import type { TieRule } from "../board/board_options.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
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
} from "../store/store.ts";
import { guard, readable, RedisCalls } from "./_calls.ts";
import { RedisKeys } from "./_keys.ts";
import { encodeAfter, encodeMember, encodeRange } from "./_member.ts";
import { PlayerQueue } from "./_player_queue.ts";
import {
  decodeHeld,
  decodeMessage,
  decodeRanking,
  decodeRow,
  encodeHeld,
  encodeRanking,
  encodeRow,
  encodeWhose,
  revisionOf,
} from "./_row.ts";
import { RedisScript } from "./_script.ts";
import {
  AROUND,
  CONFLICT,
  DROP,
  FIELDS,
  FULL,
  HELD,
  MEMBERS,
  PAGE,
  READ,
  STANDINGS,
  SWAP,
  WRITE,
} from "./_scripts.ts";

/** Options for {@linkcode RedisLeaderboardStore}. */
export interface RedisLeaderboardStoreOptions {
  /**
   * What all keys and the channel of changes begin with, the same on all machines that share the boards. Whoever can
   * write to these keys, or publish on the channel, can say anything. A client that puts a prefix of its own before keys
   * hears of no changes.
   *
   * @default {"tickwire:leaderboard"}
   */
  readonly prefix?: string;
  /**
   * The most calls that wait for Redis; beyond them, calls reject: 1 to 2^20.
   *
   * @default {16384}
   */
  readonly maxPending?: number;
}

/** How often a transaction is tried. One of those that meet goes through each time. */
const MAX_TRIES = 32;
/** The longest pause between two tries. */
const MAX_PAUSE_MS = 64;
/** How much longer than its claim a key lives: the claim says itself when it ends, by the servers' clocks. */
const CLAIM_GRACE_MS = 60_000;
/** Above all times that a claim may have, and far below what Redis adds to its own clock without overflow. */
const MAX_CLAIM_MS = 2 ** 50;
/** Entries that one script removes: others wait for about a millisecond meanwhile. */
const DROPPED_AT_ONCE = 500;
/** Boards that are asked at once whether they have a replay. */
const ASKED_AT_ONCE = 256;

/** What was read of a transaction's player, as it is stored. */
interface Read {
  readonly sequence: number;
  readonly isListed: boolean;
  readonly claims: readonly string[];
  readonly attempts: string;
  readonly held: string;
  readonly rows: readonly string[];
  readonly state: TransactionState;
}

/**
 * A {@linkcode LeaderboardStore} in Redis (tested with 7.0), for servers on more than one machine, through the
 * user's own client.
 *
 * Scores are exact, of all 64 bits: they are the bytes of a sorted set's members, and never its doubles. A submission
 * takes two round trips, and is decided anew where another machine changed the same player's entries between them. All
 * keys of a board have one hash tag, so that boards are spread over a cluster and none of them is torn.
 *
 * What is acknowledged is as durable as Redis is set up to be: with `appendonly yes` and `appendfsync always` it
 * survives the loss of power, with `everysec` that of the process, but up to two seconds of submissions are lost with
 * the power; without an append-only file, all since the last snapshot. A replica that takes over may lack what was
 * acknowledged last. `maxmemory-policy` must be `noeviction`: any other makes Redis forget entries to gain room.
 *
 * A call that rejects with `"storeFailed"` may have been carried out where the connection was lost in its midst: a
 * transaction is repeated safely with the same claim.
 *
 * @example Boards that several machines share
 * ```ts ignore
 * import { createClient } from "redis";
 * import { fromNodeRedis } from "@tickwire/net/core";
 * import { LeaderboardServer } from "@tickwire/net/leaderboard";
 * import { RedisLeaderboardStore } from "@tickwire/net/leaderboard/redis";
 *
 * const client = createClient({ url: "redis://127.0.0.1:6379" });
 * client.on("error", console.error);
 * await client.connect();
 * const store = new RedisLeaderboardStore(fromNodeRedis(client));
 * const server = new LeaderboardServer({ store });
 * ```
 */
export class RedisLeaderboardStore implements LeaderboardStore {
  readonly #redis: RedisLike;
  readonly #keys: RedisKeys;
  readonly #calls: RedisCalls;
  readonly #queue = new PlayerQueue();
  readonly #random = new SecureRandom();
  readonly #subscriptions = new Set<() => Promise<void>>();
  readonly #read = new RedisScript(READ);
  readonly #write = new RedisScript(WRITE);
  readonly #standings = new RedisScript(STANDINGS);
  readonly #page = new RedisScript(PAGE);
  readonly #around = new RedisScript(AROUND);
  readonly #drop = new RedisScript(DROP);
  readonly #members = new RedisScript(MEMBERS);
  readonly #fields = new RedisScript(FIELDS);
  readonly #swap = new RedisScript(SWAP);
  readonly #held = new RedisScript(HELD);
  #closed: Promise<void> | undefined;
  #conflicts = 0;
  #malformedMessages = 0;

  /**
   * Creates a store. Nothing is sent yet.
   *
   * @param redis The client, which stays the caller's to close.
   * @param options Where, and bounds.
   * @throws {RangeError} If `maxPending` is out of its range.
   */
  constructor(redis: RedisLike, options: RedisLeaderboardStoreOptions = {}) {
    const { prefix = "tickwire:leaderboard", maxPending = 16_384 } = options;
    this.#redis = redis;
    this.#keys = new RedisKeys(prefix);
    this.#calls = new RedisCalls(
      redis,
      checkInteger("maxPending", maxPending, 1, 2 ** 20),
    );
  }

  /** How many calls were rejected as `maxPending` were waiting. */
  get refused(): number {
    return this.#calls.refused;
  }

  /** How often a transaction was decided anew as another machine was faster. */
  get conflicts(): number {
    return this.#conflicts;
  }

  /** How many messages came on the channel of changes that no store has written. */
  get malformedMessages(): number {
    return this.#malformedMessages;
  }

  /**
   * Reads what is there of a player and changes it, as one. Those of one player wait for each other.
   *
   * @typeParam Change What `decide` returns.
   * @param transaction What is read.
   * @param decide Decides. It is called again where another machine has changed something meanwhile.
   * @returns A promise of what became of it.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`), others keep changing the same (`"conflict"`), or the
   * store is closed (`"closed"`).
   */
  transact<Change extends TransactionChange>(
    transaction: Transaction,
    decide: (state: TransactionState) => Change,
  ): Promise<TransactionResult<Change>> {
    const { board, playerId } = transaction;
    return this.#calls.call(() =>
      this.#queue.run(
        encodeWhose(board, playerId),
        () => this.#transact(transaction, decide),
      )
    );
  }

  /**
   * Finds a player's entry and its rank.
   *
   * @param ranking Where.
   * @param playerId Whose.
   * @returns A promise of it, or of `undefined`.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  standing(
    ranking: Ranking,
    playerId: PlayerId,
  ): Promise<Standing | undefined> {
    return this.#calls.call(async () => {
      const { total, ranked } = await this.#rank(ranking, [playerId]);
      return ranked[0] && { ...ranked[0], total };
    });
  }

  /**
   * Reads part of a ranking.
   *
   * @param ranking Which.
   * @param query Which part.
   * @returns A promise of the entries.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  page(ranking: Ranking, query: PageQuery): Promise<RankingPage> {
    const { low, high } = encodeRange(ranking, query);
    const { limit, offset = 0, after } = query;
    return this.#calls.call(async () => {
      const reply = await this.#calls.run(
        this.#page,
        this.#keys.ranking(ranking),
        [
          ...[ranking.ties, low, high, String(limit), String(offset)],
          after === undefined ? "" : encodeAfter(ranking, after),
        ],
      );
      return decodePage(ranking.ties, reply);
    });
  }

  /**
   * Reads the neighbourhood of a player.
   *
   * @param ranking Which ranking.
   * @param playerId Whose entry is in the middle.
   * @param limit The most entries: 1 to 1000.
   * @returns A promise of the entries, or of `undefined` if the player has none.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  around(
    ranking: Ranking,
    playerId: PlayerId,
    limit: number,
  ): Promise<RankingPage | undefined> {
    return this.#calls.call(async () => {
      const keys = this.#keys.ranking(ranking);
      const args = [ranking.ties, String(limit), playerId];
      const reply = await this.#calls.run(this.#around, keys, args);
      return reply.length === 0 ? undefined : decodePage(ranking.ties, reply);
    });
  }

  /**
   * Reads the entries of some players.
   *
   * @param ranking Which ranking.
   * @param playerIds At most 1000.
   * @returns A promise of their entries, best first.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  ofPlayers(
    ranking: Ranking,
    playerIds: readonly PlayerId[],
  ): Promise<readonly RankedEntry[]> {
    return this.#calls.call(async () => {
      const { ranked } = await this.#rank(ranking, [...new Set(playerIds)]);
      return ranked
        .map((it) => ({
          it,
          member: encodeMember(ranking, it.entry, it.entry.playerId),
        }))
        .sort((a, b) => a.member < b.member ? -1 : 1)
        .map(({ it }) => it);
    });
  }

  /**
   * Lists the rankings of a board that have entries.
   *
   * @param board The board.
   * @returns A promise of their names.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  rankings(board: string): Promise<readonly RankingKey[]> {
    return this.#calls.call(async () => {
      const keys = [this.#keys.rankings(board)];
      const names = await this.#calls.run(this.#members, keys, []);
      return names.map((name) => readable(decodeRanking(board, String(name))));
    });
  }

  /**
   * Removes entries of a ranking, and attempts counted in its season, without telling anybody.
   *
   * @param ranking Which.
   * @param maxEntries The most to remove in this call.
   * @returns A promise of whether nothing is left.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  dropRanking(ranking: Ranking, maxEntries: number): Promise<boolean> {
    const { board, ties } = ranking;
    const keys = [
      ...this.#keys.ranking(ranking),
      this.#keys.links(board),
      this.#keys.rankings(board),
      this.#keys.attempts(board, ranking),
    ];
    return this.#calls.call(async () => {
      for (let left = maxEntries; left > 0;) {
        const [removed, isEmpty] = await this.#calls.run(this.#drop, keys, [
          ties,
          String(Math.min(left, DROPPED_AT_ONCE)),
          encodeRanking(ranking),
        ]);
        if (Number(isEmpty) === 1) return true;
        left -= Number(removed);
      }
      return false;
    });
  }

  /**
   * Lists boards.
   *
   * @param title The part of their names before the slash.
   * @returns A promise of them, by name.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  boards(title: string): Promise<readonly StoredBoard[]> {
    return this.#calls.call(async () => {
      const keys = [this.#keys.options(title)];
      const fields = await this.#calls.run(this.#fields, keys, []);
      const boards: StoredBoard[] = [];
      for (let i = 0; i < fields.length; i += 2) {
        const board = String(fields[i]);
        boards.push({ board, options: String(fields[i + 1]) });
      }
      return boards.sort((a, b) => a.board < b.board ? -1 : 1);
    });
  }

  /**
   * Reads a board's options.
   *
   * @param board The board.
   * @returns A promise of them as JSON, or of `undefined` if there is no such board.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  board(board: string): Promise<string | undefined> {
    return this.#calls.call(async () => {
      const key = this.#keys.options(titleOf(board));
      const options = await this.#calls.command(["HGET", key, board]);
      return typeof options === "string" ? options : undefined;
    });
  }

  /**
   * Writes a board's options, if they still are what they were.
   *
   * @param board The board.
   * @param options The options as JSON, or `undefined` to remove them.
   * @param before What they must be now; `undefined` for a board that must not be there.
   * @returns A promise of whether they were written.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  putBoard(
    board: string,
    options: string | undefined,
    before: string | undefined,
  ): Promise<boolean> {
    return this.#calls.call(async () => {
      const key = this.#keys.options(titleOf(board));
      const args = [board, ...presence(before), ...presence(options)];
      const [swapped] = await this.#calls.run(this.#swap, [key], args);
      return Number(swapped) === 1;
    });
  }

  /**
   * Lists held submissions, oldest first by their sequence.
   *
   * @param board The board.
   * @param query Of which state, behind which sequence, and how many.
   * @returns A promise of them.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  held(
    board: string,
    query: {
      readonly state: HeldSubmission["state"];
      readonly afterSequence: number;
      readonly limit: number;
    },
  ): Promise<readonly HeldSubmission[]> {
    const { state, afterSequence, limit } = query;
    return this.#calls.call(async () => {
      const keys = [this.#keys.heldQueue(board, state), this.#keys.held(board)];
      const args = [String(afterSequence), String(limit)];
      const rows = await this.#calls.run(this.#held, keys, args);
      return rows.map((row) => readable(decodeHeld(board, String(row))));
    });
  }

  /**
   * Tells whether an entry or a held submission has a replay. It asks for each board that ever had one.
   *
   * @param replay Its SHA-256 in hex.
   * @returns A promise of whether one has.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  isReplayLinked(replay: string): Promise<boolean> {
    return this.#calls.call(async () => {
      const keys = [this.#keys.linkedBoards];
      const boards = await this.#calls.run(this.#members, keys, []);
      for (let i = 0; i < boards.length; i += ASKED_AT_ONCE) {
        const answers = await Promise.all(
          boards.slice(i, i + ASKED_AT_ONCE).map((board) =>
            this.#calls.command([
              "HEXISTS",
              this.#keys.links(String(board)),
              replay,
            ])
          ),
        );
        if (answers.some((answer) => Number(answer) === 1)) return true;
      }
      return false;
    });
  }

  /**
   * Listens to changes of entries, those of other machines included. Changes that are committed while the connection of
   * the subscription is down are lost, which shows in the number of the board's next one.
   *
   * @param onChange Called with each change, in the order of their commits. It must not throw.
   * @param onMissed Called with a board of which changes were lost, before the next change of it is told. It must not
   * throw.
   * @returns A promise of a function that ends it.
   * @throws {TypeError} If the client cannot subscribe.
   * @throws {LeaderboardError} If Redis fails (`"storeFailed"`) or the store is closed (`"closed"`).
   */
  subscribe(
    onChange: (change: EntryChange) => void,
    onMissed?: (board: string) => void,
  ): Promise<() => Promise<void>> {
    return this.#calls.call(async () => {
      if (this.#redis.subscribe === undefined) {
        throw new TypeError(
          `Cannot subscribe as redis must have subscribe: current value is ${this.#redis.subscribe}`,
        );
      }
      let isEnded = false;
      const last = new Map<string, number>();
      const unsubscribe = await guard(
        this.#redis.subscribe(this.#keys.changes, (message) => {
          if (isEnded) return;
          const decoded = decodeMessage(message);
          if (decoded === undefined) {
            this.#malformedMessages += 1;
            return;
          }
          const { change, number } = decoded;
          const { board } = change.ranking;
          const before = last.get(board);
          last.set(board, number);
          if (before !== undefined && number !== before + 1) onMissed?.(board);
          onChange(change);
        }),
      );
      const end = async (): Promise<void> => {
        isEnded = true;
        if (!this.#subscriptions.delete(end)) return;
        try {
          await unsubscribe();
        } catch {
          // The connection was gone already.
        }
      };
      this.#subscriptions.add(end);
      return end;
    });
  }

  /**
   * Has nothing to do: Redis forgets claims by itself, by its own clock, a minute after their end.
   *
   * @param _nowMs Now, in epoch milliseconds.
   * @returns A promise that resolves at once.
   * @throws {LeaderboardError} If the store is closed (`"closed"`).
   */
  prune(_nowMs: number): Promise<void> {
    return this.#calls.call(() => Promise.resolve());
  }

  /**
   * Waits for the calls that are under way, and ends all subscriptions. The client stays open. Closing twice has no
   * effect.
   *
   * @returns A promise that resolves when it has done so.
   */
  close(): Promise<void> {
    return this.#closed ??= this.#finish();
  }

  /** Closes the store at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #finish(): Promise<void> {
    await this.#calls.close();
    await Promise.all(Array.from(this.#subscriptions, (end) => end()));
  }

  async #transact<Change extends TransactionChange>(
    transaction: Transaction,
    decide: (state: TransactionState) => Change,
  ): Promise<TransactionResult<Change>> {
    for (let tries = 1; tries <= MAX_TRIES; tries++) {
      const read = await this.#readState(transaction);
      const change = decide(read.state);
      const [status, ...places] = await this.#commit(transaction, read, change);
      if (Number(status) !== CONFLICT) {
        const isFull = Number(status) === FULL;
        const entries = read.state.entries.map((entry, i) => {
          const put = isFull ? undefined : change.entries?.[i];
          return put === undefined ? entry : put ?? undefined;
        });
        const standings = entries.map((entry, i) =>
          entry && {
            entry,
            rank: Number(places[2 * i]),
            total: Number(places[2 * i + 1]),
          }
        );
        return { change, isFull, standings };
      }
      this.#conflicts += 1;
      if (tries > 1) await this.#pause(tries);
    }
    throw new LeaderboardError(
      "conflict",
      `Cannot change entries as others must leave them alone for a moment: current value is ${MAX_TRIES} conflicts`,
    );
  }

  async #readState(transaction: Transaction): Promise<Read> {
    const { board, playerId, rankings, nowMs } = transaction;
    const { claims: claimKeys = [], attempts, heldId = "" } = transaction;
    const reply = await this.#calls.run(this.#read, [
      ...this.#stateKeys(transaction),
      ...this.#claimKeys(transaction),
      ...rankings.map((ranking) => this.#keys.ranking(ranking)[1]),
    ], [
      playerId,
      attempts === undefined ? "0" : "1",
      heldId,
      String(claimKeys.length),
    ]);
    const sequence = Number(reply[0]);
    const [attemptsText = "", heldText = "", ...texts] = reply.slice(2)
      .map(String);
    const claims = texts.slice(0, claimKeys.length);
    const rows = texts.slice(claimKeys.length);
    const held = heldText === ""
      ? undefined
      : readable(decodeHeld(board, heldText));
    return {
      sequence,
      isListed: Number(reply[1]) === 1,
      claims,
      attempts: attemptsText,
      held: heldText,
      rows,
      state: {
        sequence,
        entries: rows.map((row) =>
          row === "" ? undefined : readable(decodeRow(row))
        ),
        claimed: claims.map((text) => decodeClaim(text, nowMs)),
        attempts: Number(attemptsText),
        held: held?.playerId === playerId ? held : undefined,
      },
    };
  }

  async #commit(
    transaction: Transaction,
    read: Read,
    change: TransactionChange,
  ): Promise<unknown[]> {
    const { board, playerId, rankings, nowMs } = transaction;
    const { claims = [], attempts, heldId = "", maxEntries = "" } = transaction;
    const { sequence } = read;
    const lists = !read.isListed && hasReplay(change);
    if (lists) {
      // Before the commit: a replay may be looked for as soon as it is linked.
      await this.#calls.command(["SADD", this.#keys.linkedBoards, board]);
    }
    const hold = change.hold;
    const args = [
      playerId,
      this.#keys.changes,
      encodeWhose(board, playerId),
      String(maxEntries),
      lists ? "1" : "0",
      attempts === undefined ? "0" : "1",
      read.attempts,
      attempts === undefined ? "" : String(change.attempts ?? ""),
      heldId,
      revisionOf(read.held),
      change.releasesHeld && read.state.held !== undefined ? "1" : "0",
      hold?.id ?? "",
      hold === undefined ? "" : encodeHeld(hold, sequence),
      hold === undefined ? "" : String(hold.sequence),
      hold?.state ?? "",
      String(claims.length),
    ];
    for (const [i, text] of read.claims.entries()) {
      const claim = change.claims?.[i];
      args.push(
        text,
        claim === undefined ? "" : encodeClaim(claim),
        claim === undefined ? "" : claimLifeMs(claim.expiresMs, nowMs),
      );
    }
    for (const [i, ranking] of rankings.entries()) {
      const entry = change.entries?.[i];
      args.push(
        ranking.ties,
        revisionOf(read.rows[i]!),
        entry === undefined ? "=" : entry === null ? "-" : "+",
        entry ? encodeRow(ranking, entry, sequence) : "",
        encodeRanking(ranking),
      );
    }
    return await this.#calls.run(this.#write, [
      ...this.#stateKeys(transaction),
      this.#keys.heldQueue(board, "unverified"),
      this.#keys.heldQueue(board, "quarantined"),
      this.#keys.links(board),
      this.#keys.rankings(board),
      ...this.#claimKeys(transaction),
      ...rankings.flatMap((ranking) => this.#keys.ranking(ranking)),
    ], args);
  }

  #stateKeys({ board, attempts }: Transaction): string[] {
    const meta = this.#keys.meta(board);
    return [
      meta,
      // A script's keys have numbers: what is not there has the key of something else.
      attempts === undefined ? meta : this.#keys.attempts(board, attempts),
      this.#keys.held(board),
    ];
  }

  #claimKeys({ board, playerId, claims = [] }: Transaction): string[] {
    return claims.map((claim) => this.#keys.claim(board, playerId, claim));
  }

  async #rank(
    ranking: Ranking,
    playerIds: readonly PlayerId[],
  ): Promise<{ total: number; ranked: RankedEntry[] }> {
    const keys = this.#keys.ranking(ranking);
    const args = [ranking.ties, ...playerIds];
    const [total, ...places] = await this.#calls.run(
      this.#standings,
      keys,
      args,
    );
    const ranked: RankedEntry[] = [];
    for (let i = 0; i < places.length; i += 2) {
      const rank = Number(places[i]);
      if (rank === 0) continue;
      ranked.push({
        entry: readable(decodeRow(String(places[i + 1]))),
        rank,
      });
    }
    return { total: Number(total), ranked };
  }

  async #pause(tries: number): Promise<void> {
    const ms = this.#random.nextFloat() * Math.min(2 ** tries, MAX_PAUSE_MS);
    await new Promise((resolve) => setTimeout(resolve, ms));
  }
}

function decodePage(ties: TieRule, reply: readonly unknown[]): RankingPage {
  const [total, offset, first, firstRank] = reply.slice(0, 4).map(Number);
  let rank = firstRank!;
  let previous: StoredEntry | undefined;
  const entries = reply.slice(4).map((row, i) => {
    const entry = readable(decodeRow(String(row)));
    if (previous !== undefined) {
      const isTied = ties !== "earliest" && entry.score === previous.score &&
        entry.subscore === previous.subscore;
      if (!isTied) rank = ties === "dense" ? rank + 1 : first! + i + 1;
    }
    previous = entry;
    return { entry, rank };
  });
  return { entries, total: total!, offset: offset! };
}

function decodeClaim(text: string, nowMs: number): string | undefined {
  const end = text.indexOf("\n");
  return end >= 0 && Number(text.slice(0, end)) > nowMs
    ? text.slice(end + 1)
    : undefined;
}

function encodeClaim({ expiresMs, value }: Claim): string {
  return `${expiresMs}\n${value}`;
}

function claimLifeMs(expiresMs: number, nowMs: number): string {
  const lifeMs = Math.ceil(Math.max(0, expiresMs - nowMs)) + CLAIM_GRACE_MS;
  return String(Math.min(lifeMs, MAX_CLAIM_MS));
}

function hasReplay(change: TransactionChange): boolean {
  return (change.hold?.replay ?? "") !== "" ||
    (change.entries ?? []).some((entry) => (entry?.replay ?? "") !== "");
}

function presence(text: string | undefined): [isThere: string, text: string] {
  return text === undefined ? ["0", ""] : ["1", text];
}

function titleOf(board: string): string {
  return board.slice(0, Math.max(0, board.indexOf("/")));
}

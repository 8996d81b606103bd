// This module is browser compatible.
import type { RankingKey } from "../store/store.ts";

/** Names the keys of a store. Those of one board have a hash tag in common, so that one script may use all of them. */
export class RedisKeys {
  /** The channel of changes. */
  readonly changes: string;
  /** A set of the boards that have had replays. */
  readonly linkedBoards: string;
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
    this.changes = `${prefix}:changes`;
    this.linkedBoards = `${prefix}:linked`;
  }

  /** A hash: the options of each board of a title. */
  options(title: string): string {
    return `${this.#prefix}:{${escape(title)}}:boards`;
  }

  /** A hash: what is counted of the board itself. */
  meta(board: string): string {
    return this.#of(board, "meta");
  }

  /** A string: one claim. */
  claim(board: string, playerId: string, claim: string): string {
    return this.#of(board, `claim:${escape(playerId)}:${claim}`);
  }

  /** A hash: the attempts of each player in a season. */
  attempts(
    board: string,
    { period, season }: { readonly period: string; readonly season: number },
  ): string {
    return this.#of(board, `attempts:${escape(period)}:${season}`);
  }

  /** A hash: held submissions by id. */
  held(board: string): string {
    return this.#of(board, "held");
  }

  /** A sorted set: the ids of held submissions in one state, by sequence. */
  heldQueue(board: string, state: string): string {
    return this.#of(board, `held:${state}`);
  }

  /** A hash: how many entries and held submissions of the board have each replay. */
  links(board: string): string {
    return this.#of(board, "links");
  }

  /** A set: the rankings that have entries, as JSON. */
  rankings(board: string): string {
    return this.#of(board, "rankings");
  }

  /** A sorted set of who is seen, a hash of all rows by player, and a sorted set of the different scores with subscores. */
  ranking(key: RankingKey): [order: string, rows: string, tuples: string] {
    const { board, period, season, className } = key;
    const name = `${escape(period)}:${season}:${escape(className)}`;
    return [
      this.#of(board, `order:${name}`),
      this.#of(board, `rows:${name}`),
      this.#of(board, `tuples:${name}`),
    ];
  }

  #of(board: string, name: string): string {
    return `${this.#prefix}:{${escape(board)}}:${name}`;
  }
}

/** What ends a hash tag or parts a name is escaped, so that no two names give one key. */
function escape(name: string): string {
  return name.replaceAll(
    /[%:{}]/g,
    (char) => `%${char.charCodeAt(0).toString(16)}`,
  );
}

// This module is browser compatible.
import { checkInteger } from "../../core/mod.ts";
import { normalizeScore, type Score } from "../score.ts";
import { checkClassName, checkName, checkVisible } from "./_checks.ts";

const MAX_PAGE_SIZE = 1_000;
const MAX_CURSOR_LENGTH = 4_096;

/** What a {@linkcode LeaderboardFilter} says. */
export interface LeaderboardQuery {
  /** The board, or `undefined` for the client's default. */
  readonly board: string | undefined;
  /** The period, or `undefined` for the board's own default. */
  readonly period: string | undefined;
  /** When the season began, in epoch milliseconds, or `undefined` for the running one. */
  readonly season: number | undefined;
  /** The class, or `undefined` for all of them. */
  readonly class: string | undefined;
  /** The number of the page, 1 for the first. */
  readonly page: number;
  /** Entries on a page. */
  readonly pageSize: number;
  /** The lowest score, if there is one. */
  readonly minScore: Score | undefined;
  /** The highest score, if there is one. */
  readonly maxScore: Score | undefined;
  /** Behind which place the page begins, if not where `page` says. */
  readonly cursor: string | undefined;
}

/**
 * Which entries are asked for. Immutable: each method returns a new one, so that one may be kept as a template.
 *
 * @example The third page of this week
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LeaderboardFilter } from "@tickwire/net/leaderboard";
 *
 * const filter = LeaderboardFilter.weekly().pageSize(20).page(3);
 * assertEquals(filter.query.period, "weekly");
 * assertEquals(filter.query.page, 3);
 * ```
 */
export class LeaderboardFilter {
  /** All that it says. */
  readonly query: LeaderboardQuery;

  private constructor(query: LeaderboardQuery) {
    this.query = query;
  }

  /**
   * The entries of today.
   *
   * @returns A filter with the period `"daily"`.
   */
  static daily(): LeaderboardFilter {
    return LeaderboardFilter.period("daily");
  }

  /**
   * The entries of this week.
   *
   * @returns A filter with the period `"weekly"`.
   */
  static weekly(): LeaderboardFilter {
    return LeaderboardFilter.period("weekly");
  }

  /**
   * The entries of all time.
   *
   * @returns A filter with the period `"allTime"`.
   */
  static allTime(): LeaderboardFilter {
    return LeaderboardFilter.period("allTime");
  }

  /**
   * The entries of a period that the board has.
   *
   * @param name Its name; `undefined` for `allTime`, or the board's first if it has no such.
   * @returns A filter.
   * @throws {RangeError} If it is no name.
   */
  static period(name?: string): LeaderboardFilter {
    return new LeaderboardFilter({
      board: undefined,
      period: name === undefined ? undefined : checkName("period", name),
      season: undefined,
      class: undefined,
      page: 1,
      pageSize: 100,
      minScore: undefined,
      maxScore: undefined,
      cursor: undefined,
    });
  }

  /**
   * Sets the number of the page. A page by its number may repeat or miss entries that have moved since the last one was
   * fetched; a cursor does not.
   *
   * @param number 1 for the first: an integer.
   * @returns A new filter, without a cursor.
   * @throws {RangeError} If it is out of range.
   */
  page(number: number): LeaderboardFilter {
    return this.#with({
      page: checkInteger("page", number, 1, Number.MAX_SAFE_INTEGER),
      cursor: undefined,
    });
  }

  /**
   * Sets how many entries a page has.
   *
   * @param entries 1 to 1000; 100 by default.
   * @returns A new filter.
   * @throws {RangeError} If it is out of range.
   */
  pageSize(entries: number): LeaderboardFilter {
    return this.#with({
      pageSize: checkInteger("pageSize", entries, 1, MAX_PAGE_SIZE),
    });
  }

  /**
   * Sets the class, whose rankings are its own.
   *
   * @param name One of the board's classes; `undefined` for all.
   * @returns A new filter.
   * @throws {RangeError} If it is no name of a class: 1 to 64 of `A–Z a–z 0–9 . _ - %`, a letter or digit first.
   */
  class(name: string | undefined): LeaderboardFilter {
    return this.#with({
      class: name === undefined ? undefined : checkClassName("class", name),
    });
  }

  /**
   * Sets the lowest score.
   *
   * @param score An integer, included itself; `undefined` for none.
   * @returns A new filter.
   * @throws {TypeError} If it is neither a number nor a bigint.
   * @throws {RangeError} If it is no integer or beyond 64 bits.
   */
  minScore(score: Score | undefined): LeaderboardFilter {
    return this.#with({
      minScore: score === undefined ? undefined : normalizeScore(score),
    });
  }

  /**
   * Sets the highest score.
   *
   * @param score An integer, included itself; `undefined` for none.
   * @returns A new filter.
   * @throws {TypeError} If it is neither a number nor a bigint.
   * @throws {RangeError} If it is no integer or beyond 64 bits.
   */
  maxScore(score: Score | undefined): LeaderboardFilter {
    return this.#with({
      maxScore: score === undefined ? undefined : normalizeScore(score),
    });
  }

  /**
   * Sets the season.
   *
   * @param beginMs When it began, in epoch milliseconds; `undefined` for the running one.
   * @returns A new filter.
   * @throws {RangeError} If it is not an integer of 0 or more.
   */
  season(beginMs: number | undefined): LeaderboardFilter {
    return this.#with({
      season: beginMs === undefined
        ? undefined
        : checkInteger("season", beginMs, 0, Number.MAX_SAFE_INTEGER),
    });
  }

  /**
   * Begins behind a place, whatever has moved meanwhile.
   *
   * @param cursor The `nextCursor` of a page of the same ranking; `undefined` for none.
   * @returns A new filter.
   * @throws {RangeError} If it is not 1 to 4096 visible ASCII characters.
   */
  cursor(cursor: string | undefined): LeaderboardFilter {
    return this.#with({
      cursor: cursor === undefined
        ? undefined
        : checkVisible("cursor", cursor, MAX_CURSOR_LENGTH),
      page: 1,
    });
  }

  /**
   * Sets the board.
   *
   * @param id Its name; `undefined` for the client's default.
   * @returns A new filter.
   * @throws {RangeError} If it is no name.
   */
  onBoard(id: string | undefined): LeaderboardFilter {
    return this.#with({
      board: id === undefined ? undefined : checkName("board", id),
    });
  }

  #with(changes: Partial<LeaderboardQuery>): LeaderboardFilter {
    return new LeaderboardFilter({ ...this.query, ...changes });
  }
}

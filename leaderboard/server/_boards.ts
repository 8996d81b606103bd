// This module is browser compatible.
import type { Clock } from "../../core/mod.ts";
import {
  type Board,
  boardToStored,
  fixedOptionChanged,
  parseBoard,
} from "../board/board.ts";
import { BoardOptionsError } from "../board/board_options_error.ts";
import { isName } from "../board/name.ts";
import { LeaderboardError } from "../leaderboard_error.ts";
import type { LeaderboardStore } from "../store/store.ts";
import { Problem } from "./problem.ts";

/** How long a board is used without looking whether another machine has changed it. */
const FRESH_MS = 1_000;
/** How many are remembered, those that are not there included. */
const MAX_REMEMBERED = 4_096;
/** The most boards of a title: all of them are in one answer. */
const MAX_BOARDS = 1_000;
/** How often a change is tried where others change the same board. */
const MAX_TRIES = 4;

/** A board as it is in the store. */
export interface FoundBoard {
  readonly board: Board;
  /** Its options as they are stored. */
  readonly stored: string;
  /** Whether it is on its way out: it is not there for anybody, and its entries are being removed. */
  readonly isLeaving: boolean;
  /** Since when, in epoch milliseconds. */
  readonly leftMs: number;
}

interface Remembered {
  readonly untilMs: number;
  readonly found: Promise<FoundBoard | undefined>;
}

/** The boards of all titles, as they are stored, remembered for a second. */
export class Boards {
  /** After how many milliseconds every machine has seen a change. */
  readonly settleMs = 2 * FRESH_MS;
  readonly #store: LeaderboardStore;
  readonly #clock: Clock;
  readonly #remembered = new Map<string, Remembered>();
  /** By their ids: what a board's schedules have found out of their zones takes longest. */
  readonly #parsed = new Map<string, FoundBoard>();

  constructor(store: LeaderboardStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** Finds a board by anybody's name for it. Rejects with a {@linkcode Problem} if there is none. */
  async open(title: string, name: string): Promise<Board> {
    if (!isName(name)) throw invalidName("board");
    const found = await this.#find(`${title}/${name}`);
    if (found !== undefined && !found.isLeaving) return found.board;
    throw new Problem(
      "boardNotFound",
      "Cannot answer as there is no such board",
      { field: "board" },
    );
  }

  /** Rejects with a {@linkcode Problem} if a board is not there any more. */
  async check({ id }: Board): Promise<void> {
    const [title = "", name = ""] = id.split("/");
    await this.open(title, name);
  }

  /** All boards of a title, by name, those that are on their way out included. */
  async list(title: string): Promise<FoundBoard[]> {
    const stored = await this.#store.boards(title);
    return stored.map(({ board, options }) => this.#read(board, options));
  }

  /** Makes or changes a board. Rejects with a {@linkcode Problem}. */
  async put(
    title: string,
    name: string,
    options: unknown,
  ): Promise<{ readonly board: Board; readonly isNew: boolean }> {
    if (!isName(name)) throw invalidName("board");
    const id = `${title}/${name}`;
    const board = parseOptions(id, options);
    const stored = boardToStored(board);
    for (let i = 0; i < MAX_TRIES; i++) {
      const before = await this.#store.board(id);
      if (before !== undefined) {
        this.#checkChange(this.#read(id, before), board);
      } else if ((await this.#store.boards(title)).length >= MAX_BOARDS) {
        throw new Problem(
          "quotaExceeded",
          `Cannot make board as a title has at most ${MAX_BOARDS}`,
        );
      }
      if (
        before === stored || await this.#store.putBoard(id, stored, before)
      ) {
        this.#remembered.delete(id);
        return { board, isNew: before === undefined };
      }
    }
    throw changedMeanwhile();
  }

  /** Marks a board as leaving: it is there for nobody from now on. Rejects with a {@linkcode Problem}. */
  async leave(title: string, name: string): Promise<FoundBoard> {
    for (let i = 0; i < MAX_TRIES; i++) {
      const board = await this.open(title, name);
      const before = await this.#store.board(board.id);
      const leftMs = this.#clock.epochMs();
      const leaving = boardToStored(board);
      const stored = JSON.stringify({ leaving, leftMs });
      const isMarked = before !== undefined &&
        !this.#read(board.id, before).isLeaving &&
        await this.#store.putBoard(board.id, stored, before);
      this.#remembered.delete(board.id);
      if (isMarked) return { board, stored, isLeaving: true, leftMs };
    }
    throw changedMeanwhile();
  }

  /** Removes what is left of a board that was leaving: its options. */
  async remove({ board, stored }: FoundBoard): Promise<void> {
    await this.#store.putBoard(board.id, undefined, stored);
    this.#remembered.delete(board.id);
    this.#parsed.delete(board.id);
  }

  async #find(id: string): Promise<FoundBoard | undefined> {
    const nowMs = this.#clock.nowMs();
    let known = this.#remembered.get(id);
    if (known === undefined || known.untilMs <= nowMs) {
      this.#remembered.delete(id);
      makeRoom(this.#remembered);
      known = { untilMs: nowMs + FRESH_MS, found: this.#load(id) };
      this.#remembered.set(id, known);
    }
    try {
      return await known.found;
    } catch (error) {
      if (this.#remembered.get(id) === known) this.#remembered.delete(id);
      throw error;
    }
  }

  async #load(id: string): Promise<FoundBoard | undefined> {
    const stored = await this.#store.board(id);
    return stored === undefined ? undefined : this.#read(id, stored);
  }

  /** Reads what is stored of a board, or takes it as it was read before. */
  #read(id: string, stored: string): FoundBoard {
    const known = this.#parsed.get(id);
    if (known?.stored === stored) return known;
    const found = read(id, stored);
    this.#parsed.delete(id);
    makeRoom(this.#parsed);
    this.#parsed.set(id, found);
    return found;
  }

  #checkChange(before: FoundBoard, after: Board): void {
    if (before.isLeaving) {
      throw new Problem(
        "conflict",
        "Cannot make board as the one before is still being removed",
      );
    }
    const field = fixedOptionChanged(before.board, after);
    if (field === undefined) return;
    throw new Problem(
      "conflict",
      `Cannot change board as its ${field} must stay: current value is "${
        before.board[field]
      }"`,
      { field },
    );
  }
}

/** The problem that a name from anybody is none; where `known` is given, that it is none of those. */
export function invalidName(
  field: string,
  known?: Iterable<string>,
): Problem {
  return new Problem(
    "invalidName",
    known === undefined
      ? `Cannot answer as ${field} must be the name of one`
      : `Cannot answer as ${field} must be one of the board's: it has ${
        [...known].join(", ") || "none"
      }`,
    { field },
  );
}

/** Forgets the oldest where there is no room for another. */
function makeRoom(map: Map<string, unknown>): void {
  if (map.size < MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

function read(id: string, stored: string): FoundBoard {
  try {
    const { leaving, leftMs, ...options } = JSON.parse(stored);
    const isLeaving = typeof leaving === "string";
    const board = parseBoard(id, isLeaving ? JSON.parse(leaving) : options);
    return { board, stored, isLeaving, leftMs: leftMs ?? 0 };
  } catch (error) {
    throw new LeaderboardError(
      "storeFailed",
      `Cannot read board "${id}" as its stored options are not what they must be`,
      { cause: error },
    );
  }
}

function parseOptions(id: string, options: unknown): Board {
  try {
    return parseBoard(id, options);
  } catch (error) {
    if (!(error instanceof BoardOptionsError)) throw error;
    const { message, field } = error;
    throw new Problem(
      "invalidRequest",
      message,
      field === "" ? {} : { field },
    );
  }
}

function changedMeanwhile(): Problem {
  return new Problem(
    "conflict",
    "Cannot change board as others keep changing it",
  );
}

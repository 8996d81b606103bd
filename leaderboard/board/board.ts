// This module is browser compatible.
import type { Ranking } from "../store/store.ts";
import {
  MAX_SCORE,
  MIN_SCORE,
  normalizeScore,
  parseScore,
  type Score,
  scoreToJson,
} from "../score.ts";
import { parseMetadataSchema } from "./_metadata_schema.ts";
import { optionsError, OptionsReader } from "./_options_reader.ts";
import type {
  BoardOptions,
  MetadataField,
  ScoreOperator,
  ScoreOrder,
  TieRule,
} from "./board_options.ts";
import { BoardOptionsError } from "./board_options_error.ts";
import { BoardPeriod } from "./board_period.ts";
import type { MetadataRules } from "./metadata.ts";
import { isClassName, isName } from "./name.ts";

/** The period of {@linkcode Board.hiddenRanking}, which no board can have. */
export const HIDDEN_PERIOD = "~hidden";

const ORDERS = ["descending", "ascending"] as const;
const OPERATORS = ["best", "latest", "sum", "increment", "decrement"] as const;
const TIES = ["earliest", "shared", "dense"] as const;
const SUBMITTERS = ["players", "servers"] as const;
/** What decides how entries compare: entries that are there were ranked by it. */
const FIXED = ["order", "subscoreOrder", "operator", "ties"] as const;

const MAX_PERIODS = 8;
const MAX_CLASSES = 64;
const MAX_SEASONS = 1_000_000;
const MAX_METADATA_BYTES = 16_384;
const MAX_ATTEMPTS = 1_000_000;
/** The lifetime of a run's token is 32 bits of milliseconds. */
const MAX_RUN_MS = 2 ** 32 - 1;
const MAX_ENTRIES = 16_000_000;
/** What fits into the body of a request. */
const MAX_STORED_BYTES = 65_536;

const DEFAULT_PERIODS: NonNullable<BoardOptions["periods"]> = {
  daily: { cron: "0 0 * * *" },
  weekly: { cron: "0 0 * * 1" },
  allTime: {},
};

/** How often a player may submit. */
export interface AttemptsRule {
  readonly limit: number;
  readonly period: string;
}

/** A board's options, checked and with their defaults. {@linkcode parseBoard} makes it. */
export class Board implements MetadataRules {
  /** Its name in the store: `"title/board"`. */
  readonly id: string;
  readonly order: ScoreOrder;
  readonly subscoreOrder: ScoreOrder;
  readonly operator: ScoreOperator;
  readonly ties: TieRule;
  readonly minScore: Score;
  readonly maxScore: Score;
  /** At least one. */
  readonly periods: ReadonlyMap<string, BoardPeriod>;
  readonly classes: ReadonlySet<string>;
  readonly metadataFields: ReadonlyMap<string, MetadataField> | undefined;
  readonly maxMetadataBytes: number;
  readonly attempts: AttemptsRule | undefined;
  readonly requiresRun: boolean;
  readonly minRunMs: number;
  readonly requiresReplay: boolean;
  readonly submitters: "players" | "servers";
  readonly maxEntries: number;

  /** @throws {BoardOptionsError} If an option is not what it must be. */
  constructor(id: string, options: unknown) {
    const reader = new OptionsReader("", options, [
      ...FIXED,
      "minScore",
      "maxScore",
      "periods",
      "classes",
      "metadata",
      "maxMetadataBytes",
      "attempts",
      "requiresRun",
      "minRunMs",
      "requiresReplay",
      "submitters",
      "maxEntries",
    ]);
    this.id = id;
    this.order = reader.oneOf("order", ORDERS, "descending");
    this.subscoreOrder = reader.oneOf("subscoreOrder", ORDERS, this.order);
    this.operator = reader.oneOf("operator", OPERATORS, "best");
    this.ties = reader.oneOf("ties", TIES, "earliest");
    this.minScore = parseBound(reader, "minScore", MIN_SCORE);
    this.maxScore = parseBound(reader, "maxScore", MAX_SCORE);
    if (this.minScore > this.maxScore) {
      throw reader.error("minScore", "be at most maxScore");
    }
    this.periods = parsePeriods(reader);
    this.classes = parseClasses(reader);
    const schema = reader.get("metadata");
    this.metadataFields = schema === undefined
      ? undefined
      : parseMetadataSchema("metadata", schema);
    this.maxMetadataBytes = reader.integer(
      "maxMetadataBytes",
      0,
      MAX_METADATA_BYTES,
      1_024,
    );
    this.attempts = parseAttempts(reader, this.periods);
    this.requiresRun = reader.boolean("requiresRun");
    this.minRunMs = reader.integer("minRunMs", 0, MAX_RUN_MS, 0);
    this.requiresReplay = reader.boolean("requiresReplay");
    this.submitters = reader.oneOf("submitters", SUBMITTERS, "players");
    this.maxEntries = reader.integer("maxEntries", 1, MAX_ENTRIES, 2_000_000);
  }

  /** Its name without the title. */
  get name(): string {
    return this.id.slice(this.id.indexOf("/") + 1);
  }

  /** The period of whoever names none: `allTime`, or the first if there is no such. */
  get defaultPeriod(): BoardPeriod {
    return this.periods.get("allTime") ?? this.periods.values().next().value!;
  }

  /** The ranking of a season, which need not be one that ever was, of a class or of all (`""`). */
  ranking(period: string, season: number, className: string): Ranking {
    const { id: board, order, subscoreOrder, ties } = this;
    return { board, period, season, className, order, subscoreOrder, ties };
  }

  /**
   * The rankings in which a submission of a class counts: of each period the running season, first of all classes and
   * then of its own, if it has one.
   */
  rankingsAt(epochMs: number, className: string): Ranking[] {
    const rankings: Ranking[] = [];
    for (const [name, period] of this.periods) {
      const { startMs } = period.seasonAt(epochMs);
      rankings.push(this.ranking(name, startMs, ""));
      if (className !== "") {
        rankings.push(this.ranking(name, startMs, className));
      }
    }
    return rankings;
  }

  /** The ranking in which an entry that is hidden says that its player is hidden on the board. */
  get hiddenRanking(): Ranking {
    return this.ranking(HIDDEN_PERIOD, 0, "");
  }
}

/**
 * Checks a board's options, from code, a file or a request, and settles their defaults.
 *
 * @param id The board's name in the store: `"title/board"`.
 * @param options The options, of which nothing is trusted.
 * @returns The board.
 * @throws {RangeError} If `id` is no such name.
 * @throws {BoardOptionsError} If an option is not what it must be.
 */
export function parseBoard(id: string, options: unknown): Board {
  const [title, name, ...rest] = id.split("/", 3);
  if (!isName(title) || !isName(name) || rest.length > 0) {
    throw new RangeError(
      `Cannot make board as its name must be a title and a name, each of 1 to 64 letters, digits, ".", "_" and "-", with a slash between them: current value is ${
        JSON.stringify(id.slice(0, 130))
      }`,
    );
  }
  const board = new Board(id, options);
  const byteLength = new TextEncoder().encode(boardToStored(board)).length;
  if (byteLength > MAX_STORED_BYTES) {
    throw optionsError(
      "",
      `have at most ${MAX_STORED_BYTES} bytes as JSON`,
      byteLength,
    );
  }
  return board;
}

/** The board's options as JSON, all of them and always in the same order: what a store keeps. */
export function boardToStored(board: Board): string {
  const { metadataFields, attempts } = board;
  return JSON.stringify({
    order: board.order,
    subscoreOrder: board.subscoreOrder,
    operator: board.operator,
    ties: board.ties,
    minScore: scoreToJson(board.minScore),
    maxScore: scoreToJson(board.maxScore),
    periods: fromEntries(board.periods, ({ cron, timeZone, keepSeasons }) => (
      cron === undefined ? { keepSeasons } : { cron, timeZone, keepSeasons }
    )),
    classes: [...board.classes],
    metadata: metadataFields && {
      fields: fromEntries(metadataFields, (field) => field),
    },
    maxMetadataBytes: board.maxMetadataBytes,
    attempts: attempts && { limit: attempts.limit, period: attempts.period },
    requiresRun: board.requiresRun,
    minRunMs: board.minRunMs,
    requiresReplay: board.requiresReplay,
    submitters: board.submitters,
    maxEntries: board.maxEntries,
  });
}

/** The board as the protocol tells of it (section 2). */
export interface BoardJson {
  readonly id: string;
  readonly order: ScoreOrder;
  readonly subscoreOrder: ScoreOrder;
  readonly operator: ScoreOperator;
  readonly ties: TieRule;
  readonly classes: readonly string[];
  readonly requiresRun: boolean;
  readonly requiresReplay: boolean;
  /** The running season of each period, and when the next one begins. */
  readonly periods: Readonly<
    Record<string, { readonly season: number; readonly nextReset?: number }>
  >;
}

/** What the protocol tells of a board at a moment. */
export function boardToJson(board: Board, epochMs: number): BoardJson {
  return {
    id: board.name,
    order: board.order,
    subscoreOrder: board.subscoreOrder,
    operator: board.operator,
    ties: board.ties,
    classes: [...board.classes],
    requiresRun: board.requiresRun,
    requiresReplay: board.requiresReplay,
    periods: fromEntries(board.periods, (period) => {
      const { startMs: season, endMs } = period.seasonAt(epochMs);
      return endMs === Infinity ? { season } : { season, nextReset: endMs };
    }),
  };
}

/** Names an option in which a board may not change, as it does; `undefined` if the change is allowed. */
export function fixedOptionChanged(
  before: Board,
  after: Board,
): typeof FIXED[number] | undefined {
  return FIXED.find((name) => before[name] !== after[name]);
}

function parseBound(
  reader: OptionsReader,
  name: "minScore" | "maxScore",
  absent: bigint,
): Score {
  const value = reader.get(name, absent);
  const score = typeof value === "bigint"
    ? value >= MIN_SCORE && value <= MAX_SCORE
      ? normalizeScore(value)
      : undefined
    : parseScore(value);
  if (score !== undefined) return score;
  throw reader.error(
    name,
    "be an integer of 64 bits, as a string or bigint beyond ±(2^53 - 1)",
  );
}

function parsePeriods(
  reader: OptionsReader,
): ReadonlyMap<string, BoardPeriod> {
  const path = reader.pathOf("periods");
  const periods = new OptionsReader(
    path,
    reader.get("periods", DEFAULT_PERIODS),
  );
  const { names } = periods;
  if (names.length < 1 || names.length > MAX_PERIODS) {
    throw optionsError(path, `have 1 to ${MAX_PERIODS} names`, names.length);
  }
  return new Map(names.map((name) => {
    if (!isName(name)) {
      throw optionsError(
        path,
        'have names of 1 to 64 letters, digits, ".", "_" and "-"',
        name,
      );
    }
    return [name, parsePeriod(name, periods.pathOf(name), periods.get(name))];
  }));
}

function parsePeriod(name: string, path: string, value: unknown): BoardPeriod {
  const reader = new OptionsReader(path, value, [
    "cron",
    "timeZone",
    "keepSeasons",
  ]);
  const keepSeasons = reader.integer("keepSeasons", 0, MAX_SEASONS, 52);
  const cron = reader.get("cron");
  const timeZone = reader.get("timeZone", "UTC");
  if (cron !== undefined && typeof cron !== "string") {
    throw reader.error("cron", "be a string");
  }
  if (typeof timeZone !== "string") {
    throw reader.error("timeZone", "be a string");
  }
  if (cron === undefined && reader.get("timeZone") !== undefined) {
    throw reader.error("timeZone", "come with a cron");
  }
  try {
    return new BoardPeriod(name, cron, timeZone, keepSeasons);
  } catch (error) {
    if (error instanceof SyntaxError) {
      const path = reader.pathOf("cron");
      throw new BoardOptionsError(
        path,
        `Cannot make board as its ${path} is no cron: ${error.message}`,
        { cause: error },
      );
    }
    throw reader.error(
      "timeZone",
      "be one of the IANA's that this runtime knows",
      error,
    );
  }
}

function parseClasses(reader: OptionsReader): ReadonlySet<string> {
  const classes = reader.array("classes", MAX_CLASSES);
  for (const name of classes) {
    if (!isClassName(name)) {
      throw optionsError(
        reader.pathOf("classes"),
        'be names of 1 to 64 letters, digits, ".", "_", "-" and "%"',
        name,
      );
    }
  }
  const names = new Set(classes as string[]);
  if (names.size < classes.length) {
    throw reader.error("classes", "have each name once");
  }
  return names;
}

function parseAttempts(
  reader: OptionsReader,
  periods: ReadonlyMap<string, BoardPeriod>,
): AttemptsRule | undefined {
  const value = reader.get("attempts");
  if (value === undefined) return undefined;
  const attempts = new OptionsReader(reader.pathOf("attempts"), value, [
    "limit",
    "period",
  ]);
  const limit = attempts.integer("limit", 1, MAX_ATTEMPTS);
  const period = attempts.get("period");
  if (typeof period !== "string" || !periods.has(period)) {
    throw attempts.error("period", "be one of the board's periods");
  }
  return { limit, period };
}

/** An object of its own fields, whatever they are called. */
function fromEntries<T, U>(
  entries: ReadonlyMap<string, T>,
  toValue: (value: T) => U,
): Record<string, U> {
  return Object.fromEntries(
    [...entries].map(([name, value]) => [name, toValue(value)]),
  );
}

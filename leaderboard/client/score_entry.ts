// This module is browser compatible.
import type { PlayerId } from "../../core/mod.ts";
import type {
  ScoreOperator,
  ScoreOrder,
  TieRule,
} from "../board/board_options.ts";
import type { Score } from "../score.ts";

/** What a field of metadata may be. */
export type ScoreMetaValue = string | number | boolean;

/** What an entry carries beside its score, by name. */
export type ScoreMetadata = Readonly<Record<string, ScoreMetaValue>>;

/** A player's entry as the server shows it. */
export interface ScoreEntry {
  /** Its rank by the board's rule of ties: 1 for the best. */
  readonly rank: number;
  /** Whose it is. */
  readonly playerId: PlayerId;
  /** The name to show: 1 to 64 bytes without control characters, of the player's choice. Escape it where it could be taken for markup. */
  readonly name: string;
  /** The score. */
  readonly score: Score;
  /** What decides where scores are equal. */
  readonly subscore: Score;
  /** The class of the submission, if it has one. */
  readonly class: string | undefined;
  /** What it carries; empty if there is nothing. */
  readonly metadata: ScoreMetadata;
  /** When it was submitted: RFC 3339 (ISO 8601) in UTC with milliseconds. */
  readonly timestamp: string;
  /** The absolute http(s) URL of its replay, if it has one. */
  readonly replayUrl: string | undefined;
}

/** A player's place in one period of a board, after a submission. */
export interface ScoreStanding {
  /** The period's name. */
  readonly period: string;
  /** When the season began, in epoch milliseconds; 0 for a period that has only one. */
  readonly season: number;
  /** The player's rank: 1 for the best. */
  readonly rank: number;
  /** How many entries there are. */
  readonly total: number;
  /** The score of the player's entry as it is now. */
  readonly score: Score;
  /** The subscore of the player's entry as it is now. */
  readonly subscore: Score;
}

/** A period of a board. */
export interface BoardPeriodInfo {
  /** When the running season began, in epoch milliseconds; 0 for a period that has only one. */
  readonly season: number;
  /** When the next season begins, in epoch milliseconds, if it does. */
  readonly nextReset: number | undefined;
}

/** A board as the server describes it. */
export interface BoardInfo {
  /** Its name. */
  readonly id: string;
  /** Which scores are the better ones. */
  readonly order: ScoreOrder;
  /** Which subscores are the better ones. */
  readonly subscoreOrder: ScoreOrder;
  /** What a submission does to the player's entry. */
  readonly operator: ScoreOperator;
  /** Which rank equals have. */
  readonly ties: TieRule;
  /** The classes, each with rankings of its own. */
  readonly classes: readonly string[];
  /** Whether a submission needs the token of a run. */
  readonly requiresRun: boolean;
  /** Whether a submission needs a replay. */
  readonly requiresReplay: boolean;
  /** The periods by their names. */
  readonly periods: ReadonlyMap<string, BoardPeriodInfo>;
}

/** A season of a period. */
export interface SeasonInfo {
  /** When it began, in epoch milliseconds; 0 for the only one. */
  readonly season: number;
  /** When it ends or has ended, in epoch milliseconds, if it does. */
  readonly endsAt: number | undefined;
}

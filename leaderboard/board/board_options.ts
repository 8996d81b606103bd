// This module is browser compatible.
import type { Score } from "../score.ts";

/** Which end of a board is the better one. */
export type ScoreOrder = "descending" | "ascending";

/**
 * What a submission does to the player's entry.
 *
 * - `"best"`: it takes the entry's place if its score and subscore, compared as one pair, are better.
 * - `"latest"`: it takes the entry's place.
 * - `"sum"`: its score and subscore, of any sign, are added.
 * - `"increment"`: the same, and neither may be negative.
 * - `"decrement"`: they are subtracted, from 0 at first, and neither may be negative.
 */
export type ScoreOperator =
  | "best"
  | "latest"
  | "sum"
  | "increment"
  | "decrement";

/**
 * Which rank those have whose score and subscore are the same. However they are ranked, they are listed in the order
 * in which they reached it.
 *
 * - `"earliest"`: each has its own, who was there first is before (1 2 3 4).
 * - `"shared"`: all have the first one's, and the others' are left out (1 2 2 4).
 * - `"dense"`: all have the same, and none is left out (1 2 2 3).
 */
export type TieRule = "earliest" | "shared" | "dense";

/** One field of the metadata of a board's entries. */
export type MetadataField =
  | {
    /** Text. */
    readonly type: "string";
    /**
     * The most bytes in UTF-8.
     *
     * @default {256}
     */
    readonly maxBytes?: number;
    /** The texts that are allowed, if not all are. */
    readonly values?: readonly string[];
    /**
     * Whether it must be there.
     *
     * @default {false}
     */
    readonly required?: boolean;
  }
  | {
    /** A number; `"integer"` is one within ±(2^53 - 1). */
    readonly type: "integer" | "number";
    /** The lowest that is allowed. */
    readonly min?: number;
    /** The highest that is allowed. */
    readonly max?: number;
    /**
     * Whether it must be there.
     *
     * @default {false}
     */
    readonly required?: boolean;
  }
  | {
    /** `true` or `false`. */
    readonly type: "boolean";
    /**
     * Whether it must be there.
     *
     * @default {false}
     */
    readonly required?: boolean;
  };

/** What an entry may carry beside its score. Fields that are not named are refused. */
export interface MetadataSchema {
  /** The fields by their names. */
  readonly fields: Readonly<Record<string, MetadataField>>;
}

/** A stretch of time for which a board keeps entries of their own. */
export interface PeriodOptions {
  /**
   * When the next season begins: minute, hour, day of the month, month and day of the week, as in a crontab
   * (`"0 0 * * 1"`: Mondays at midnight). Without it there is one season that never ends.
   */
  readonly cron?: string;
  /**
   * The zone whose clocks `cron` goes by, as the IANA names it.
   *
   * @default {"UTC"}
   */
  readonly timeZone?: string;
  /**
   * How many seasons that are over stay readable: 0 to 1000000.
   *
   * @default {52}
   */
  readonly keepSeasons?: number;
}

/** How a board orders, takes and keeps scores. It is plain data, the same in code, in a file and in a request. */
export interface BoardOptions {
  /**
   * Which end is the better one. It cannot change later.
   *
   * @default {"descending"}
   */
  readonly order?: ScoreOrder;
  /**
   * The same of the subscore, which decides where scores are equal. It cannot change later.
   *
   * @default {order}
   */
  readonly subscoreOrder?: ScoreOrder;
  /**
   * What a submission does to the player's entry. It cannot change later.
   *
   * @default {"best"}
   */
  readonly operator?: ScoreOperator;
  /**
   * Which rank equals have. It cannot change later.
   *
   * @default {"earliest"}
   */
  readonly ties?: TieRule;
  /**
   * The lowest score, of what is submitted and of the entry; with `"decrement"` of the entry alone. As in JSON: a string
   * beyond ±(2^53 - 1).
   *
   * @default {MIN_SCORE}
   */
  readonly minScore?: Score | string;
  /**
   * The highest score, in the same way.
   *
   * @default {MAX_SCORE}
   */
  readonly maxScore?: Score | string;
  /**
   * The periods by their names, at most 8. One submission counts for all of them.
   *
   * @default {{ daily: { cron: "0 0 * * *" }, weekly: { cron: "0 0 * * 1" }, allTime: {} }}
   */
  readonly periods?: Readonly<Record<string, PeriodOptions>>;
  /**
   * The classes, at most 64, of which each has rankings of its own beside those of all: characters, tracks,
   * difficulties. Where there are some, a submission may name one; others are refused.
   *
   * @default {[]}
   */
  readonly classes?: readonly string[];
  /**
   * What entries may carry. Without it, up to 16 strings, numbers and booleans under any names.
   *
   * @default {undefined}
   */
  readonly metadata?: MetadataSchema;
  /**
   * The most bytes of the metadata as JSON: 0 to 16384.
   *
   * @default {1024}
   */
  readonly maxMetadataBytes?: number;
  /**
   * How often a player may submit.
   *
   * @default {undefined}
   */
  readonly attempts?: {
    /** Submissions that are taken: 1 to 1000000. */
    readonly limit: number;
    /** In each season of which period. */
    readonly period: string;
  };
  /**
   * Whether a submission needs the token of a run, which the server gave when the run began.
   *
   * @default {false}
   */
  readonly requiresRun?: boolean;
  /**
   * Milliseconds that the shortest honest run takes; submissions of shorter ones are refused.
   *
   * @default {0}
   */
  readonly minRunMs?: number;
  /**
   * Whether a submission needs a replay.
   *
   * @default {false}
   */
  readonly requiresReplay?: boolean;
  /**
   * Who may submit: players for themselves and trusted servers for anybody, or only the latter.
   *
   * @default {"players"}
   */
  readonly submitters?: "players" | "servers";
  /**
   * The most entries of one season: 1 to 16000000. Who comes later and has none is refused.
   *
   * @default {2000000}
   */
  readonly maxEntries?: number;
}
